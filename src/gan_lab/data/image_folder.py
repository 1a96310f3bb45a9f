"""Any folder of images, nested or not: its classes, its splits, and what is held out."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from gan_lab.common.console import percent, say
from gan_lab.common.paths import expanded
from gan_lab.data.dataset import ImageDataset
from gan_lab.data.facts import FolderFacts
from gan_lab.data.files.cache import Decoded, bad_lines, decoded, write_list
from gan_lab.data.files.decode import Decoding
from gan_lab.data.files.headers import Headers, evenly, opened, read_headers
from gan_lab.data.files.listing import (
    File,
    Listing,
    fingerprint,
    list_folder,
    list_images,
    printable,
)
from gan_lab.data.folder_layout import read_layout
from gan_lab.data.holdout import every, stratified

HELD_OUT = 10  # one image in ten is of the test split
MOST_BAD = 0.01  # share of unusable images that is passed over without being told to
HOLDOUTS = ("tenth", "stratified")
NAMED = 20  # endings, the commonest of what is left out; numbered logs would fill the screen


@dataclass(frozen=True)
class Source:
    """Image files below a folder: which are held out as test images, and their labels if any."""

    top: Path
    files: Sequence[File]
    held_out: Sequence[bool]
    labels: Sequence[int] | None = None
    classes: tuple[str, ...] = ()
    facts: FolderFacts | None = None
    layout: int = 1


@dataclass(frozen=True)
class Wanted:
    """What is asked of a source: arguments of `image_folder`."""

    image_size: int
    channels: int | None
    split: str
    crop: int | None
    cache_dir: str | Path | None
    bad_images: str

    @property
    def cache_path(self) -> Path | None:
        return None if self.cache_dir is None else expanded(self.cache_dir)


def image_folder(
    root: str | Path,
    folder: str | None = None,
    image_size: int = 64,
    channels: int | None = 3,
    split: str = "train",
    crop: int | None = None,
    cache_dir: str | Path | None = None,
    bad_images: str = "stop",
    holdout: str = "tenth",
    layout: int = 1,
) -> ImageDataset:
    """Load the images below `root`/`folder`, cut to their central square of at most `crop` pixels.

    `split` is train, test, or all: first those of train, then those of test. `layout` 2 takes
    folders called train and test as splits, goes down through folders that stand alone, sorts
    classes that are numbers as numbers, knows images by their content, and gives grey images one
    channel if channels=None; 1 is what version 0.1 did: top folders are classes. Where a folder has
    no splits, one image in ten is a test image: with `holdout` "stratified" at random from each
    class, with "tenth" every tenth.

    Images are decoded once into `cache_dir` (None: anew each time). Unusable ones are listed and
    left out, if there are few or if bad_images="skip"; "stop" and "refuse" stop at more, and differ
    in whether skipping is advised. Raises FileNotFoundError if there are no images, ValueError for
    more than 1 % unusable ones or another `holdout` or `layout`, OSError if there is no room to
    decode them.
    """
    source = folder_source(folder_path(root, folder), holdout, layout)
    return load(source, Wanted(image_size, channels, split, crop, cache_dir, bad_images))


def listing_hash(root: str | Path, folder: str | None, layout: int = 1) -> str:
    """Return 8 hex digits of the names and sizes of all images below `root`/`folder`."""
    return fingerprint(list_folder(folder_path(root, folder), layout).files)


def image_dimensions(top: Path, most: int | None = None) -> list[tuple[int, int]]:
    """Return width and height in pixels of the images below `top`, from the headers of the files.

    Of at most `most` files, evenly taken from the listing. Those that cannot be read are left out:
    decoding lists them.
    """
    files = list_folder(top, layout=2).files
    return [image.size for image in opened(top, evenly(files, most or len(files) or 1))]


def folder_path(root: str | Path, folder: str | None) -> Path:
    """Return `root`/`folder`, or `folder` if that is absolute."""
    return expanded(root) / expanded(folder or "")


def folder_source(top: Path, holdout: str = "tenth", layout: int = 1) -> Source:
    """Return the images below a folder, their labels if they have classes, and which are tests."""
    if holdout not in HOLDOUTS:
        raise ValueError(f"unknown holdout {holdout!r}; choose from {', '.join(HOLDOUTS)}.")
    if layout == 1:
        return _first_source(top, holdout)
    if layout != 2:
        raise ValueError(f"unknown layout {layout}; choose from 1, 2.")
    listing = list_folder(top, layout)
    found = read_layout(listing.files)
    tests, words = found.tests, found.split_words
    if tests is None:
        tests = held_out(len(found.files), holdout, found.labels)
        words = holdout_words(holdout, found.labels is not None)
    left_out = [*left_out_words(listing), *_counted(found.left_out)]
    facts = FolderFacts(found.words, words, tuple(left_out))
    return Source(top, found.files, tests, found.labels, found.classes, facts, layout)


def _first_source(top: Path, holdout: str) -> Source:
    """Return images as version 0.1 did: classes are the folders at the top, if all lie in them."""
    files = list_images(top)
    left_out = _unknown_then(top, files)
    folders = [file.name.rpartition("/")[0].partition("/")[0] for file in files]
    names = sorted(set(folders))
    if "" in names or len(names) < 2:
        facts = FolderFacts("no classes", holdout_words(holdout, labelled=False), left_out)
        return Source(top, files, held_out(len(files), holdout), facts=facts)
    numbers = {name: number for number, name in enumerate(names)}
    labels = [numbers[name] for name in folders]
    facts = FolderFacts(
        f"classes are the {len(names)} folders at the top", holdout_words(holdout, True), left_out
    )
    tests = held_out(len(files), holdout, labels)
    return Source(top, files, tests, labels, tuple(map(printable, names)), facts)


def _unknown_then(top: Path, files: Sequence[File]) -> tuple[str, ...]:
    """Say what version 0.1 did not know for images, and what is none."""
    listing = list_folder(top, layout=2)
    unknown = len({file.name for file in listing.files} - {file.name for file in files})
    words = left_out_words(Listing(left_out=listing.left_out))
    if unknown:
        words.append(f"{unknown:,} images of kinds that only dataset=image_folder reads")
    return tuple(words)


def held_out(count: int, holdout: str, labels: Sequence[int] | None = None) -> list[bool]:
    """Return whether each of `count` images is held out as a test image."""
    if holdout == "tenth":
        return every(count, HELD_OUT)
    return stratified(count, HELD_OUT, labels)


def holdout_words(holdout: str, labelled: bool) -> str:
    """Say which images are held out."""
    if holdout == "tenth":
        return "every tenth image, in the order of names"
    return f"a tenth{' of each class' if labelled else ''}, drawn with a fixed seed"


def left_out_words(listing: Listing) -> list[str]:
    """Say what lies in a folder and is no image, by ending, and which folders are passed over."""
    words = []
    if listing.left_out:
        kinds = sorted(listing.left_out.items(), key=lambda kind: (-kind[1], kind[0]))
        total = sum(listing.left_out.values())
        named = ", ".join(f"{count:,} {printable(ending)}" for ending, count in kinds[:NAMED])
        if rest := sum(count for _, count in kinds[NAMED:]):
            named += f", {rest:,} with {len(kinds) - NAMED:,} other endings"
        what = "1 file that is no image" if total == 1 else f"{total:,} files that are no images"
        words.append(f"{what}: {named}")
    if listing.system:
        named = ", ".join(
            f"{printable(name)} ({count:,})" if count > 1 else printable(name)
            for name, count in sorted(listing.system.items())
        )
        words.append(f"folders of the system: {named}")
    return words


def _counted(reasons: Mapping[str, int]) -> list[str]:
    return [
        f"{count:,} image{'' if count == 1 else 's'} {reason}" for reason, count in reasons.items()
    ]


def load(source: Source, wanted: Wanted) -> ImageDataset:
    """Return one split of a source; arguments and what it raises are those of `image_folder`."""
    if not source.files:
        reason = "".join(f" ({text})" for text in source.facts.left_out) if source.facts else ""
        raise FileNotFoundError(
            f"no images below {source.top}{reason}: put a folder of jpg or png files there"
        )
    # Training images first: a split is then one piece of the array, which need not be copied.
    order = sorted(range(len(source.files)), key=source.held_out.__getitem__)
    arranged = [source.files[index] for index in order]
    headers = read_headers(source.top, source.files, wanted.crop, wanted.cache_path)
    channels = wanted.channels or (headers.channels if source.layout > 1 else 3)
    decoding = Decoding(wanted.image_size, channels, wanted.crop, source.layout)
    result = decoded(source.top, arranged, decoding, wanted.cache_path)
    _list_unused(source, arranged, result)
    _check_bad(result, source.top, arranged, wanted.bad_images)
    used = [index for place, index in enumerate(order) if place not in result.bad]
    training = sum(not source.held_out[index] for index in used)
    rows = {"train": slice(training), "test": slice(training, None), "all": slice(None)}
    chosen = used[rows[wanted.split]]
    if not chosen:
        raise ValueError(
            f"none of the {len(used)} images below {source.top} is of the {wanted.split} split."
        )
    labels = source.labels
    return ImageDataset(
        images=result.images[rows[wanted.split]],
        labels=None if labels is None else torch.tensor([labels[index] for index in chosen]),
        classes=source.classes,
        origin=printable(str(source.top)),
        cache=result.path,
        facts=_facts(source, headers, result, used[:training]),
    )


def _facts(
    source: Source, headers: Headers, result: Decoded, training: Sequence[int]
) -> FolderFacts | None:
    """Return what was known of a folder by its names, and what headers and images tell."""
    if source.facts is None:
        return None
    crop = ""
    if headers.cut:
        crop = (
            f"{headers.cut:,} of {headers.measured:,} images are cut to their central square; "
            f"the median of these loses {percent(headers.lost, 0)} of its area"
        )
    there = {source.labels[index] for index in training} if source.labels is not None else set()
    missing = [name for label, name in enumerate(source.classes) if label not in there]
    levels = result.levels
    return replace(
        source.facts,
        crop=crop,
        levels=(levels.lowest, levels.highest),
        alike=levels.alike,
        without_training=tuple(missing),
    )


def _list_unused(source: Source, files: Sequence[File], result: Decoded) -> None:
    """Keep the list of bad images true: what is left out may change without the images."""
    if result.bad_list is None or source.facts is None:
        return
    top = printable(str(source.top))
    lines = bad_lines(source.top, files, result.bad)
    lines += [f"{top}\t{text}\n" for text in source.facts.left_out]
    with suppress(OSError):  # a cache that may only be read
        write_list(result.bad_list, lines)


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
    say(f"{found} and are left out: {first}{listed}")
