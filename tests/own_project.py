"""A small project of one's own: configs in ./conf, and the code beside it."""

from pathlib import Path

MY_GAN = """\
from my_layers import line
from torch import nn


class Generator(nn.Module):
    def __init__(self, latent_dim, image_size, channels, slope=0.2):
        super().__init__()
        self.shape = channels, image_size, image_size
        self.layers = nn.Sequential(line(latent_dim, channels * image_size**2), nn.Tanh())

    def forward(self, latents):
        return self.layers(latents).unflatten(1, self.shape)


class Discriminator(nn.Module):
    def __init__(self, image_size, channels):
        super().__init__()
        self.layer = line(channels * image_size**2, 1)

    def forward(self, images):
        return self.layer(images.flatten(1))[:, 0]
"""
MY_LOSS = '''\
from gan_lab.losses import GanLoss


def absolute(margin: float = 1.0) -> GanLoss:
    """Return absolute errors."""
    return GanLoss(
        discriminator=lambda real, fake: (real - margin).abs().mean() + fake.abs().mean(),
        generator=lambda real, fake: (fake - margin).abs().mean(),
        output="score",
    )
'''
MY_DATA = '''\
import torch

from gan_lab.data import ImageDataset


def squares(image_size: int, split: str = "train", count: int = 64) -> ImageDataset:
    """Return white squares on black."""
    images = torch.zeros(count, 1, image_size, image_size, dtype=torch.uint8)
    images[:, :, 4:12, 4:12] = 255
    return ImageDataset(images)
'''
FILES = {
    "my_gan.py": MY_GAN,
    "my_layers.py": "from torch.nn import Linear as line\n\n__all__ = ['line']\n",
    "my_loss.py": MY_LOSS,
    "my_data.py": MY_DATA,
    "my_scores.py": "def grey(fake, scale=1):\n    return fake.double().mean().item() * scale\n",
    "conf/model/mine.yaml": """\
generator:
  _target_: my_gan.Generator
  slope: 0.1
discriminator:
  _target_: my_gan.Discriminator
""",
    "conf/loss/mine.yaml": "_target_: my_loss.absolute\nmargin: 0.9\n",
    "conf/dataset/squares.yaml": """\
images:
  _target_: my_data.squares
  image_size: ${image_size}
classifier: null
scores: [grey, pairwise_distance]
scores_during_training: [grey]
selection: grey
""",
    "conf/score/grey.yaml": """\
needs: images
better: floor
title: mean grey level
short: greyness
format: .3f
in_lists: [grey]
measure:
  _target_: my_scores.grey
  scale: 1
""",
    "conf/experiment/first.yaml": """\
# @package _global_
defaults:
  - override /model: mine
  - override /loss: mine
  - override /dataset: squares
  - override /logger: none

study: first
image_size: 16
batch_size: 16
steps: 2
evaluation: {samples: 60, samples_during: 60}
""",
    "conf/experiment/second.yaml": """\
# @package _global_
defaults:
  - first

study: second
lr: 1e-3
""",
    "conf/sweep/margins.yaml": "grid:\n  loss.margin: [0.9, 1.0]\n",
    "conf/search/margins.yaml": """\
trials: 2
score: grey
direction: minimize
space:
  loss.margin: {low: 0.5, high: 1.0}
""",
}


def write_project(folder: Path) -> None:
    """Write the project into a folder."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def change(path: Path, old: str, new: str) -> None:
    """Change a file of the project."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
