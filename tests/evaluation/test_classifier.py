"""The classifier behind the scores: shipped weights, exact repetition, honest failures."""

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from gan_lab.data.files.idx import read_idx
from gan_lab.evaluation import classifier as module
from gan_lab.evaluation.classifier import (
    MNISTCNN_V1,
    Classifier,
    accuracy,
    classify,
    load_classifier,
    load_mnistcnn_v1,
    resize,
    save_classifier,
    train_classifier,
)
from gan_lab.metrics import frechet, moments

SHIPPED = Path(module.__file__).with_name("weights") / MNISTCNN_V1[0]


def noise(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)


@pytest.fixture(scope="module")
def mnist() -> dict[str, tuple[Tensor, Tensor]]:
    folder = Path(os.environ.get("GAN_LAB_DATA", "data")) / "MNIST/raw"
    splits = {}
    for stem in ("train", "t10k"):
        paths = [folder / f"{stem}-{kind}-ubyte.gz" for kind in ("images-idx3", "labels-idx1")]
        if not all(path.is_file() for path in paths):
            pytest.skip(f"no MNIST in {folder}; set GAN_LAB_DATA to what holds MNIST/raw")
        images, labels = (torch.from_numpy(read_idx(path)) for path in paths)
        splits[stem] = images.unsqueeze(1), labels
    return splits


@pytest.fixture(scope="module")
def mnist_features(mnist) -> dict[str, Tensor]:
    classifier = load_mnistcnn_v1()
    return {stem: classify(classifier, images)[0] for stem, (images, _) in mnist.items()}


def test_shipped_file_is_the_one_in_the_code():
    content = SHIPPED.read_bytes()
    assert hashlib.sha256(content).hexdigest() == MNISTCNN_V1[1]
    assert len(content) < 600_000
    classifier = load_mnistcnn_v1()
    assert (classifier.channels, classifier.classes, classifier.image_size) == (1, 10, 28)
    assert not classifier.training


def test_shipped_classifier_reads_mnist(mnist):
    assert accuracy(load_mnistcnn_v1(), *mnist["t10k"]) > 0.99


def test_floor_of_real_against_real(mnist_features):
    train, test = mnist_features["train"], mnist_features["t10k"]
    assert 0.5 < frechet(moments(train), moments(test)) < 4
    assert 0 < frechet(moments(train[:30_000]), moments(train[30_000:])) < 1


def test_what_is_worse_is_further_away(mnist, mnist_features):
    images, labels = mnist["t10k"]
    classifier, real = load_mnistcnn_v1(), moments(mnist_features["train"])
    no_eights = mnist_features["t10k"][labels != 8]
    only_ones = mnist_features["t10k"][labels == 1]
    random = classify(classifier, noise(*images.shape))[0]
    distances = [frechet(real, moments(fake)) for fake in (no_eights, only_ones, random)]
    assert 5 < distances[0] < 50 and min(distances[1:]) > 300


def test_results_do_not_depend_on_the_batch_size():
    classifier, images = load_mnistcnn_v1(), noise(23, 1, 32, 32)
    singles, together = classify(classifier, images, 1), classify(classifier, images)
    for one, other in zip(singles, together, strict=True):
        assert one.dtype == torch.float64
        torch.testing.assert_close(one, other, rtol=0, atol=1e-6)


def test_features_are_the_input_of_the_logits():
    classifier = Classifier(3, 5, 64)
    features, logits = classify(classifier, noise(7, 3, 64, 64))
    assert features.shape == (7, 64) and features.min() == 0 < features.max()
    layer = classifier.logits
    torch.testing.assert_close(logits, features @ layer.weight.double().T + layer.bias.double())


def test_classify_leaves_the_classifier_alone():
    classifier = Classifier(1, 10, 28).train()
    before = {name: value.clone() for name, value in classifier.state_dict().items()}
    classify(classifier, noise(8, 1, 28, 28))
    assert classifier.training
    for name, value in classifier.state_dict().items():
        assert value.dtype == before[name].dtype and torch.equal(value, before[name])


@pytest.mark.parametrize("size", [4, 7, 8, 28, 32, 48, 64, 100, 128])
def test_every_image_size_gives_64_features(size):
    features, logits = Classifier(1, 3, size)(noise(2, 1, size, size))
    assert features.shape == (2, 64) and logits.shape == (2, 3)


def test_resize_keeps_bytes_and_flat_images():
    images = noise(3, 3, 28, 28)
    assert resize(images, 28) is images
    flat = torch.arange(256, dtype=torch.uint8).view(256, 1, 1, 1).expand(256, 1, 28, 28)
    for size in (8, 32, 64):
        assert torch.equal(resize(flat, size), flat[..., :1, :1].expand(256, 1, size, size))
    stripes = (torch.arange(16) % 2 * 255).to(torch.uint8).expand(1, 1, 16, 16)
    assert set(resize(stripes, 64).flatten().tolist()) >= {0, 255}  # clamped, not wrapped around


@pytest.mark.parametrize("size", [32, 48, 64])
def test_resize_undoes_torchs_bilinear_enlargement(size):
    images = noise(4, 1, 28, 28)
    enlarged = interpolate(images.double(), (size, size), mode="bilinear", antialias=True)
    back = resize(enlarged.round().to(torch.uint8), 28)
    # Rounding to bytes errs by up to 0.5, which the inverse enlarges a little.
    assert (back.int() - images.int()).abs().max() <= 4
    assert (back.int() - images.int()).abs().double().mean() < 0.5


