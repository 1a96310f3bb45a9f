"""Measure `gan-lab report` on a study of twelve runs: six settings at two seeds.

    python benchmarks/report.py

trains the runs on the embedded digits into a temporary folder (a minute), then writes their report
three times, each in a process of its own, and prints the seconds of each.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = (
    *("-m", "hidden_dim=4,8,16", "latent_dim=4,16", "seeds=2", "steps=200", "study=twelve"),
    *("image_size=16", "logger=none", "threads=1", "sample_every=50", "score_every=50"),
    *("evaluation.samples=300", "evaluation.samples_during=200", "log_every=10"),
)
TIMES = 3


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        gan_lab(Path(folder), *RUNS)
        print("| wall, s | CPU, s |")
        print("|---|---|")
        for _ in range(TIMES):
            began, used = time.perf_counter(), os.times()
            gan_lab(Path(folder), "report", "twelve")
            wall, now = time.perf_counter() - began, os.times()
            cpu = now.children_user + now.children_system
            print(f"| {wall:.1f} | {cpu - used.children_user - used.children_system:.1f} |")


def gan_lab(folder: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "gan_lab", *arguments]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
