"""A trained run: how it is opened, and what it draws."""

import copy
import os
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor, nn

from gan_lab.common.console import say
from gan_lab.common.errors import RunError, UsageError, unknown
from gan_lab.common.paths import expanded
from gan_lab.common.text import printable
from gan_lab.config.checks import check_facts, check_ranges
from gan_lab.config.compose import load_defaults
from gan_lab.config.identity import listing_of, result_hash
from gan_lab.config.run_config import RunConfig
from gan_lab.config.trust import refuse_untrusted
from gan_lab.runs.checkpoints import Checkpoint
from gan_lab.runs.directory import Run
from gan_lab.runs.lines import MetricsLine, ScoreLine
from gan_lab.runs.lookup import find_run
from gan_lab.training import build
from gan_lab.training.device import set_up_device
from gan_lab.training.display.card import card
from gan_lab.training.sampling import generate_each, sample_labels, sample_latents
from gan_lab.training.weights import Misfit, check_weights, set_weights

MOST_SHOWN = 10  # scores of a run, where it is shown in a few lines


@dataclass(repr=False)
class TrainedRun:
    """A run as it was left: its config, its newest checkpoint, its networks in eval mode.

    Checkpoint and networks are read when they are first asked for, which raises RunError if there
    is no checkpoint, or one of other networks.
    """

    run: Run
    config: RunConfig
    device: torch.device

    def __repr__(self) -> str:
        """Say in a few lines which run it is, how far it is, and its scores."""
        config, status = self.config, self.run.status()
        chosen = config.choices
        lines = [
            f"TrainedRun({str(self.directory)!r})",
            f"  {status.state}, step {status.step:,}",
            f"  model={chosen.model} loss={chosen.loss} dataset={chosen.dataset} "
            f"seed={config.seed}",
            f"  latent_dim={config.latent_dim} batch_size={config.batch_size} "
            f"lr_g={config.lr_g:g} lr_d={config.lr_d:g}",
        ]
        with suppress(RunError):
            scores = list(self.run.final_scores().items())
            lines += [f"  {name} {value:.4g}" for name, value in scores[:MOST_SHOWN]]
            if len(scores) > MOST_SHOWN:
                lines.append(f"  and {len(scores) - MOST_SHOWN} more scores")
        return "\n".join(map(printable, lines))

    def _repr_html_(self) -> str:
        """Return the card that a notebook shows of a run in a cell's last line."""
        return card(self.run, self.config)

    @property
    def directory(self) -> Path:
        """Where the run lies."""
        return self.run.directory

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """The newest checkpoint that is whole, and that of the networks in config.yaml."""
        checkpoint = self.run.trained(say)
        _refuse_other_networks(self.run, self.config, checkpoint)
        return checkpoint

    @property
    def step(self) -> int:
        """The updates of the generator behind the checkpoint."""
        return self.checkpoint["progress"]["step"]

    @cached_property
    def _generators(self) -> tuple[nn.Module, nn.Module]:
        return trained_generators(self.config, self.checkpoint, self.device)

    @property
    def generator(self) -> nn.Module:
        """The averaged generator."""
        return self._generators[0]

    @property
    def raw_generator(self) -> nn.Module:
        """The generator that was trained."""
        return self._generators[1]

    @cached_property
    def discriminator(self) -> nn.Module:
        """The discriminator."""
        _, discriminator = build.networks(self.config)
        set_weights(discriminator, self.checkpoint["discriminator"])
        return discriminator.to(self.device).eval()

    @cached_property
    def metrics(self) -> list[MetricsLine]:
        """The lines of metrics.jsonl."""
        return self.run.metrics()

    @cached_property
    def evaluations(self) -> list[ScoreLine]:
        """The lines of evaluations.jsonl: scores with their protocol."""
        return self.run.evaluations()

    def weights(self, name: str) -> nn.Module:
        """The generator of these weights: "ema" (averaged) or "raw"."""
        return {"ema": self.generator, "raw": self.raw_generator}[name]

    def latents(self, count: int, seed: int | None = None) -> Tensor:
        """The first latents [count, latent_dim] of a seed; the run's own unless told."""
        seed = self.config.seed if seed is None else seed
        return sample_latents(seed, count, self.config.latent_dim)

    def label_of(self, name: str) -> int:
        """Return the number of a class by its name or, where it is no name, by its number.

        Raises UsageError for a class that there is not.
        """
        if name in self.config.classes:
            return self.config.classes.index(name)
        if name.isascii() and name.isdecimal() and len(name) < 10:
            return int(name)
        raise UsageError(unknown("class", name, self.config.classes or ["their numbers"]))

    def labels(
        self, count: int, seed: int | None = None, label: int | None = None
    ) -> Tensor | None:
        """The labels [count] that go with a seed's latents, in the proportions of the data.

        All are `label` if there is one. None unless the run is conditional; raises UsageError for
        a label that there is not, or that nothing was learned of.
        """
        if not self.config.is_conditional:
            if label is not None:
                raise UsageError(f"{self.directory} is not conditional: it has no classes.")
            return None
        classes = len(self.config.class_counts)
        if label is not None and not 0 <= label < classes:
            raise UsageError(f"there is no class {label}: they go from 0 to {classes - 1}.")
        if label is not None and not self.config.class_counts[label]:
            name = self.config.class_name(label)
            raise UsageError(
                f"class {name!r} had no training image, so that nothing is known of it."
            )
        seed = self.config.seed if seed is None else seed
        labels = sample_labels(seed, self.config.class_counts, count)
        return labels if label is None else torch.full_like(labels, label)

    def sample(
        self, count: int, seed: int | None = None, label: int | None = None, weights: str = "ema"
    ) -> Tensor:
        """Return images (uint8 [count, C, H, W]); row i is latent i, whatever the count."""
        return generate_each(
            self.weights(weights), self.latents(count, seed), self.labels(count, seed, label)
        )


