"""The loop that most people start from, written afresh to be measured against.

The logic of the DCGAN example of pytorch/examples: a DataLoader with transforms, networks that end
in a sigmoid, BCELoss against tensors of labels, three backward passes, numbers read at each step.
For WGAN-GP, the logic of the usual script: fresh fakes for the generator, a gradient penalty on a
random point between each pair. Same architectures, rates and order of updates as gan_lab's.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

BETAS = (0.5, 0.999)


def generator(latent_dim: int, width: int, channels: int, levels: int) -> nn.Sequential:
    """Latents [B, latent_dim, 1, 1] -> images of side 4 * 2 ** levels."""
    widths = [width * 2**level for level in reversed(range(levels))]
    layers: list[nn.Module] = [nn.ConvTranspose2d(latent_dim, widths[0], 4, 1, 0, bias=False)]
    for previous, following in pairwise([*widths, channels]):
        layers += [nn.BatchNorm2d(previous), nn.ReLU(True)]
        layers += [nn.ConvTranspose2d(previous, following, 4, 2, 1, bias=False)]
    return nn.Sequential(*layers, nn.Tanh()).apply(_initialise)


def discriminator(width: int, channels: int, levels: int, critic: bool) -> nn.Sequential:
    """Images -> probabilities [B, 1, 1, 1]; a critic has neither batch norm nor sigmoid."""
    widths = [channels, *(width * 2**level for level in range(levels))]
    layers: list[nn.Module] = []
    for level, (previous, following) in enumerate(pairwise(widths)):
        layers.append(nn.Conv2d(previous, following, 4, 2, 1, bias=False))
        if level and not critic:
            layers.append(nn.BatchNorm2d(following))
        layers.append(nn.LeakyReLU(0.2, inplace=True))
    layers.append(nn.Conv2d(widths[-1], 1, 4, 1, 0, bias=False))
    if not critic:
        layers.append(nn.Sigmoid())
    return nn.Sequential(*layers).apply(_initialise)


def _initialise(layer: nn.Module) -> None:
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(layer.weight, 0.0, 0.02)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0, 0.02)
        nn.init.zeros_(layer.bias)


class Bce:
    """One step of the DCGAN example for each call: D on real, D on fake, G."""

    def __init__(self, g: nn.Module, d: nn.Module, lr: float):
        self.g, self.d = g, d
        self.optimizer_g = torch.optim.Adam(g.parameters(), lr, BETAS)
        self.optimizer_d = torch.optim.Adam(d.parameters(), lr, BETAS)
        self.criterion = nn.BCELoss()

    def __call__(self, real: Tensor, latents: Tensor) -> tuple[float, float, float, float, float]:
        """Return loss D, loss G, D(x) and D(G(z)) before and after D's update."""
        self.d.zero_grad()
        label = torch.full((real.size(0),), 1.0, dtype=real.dtype)
        output = self.d(real).view(-1)
        error_real = self.criterion(output, label)
        error_real.backward()
        d_real = output.mean().item()
        fake = self.g(latents)
        label.fill_(0.0)
        output = self.d(fake.detach()).view(-1)
        error_fake = self.criterion(output, label)
        error_fake.backward()
        d_fake_1 = output.mean().item()
        error_d = error_real + error_fake
        self.optimizer_d.step()
        self.g.zero_grad()
        label.fill_(1.0)
        output = self.d(fake).view(-1)
        error_g = self.criterion(output, label)
        error_g.backward()
        d_fake_2 = output.mean().item()
        self.optimizer_g.step()
        return error_d.item(), error_g.item(), d_real, d_fake_1, d_fake_2


class WganGp:
    """Five updates of the critic, then one of the generator, for each call."""

    def __init__(self, g: nn.Module, d: nn.Module, lr: float, weight: float = 10.0):
        self.g, self.d, self.weight = g, d, weight
        self.optimizer_g = torch.optim.Adam(g.parameters(), lr, BETAS)
        self.optimizer_d = torch.optim.Adam(d.parameters(), lr, BETAS)

    def __call__(self, batches: Callable[[], tuple[Tensor, Tensor]]) -> tuple[float, float]:
        """Return the last critic loss and the generator's."""
        for _ in range(5):
            real, latents = batches()
            self.optimizer_d.zero_grad()
            fake = self.g(latents).detach()
            error_d = self.d(fake).mean() - self.d(real).mean() + self._penalty(real, fake)
            error_d.backward()
            self.optimizer_d.step()
            error_d.item()
        self.optimizer_g.zero_grad()
        error_g = -self.d(self.g(latents)).mean()
        error_g.backward()
        self.optimizer_g.step()
        return error_d.item(), error_g.item()

    def _penalty(self, real: Tensor, fake: Tensor) -> Tensor:
        share = torch.rand(real.size(0), 1, 1, 1)
        between = (share * real + (1 - share) * fake).requires_grad_(True)
        outputs = self.d(between)
        (gradients,) = torch.autograd.grad(
            outputs, between, torch.ones_like(outputs), create_graph=True, retain_graph=True
        )
        return self.weight * (gradients.flatten(1).norm(2, dim=1) - 1).square().mean()


class Pictures(Dataset):
    """Images as the usual dataset classes hand them out: decoded and transformed one by one."""

    def __init__(self, images: Tensor, image_size: int):
        mean = (0.5,) * images.shape[1]
        self.images = images
        self.transform = transforms.Compose(
            [transforms.ToPILImage(), transforms.Resize(image_size), transforms.ToTensor(),
             transforms.Normalize(mean, mean)]
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Tensor:
        return self.transform(self.images[index])


def batches(images: Tensor, image_size: int, batch_size: int, workers: int) -> Iterator[Tensor]:
    """Yield batches for ever, shuffled anew each epoch."""
    loader = DataLoader(
        Pictures(images, image_size),
        batch_size,
        shuffle=True,
        num_workers=workers,
        drop_last=True,
        persistent_workers=workers > 0,
    )
    while True:
        yield from loader
