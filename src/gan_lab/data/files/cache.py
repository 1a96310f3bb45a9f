"""Images decoded once into an array of bytes on the disk, which later runs map into memory."""

import json
import math
import os
import shutil
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import filelock
import numpy as np
import torch
from torch import Tensor

from gan_lab.common.console import say
from gan_lab.data.files.decode import DecodedImage, Decoding, decode_as
from gan_lab.data.files.listing import File, digest, printable

DecodeOne = Callable[[File], DecodedImage | str]  # an image, or the reason why it cannot be used
FORMAT = "images-1"  # a new number whenever the same files would give other bytes
BAD_LIST = "bad_images.txt"
CHUNK = 256  # images that are decoded before they are written
IN_MEMORY = 2**30  # bytes up to which an array is read whole, if an eighth of the memory holds it


@dataclass(frozen=True)
class Levels:
    """What is said of decoded images without looking at them again."""

    lowest: int = 255  # of all bytes, as they are in the files
    highest: int = 0
    alike: bool = False  # several images, each the same as the first


@dataclass(frozen=True)
class Decoded:
    """Images (uint8 [N, C, H, W]) of the files that could be used, and why others could not."""

    images: Tensor
    bad: dict[int, str]  # place in the list of files -> reason
    levels: Levels | None = None  # unknown in caches of version 0.1
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
        whole = torch.stack([one.image for one in images]) if images else torch.empty(0, *shape)
        return Decoded(whole, bad, _levels_of(images))
    made_of = f"{FORMAT} {decoding.image_size} {decoding.channels} {decoding.crop} {top.resolve()}"
    if decoding.layout > 1:  # else the key is that of version 0.1
        made_of += f" layout {decoding.layout}"
    key = digest([made_of, *(f"{f.name} {f.size} {f.time}" for f in files)])[:12]
    folder = cache_dir / f"{FORMAT}-{key}"
    if not _is_whole(folder):
        cache_dir.mkdir(parents=True, exist_ok=True)
        with _locked(folder):
            if not _is_whole(folder):  # another process may just have made it
                _build(folder, top, files, one, shape)
    return _open(folder)


def bad_lines(top: Path, files: Sequence[File], bad: Mapping[int, str]) -> list[str]:
    """Return a line for each file that cannot be used, with its reason."""
    return [f"{printable(str(top / files[i].name))}\t{reason}\n" for i, reason in bad.items()]


def write_list(path: Path, lines: Sequence[str]) -> None:
    """Write lines to a file, unless it has them; whole or not at all."""
    text = "".join(lines)
    if path.is_file() and path.read_text("utf-8") == text:
        return
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(text, "utf-8", "backslashreplace")
    temporary.replace(path)


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
    folder: Path, top: Path, files: Sequence[File], one: DecodeOne, shape: tuple[int, ...]
) -> None:
    """Decode into a folder beside `folder` and rename it; a killed build is overwritten."""
    needed = len(files) * math.prod(shape)
    free = shutil.disk_usage(folder.parent).free
    if needed > free:
        raise OSError(
            f"the decoded images need {human_size(needed)} and {folder.parent} has "
            f"{human_size(free)} left: make room, or set cache_dir= to a larger disk."
        )
    began, temporary = time.monotonic(), folder.with_suffix(".tmp")
    bad: dict[int, str] = {}
    levels = _Gathered()
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    title = f"decoding {len(files):,} images of {top} into {folder} ({human_size(needed)})"
    try:
        with (temporary / "images.u8").open("wb") as file:
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
        index = {
            "shape": [len(files) - len(bad), *shape],
            "bad": bad,
            "source": printable(str(top)),
            "levels": asdict(levels.result()),
        }
        (temporary / "index.json").write_text(json.dumps(index), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)  # a damaged one
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


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a lock that dies with its process; says so if another process holds it."""
    lock = filelock.FileLock(folder.with_suffix(".lock"))
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        say(f"another process decodes these images into {folder}; waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _is_whole(folder: Path) -> bool:
    try:
        index = (folder / "index.json").read_text(encoding="utf-8")
        shape: list[int] = json.loads(index)["shape"]
        return (folder / "images.u8").stat().st_size == math.prod(shape)
    except (OSError, ValueError, KeyError):
        return False


def _open(folder: Path) -> Decoded:
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    shape, path = tuple(index["shape"]), folder / "images.u8"
    bad = {int(place): reason for place, reason in index["bad"].items()}
    levels = Levels(**index["levels"]) if "levels" in index else None
    size = math.prod(shape)
    if size <= min(IN_MEMORY, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 8):
        images = torch.from_numpy(np.fromfile(path, np.uint8)).view(shape)
    else:  # the system keeps in memory what there is room for; never written, so never copied
        images = torch.from_file(str(path), shared=False, size=size, dtype=torch.uint8).view(shape)
    return Decoded(images, bad, levels, folder)
