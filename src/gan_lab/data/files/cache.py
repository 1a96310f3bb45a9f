"""Images decoded once into an array of bytes on the disk, which later runs map into memory."""

import hashlib
import math
import os
import secrets
import shutil
import stat
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from gan_lab.common.cache import (
    Unfit,
    find_kept,
    is_private,
    locked,
    make_private,
    read_sealed,
    refuse_shared,
    remove,
    write_sealed,
)
from gan_lab.common.console import say
from gan_lab.common.files import PLAIN_ONLY, read_bytes, replace_file
from gan_lab.data.files.decode import DecodedImage, Decoding, decode_as
from gan_lab.data.files.listing import File, digest, printable

DecodeOne = Callable[[File], DecodedImage | str]  # an image, or the reason why it cannot be used
FORMAT = "images-1"  # a new number whenever the same files would give other bytes
INDEX, IMAGES, BAD_LIST = "index.json", "images.u8", "bad_images.txt"
CHUNK = 256  # images that are decoded before they are written
IN_MEMORY = 2**30  # bytes up to which an array is read whole, if an eighth of the memory holds it
# The hash is of all bytes of an array up to HASHED_WHOLE. Of a larger one it is of 256 blocks of
# 1 MiB: the first begins at 0, the last ends at the end, and the others begin evenly between them.
HASHED_WHOLE, BLOCK, BLOCKS = 2**28, 2**20, 256
SETTLED = 2 * 10**9  # nanoseconds: a second change so soon may get the same time as the first


@dataclass(frozen=True)
class Levels:
    """What is said of decoded images without looking at them again."""

    lowest: int = 255  # of all bytes, as they are in the files
    highest: int = 0
    alike: bool = False  # several images, each the same as the first


@dataclass(frozen=True)
class Index:
    """What is kept of decoded images beside their bytes; sealed, so that it vouches for them."""

    folder: str  # the name of the folder that it lies in: another's array does not fit
    shape: tuple[int, int, int, int]
    bad: dict[str, str]  # place in the list of files -> reason
    source: str
    levels: Levels
    images: str  # sha256


@dataclass(frozen=True)
class Decoded:
    """Images (uint8 [N, C, H, W]) of the files that could be used, and why others could not."""

    images: Tensor
    bad: dict[int, str]  # place in the list of files -> reason
    levels: Levels
    path: Path | None = None  # the folder of the cache, with bad_images.txt in it

    @property
    def bad_list(self) -> Path | None:
        return self.path / BAD_LIST if self.path else None


def decoded(
    top: Path, files: Sequence[File], decoding: Decoding, cache_dir: Path | None
) -> Decoded:
    """Return the images of `files` below `top`, in their order, as `decode` gives them.

    They are kept under `cache_dir`, by the names, sizes and times of the files and by what is made
    of them; None decodes them anew each time. Of several processes one builds and the others wait;
    the folder appears whole, by a rename, or not at all. Raises OSError if there is no room.
    """
    one = partial(_try_decode, top, decoding)
    shape = (decoding.channels, decoding.image_size, decoding.image_size)
    if cache_dir is None:
        results = list(_decode_all(one, files, f"decoding {len(files):,} images of {top}"))
        images = [result for result in results if isinstance(result, DecodedImage)]
        bad = {i: reason for i, reason in enumerate(results) if isinstance(reason, str)}
        stacked = torch.stack([one.image for one in images]) if images else torch.empty(0, *shape)
        return Decoded(stacked, bad, _levels_of(images))
    made_of = f"{FORMAT} {decoding.image_size} {decoding.channels} {decoding.crop} {top.resolve()}"
    if decoding.layout > 1:  # else the key is that of version 0.1
        made_of += f" layout {decoding.layout}"
    key = digest([made_of, *(f"{f.name} {f.size} {f.time}" for f in files)])[:12]
    folder = cache_dir / f"{FORMAT}-{key}"
    refuse_shared(cache_dir)
    with suppress(OSError, Unfit):
        return _open(folder, shape)
    make_private(cache_dir)
    waiting = f"another process decodes these images into {folder}; waiting for it"
    with locked(folder, waiting):
        # Another process may just have made it.
        if (whole := find_kept(lambda: _open(folder, shape))) is not None:
            return whole
        _build(folder, top, files, one, shape)
        return _open(folder, shape)


