"""What benchmarks/ measures against trains the same GAN: equal losses, step by step, in float64."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from torch import Tensor

from gan_lab.training.batches import Batches
from gan_lab.training.steps import take_step

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
workloads = pytest.importorskip("workloads", reason="an installed package has no benchmarks/")

SETTINGS = {"image_size": 32, "batch_size": 16}
WORKLOADS = [
    workloads.Workload("grey", latent_dim=5, width=6, channels=1, **SETTINGS),
    workloads.Workload("colour", latent_dim=7, width=4, channels=3, **SETTINGS),
]


@dataclass(frozen=True)
class InDouble(Batches):
    """What a run draws, in float64."""

    def real(self, step: int, turn: int) -> Tensor:
        return super().real(step, turn).double()

    def latents(self, step: int, turn: int) -> Tensor:
        return super().latents(step, turn).double()


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.title)
def test_ten_steps_have_the_same_losses(workload):
    state = workloads.ours(workload, workloads.images(workload))
    state = replace(state, batches=InDouble(**vars(state.batches)))
    peer_step = workloads.theirs(workload)
    for ours, theirs in ((state.generator, peer_step.g), (state.discriminator, peer_step.d)):
        ours.double()
        theirs.double()
        workloads.copy_weights(ours, theirs)
    for step in range(10):
        latents = state.batches.latents(step, 0)[:, :, None, None]
        expected = peer_step(state.batches.real(step, 0), latents)
        scalars = take_step(state, step)
        names = ("loss/d", "loss/g", "d/real", "d/fake_1", "d/fake_2")
        assert [float(scalars[name]) for name in names] == pytest.approx(expected, rel=1e-9)


def test_operations_are_counted_as_by_hand():
    """16 images through G (forward, both gradients) and D (on real, on fake, and for G)."""
    workload = workloads.Workload("", 3, width=2, image_size=8, channels=1, batch_size=16)
    state = workloads.ours(workload, workloads.images(workload))
    # Multiplications an image in each layer; torch does not count D's last, a vector product.
    project, paint, look = 3 * 2 * 16, 4 * 4 * 2 * 1 * 16, 4 * 4 * 1 * 2 * 16
    # Nobody asks for gradients of the first layers' inputs, the latents and the real images, nor
    # for those of D's weights when G learns.
    generator, discriminator = 2 * project + 3 * paint, 2 * (2 * look) + 2 * look
    assert workloads.floating_point_operations(state) == 2 * 16 * (generator + discriminator)
