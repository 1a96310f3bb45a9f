"""A small classifier whose 64 features judge images that Inception was never meant for.

No network for MNIST is canonical, so a distance in these features compares only with distances from
the same weights: `mnistcnn-v1` comes with the package, and the sha256 of its file belongs to every
score made with it. The layout is that of LeNet (LeCun et al. 1998) with strides for pooling.
"""

import copy
import hashlib
import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypedDict

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, interpolate

from gan_lab.common.files import new_file

# (file in weights/, its sha256), written by weights/train_mnistcnn.py
MNISTCNN_V1 = (
    "mnistcnn-v1.safetensors",
    "b07c7d981ed5bd6f4e08e79bb707bc3c45e8e840b379def8010d23dd4b8e3c37",
)


class Classifier(nn.Module):
    """Strided convolutions until the side is 4 to 7, then 64 features, then a logit for each class.

    Takes uint8 images [B, C, H, W] only, of any size: quantising and resizing are part of a
    measure, so floats, whose history is unknown, are refused.
    """

    def __init__(self, channels: int, classes: int, image_size: int):
        super().__init__()
        self.channels, self.classes, self.image_size = channels, classes, image_size
        layers: list[nn.Module] = []
        width, side = channels, image_size
        while side > 7:
            kernel, wider = (3, 32) if layers else (5, 24)
            layers += [
                nn.Conv2d(width, wider, kernel, stride=2, padding=kernel // 2, bias=False),
                nn.BatchNorm2d(wider),
                nn.ReLU(),
            ]
            width, side = wider, (side + 1) // 2
        self.trunk = nn.Sequential(*layers, nn.Flatten())
        self.features = nn.Linear(width * side**2, 64)
        self.logits = nn.Linear(64, classes)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return features [B, 64] after ReLU and logits [B, classes] of uint8 [B, C, H, W].

        Raises ValueError for another dtype or number of channels.
        """
        images = resize(images, self.image_size)
        if images.shape[1] != self.channels:
            raise ValueError(
                f"the classifier sees {self.channels} channels, the images have {images.shape[1]}"
            )
        pixels = images.to(self.logits.weight.dtype) / 127.5 - 1
        features = self.features(self.trunk(pixels)).relu()
        return features, self.logits(features)


def resize(images: Tensor, size: int) -> Tensor:
    """Return uint8 images [N, C, H, W] as uint8 [N, C, size, size]; the same object if they are so.

    Larger images become those whose bilinear enlargement is nearest to them (least squares), which
    undoes an enlargement up to the rounding of its pixels: MNIST sent to 32 pixels and back differs
    by at most 3 grey levels, 0.06 on average, and keeps its distance of 0.94 to the training
    images, where bilinear shrinking makes 23 of it and bicubic 6. Smaller images are
    enlarged bilinearly. Raises ValueError for anything but uint8 images.
    """
    if images.dtype != torch.uint8 or images.ndim != 4:
        shape = list(images.shape)
        raise ValueError(f"images must be uint8 [N, C, H, W], got {images.dtype} {shape}")
    if images.shape[-2:] == (size, size):
        return images
    rows, columns = (_resampling(side, size).to(images.device) for side in images.shape[-2:])
    resized = rows @ images.to(torch.float32) @ columns.T
    return resized.round_().clamp_(0, 255).to(torch.uint8)


@lru_cache
def _resampling(side: int, size: int) -> Tensor:
    """Return the matrix [size, side] that resamples one axis."""
    if size >= side:
        return _enlargement(side, size).to(torch.float32)
    reduction: Tensor = torch.linalg.pinv(_enlargement(size, side))
    return reduction.to(torch.float32)


def _enlargement(side: int, size: int) -> Tensor:
    """Return the matrix [size, side] of a bilinear enlargement: its columns are enlarged pixels."""
    pixels = torch.eye(side, dtype=torch.float64).unsqueeze(0)
    return interpolate(pixels, size, mode="linear", align_corners=False).squeeze(0).T


class Unfinished(TypedDict):
    """A training of a classifier after a batch: all that it goes on from."""

    step: int
    order: Tensor
    generator: Tensor
    classifier: dict[str, Any]
    optimizer: dict[str, Any]
    schedule: dict[str, Any]


def train_classifier(
    images: Tensor,
    labels: Tensor,
    classes: int,
    *,
    epochs: int,
    seed: int = 0,
    batch_size: int = 128,
    learning_rate: float = 3e-3,
    image_size: int | None = None,
    start: Unfinished | None = None,
    keep: Callable[[Callable[[], Unfinished]], None] | None = None,
) -> Classifier:
    """Return a classifier (eval mode, CPU) of uint8 images [N, C, H, W] with int labels [N].

    AdamW under a one-cycle schedule (Smith and Topin 2018) on images moved by up to one pixel.
    `image_size` is what the classifier sees, by default the images' height. The weights have the
    same bits for the same seed and number of threads; no global random state is read or changed.
    `keep` is called after each batch with a function that returns the state of the training, from
    which, as `start`, it goes on to the same bits. Raises ValueError if images and labels do not go
    together.
    """
    labels = labels.long()
    if labels.shape != images.shape[:1] or not len(labels):
        raise ValueError(f"{len(images)} images cannot have labels of shape {list(labels.shape)}")
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(f"labels must be 0 to {classes - 1}, got {labels.min()} to {labels.max()}")
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would reseed CUDA as well
        classifier = Classifier(images.shape[1], classes, image_size or images.shape[2])
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(classifier.parameters(), learning_rate, fused=True)
    batch_size = min(batch_size, len(images))
    batches = len(images) // batch_size
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, learning_rate, total_steps=epochs * batches
    )
    step, order = 0, torch.empty(0)
    if start is not None:
        step, order = start["step"], start["order"]
        generator.set_state(start["generator"])
        classifier.load_state_dict(start["classifier"])
        optimizer.load_state_dict(start["optimizer"])
        schedule.load_state_dict(start["schedule"])

    def state() -> Unfinished:
        return {
            "step": step,
            "order": order,
            "generator": generator.get_state(),
            "classifier": classifier.state_dict(),
            "optimizer": optimizer.state_dict(),
            "schedule": schedule.state_dict(),
        }

    while step < epochs * batches:
        place = step % batches * batch_size
        if place == 0:
            order = torch.randperm(len(images), generator=generator)
        rows = order[place : place + batch_size]
        batch = _shift(resize(images[rows], classifier.image_size), generator)
        loss = cross_entropy(classifier(batch)[1], labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        step += 1
        if keep is not None:
            keep(state)
    return classifier.eval()


def classify(
    classifier: Classifier, images: Tensor, batch_size: int = 500
) -> tuple[Tensor, Tensor]:
    """Return features [N, 64] and logits [N, classes] of uint8 images [N, C, H, W], in float64.

    In float64 neither batch size nor threads nor TF32 change a score, and 10,000 digits still take
    a second. Computed and returned on the device of the classifier.
    """
    double = copy.deepcopy(classifier).double().eval()
    device = double.logits.weight.device
    with torch.inference_mode():
        parts = [double(batch.to(device)) for batch in images.split(batch_size)]
    features, logits = zip(*parts, strict=True)
    return torch.cat(features), torch.cat(logits)


def accuracy(classifier: Classifier, images: Tensor, labels: Tensor) -> float:
    """Return the share in [0, 1] of uint8 images [N, C, H, W] that get their label [N]."""
    _, logits = classify(classifier, images)
    return (logits.argmax(1).cpu() == labels.cpu()).double().mean().item()


def classifier_bytes(classifier: Classifier) -> bytes:
    """Return weights and architecture as the content of a safetensors file."""
    names = ("channels", "classes", "image_size")
    architecture = {name: getattr(classifier, name) for name in names}
    # One key only: safetensors writes metadata in random order, and the bytes would differ.
    metadata = {"classifier": json.dumps(architecture)}
    content: bytes = safetensors.torch.save(classifier.state_dict(), metadata)
    return content


def classifier_of_bytes(content: bytes) -> Classifier:
    """Return the classifier (eval mode, CPU) of `classifier_bytes`; ValueError if it is none."""
    try:
        weights = safetensors.torch.load(content)
        architecture = json.loads(metadata_of(content)["classifier"])
        with torch.device("meta"):  # draws no random numbers
            classifier = Classifier(**architecture)
        classifier.load_state_dict(weights, assign=True)
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"not a file of save_classifier ({reason})") from error
    return classifier.eval()


def metadata_of(content: bytes) -> dict[str, str]:
    """Return the texts that go with the tensors of a safetensors file, which has been loaded."""
    length = int.from_bytes(content[:8], "little")
    texts: dict[str, str] = json.loads(content[8 : 8 + length]).get("__metadata__") or {}
    return texts


def save_classifier(path: str | Path, classifier: Classifier) -> str:
    """Write weights and architecture to one safetensors file and return its sha256."""
    content = classifier_bytes(classifier)
    with new_file(Path(path)) as file:
        file.write(content)
    return hashlib.sha256(content).hexdigest()


def load_classifier(path: str | Path, sha256: str | None = None) -> Classifier:
    """Return the classifier in a file of `save_classifier` (eval mode, CPU).

    Raises FileNotFoundError, and ValueError in one line if the file has another sha256 than the
    one given or is not a classifier.
    """
    content = Path(path).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if sha256 is not None and found != sha256:
        raise ValueError(f"{path}: its sha256 is {found}, expected {sha256}; restore the file")
    try:
        return classifier_of_bytes(content)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def load_mnistcnn_v1() -> Classifier:
    """Return the shipped classifier of MNIST digits, 28x28 grey, 99.4 % on the test images."""
    name, sha256 = MNISTCNN_V1
    return load_classifier(Path(__file__).with_name("weights") / name, sha256)


def _shift(images: Tensor, generator: torch.Generator) -> Tensor:
    """Move each image by -1, 0 or 1 pixels along both axes; the border is repeated."""
    count, channels, height, width = images.shape
    shifts = torch.randint(-1, 2, (2, count, 1, 1, 1), generator=generator)
    samples = torch.arange(count).view(-1, 1, 1, 1)
    channel = torch.arange(channels).view(-1, 1, 1)
    rows = (torch.arange(height).view(-1, 1) + shifts[0]).clamp(0, height - 1)
    columns = (torch.arange(width) + shifts[1]).clamp(0, width - 1)
    return images[samples, channel, rows, columns]
