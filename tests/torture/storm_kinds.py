"""The kinds of work that the storm comes over, each so small that a start takes a second or two."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from storm_moments import ANY, CACHE, JOURNAL, TRAINING, Install

TINY = (
    *("image_size=16", "batch_size=16", "threads=1", "steps=15", "checkpoint_every=3"),
    *("log_every=1", "sample_every=4", "score_every=6", "study=storm"),
    *("evaluation.samples=60", "evaluation.samples_during=60"),
)
DIGITS = (*TINY, "hidden_dim=4", "latent_dim=8", "dataset.scores=[fd_classifier,class_shares]")
ALONE = (*DIGITS, "logger=none")
POINTS = (*TINY, "dataset=ring", "model=point_mlp", "dataset.scores=[mode_coverage,wasserstein]")
RUN = "RUN"  # stands for the directory of the run that was prepared
SEARCH = (
    "search={trials:3,score:fd_classifier,direction:minimize,"
    "space:{ngf:[4,8],lr_g:{low:1e-4,high:1e-3,log:true}}}"
)


@dataclass(frozen=True)
class Kind:
    """A command, what is done in the folder before it, and the moments that concern it."""

    name: str
    command: tuple[str, ...]
    prepare: tuple[str, ...] = ()  # the command of a run that is there already
    moments: Mapping[str, Install] = field(default_factory=lambda: TRAINING | ANY)
    own_cache: bool = False
    workers: bool = False  # it has processes of its own, and its parent may die alone
    one_may_die: bool = False  # or one of them: its work fails, and the same command goes on


def kinds(folder: Path) -> list[Kind]:
    """Return the kinds that can be had; the pictures of one lie in FOLDER/pictures."""
    pictures = (*TINY, "dataset=image_folder", f"folder={folder / 'pictures'}", "data_root=.")
    found = [
        Kind("digits", ("model=dcgan", *ALONE)),
        Kind("conditional", ("model=cdcgan", *ALONE)),
        Kind("wgan_gp", ("loss=wgan_gp", *ALONE)),
        Kind("pack", ("pack=2", *ALONE)),
        Kind("deluxe", ("augment=deluxe", *ALONE)),
        Kind("points", (*POINTS, "logger=none")),
        Kind("tensorboard", (*DIGITS, "logger=tensorboard")),
        Kind("wandb", (*DIGITS, "logger=wandb")),
        Kind("both loggers", (*DIGITS, "logger=both")),
        Kind(
            "sweep",
            ("-m", "seed=0,1", "launcher=parallel", "n_jobs=2", *ALONE),
            workers=True,
            one_may_die=True,
        ),
        Kind("search", (SEARCH, *ALONE), moments=TRAINING | JOURNAL, workers=True),
        Kind("evaluate", ("evaluate", RUN, "--samples", "50"), ALONE, ANY),
        Kind("modes", ("modes", RUN, "--samples", "60"), ALONE, ANY),
        Kind("report", ("report", "storm"), ("-m", "seed=0,1", *ALONE), ANY),
        Kind("export", ("export", RUN), ALONE, ANY),
        Kind(
            "cache",
            (*pictures, "logger=none", "hidden_dim=4", "dataset.scores=[swd]"),
            moments=ANY | CACHE,
            own_cache=True,
        ),
    ]
    if Path(os.environ.get("GAN_LAB_DATA", ""), "MNIST").is_dir():
        root = f"data_root={os.environ['GAN_LAB_DATA']}"
        stacked = (
            *(text for text in TINY if not text.startswith("score_every")),
            "dataset=stacked_mnist",
            root,
            "dataset.scores=[swd]",
            "score_every=0",
            "dataset.classifier=null",
        )  # whose census takes half a minute
        found.append(Kind("stacked", (*stacked, "logger=none", "hidden_dim=4")))
    return found


def draw_pictures(folder: Path) -> None:
    """Draw 300 small pictures, in two folders."""
    import numpy as np
    from PIL import Image

    random = np.random.default_rng(0)
    for number in range(300):
        path = folder / "ab"[number % 2] / f"{number:03d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (20, 24, 3), np.uint8)).save(path)