@pytest.mark.parametrize(
    ("images", "reason"),
    [
        (torch.zeros(2, 1, 28, 28), "uint8"),
        (noise(2, 28, 28), r"\[2, 28, 28\]"),
        (noise(2, 3, 28, 28), "1 channels, the images have 3"),
    ],
)
def test_wrong_images_are_one_line(images, reason):
    with pytest.raises(ValueError, match=reason) as caught:
        classify(Classifier(1, 10, 28), images)
    assert "\n" not in str(caught.value)


def weights(seed: int) -> dict[str, Tensor]:
    images, labels = noise(96, 1, 16, 16), torch.arange(96) % 3
    return train_classifier(images, labels, 3, epochs=2, seed=seed, batch_size=32).state_dict()


def test_training_repeats_bit_for_bit_and_touches_no_global_state():
    first = weights(seed=0)
    torch.rand(5)
    random_state, threads = torch.get_rng_state(), torch.get_num_threads()
    again, other = weights(seed=0), weights(seed=1)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not any(torch.equal(first[name], other[name]) for name in first if "weight" in name)
    assert torch.equal(torch.get_rng_state(), random_state)
    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.slow
def test_a_training_that_is_killed_again_and_again_ends_with_the_same_bits(tmp_path):
    """Killed at whatever batch, it goes on where it last saved."""
    program = """if True:
        import sys, torch
        from pathlib import Path
        from gan_lab.evaluation import extractors
        from gan_lab.data import digits
        extractors.SAVE_SECONDS = 0.0
        extractors.trained_classifier(
            lambda split, size: digits(size, split=split),
            Path(sys.argv[1]), torch.device("cpu"), "digits", 16, 2, 0.0)
    """
    command = [sys.executable, "-c", program, "FOLDER"]
    undisturbed, disturbed = tmp_path / "one", tmp_path / "two"
    command[-1] = str(undisturbed)
    subprocess.run(command, check=True)
    command[-1], kills = str(disturbed), 0
    while not list(disturbed.glob("*.safetensors")):
        process = subprocess.Popen(command)
        before = saved_at(disturbed)
        while process.poll() is None and saved_at(disturbed) == before:
            time.sleep(0.01)
        kills += process.poll() is None
        process.kill()
        process.wait()
    assert kills >= 2
    (one,), (two,) = (list(folder.glob("*.safetensors")) for folder in (undisturbed, disturbed))
    assert one.name == two.name and one.read_bytes() == two.read_bytes()
    assert not list(disturbed.glob("*.pt"))


def saved_at(folder: Path) -> int:
    """When the unfinished classifier of a folder was last saved; 0 for never."""
    try:
        return next((path.stat().st_mtime_ns for path in folder.glob("*.pt")), 0)
    except FileNotFoundError:
        return 0


def test_digits_are_learned_from_1437_images():
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = torch.from_numpy(bunch.images * 15.9375).round().to(torch.uint8).unsqueeze(1)
    labels = torch.from_numpy(bunch.target)
    classifier = train_classifier(images[:1437], labels[:1437], 10, epochs=20, image_size=32)
    assert accuracy(classifier, images[1437:], labels[1437:]) > 0.95


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (torch.zeros(5), "4 images cannot have labels of shape"),
        (torch.tensor([0, 1, 2, 3]), "0 to 2, got 0 to 3"),
        (torch.tensor([0, 1, 2, -1]), "0 to 2, got -1 to 2"),
    ],
)
def test_wrong_labels_are_one_line(labels, reason):
    with pytest.raises(ValueError, match=reason) as caught:
        train_classifier(noise(4, 1, 8, 8), labels, 3, epochs=1)
    assert "\n" not in str(caught.value)


def test_a_file_is_all_that_loading_needs(tmp_path):
    classifier = Classifier(3, 17, 48)
    sha256 = save_classifier(tmp_path / "one", classifier)
    assert save_classifier(tmp_path / "two", classifier) == sha256
    random_state = torch.get_rng_state()
    loaded = load_classifier(tmp_path / "one", sha256)
    assert torch.equal(torch.get_rng_state(), random_state)
    images = noise(4, 3, 48, 48)
    for one, other in zip(classify(classifier, images), classify(loaded, images), strict=True):
        assert torch.equal(one, other)


def test_a_changed_file_is_refused(tmp_path):
    path = tmp_path / "changed"
    content = bytearray(SHIPPED.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"expected {MNISTCNN_V1[1]}") as caught:
        load_classifier(path, MNISTCNN_V1[1])
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not weights at all",
        SHIPPED.read_bytes()[:-100],
        safetensors.torch.save({"weight": torch.zeros(3)}),
        safetensors.torch.save({"weight": torch.zeros(3)}, {"classifier": "{}"}),
        safetensors.torch.save(
            {"weight": torch.zeros(3)},
            {"classifier": '{"channels": 1, "classes": 10, "image_size": 28}'},
        ),
    ],
    ids=["empty", "text", "cut", "no metadata", "no architecture", "other weights"],
)
def test_a_file_without_a_classifier_is_one_line(tmp_path, content):
    path = tmp_path / "wrong"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="not a file of save_classifier") as caught:
        load_classifier(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_a_missing_file_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_classifier(tmp_path / "nothing")
