"""Datasets: bytes that survive, resizing as torchvision's, files found where mirrors put them."""

import gzip
import os
import shutil
import socket
import struct
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits
from torch import Tensor

from gan_lab import load_dataset
from gan_lab.data import digits, from_unit, mnist, to_unit, with_channels
from gan_lab.data.dataset import fit

DIGITS = tuple("0123456789")


def noise(*shape: int) -> Tensor:
    return torch.randint(0, 256, shape, generator=torch.manual_seed(0), dtype=torch.uint8)


# --- bytes and floats ----------------------------------------------------------------------------


def test_every_level_survives_the_way_there_and_back():
    levels = torch.arange(256, dtype=torch.uint8)
    unit = to_unit(levels)
    assert unit.dtype == torch.float32 and (unit.min(), unit.max()) == (-1, 1)
    assert torch.equal(levels, torch.arange(256, dtype=torch.uint8)), "the bytes were changed"
    assert (unit.diff() > 0).all()
    assert torch.equal(from_unit(unit), levels)
    assert torch.equal(from_unit(unit + 0.49 / 127.5), levels), "rounded to the nearest"
    assert torch.equal(from_unit(unit - 0.49 / 127.5), levels), "rounded to the nearest"


def test_what_is_out_of_range_is_clamped():
    assert from_unit(torch.tensor([-7.0, -1.01, 1.01, 7.0])).tolist() == [0, 0, 255, 255]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("height", "width", "size"),
    [(28, 28, 32), (28, 28, 64), (28, 28, 20), (8, 8, 32), (64, 64, 28), (50, 30, 32)],
)
def test_resizing_is_that_of_torchvision(height, width, size, channels):
    from torchvision.transforms import Resize

    images = noise(5, channels, height, width)
    fitted = fit(images, size, None)
    assert fitted.dtype == torch.uint8
    assert torch.equal(fitted, Resize((size, size), antialias=True)(images))


def test_the_right_size_changes_nothing_and_large_sets_go_in_parts():
    images = noise(10_000, 1, 8, 8)
    assert torch.equal(fit(images, 8, 1), images)
    assert torch.equal(fit(images, 16, 1)[[0, 4095, 4096, 9999]],
                       fit(images[[0, 4095, 4096, 9999]], 16, 1))  # fmt: skip


def test_grey_and_rgb():
    grey, rgb = noise(4, 1, 8, 8), noise(4, 3, 8, 8)
    assert torch.equal(with_channels(grey, 3), torch.cat([grey] * 3, 1))
    assert torch.equal(with_channels(with_channels(grey, 3), 1), grey)
    assert torch.equal(with_channels(grey, 1), grey) and torch.equal(with_channels(rgb, 3), rgb)
    pure = 255 * torch.eye(3, dtype=torch.uint8).view(3, 3, 1, 1)
    assert with_channels(pure, 1).flatten().tolist() == [76, 150, 29]  # 0.299, 0.587, 0.114 of 255
    for image, luma in zip(rgb, with_channels(rgb, 1), strict=True):
        pillow = np.asarray(Image.fromarray(image.permute(1, 2, 0).numpy()).convert("L"))
        assert np.abs(luma[0].numpy().astype(int) - pillow).max() <= 1


def test_other_numbers_of_channels_are_refused_in_one_line():
    with pytest.raises(ValueError, match=r"channels=4: .*1 .*3") as caught:
        with_channels(noise(1, 1, 8, 8), 4)
    assert "\n" not in str(caught.value)


# --- the embedded digits -------------------------------------------------------------------------


def test_digits_are_all_there_once():
    train, test = digits(8), digits(8, split="test")
    assert (len(train), len(test)) == (1438, 359)
    assert train.shape == (1, 8, 8) and train.classes == DIGITS
    labels = torch.cat([train.labels, test.labels])
    assert labels.dtype == torch.int64
    assert labels.bincount().tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert test.labels.bincount().min() > 20, "every class is tested"
    every_fifth = load_digits().images[4::5]
    assert (test.images[:, 0].numpy() == np.rint(every_fifth * (255 / 16))).all()


@pytest.mark.parametrize(("size", "channels"), [(32, None), (28, 3), (64, 1)])
def test_digits_in_the_shape_asked_for(size, channels):
    data = digits(size, channels)
    assert data.shape == (channels or 1, size, size)
    assert data.images.dtype == torch.uint8 and data.images.amax() > 250


# --- MNIST ---------------------------------------------------------------------------------------

STEMS = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
Name = Callable[[str], str]


@cache
def made_up(stem: str) -> bytes:
    """The content of an IDX file of MNIST's own shape; image i is of grey level i % 251."""
    count = 60_000 if stem.startswith("train") else 10_000
    numbers = np.arange(count)
    if "images" in stem:
        header = struct.pack(">2x2B3I", 8, 3, count, 28, 28)
        return header + np.repeat((numbers % 251).astype(np.uint8), 784).tobytes()
    return struct.pack(">2x2BI", 8, 1, count) + (numbers % 10).astype(np.uint8).tobytes()


@cache
def zipped(stem: str) -> bytes:
    return gzip.compress(made_up(stem), compresslevel=1)


