"""An epoch of a folder of photographs at 64 px: from the cache, and decoded through a DataLoader.

    python benchmarks/cached_epoch.py FOLDER

Both make the same float batches of 64; rounds are interleaved, one thread, no worker processes. The
ratio is of process CPU time, which busy neighbours move least; wall time is beside it.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable

import torch
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import CenterCrop, Compose, Normalize, Resize, ToTensor

from gan_lab.data import image_folder, to_unit

ROUNDS, BATCH, SIZE = 5, 64, 64


def main(folder: str) -> None:
    torch.set_num_threads(1)
    side = min(ImageFolder(folder)[0][0].size)
    steps = Compose([CenterCrop(side), Resize(SIZE, antialias=True), ToTensor(),
                     Normalize([0.5] * 3, [0.5] * 3)])  # fmt: skip
    loader = DataLoader(ImageFolder(folder, steps), BATCH, shuffle=True, drop_last=True)
    with tempfile.TemporaryDirectory() as cache_dir:
        built = timed(lambda: image_folder(folder, None, SIZE, cache_dir=cache_dir))
        parts = [image_folder(folder, None, SIZE, split=split, cache_dir=cache_dir).images
                 for split in ("train", "test")]  # fmt: skip
    images = torch.cat(parts)

    def cached() -> None:
        for indices in torch.randperm(len(images)).split(BATCH):
            to_unit(images[indices])

    def decoded() -> None:
        for _ in loader:
            pass

    for run in (cached, decoded):
        run()  # files and code are warm
    rounds = [(timed(cached), timed(decoded)) for _ in range(ROUNDS)]
    print(f"{len(images)} images; building the cache: {built[0]:.2f} s CPU, {built[1]:.2f} s wall")
    for name, column in (("CPU", 0), ("wall", 1)):
        ours, theirs = ([round[who][column] for round in rounds] for who in (0, 1))
        ratios = sorted(b / a for a, b in zip(ours, theirs, strict=True))
        print(
            f"{name:<5} cached {statistics.median(ours):.3f} s, DataLoader "
            f"{statistics.median(theirs):.2f} s: {statistics.median(ratios):.0f} times "
            f"({ratios[0]:.0f} to {ratios[-1]:.0f})"
        )


def timed(run: Callable[[], object]) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    run()
    return time.process_time() - cpu, time.perf_counter() - wall


if __name__ == "__main__":
    main(sys.argv[1])
