"""What a step is fed: images, labels, latents and noise, functions of (seed, step, turn)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from gan_lab.data import ImageDataset, PointDataset, to_unit
from gan_lab.data.augment import MORE_NUMBERS, NUMBERS, Augmentation, crop_and_flip, differentiable
from gan_lab.losses import GanLoss
from gan_lab.training.rng import batch_indices, normal_at, uniform_at
from gan_lab.training.schedules import linear

Side = Literal["real", "fake"]  # of a comparison: whose images D is shown


@dataclass(frozen=True)
class Batches:
    """Draws for one run; the dataset's tensors lie on `device`, or in memory if they are large.

    `pack` images make one sample of the discriminator, of which a batch has batch_size / pack.
    With `noise_apart` what is done to D's images has random numbers of its own on real ones.
    """

    dataset: ImageDataset
    seed: int
    batch_size: int
    latent_dim: int
    discriminator_steps: int
    augmentation: Augmentation
    device: torch.device
    labelled: bool = False
    pack: int = 1
    instance_noise: float = 0.0
    instance_noise_steps: int = 1
    noise_apart: bool = False

    def real(self, step: int, turn: int) -> Tensor:
        """The real images of a discriminator turn: [B, C, H, W] in [-1, 1], or points [B, 2]."""
        images = self._rows(self.dataset.images, step, turn)
        if isinstance(self.dataset, PointDataset):
            return images
        if self.augmentation.load_scale > 1 or self.augmentation.flip:
            uniform, side = self._uniform(step, turn), self.dataset.shape[-1]
            images = crop_and_flip(images, side, self.augmentation.flip, uniform)
        return to_unit(images)

    def labels(self, step: int, turn: int) -> Tensor | None:
        """The labels [B] of a turn's real images, which its fakes share; None if unlabelled."""
        if not self.labelled:
            return None
        assert self.dataset.labels is not None, "only data with labels makes a labelled run"
        return self._rows(self.dataset.labels, step, turn)

    def latents(self, step: int, turn: int) -> Tensor:
        """The latents of a turn, standard normal: [B, latent_dim]."""
        shape = (self.batch_size, self.latent_dim)
        return normal_at(self.seed, "latents", shape, step, turn).to(self.device)

    def penalty_noise(self, step: int, turn: int, loss: GanLoss) -> dict[str, Tensor] | None:
        """The random numbers that the penalties asked for, or None if they asked for none.

        "uniform" is [B / pack], "normal" [B / pack, pack C, H, W].
        """
        asked = {name for penalty in loss.penalties.values() for name in penalty.noise}
        numbers: dict[str, Tensor] = {}
        if "uniform" in asked:
            count = self.batch_size // self.pack
            numbers["uniform"] = uniform_at(self.seed, "penalty", count, step, turn)
        if "normal" in asked:
            numbers["normal"] = normal_at(self.seed, "penalty_normal", self._judged, step, turn)
        return {name: drawn.to(self.device) for name, drawn in numbers.items()} or None

    def critic_noise(self, step: int, turn: int, side: Side = "fake") -> Tensor | None:
        """The instance noise [B / pack, pack C, H, W] of a turn; None where there is none."""
        scale = self.instance_noise * linear(step, self.instance_noise_steps)
        if scale == 0:
            return None
        noise = normal_at(self.seed, self._stream("instance_noise", side), self._judged, step, turn)
        return noise.to(self.device) * scale

    def critic_augment(
        self, step: int, turn: int, probability: Tensor | None = None, side: Side = "fake"
    ) -> Callable[[Tensor], Tensor] | None:
        """What is done to the images of a turn, real or generated, that D judges; or None.

        `probability`: of each policy, where it is ADA's; None: all apply.
        """
        if not self.augmentation.differentiable:
            return None
        policies, channels = self.augmentation.differentiable, self.dataset.shape[0]
        first = self._uniform(step, turn, self._stream("augment", side))
        more = self._uniform(step, turn, self._stream("augment_more", side), MORE_NUMBERS)
        uniform = torch.cat([first, more], dim=1)
        return differentiable(policies, channels, uniform, probability)

    def _stream(self, name: str, side: Side) -> str:
        return f"{name}_real" if self.noise_apart and side == "real" else name

    @property
    def _judged(self) -> tuple[int, ...]:
        """The shape of what D is shown in a turn: [B / pack, pack C, H, W]."""
        channels, *sides = self.dataset.shape
        return (self.batch_size // self.pack, self.pack * channels, *sides)

    def _uniform(
        self, step: int, turn: int, stream: str = "augment", each: int = NUMBERS
    ) -> Tensor:
        numbers = uniform_at(self.seed, stream, self.batch_size * each, step, turn)
        return numbers.view(self.batch_size, each).to(self.device)

    def _rows(self, data: Tensor, step: int, turn: int) -> Tensor:
        """The rows of a turn, on the device; data that do not fit there are drawn from outside."""
        draw = step * max(1, self.discriminator_steps) + turn
        indices = batch_indices(self.seed, draw, self.batch_size, len(self.dataset))
        return data[indices.to(data.device)].to(self.device)