def write(folder: Path, suffix: str = "-ubyte.gz", mark: str = "-") -> None:
    """Write the four files; `mark` stands before idx3 and idx1."""
    folder.mkdir(parents=True, exist_ok=True)
    for stem in STEMS:
        content = zipped(stem) if suffix.endswith(".gz") else made_up(stem)
        (folder / f"{mark.join(stem.rsplit('-', 1))}{suffix}").write_bytes(content)


@pytest.fixture
def no_network(monkeypatch):
    """Every connection fails at once, as it does where there is none."""

    def fail(*arguments: object, **settings: object) -> None:
        raise OSError("no network in tests")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    monkeypatch.setattr(socket.socket, "connect", fail)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize(
    "folder", ["MNIST/raw", "mnist/raw", "MNIST", "mnist", "raw", "."], ids=lambda name: name
)
def test_mnist_is_found_where_people_put_it(tmp_path, folder):
    write(tmp_path / folder)
    data = mnist(tmp_path, 28, split="test")
    assert data.shape == (1, 28, 28) and data.classes == DIGITS
    assert data.images.amax((1, 2, 3)).tolist() == [level % 251 for level in range(10_000)]
    assert torch.equal(data.images.amin((1, 2, 3)), data.images.amax((1, 2, 3)))
    assert data.labels.tolist() == [digit % 10 for digit in range(10_000)]


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("mark", ["-", "."])
@pytest.mark.parametrize("suffix", ["-ubyte", "-ubyte.gz"])
def test_mnist_by_every_name_that_mirrors_use(tmp_path, mark, suffix):
    write(tmp_path / "MNIST/raw", suffix, mark)
    data = mnist(str(tmp_path), 28)
    assert data.images.shape == (60_000, 1, 28, 28) and data.images.dtype == torch.uint8
    assert data.labels.bincount().tolist() == [6000] * 10 and data.labels.dtype == torch.int64


@pytest.mark.usefixtures("no_network")
def test_a_read_only_folder_is_only_read(tmp_path):
    write(tmp_path / "MNIST/raw")
    before = sorted(tmp_path.rglob("*"))
    folders = [tmp_path, tmp_path / "MNIST", tmp_path / "MNIST/raw"]
    for folder in folders:
        folder.chmod(0o555)
    try:
        assert len(mnist(tmp_path, 28, split="test")) == 10_000
        assert sorted(tmp_path.rglob("*")) == before
    finally:
        for folder in folders:
            folder.chmod(0o755)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("there", [(), STEMS[:3]], ids=["nothing", "three of four"])
def test_missing_files_are_named_in_one_line_with_what_to_do(tmp_path, there):
    if there:
        write(tmp_path / "MNIST/raw")
        (tmp_path / f"MNIST/raw/{STEMS[3]}-ubyte.gz").unlink()
    with pytest.raises(FileNotFoundError) as caught:
        mnist(tmp_path)
    message = str(caught.value)
    assert "\n" not in message
    for said in (f"{tmp_path / 'MNIST/raw'}", "ubyte.gz", "dataset=digits"):
        assert said in message


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize(
    ("stem", "content"),
    [
        ("t10k-images-idx3", zipped("t10k-images-idx3")[:-20]),  # a download that was cut
        ("t10k-labels-idx1", b"<html>not found</html>"),
        ("t10k-images-idx3", gzip.compress(made_up("t10k-images-idx3")[:-1], 1)),
    ],
    ids=["cut", "html", "short"],
)
def test_a_broken_file_is_named_in_one_line(tmp_path, stem, content):
    write(tmp_path)
    broken = tmp_path / f"{stem}-ubyte.gz"
    broken.write_bytes(content)
    with pytest.raises(ValueError) as caught:
        mnist(tmp_path, split="test")
    assert str(broken) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("stems", [STEMS[1:2], STEMS[:2]], ids=["labels", "images and labels"])
def test_files_of_other_counts_are_refused(tmp_path, stems):
    write(tmp_path)
    for stem in stems:
        test_stem = stem.replace("train", "t10k")
        shutil.copy(tmp_path / f"{test_stem}-ubyte.gz", tmp_path / f"{stem}-ubyte.gz")
    with pytest.raises(ValueError, match=r"10000 labels where MNIST has 60000") as caught:
        mnist(tmp_path, 28)
    assert str(tmp_path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def data_root() -> Path:
    root = Path(os.environ.get("GAN_LAB_DATA", "data"))
    if not (root / "MNIST/raw").is_dir():
        pytest.skip(f"no MNIST in {root}; set GAN_LAB_DATA to what holds MNIST/raw")
    return root


def test_the_real_mnist(data_root):
    train, test = (load_dataset("mnist", data_root, split=split, image_size=28)
                   for split in ("train", "test"))  # fmt: skip
    assert train.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert train.labels.bincount().tolist() == [
        5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949,
    ]  # fmt: skip
    assert test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert len(test) == 10_000
    unit = train.images.double() / 255
    assert unit.mean().item() == pytest.approx(0.1307, abs=5e-5)  # as every tutorial normalises
    assert unit.std().item() == pytest.approx(0.3081, abs=5e-5)
    assert load_dataset("mnist", data_root, split="test").shape == (1, 32, 32)
