"""CelebA (Liu et al. 2015): 202,599 aligned photographs of faces, 178x218."""

from pathlib import Path

from gan_lab.data.dataset import ImageDataset
from gan_lab.data.files.download import or_by_hand
from gan_lab.data.files.listing import File, fingerprint, list_images
from gan_lab.data.image_folder import Source, every_tenth, folder_path, load

IMAGES, PARTITION = "img_align_celeba", "list_eval_partition.txt"
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
) -> ImageDataset:
    """Load CelebA from torchvision's layout, or any images, below `root`/`folder`; or download it.

    The central 178x178 (less where an image is smaller) is resized. The test split is that of
    list_eval_partition.txt, or every tenth image where that names none, as of a part of the images.
    The rest is as `image_folder` has it.
    """
    source = _source(root, folder)
    return load(source, image_size, channels, split, crop, cache_dir, bad_images)


def celeba_hash(root: str | Path, folder: str = "celeba") -> str:
    """Return 8 hex digits of the names and sizes of CelebA's images."""
    return fingerprint(_source(root, folder).files)


def _source(root: str | Path, folder: str) -> Source:
    base = folder_path(root, folder)
    files, top = _find(base)
    if not files:
        archive = base / f"{IMAGES}.zip"
        unzip = f"unzip {archive} there" if archive.is_file() else f"unzip {IMAGES}.zip there"
        or_by_hand(
            "CelebA",
            root,
            f"the usual download is often over its quota. Fetch {IMAGES}.zip and {PARTITION} from "
            f"the dataset's own page by hand, put both into {base} and {unzip}; any other folder "
            "of its images will do with dataset=image_folder folder=PATH",
        )
        files, top = _find(base)
    tests = _test_names(base / PARTITION)
    held_out = [file.name.rpartition("/")[2] in tests for file in files]
    return Source(top, files, held_out if any(held_out) else every_tenth(files))


def _test_names(partition: Path) -> set[str]:
    if not partition.is_file():
        return set()
    pairs = (line.split() for line in partition.read_text(encoding="utf-8").splitlines())
    return {pair[0] for pair in pairs if len(pair) == 2 and pair[1] == TEST}


def _find(base: Path) -> tuple[tuple[File, ...], Path]:
    top = base / IMAGES if (base / IMAGES).is_dir() else base
    return list_images(top), top
