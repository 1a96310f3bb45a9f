"""What a step is fed: images, labels, latents and noise, functions of (seed, step, turn)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from gan_lab.data import ImageDataset, PointDataset, to_unit
from gan_lab.losses import GanLoss
from gan_lab.position import batch_indices, normal_at, uniform_at


@dataclass(frozen=True)
class Inputs:
    """Draws for one run; the dataset's tensors lie on the device that the networks use.

    `pack` images make one sample of the discriminator, of which a batch has batch_size / pack.
    """

    dataset: ImageDataset
    seed: int
    batch_size: int
    latent_dim: int
    discriminator_steps: int
    labelled: bool = False
    pack: int = 1
    instance_noise: float = 0.0
    instance_noise_steps: int = 1

    def real(self, step: int, turn: int) -> Tensor:
        """The real images of a discriminator turn: [B, C, H, W] in [-1, 1], or points [B, 2]."""
        images = self.dataset.images[self._indices(step, turn)]
        return images if isinstance(self.dataset, PointDataset) else to_unit(images)

    def labels(self, step: int, turn: int) -> Tensor | None:
        """The labels [B] of a turn's real images, which its fakes share; None if unlabelled."""
        if not self.labelled:
            return None
        assert self.dataset.labels is not None, "only data with labels makes a labelled run"
        return self.dataset.labels[self._indices(step, turn)]

    def latents(self, step: int, turn: int) -> Tensor:
        """The latents of a turn, standard normal: [B, latent_dim]."""
        shape = (self.batch_size, self.latent_dim)
        return normal_at(self.seed, "latents", shape, step, turn).to(self._device)

    def penalty_noise(self, step: int, turn: int, loss: GanLoss) -> dict[str, Tensor] | None:
        """The random numbers that the penalties asked for, or None: "uniform" is [B / pack]."""
        if not any("uniform" in penalty.noise for penalty in loss.penalties.values()):
            return None
        count = self.batch_size // self.pack
        return {"uniform": uniform_at(self.seed, "penalty", count, step, turn).to(self._device)}

    def critic_noise(self, step: int, turn: int) -> Tensor | None:
        """The instance noise [B / pack, pack C, H, W] of a turn; None where there is none."""
        scale = self.instance_noise * max(0.0, 1 - step / self.instance_noise_steps)
        if scale == 0:
            return None
        channels, *sides = self.dataset.shape
        shape = (self.batch_size // self.pack, self.pack * channels, *sides)
        return normal_at(self.seed, "instance_noise", shape, step, turn).to(self._device) * scale

    @property
    def _device(self) -> torch.device:
        return self.dataset.images.device

    def _indices(self, step: int, turn: int) -> Tensor:
        draw = step * max(1, self.discriminator_steps) + turn
        indices = batch_indices(self.seed, draw, self.batch_size, len(self.dataset))
        return indices.to(self._device)
