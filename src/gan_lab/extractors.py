"""What scores look at: networks that turn images into features, with their identity."""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from gan_lab.data import ImageDataset, with_channels
from gan_lab.errors import RunError
from gan_lab.metrics import (
    MNISTCNN_V1,
    Classifier,
    Moments,
    accuracy,
    classify,
    frechet,
    load_classifier,
    load_mnistcnn_v1,
    moments,
    save_classifier,
    train_classifier,
)

Features = tuple[Tensor, Tensor | None]  # features [N, d], and logits [N, classes] if it classifies
LoadSplit = Callable[[str, int | None], ImageDataset]  # (split, image_size or the run's own)

REFERENCE = "reference-2"  # a new number whenever what is cached changes
INCEPTION_FILES = (
    "weights-inception-2015-12-05-6726825d.pth",  # torch-fidelity and torchmetrics
    "pt_inception-2015-12-05-6726825d.pth",  # pytorch-fid: the same bytes
)


@dataclass(frozen=True)
class Extractor:
    """A network with all that identifies what it measures.

    `extract` maps images (uint8 [N, C, H, W], of any size) to Features. Real images are given in
    `image_size`, or as the run's networks see them if that is None.
    """

    name: str
    sha256: str
    resize: str
    image_size: int | None
    extract: Callable[[Tensor], Features]


@dataclass(frozen=True)
class Reference:
    """The real side of a score: moments of the training split, and the test split against it."""

    moments: Moments
    floors: dict[str, float]


def shipped_classifier(device: torch.device, name: str) -> Extractor:
    """Return the classifier that comes with the package: `mnistcnn-v1`, which sees 28x28.

    Raises ValueError for another name.
    """
    if name != "mnistcnn-v1":
        raise ValueError(f"no classifier {name!r} comes with gan_lab; there is mnistcnn-v1.")
    return _classifier_extractor(name, MNISTCNN_V1[1], load_mnistcnn_v1(), device)


def trained_classifier(
    load_split: LoadSplit,
    cache_dir: Path,
    device: torch.device,
    dataset_name: str,
    image_size: int,
    epochs: int,
    minimum_accuracy: float,
) -> Extractor:
    """Return a classifier of the dataset's own labels, trained on first use and then cached.

    Raises RunError if it is wrong too often on the test split to judge samples.
    """
    train, test = load_split("train", image_size), load_split("test", image_size)
    assert train.labels is not None and test.labels is not None
    path = cache_dir / f"classifier-{content_hash(train)}-{image_size}-{epochs}.safetensors"
    if not path.is_file():
        classifier = train_classifier(train.images, train.labels, len(train.classes), epochs=epochs)
        cache_dir.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        save_classifier(temporary, classifier)
        temporary.replace(path)
    classifier = load_classifier(path)
    share = accuracy(classifier, test.images, test.labels)
    if share < minimum_accuracy:
        raise RunError(
            f"the classifier of {dataset_name} is right on {share:.1%} of the test images, under "
            f"its gate of {minimum_accuracy:.0%}: samples cannot be judged by it."
        )
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return _classifier_extractor(f"{dataset_name}cnn-{sha256[:8]}", sha256, classifier, device)


def _classifier_extractor(
    name: str, sha256: str, classifier: Classifier, device: torch.device
) -> Extractor:
    classifier.to(device)

    def extract(images: Tensor) -> Features:
        features, logits = classify(classifier, with_channels(images, classifier.channels))
        return features.cpu(), logits.cpu()

    return Extractor(
        name=name,
        sha256=sha256,
        resize=f"least squares to {classifier.image_size}, rounded to bytes",
        image_size=classifier.image_size,
        extract=extract,
    )


