"""How much longer a run takes to start for the second time on 200,000 images than on 1,000.

    python benchmarks/second_start.py

Makes both folders of 16x16 JPEG files in a temporary place, trains 1 step on each (which builds the
caches), then starts other runs on them by turns and takes the time from the command to its first
logged step, by the clock.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

ROUNDS, COUNTS = 5, (1_000, 200_000)


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        random = np.random.default_rng(0)
        Image.fromarray(random.integers(0, 256, (16, 16, 3), np.uint8)).save(folder / "one.jpg")
        content = (folder / "one.jpg").read_bytes()
        for count in COUNTS:
            (folder / str(count)).mkdir()
            for index in range(count):
                (folder / str(count) / f"{index:06d}.jpg").write_bytes(content)
            print(f"first start on {count}: {start(folder, count, 0):.1f} s", flush=True)
        rounds = [[start(folder, count, seed) for count in COUNTS] for seed in range(1, ROUNDS + 1)]
        small, large = zip(*rounds, strict=True)
        more = sorted(b - a for a, b in rounds)
        print(
            f"{COUNTS[0]:,}: {statistics.median(small):.2f} s, {COUNTS[1]:,}: "
            f"{statistics.median(large):.2f} s, difference {statistics.median(more):.2f} s "
            f"({more[0]:.2f} to {more[-1]:.2f})"
        )


def start(folder: Path, count: int, seed: int) -> float:
    """Return the wall seconds from the command of a run to its first step, and end it there."""
    runs = folder / "runs" / f"{count}-{seed}"
    command = [
        str(Path(sys.executable).with_name("gan-lab")), "dataset=image_folder", f"folder={count}",
        f"data_root={folder}", f"cache_dir={folder}/cache", f"runs_dir={runs}", f"seed={seed}",
        "channels=3", "image_size=16", "hidden_dim=4", "batch_size=4", "steps=1000000",
        "log_every=1", "score_every=0", "logger=none", "threads=1", "device=cpu",
    ]  # fmt: skip
    began = time.perf_counter()
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    try:
        while not any(path.stat().st_size for path in runs.glob("*/*/metrics.jsonl")):
            if process.poll() is not None:
                raise SystemExit(f"the run on {count} images ended before its first step")
            time.sleep(0.005)
        return time.perf_counter() - began
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
