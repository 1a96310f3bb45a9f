"""What a step is fed: images, labels, latents and noise, functions of (seed, step, turn)."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_lab.data import ImageDataset, PointDataset, to_unit
from gan_lab.data.augment import NUMBERS, Augmentation, crop_and_flip, differentiable
from gan_lab.losses import GanLoss
from gan_lab.training.rng import batch_indices, normal_at, uniform_at
from gan_lab.training.schedules import linear


@dataclass(frozen=True)
class Batches:
    """Draws for one run; the dataset's tensors lie on `device`, or in memory if they are large.

    `pack` images make one sample of the discriminator, of which a batch has batch_size / pack.
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
        """The random numbers that the penalties asked for, or None: "uniform" is [B / pack]."""
        if not any("uniform" in penalty.noise for penalty in loss.penalties.values()):
            return None
        count = self.batch_size // self.pack
        return {"uniform": uniform_at(self.seed, "penalty", count, step, turn).to(self.device)}

    def critic_noise(self, step: int, turn: int) -> Tensor | None:
        """The instance noise [B / pack, pack C, H, W] of a turn; None where there is none."""
        scale = self.instance_noise * linear(step, self.instance_noise_steps)
        if scale == 0:
            return None
        channels, *sides = self.dataset.shape
        shape = (self.batch_size // self.pack, self.pack * channels, *sides)
        return normal_at(self.seed, "instance_noise", shape, step, turn).to(self.device) * scale

    def critic_augment(self, step: int, turn: int) -> Callable[[Tensor], Tensor] | None:
        """What is done to all images of a turn, real and generated, that D judges; or None."""
        if not self.augmentation.differentiable:
            return None
        channels, uniform = self.dataset.shape[0], self._uniform(step, turn)
        return differentiable(self.augmentation.differentiable, channels, uniform)

    def _uniform(self, step: int, turn: int) -> Tensor:
        count = self.batch_size * NUMBERS
        numbers = uniform_at(self.seed, "augment", count, step, turn)
        return numbers.view(self.batch_size, NUMBERS).to(self.device)

    def _rows(self, data: Tensor, step: int, turn: int) -> Tensor:
        """The rows of a turn, on the device; data that do not fit there are drawn from outside."""
        draw = step * max(1, self.discriminator_steps) + turn
        indices = batch_indices(self.seed, draw, self.batch_size, len(self.dataset))
        return data[indices.to(data.device)].to(self.device)
