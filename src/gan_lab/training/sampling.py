"""From latents to images."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gan_lab.data import from_unit
from gan_lab.models import call
from gan_lab.training.rng import normal_at, uniform_at

BLOCK = 16  # rows: whole vectors of any processor, and little waste for a short strip


def sample_latents(seed: int, count: int, latent_dim: int) -> Tensor:
    """Return a seed's first latents [count, latent_dim]; a longer list begins alike."""
    return normal_at(seed, "samples", (count, latent_dim))


def sample_labels(seed: int, class_counts: Sequence[int], count: int) -> Tensor:
    """Return the first `count` labels [count] of a seed, in the proportions of the data."""
    edges = torch.tensor(class_counts, dtype=torch.float64).cumsum(0)
    uniform = uniform_at(seed, "sample_labels", count).double()
    return torch.bucketize(uniform, edges[:-1] / edges[-1], right=True)


@torch.inference_mode()
def generate(
    generator: nn.Module, latents: Tensor, labels: Tensor | None = None, batch_size: int = 500
) -> Tensor:
    """Return images (uint8 [N, C, H, W]) or points (float32 [N, 2]), on the CPU.

    For latents [N, latent_dim] and labels [N].

    The generator is put in eval mode meanwhile, so that an image depends on its latent alone.
    """
    device = next(generator.parameters()).device
    was_training = generator.training
    generator.eval()
    images = []
    for start in range(0, len(latents), batch_size):
        rows = slice(start, start + batch_size)
        some_labels = None if labels is None else labels[rows].to(device)
        made = call(generator, latents[rows].to(device), some_labels)
        images.append((made if made.ndim == 2 else from_unit(made)).cpu())
    generator.train(was_training)
    return torch.cat(images)


def generate_each(generator: nn.Module, latents: Tensor, labels: Tensor | None = None) -> Tensor:
    """Return images as `generate` does, each to the bit the same whatever it is asked for with.

    Matrix products round differently for other numbers of rows, so the generator is given blocks
    of one size, the last filled up: image 17 of a seed is one picture, in a strip or among 10,000.
    """
    count = len(latents)
    missing = -count % BLOCK
    latents = torch.cat([latents, latents[:1].expand(missing, -1)])
    if labels is not None:
        labels = torch.cat([labels, labels[:1].expand(missing)])
    return generate(generator, latents, labels, batch_size=BLOCK)[:count]
