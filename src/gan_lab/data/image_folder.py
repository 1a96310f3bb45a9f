"""Any folder of images, nested or not; the folders at its top are classes if there are several."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch

from gan_lab.data.dataset import ImageDataset
from gan_lab.data.files.cache import Decoded, decoded
from gan_lab.data.files.decode import open_image
from gan_lab.data.files.listing import File, fingerprint, list_images, printable

HELD_OUT = 10  # every tenth file, in the order of names, is of the test split
MOST_BAD = 0.01  # share of unusable images that is passed over without being told to


@dataclass(frozen=True)
class Source:
    """Image files below a folder: which are held out as test images, and their labels if any."""

    top: Path
    files: Sequence[File]
    held_out: Sequence[bool]
    labels: Sequence[int] | None = None
    classes: tuple[str, ...] = ()


def image_folder(
    root: str | Path,
    folder: str | None = None,
    image_size: int = 64,
    channels: int | None = 3,
    split: str = "train",
    crop: int | None = None,
    cache_dir: str | Path | None = None,
    bad_images: str = "stop",
) -> ImageDataset:
    """Load the images below `root`/`folder`, cut to their central square of at most `crop` pixels.

    `split` is train, test (every tenth), or all: first those of train, then those of test.
    They are decoded once into `cache_dir` (None: anew each time). Unusable ones are listed and left
    out, if there are few or if bad_images="skip"; "stop" and "refuse" stop at more, and differ in
    whether skipping is advised. Raises FileNotFoundError if there are no images, ValueError for
    more than 1 % unusable ones, OSError if there is no room to decode them.
    """
    source = folder_source(folder_path(root, folder))
    return load(source, image_size, channels, split, crop, cache_dir, bad_images)


def listing_hash(root: str | Path, folder: str | None) -> str:
    """Return 8 hex digits of the names and sizes of all images below `root`/`folder`."""
    return fingerprint(list_images(folder_path(root, folder)))


def image_dimensions(top: Path, most: int | None = None) -> list[tuple[int, int]]:
    """Return width and height in pixels of the images below `top`, from the headers of the files.

    Of at most `most` files, evenly taken from the listing. Those that cannot be read are left out:
    decoding lists them.
    """
    from PIL import Image

    files = list_images(top)
    dimensions = []
    for file in files[:: max(1, -(-len(files) // most) if most else 1)]:
        unreadable = suppress(OSError, SyntaxError, Image.DecompressionBombError)
        with unreadable, open_image(top / file.name) as image:
            dimensions.append(image.size)
    return dimensions


def folder_path(root: str | Path, folder: str | None) -> Path:
    """Return `root`/`folder`, or `folder` if that is absolute."""
    return Path(root).expanduser() / Path(folder or "").expanduser()


def folder_source(top: Path) -> Source:
    """Return the images below a folder, with a label each if all lie in several class folders."""
    files = list_images(top)
    folders = [file.name.rpartition("/")[0].partition("/")[0] for file in files]
    names = sorted(set(folders))
    if "" in names or len(names) < 2:
        return Source(top, files, every_tenth(files))
    numbers = {name: number for number, name in enumerate(names)}
    labels = [numbers[name] for name in folders]
    return Source(top, files, every_tenth(files), labels, tuple(map(printable, names)))


def every_tenth(files: Iterable[File]) -> list[bool]:
    """Return whether each file is held out as a test image."""
    return [index % HELD_OUT == HELD_OUT - 1 for index, _ in enumerate(files)]


def load(
    source: Source,
    image_size: int,
    channels: int | None,
    split: str,
    crop: int | None,
    cache_dir: str | Path | None,
    bad_images: str,
) -> ImageDataset:
    """Return one split of a source; arguments and what it raises are those of `image_folder`."""
    if not source.files:
        raise FileNotFoundError(
            f"no images below {source.top}: put a folder of jpg or png files there, or set "
            "data_root=."
        )
    # Training images first: a split is then one piece of the array, which need not be copied.
    order = sorted(range(len(source.files)), key=source.held_out.__getitem__)
    arranged = [source.files[index] for index in order]
    cache_path = None if cache_dir is None else Path(cache_dir).expanduser()
    result = decoded(source.top, arranged, image_size, channels or 3, crop, cache_path)
    _check_bad(result, source.top, arranged, bad_images)
    used = [index for place, index in enumerate(order) if place not in result.bad]
    training = sum(not source.held_out[index] for index in used)
    rows = {"train": slice(training), "test": slice(training, None), "all": slice(None)}[split]
    if not used[rows]:
        raise FileNotFoundError(
            f"none of the {len(used)} images below {source.top} is of the {split} split."
        )
    labels = source.labels
    return ImageDataset(
        images=result.images[rows],
        labels=None if labels is None else torch.tensor([labels[index] for index in used[rows]]),
        classes=source.classes,
        origin=printable(str(source.top)),
        cache=result.path,
    )


def _check_bad(result: Decoded, top: Path, files: Sequence[File], bad_images: str) -> None:
    """Say which images are left out. Raises ValueError if they are too many to go on."""
    if not result.bad:
        return
    place, reason = next(iter(result.bad.items()))
    first = f"{printable(str(top / files[place].name))} is no readable image ({reason})"
    found = f"{len(result.bad):,} of {len(files):,} images cannot be used"
    listed = f"; {result.bad_list} lists them with their reasons" if result.bad_list else ""
    if len(result.bad) > MOST_BAD * len(files) and bad_images != "skip":
        or_skip = ", or go on with bad_images=skip" if bad_images == "stop" else ""
        raise ValueError(f"{found}: {first}{listed}. Mend or remove them{or_skip}.")
    print(f"{found} and are left out: {first}{listed}")
