"""Figures of `gan-lab modes`: bars and a contact sheet of the classes, distances of samples."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gan_lab.common.console import percent
from gan_lab.common.text import figure_text
from gan_lab.figures.style import COLOURS, STYLE, save_figure
from gan_lab.figures.tiles import grid
from gan_lab.metrics import nearest_others
from gan_lab.runs.census import ClassCensus, Diversity

BARS = 40  # more classes are drawn as a sorted curve
SHEET_ROWS = 25
SHEET_COLUMNS = 12


def draw_census(census: ClassCensus, path: Path) -> None:
    """Draw the share of each class with its interval beside the real shares, as PNG and PDF.

    The real ones are as the same judge sees them.
    """
    from matplotlib import style
    from matplotlib.figure import Figure

    entries = census.classes
    shares = np.array([entry.share for entry in entries])
    ends = np.array([entry.interval for entry in entries]).T
    real = np.array([entry.compared_share for entry in entries])
    places = np.arange(len(entries))
    judged = any(entry.expected_share is not None for entry in entries)
    whose = "real images, by the same judge" if judged else "training data"
    with style.context(STYLE):
        figure = Figure(figsize=(8, 4), layout="constrained")
        axis = figure.subplots()
        if len(entries) <= BARS:
            reach = np.abs(ends - shares).clip(min=0)
            axis.bar(places, shares, 0.7, color=COLOURS["fake"], label="generated, 95 % interval")
            axis.errorbar(places, shares, reach, fmt="none", ecolor="black", capsize=2, lw=0.8)
            axis.plot(places, real, "_", color=COLOURS["real"], ms=22, mew=2, label=whose)
            axis.set_xticks(places, [figure_text(entry.name) for entry in entries])
            axis.set_xlabel("class")
        else:
            axis.plot(places, -np.sort(-shares), color=COLOURS["fake"], label="generated")
            axis.plot(places, -np.sort(-real), color=COLOURS["real"], label=whose)
            axis.set_xlabel("class, from the commonest to the rarest")
        axis.set_ylabel("share of the samples that have a class")
        axis.set_ylim(0)
        axis.grid(axis="x", visible=False)
        axis.legend(
            loc="lower left",
            bbox_to_anchor=(0, 1),
            ncols=2,
            title=_title(census),
        )
        save_figure(figure, path)


def _title(census: ClassCensus) -> str:
    number, named, kl = census.missing_number, census.missing, census.kl
    about = "about " if number is not None and number > len(named) else ""
    return "   ".join(
        [
            f"{census.samples:,} samples, {percent(census.unsure.share)} unsure",
            f"missing classes: {'cannot tell' if number is None else f'{about}{number:,}'}",
            *([] if kl is None else [f"KL {kl:.3f} nats"]),
        ]
    )


def draw_sheet(samples: Tensor, predicted: Tensor, census: ClassCensus, path: Path) -> None:
    """Draw the first samples (uint8 [N, C, H, W]) of each class in a row, the unsure ones last.

    `predicted` [N] is the class of each, -1 where it is unsure. Of many classes the commonest that
    there are are shown.
    """
    from matplotlib import style
    from matplotlib.figure import Figure

    entries = census.classes
    order = list(range(len(entries)))
    if len(order) > SHEET_ROWS:
        order = [index for index in order if entries[index].count]
        order = sorted(order, key=lambda index: -entries[index].count)[:SHEET_ROWS]
    rows = [(index, f"{entries[index].name}: {entries[index].count:,}") for index in order]
    rows.append((-1, f"unsure: {census.unsure.count:,}"))
    blank = torch.full((1, *samples.shape[1:]), 255, dtype=torch.uint8)
    shown = []
    for index, _ in rows:
        first = samples[predicted == index][:SHEET_COLUMNS]
        shown += [first, blank.expand(SHEET_COLUMNS - len(first), -1, -1, -1)]
    picture = grid(torch.cat(shown), SHEET_COLUMNS)
    height, width = picture.shape[:2]
    with style.context(STYLE):
        figure = Figure(figsize=(7, 6.2 * height / width + 0.3), layout="constrained")
        axis = figure.subplots()
        axis.imshow(picture)
        axis.grid(visible=False)
        axis.spines[:].set_visible(False)
        middles = (np.arange(len(rows)) + 0.5) * height / len(rows)
        axis.set_yticks(middles, [figure_text(text) for _, text in rows])
        axis.set_xticks([])
        axis.tick_params(length=0)
        axis.set_title("the first samples of each class, and how many there are", fontsize=9)
        save_figure(figure, path)


def draw_distances(samples: Tensor, real: Tensor, found: Diversity, path: Path) -> None:
    """Draw how near samples are to each other beside as many real images, as PNG and PDF.

    Both in the same bins, so that heights can be compared.
    """
    from matplotlib import style
    from matplotlib.figure import Figure

    with style.context(STYLE):
        figure = Figure(figsize=(8, 4), layout="constrained")
        axis = figure.subplots()
        nearest = {"real": nearest_others(real).numpy(), "fake": nearest_others(samples).numpy()}
        bins = np.histogram_bin_edges(np.concatenate([*nearest.values()]), 60).tolist()
        for name, distances in nearest.items():
            label = "training images" if name == "real" else "generated"
            axis.hist(distances, bins, histtype="step", color=COLOURS[name], lw=1.5, label=label)
        limit = found.duplicate_distance
        axis.axvline(limit, color="black", ls=":", label="the closest 1 % of real images")
        axis.set_xlabel("root mean square difference to the nearest other, in grey levels")
        axis.set_ylabel(f"images of {found.samples:,}")
        axis.set_xlim(0)
        axis.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
        save_figure(figure, path)


def draw_pairs(samples: Tensor, found: Diversity, path: Path) -> None:
    """Draw the closest pairs of samples, one above the other, as PNG and PDF."""
    from matplotlib import style
    from matplotlib.figure import Figure

    pairs = found.closest_pairs
    places = torch.tensor([pair.samples for pair in pairs]).T.flatten()
    picture = grid(samples[places], len(pairs))
    height, width = picture.shape[:2]
    with style.context(STYLE):
        figure = Figure(figsize=(8, 7.6 * height / width + 0.6), layout="constrained")
        axis = figure.subplots()
        axis.imshow(picture)
        axis.grid(visible=False)
        axis.spines[:].set_visible(False)
        middles = (np.arange(len(pairs)) + 0.5) * width / len(pairs)
        axis.set_xticks(middles, [f"{pair.distance:.1f}" for pair in pairs])
        axis.set_yticks([])
        axis.tick_params(length=0)
        axis.set_title("the closest pairs of samples", fontsize=9)
        axis.set_xlabel("root mean square difference, in grey levels")
        save_figure(figure, path)
