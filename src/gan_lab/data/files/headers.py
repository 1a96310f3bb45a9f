"""What the headers of a folder's images say: whether all are grey, and how their sides differ."""

import statistics
import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gan_lab.common.cache import find_kept, make_private, read_sealed, refuse_shared, write_sealed
from gan_lab.data.files.decode import open_image
from gan_lab.data.files.listing import File, digest

if TYPE_CHECKING:
    from PIL.Image import Image

FORMAT = "headers-1"  # a new number whenever the same files would give other facts
MEASURED = 2000  # files whose sides are looked at, evenly taken
GREY_MODES = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "F")


@dataclass(frozen=True)
class Headers:
    """`channels` is 1 if all images are grey, else 3; the rest is of up to 2,000 images."""

    channels: int
    measured: int
    cut: int  # images that lose something when they are cut to their central square
    lost: float  # median share of the area that these lose


def read_headers(
    top: Path, files: Sequence[File], crop: int | None, cache_dir: Path | None
) -> Headers:
    """Return what headers say, from a file in `cache_dir` if it is known.

    Files that cannot be read do not count. Of a grey folder all headers are read, of one with
    colours as many as it takes to see one.
    """
    path = None
    if cache_dir is not None:
        names = (f"{f.name} {f.size} {f.time}" for f in files)
        key = digest([f"{FORMAT} {crop} {top.resolve()}", *names])[:12]
        path = cache_dir / f"{FORMAT}-{key}.json"
        refuse_shared(cache_dir)
        if known := find_kept(partial(read_sealed, path, Headers)):
            return known
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Pillow about files that decoding uses or lists
        headers = _look(top, files, crop)
    if path is not None:
        with suppress(OSError):  # a full disk, or one that may only be read
            make_private(path.parent)
            write_sealed(path, headers)
    return headers


def evenly(files: Sequence[File], most: int) -> Sequence[File]:
    """Return at most `most` files, evenly taken."""
    return files[:: max(1, -(-len(files) // most))]


def opened(top: Path, files: Sequence[File]) -> Iterator["Image"]:
    """Yield images of which only the header is read; those that cannot be read are left out."""
    from PIL import Image

    for file in files:
        unreadable = suppress(OSError, SyntaxError, ValueError, Image.DecompressionBombError)
        with unreadable, open_image(top / file.name) as image:
            yield image


def _look(top: Path, files: Sequence[File], crop: int | None) -> Headers:
    sample = evenly(files, MEASURED)
    sizes, grey = [], True
    for image in opened(top, sample):
        sizes.append(image.size)
        grey = grey and _is_grey(image)
    if grey and len(sample) < len(files):  # one image in colours makes a folder one of colours
        grey = all(map(_is_grey, opened(top, files)))
    losses = [loss for size in sizes if (loss := _lost(size, crop)) > 0]
    lost = statistics.median(losses) if losses else 0.0
    return Headers(1 if grey and sizes else 3, len(sizes), len(losses), lost)


def _is_grey(image: "Image") -> bool:
    if image.mode == "P":
        palette = image.getpalette("RGB") or []
        return palette[0::3] == palette[1::3] == palette[2::3]
    return image.mode in GREY_MODES


def _lost(size: tuple[int, int], crop: int | None) -> float:
    """Return the share of the area that the central square leaves out."""
    side = min(*size, crop or max(size))
    return 1 - side * side / (size[0] * size[1])