@dataclass(frozen=True)
class Places:
    """What the reader of a run decides, whatever its config says: None leaves it to the config."""

    data_root: str | None = None
    device: str | None = None
    folder: str | None = None  # of a dataset that is a folder of files


def open_run(
    reference: str | Path,
    runs_dir: str | Path | None = None,
    trusted: bool = False,
    places: Places | None = None,
) -> TrainedRun:
    """Open a run by path, directory name, prefix of its hash, `latest` or `best`, and set up its
    device. All who build from the config of a run open it by this door or by `load_run`.

    Names are looked for in `runs_dir`, by default GAN_LAB_RUNS or else ./runs. The cache is the
    reader's own, and the data are looked for where `places` or GAN_LAB_DATA says. Raises RunError
    if there is no such run or its config cannot be read, and UsageError, unless `trusted`, for a
    config that names what may be anybody's code.
    """
    found = _find(reference, runs_dir)
    config = _readers_own(found, trusted, places or Places())
    return TrainedRun(found, config, set_up_device(config.runtime))


def load_run(
    run: str | Path,
    runs_dir: str | Path | None = None,
    trust: bool = False,
    places: Places | None = None,
) -> TrainedRun:
    """Load a run as `open_run` opens it, with its networks on the CPU.

    Threads and the like stay as the notebook or program has them. Raises RunError also if there is
    no checkpoint, or one of other networks.
    """
    found = _find(run, runs_dir)
    loaded = TrainedRun(found, _readers_own(found, trust, places or Places()), torch.device("cpu"))
    loaded.weights("ema"), loaded.discriminator
    return loaded


def _find(reference: str | Path, runs_dir: str | Path | None) -> Run:
    run = find_run(str(reference), Path(runs_dir or os.environ.get("GAN_LAB_RUNS", "runs")))
    run.refuse_links()
    return run


def _readers_own(run: Run, trusted: bool, places: Places) -> RunConfig:
    """Return what config.yaml of a run holds, with the reader's places in it."""
    if not trusted:
        refuse_untrusted(run.config_content())
    config = run.config()
    _refuse_values(run, config)
    runtime, own = config.runtime, load_defaults()
    if places.folder:
        config = _in_folder(config, run, expanded(places.folder).resolve())
    data_root = places.data_root or os.environ.get("GAN_LAB_DATA")
    return config.with_runtime(
        cache_dir=own.cache_dir,
        data_root=data_root or runtime.data_root,
        opened=True,
        data_read_only=not data_root and runtime.data_root != own.data_root,
        device=places.device or runtime.device,
    )


def _refuse_values(run: Run, config: RunConfig) -> None:
    """Raise RunError for a config.yaml with a value that no command could have written."""
    try:
        check_ranges(config)
        check_facts(config)
    except UsageError as error:
        raise RunError(f"{run.config_path}: {error} Run the command that made it again.") from None


def _refuse_other_networks(run: Run, config: RunConfig, checkpoint: Checkpoint) -> None:
    """Raise RunError unless a checkpoint is that of the networks in a config.

    They are built without memory first: a config can ask for more than there is.
    """
    players = (config.model.generator, config.model.discriminator)
    if not all(str(player.target).startswith(("gan_lab.", "torch.")) for player in players):
        return  # code that was trusted, and that may not do without memory
    try:
        with torch.device("meta"):
            generator, discriminator = build.networks(config)
        check_weights(generator, checkpoint["generator"])
        check_weights(generator, checkpoint["average"])
        check_weights(discriminator, checkpoint["discriminator"])
    except UsageError as error:
        raise RunError(f"{run.config_path}: {error}") from error
    except Misfit as error:
        raise RunError(
            f"the checkpoint of {run.directory} does not fit the networks of its config.yaml, one "
            f"of which was changed ({error}): put back what it was."
        ) from error


def _in_folder(config: RunConfig, run: Run, folder: Path) -> RunConfig:
    """Return the config of a run whose files lie in another folder now.

    Raises UsageError if its dataset is no folder, RunError if these are not the run's own files.
    """
    dataset = config.dataset
    if dataset.listing is None or dataset.listing.get("folder") is None:
        raise UsageError(
            f"--folder is for datasets that are folders, and {config.choices.dataset} is none."
        )
    listing = dataset.listing.with_arguments(folder=str(folder))
    moved = replace(config, dataset=replace(dataset, listing=listing))
    recorded = config.files or run.directory.name.rpartition("-")[2]
    if recorded != (listing_of(moved) if config.files else result_hash(moved)):
        raise RunError(
            f"the files in {folder} are not those that {run.directory} was trained on: their names "
            "or sizes differ."
        )
    images = dataset.images.with_arguments(folder=str(folder))
    return replace(moved, dataset=replace(moved.dataset, images=images))


def trained_generators(
    config: RunConfig, checkpoint: Checkpoint, device: torch.device
) -> tuple[nn.Module, nn.Module]:
    """Return the averaged and the raw generator of a checkpoint, in eval mode on `device`."""
    raw, _ = build.networks(config)
    raw.to(device).to(memory_format=torch.channels_last).requires_grad_(False).eval()
    average = copy.deepcopy(raw)
    set_weights(raw, checkpoint["generator"])
    set_weights(average, checkpoint["average"])
    return average, raw
