"""What a long run holds in memory: python benchmarks/memory.py [--quick]

Resident memory of a run through the real loop, logging, sampling and writing checkpoints, after its
first 500 steps and at its end.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from timing import machine, table

PROGRAM = str(Path(sys.executable).with_name("gan-lab"))
SMALL = ("hidden_dim=4", "batch_size=16", "threads=1", "logger=none", "score_every=0")


def resident_mib(process: int) -> float:
    """Return the resident memory of a process in MiB."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    line = next(line for line in lines if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def follow(steps: int, folder: Path) -> dict[int, float]:
    """Train and return the resident memory when each logged step had been written."""
    process = subprocess.Popen(
        [PROGRAM, f"steps={steps}", f"runs_dir={folder}", "log_every=100", *SMALL],
        stdout=subprocess.DEVNULL,
    )
    seen: dict[int, float] = {}
    while process.poll() is None:
        lines = [
            path.read_text(encoding="utf-8").count("\n")
            for path in folder.glob("*/*/metrics.jsonl")
        ]
        step = 100 * (lines[0] if lines else 0)
        if 0 < step < steps and step not in seen:
            seen[step] = resident_mib(process.pid)
        time.sleep(0.02)
    assert process.returncode == 0
    return seen


def main(quick: bool) -> None:
    steps = 2000 if quick else 10_000
    with tempfile.TemporaryDirectory() as folder:
        seen = follow(steps, Path(folder))
    first = max(step for step in seen if step <= 500)
    last = max(seen)
    print("## Memory\n")
    print(f"`python benchmarks/memory.py{' --quick' if quick else ''}`, {machine()}; resident")
    print(f"memory of `gan-lab {' '.join(SMALL)} steps={steps}`.\n")
    rows = [[f"{step:,}", f"{seen[step]:.0f}", f"{seen[step] / seen[first]:.3f}"]
            for step in (first, last)]  # fmt: skip
    print(table(["after step", "MiB", "of the first"], rows))


if __name__ == "__main__":
    main("--quick" in sys.argv[1:])
