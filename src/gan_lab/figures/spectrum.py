"""Radial power spectra of real images and samples, and how many decibels lie between them."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from gan_lab.common.text import figure_text
from gan_lab.figures.style import COLOURS, save_figure, styled_pyplot

# Where layers that double the side leave patterns, in cycles a pixel: along rows or columns, or
# (the last) along both at once.
PATTERNS = {0.25: "every 4 pixels", 0.5: "every 2 pixels", 0.5**0.5: "checkerboard"}


@dataclass(frozen=True)
class Spectrum:
    """The mean power [R] of images at the frequencies of a figure, in squared grey levels."""

    label: str
    role: str  # of COLOURS
    power: Tensor
    line: str = "-"


def draw_spectra(
    frequencies: Tensor, real: Spectrum, fakes: Sequence[Spectrum], path: Path, caption: str
) -> Path:
    """Draw spectra at frequencies [R] in cycles a pixel, and below them fakes against the real one.

    Writes PNG and PDF.
    """
    with styled_pyplot() as plt:
        figure, (above, below) = plt.subplots(
            2, 1, figsize=(7, 6), sharex=True, height_ratios=(3, 2), layout="constrained"
        )
        for one in (real, *fakes):
            look = {"color": COLOURS[one.role], "lw": 1.4, "marker": "."}
            above.plot(frequencies, one.power, one.line, label=one.label, **look)
            decibels = 10 * (one.power / real.power).log10()
            below.plot(frequencies, decibels, one.line, **look)
        above.set_yscale("log")
        above.set_ylabel("mean power of a frequency\n(squared grey levels)")
        above.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
        below.set_ylabel("samples above real (dB)")
        below.set_xlabel("spatial frequency (cycles a pixel)")
        below.set_xlim(0, 0.72)
        for place, words in PATTERNS.items():
            for axis in (above, below):
                axis.axvline(place, color="black", ls=":", lw=0.7)
            above.text(place, 0.98, f"{words} ", transform=above.get_xaxis_transform(),
                       ha="right", va="top", fontsize=8)  # fmt: skip
        words = "\n".join(textwrap.wrap(figure_text(caption), 110))
        figure.supxlabel(words, fontsize=8, ha="left", x=0.02)
        return save_figure(figure, path)
