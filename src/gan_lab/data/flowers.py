"""Photographs of flowers: a folder of class folders, or Flowers102 (Nilsback & Zisserman 2008)."""

from pathlib import Path

from gan_lab.data.dataset import ImageDataset
from gan_lab.data.facts import FolderFacts
from gan_lab.data.files.download import or_by_hand
from gan_lab.data.files.listing import fingerprint, list_images
from gan_lab.data.image_folder import (
    Source,
    Wanted,
    folder_path,
    folder_source,
    held_out,
    holdout_words,
    load,
)

FLOWERS102 = "flowers-102"  # torchvision's name for it
CLASSES = tuple(str(number) for number in range(1, 103))


def flowers(
    root: str | Path,
    folder: str = "flowers",
    image_size: int = 64,
    channels: int | None = 3,
    split: str = "train",
    crop: int | None = None,
    cache_dir: str | Path | None = None,
    bad_images: str = "stop",
) -> ImageDataset:
    """Load `root`/`folder`, or else Flowers102 from torchvision's layout, or else download that.

    Of Flowers102 all 8,189 images of its three splits are taken together, and every tenth is held
    out as a test image, as in any folder. The rest is as `image_folder` has it.
    """
    source = _source(root, folder)
    return load(source, Wanted(image_size, channels, split, crop, cache_dir, bad_images))


def flowers_hash(root: str | Path, folder: str = "flowers") -> str:
    """Return 8 hex digits of the names and sizes of the images."""
    return fingerprint(_source(root, folder).files)


def _source(root: str | Path, folder: str) -> Source:
    bases = [folder_path(root, folder), folder_path(root, FLOWERS102)]
    for base in bases:
        if list_images(base):
            return _flowers102(base) if (base / "jpg").is_dir() else folder_source(base)
    or_by_hand(
        "Flowers102",
        root,
        f"put a folder with a folder of images for each class at {bases[0]}, or 102flowers.tgz "
        f"(unpacked) and imagelabels.mat from the dataset's own page into {bases[1]}",
    )
    return _flowers102(bases[1])


def _flowers102(base: Path) -> Source:
    files, words = list_images(base / "jpg"), holdout_words("tenth", labelled=True)
    if not (base / "imagelabels.mat").is_file():
        facts = FolderFacts("no classes: imagelabels.mat is not there", words)
        return Source(base / "jpg", files, held_out(len(files), "tenth"), facts=facts)
    from scipy.io import loadmat

    numbers = loadmat(base / "imagelabels.mat")["labels"].ravel()  # of image_00001.jpg, ...
    places = [int("".join(filter(str.isdigit, file.name))) - 1 for file in files]
    if max(places, default=-1) >= len(numbers):
        raise ValueError(
            f"{base / 'imagelabels.mat'} has {len(numbers)} labels and there are images up to "
            f"number {max(places) + 1}: fetch it again."
        )
    labels = [int(numbers[place]) - 1 for place in places]
    facts = FolderFacts("classes are the numbers of imagelabels.mat, all splits together", words)
    return Source(base / "jpg", files, held_out(len(files), "tenth"), labels, CLASSES, facts)
