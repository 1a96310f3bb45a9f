"""Time spent by candidates that take turns, so that a busy moment of the machine hits them all."""

import platform
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

Clock = Callable[[], float]
cpu_seconds: Clock = time.process_time  # with one thread: what the work costs, neighbours or not
wall_seconds: Clock = time.perf_counter


@dataclass(frozen=True)
class Timing:
    """Seconds a call of each candidate: a number for each round."""

    rounds: Mapping[str, list[float]]

    def median(self, name: str) -> float:
        """The median over the rounds, in seconds."""
        return statistics.median(self.rounds[name])

    def ratio(self, slow: str, fast: str) -> float:
        """How many times longer `slow` takes: the median of the ratios of the rounds."""
        pairs = zip(self.rounds[slow], self.rounds[fast], strict=True)
        return statistics.median(a / b for a, b in pairs)


def interleave(
    candidates: Mapping[str, Callable[[], object]], clock: Clock, rounds: int, seconds: float
) -> Timing:
    """Call each candidate for about `seconds` in each of `rounds`, in turns."""
    counts = {}
    for name, call in candidates.items():
        call()  # the first call compiles, allocates and reads
        began = time.perf_counter()
        call()
        counts[name] = max(1, round(seconds / (time.perf_counter() - began)))
    measured: dict[str, list[float]] = {name: [] for name in candidates}
    for turn in range(rounds):
        order = list(candidates) if turn % 2 == 0 else list(reversed(candidates))
        for name in order:
            began = clock()
            for _ in range(counts[name]):
                candidates[name]()
            measured[name].append((clock() - began) / counts[name])
    return Timing(measured)


def machine() -> str:
    """Say when and where something was measured."""
    return (
        f"{time.strftime('%Y-%m-%d')}, {_processor()}, {torch.get_num_threads()} thread(s), "
        f"torch {torch.__version__}, Python {platform.python_version()}"
    )


def table(headings: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _processor() -> str:
    try:
        names = [
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ]
        return f"{len(names)} x {names[0]}"
    except (OSError, IndexError):
        return platform.processor() or platform.machine()
