"""One image file to a square of bytes."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from gan_lab.data.dataset import fit

if TYPE_CHECKING:
    from PIL.Image import Image

# What a file may be, whatever its ending: for other formats (EPS) Pillow starts programs.
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "DIB", "GIF", "TIFF")
MAX_PIXELS = 90_000_000  # a decompression bomb is a small file that fills the memory


def decode(path: Path, image_size: int, channels: int, crop: int | None = None) -> Tensor:
    """Return an image file as uint8 [channels, image_size, image_size].

    Turned upright by its EXIF, transparent parts on white, the first frame of an animation, 16 bits
    reduced to 8; cut to the central square (of at most `crop` pixels), then resized bilinearly with
    antialias: torchvision's CenterCrop and Resize on a tensor. Raises ValueError with the reason.
    """
    try:
        with open_image(path) as file:
            width, height = file.size
            if width * height > MAX_PIXELS:
                raise ValueError(f"{width}x{height} pixels are absurdly many")
            pixels = np.asarray(_central_square(_rgb(_upright(file)), crop))
    except PermissionError:
        raise ValueError("no permission to read it") from None
    except Exception as error:  # a damaged file makes Pillow's plug-ins raise anything
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(reason.replace(f" {str(path)!r}", "")) from error
    image = torch.from_numpy(pixels.copy()).permute(2, 0, 1).unsqueeze(0)
    return fit(image, image_size, channels)[0]


def open_image(path: Path) -> "Image":
    """Open an image file of one of FORMATS, known by its content. Raises what Pillow does."""
    from PIL import Image

    Image.init()  # else Pillow knows only some of the formats, and takes others for a KeyError
    return Image.open(path, formats=FORMATS)


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
