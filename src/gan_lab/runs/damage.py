"""What is wrong with the files of a run, and what mends it: for lists, reports and resumes."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from gan_lab.common.console import counted
from gan_lab.common.errors import RunError, UsageError
from gan_lab.common.files import read_json, read_lines
from gan_lab.common.typed import Malformed, read
from gan_lab.config.checks import check_facts, check_ranges
from gan_lab.runs.census import ModesFile
from gan_lab.runs.directory import OLD_UNFINISHED, STEP, Run
from gan_lab.runs.equilibrium import Equilibrium
from gan_lab.runs.lines import (
    MetricsLine,
    ScoreLine,
    Start,
    metrics_line,
    read_status,
    score_line,
)

AGAIN = "run the command that made it again"
ANEW = "restart=true trains anew"
SCORED = "`gan-lab evaluate RUN` scores the last step again"
CENSUS = "`gan-lab modes RUN` writes it again"
EQUILIBRIUM = "`gan-lab equilibrium RUN` writes it again"


def damage(run: Run) -> list[str]:
    """Return a line for each file of a run that is not as gan_lab writes it, and what mends it."""
    try:
        run.refuse_links()
    except RunError as error:
        return [str(error)]
    lines, torn = read_lines(run.metrics_path, metrics_line)
    scores, torn_scores = read_lines(run.evaluations_path, score_line, written_whole=True)
    return [
        *_of_config(run),
        *_of_initial(run),
        *_of_json(run.status_path, read_status, AGAIN),
        *_first_of(torn, ANEW),
        *_lost_lines(run),
        *_first_of(torn_scores, SCORED),
        *_lost_scores(run, lines, scores),
        *_of_json(run.environment_path, partial(read, tuple[Start, ...]), "remove it"),
        *_of_json(run.modes_path("ema"), partial(read, ModesFile), CENSUS),
        *_of_json(run.modes_path("raw"), partial(read, ModesFile), CENSUS),
        *_of_json(run.equilibrium_path, partial(read, Equilibrium), EQUILIBRIUM),
        *_odd_names(run.samples, ".png", "latest"),
        *_odd_names(run.checkpoints, ".pt"),
    ]


def _of_config(run: Run) -> list[str]:
    try:
        config = run.config()
        check_ranges(config)
        check_facts(config)
        return []
    except RunError as error:
        return [str(error)]
    except UsageError as error:  # a value that no command could have written
        return [f"{run.config_path}: {error} {AGAIN.capitalize()}."]


def _of_initial(run: Run) -> list[str]:
    try:
        initial = run.config().initial
    except RunError:  # said
        return []
    if initial is None or run.initial_path.is_file():
        return []
    return [f"{run.initial_path}, which the run begins with, is not there: put back a copy."]


def _of_json(path: Path, reader: Callable[[object], object], remedy: str) -> list[str]:
    """Return in a line why a JSON file cannot be read; nothing if it can, or is not there."""
    if not os.path.lexists(path):
        return []
    try:
        reader(read_json(path, None))
        return []
    except Malformed as error:
        return [f"{path} is damaged ({error}): {remedy}."]


def _first_of(faults: Sequence[str], remedy: str) -> list[str]:
    """Return the first of the faults of one file, how many more there are, and what mends it."""
    more = f" (and {counted(len(faults) - 1, 'more line')})" if len(faults) > 1 else ""
    return [f"{fault}{more}; {remedy}." for fault in faults[:1]]


def _lost_lines(run: Run) -> list[str]:
    status = run.status()
    # The step at which a run diverges has no line.
    reached = status.step - (status.state == "diverged")
    until = [reached, *run.checkpoint_steps()][-1]
    try:
        lost = run.lost_lines(until)
    except RunError:  # of the config, and said
        return []
    steps = [f"{gap.first:,} to {gap.last:,}" for gap in lost]
    return [f"{run.metrics_path} has no lines of steps {words}: {ANEW}." for words in steps]


def _lost_scores(run: Run, lines: Sequence[MetricsLine], scores: Sequence[ScoreLine]) -> list[str]:
    """Return in a line the first score that metrics tell of a step, and evaluations do not."""
    known = {(score.step, f"score/{score.score}") for score in scores}
    lost = [(line["step"], name.removeprefix("score/"))
            for line in lines for name in line
            if name.startswith("score/") and (line["step"], name) not in known]  # fmt: skip
    return [
        f"{run.evaluations_path} has no {name} of step {step}: "
        f"{SCORED if step == lines[-1]['step'] else ANEW}."
        for step, name in lost[:1]
    ]


def _odd_names(folder: Path, suffix: str, *others: str) -> list[str]:
    """Return a line for each file whose name is none that a step gives it."""
    return [
        f"{path} is named like no file of a run, and left out: remove it."
        for path in sorted(folder.glob(f"*{suffix}"))
        if not STEP.fullmatch(path.stem) and path.stem not in others
        if not OLD_UNFINISHED.fullmatch(path.name)
    ]
