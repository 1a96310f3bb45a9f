"""How long a person waits: python benchmarks/startup.py [--quick]"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from timing import machine, table

PROGRAM = str(Path(sys.executable).with_name("gan-lab"))


def seconds_of(*arguments: str) -> float:
    """Return the wall seconds of a whole process."""
    began = time.perf_counter()
    subprocess.run([PROGRAM, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def seconds_to_first_step(folder: Path) -> float:
    """Return the wall seconds from the command to its first logged step, with W&B offline."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [PROGRAM, "wandb.mode=offline", "log_every=1", "score_every=0", f"runs_dir={folder}"],
        stdout=subprocess.DEVNULL,
    )
    try:
        while not any(path.stat().st_size for path in folder.glob("*/*/metrics.jsonl")):
            time.sleep(0.01)
        return time.perf_counter() - began
    finally:
        process.kill()
        process.wait()


def main(quick: bool) -> None:
    rounds = 3 if quick else 9
    help_, first = [], []
    for _ in range(rounds):
        help_.append(seconds_of("--help"))
        with tempfile.TemporaryDirectory() as folder:
            first.append(seconds_to_first_step(Path(folder)))
    rows = [
        ["`gan-lab --help`", f"{statistics.median(help_):.2f}"],
        ["`gan-lab wandb.mode=offline` to its first step", f"{statistics.median(first):.2f}"],
    ]
    print("## Start-up\n")
    print(f"`python benchmarks/startup.py{' --quick' if quick else ''}`, {machine()}; wall")
    print(f"seconds, medians of {rounds}.\n")
    print(table(["command", "seconds"], rows))


if __name__ == "__main__":
    main("--quick" in sys.argv[1:])
