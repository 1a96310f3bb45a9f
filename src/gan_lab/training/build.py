"""From a record to objects: the only module that knows both."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from gan_lab.common.errors import RunError, UsageError
from gan_lab.config.checks import check_data
from gan_lab.config.instantiate import instantiate
from gan_lab.config.length import Schedule, make_schedule
from gan_lab.config.run_config import data_facts, is_labelled, with_data
from gan_lab.data import ImageDataset
from gan_lab.data.augment import Augmentation
from gan_lab.losses import GanLoss
from gan_lab.models import LabelledDiscriminator, LabelledGenerator, call, initialise
from gan_lab.training.batches import Batches
from gan_lab.training.device import on_device, set_up_device
from gan_lab.training.rng import torch_seed
from gan_lab.training.state import TrainingState


def dataset(record: Mapping[str, Any], **changes: Any) -> ImageDataset:
    """Load the run's dataset; `changes` replace arguments (split="test", image_size=28).

    Points have no image_size, and any is right. Raises RunError if its files are not there or
    broken.
    """
    spec = {**record["dataset"]["images"], **changes}
    if record["dataset"].get("points"):
        spec.pop("image_size", None)
    runtime = record["runtime"]
    places = {"root": runtime["data_root"], "cache_dir": runtime["cache_dir"]}
    try:
        bad_images = runtime.get("bad_images", "stop")
        loaded: ImageDataset = instantiate(spec, **places, bad_images=bad_images)
        return loaded
    except UsageError as error:
        if isinstance(error.__cause__, ValueError):  # a broken file: nothing wrong was typed
            raise RunError(str(error)) from error
        raise
    except OSError as error:
        raise RunError(str(error)) from error


def training_data(record: Mapping[str, Any]) -> ImageDataset:
    """Load what a run is trained on: larger than its networks see, if it is cropped at random."""
    scale = augmentation(record).load_scale
    if scale == 1:
        return dataset(record)
    loaded = dataset(record, image_size=int(scale * record["image_size"]))
    return replace(loaded, image_size=record["image_size"])


def augmentation(record: Mapping[str, Any]) -> Augmentation:
    """Build what is done to images; nothing if the record is from before there was any."""
    if not record.get("augment"):
        return Augmentation()
    spec = {**record["augment"], "differentiable": tuple(record["augment"]["differentiable"])}
    built: Augmentation = instantiate(spec)
    return built


def networks(record: Mapping[str, Any]) -> tuple[nn.Module, nn.Module]:
    """Build both players, on the CPU, with the starting weights that belong to the seed.

    Labels are more latents of the generator and more channels of the discriminator, whatever
    networks these are; so are the further images of a pack.
    """
    model, classes = record["model"], len(record["class_counts"])
    channels, image_size = record["shape"][0], record["shape"][-1]
    label_latents = classes if model.get("condition_g") else 0
    label_channels = classes if model.get("condition_d") else 0
    generator = _network(
        record,
        "generator",
        latent_dim=record["latent_dim"] + label_latents,
        channels=channels,
        image_size=image_size,
    )
    discriminator = _network(
        record,
        "discriminator",
        channels=channels * record["pack"] + label_channels,
        image_size=image_size,
    )
    if label_latents:
        generator = LabelledGenerator(generator, classes)
    if label_channels:
        discriminator = LabelledDiscriminator(discriminator, classes)
    labels = torch.zeros(2, dtype=torch.int64) if is_labelled(record) else None
    shape, pack = record["shape"], record["pack"]
    check_shapes(generator, discriminator, record["latent_dim"], shape, pack, labels)
    return generator, discriminator


def _network(record: Mapping[str, Any], player: str, **shape: int) -> nn.Module:
    # A latent_dim in the YAML is the knob's; the network's own may hold labels as well.
    spec = {key: value for key, value in record["model"][player].items() if key not in shape}
    with torch.random.fork_rng(devices=[]):
        turn = ("generator", "discriminator").index(player)
        torch.manual_seed(torch_seed(record["seed"], "networks", turn=turn))
        network: nn.Module = instantiate(spec, **shape)
        initialise(network, record["weight_init"])
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
        reason = str(error).splitlines()[0]
        raise UsageError(f"the {player} fails on {list(inputs.shape)}: {reason}") from error


def loss(record: Mapping[str, Any]) -> GanLoss:
    """Build the objective with its penalties."""
    objective: GanLoss = instantiate(record["loss"])
    penalties = {name: instantiate(spec) for name, spec in record["penalty"].items()}
    return replace(objective, penalties={**objective.penalties, **penalties})


@dataclass(frozen=True)
class Prepared:
    """A training that can begin: its record, filled in by its data, and all that is built of it."""

    record: dict[str, Any]
    device: torch.device
    schedule: Schedule
    state: TrainingState


def prepare(record: Mapping[str, Any]) -> Prepared:
    """Choose the device, load the data and build everything that training touches.

    Raises UsageError for a record that does not fit its data, RunError if these are not there.
    """
    device = set_up_device(record["runtime"])
    data = training_data(record)
    filled = with_data(record, data)
    check_data(filled)
    schedule = make_schedule(filled, len(data))
    return Prepared(filled, device, schedule, training_state(filled, data, device))


def training_state(
    record: Mapping[str, Any], data: ImageDataset, device: torch.device
) -> TrainingState:
    """Build everything that training touches, on `device`."""
    record = {**record, **data_facts(data)}
    generator, discriminator = networks(record)
    for player in (generator, discriminator):
        player.to(device).to(memory_format=torch.channels_last)
    objective = loss(record)
    length = make_schedule(record, len(data))
    betas = (record["beta1"], record["beta2"])
    return TrainingState(
        generator=generator,
        discriminator=discriminator,
        average=copy.deepcopy(generator).requires_grad_(False),
        optimizer_g=torch.optim.Adam(generator.parameters(), record["lr_g"], betas, fused=True),
        optimizer_d=torch.optim.Adam(discriminator.parameters(), record["lr_d"], betas, fused=True),
        loss=objective,
        batches=Batches(
            dataset=on_device(data, device),
            seed=record["seed"],
            batch_size=record["batch_size"],
            latent_dim=record["latent_dim"],
            discriminator_steps=objective.discriminator_steps,
            labelled=is_labelled(record),
            pack=record["pack"],
            instance_noise=record["instance_noise"],
            instance_noise_steps=record["instance_noise_steps"],
            augmentation=augmentation(record),
            device=device,
        ),
        ema_decay=record["ema_decay"],
        gradient_clip=record["gradient_clip"],
        decay_steps=length.steps if record["lr_decay"] == "linear" else None,
        precision=record.get("precision", "fp32"),
    )
