"""What a run holds in memory on a small folder and on one of several GB.

    python benchmarks/large_folder.py [IMAGES]

Makes two folders of JPEG files in a temporary place, of 1,000 images and of IMAGES (60,000: 2.9 GB
decoded at 128 pixels), and starts a run on each that decodes them, trains, and is scored; with
networks of a few numbers, so that all the time goes into reading images. Memory is
parted as the system does (/proc/PID/status): RssAnon is what the program holds and only swapping
could take from it; RssFile are pages of files, the map of decoded images among them, which the
system drops when it needs the room. A loader that fills the memory shows in the first.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from timing import machine, table
from torch import Tensor, nn

SMALL, LARGE, STEPS, BATCH, SIDE = 1_000, 60_000, 300, 256, 128


class Generator(nn.Module):
    """Images of one colour each."""

    def __init__(self, latent_dim: int, channels: int, image_size: int):
        super().__init__()
        self.image_size = image_size
        self.colour = nn.Linear(latent_dim, channels)

    def forward(self, z: Tensor) -> Tensor:
        return torch.tanh(self.colour(z))[..., None, None].repeat(1, 1, *2 * [self.image_size])


class Discriminator(nn.Module):
    """Judges the mean colour."""

    def __init__(self, channels: int, image_size: int):
        super().__init__()
        self.logit = nn.Linear(channels, 1)

    def forward(self, images: Tensor) -> Tensor:
        return self.logit(images.mean((2, 3))).squeeze(1)


def main(large: int) -> None:
    rows = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        random = np.random.default_rng(0)
        Image.fromarray(random.integers(0, 256, (16, 16, 3), np.uint8)).save(folder / "one.jpg")
        content = (folder / "one.jpg").read_bytes()
        for count in (SMALL, large):
            (folder / str(count)).mkdir()
            for index in range(count):
                (folder / str(count) / f"{index:06d}.jpg").write_bytes(content)
            seen = follow(folder, count)
            steps = sorted(seen)
            early, late = seen[steps[0]], seen[steps[-2]]  # -1: what it ends with, scores included
            highest = max(anonymous for anonymous, _ in seen.values())
            rows.append([f"{count:,}", f"{count * 3 * SIDE**2 / 1e9:.2f} GB",
                         f"{early[0]:.0f}", f"{late[0]:.0f}", f"{highest:.0f}",
                         f"{late[1]:.0f}"])  # fmt: skip
    print(f"`python benchmarks/large_folder.py`, {machine()}; MiB\n")
    heads = ["images", "decoded", f"held at step {steps[0]}", f"held at step {steps[-2]}",
             "most ever held", f"pages of files at step {steps[-2]}"]  # fmt: skip
    print(table(heads, rows))


def follow(folder: Path, count: int) -> dict[int, tuple[float, float]]:
    """Run and return (RssAnon, RssFile) in MiB at logged steps; the most ever, after the last."""
    search_path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("gan-lab")), "dataset=image_folder", f"folder={count}",
         f"data_root={folder}", f"cache_dir={folder}/cache", f"runs_dir={folder}/runs/{count}",
         "channels=3", f"image_size={SIDE}", f"batch_size={BATCH}",
         "model.generator._target_=large_folder.Generator",
         "model.discriminator._target_=large_folder.Discriminator",
         f"steps={STEPS}", "log_every=10", "logger=none", "score_every=0", "sample_every=0",
         "checkpoint_every=0", "evaluation.samples=100", "threads=1", "device=cpu"],
        stdout=subprocess.DEVNULL,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": search_path},
    )  # fmt: skip
    seen: dict[int, tuple[float, float]] = {}
    most = (0.0, 0.0)
    while process.poll() is None:
        lines = [
            path.read_text(encoding="utf-8").count("\n")
            for path in folder.glob(f"runs/{count}/*/*/m*.jsonl")
        ]
        now = held(process.pid)
        most = max(most, now)
        if lines and lines[0]:
            seen.setdefault(10 * lines[0], now)
        time.sleep(0.05)
    assert process.returncode == 0
    return {**seen, STEPS + 1: most}


def held(process: int) -> tuple[float, float]:
    """Return RssAnon and RssFile of a process in MiB; zeros when it has just ended."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    found = dict(line.split(":", 1) for line in lines if ":" in line)
    anonymous, file = (float(found.get(f"Rss{kind}", "0 kB").split()[0]) / 1024
                       for kind in ("Anon", "File"))  # fmt: skip
    return anonymous, file


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else LARGE)
