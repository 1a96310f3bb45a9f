"""Any folder of images, nested or not; the folders at its top are classes if there are several."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from gan_lab.data.dataset import ImageDataset, fit

EXTENSIONS = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"}
HELD_OUT = 10  # every tenth file, in the order of names, is of the test split


def image_folder(
    root: str | Path,
    folder: str,
    image_size: int = 64,
    channels: int | None = 3,
    split: str = "train",
) -> ImageDataset:
    """Load all images below `root`/`folder` into memory, cropped to their central square.

    Raises FileNotFoundError if there are none, ValueError for one that cannot be read.
    """
    top = _top(root, folder)
    paths = [path for index, path in enumerate(_images(top))
             if (index % HELD_OUT == HELD_OUT - 1) == (split == "test")]  # fmt: skip
    if not paths:
        raise FileNotFoundError(
            f"no images below {top}: put a folder of jpg or png files there, or set data_root=."
        )
    classes = sorted({path.relative_to(top).parts[0] for path in paths if path.parent != top})
    labels = None
    if len(classes) > 1 and all(path.parent != top for path in paths):
        numbers = {name: number for number, name in enumerate(classes)}
        labels = torch.tensor([numbers[path.relative_to(top).parts[0]] for path in paths])
    images = torch.cat([_decode(path, image_size, channels or 3) for path in paths])
    return ImageDataset(images, labels, tuple(classes) if labels is not None else ())


def listing_hash(root: str | Path, folder: str) -> str:
    """Return 8 hex digits of the names and sizes of all images below `root`/`folder`."""
    top = _top(root, folder)
    listing = [f"{path.relative_to(top).as_posix()} {path.stat().st_size}" for path in _images(top)]
    return hashlib.sha256("\n".join(listing).encode()).hexdigest()[:8]


def image_sides(root: str | Path, folder: str) -> list[int]:
    """Return the shorter side in pixels of each image below `root`/`folder`, from its header.

    Raises ValueError for one that cannot be read.
    """
    from PIL import Image

    sides = []
    for path in _images(_top(root, folder)):
        try:
            with Image.open(path) as file:
                sides.append(min(file.size))
        except (OSError, SyntaxError, Image.DecompressionBombError) as error:
            raise ValueError(
                f"{path} is no readable image ({error}); mend or remove it."
            ) from error
    return sides


def _top(root: str | Path, folder: str) -> Path:
    return Path(root).expanduser() / Path(folder).expanduser()


def _images(top: Path) -> Iterator[Path]:
    return iter(sorted(path for path in top.rglob("*") if path.suffix.lower() in EXTENSIONS))


def _decode(path: Path, image_size: int, channels: int) -> Tensor:
    """Return one image as uint8 [1, channels, image_size, image_size]."""
    import numpy as np
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as file:
            image = ImageOps.exif_transpose(file).convert("RGB")
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path} is no readable image ({error}); mend or remove it.") from error
    side = min(image.size)
    image = ImageOps.fit(image, (side, side))
    pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1).unsqueeze(0)
    return fit(pixels, image_size, channels)
