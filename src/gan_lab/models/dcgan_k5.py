"""DCGAN with 5x5 kernels and a linear first layer, as in many face generators of 2017."""

from itertools import pairwise

from torch import Tensor, nn

from gan_lab.models.layers import (
    LogitFromImage,
    halvings,
    norm_and_activation,
    with_spectral_norm,
)


class DCGANK5Generator(nn.Module):
    """Latents [B, latent_dim] -> images [B, channels, image_size, image_size] in [-1, 1].

    Only the last layer has a bias. Raises ValueError for a size that no stack of halvings reaches.
    """

    def __init__(self, latent_dim: int, ngf: int, image_size: int, channels: int):
        super().__init__()
        base, count = halvings(image_size)
        widths = [ngf * 2**level for level in reversed(range(count))]
        self.project = nn.Sequential(
            nn.Linear(latent_dim, widths[0] * base**2, bias=False),
            nn.BatchNorm1d(widths[0] * base**2),
            nn.ReLU(inplace=True),
            nn.Unflatten(1, (widths[0], base, base)),
        )
        layers: list[nn.Module] = []
        for width, next_width in pairwise(widths):
            layers += [_double(width, next_width, bias=False)]
            layers += norm_and_activation("batch", "relu", next_width)
        self.layers = nn.Sequential(*layers, _double(widths[-1], channels, bias=True), nn.Tanh())

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        images: Tensor = self.layers(self.project(latents))
        return images


class DCGANK5Discriminator(nn.Module):
    """Images [B, channels, image_size, image_size] -> logits [B]; all layers have a bias."""

    def __init__(
        self,
        ndf: int,
        image_size: int,
        channels: int,
        norm: str = "batch",
        spectral_norm: bool = False,
    ):
        super().__init__()
        base, count = halvings(image_size)
        widths = [ndf * 2**level for level in range(count)]
        layers: list[nn.Module] = []
        for level, width in enumerate(widths):
            previous = widths[level - 1] if level else channels
            layers += [nn.Conv2d(previous, width, 5, stride=2, padding=2)]
            layers += norm_and_activation(norm if level else "none", "leaky_relu", width)
        self.layers = nn.Sequential(*layers, LogitFromImage(widths[-1], base, bias=True))
        if spectral_norm:
            with_spectral_norm(self)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        logits: Tensor = self.layers(images)
        return logits


def _double(channels: int, next_channels: int, bias: bool) -> nn.Module:
    return nn.ConvTranspose2d(
        channels, next_channels, 5, stride=2, padding=2, output_padding=1, bias=bias
    )
