"""The run that a person means by a path, a name, a hash, `latest` or `best`."""

from pathlib import Path

from gan_lab.common.errors import RunError
from gan_lab.runs.directory import Run, run_directories
from gan_lab.runs.lines import ScoreLine
from gan_lab.runs.protocol import column_key, differences


def find_run(reference: str, runs_dir: Path) -> Run:
    """Return the run that a path, a directory name, or a unique prefix of its hash names.

    `latest` is the last one started and `best` the one with the least distance, of all or, as
    STUDY/latest and STUDY/best, of a study. Raises RunError if there is none or more than one.
    """
    if not reference.strip("/"):
        raise RunError("which run? `gan-lab runs` lists what is there.")
    if _is_there(Path(reference) / "config.yaml"):
        return Run(Path(reference))
    study, _, name = reference.rpartition("/")
    directories = run_directories(runs_dir, study or "*")
    if name == "latest" and directories:
        return Run(max(directories, key=_last_start))
    if name == "best" and directories:
        return _best_run(directories, runs_dir)
    found = [
        path
        for path in directories
        if path.name == name or (name and path.name.rpartition("-")[2].startswith(name))
    ]
    if len(found) == 1:
        return Run(found[0])
    if found:
        names = ", ".join(str(path.relative_to(runs_dir)) for path in found[:5])
        raise RunError(f"{reference!r} names {len(found)} runs: {names}; write more of it.")
    raise RunError(f"no run {reference!r} under {runs_dir}; `gan-lab runs` lists what is there.")


def _is_there(path: Path) -> bool:
    """Whether anything lies at a path that somebody typed; a link or a pipe, too."""
    try:
        path.lstat()
        return True
    except (OSError, ValueError):  # nothing, or no name that a file can have
        return False


def _last_start(directory: Path) -> float:
    return (directory / "config.yaml").lstat().st_mtime


def _best_run(directories: list[Path], runs_dir: Path) -> Run:
    """Return the run whose averaged generator has the least distance to its data."""
    found: list[tuple[ScoreLine, Run]] = []
    for run in map(Run, directories):
        try:
            best_by = run.config().dataset.selection
        except RunError:  # damaged; `gan-lab runs` says what
            continue
        found += [(line, run) for line in run.final_evaluations() if line.score == best_by]
    if not found:
        raise RunError(f"no run under {runs_dir} has been scored; `gan-lab evaluate RUN` does it.")
    first, _ = found[0]
    unlike = next((line for line, _ in found if column_key(line) != column_key(first)), None)
    if unlike:
        reason = "; ".join([f"{first.score} / {unlike.score}", *differences(first, unlike)])
        raise RunError(
            f"which is best cannot be said across unlike scores ({reason}): name a study, as "
            "STUDY/best, or evaluate them alike."
        )
    return min(found, key=lambda one: one[0].value)[1]
