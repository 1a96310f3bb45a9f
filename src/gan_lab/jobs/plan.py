"""What a command would do, how long it would take and how much disk, without doing it."""

import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gan_lab.common.console import counted, duration, print_rows, say
from gan_lab.common.errors import RunError
from gan_lab.config.identity import result_hash
from gan_lab.config.overrides import OPTIMIZERS
from gan_lab.config.run_config import RunConfig
from gan_lab.jobs.cost import Cost, measure
from gan_lab.jobs.job import Job, is_settled
from gan_lab.jobs.launchers import Launcher, with_threads
from gan_lab.jobs.process import Ending, Worker, wait_for_any


def print_plan(jobs: Sequence[Job], launcher: Launcher) -> None:
    """Measure what the jobs that are left cost, and print it. Raises RunError if one cannot be."""
    own = time.process_time()  # of composing and imports: what the command itself would take
    count = launcher.at_once
    if launcher.threads_each:
        jobs = [with_threads(job, launcher.threads_each) for job in jobs]
    left = [job for job in jobs if not is_settled(job)]
    costs = _measure([job.config for job in left], count)
    rows, lengths, disk = [], [], 0
    for job in jobs:
        name = " ".join(job.setting) or "baseline"
        if job not in left:
            rows.append([name, job.run.directory.name, job.before, "0", "", ""])
            continue
        cost = costs[_kind(job.config)]
        done = 0 if job.restart else max([0, *job.run.checkpoint_steps()])
        seconds, size = cost.seconds(done), cost.bytes(done)
        steps = max(0, cost.schedule.steps - done)
        lengths.append(seconds)
        disk += size
        cells = [job.before, f"{steps:,}", duration(seconds), f"{size / 1e6:.1f} MB"]
        rows.append([name, job.run.directory.name, *cells])
    print_rows([["setting", "run", "state", "steps to do", "time", "disk"], *rows])
    say("")
    say(f"{counted(len(jobs), 'run')}: {len(jobs) - len(left)} done, {len(left)} to do")
    if left:
        _print_total(lengths, disk, launcher, count, own, left[0].run.directory)


def _print_total(
    lengths: Sequence[float],
    disk: int,
    launcher: Launcher,
    count: int,
    own: float,
    directory: Path,
) -> None:
    if launcher.elsewhere:
        say(f"time  about {duration(sum(lengths))} of computing, at this machine's speed")
    else:
        say(f"time  about {duration(makespan(lengths, count) + own)}, {count} at once")
    parent = next(folder for folder in directory.parents if folder.is_dir())
    free = shutil.disk_usage(parent).free
    say(f"disk  about {disk / 1e6:.0f} MB; {free / 1e9:.1f} GB are free at {parent}")
    say("included: scores; not included: what W&B takes, and FID, if Inception's weights are here")


def makespan(lengths: Sequence[float], count: int) -> float:
    """Return when `count` workers are done that take pieces of these lengths in their order."""
    workers = [0.0] * count
    for length in lengths:
        workers[workers.index(min(workers))] += length
    return max(workers)


def _kind(config: RunConfig) -> str:
    """Return a key that runs of equal cost share."""
    # What changes what a run learns, and not what it costs.
    alike = replace(config, seed=0, lr_g=1e-4, lr_d=1e-4, weight_init="custom")
    if not config.has_betas:
        return result_hash(alike)
    specs = {player: getattr(config, player) for player in OPTIMIZERS}
    usual = {
        player: spec.with_arguments(betas=[0.5, 0.999])
        for player, spec in specs.items()
        if "betas" in spec.arguments
    }
    return result_hash(replace(alike, beta1=0.5, beta2=0.999, **usual))


def _measure(configs: Sequence[RunConfig], count: int) -> dict[str, Cost]:
    """Measure one config of each kind, `count` at once, for neighbours slow each other down."""
    kinds = {_kind(config): config for config in reversed(configs)}
    if not kinds:
        return {}
    # Fewer kinds than neighbours: what is measured has as many beside it as it will have.
    repeats = -(-min(count, len(configs)) // len(kinds))
    waiting = list(kinds.items()) * repeats
    say(f"measuring {counted(len(kinds), 'kind')} of run, {count} at once")
    running: dict[Worker, str] = {}
    found: dict[str, Cost] = {}
    try:
        while waiting or running:
            while waiting and len(running) < count:
                kind, config = waiting.pop(0)
                running[Worker(measure, config, quiet=True)] = kind
            wait_for_any(running, 1.0)
            for worker, ending in [(worker, worker.ending()) for worker in running]:
                if ending is not None:
                    found[running.pop(worker)] = _cost(ending)
    finally:
        for worker in running:
            worker.process.terminate()
    return found


def _cost(ending: Ending) -> Cost:
    if ending.error:
        raise RunError(f"a run of the plan cannot be measured: {ending.error}")
    cost: Cost = ending.value
    return cost
