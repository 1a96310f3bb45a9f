"""Networks for points in place of images: fully connected, and without a tanh at the end."""

from collections.abc import Sequence

from torch import Tensor, nn


class PointGenerator(nn.Module):
    """Latents [B, latent_dim] -> points [B, channels]; `batch_norm` replaces hidden biases.

    With widths 400, 400, 400, 400 and batch norm it is that of Lin et al. 2018 (arXiv 1712.04086).
    """

    sets_own_weights = True  # PyTorch's: DCGAN's small ones would start all points at 0

    def __init__(
        self, latent_dim: int, widths: Sequence[int], channels: int, batch_norm: bool = False
    ):
        super().__init__()
        layers: list[nn.Module] = []
        for previous, width in zip([latent_dim, *widths], widths, strict=False):
            layers += [nn.Linear(previous, width, bias=not batch_norm)]
            layers += [nn.BatchNorm1d(width)] if batch_norm else []
            layers += [nn.ReLU(inplace=True)]
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], channels))

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        points: Tensor = self.layers(latents)
        return points


class PointDiscriminator(nn.Module):
    """Points [B, channels] -> logits [B]; no norm."""

    sets_own_weights = True

    def __init__(self, widths: Sequence[int], channels: int):
        super().__init__()
        layers: list[nn.Module] = []
        for previous, width in zip([channels, *widths], widths, strict=False):
            layers += [nn.Linear(previous, width), nn.ReLU(inplace=True)]
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], 1), nn.Flatten(0))

    def forward(self, points: Tensor, labels: Tensor | None = None) -> Tensor:
        logits: Tensor = self.layers(points)
        return logits


class MaxoutDiscriminator(nn.Module):
    """Points [B, channels] -> logits [B] through maxout layers (Goodfellow et al. 2013).

    With three of 200 units and 5 pieces it is that of Lin et al. 2018 (arXiv 1712.04086).
    """

    sets_own_weights = True

    def __init__(self, widths: Sequence[int], pieces: int, channels: int):
        super().__init__()
        layers: list[nn.Module] = []
        for previous, width in zip([channels, *widths], widths, strict=False):
            layers += [nn.Linear(previous, width * pieces), nn.Unflatten(1, (width, pieces))]
            layers += [Largest()]
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], 1), nn.Flatten(0))
        for layer in self.layers:
            if isinstance(layer, nn.Linear):
                nn.init.normal_(layer.weight, std=0.02)
                nn.init.zeros_(layer.bias)

    def forward(self, points: Tensor, labels: Tensor | None = None) -> Tensor:
        logits: Tensor = self.layers(points)
        return logits


class Largest(nn.Module):
    """The largest of the last dimension: [..., pieces] -> [...]."""

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs.amax(-1)