def bad_lines(top: Path, files: Sequence[File], bad: Mapping[int, str]) -> list[str]:
    """Return a line for each file that cannot be used, with its reason."""
    return [f"{printable(str(top / files[i].name))}\t{reason}\n" for i, reason in bad.items()]


def write_list(path: Path, lines: Sequence[str]) -> None:
    """Write lines to a file, unless it has them; whole or not at all."""
    text = "".join(lines)
    with suppress(OSError):  # not there, or no plain file
        if read_bytes(path) == text.encode("utf-8", "backslashreplace"):
            return
    replace_file(path, text)


def folder_size(folder: Path) -> int:
    """Return the bytes in all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def human_size(count: int) -> str:
    """Write a number of bytes as a person would: 53.0 MB."""
    if count < 1000:
        return f"{count} bytes"
    for power, unit in ((3, "kB"), (6, "MB")):
        if count < 10 ** (power + 3):
            return f"{count / 10**power:.1f} {unit}"
    return f"{count / 10**9:.1f} GB"


def _build(
    folder: Path, top: Path, files: Sequence[File], one: DecodeOne, shape: tuple[int, int, int]
) -> None:
    """Decode into a fresh folder beside `folder` and rename it; what kills have left is removed."""
    needed = len(files) * math.prod(shape)
    free = shutil.disk_usage(folder.parent).free
    if needed > free:
        raise OSError(
            f"the decoded images need {human_size(needed)} and {folder.parent} has "
            f"{human_size(free)} left: make room, or set cache_dir= to a larger disk."
        )
    for leftover in folder.parent.glob(f"{folder.name}*.tmp"):
        remove(leftover)
    began = time.monotonic()
    temporary = folder.with_name(f"{folder.name}.{secrets.token_hex(8)}.tmp")
    bad: dict[int, str] = {}
    levels = _Gathered()
    temporary.mkdir(mode=0o755)  # whatever the umask: nobody else may write to it
    title = f"decoding {len(files):,} images of {top} into {folder} ({human_size(needed)})"
    try:
        with (temporary / IMAGES).open("xb") as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, needed)  # a full disk shows now, not later
            for place, result in enumerate(_decode_all(one, files, title)):
                if isinstance(result, str):
                    bad[place] = result
                else:
                    file.write(result.image.numpy().tobytes())
                    levels.add(result)
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
        write_list(temporary / BAD_LIST, bad_lines(top, files, bad))
        whole = (len(files) - len(bad), *shape)
        index = Index(
            folder=folder.name,
            shape=whole,
            bad={str(place): reason for place, reason in bad.items()},
            source=printable(str(top)),
            levels=levels.result(),
            images=_hash(_array(temporary / IMAGES, math.prod(whole))),
        )
        write_sealed(temporary / INDEX, index)
        remove(folder)  # one that does not fit
        temporary.rename(folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    say(f"decoded in {time.monotonic() - began:.1f} s")


class _Gathered:
    """Takes images one after the other, and says what they have in common."""

    def __init__(self) -> None:
        self.lowest, self.highest, self.count, self.alike = 255, 0, 0, True
        self.first: Tensor | None = None

    def add(self, one: DecodedImage) -> None:
        self.count += 1
        self.first = one.image if self.first is None else self.first
        self.alike = self.alike and torch.equal(one.image, self.first)
        self.lowest, self.highest = min(self.lowest, one.lowest), max(self.highest, one.highest)

    def result(self) -> Levels:
        return Levels(self.lowest, self.highest, self.alike and self.count > 1)


def _levels_of(images: Sequence[DecodedImage]) -> Levels:
    gathered = _Gathered()
    for image in images:
        gathered.add(image)
    return gathered.result()


def _try_decode(top: Path, decoding: Decoding, file: File) -> DecodedImage | str:
    """Return an image, or the reason why it cannot be used."""
    try:
        return decode_as(top / file.name, decoding)
    except ValueError as error:
        return printable(str(error))


def _decode_all(one: DecodeOne, files: Sequence[File], title: str) -> Iterator[DecodedImage | str]:
    """Decode in threads (Pillow and torch let go of Python's lock), in the order of the files."""
    from rich.console import Console
    from rich.progress import Progress

    say(title)
    console = Console()
    chunks = [files[start : start + CHUNK] for start in range(0, len(files), CHUNK)]
    with (
        warnings.catch_warnings(),
        Progress(console=console, transient=True, disable=not console.is_terminal) as progress,
        ThreadPoolExecutor(os.cpu_count()) as pool,
    ):
        warnings.simplefilter("ignore")  # of Pillow about files that are used or listed anyway
        task = progress.add_task("decoding", total=len(files))
        for chunk in chunks:
            yield from pool.map(one, chunk)
            progress.advance(task, len(chunk))


class _State(NamedTuple):
    """A file as it is now: one that is written to, or another one in its place, has another."""

    path: Path
    device: int
    inode: int
    size: int
    changed: int  # nanoseconds


_fitting: set[tuple[str, _State]] = set()  # hashed by this process: a start loads several splits


def _open(folder: Path, shape: tuple[int, ...]) -> Decoded:
    """Return the images that are kept in a folder; `shape` is that of one.

    Raises FileNotFoundError if there is no folder, Unfit if it is not what `_build` made.
    """
    if not is_private(folder):
        raise Unfit(folder, "is no folder, or one that others may write to")
    try:
        index = read_sealed(folder / INDEX, Index)
        array = _array(folder / IMAGES, math.prod(index.shape))
    except FileNotFoundError as error:
        raise Unfit(Path(error.filename), "is missing") from error
    except OSError as error:
        raise Unfit(folder / IMAGES, f"is damaged ({error.strerror})") from error
    bad = {int(place): reason for place, reason in index.bad.items() if place.isdecimal()}
    if index.folder != folder.name or index.shape[1:] != shape or len(bad) < len(index.bad):
        raise Unfit(folder / INDEX)
    state = _state(folder / IMAGES)
    if (index.images, state) not in _fitting:
        if _hash(array) != index.images:
            raise Unfit(folder / IMAGES)
        if time.time_ns() - state.changed > SETTLED:
            _fitting.add((index.images, state))
    return Decoded(torch.from_numpy(array).view(index.shape), bad, index.levels, folder)


def _array(path: Path, size: int) -> np.ndarray:
    """Return the bytes of a plain file: read, or mapped if they are many.

    Raises FileNotFoundError if there is none, Unfit if it is something else or has another size.
    """
    handle = os.open(path, os.O_RDONLY | PLAIN_ONLY)
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_size != size:
            raise Unfit(path)
        if size <= min(IN_MEMORY, _memory() // 8):
            return np.fromfile(file, np.uint8)
        # The system keeps in memory what there is room for; never written, so never copied.
        return np.memmap(file, np.uint8, "c")


def _memory() -> int:
    """Return the bytes of memory of this machine; 8 GB where a system does not tell."""
    if not hasattr(os, "sysconf"):
        return 2**33
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _state(path: Path) -> _State:
    status = path.lstat()
    return _State(path, status.st_dev, status.st_ino, status.st_size, status.st_ctime_ns)


def _hash(array: np.ndarray) -> str:
    """Return the sha256 of bytes, or of evenly taken blocks of many."""
    if len(array) <= HASHED_WHOLE:
        return hashlib.sha256(array.data).hexdigest()
    digest = hashlib.sha256()
    for number in range(BLOCKS):
        start = number * (len(array) - BLOCK) // (BLOCKS - 1)
        digest.update(array[start : start + BLOCK].data)
    return digest.hexdigest()
