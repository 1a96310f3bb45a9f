"""Datasets where torchvision puts them, made on the spot; what is missing is said in one line."""

import pickle
import socket
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.io import savemat

from gan_lab import load_dataset
from gan_lab.data import cifar10, stacked_mnist
from gan_lab.evaluation.classifier import classify, load_mnistcnn_v1


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """A cache of the test's own, and no network."""

    def fail(*arguments: object, **settings: object) -> None:
        raise OSError("no network in tests")

    monkeypatch.setenv("GAN_LAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(socket, "getaddrinfo", fail)
    monkeypatch.setattr(socket.socket, "connect", fail)


def save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


# --- CelebA --------------------------------------------------------------------------------------


def write_celeba(root: Path, partition: bool, suffix: str = "png") -> None:
    """Ten 178x218 images of level 10 i; rows above and below the central square are white."""
    for index in range(1, 11):
        pixels = np.full((218, 178, 3), 255, np.uint8)
        pixels[20:198] = 10 * index
        save(root / f"celeba/img_align_celeba/{index:06d}.{suffix}", pixels)
    if partition:
        lines = [f"{index:06d}.{suffix} {int(index == 7) + 2 * int(index >= 8)}\n"
                 for index in range(1, 11)]  # fmt: skip
        (root / "celeba/list_eval_partition.txt").write_text("".join(lines))


def levels(data) -> list[int]:
    assert torch.equal(data.images.amin((1, 2, 3)), data.images.amax((1, 2, 3))), "not the square"
    return (data.images[:, 0, 0, 0] // 10).tolist()


def test_celeba_in_torchvisions_layout_with_its_splits(tmp_path):
    write_celeba(tmp_path, partition=True)
    train, test = (load_dataset("celeba", tmp_path, image_size=64, split=split)
                   for split in ("train", "test"))  # fmt: skip
    assert (levels(train), levels(test)) == ([1, 2, 3, 4, 5, 6, 7], [8, 9, 10])
    assert train.shape == (3, 64, 64) and train.labels is None


def test_celeba_without_its_lists(tmp_path):
    write_celeba(tmp_path, partition=False)
    train, test = (load_dataset("celeba", tmp_path, image_size=8, split=split)
                   for split in ("train", "test"))  # fmt: skip
    assert len(test) == 1 and sorted(levels(train) + levels(test)) == list(range(1, 11))
    assert "drawn with a fixed seed (there is no list_eval_part" in train.facts.held_out
    old = load_dataset("celeba", tmp_path, image_size=8, holdout="tenth", layout=1)
    assert levels(old) == list(range(1, 10)), "as version 0.1 did"


def test_a_part_of_celeba_without_test_images_holds_out_a_tenth_and_says_so(tmp_path):
    write_celeba(tmp_path, partition=True)
    for index in range(8, 11):
        (tmp_path / f"celeba/img_align_celeba/{index:06d}.png").unlink()
    for index in range(11, 15):
        save(tmp_path / f"celeba/img_align_celeba/{index:06d}.png",
             np.full((218, 178, 3), 10 * index, np.uint8))  # fmt: skip
    test = load_dataset("celeba", tmp_path, image_size=8, split="test")
    assert len(test) == 1
    assert test.facts.held_out == (
        "a tenth, drawn with a fixed seed (list_eval_partition.txt names 7 of the 11 images, 0 as "
        "test images)"
    )
    old = load_dataset("celeba", tmp_path, image_size=8, split="test", holdout="tenth", layout=1)
    assert levels(old) == [13], "as version 0.1 did"


@pytest.mark.parametrize("name", ["list_eval_partition.txt", "list_eval_partition.csv",
                                  "Eval/list_eval_partition.txt"])  # fmt: skip
def test_celeba_is_matched_with_its_list_whatever_the_endings(tmp_path, name):
    write_celeba(tmp_path, partition=False)
    path = tmp_path / "celeba" / name
    path.parent.mkdir(exist_ok=True)
    mark = "," if name.endswith("csv") else " "
    lines = [f"{index:06d}.jpg{mark}{2 * int(index >= 8)}" for index in range(1, 11)]
    path.write_text("\n".join([f"image_id{mark}partition", *lines]))
    train, test = (load_dataset("celeba", tmp_path, image_size=8, split=split)
                   for split in ("train", "test"))  # fmt: skip
    assert (levels(train), levels(test)) == ([1, 2, 3, 4, 5, 6, 7], [8, 9, 10])
    assert train.facts.held_out.endswith("names 10 of the 10 images, 3 as test images")


def test_images_that_the_list_does_not_name_are_counted(tmp_path):
    write_celeba(tmp_path, partition=True)
    save(tmp_path / "celeba/img_align_celeba/own.png", np.zeros((218, 178, 3), np.uint8))
    data = load_dataset("celeba", tmp_path, image_size=8)
    assert "names 10 of the 11 images, 3 as test images" in data.facts.held_out and len(data) == 8


def test_celeba_is_cropped_to_178_where_there_is_more(tmp_path):
    random = np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    save(tmp_path / "celeba/a.png", random)
    data = load_dataset("celeba", tmp_path, image_size=178)
    assert np.array_equal(data.images[0].permute(1, 2, 0).numpy(), random[61:239, 61:239])


def test_a_missing_celeba_says_what_to_fetch_and_where_to_put_it(gan_lab_here, tmp_path):
    result = gan_lab_here("dataset=celeba", "logger=none")
    (line,) = result.stderr.splitlines()
    assert result.returncode == 1 and not (tmp_path / "runs").exists()
    for said in ("img_align_celeba.zip", "list_eval_partition.txt", "data/celeba", "by hand"):
        assert said in line


# --- Flowers102 ----------------------------------------------------------------------------------


def test_flowers102_in_torchvisions_layout_with_all_splits_together(tmp_path):
    numbers = np.random.default_rng(0).permutation(np.arange(1, 31))  # labels count from 1
    for index, number in enumerate(numbers, start=1):
        pixels = np.full((20, 30, 3), number, np.uint8)
        save(tmp_path / f"flowers-102/jpg/image_{index:05d}.jpg", pixels)
    savemat(tmp_path / "flowers-102/imagelabels.mat", {"labels": numbers[None]})
    splits = {"trnid": [[1, 2]], "valid": [[3]], "tstid": [list(range(4, 31))]}
    savemat(tmp_path / "flowers-102/setid.mat", splits)
    parts = [load_dataset("flowers", tmp_path, image_size=8, split=split)
             for split in ("train", "test")]  # fmt: skip
    assert [len(data) for data in parts] == [27, 3] and len(parts[0].classes) == 102
    for data in parts:  # the level of an image is its label
        assert (data.images[:, 0, 4, 4].int() - 1 - data.labels).abs().max() <= 1
    assert sorted(torch.cat([data.labels for data in parts]).tolist()) == list(range(30))


def test_a_folder_of_flowers_is_preferred(tmp_path):
    save(tmp_path / "flowers-102/jpg/image_00001.jpg", np.zeros((8, 8, 3), np.uint8))
    for name in ("rose", "tulip"):
        save(tmp_path / f"flowers/{name}/a.png", np.zeros((8, 8, 3), np.uint8))
    assert load_dataset("flowers", tmp_path, image_size=8).classes == ("rose", "tulip")


# --- CIFAR-10 ------------------------------------------------------------------------------------


def write_cifar(root: Path) -> None:
    folder = root / "cifar-10-batches-py"
    folder.mkdir()
    names = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
    for batch, name in enumerate(names):
        labels = [(batch + index) % 10 for index in range(20)]
        planes = np.array([[20 * label, 10 * label, label] for label in labels], np.uint8)
        pixels = np.repeat(planes, 1024, axis=1)
        content = {"batch_label": name, "labels": labels, "data": pixels}
        (folder / name).write_bytes(pickle.dumps(content, protocol=2))


def test_cifar10_in_torchvisions_layout(tmp_path):
    write_cifar(tmp_path)
    for split, count in (("train", 100), ("test", 20)):
        data = load_dataset("cifar10", tmp_path, split=split)
        assert data.images.shape == (count, 3, 32, 32) and data.classes[3] == "cat"
        expected = torch.stack([20 * data.labels, 10 * data.labels, data.labels], dim=1)
        assert torch.equal(data.images[:, :, 5, 9].long(), expected)


def test_a_pickle_runs_no_code(tmp_path):
    write_cifar(tmp_path)

    class Attack:
        def __reduce__(self):
            return Path.touch, (tmp_path / "attacked",)

    path = tmp_path / "cifar-10-batches-py/test_batch"
    path.write_bytes(pickle.dumps({"data": Attack(), "labels": []}))
    with pytest.raises(ValueError, match=r"test_batch is no batch of CIFAR-10"):
        cifar10(tmp_path, split="test")
    assert not (tmp_path / "attacked").exists()


@pytest.mark.parametrize("named", ["numpy.f2py.__main__\nencode", "numpy\nload", "numpy.core\nsys"])
def test_a_pickle_imports_no_module_but_those_of_arrays(tmp_path, named):
    write_cifar(tmp_path)
    path = tmp_path / "cifar-10-batches-py/test_batch"
    path.write_bytes(f"c{named}\n.".encode())
    with pytest.raises(ValueError, match=r"test_batch is no batch of CIFAR-10"):
        cifar10(tmp_path, split="test")


@pytest.mark.parametrize(
    ("name", "pieces"),
    [
        ("cifar10", ["cifar-10-python.tar.gz", "cifar-10-batches-py"]),
        ("fashion_mnist", ["FashionMNIST/raw"]),
        ("kmnist", ["KMNIST/raw"]),
        ("flowers", ["imagelabels.mat", "flowers-102"]),
    ],
)
def test_what_is_missing_is_one_line(gan_lab_here, name, pieces):
    result = gan_lab_here(f"dataset={name}", "logger=none", "channels=null")
    (line,) = result.stderr.splitlines()
    assert result.returncode == 1 and all(piece in line for piece in [*pieces, "data_root="])


# --- relatives of MNIST --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "folder", "first"),
    [("fashion_mnist", "FashionMNIST", "T-shirt/top"), ("kmnist", "KMNIST", "o")],
)
def test_relatives_of_mnist_have_their_own_folders_and_classes(
    tmp_path, data_root, name, folder, first
):
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "raw").symlink_to(data_root / "MNIST/raw")
    data = load_dataset(name, tmp_path, split="test")
    assert data.classes[0] == first and len(data) == 10_000


def test_stacked_mnist_spells_its_labels(data_root):
    data = stacked_mnist(data_root)
    assert data.images.shape == (128_000, 3, 28, 28) and len(data.classes) == 1000
    assert data.labels.unique().numel() == 1000 and data.classes[42] == "042"
    some = data.images[:2000]
    digits = [classify(load_mnistcnn_v1(), some[:, [channel]])[1].argmax(1).cpu()
              for channel in range(3)]  # fmt: skip
    right = 100 * digits[0] + 10 * digits[1] + digits[2] == data.labels[:2000]
    assert right.double().mean() > 0.97  # three digits, each right in 99 %
    with pytest.raises(ValueError, match="channels=1"):
        stacked_mnist(data_root, channels=1)


def test_stacked_mnist_is_the_same_each_time_and_at_32_pixels(data_root):
    first, again = (load_dataset("stacked_mnist", data_root, image_size=size) for size in (28, 32))
    assert again.shape == (3, 32, 32) and torch.equal(first.labels, again.labels)
    test = load_dataset("stacked_mnist", data_root, image_size=28, split="test")
    assert len(test) == 26_000 and not torch.equal(test.labels, first.labels[:26_000])
