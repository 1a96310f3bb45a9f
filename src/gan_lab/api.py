"""What notebooks and programs ask for: training, runs, scores, reports, datasets and losses."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gan_lab.common.console import say
from gan_lab.common.errors import RunError, UsageError
from gan_lab.common.paths import using_folders
from gan_lab.config import compose
from gan_lab.config.own.folders import folder_here, folders_named, remarks
from gan_lab.config.sweep import as_typed
from gan_lab.data import ImageDataset, reading_once
from gan_lab.evaluation.run_evaluator import evaluate_run
from gan_lab.evaluation.scores import named_scores
from gan_lab.jobs.host import as_found
from gan_lab.jobs.job import Job
from gan_lab.jobs.launchers import Launcher
from gan_lab.jobs.sweep import compose_runs, failure, jobs_of, launcher_of, run_several
from gan_lab.jobs.train_run import train_run
from gan_lab.losses import GanLoss
from gan_lab.report import write
from gan_lab.report.collect import collect
from gan_lab.report.listing import Cell, find_listed, list_rows
from gan_lab.runs.lines import ScoreLine
from gan_lab.training import build
from gan_lab.training.trained import TrainedRun, load_run, open_run

__all__ = [
    "RunError",
    "TrainedRun",
    "UsageError",
    "evaluate",
    "list_runs",
    "load_dataset",
    "load_loss",
    "load_run",
    "sweep",
    "train",
    "write_report",
]


def train(*settings: str, config_dir: str | Path | None = None, **knobs: Any) -> TrainedRun:
    """Train the run that settings describe, or go on with it, and return it, on the CPU.

    `train("experiment=mnist_dcgan", latent_dim=100)` is `gan-lab experiment=mnist_dcgan
    latent_dim=100`: the same checks, directory and bits, and one that has finished is only loaded.
    `config_dir` is a folder of your own configs; ./conf is found anyway. Raises UsageError for a
    mistake, RunError if the run could not go on.
    """
    arguments = _arguments(settings, knobs, config_dir, swept=False)
    with as_found(), _own_configs(arguments) as rest:
        jobs, launcher = _jobs(rest, arguments)
        if len(jobs) > 1:
            raise UsageError(f"these settings are {len(jobs)} runs: gan_lab.sweep trains them.")
        return _trained(jobs, launcher)[0]


def sweep(*settings: str, config_dir: str | Path | None = None, **knobs: Any) -> list[TrainedRun]:
    """Train the runs of a sweep, and return them in its order.

    A list is a value for each run: `sweep("experiment=mnist_dcgan", latent_dim=[16, 100])` is
    `gan-lab -m experiment=mnist_dcgan latent_dim=16,100`. Each run has a process of its own. Raises
    UsageError for a mistake anywhere, before any is trained, and RunError, when all others are
    done, if one could not go on.
    """
    arguments = _arguments(settings, knobs, config_dir, swept=True)
    with as_found(), _own_configs(arguments) as rest:
        return _trained(*_jobs(rest, arguments))


def evaluate(
    run: TrainedRun | str | Path,
    scores: str | Sequence[str] | None = None,
    samples: int | None = None,
    runs_dir: str | Path | None = None,
    trust: bool = False,
) -> list[ScoreLine]:
    """Score both generators of a run; return the lines, which are added to its evaluations.jsonl.

    `scores` are names of conf/score, by default those of its data, on `samples` samples. `run` is
    one that was returned, or what `load_run` takes. Raises UsageError for a score that its data do
    not have, and what `load_run` raises.
    """
    names = None if scores is None else named_scores(_listed(scores))
    with as_found(), using_folders(folder_here() if trust else ()):
        opened = run if isinstance(run, TrainedRun) else open_run(run, runs_dir, trusted=trust)
        lines = evaluate_run(opened, samples, names)
    vars(opened).pop("evaluations", None)  # read anew when they are asked for
    return lines


def write_report(
    *references: TrainedRun | str | Path,
    runs_dir: str | Path | None = None,
    out: str | Path | None = None,
    steps: Sequence[int] | None = None,
    title: str | None = None,
) -> Path:
    """Write what `gan-lab report` writes of studies, folders or runs; return the page's path.

    `steps` are those whose samples stand beside each other. Raises RunError if there are no runs.
    """
    names = [str(one.directory if isinstance(one, TrainedRun) else one) for one in references]
    if not names:
        raise UsageError("a report of what? Name a study, a folder of runs, or runs.")
    with as_found():
        collection = collect(names, _runs_dir(runs_dir))
        place = Path(out or write.folder_of(collection))
        if place.is_symlink() and not out:  # in a study that somebody may have sent
            raise RunError(f"{place} is a link, which is not followed: remove it, or give out=.")
        return write.write_report(collection, place, steps, title)


def list_runs(study: str = "*", runs_dir: str | Path | None = None) -> list[dict[str, Cell]]:
    """Return a dict a run of a study, or of all: study, run, state, step, seed, what varies, and
    each score.

    Nobody's code is imported. `pandas.DataFrame(gan_lab.list_runs())` is a table of them.
    """
    return list_rows(find_listed(_runs_dir(runs_dir), study))


def load_loss(name: str, penalty: Sequence[str] = ()) -> GanLoss:
    """Return a loss of conf/loss with penalties of conf/penalty. Raises UsageError for others."""
    with using_folders(folder_here()):
        settings = [f"loss={name}", f"penalty=[{','.join(penalty)}]"]
        (job,) = compose.jobs(settings, multirun=False)
        return build.loss(job.config)


def load_dataset(name: str, root: str | Path | None = None, **arguments: Any) -> ImageDataset:
    """Return a dataset of conf/dataset, its files looked for under `root`.

    `arguments` are the loader's (image_size=28, split="test"). Raises UsageError for another name.
    """
    with using_folders(folder_here()):
        (job,) = compose.jobs([f"dataset={name}"], multirun=False)
        config = job.config if root is None else job.config.with_runtime(data_root=str(root))
        return build.dataset(config, **arguments)


def _arguments(
    settings: Sequence[str], knobs: Any, config_dir: str | Path | None, swept: bool
) -> list[str]:
    """Return what would be typed after `gan-lab`."""
    for text in settings:
        if not isinstance(text, str):
            raise UsageError(f"{text!r} is no setting; write it as 'KEY=VALUE'.")
    lists = [
        key for key, value in knobs.items() if swept and isinstance(value, list | tuple | range)
    ]
    words = [
        f"{key}={','.join(map(as_typed, value)) if key in lists else as_typed(value)}"
        for key, value in knobs.items()
    ]
    several = swept and (lists or any("," in text or "(" in text for text in settings))
    folder = [] if config_dir is None else ["--config-dir", str(config_dir)]
    return [*folder, *(["-m"] if several and "-m" not in settings else []), *settings, *words]


@contextmanager
def _own_configs(arguments: Sequence[str]) -> Iterator[list[str]]:
    """Use the configs of ./conf and of the folders that arguments name; yield the others."""
    rest, named = folders_named(arguments)
    with using_folders(list(dict.fromkeys([*named, *folder_here()]))):
        for line in remarks():
            say(line)
        yield rest


def _jobs(settings: list[str], arguments: list[str]) -> tuple[list[Job], Launcher]:
    composed = compose_runs(settings)
    if composed[0].search is not None:
        raise UsageError("a search is a command: gan-lab search=NAME.")
    return jobs_of(composed, arguments), launcher_of(composed)


def _trained(jobs: Sequence[Job], launcher: Launcher) -> list[TrainedRun]:
    """Run jobs and return their runs. Raises RunError if one did not finish."""
    with reading_once():
        if len(jobs) == 1 and launcher.alone_here:
            (job,) = jobs
            train_run(job.config, job.command, job.restart, job.initial)
        else:
            bad = [one for one in run_several(jobs, launcher) if one.failed]
            if bad:
                more = f" ({len(bad)} runs did not finish)" if len(bad) > 1 else ""
                raise RunError(f"{failure(bad[0])}{more}")
    return [load_run(job.run.directory, trust=True) for job in jobs]


def _listed(names: str | Sequence[str]) -> str:
    return names if isinstance(names, str) else ",".join(names)


def _runs_dir(given: str | Path | None) -> Path:
    return Path(given or os.environ.get("GAN_LAB_RUNS", "./runs"))
