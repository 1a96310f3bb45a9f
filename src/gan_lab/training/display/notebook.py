"""A training in a notebook: progress, losses, and the newest samples beside real images, live."""

import base64
import io
import sys
import time
from collections.abc import Mapping, Sequence
from importlib import import_module

import torch

from gan_lab.common.console import duration
from gan_lab.common.files import read_bytes
from gan_lab.common.text import html_text
from gan_lab.data import ImageDataset, PointDataset
from gan_lab.figures.style import COLOURS
from gan_lab.figures.tiles import grid
from gan_lab.runs.directory import Run

EVERY = 2.0  # seconds between two changes of what is shown
SHOWN = 64  # real images, as many as samples
POINTS = 300  # of a curve at most: the page of a long training stays small
WIDTH, HEIGHT = 360, 120  # of the curves, in pixels
LEAST = 270  # pixels across of a picture: 8 images of 32, or of 16 each drawn twice as large
MOST_PICTURE = 2**22  # bytes of a picture that is put into a page


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook. Imports nothing."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return hasattr(shell, "kernel")


def picture(png: bytes, words: str) -> str:
    """Return a PNG picture as HTML, with words for who cannot see it; tiny ones are enlarged."""
    code = base64.b64encode(png).decode("ascii")
    return (
        f'<img alt="{html_text(words)}" style="min-width:{LEAST}px;image-rendering:pixelated" '
        f'src="data:image/png;base64,{code}">'
    )


def newest_samples(run: Run) -> str:
    """Return the newest samples of a run as HTML; nothing if there are none."""
    try:
        return picture(read_bytes(run.samples / "latest.png", MOST_PICTURE), "newest samples")
    except OSError:
        return ""


class NotebookDisplay:
    """One output of a cell, which changes while a run is trained."""

    def __init__(self, first: int, steps: int, run: Run, dataset: ImageDataset):
        # It is there, for a notebook has loaded it.
        self._display = import_module("IPython.display")
        self._first, self._steps, self._run = first, steps, run
        self._began = self._shown = time.monotonic()
        self._step = first
        self._lines: list[Mapping[str, float]] = []
        self._real = _real_images(dataset)
        page = self._display.HTML(self._page())
        self._handle = self._display.display(page, display_id=True)

    def update(self, step: int, line: Mapping[str, float]) -> None:
        """Take the steps done and the latest logged scalars."""
        self._step = step
        if line and (not self._lines or self._lines[-1] is not line):
            self._lines.append(line)
        if time.monotonic() - self._shown >= EVERY:
            self._show()

    def close(self) -> None:
        """Show how it ended."""
        self._show()

    def _show(self) -> None:
        self._shown = time.monotonic()
        self._handle.update(self._display.HTML(self._page()))

    def _page(self) -> str:
        done, seconds = self._step - self._first, time.monotonic() - self._began
        speed = done / seconds if seconds else 0.0
        left = f", {duration((self._steps - self._step) / speed)} left" if speed else ""
        words = f"step {self._step:,} of {self._steps:,}: {speed:.1f} steps/s{left}"
        bar = f'<progress value="{self._step}" max="{self._steps}" style="width:24em"></progress>'
        newest = newest_samples(self._run)
        samples = f"<figure>{newest}<figcaption>newest samples</figcaption></figure>"
        real = f"<figure>{self._real}<figcaption>real images</figcaption></figure>"
        return (
            f"<div>{bar} {words}</div><div>{curves(self._lines)}</div>"
            f'<div style="display:flex">{samples if newest else ""}{real if self._real else ""}'
            "</div>"
        )


def _real_images(dataset: ImageDataset) -> str:
    """Return real images as HTML, evenly taken, for the first of a folder may be of one class; of
    points nothing, which lie under their samples."""
    if isinstance(dataset, PointDataset):
        return ""
    from PIL import Image

    count = len(dataset)
    places = torch.arange(min(SHOWN, count)) * count // min(SHOWN, count)
    images = dataset.images[places.to(dataset.images.device)].cpu()
    content = io.BytesIO()
    Image.fromarray(grid(images)).save(content, format="PNG")
    return picture(content.getvalue(), "real images")


def curves(lines: Sequence[Mapping[str, float]]) -> str:
    """Return the losses of both players over the steps as SVG; nothing before there are two lines.

    Both have one axis, from the least to the greatest value shown.
    """
    known = [line for line in lines if "loss/d" in line and "loss/g" in line]
    if len(known) < 2:
        return ""
    shown = known[:: -(-len(known) // POINTS)]
    values = [line[key] for line in shown for key in ("loss/d", "loss/g")]
    low, high = min(values), max(values)
    first, last = shown[0]["step"], shown[-1]["step"]

    def place(line: Mapping[str, float], key: str) -> str:
        x = WIDTH * (line["step"] - first) / max(1, last - first)
        y = HEIGHT * (high - line[key]) / ((high - low) or 1)
        return f"{x:.1f},{y:.1f}"

    drawn = "".join(
        f'<polyline fill="none" stroke="{COLOURS[player]}" '
        f'points="{" ".join(place(line, key) for line in shown)}"/>'
        for player, key in (("D", "loss/d"), ("G", "loss/g"))
    )
    legend = ", ".join(
        f'<span style="color:{COLOURS[player]}">loss {player} {known[-1][key]:.3f}</span>'
        for player, key in (("D", "loss/d"), ("G", "loss/g"))
    )
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="-2 -2 {WIDTH + 4} {HEIGHT + 4}"'
    return f"<svg {size}>{drawn}</svg><div>{legend} ({low:.3g} to {high:.3g})</div>"
