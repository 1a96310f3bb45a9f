"""Which files are images, what is left out and counted, and levels that mean nothing."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, features

from gan_lab import load_dataset
from gan_lab.data import ImageDataset, decode, image_folder, listing_hash
from gan_lab.data.files.listing import list_folder, list_images
from gan_lab.training.sampling import sample_labels
from small_runs import FEW_SAMPLES

RED = (200, 30, 10)


@pytest.fixture(autouse=True)
def cache_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_LAB_CACHE", str(tmp_path / "cache"))


SMALL = ("logger=none", "image_size=16", "hidden_dim=4", "steps=1", *FEW_SAMPLES)


def load(folder: Path, **arguments) -> ImageDataset:
    return load_dataset("image_folder", folder, **{"image_size": 8, **arguments})


def write(folder: Path, count: int = 12, suffix: str = "png", mode: str = "RGB") -> Path:
    """Images of noise: no two alike, all levels used."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    for index in range(count):
        pixels = Image.fromarray(random.integers(0, 256, (8, 8, 3), np.uint8))
        pixels.convert(mode).save(folder / f"{index:02d}.{suffix}")
    return folder


def said(data: ImageDataset) -> str:
    return "\n".join(": ".join(line) for line in data.facts.lines())


# --- what is read --------------------------------------------------------------------------------

KINDS = ["ppm", "pnm", "jfif", "jpe", "apng", "dib", "jp2", "j2k", "tga", "pcx", "sgi", "ico",
         "qoi", "avif", "mpo"]  # fmt: skip


@pytest.mark.parametrize("suffix", KINDS)
def test_images_of_every_format_are_used(tmp_path, suffix):
    if suffix == "avif" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    path = tmp_path / f"data/a.{suffix}"
    path.parent.mkdir()
    try:
        Image.new("RGB", (16, 16), RED).save(path)
    except (KeyError, OSError, ValueError):
        pytest.skip(f"this Pillow writes no {suffix}")
    assert [file.name for file in list_folder(path.parent, 2).files] == [path.name]
    pixels = decode(path, 8, 3).int()
    assert (pixels - torch.tensor(RED).view(3, 1, 1)).abs().max() <= 12


@pytest.mark.parametrize(
    ("suffix", "mode"), [("pgm", "L"), ("pbm", "1"), ("png", "L"), ("gif", "L")]
)
def test_grey_folders_stay_grey_unless_channels_are_set(tmp_path, suffix, mode):
    write(tmp_path / "data", suffix=suffix, mode=mode)
    assert load(tmp_path / "data").shape == (1, 8, 8)
    assert load(tmp_path / "data", channels=3).shape == (3, 8, 8)


def test_one_image_in_colours_makes_a_folder_of_colours(tmp_path):
    write(tmp_path / "data", mode="L")
    Image.new("RGB", (8, 8), RED).save(tmp_path / "data/last.png")
    assert load(tmp_path / "data").shape == (3, 8, 8)


@pytest.mark.parametrize("name", ["photo", "photo.001", "photo.download", "photo.JPG_large"])
def test_where_the_ending_says_nothing_the_content_does(tmp_path, name):
    write(tmp_path / "data", count=1, suffix="jpg")
    (tmp_path / "data/00.jpg").rename(tmp_path / "data" / name)
    (tmp_path / "data/LICENCE").write_text("You may.")
    (tmp_path / "data/index.dat").write_bytes(bytes(100))
    listing = list_folder(tmp_path / "data", 2)
    assert [file.name for file in listing.files] == [name]
    assert dict(listing.left_out) == {"without ending": 1, "dat": 1}


