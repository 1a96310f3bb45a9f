"""What scores look at: networks that turn images into features, with their identity."""

import hashlib
import io
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from gan_lab.common.cache import (
    Unfit,
    WithoutHash,
    find_kept,
    locked,
    make_private,
    read_kept,
    read_sealed,
    refuse_shared,
    remove,
    write_sealed,
)
from gan_lab.common.console import percent, say
from gan_lab.common.errors import RunError
from gan_lab.common.files import MOST_BYTES, new_file
from gan_lab.common.paths import expanded
from gan_lab.config.instantiate import instantiate
from gan_lab.config.run_config import RunConfig
from gan_lab.data import ImageDataset, with_channels
from gan_lab.evaluation.classifier import (
    MNISTCNN_V1,
    Classifier,
    Unfinished,
    accuracy,
    classifier_bytes,
    classifier_of_bytes,
    classify,
    load_mnistcnn_v1,
    train_classifier,
)
from gan_lab.training import build

Extracted = tuple[
    Tensor, Tensor | None
]  # features [N, d], and logits [N, classes] if it classifies
LoadSplit = Callable[[str, int | None], ImageDataset]  # (split, image_size or the run's own)

CONFUSED = 10  # pairs of classes that are named
SAVE_SECONDS = 0.5  # of training a classifier, which a kill may cost
INCEPTION_FILES = (
    "weights-inception-2015-12-05-6726825d.pth",  # torch-fidelity and torchmetrics
    "pt_inception-2015-12-05-6726825d.pth",  # pytorch-fid: the same bytes
)


@dataclass(frozen=True)
class Extractor:
    """A network with all that identifies what it measures.

    `extract` maps images (uint8 [N, C, H, W], of any size) to Extracted. Real images are given in
    `image_size`, or as the run's networks see them if that is None. With several `parts` a class is
    a number of so many digits, each of which is seen by itself.
    """

    name: str
    sha256: str
    resize: str
    image_size: int | None
    extract: Callable[[Tensor], Extracted]
    parts: int = 1


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
    refuse_shared(cache_dir)
    content = None
    with suppress(OSError, Unfit):
        content = _kept_classifier(path)
    trained = content is None
    if content is None:
        make_private(cache_dir)
        waiting = f"another process trains the classifier {path}; waiting for it"
        with locked(path, waiting):
            content = find_kept(partial(_kept_classifier, path)) or _train(path, train, epochs)
    classifier = classifier_of_bytes(content)
    if trained:
        for line in confusion_lines(classifier, test):
            say(f"classifier  {dataset_name}: {line}")
    share = accuracy(classifier, test.images, test.labels)
    if share < minimum_accuracy:
        raise RunError(
            f"the classifier of {dataset_name} is right on {percent(share)} of the test images, "
            f"under its gate of {percent(minimum_accuracy)}: samples cannot be judged by it."
        )
    sha256 = hashlib.sha256(content).hexdigest()
    return _classifier_extractor(f"{dataset_name}cnn-{sha256[:8]}", sha256, classifier, device)


def confusion_lines(classifier: Classifier, test: ImageDataset) -> Iterator[str]:
    """Yield how often a classifier is right on labelled images, and what it confuses most."""
    assert test.labels is not None
    _, logits = classify(classifier, with_channels(test.images, classifier.channels))
    pairs = Counter(zip(test.labels.tolist(), logits.argmax(1).tolist(), strict=True))
    right = sum(count for (label, taken), count in pairs.items() if label == taken)
    yield f"right on {percent(right / len(test))} of {len(test):,} test images"
    totals = test.labels.bincount(minlength=len(test.classes)).tolist()
    wrong = [(count, pair) for pair, count in pairs.items() if pair[0] != pair[1]]
    for count, (label, taken) in sorted(wrong, key=lambda one: (-one[0], one[1]))[:CONFUSED]:
        names = f"{test.classes[label]} taken for {test.classes[taken]}"
        yield f"{names}: {count} of {totals[label]}"


def _kept_classifier(path: Path) -> bytes:
    """Return the content of a classifier's file.

    Its hash lies in a file beside it, for the sha256 of the file itself names what it measures.
    Raises FileNotFoundError if there is none, Unfit if it is not what was trained.
    """
    content = read_kept(path, MOST_BYTES)
    try:
        sha256 = read_sealed(path.with_suffix(".json"), str)
    except FileNotFoundError:
        raise WithoutHash(path) from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise Unfit(path)
    try:
        classifier_of_bytes(content)
    except ValueError as error:
        raise Unfit(path) from error
    return content


