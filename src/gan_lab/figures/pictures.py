"""The pictures that a run drew, read as those of somebody else: size before pixels, and no link."""

import io
import struct
import warnings
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from gan_lab.common.files import read_bytes

MOST_BYTES = 2**28
MOST_PIXELS = 2**25  # a grid of 8 x 8 images of 512 pixels has half of it
LONGEST = 40  # times as long as wide: a picture of one row


def picture(path: Path) -> np.ndarray:
    """Return the pixels of a PNG, uint8 [H, W, 3]. Raises ValueError if it cannot be shown."""
    try:
        content = read_bytes(path, MOST_BYTES)
        _refuse_size(*struct.unpack(">II", content[16:24].ljust(8, b"\0")))
        with warnings.catch_warnings(), Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            warnings.simplefilter("ignore")  # of Pillow about what is refused or shown anyway
            return np.asarray(image.convert("RGB"))
    except OSError as error:
        raise ValueError(error.strerror or "it is damaged") from None
    except ValueError:
        raise
    except Exception:  # Pillow raises errors of many kinds at a damaged file
        raise ValueError("it is damaged") from None


def _refuse_size(width: int, height: int) -> None:
    """Raise ValueError for what the header of a PNG says, before Pillow refuses it as a bomb."""
    if width * height > MOST_PIXELS:
        raise ValueError(f"it has {width:,} x {height:,} pixels")
    if max(width, height) > LONGEST * min(width, height):
        raise ValueError(f"it is {width:,} pixels wide and {height:,} high")


@lru_cache(maxsize=2**14)  # each is shown in several figures
def fault_of(path: Path) -> str:
    """Return why a picture cannot be shown; nothing if it can."""
    try:
        picture(path)
        return ""
    except ValueError as error:
        return str(error)
