"""From a run's config to objects: the only module that knows both."""

import copy
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.optim import Optimizer

from gan_lab.common.downloads import downloads
from gan_lab.common.errors import RunError, UsageError
from gan_lab.config.checks import check_data
from gan_lab.config.identity import cannot_be_read, listing_of
from gan_lab.config.instantiate import instantiate, locate
from gan_lab.config.length import Schedule, make_schedule
from gan_lab.config.own.code import place_in_own_code
from gan_lab.config.run_config import RunConfig, with_data
from gan_lab.config.spec import Spec
from gan_lab.data import ImageDataset
from gan_lab.data.augment import Augmentation
from gan_lab.losses import GanLoss, LeCam
from gan_lab.models import LabelledDiscriminator, LabelledGenerator, call, initialise
from gan_lab.training.batches import Batches
from gan_lab.training.carried import AdaptiveProbability, Carried, OutputAverages
from gan_lab.training.device import on_device, set_up_device
from gan_lab.training.rng import torch_seed
from gan_lab.training.schedules import cosine, linear
from gan_lab.training.state import TrainingState

DECAYS = {"linear": linear, "cosine": cosine}


def dataset(config: RunConfig, **changes: Any) -> ImageDataset:
    """Load the run's dataset; `changes` replace arguments (split="test", image_size=28).

    Points have no image_size, and any is right. Raises RunError if its files are not there or
    broken, or if an opened run was trained on others.
    """
    if config.dataset.points:
        changes.pop("image_size", None)
    spec, runtime = config.dataset.images.with_arguments(**changes), config.runtime
    if runtime.opened and config.files and config.files != listing_of(config):
        raise RunError(
            f"the files of {config.choices.dataset} that are found are not those that the run was "
            "trained on: their names or sizes differ, or the content of a file. Say where those "
            "are with --data-root or --folder."
        )
    try:
        with downloads(allowed=not runtime.data_read_only):
            loaded: ImageDataset = instantiate(
                spec,
                root=runtime.data_root,
                cache_dir=runtime.cache_dir,
                bad_images=runtime.bad_images,
            )
        return loaded
    except UsageError as error:
        if isinstance(error.__cause__, ValueError):  # a broken file: nothing wrong was typed
            raise RunError(str(error)) from error
        raise
    except OSError as error:
        raise cannot_be_read(config, error) from error


def training_data(config: RunConfig) -> ImageDataset:
    """Load what a run is trained on: larger than its networks see, if it is cropped at random."""
    scale = augmentation(config).load_scale
    if scale == 1:
        return dataset(config)
    loaded = dataset(config, image_size=int(scale * config.image_size))
    return replace(loaded, image_size=config.image_size)


def augmentation(config: RunConfig) -> Augmentation:
    """Build what is done to images; nothing if the config is from before there was any."""
    if config.augment is None:
        return Augmentation()
    differentiable = tuple(config.augment.get("differentiable"))
    built: Augmentation = instantiate(config.augment.with_arguments(differentiable=differentiable))
    return built


def networks(config: RunConfig) -> tuple[nn.Module, nn.Module]:
    """Build both players, on the CPU, with the starting weights that belong to the seed.

    Labels are more latents of the generator and more channels of the discriminator, whatever
    networks these are, unless the discriminator's class says `labelled` and so takes them itself;
    the further images of a pack are more channels too.
    """
    classes = len(config.class_counts)
    channels, image_size = config.shape[0], config.shape[-1]
    label_latents = classes if config.model.condition_g else 0
    judged = classes if config.model.condition_d else 0
    label_channels = 0 if takes_labels(config) else judged
    generator = _network(
        config,
        "generator",
        latent_dim=config.latent_dim + label_latents,
        channels=channels,
        image_size=image_size,
    )
    discriminator = _network(
        config,
        "discriminator",
        channels=channels * config.pack + label_channels,
        image_size=image_size,
        **({"classes": judged} if takes_labels(config) else {}),
    )
    if label_latents:
        generator = LabelledGenerator(generator, classes)
    if label_channels:
        discriminator = LabelledDiscriminator(discriminator, classes)
    labels = torch.zeros(2, dtype=torch.int64) if config.is_conditional else None
    check_shapes(generator, discriminator, config.latent_dim, config.shape, config.pack, labels)
    return generator, discriminator


def takes_labels(config: RunConfig) -> bool:
    """Whether the class of the discriminator takes labels itself, not as planes of its images."""
    target = locate(str(config.model.discriminator.target))
    return bool(getattr(target, "labelled", False))


def _network(config: RunConfig, player: str, **shape: int) -> nn.Module:
    spec: Spec = getattr(config.model, player)
    # A latent_dim in the YAML is the knob's; the network's own may hold labels as well.
    own = {key: value for key, value in spec.arguments.items() if key not in shape}
    with torch.random.fork_rng(devices=[]):
        turn = ("generator", "discriminator").index(player)
        torch.manual_seed(torch_seed(config.seed, "networks", turn=turn))
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            network: nn.Module = instantiate(replace(spec, arguments=own), **shape)
            initialise(network, config.weight_init)
    for name, weights in network.named_parameters():
        if not is_lazy(weights) and not weights.numel():
            raise UsageError(f"the {player}'s {name} has no numbers: all widths must be 1 or more.")
    for warning in said:  # not of a network that is refused
        warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    return network


