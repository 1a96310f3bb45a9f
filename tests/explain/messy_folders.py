"""Folders as people have them, made on the spot, and what is true of each."""

import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 16  # of images, and of what networks see: nothing is resized
Make = Callable[[Path], object]


def paint(path: Path, number: int, size: tuple[int, int] = (SIDE, SIDE), mode: str = "RGB") -> None:
    """Write noise, another for each number, with black and white in its middle."""
    width, height = size
    pixels = np.random.default_rng(number).integers(0, 256, (height, width, 3), np.uint8)
    pixels[height // 2, width // 2], pixels[height // 2, width // 2 - 1] = 0, 255
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).convert(mode).save(path)


def fill(folder: Path, count: int, suffix: str = "png", **options) -> None:
    """Write images, each of which has noise of its own."""
    for number in range(count):
        path = folder / f"{number:03d}.{suffix}"
        paint(path, zlib.crc32(str(path).encode()), **options)


def put(path: Path, content: bytes = b"nothing to see") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def with_notes(top: Path) -> None:
    fill(top / "cup", 20)
    fill(top / "hat", 30, "bmp")
    for name in ("readme.txt", "cup/labels.csv", "hat/labels.csv", "logo.svg", ".DS_Store"):
        put(top / name)


def with_splits(top: Path) -> None:
    for split, count in (("train", 12), ("val", 4), ("test", 6)):
        for name in ("cup", "hat"):
            fill(top / split / name, count)


def of_a_competition(top: Path) -> None:
    fill(top / "train/cup", 15)
    fill(top / "train/hat", 25)
    fill(top / "test", 7)
    put(top / "sample_submission.csv")


def in_an_archive(top: Path) -> None:
    for number in range(1, 13):
        fill(top / f"images/images/{number}", 10)


def from_a_network_disk(top: Path) -> None:
    for name in ("cup", "hat"):
        fill(top / name, 10)
        fill(top / name / "@eaDir", 3)
    fill(top / "__MACOSX/cup", 2)
    put(top / "Thumbs.db")


def grey_faces(top: Path) -> None:
    for person in range(1, 5):
        fill(top / f"s{person}", 10, "pgm", mode="L")


def with_broken_files(top: Path) -> None:
    fill(top, 198)
    put(top / "broken.jpg")
    put(top / "empty.png", b"")


def with_copies(top: Path) -> None:
    fill(top / "train", 10)
    fill(top / "test", 5)
    copies = {"train/a": "train/000", "train/b": "train/000", "test/c": "train/001",
              "test/d": "test/000"}  # fmt: skip
    for copy, source in copies.items():
        put(top / f"{copy}.png", (top / f"{source}.png").read_bytes())


def wide_photographs(top: Path) -> None:
    fill(top / "beach", 12, size=(32, SIDE))
    fill(top / "town", 8)


def downloads(top: Path) -> None:
    for number in range(20):
        paint(top / "one.png", number)
        (top / "one.png").rename(top / f"download_{number}")
    put(top / "page", b"<html>")


def of_a_microscope(top: Path) -> None:
    for number in range(20):
        pixels = np.random.default_rng(number).integers(0, 4096, (SIDE, SIDE)).astype(np.uint16)
        pixels[0, :2] = 0, 4095
        (top / "day").mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(top / f"day/{number:02d}.tif")


def with_rare_classes(top: Path) -> None:
    for name, count in (("common", 90), ("rare", 9), ("unique", 1)):
        fill(top / name, count)


def with_links(top: Path) -> None:
    fill(top / "cup", 10)
    (top / "hat").mkdir()
    for number in range(10):
        paint(top.parent / f"elsewhere/{number}.png", number)
        (top / f"hat/{number}.png").symlink_to(top.parent / f"elsewhere/{number}.png")
    (top / "cup/again").symlink_to(top)


NO_COPIES = "copies 0 within train, 0 within test, 0 of test also in train"
STRATIFIED = "held out a tenth of each class, drawn with a fixed seed"
DRAWN = "held out a tenth, drawn with a fixed seed"
ALL = f"files all {SIDE}x{SIDE}"
FULL = "levels 0 to 255"
TOP = "layout classes are the {} folders at the top"

