"""Fully connected networks, as in Goodfellow et al. 2014: no idea of neighbouring pixels."""

import math
from collections.abc import Sequence

from torch import Tensor, nn

from gan_lab.models.layers import with_spectral_norm


class MLPGenerator(nn.Module):
    """Latents [B, latent_dim] -> images [B, channels, image_size, image_size] in [-1, 1]."""

    def __init__(self, latent_dim: int, widths: Sequence[int], image_size: int, channels: int):
        super().__init__()
        shape = (channels, image_size, image_size)
        layers: list[nn.Module] = []
        for previous, width in zip([latent_dim, *widths], widths, strict=False):
            layers += [nn.Linear(previous, width, bias=False), nn.BatchNorm1d(width)]
            layers += [nn.ReLU(inplace=True)]
        layers += [nn.Linear(widths[-1], math.prod(shape)), nn.Tanh(), nn.Unflatten(1, shape)]
        self.layers = nn.Sequential(*layers)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        images: Tensor = self.layers(latents)
        return images


class MLPDiscriminator(nn.Module):
    """Images [B, channels, image_size, image_size] -> logits [B]; no norm."""

    def __init__(
        self, widths: Sequence[int], image_size: int, channels: int, spectral_norm: bool = False
    ):
        super().__init__()
        layers: list[nn.Module] = [nn.Flatten()]
        for previous, width in zip([channels * image_size**2, *widths], widths, strict=False):
            layers += [nn.Linear(previous, width), nn.LeakyReLU(0.2, inplace=True)]
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], 1), nn.Flatten(0))
        if spectral_norm:
            with_spectral_norm(self)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        logits: Tensor = self.layers(images)
        return logits
