"""What is measured: the same GAN for gan_lab and for the peer."""

from dataclasses import dataclass

import peer
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from gan_lab.config.compose import jobs
from gan_lab.data import ImageDataset, digits
from gan_lab.training import build
from gan_lab.training.state import TrainingState
from gan_lab.training.steps import take_step


@dataclass(frozen=True)
class Workload:
    """A DCGAN at one size; both sides train it with Adam 2e-4."""

    title: str
    latent_dim: int
    width: int
    image_size: int
    channels: int
    batch_size: int = 64
    loss: str = "nonsaturating"

    @property
    def levels(self) -> int:
        """How often the side is halved before it is 4."""
        return (self.image_size // 4).bit_length() - 1


# System A is a DCGAN on MNIST from a course lab: experiment=mnist_dcgan.
SMALL = Workload("system A, hidden 16, 32x32x1", 16, 16, 32, 1)
LARGE = Workload("system A, hidden 100, 32x32x1", 100, 100, 32, 1)
COLOUR = Workload("DCGAN 64x64x3, width 64", 100, 64, 64, 3)
WGAN_GP = Workload("WGAN-GP, hidden 16, 32x32x1 (5 + 1 updates)", 16, 16, 32, 1, loss="wgan_gp")


def ours(workload: Workload, images: Tensor) -> TrainingState:
    """Build gan_lab's side as the command line does, on images (uint8) of the right size."""
    settings = [
        "model=dcgan",
        f"loss={workload.loss}",
        "dataset=digits",
        f"latent_dim={workload.latent_dim}",
        f"hidden_dim={workload.width}",
        f"image_size={workload.image_size}",
        f"channels={workload.channels}",
        f"batch_size={workload.batch_size}",
        "lr=2e-4",
        "logger=none",
    ]
    (job,) = jobs(settings, multirun=False)
    return build.training_state(job.config, ImageDataset(images), torch.device("cpu"))


def theirs(workload: Workload) -> peer.Bce | peer.WganGp:
    """Build the peer's side."""
    critic = workload.loss == "wgan_gp"
    generator = peer.generator(
        workload.latent_dim, workload.width, workload.channels, workload.levels
    )
    discriminator = peer.discriminator(workload.width, workload.channels, workload.levels, critic)
    return (peer.WganGp if critic else peer.Bce)(generator, discriminator, lr=2e-4)


def copy_weights(source: nn.Module, target: nn.Module) -> None:
    """Give two networks of one architecture the same weights, whatever their layers are called."""
    pairs = zip(source.parameters(), target.parameters(), strict=True)
    with torch.no_grad():
        for ours_, theirs_ in pairs:
            theirs_.copy_(ours_)


def images(workload: Workload) -> Tensor:
    """Return the embedded digits at a workload's size, uint8 [N, C, H, W].

    Pictures, not noise: on noise D wins at once, gradients become denormal numbers, and those cost
    a processor many times more.
    """
    return digits(workload.image_size, workload.channels).images


def floating_point_operations(state: TrainingState) -> int:
    """Return what one of gan_lab's steps needs: multiplications and additions count one each.

    The discriminator's last layer, less than a thousandth of the whole, is not counted by torch.
    """
    with _Operations() as counter:
        take_step(state, 0)
    return counter.total


class _Operations(TorchDispatchMode):
    """Counts by torch's own formulas; its FlopCounterMode stumbles over autograd.grad."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        result = function(*arguments, **(keywords or {}))
        formula = flop_registry.get(function._overloadpacket)
        if formula is not None:
            self.total += formula(*arguments, **(keywords or {}), out_val=result)
        return result


def peak_operations_per_second(seconds: float = 1.0) -> float:
    """Return the most that this machine does, at the present number of threads, in convolutions.

    The best of a few layers with many channels, whose data stay in the cache: no training step can
    be faster than its operations at this rate, which is the floor that results are compared with.
    """
    import time

    best = 0.0
    for channels, side in ((128, 16), (256, 8), (256, 16)):
        layer = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        layer = layer.to(memory_format=torch.channels_last)
        images = torch.randn(32, channels, side, side).to(memory_format=torch.channels_last)
        operations = 2 * 32 * side**2 * channels**2 * 9
        with torch.inference_mode():
            layer(images)
            finish = time.perf_counter() + seconds
            while time.perf_counter() < finish:
                began = time.perf_counter()
                layer(images)
                best = max(best, operations / (time.perf_counter() - began))
    return best
