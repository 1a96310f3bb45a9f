"""The run that a person means by a path, a name, a hash, `latest` or `best`."""

from pathlib import Path

from gan_lab.errors import RunError
from gan_lab.runs import Run, run_directories


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
    scores = {directory: Run(directory).final_scores() for directory in directories}
    scored = [directory for directory in directories if "fd_classifier" in scores[directory]]
    if not scored:
        raise RunError(f"no run under {runs_dir} has been scored; `gan-lab evaluate RUN` does it.")
    extractors = {Run(directory).evaluations()[-1]["protocol"]["extractor"] for directory in scored}
    if len(extractors) > 1:
        names = ", ".join(sorted(extractors))
        raise RunError(f"which is best cannot be said across {names}: name a study, as STUDY/best.")
    return Run(min(scored, key=lambda directory: scores[directory]["fd_classifier"]))
