"""A small residual network without norm layers, in the spirit of R3GAN's toy experiments.

Huang et al. 2024 (arXiv 2501.05441, section 4) drop every norm layer and leave stability to the
loss. The layout here is ours: branches begin at zero through a learned gain (SkipInit, De & Smith
2020), so that depth does not enlarge the signal, and weights begin at He et al. 2015's scale, for
there is no norm layer to mend DCGAN's 0.02.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, leaky_relu

from gan_lab.models.layers import LogitFromImage, ProjectLatents, halvings


class ResidualBlock(nn.Module):
    """images + gain * conv(conv(images)), both 3x3; the number of channels stays."""

    def __init__(self, channels: int):
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        self.gain = nn.Parameter(torch.zeros(()))

    def forward(self, images: Tensor) -> Tensor:
        branch: Tensor = self.second(leaky_relu(self.first(leaky_relu(images, 0.2)), 0.2))
        return images + self.gain * branch


class ResNetNFGenerator(nn.Module):
    """Latents [B, latent_dim] -> images [B, channels, image_size, image_size] in [-1, 1]."""

    sets_own_weights = True

    def __init__(self, latent_dim: int, ngf: int, image_size: int, channels: int):
        super().__init__()
        base, count = halvings(image_size)
        widths = [ngf * 2**level for level in reversed(range(count))]
        self.project = ProjectLatents(latent_dim, widths[0], base, bias=True)
        self.blocks = nn.ModuleList(ResidualBlock(width) for width in widths)
        self.narrow = nn.ModuleList(
            nn.Conv2d(width, next_width, 1)
            for width, next_width in zip(widths, [*widths[1:], widths[-1]], strict=True)
        )
        self.last = nn.Conv2d(widths[-1], channels, 3, padding=1)
        _scale_weights(self)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        images: Tensor = self.project(latents)
        for block, narrow in zip(self.blocks, self.narrow, strict=True):
            images = interpolate(narrow(block(images)), scale_factor=2, mode="nearest")
        images = self.last(leaky_relu(images, 0.2)).tanh()
        return images


class ResNetNFDiscriminator(nn.Module):
    """Images [B, channels, image_size, image_size] -> logits [B]."""

    sets_own_weights = True

    def __init__(self, ndf: int, image_size: int, channels: int):
        super().__init__()
        base, count = halvings(image_size)
        widths = [ndf * 2**level for level in range(count)]
        self.first = nn.Conv2d(channels, widths[0], 3, padding=1)
        self.blocks = nn.ModuleList(ResidualBlock(width) for width in widths)
        self.widen = nn.ModuleList(
            nn.Conv2d(width, next_width, 1)
            for width, next_width in zip(widths, [*widths[1:], widths[-1]], strict=True)
        )
        self.last = LogitFromImage(widths[-1], base, bias=True)
        _scale_weights(self)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        images = self.first(images)
        for block, widen in zip(self.blocks, self.widen, strict=True):
            images = avg_pool2d(widen(block(images)), 2)
        logits: Tensor = self.last(leaky_relu(images, 0.2))
        return logits


def _scale_weights(network: nn.Module) -> None:
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, a=0.2)
        elif isinstance(layer, nn.ConvTranspose2d):  # of a 1x1 input: each output sums its inputs
            nn.init.normal_(layer.weight, std=layer.in_channels**-0.5)
