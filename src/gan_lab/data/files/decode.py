"""One image file to a square of bytes."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from gan_lab.data.dataset import fit
from gan_lab.data.files.content import BY_ENDING, FIRST_FORMATS, FORMATS

if TYPE_CHECKING:
    from PIL.Image import Image

SIXTEEN_BITS = ("PNG", "PPM")  # formats whose levels are of 16 bits where Pillow holds them in 32
MAX_PIXELS = 90_000_000  # a decompression bomb is a small file that fills the memory


@dataclass(frozen=True)
class Decoding:
    """What is made of each file: a square of `image_size` with `channels`, its centre of `crop`.

    `layout` 1 reads what version 0.1 read, in its way.
    """

    image_size: int
    channels: int
    crop: int | None
    layout: int


@dataclass(frozen=True)
class DecodedImage:
    """An image (uint8 [C, H, W]), and the lowest and highest of its bytes before it was resized."""

    image: Tensor
    lowest: int
    highest: int


def decode(path: Path, image_size: int, channels: int, crop: int | None = None) -> Tensor:
    """Return an image file as uint8 [channels, image_size, image_size].

    Turned upright by its EXIF, transparent parts on white, the first frame of an animation, 16 bits
    reduced to 8; cut to the central square (of at most `crop` pixels), then resized bilinearly with
    antialias: torchvision's CenterCrop and Resize on a tensor. Raises ValueError with the reason:
    levels of 32 bits or in floating point have no agreed range, for one.
    """
    return decode_as(path, Decoding(image_size, channels, crop, layout=2)).image


def decode_as(path: Path, decoding: Decoding) -> DecodedImage:
    """Return what `decode` does, and the levels; layout 1 takes levels of 32 bits for 16."""
    try:
        with open_image(path, decoding.layout) as file:
            width, height = file.size
            if width * height > MAX_PIXELS:
                raise ValueError(f"{width}x{height} pixels are absurdly many")
            if decoding.layout > 1 and file.mode == "I" and file.format not in SIXTEEN_BITS:
                raise ValueError("32-bit levels have no agreed range")
            pixels = np.asarray(_central_square(_rgb(_upright(file)), decoding.crop))
    except PermissionError:
        raise ValueError("no permission to read it") from None
    except Exception as error:  # a damaged file makes Pillow's plug-ins raise anything
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(reason.replace(f" {str(path)!r}", "")) from error
    image = torch.from_numpy(pixels.copy()).permute(2, 0, 1).unsqueeze(0)
    fitted = fit(image, decoding.image_size, decoding.channels)[0]
    return DecodedImage(fitted, int(pixels.min()), int(pixels.max()))


def open_image(path: Path, layout: int = 2) -> "Image":
    """Open an image file of a format that is read, told by content. Raises what Pillow does."""
    from PIL import Image

    Image.init()  # else Pillow knows only some of the formats, and takes others for a KeyError
    allowed = FIRST_FORMATS if layout == 1 else FORMATS
    by_ending = BY_ENDING.get(path.suffix[1:].lower()) if layout > 1 else None
    known = [name for name in (*allowed, by_ending) if name in Image.OPEN]  # AVIF is optional
    return Image.open(path, formats=known)


def _upright(file: "Image") -> "Image":
    from PIL import ImageOps

    file.load()  # a truncated file fails here, not in what reads the EXIF
    try:
        return ImageOps.exif_transpose(file)
    except Exception:  # the EXIF is damaged, the image is not
        return file


def _rgb(image: "Image") -> "Image":
    from PIL import Image

    if image.mode.startswith("I"):  # 16 bits, in which Pillow's own conversion clips at 255
        levels = np.asarray(image).astype(np.int64)
        if levels.min() < 0 or levels.max() > 65_535:
            raise ValueError("32-bit levels have no agreed range")
        return Image.fromarray((levels // 257).astype(np.uint8)).convert("RGB")
    if image.mode == "F":
        raise ValueError("floating-point levels have no agreed range")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def _central_square(image: "Image", crop: int | None) -> "Image":
    side = min(*image.size, crop or max(image.size))
    left, top = (round((length - side) / 2) for length in image.size)
    return image.crop((left, top, left + side, top + side))
