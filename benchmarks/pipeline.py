"""Training with its data path, wall seconds of two threads: python benchmarks/pipeline.py [--quick]

Ours gathers bytes that lie in memory; the peer decodes and transforms picture by picture in a
DataLoader, with the better of no and two workers. MNIST is read below GAN_LAB_DATA.
"""

import sys

from gan_lab.common.threads import wait_briefly

wait_briefly()  # for both sides, before torch is imported

import peer
import torch
import workloads
from timing import interleave, machine, table, wall_seconds
from workloads import COLOUR, LARGE, SMALL, Workload

import gan_lab
from gan_lab.training.steps import take_step

WORKERS = (0, 2)


def measure(workload: Workload, originals: torch.Tensor, rounds: int, seconds: float) -> list[str]:
    """Return the row of a workload: images per second of both sides, and their ratio."""
    resized = gan_lab.load_dataset(
        "mnist", image_size=workload.image_size, channels=workload.channels
    )
    state = workloads.ours(workload, resized.images)
    step = iter(range(10**9))
    peer_step = workloads.theirs(workload)

    def with_loader(workers: int):
        reals = peer.batches(originals, workload.image_size, workload.batch_size, workers)
        shape = (workload.batch_size, workload.latent_dim, 1, 1)
        return lambda: peer_step(next(reals), torch.randn(shape))

    candidates = {f"workers={workers}": with_loader(workers) for workers in WORKERS}
    timing = interleave(
        {**candidates, "gan_lab": lambda: take_step(state, next(step))},
        wall_seconds,
        rounds,
        seconds,
    )
    best = min(candidates, key=timing.median)
    rate = {name: workload.batch_size / timing.median(name) for name in (best, "gan_lab")}
    return [
        workload.title,
        best,
        f"{rate[best]:,.0f}",
        f"{rate['gan_lab']:,.0f}",
        f"{timing.ratio(best, 'gan_lab'):.2f}",
    ]


def main(quick: bool) -> None:
    torch.set_num_threads(2)
    rounds, seconds = (3, 2.0) if quick else (9, 6.0)
    grey = gan_lab.load_dataset("mnist", image_size=28).images
    colour = gan_lab.load_dataset("mnist", image_size=28, channels=3).images
    headings = ["workload", "peer's better loader", "peer images/s", "gan_lab images/s",
                "gan_lab / peer"]  # fmt: skip
    pairs = ((SMALL, grey), (LARGE, grey), (COLOUR, colour))
    rows = [measure(workload, originals, rounds, seconds) for workload, originals in pairs]
    print("## With the data path\n")
    print(f"`python benchmarks/pipeline.py{' --quick' if quick else ''}`, {machine()}; wall time,")
    print(f"medians of {rounds} interleaved rounds; MNIST (grey, or repeated to RGB).\n")
    print(table(headings, rows))


if __name__ == "__main__":
    main("--quick" in sys.argv[1:])
