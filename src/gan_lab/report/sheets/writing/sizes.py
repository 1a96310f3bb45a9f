"""How large figures are on paper."""

from pathlib import Path

from PIL import Image

from gan_lab.figures.style import PRINT_DPI

CM = 2.54  # of an inch
SMALL = 8.0  # cm: pictures of few pixels are enlarged to that


def width_of(path: Path, page: float, highest: float) -> float:
    """Return the width in cm of a picture on a page so wide, at most `highest` cm high."""
    with Image.open(path) as image:
        printed = max(SMALL, CM * image.width / PRINT_DPI)
        return min(page, printed, highest * image.width / image.height)
