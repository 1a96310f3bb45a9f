"""CelebA (Liu et al. 2015): 202,599 aligned photographs of faces, 178x218."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from gan_lab.data.dataset import ImageDataset
from gan_lab.data.facts import FolderFacts
from gan_lab.data.files.download import or_by_hand
from gan_lab.data.files.listing import File, Listing, fingerprint, list_folder
from gan_lab.data.image_folder import (
    HOLDOUTS,
    Source,
    Wanted,
    folder_path,
    held_out,
    holdout_words,
    left_out_words,
    load,
)

IMAGES, PARTITION = "img_align_celeba", "list_eval_partition.txt"
PARTITIONS = (PARTITION, "list_eval_partition.csv", f"Eval/{PARTITION}")  # of mirrors too
TEST = "2"  # in the partition file; 0 is train and 1 is valid, which we train on too


def celeba(
    root: str | Path,
    folder: str = "celeba",
    image_size: int = 64,
    channels: int | None = 3,
    split: str = "train",
    crop: int | None = 178,
    cache_dir: str | Path | None = None,
    bad_images: str = "stop",
    holdout: str = "tenth",
    layout: int = 1,
) -> ImageDataset:
    """Load CelebA from torchvision's layout, or any images, below `root`/`folder`; or download it.

    The central 178x178 (less where an image is smaller) is resized. The test split is that of
    list_eval_partition.txt: with `layout` 2 whatever the ending of the images (the authors' PNG
    files are listed as .jpg), with 1, as in version 0.1, by their whole names. Where the list names
    no test image that is there, one in ten is held out as `holdout` says. The rest is as
    `image_folder` has it.
    """
    source = _source(root, folder, holdout, layout)
    return load(source, Wanted(image_size, channels, split, crop, cache_dir, bad_images))


def celeba_hash(root: str | Path, folder: str = "celeba", layout: int = 1) -> str:
    """Return 8 hex digits of the names and sizes of CelebA's images."""
    return fingerprint(_find(root, folder, layout)[1].files)


def _source(root: str | Path, folder: str, holdout: str, layout: int) -> Source:
    if holdout not in HOLDOUTS:
        raise ValueError(f"unknown holdout {holdout!r}; choose from {', '.join(HOLDOUTS)}.")
    top, listing = _find(root, folder, layout)
    files = listing.files
    base = folder_path(root, folder)
    if layout == 1:
        parts = _parts(base / PARTITION)
        tests = [parts.get(_name(file)) == TEST for file in files]
        return Source(top, files, tests if any(tests) else held_out(len(files), holdout))
    path = next((base / name for name in PARTITIONS if (base / name).is_file()), None)
    parts = {_stem(name): part for name, part in _parts(path).items()} if path else {}
    named = [parts.get(_stem(file.name)) for file in files]
    tests = [part == TEST for part in named]
    words = _words(path, named)
    if not any(tests):
        tests = held_out(len(files), holdout)
        words = f"{holdout_words(holdout, labelled=False)} ({words})"
    facts = FolderFacts("no classes", words, tuple(left_out_words(listing)))
    return Source(top, files, tests, facts=facts, layout=layout)


def _words(path: Path | None, named: Sequence[str | None]) -> str:
    """Say what the list of splits tells about the images."""
    if path is None:
        return f"there is no {PARTITION}"
    tests, known = named.count(TEST), len(named) - named.count(None)
    return f"{path.name} names {known:,} of the {len(named):,} images, {tests:,} as test images"


def _find(root: str | Path, folder: str, layout: int) -> tuple[Path, Listing]:
    base = folder_path(root, folder)
    top, listing = _images(base, layout)
    if not listing.files:
        archive = base / f"{IMAGES}.zip"
        unzip = f"unzip {archive} there" if archive.is_file() else f"unzip {IMAGES}.zip there"
        or_by_hand(
            "CelebA",
            root,
            f"the usual download is often over its quota. Fetch {IMAGES}.zip and {PARTITION} from "
            f"the dataset's own page by hand, put both into {base} and {unzip}; any other folder "
            "of its images will do with dataset=image_folder folder=PATH",
        )
        top, listing = _images(base, layout)
    return top, listing


def _images(base: Path, layout: int) -> tuple[Path, Listing]:
    top = base / IMAGES if (base / IMAGES).is_dir() else base
    return top, list_folder(top, layout)


def _parts(partition: Path) -> dict[str, str]:
    """Return the split of each name in a list: pairs with a space or a comma between them."""
    if not partition.is_file():
        return {}
    lines = partition.read_text(encoding="utf-8").splitlines()
    pairs = [line.replace(",", " ").split() for line in lines]
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def _name(file: File) -> str:
    return PurePosixPath(file.name).name


def _stem(name: str) -> str:
    return PurePosixPath(name).stem
