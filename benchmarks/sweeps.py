"""What a sweep costs beside its runs, and whether `gan-lab plan` tells its time.

    python benchmarks/sweeps.py WHERE [planned|orchestration]

`planned` runs a sweep of 24 runs (ngf x nz x lr x seed) of system A (the small DCGAN of
experiment=mnist_dcgan) on the digits with launcher=parallel, after planning it. `orchestration`
runs 8 short runs as a sweep and as 8 commands of their own, two at a time, in turns; processor time
is what other programs of a shared machine disturb least.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path

GAN_LAB = Path(sys.executable).with_name("gan-lab")
SHORT = ["logger=none", "threads=1", "evaluation.samples=2000", "evaluation.samples_during=500"]
AT_ONCE = 2
PARALLEL = ["launcher=parallel", f"n_jobs={AT_ONCE}"]
AXES = {"ngf": (8, 16), "nz": (10, 100), "lr": ("1e-4", "2e-4"), "seed": (0, 1, 2)}


@dataclass
class Took:
    """Seconds on the clock and of processors, with all children."""

    wall: float
    cpu: float


def command(*arguments: str) -> tuple[Took, str]:
    """Run gan-lab and measure it. Raises if it fails."""
    began = time.monotonic()
    process = subprocess.Popen([GAN_LAB, *arguments], stdout=subprocess.PIPE, encoding="utf-8")
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"gan-lab {' '.join(arguments)} failed:\n{output}")
    return Took(time.monotonic() - began, usage.ru_utime + usage.ru_stime), output


def planned(where: Path) -> None:
    grid = [f"{key}={','.join(map(str, values))}" for key, values in AXES.items()]
    settings = ["-m", *grid, *SHORT, *PARALLEL, "steps=300", f"runs_dir={where / 'planned'}"]
    command("steps=2", *SHORT, f"runs_dir={where / 'cache'}")  # trains the classifier, once ever
    for attempt in (1, 2):
        plan, output = command("plan", *settings)
        planned = in_seconds(re.search(r"time  about (.*), 2 at once", output)[1])
        print(f"plan {attempt}: {planned:.0f} s (planning took {plan.wall:.0f} s)", flush=True)
        if attempt == 1:
            real, output = command(*settings)
            print(output[output.index("setting ") :])
            print(f"real: {real.wall:.0f} s, {real.cpu:.0f} s of processors", flush=True)
            print(f"planned / real: {planned / real.wall:.2f}", flush=True)
            again, _ = command(*settings)
            print(f"the same command again: {again.wall:.1f} s, {again.cpu:.1f} s of processors")
            shutil.rmtree(where / "planned")


def in_seconds(text: str) -> float:
    units = {"s": 1, "min": 60, "h": 3600}
    return sum(float(number) * units[unit] for number, unit in re.findall(r"([\d.]+) (\w+)", text))


def orchestration(where: Path) -> None:
    axes = {key: values for key, values in AXES.items() if key != "seed"}
    grid = [f"{key}={','.join(map(str, values))}" for key, values in axes.items()]
    points = [
        [f"{k}={v}" for k, v in zip(axes, values, strict=True)]
        for values in product(*axes.values())
    ]
    for turn in range(3):
        folder = where / f"turn{turn}"
        common = [*SHORT, "steps=300"]
        sweep, _ = command("-m", *grid, *common, *PARALLEL, f"runs_dir={folder / 'sweep'}")
        again, _ = command("-m", *grid, *common, *PARALLEL, f"runs_dir={folder / 'sweep'}")
        began = time.monotonic()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            bare = [[*point, *common, f"runs_dir={folder / 'bare'}"] for point in points]
            each = [took for took, _ in pool.map(lambda one: command(*one), bare)]
        wall, cpu = time.monotonic() - began, sum(took.cpu for took in each)
        print(
            f"turn {turn}: sweep {sweep.wall:.0f} s, {sweep.cpu:.0f} s of processors; 8 commands "
            f"{wall:.0f} s, {cpu:.0f} s; ratio {sweep.wall / wall:.2f}, {sweep.cpu / cpu:.2f}; "
            f"nothing to do {again.cpu:.1f} s = "
            f"{again.cpu / (sweep.cpu - again.cpu):.1%} of the runs",
            flush=True,
        )
        shutil.rmtree(folder)


def main() -> None:
    where = Path(sys.argv[1])
    os.environ["GAN_LAB_CACHE"] = str(where / "cache")
    print(f"load at the start: {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores", flush=True)
    for part in (planned, orchestration):
        if part.__name__ in (sys.argv[2:] or [part.__name__]):
            part(where)
    print(f"load at the end: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
