"""Labels for any pair of networks: one-hot beside the latents, and as constant planes of D's input.

Mirza & Osindero 2014 (arXiv 1411.1784), in the form of Radford et al. 2016.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot


class LabelledGenerator(nn.Module):
    """(latents [B, n], labels [B]) -> images; `generator` takes n + classes latents."""

    labelled = True

    def __init__(self, generator: nn.Module, classes: int):
        super().__init__()
        self.generator, self.classes = generator, classes

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        if labels is None:
            raise ValueError("a conditional generator needs labels beside its latents")
        inputs = torch.cat([latents, one_hot(labels, self.classes)], dim=1)
        images: Tensor = self.generator(inputs)
        return images


class LabelledDiscriminator(nn.Module):
    """(images [B, c, H, W], labels [B]) -> logits [B]; `discriminator` sees c + classes."""

    labelled = True

    def __init__(self, discriminator: nn.Module, classes: int):
        super().__init__()
        self.discriminator, self.classes = discriminator, classes

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        if labels is None:
            raise ValueError("a conditional discriminator needs labels beside its images")
        planes = one_hot(labels, self.classes).to(images.dtype)
        planes = planes.view(*planes.shape, *[1] * (images.ndim - 2))  # points have no sides
        planes = planes.expand(-1, -1, *images.shape[2:])
        logits: Tensor = self.discriminator(torch.cat([images, planes], dim=1))
        return logits


def call(network: nn.Module, inputs: Tensor, labels: Tensor | None) -> Tensor:
    """Call a network, with labels only if it says `labelled`: one's own need not take them."""
    labelled = getattr(network, "labelled", False)
    outputs: Tensor = network(inputs, labels) if labelled else network(inputs)
    return outputs
