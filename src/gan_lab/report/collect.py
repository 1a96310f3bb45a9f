"""What the run directories of a report hold, and what they lack."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from gan_lab.common.errors import RunError, UsageError
from gan_lab.common.files import read_bytes
from gan_lab.common.typed import plain
from gan_lab.config.run_config import RunConfig
from gan_lab.config.trust import is_trustworthy
from gan_lab.runs.damage import damage
from gan_lab.runs.directory import Run
from gan_lab.runs.lines import MetricsLine, ScoreLine
from gan_lab.runs.lookup import find_run

DONE = "finished"
DIGITS = 8  # of a digest: one chance in four thousand million


@dataclass(frozen=True)
class RunData:
    """One run as its directory tells it."""

    run: Run
    name: str  # of its directory, with the folders above it as far as runs share names
    config: RunConfig
    state: str
    step: int
    reason: str
    metrics: list[MetricsLine]
    evaluations: list[ScoreLine]
    commands: list[str]  # of each start
    missing: list[str]  # names of files that are not there
    log: str  # the first digits of the sha256 of metrics.jsonl, empty if it is not there
    damage: list[str]  # a line for each thing that is wrong with its files
    draws: bool = True  # whether its config names no code of others, which a report does not run

    @property
    def seed(self) -> int:
        return self.config.seed

    @property
    def finished(self) -> bool:
        return self.state == DONE

    @cached_property
    def output(self) -> str | None:
        """What D's curves hold: "probability", "score", or None if that cannot be known."""
        return _output(self.config)


@dataclass(frozen=True)
class Collection:
    """The runs of a report, in the order of their settings' files, and folders that are none.

    `folder` is where all of them lie, if a single folder was asked for.
    """

    title: str
    runs: list[RunData]
    unreadable: list[str]  # a line each: which folder, and why it is left out
    folder: Path | None = None

    def damage(self) -> list[str]:
        """What is wrong with the files of runs, those that are left out among them, a line each."""
        return [*self.unreadable, *(line for data in self.runs for line in data.damage)]

    def copies(self) -> list[list[str]]:
        """The names of runs that have one and the same metrics.jsonl: their seconds would differ
        if it had been trained again."""
        by_log: dict[str, list[str]] = {}
        for data in self.runs:
            if data.metrics:
                by_log.setdefault(data.log, []).append(data.name)
        return [names for names in by_log.values() if len(names) > 1]


def collect(references: Sequence[str], runs_dir: Path) -> Collection:
    """Read the runs that references name: studies, folders of runs or of submissions, or runs.

    In a folder of submissions each run lies one folder deeper than in a study. What cannot be read
    is named, not fatal. Raises RunError if nothing is left.
    """
    directories: dict[Path, Path] = {}
    unreadable: list[str] = []
    folders = [_folder(reference, runs_dir) for reference in references]
    for reference, folder in zip(references, folders, strict=True):
        found = [find_run(reference, runs_dir).directory] if folder is None else []
        if folder is not None:
            found, without = _members(folder)
            unreadable += without
            if not found and not without:
                raise RunError(f"there are no runs in {folder} yet.")
        for directory in found:
            directories.setdefault(directory.resolve(), directory)
    runs = []
    for directory, name in _names(list(directories.values())).items():
        run = Run(directory)
        try:
            runs.append(read(run, name))
        except RunError as error:
            unreadable += dict.fromkeys([str(error), *damage(run)])
    if not runs:
        raise RunError("; ".join(unreadable) or f"no runs in {', '.join(references)}.")
    studies = dict.fromkeys(data.config.runtime.study for data in runs)
    return Collection(
        ", ".join(studies), runs, unreadable, folders[0] if len(folders) == 1 else None
    )


def _folder(reference: str, runs_dir: Path) -> Path | None:
    """Return the folder of runs that a reference names: a study or a path. None if it is a run."""
    for folder in (runs_dir / reference, Path(reference)):
        if folder.is_dir() and not (folder / "config.yaml").exists():
            found, without = _members(folder)
            if found or without or folder == runs_dir / reference:
                return folder
    return None


def _members(folder: Path) -> tuple[list[Path], list[str]]:
    """Return the runs in a folder or in the folders inside it, and a line for each that has none.

    What has a run's files but no config was one. In a study all else belongs to no run.
    """
    found: list[Path] = []
    unreadable: list[str] = []
    empty: list[Path] = []
    for child in sorted(path for path in folder.iterdir() if path.is_dir()):
        inner = sorted(path.parent for path in child.glob("*/config.yaml"))
        if (child / "config.yaml").exists() or any(child.glob("*.json*")):
            found.append(child)
        elif inner:
            found += inner
        elif not child.name.startswith(".") and not _is_written(child):
            empty.append(child)
    # A study may hold folders of its own; where there are submissions, each should be one.
    if not found or any(directory.parent != folder for directory in found):
        unreadable += [
            f"{child} holds no run: there is no config.yaml in it, nor in a folder inside it."
            for child in empty
        ]
    return found, unreadable


def _is_written(folder: Path) -> bool:
    """Whether a report or a sheet was written into a folder."""
    return any((folder / f"{name}.html").exists() for name in ("report", folder.name))


def _names(directories: Sequence[Path]) -> dict[Path, str]:
    """Return the name of each directory, with as many folders above it as tell it apart."""
    parts = {path: path.absolute().parts for path in directories}
    names: dict[Path, str] = {}
    depth = 1
    while left := [path for path in directories if path not in names]:
        told = {path: "/".join(parts[path][-depth:]) for path in directories}
        counts = Counter(told.values())
        names |= {path: told[path] for path in left if counts[told[path]] == 1}
        depth += 1
    return {path: names[path] for path in directories}


def read(run: Run, name: str) -> RunData:
    """Read a run directory, whatever half of its files is there or whole.

    Raises RunError without a readable config, or for a link inside.
    """
    run.refuse_links()
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
        name=name,
        config=config,
        state=status.state if there["status.json"] else "unknown",
        step=status.step or last,
        reason=status.reason,
        metrics=metrics,
        evaluations=evaluations,
        commands=commands,
        missing=[name for name, found in there.items() if not found],
        log=_digest(run.metrics_path),
        damage=damage(run),
        draws=is_trustworthy(run.config_content()),
    )


def _digest(path: Path) -> str:
    """Return the first digits of what `sha256sum` says of a file, nothing if it cannot be read."""
    try:
        return hashlib.sha256(read_bytes(path)).hexdigest()[:DIGITS]
    except OSError:
        return ""


def _output(config: RunConfig) -> str | None:
    # One's own loss is not run for a report.
    if not is_trustworthy({"loss": plain(config.loss), "penalty": plain(config.penalty)}):
        return None
    from gan_lab.training import build  # only now: torch takes 2 s

    try:
        return build.loss(config).output
    except (UsageError, RunError, TypeError, ValueError):  # arguments that the loss does not take
        return None
