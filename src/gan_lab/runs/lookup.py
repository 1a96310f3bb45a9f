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
    if (Path(reference) / "config.yaml").is_file():
        return Run(Path(reference))
    study, _, reference = reference.rpartition("/")
    if not reference:
        raise RunError("which run? `gan-lab runs` lists what is there.")
    directories = run_directories(runs_dir, study or "*")
    if reference == "latest" and directories:
        return Run(max(directories, key=lambda path: (path / "config.yaml").stat().st_mtime))
    if reference == "best":
        return _best_run(directories, runs_dir)
    found = [
        path
        for path in directories
        if path.name == reference or path.name.rpartition("-")[2].startswith(reference)
    ]
    if len(found) == 1:
        return Run(found[0])
    if found:
        names = ", ".join(str(path.relative_to(runs_dir)) for path in found[:5])
        raise RunError(f"{reference!r} names {len(found)} runs: {names}; write more of it.")
    raise RunError(f"no run {reference!r} under {runs_dir}; `gan-lab runs` lists what is there.")


def _best_run(directories: list[Path], runs_dir: Path) -> Run:
    """Return the run whose averaged generator has the least distance to its data."""
    found: list[tuple[ScoreLine, Run]] = []
    for run in map(Run, directories):
        best_by = run.config().dataset.selection
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
