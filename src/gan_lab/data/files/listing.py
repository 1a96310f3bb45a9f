"""The image files below a folder: found once, in an order that does not depend on the disk."""

import gc
import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from gan_lab.data.files.content import IMAGE_ENDINGS, OTHER_ENDINGS, has_image_content

FIRST_ENDINGS = frozenset({"jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff"})
# What network disks, archives and desktops lay beside images: copies and thumbnails of them.
SYSTEM_FOLDERS = frozenset({
    "__macosx", "@eadir", "@recycle", "@recently-snapshot", "@tmp", "#recycle", "#snapshot",
    "$recycle.bin", "system volume information", "lost+found", "__pycache__",
})  # fmt: skip
NO_ENDING = "without ending"


class File(NamedTuple):
    """A file by its name below the folder, its size in bytes and its time of change."""

    name: str
    size: int
    time: int


@dataclass(frozen=True)
class Listing:
    """The images below a folder, sorted by the parts of their names, and what else lies there."""

    files: tuple[File, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)  # ending -> number of files
    system: Mapping[str, int] = field(default_factory=dict)  # name -> number of folders


_remembered: dict[tuple[str, int], Listing] | None = None


@contextmanager
def reading_once() -> Iterator[None]:
    """Within it a folder is read once, however often it is listed: 0.8 s for 200,000 files."""
    global _remembered
    _remembered = {}
    try:
        yield
    finally:
        _remembered = None


def list_images(top: Path) -> tuple[File, ...]:
    """Return all images below `top` that version 0.1 knew: by eight endings, in any folder."""
    return list_folder(top, layout=1).files


def list_folder(top: Path, layout: int) -> Listing:
    """Return all images below `top`, and a count of what is none; hidden files are passed over.

    Layout 1 knows images by eight endings. Layout 2 knows all that are read, and those whose ending
    says nothing by their content; it leaves out system folders. Links are followed, but not into a
    folder that they lie in. Links to nothing are listed: reading them fails, which decoding says.
    Raises OSError for a folder that cannot be read; one that is not there is empty.
    """
    key = (str(top), layout)
    if _remembered is not None and key in _remembered:
        return _remembered[key]
    collecting = gc.isenabled()
    gc.disable()  # with torch loaded, looking for garbage among the names takes a quarter longer
    try:
        walk = _Walk() if layout == 1 else _WalkByContent()
        files = tuple(walk.files(str(top), "", ())) if top.is_dir() else ()
    finally:
        if collecting:
            gc.enable()
    listing = Listing(files, walk.left_out, walk.system)
    if _remembered is not None:
        _remembered[key] = listing
    return listing


def fingerprint(files: Iterable[File]) -> str:
    """Return 8 hex digits of names and sizes: the same for a copy of the folder elsewhere."""
    return digest(f"{file.name} {file.size}" for file in files)[:8]


def digest(lines: Iterable[str]) -> str:
    """Return the sha256 of lines, in which names need not be UTF-8."""
    return hashlib.sha256(os.fsencode("\n".join(lines))).hexdigest()


def printable(name: str) -> str:
    """Return a name as it can be printed: bytes that are no UTF-8 become escapes."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


class _Walk:
    """Yields the images below a folder; knows them by their endings alone."""

    endings = FIRST_ENDINGS

    def __init__(self) -> None:
        self.left_out: Counter[str] = Counter()
        self.system: Counter[str] = Counter()

    def files(self, folder: str, prefix: str, above: tuple[tuple[int, int], ...]) -> Iterator[File]:
        """Yield images; `above` are the folders that this one lies in, by their inodes."""
        status = Path(folder).stat()
        here = (*above, (status.st_dev, status.st_ino))
        with os.scandir(folder) as scan:
            entries = sorted(scan, key=lambda entry: entry.name)
        for entry in entries:
            name = entry.name
            if name.startswith("."):  # macOS lays ._name.jpg beside name.jpg
                self.pass_over(entry)
            elif entry.is_dir():
                if self.is_entered(name) and not (entry.is_symlink() and _inode(entry) in here):
                    yield from self.files(entry.path, f"{prefix}{name}/", here)
            elif self.is_image(entry, name.rpartition(".")[2].lower()) and _may_be_image(entry):
                status = entry.stat(follow_symlinks=entry.is_file())
                # The later of both: permission to read changes the second time alone.
                changed = max(status.st_mtime_ns, status.st_ctime_ns)
                yield File(f"{prefix}{name}", status.st_size, changed)

    def pass_over(self, entry: os.DirEntry[str]) -> None:
        """Take note of a hidden file or folder."""

    def is_entered(self, name: str) -> bool:
        """Whether images are looked for in a folder."""
        return True

    def is_image(self, entry: os.DirEntry[str], ending: str) -> bool:
        """Whether a file is taken for an image."""
        return ending in self.endings


class _WalkByContent(_Walk):
    """Yields all images that can be read, and counts what else there is."""

    endings = IMAGE_ENDINGS

    def pass_over(self, entry: os.DirEntry[str]) -> None:
        if entry.is_dir():
            self.system[entry.name] += 1

    def is_entered(self, name: str) -> bool:
        if name.lower() in SYSTEM_FOLDERS:
            self.system[name] += 1
            return False
        return True

    def is_image(self, entry: os.DirEntry[str], ending: str) -> bool:
        if ending in self.endings:
            return True
        if "." not in entry.name:
            ending = NO_ENDING
        if ending not in OTHER_ENDINGS and entry.is_file() and has_image_content(entry.path):
            return True
        self.left_out[ending] += 1
        return False


def _inode(entry: os.DirEntry[str]) -> tuple[int, int]:
    status = entry.stat()
    return status.st_dev, status.st_ino


def _may_be_image(entry: os.DirEntry[str]) -> bool:
    """Return whether it is a file or a link to none, but no pipe, which would be waited for."""
    return entry.is_file() or (entry.is_symlink() and not Path(entry.path).exists())