# Name -> how it is made, and the lines of `explain` on it, with single spaces.
FOLDERS: dict[str, tuple[Make, list[str]]] = {
    "with_notes": (with_notes, [
        "images 45 to train on, 5 held out to test", "shape 3x16x16, as networks see them",
        f"{ALL} (50 of 50 looked at)", FULL, TOP.format(2), STRATIFIED, NO_COPIES,
        "left out 4 files that are no images: 2 csv, 1 svg, 1 txt",
        "classes 2, of 18 to 27", "cup 18 40.0% 2 held out", "hat 27 60.0% 3 held out",
    ]),
    "with_splits": (with_splits, [
        "images 32 to train on, 12 held out to test", FULL, NO_COPIES,
        "layout splits are the folders test/ and train/ and val/ at the top; classes are the 2 "
        "folders below them",
        "held out test/, by name; train/ and val/ to train on",
        "classes 2, of 16 to 16", "cup 16 50.0% 6 held out", "hat 16 50.0% 6 held out",
    ]),
    "of_a_competition": (of_a_competition, [
        "images 36 to train on, 4 held out to test", STRATIFIED, NO_COPIES,
        "left out 1 file that is no image: 1 csv",
        "left out 7 images in test/, which has none of the classes",
        "classes 2, of 13 to 23", "cup 13 36.1% 2 held out", "hat 23 63.9% 2 held out",
    ]),
    "in_an_archive": (in_an_archive, [
        "images 108 to train on, 12 held out to test", STRATIFIED, NO_COPIES,
        "layout classes are the 12 folders in images/images/; images/images/ is the only folder at "
        "its place",
        "classes 12, of 9 to 9", "1 9 8.3% 1 held out", "12 9 8.3% 1 held out",
    ]),
    "from_a_network_disk": (from_a_network_disk, [
        "images 18 to train on, 2 held out to test", TOP.format(2), STRATIFIED, NO_COPIES,
        "left out 1 file that is no image: 1 db",
        "left out folders of the system: @eaDir (2), __MACOSX",
        "cup 9 50.0% 1 held out", "hat 9 50.0% 1 held out",
    ]),
    "grey_faces": (grey_faces, [
        "images 36 to train on, 4 held out to test", "shape 1x16x16, as networks see them",
        TOP.format(4), FULL, STRATIFIED, NO_COPIES, "s1 9 25.0% 1 held out",
        "s4 9 25.0% 1 held out",
    ]),
    "with_broken_files": (with_broken_files, [
        "layout no classes", DRAWN, "classes none", FULL, NO_COPIES,
        f"{ALL} (198 of 198 looked at)",
    ]),
    "with_copies": (with_copies, [
        "images 12 to train on, 7 held out to test", "held out test/, by name; train/ to train on",
        "layout splits are the folders test/ and train/ at the top; no classes", "classes none",
        "copies 2 within train, 1 within test, 1 of test also in train",
    ]),
    "wide_photographs": (wide_photographs, [
        "images 18 to train on, 2 held out to test", TOP.format(2), FULL,
        "files 16x16 to 32x16, most often 32x16 (12 of 20 looked at)",
        "crop 12 of 20 images are cut to their central square; the median of these loses 50% of "
        "its area",
        "beach 11 61.1% 1 held out", "town 7 38.9% 1 held out",
    ]),
    "downloads": (downloads, [
        "images 18 to train on, 2 held out to test", "layout no classes", DRAWN, FULL, NO_COPIES,
        "left out 1 file that is no image: 1 without ending",
    ]),
    "of_a_microscope": (of_a_microscope, [
        "images 18 to train on, 2 held out to test", "shape 1x16x16, as networks see them",
        "layout no classes; day/ is the only folder at its place", "levels 0 to 15",
        "warning levels go from 0 to 15, which is under a quarter of the 256 that there are: scale "
        "the images first",
    ]),
    "with_rare_classes": (with_rare_classes, [
        "images 90 to train on, 10 held out to test", TOP.format(3), STRATIFIED, NO_COPIES,
        "classes 3, of 1 to 81", "common 81 90.0% 9 held out", "rare 8 8.9% 1 held out",
        "unique 1 1.1% 0 held out",
    ]),
    "with_links": (with_links, [
        "images 18 to train on, 2 held out to test", TOP.format(2), STRATIFIED, NO_COPIES,
        "cup 9 50.0% 1 held out", "hat 9 50.0% 1 held out",
    ]),
}  # fmt: skip