@torch.no_grad()
def check_shapes(
    generator: nn.Module,
    discriminator: nn.Module,
    latent_dim: int,
    shape: Sequence[int],
    pack: int = 1,
    labels: Tensor | None = None,
) -> None:
    """Raise UsageError unless G maps [B, latent_dim] to [B, *shape] and D maps that to [B].

    With a pack, D maps [B, pack * channels, H, W] to [B].
    """
    trial_g, trial_d = copy.deepcopy(generator), copy.deepcopy(discriminator)
    images = _try("generator", trial_g, torch.zeros(2, latent_dim), labels)
    if images.shape != (2, *shape):
        raise UsageError(f"the generator makes {list(images.shape)}, not {[2, *shape]}.")
    logits = _try("discriminator", trial_d, torch.zeros(2, shape[0] * pack, *shape[1:]), labels)
    if logits.shape != (2,):
        raise UsageError(f"the discriminator returns {list(logits.shape)}, not one logit an image.")


def _try(player: str, network: nn.Module, inputs: Tensor, labels: Tensor | None) -> Tensor:
    try:
        return call(network, inputs, labels)
    except Exception as error:
        place, reason = place_in_own_code(error), (str(error).splitlines() or [""])[0]
        where = f" at {place}" if place else ""
        raise UsageError(f"the {player} fails on {list(inputs.shape)}{where}: {reason}") from error


def loss(config: RunConfig) -> GanLoss:
    """Build the objective with its penalties."""
    objective: GanLoss = instantiate(config.loss)
    added = {name: instantiate(spec) for name, spec in config.penalty.items()}
    penalties = {name: term for name, term in added.items() if not isinstance(term, LeCam)}
    lecam = next((term for term in added.values() if isinstance(term, LeCam)), None)
    return replace(objective, penalties={**objective.penalties, **penalties}, lecam=lecam)


def optimizers(
    config: RunConfig, generator: nn.Module, discriminator: nn.Module
) -> tuple[Optimizer, Optimizer]:
    """Build what updates G and D. Raises UsageError for settings that they do not take."""
    return (
        _optimizer(config.optimizer_g, generator, config.lr_g),
        _optimizer(config.optimizer_d, discriminator, config.lr_d),
    )


def _optimizer(spec: Spec, network: nn.Module, lr: float) -> Optimizer:
    arguments = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in spec.arguments.items()
    }
    made = instantiate(replace(spec, arguments=arguments), params=network.parameters(), lr=lr)
    if not isinstance(made, Optimizer) or "lr" not in made.defaults:
        raise UsageError(f"{spec.target} is not an optimizer with a learning rate.")
    return made


@dataclass(frozen=True)
class Prepared:
    """A training that can begin: its config, filled in by its data, and all that is built of it."""

    config: RunConfig
    device: torch.device
    schedule: Schedule
    state: TrainingState


def prepare(config: RunConfig) -> Prepared:
    """Choose the device, load the data and build everything that training touches.

    Raises UsageError for a config that does not fit its data, RunError if these are not there.
    """
    device = set_up_device(config.runtime)
    data = training_data(config)
    filled = replace(with_data(config, data), files=listing_of(config))
    check_data(filled)
    schedule = make_schedule(filled, len(data))
    return Prepared(filled, device, schedule, training_state(filled, data, device))


def training_state(config: RunConfig, data: ImageDataset, device: torch.device) -> TrainingState:
    """Build everything that training touches, on `device`."""
    config = with_data(config, data)
    generator, discriminator = networks(config)
    for player in (generator, discriminator):
        player.to(device).to(memory_format=torch.channels_last)
    objective = loss(config)
    length = make_schedule(config, len(data))
    optimizer_g, optimizer_d = optimizers(config, generator, discriminator)
    return TrainingState(
        generator=generator,
        discriminator=discriminator,
        average=copy.deepcopy(generator).requires_grad_(False),
        optimizer_g=optimizer_g,
        optimizer_d=optimizer_d,
        loss=objective,
        batches=Batches(
            dataset=on_device(data, device),
            seed=config.seed,
            batch_size=config.batch_size,
            latent_dim=config.latent_dim,
            discriminator_steps=objective.discriminator_steps,
            labelled=config.is_conditional,
            pack=config.pack,
            instance_noise=config.instance_noise,
            instance_noise_steps=config.instance_noise_steps,
            noise_apart=config.noise_apart,
            augmentation=augmentation(config),
            device=device,
        ),
        ema_decay=config.ema_decay,
        gradient_clip=config.gradient_clip,
        decay=partial(DECAYS[config.lr_decay], steps=length.steps)
        if config.lr_decay in DECAYS
        else None,
        precision=config.precision,
        carried=carried(config, objective).to(device),
    )


def carried(config: RunConfig, objective: GanLoss) -> Carried:
    """Build what the regularisers of a run remember, as it is before the first step."""
    images, ada = augmentation(config), None
    if images.target is not None:
        ada = AdaptiveProbability(images.target, config.batch_size / images.images_to_one)
    averages = OutputAverages(objective.lecam.decay) if objective.lecam else None
    return Carried(ada, averages)