def inception(device: torch.device, weights: str | None, sha256: str, download: bool) -> Extractor:
    """Return FID's Inception network as torch-fidelity has it, with its TensorFlow-1 resize.

    `weights` is a local file; None takes torch-fidelity's own download, fetching it if `download`.
    Raises RunError with the way to get the file if there is none, or if its sha256 is another.
    """
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    path = Path(weights).expanduser() if weights else inception_file()
    if path is None and download:
        _download_inception(FeatureExtractorInceptionV3)
        path = inception_file()
    if path is None or not path.is_file():
        raise RunError(
            f"FID needs Inception weights, and {path or 'its download'} is not there: with a "
            "network, `gan-lab evaluate RUN --scores fid` fetches them; without one, copy "
            f"{INCEPTION_FILES[0]} here and name it with --inception-weights."
        )
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != sha256:
        raise RunError(
            f"{path} is not the file that FID is defined by: its sha256 is {found[:12]}..., not "
            f"{sha256[:12]}...; fetch it again (or name your own with --inception-sha256)."
        )
    torch.load(path, weights_only=True)  # torch-fidelity loads it in the way that can run code
    network = FeatureExtractorInceptionV3(
        "inception-v3-compat", ["2048"], feature_extractor_weights_path=str(path)
    ).to(device)

    @torch.inference_mode()
    def extract(images: Tensor) -> Features:
        rgb = with_channels(images, 3)
        return torch.cat([network(part.to(device))[0].cpu() for part in rgb.split(50)]), None

    return Extractor(
        name="inception-v3-compat",
        sha256=sha256,
        resize="TensorFlow-1 bilinear to 299, as torch-fidelity",
        image_size=None,
        extract=extract,
    )


def inception_file() -> Path | None:
    """Return where torch's hub keeps the Inception weights of FID, if it does."""
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    return next((folder / name for name in INCEPTION_FILES if (folder / name).is_file()), None)


def _download_inception(network: type) -> None:
    try:
        network("inception-v3-compat", ["2048"])
    except Exception as error:  # torch.hub raises what the socket does
        raise RunError(
            f"the Inception weights could not be downloaded ({str(error).splitlines()[0]}); copy "
            f"{INCEPTION_FILES[0]} here and name it with --inception-weights."
        ) from error


def reference(extractor: Extractor, load_split: LoadSplit, cache_dir: Path) -> Reference:
    """Return the real side for an extractor, from the cache if this very data was seen before."""
    from safetensors import SafetensorError, safe_open
    from safetensors.torch import save_file

    train = load_split("train", extractor.image_size)
    path = cache_dir / f"{REFERENCE}-{extractor.sha256[:12]}-{content_hash(train)}.safetensors"
    try:
        with safe_open(path, "pt") as file:
            floors = json.loads(file.metadata()["floors"])
            count = int(file.metadata()["count"])
            real = Moments(file.get_tensor("mean"), file.get_tensor("factor"), count)
        return Reference(real, floors)
    except (FileNotFoundError, SafetensorError, KeyError):
        pass
    real = moments(extractor.extract(train.images)[0])
    test = load_split("test", extractor.image_size)
    floors = describe(extractor.extract(test.images), real, test.labels)
    cache_dir.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    save_file(
        {"mean": real.mean, "factor": real.factor},
        temporary,
        {"floors": json.dumps(floors), "count": str(real.count)},
    )
    temporary.replace(path)
    return Reference(real, floors)


def describe(features: Features, real: Moments, labels: Tensor | None = None) -> dict[str, float]:
    """Return the scores of images from their features, against the real training images.

    `frechet`: the Fréchet distance. From logits: `confident`, the share with a probability over
    0.9; `smallest_class` and `largest_class`, the shares of the rarest and commonest prediction;
    `agreement`, the share of predictions that are the labels [N] asked for, where there are any.
    """
    values, logits = features
    scores = {"frechet": frechet(real, moments(values))}
    if logits is not None:
        probabilities = logits.softmax(1)
        shares = probabilities.argmax(1).bincount(minlength=logits.shape[1]).double() / len(logits)
        scores["confident"] = float((probabilities.amax(1) > 0.9).double().mean())
        scores["smallest_class"] = float(shares.min())
        scores["largest_class"] = float(shares.max())
        if labels is not None:
            scores["agreement"] = float((logits.argmax(1) == labels).double().mean())
    return scores


def content_hash(data: ImageDataset) -> str:
    """Return 12 hex digits of a dataset's images and labels."""
    digest = hashlib.sha256(str(tuple(data.images.shape)).encode())
    digest.update(data.images.contiguous().numpy().data)  # not copied: it may be mapped
    if data.labels is not None:
        digest.update(data.labels.numpy().tobytes())
    return digest.hexdigest()[:12]