def _train(path: Path, train: ImageDataset, epochs: int) -> bytes:
    """Train a classifier and write it to `path`; return the content of the file.

    A training that is killed goes on where it last saved.
    """
    assert train.labels is not None
    unfinished, saved = path.with_suffix(".pt"), time.monotonic()

    def keep(state: Callable[[], Unfinished]) -> None:
        nonlocal saved
        if time.monotonic() - saved > SAVE_SECONDS:
            _write_unfinished(unfinished, state())
            saved = time.monotonic()

    classifier = train_classifier(
        train.images,
        train.labels,
        len(train.classes),
        epochs=epochs,
        start=find_kept(partial(_read_unfinished, unfinished)),
        keep=keep,
    )
    content = classifier_bytes(classifier)
    # The hash first: after a kill between the two there is none without a file.
    write_sealed(path.with_suffix(".json"), hashlib.sha256(content).hexdigest())
    with new_file(path) as file:
        file.write(content)
    remove(unfinished)
    return content


def _write_unfinished(path: Path, state: Unfinished) -> None:
    """Write the hash of a state in its first line, then the state."""
    content = io.BytesIO()
    torch.save(state, content)
    with new_file(path) as file:
        file.write(hashlib.sha256(content.getbuffer()).hexdigest().encode() + b"\n")
        file.write(content.getbuffer())


def _read_unfinished(path: Path) -> Unfinished:
    """Return what `_write_unfinished` wrote.

    Raises FileNotFoundError if there is nothing, Unfit if it is something else.
    """
    kept = read_kept(path, MOST_BYTES)
    if kept.startswith(b"PK"):  # as torch.save begins
        raise WithoutHash(path)
    sha256, _, content = kept.partition(b"\n")
    if hashlib.sha256(content).hexdigest().encode() != sha256:
        raise Unfit(path)
    try:
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # pickle and zip files fail in many ways
        raise Unfit(path) from error
    if not isinstance(state, dict) or state.keys() != Unfinished.__annotations__.keys():
        raise Unfit(path)
    return cast(Unfinished, state)


def stacked_classifier(device: torch.device, name: str) -> Extractor:
    """Return a shipped classifier of digits that sees each of three channels by itself.

    Features are those of the channels beside each other [N, 192]; the logits [N, 1000] of a triple
    are the sums of its digits' log-probabilities. Raises ValueError for another name.
    """
    single = shipped_classifier(device, name)

    def extract(images: Tensor) -> Extracted:
        features, logits = zip(*(single.extract(channel) for channel in images.split(1, dim=1)),
                               strict=True)  # fmt: skip
        first, second, third = (one.log_softmax(1) for one in logits)
        joint = first[:, :, None, None] + second[:, None, :, None] + third[:, None, None, :]
        return torch.cat(features, dim=1), joint.flatten(1)

    return replace(single, name=f"{name}x3", extract=extract, parts=3)


def _classifier_extractor(
    name: str, sha256: str, classifier: Classifier, device: torch.device
) -> Extractor:
    classifier.to(device)

    def extract(images: Tensor) -> Extracted:
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

    path = expanded(weights) if weights else inception_file()
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
    try:
        torch.load(path, weights_only=True)  # torch-fidelity loads it in the way that can run code
        network = FeatureExtractorInceptionV3(
            "inception-v3-compat",
            ["2048", "logits_unbiased"],
            feature_extractor_weights_path=str(path),
        ).to(device)
    except Exception as error:  # pickle and zip files fail in many ways
        reason = str(error).splitlines()[0]
        raise RunError(f"{path} holds no weights of FID's Inception ({reason}).") from error

    @torch.inference_mode()
    def extract(images: Tensor) -> Extracted:
        parts = [network(part.to(device)) for part in with_channels(images, 3).split(50)]
        features, logits = (torch.cat([both[i].cpu() for both in parts]) for i in (0, 1))
        return features, logits

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


def content_hash(data: ImageDataset) -> str:
    """Return 12 hex digits of a dataset's images and labels."""
    digest = hashlib.sha256(str(tuple(data.images.shape)).encode())
    digest.update(data.images.contiguous().numpy().data)  # not copied: it may be mapped
    if data.labels is not None:
        digest.update(data.labels.numpy().tobytes())
    return digest.hexdigest()[:12]


def classifier_of(config: RunConfig, device: torch.device) -> Extractor:
    """Return the network that knows the classes of the run's dataset, which must have one."""
    assert config.dataset.classifier is not None

    def load_split(split: str, image_size: int | None) -> ImageDataset:
        size = config.image_size if image_size is None else image_size
        return build.dataset(config, split=split, image_size=size)

    classifier: Extractor = instantiate(
        config.dataset.classifier,
        load_split=load_split,
        cache_dir=expanded(config.runtime.cache_dir),
        device=device,
        dataset_name=config.choices.dataset,
    )
    return classifier
