"""The style that all figures share, and how they are written."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gan_lab.common.files import new_file

# One colour per role everywhere (Okabe and Ito's palette, which colour-blind readers tell apart).
COLOURS = {"G": "#D55E00", "D": "#0072B2", "real": "#009E73", "fake": "#CC79A7"}
STYLE = Path(__file__).with_name("gan_lab.mplstyle")
DPI = 110  # of the style
PRINT_DPI = 160


@contextmanager
def styled_pyplot() -> Iterator[Any]:
    """Give matplotlib.pyplot, without a screen and in the style that all figures share."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    with plt.style.context(STYLE):
        yield plt


def save_figure(figure: Any, path: Path) -> Path:
    """Write a figure as PNG (`path`) and as PDF beside it, close it, and return `path`."""
    import matplotlib.pyplot as plt

    path.parent.mkdir(parents=True, exist_ok=True)
    with new_file(path) as file:
        figure.savefig(file, format="png", dpi=PRINT_DPI)
    figure.set_layout_engine("none")  # the PDF keeps the places: finding them is half of the work
    # Without its date, so that the same numbers make the same file.
    with new_file(path.with_suffix(".pdf")) as file:
        figure.savefig(file, format="pdf", metadata={"CreationDate": None})
    plt.close(figure)
    return path