def test_sixteen_bit_pgm_becomes_eight_bits(tmp_path):
    levels = (np.arange(64) * 1000).astype(">u2")
    (tmp_path / "a.pgm").write_bytes(b"P5\n8 8\n65535\n" + levels.tobytes())
    expected = torch.from_numpy(levels.astype(int) // 257).byte().view(8, 8)
    assert torch.equal(decode(tmp_path / "a.pgm", 8, 1)[0], expected)


# --- what is left out ----------------------------------------------------------------------------


def test_what_is_left_out_is_named_by_ending_in_the_facts_and_in_the_list(tmp_path):
    folder = write(tmp_path / "data")
    for name in ("a.txt", "b.txt", "c.svg", "Thumbs.db", "d.eps", "movie.mp4"):
        (folder / name).write_bytes(b"\xff\xd8\xff not looked at")
    data = load(folder)
    words = "6 files that are no images: 2 txt, 1 db, 1 eps, 1 mp4, 1 svg"
    assert f"left out: {words}" in said(data)
    assert (data.cache / "bad_images.txt").read_text() == f"{folder}\t{words}\n"
    (folder / "a.txt").unlink()
    assert "1 txt" in (load(folder).cache / "bad_images.txt").read_text(), "the list stays true"


def test_a_hundred_endings_are_no_hundred_words(tmp_path):
    folder = write(tmp_path / "data")
    for number in range(100):
        (folder / f"log.{number:03d}").write_text("done")
    assert "100 files that are no images: 1 000, 1 001, " in said(load(folder))
    assert said(load(folder)).count(" 1 0") <= 20
    assert "80 with 80 other endings" in said(load(folder))


@pytest.mark.parametrize(
    "name", ["__MACOSX", "@eaDir", ".thumbnails", "#recycle", "$RECYCLE.BIN", "lost+found"]
)
def test_folders_of_the_system_are_left_out_and_said(tmp_path, name):
    for place in ("cup", "hat", f"cup/{name}", name):
        write(tmp_path / "data" / place, count=5)
    data = load(tmp_path / "data")
    assert len(data) == 9 and data.classes == ("cup", "hat")
    assert f"folders of the system: {name} (2)" in said(data)


def test_a_folder_without_images_says_what_it_has(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a.heic").write_bytes(b"x")
    with pytest.raises(Exception, match=r"no images below .*1 heic.*: put a folder") as caught:
        load(tmp_path / "data")
    assert "\n" not in str(caught.value)


def test_version_01_lists_what_it_listed(tmp_path):
    write(tmp_path / "data/cup", count=3)
    write(tmp_path / "data/@eaDir", count=1)
    write(tmp_path / "data/cup", count=5, suffix="pgm", mode="L")
    assert [file.name for file in list_images(tmp_path / "data")] == [
        "@eaDir/00.png", "cup/00.png", "cup/01.png", "cup/02.png",
    ]  # fmt: skip
    assert len(list_folder(tmp_path / "data", 2).files) == 8


def test_six_spellings_of_a_folder_are_one_listing(tmp_path, monkeypatch):
    write(tmp_path / "data/img")
    write(tmp_path / "copy")
    (tmp_path / "link").symlink_to(tmp_path / "data/img")
    monkeypatch.chdir(tmp_path)
    spellings = [f"{tmp_path}/data/img", f"{tmp_path}/data/img/", f"{tmp_path}/data/../data/img",
                 "data/img", f"{tmp_path}/link", f"{tmp_path}/copy"]  # fmt: skip
    assert len({listing_hash(".", spelling, layout=2) for spelling in spellings}) == 1


# --- levels --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [np.int32, np.float32])
def test_levels_without_an_agreed_range_are_refused(tmp_path, kind):
    (tmp_path / "data").mkdir()
    levels = np.arange(64, dtype=kind).reshape(8, 8)
    for index in range(12):
        Image.fromarray(levels + index).save(tmp_path / f"data/{index}.tif")
    with pytest.raises(Exception, match=r"12 of 12 images .* have no agreed range"):
        load(tmp_path / "data")


def faint(folder: Path, lowest: int, highest: int, dtype: type = np.uint8) -> Path:
    folder.mkdir()
    random = np.random.default_rng(0)
    for index in range(20):
        pixels = random.integers(lowest, highest + 1, (8, 8)).astype(dtype)
        pixels[0, :2] = lowest, highest
        Image.fromarray(pixels).save(folder / f"{index:02d}.png")
    return folder


@pytest.mark.parametrize(
    ("lowest", "highest", "words"),
    [
        (100, 106, "levels go from 100 to 106, which is under 8 of the 256"),
        (0, 60, "levels go from 0 to 60, which is under a quarter of the 256"),
        (0, 70, None),
        (180, 255, None),
    ],
)
def test_images_that_use_few_levels_are_said(tmp_path, lowest, highest, words):
    facts = load(faint(tmp_path / "data", lowest, highest)).facts
    assert facts.levels == (lowest, highest)
    assert [text.partition(" that")[0] for text in facts.warnings()] == ([words] if words else [])


def test_twelve_bits_in_a_file_of_sixteen_are_said(tmp_path):
    facts = load(faint(tmp_path / "data", 0, 4095, np.uint16)).facts
    assert facts.levels == (0, 15)
    assert "under a quarter" in "".join(facts.warnings())


def test_images_that_are_all_the_same_are_said(tmp_path):
    (tmp_path / "data").mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    for index in range(12):
        Image.fromarray(pixels).save(tmp_path / f"data/{index}.png")
    assert list(load(tmp_path / "data").facts.warnings()) == ["all images are the same"]
    Image.fromarray(255 - pixels).save(tmp_path / "data/other.png")
    assert not list(load(tmp_path / "data").facts.warnings())


def test_what_is_lost_by_cutting_is_said_once_and_only_if_something_is(tmp_path):
    folder = write(tmp_path / "data")
    assert load(folder).facts.crop == ""
    for index in range(4):
        Image.new("RGB", (40, 30), (index, 0, 0)).save(folder / f"wide{index}.png")
    Image.new("RGB", (20, 30)).save(folder / "tall.png")
    words = (
        "5 of 17 images are cut to their central square; the median of these loses 25% of its area"
    )
    assert load(folder).facts.crop == words
    assert said(load(folder)).count("loses") == 1


def test_a_class_whose_training_images_are_all_broken_is_said(tmp_path):
    for split, name in (("train", "cup"), ("train", "hat"), ("test", "cup"), ("test", "hat")):
        write(tmp_path / f"data/{split}/{name}", count=5)
    for path in (tmp_path / "data/train/hat").iterdir():
        path.write_text("no picture")
    data = image_folder(tmp_path, "data", 8, bad_images="skip", layout=2)
    assert data.facts.without_training == ("hat",)
    assert "class 'hat' has no training image" in said(data)
    labels = sample_labels(0, data.labels.bincount(minlength=len(data.classes)).tolist(), 1000)
    assert set(labels.tolist()) == {0}, "it is never drawn"


def test_a_class_without_training_images_has_no_row_in_the_samples(gan_lab_here, tmp_path):
    for split, name in (("train", "cup"), ("train", "hat"), ("train", "jar"), ("test", "cup")):
        write(tmp_path / f"data/{split}/{name}", count=5)
    for path in (tmp_path / "data/train/hat").iterdir():
        path.write_text("no picture")
    settings = ("dataset=image_folder", "folder=data", "data_root=.", "bad_images=skip")
    result = gan_lab_here(*settings, "model=cdcgan", "batch_size=4", "sample_every=1",
                          "dataset.scores=[swd]", *SMALL)  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "warning   class 'hat' has no training image" in result.stdout
    (path,) = (tmp_path / "runs").rglob("samples/00000001.png")
    with Image.open(path) as grid:
        assert grid.size[1] == 2 * (16 + 2) + 2
