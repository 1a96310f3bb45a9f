"""Building blocks that several networks share."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

# Batch norm averages over the batch, instance norm over each image alone (no affine weights).
NORMS: dict[str, Callable[[int], nn.Module] | None] = {
    "batch": nn.BatchNorm2d,
    "instance": nn.InstanceNorm2d,
    "none": None,
}
ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": lambda: nn.ReLU(inplace=True),
    "leaky_relu": lambda: nn.LeakyReLU(0.2, inplace=True),
}


def norm_and_activation(norm: str, activation: str, channels: int) -> list[nn.Module]:
    """Return the layers that follow a convolution with `channels` outputs.

    Raises ValueError for a name that is not in NORMS or ACTIVATIONS.
    """
    check_names(norm, activation)
    make_norm = NORMS[norm]
    return ([make_norm(channels)] if make_norm else []) + [ACTIVATIONS[activation]()]


def check_names(norm: str, activation: str) -> None:
    """Raise ValueError unless the names are in NORMS and ACTIVATIONS."""
    if norm not in NORMS:
        raise ValueError(f"norm={norm}: choose from {', '.join(NORMS)}.")
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation={activation}: choose from {', '.join(ACTIVATIONS)}.")


def halvings(image_size: int) -> tuple[int, int]:
    """Return (base, n): halving `image_size` n times gives the base side, 4 to 7.

    Raises ValueError, naming the nearest sizes that work, when no number of halvings does.
    """
    if image_size >= 8:
        base, count = image_size, 0
        while base > 7 and base % 2 == 0:
            base, count = base // 2, count + 1
        if base <= 7:
            return base, count
    sizes = sorted({base << n for base in (4, 5, 6, 7) for n in range(1, 12)})
    below = [size for size in sizes if size < image_size][-1:]
    above = [size for size in sizes if size > image_size][:1]
    nearest = " or ".join(f"image_size={size}" for size in below + above)
    raise ValueError(
        f"image_size={image_size}: halving it does not end at a side of 4 to 7; use {nearest}."
    )


def with_spectral_norm(network: nn.Module) -> None:
    """Divide every weight of a network by its largest singular value, in place.

    Miyato et al. 2018 (arXiv 1802.05957), algorithm 1: one power iteration a training forward.
    """
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            spectral_norm(layer)


def doubling(channels: int, next_channels: int, bias: bool, resize: bool) -> list[nn.Module]:
    """Return the layers that double the side of images.

    `resize`: each pixel is repeated and a convolution follows (Odena et al. 2016). Else a
    transposed convolution, in which the four pixels that come of one have weights of their own.
    """
    if resize:
        return [nn.Upsample(scale_factor=2), nn.Conv2d(channels, next_channels, 3, 1, 1, bias=bias)]
    return [nn.ConvTranspose2d(channels, next_channels, 4, stride=2, padding=1, bias=bias)]


class MinibatchStd(nn.Module):
    """One more plane that tells how much a batch varies: [B, C, H, W] -> [B, C + 1, H, W].

    The standard deviation over the batch of each feature at each place, averaged over all of them
    (Karras et al. 2018, arXiv 1710.10196, section 3).
    """

    def forward(self, images: Tensor) -> Tensor:
        # Under the root a little more than 0: its slope there is infinite.
        deviation = (images.float().var(0, correction=0) + 1e-8).sqrt().mean()
        plane = deviation.to(images.dtype).expand(len(images), 1, *images.shape[2:])
        return torch.cat([images, plane], dim=1)


class ProjectLatents(nn.Module):
    """A transposed convolution of a 1x1 input: latents [B, n] -> [B, channels, side, side]."""

    def __init__(self, latent_dim: int, channels: int, side: int, bias: bool):
        super().__init__()
        self.convolution = nn.ConvTranspose2d(latent_dim, channels, side, bias=bias)

    def forward(self, latents: Tensor) -> Tensor:
        # On a 1x1 input the convolution is one matrix product, which CPUs do faster; written in
        # channels-last order, in which the next layer wants it.
        weight = self.convolution.weight.permute(0, 2, 3, 1)
        images: Tensor = (latents @ weight.flatten(1)).unflatten(1, weight.shape[1:])
        images = images.permute(0, 3, 1, 2)
        bias = self.convolution.bias
        return images if bias is None else images + bias[:, None, None]


class LogitFromImage(nn.Module):
    """A convolution as large as its input: [B, channels, side, side] -> logits [B]."""

    def __init__(self, channels: int, side: int, bias: bool):
        super().__init__()
        self.convolution = nn.Conv2d(channels, 1, side, bias=bias)

    def forward(self, images: Tensor) -> Tensor:
        # One vector product, for the reason given in ProjectLatents; under autocast in the weight's
        # own precision, for `mv` does not cast, and a logit is worth it.
        weight = self.convolution.weight.permute(0, 2, 3, 1)
        rows = images.permute(0, 2, 3, 1).flatten(1).to(weight.dtype)
        logits = torch.mv(rows, weight.flatten())
        bias = self.convolution.bias
        return logits if bias is None else logits + bias


def parameter_count(network: nn.Module) -> int:
    """Return the number of weights of a network that are trained."""
    return sum(parameter.numel() for parameter in network.parameters())
