"""What the run directories of a report hold, and what they lack."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gan_lab.common.errors import RunError
from gan_lab.common.typed import plain
from gan_lab.config.run_config import RunConfig
from gan_lab.config.trust import is_trustworthy
from gan_lab.runs.directory import Run, run_directories
from gan_lab.runs.lines import MetricsLine, ScoreLine
from gan_lab.runs.lookup import find_run

DONE = "finished"
DIGITS = 8  # of a digest: one chance in four thousand million


@dataclass(frozen=True)
class RunData:
    """One run as its directory tells it."""

    run: Run
    config: RunConfig
    state: str
    step: int
    reason: str
    metrics: list[MetricsLine]
    evaluations: list[ScoreLine]
    commands: list[str]  # of each start
    output: str | None  # what D's curves hold: "probability", "score", or None if unknown
    missing: list[str]  # names of files that are not there
    log: str  # the first digits of the sha256 of metrics.jsonl, empty if it is not there

    @property
    def name(self) -> str:
        return self.run.directory.name

    @property
    def seed(self) -> int:
        return self.config.seed

    @property
    def finished(self) -> bool:
        return self.state == DONE


@dataclass(frozen=True)
class Collection:
    """The runs of a report, in the order of their settings' files, and folders that are none."""

    title: str
    runs: list[RunData]
    unreadable: list[str]  # a line each: which folder, and why it is left out


def collect(references: Sequence[str], runs_dir: Path) -> Collection:
    """Read the runs that references name: studies, folders of runs, or runs.

    A folder whose config is missing or broken is named, not fatal. Raises RunError if nothing is
    left.
    """
    directories: dict[str, Path] = {}
    unreadable: list[str] = []
    for reference in references:
        for directory in _directories(reference, runs_dir):
            if directory.name in directories and directories[directory.name] != directory:
                unreadable.append(f"{directory} is {directories[directory.name]} again: left out.")
            directories.setdefault(directory.name, directory)
    runs = []
    for directory in directories.values():
        try:
            runs.append(read(Run(directory)))
        except RunError as error:
            unreadable.append(f"{directory}: {error}")
    if not runs:
        raise RunError("; ".join(unreadable) or f"no runs in {', '.join(references)}.")
    studies = dict.fromkeys(data.config.runtime.study for data in runs)
    return Collection(", ".join(studies), runs, unreadable)


def _directories(reference: str, runs_dir: Path) -> list[Path]:
    for folder in (runs_dir / reference, Path(reference)):
        if folder.is_dir() and not (folder / "config.yaml").exists():
            found = run_directories(folder.parent, folder.name)
            # What has a run's files but no config was one, and is named.
            lost = {path.parent for path in folder.glob("*/*.json*")} - set(found)
            if found or lost:
                return [*found, *sorted(lost)]
            if folder == runs_dir / reference:
                raise RunError(f"there are no runs in {folder} yet.")
    return [find_run(reference, runs_dir).directory]


def read(run: Run) -> RunData:
    """Read a run directory, whatever half of its files is there.

    Raises RunError without a readable config.
    """
    config, status = run.config(), run.status()
    metrics, evaluations = run.metrics(), run.evaluations()
    commands = [start.command for start in run.environment() if start.command is not None]
    there = {
        "status.json": status.state != "new",
        "environment.json": commands,
        "metrics.jsonl": metrics,
        "evaluations.jsonl": evaluations,
        "samples": run.sample_steps(),
        "checkpoints": run.checkpoint_steps(),
    }
    last = int(metrics[-1]["step"]) if metrics else 0
    return RunData(
        run=run,
        config=config,
        state=status.state if there["status.json"] else "unknown",
        step=status.step or last,
        reason=status.reason,
        metrics=metrics,
        evaluations=evaluations,
        commands=commands,
        output=_output(config),
        missing=[name for name, found in there.items() if not found],
        log=_digest(run.metrics_path),
    )


def _digest(path: Path) -> str:
    """Return the first digits of what `sha256sum` says of a file; nothing if it is not there."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:DIGITS] if path.exists() else ""


def _output(config: RunConfig) -> str | None:
    # One's own loss is not run for a report.
    if not is_trustworthy({"loss": plain(config.loss), "penalty": plain(config.penalty)}):
        return None
    from gan_lab.training import build  # only now: torch takes 2 s

    return build.loss(config).output
