"""The training step alone, CPU seconds of one thread: python benchmarks/step.py [--quick]"""

import sys
from dataclasses import dataclass, field, replace

from gan_lab.common.threads import wait_briefly
from gan_lab.training.device import has_bf16

wait_briefly()  # for both sides, before torch is imported

import torch
import workloads
from timing import cpu_seconds, interleave, machine, table
from torch import Tensor
from workloads import COLOUR, LARGE, SMALL, WGAN_GP, Workload

from gan_lab.data import to_unit
from gan_lab.training.batches import Batches
from gan_lab.training.steps import take_step


@dataclass(frozen=True)
class Ready(Batches):
    """Latents as ever, and real images that lie ready: both sides are spared the data path."""

    images: Tensor = field(kw_only=True)

    def real(self, step: int, turn: int) -> Tensor:
        return self.images


def measure(workload: Workload, rounds: int, seconds: float, peak: float) -> list[str]:
    """Return the row of a workload: milliseconds a step, ratios, and fraction of the floor.

    On a processor that multiplies in bfloat16, also what precision=bf16 makes of it.
    """
    images = workloads.images(workload)
    real = to_unit(images[: workload.batch_size])
    state = workloads.ours(workload, images)
    state = replace(state, batches=Ready(**vars(state.batches), images=real))
    step = iter(range(10**9))
    peer_step = workloads.theirs(workload)

    def draw() -> tuple[Tensor, Tensor]:
        return real, torch.randn(workload.batch_size, workload.latent_dim, 1, 1)

    halved = replace(state, precision="bf16")
    bf16 = {"bf16": lambda: take_step(halved, next(step))} if has_bf16("cpu") else {}
    theirs = (lambda: peer_step(draw)) if workload is WGAN_GP else (lambda: peer_step(*draw()))
    timing = interleave(
        {"peer": theirs, "gan_lab": lambda: take_step(state, next(step)), **bf16},
        cpu_seconds,
        rounds,
        seconds,
    )
    operations = workloads.floating_point_operations(state)
    floor = operations / peak
    return [
        workload.title,
        f"{timing.median('peer') * 1e3:.1f}",
        f"{timing.median('gan_lab') * 1e3:.1f}",
        f"{timing.ratio('peer', 'gan_lab'):.2f}",
        f"{operations / 1e9:.2f}",
        f"{floor / timing.median('gan_lab'):.0%}",
        f"{floor / timing.median('peer'):.0%}",
        f"{timing.ratio('gan_lab', 'bf16'):.2f}" if bf16 else "",
    ]


def main(quick: bool) -> None:
    torch.set_num_threads(1)
    rounds, seconds = (3, 1.0) if quick else (9, 4.0)
    peak = workloads.peak_operations_per_second()
    headings = ["workload", "peer ms/step", "gan_lab ms/step", "peer / gan_lab", "GFLOP/step",
                "gan_lab of floor", "peer of floor", "fp32 / bf16"]  # fmt: skip
    rows = [
        measure(workload, rounds, seconds, peak) for workload in (SMALL, LARGE, COLOUR, WGAN_GP)
    ]
    print("## The step alone\n")
    print(f"`python benchmarks/step.py{' --quick' if quick else ''}`, {machine()}; CPU seconds,")
    print(f"medians of {rounds} interleaved rounds; the floor is {peak / 1e9:.0f} GFLOP/s.\n")
    print(table(headings, rows))


if __name__ == "__main__":
    main("--quick" in sys.argv[1:])
