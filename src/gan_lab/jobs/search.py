"""Look for the best settings with optuna: each trial is an ordinary run (or one a seed).

The study lives in a journal beside its runs. The same command goes on with it: interrupted trials
first, then new ones until there are `trials`. A trial that fails is told so and ends nothing.
"""

import hashlib
import json
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gan_lab.common.console import print_rows, say
from gan_lab.common.errors import UsageError
from gan_lab.config import compose, overrides
from gan_lab.config.checks import check_ranges
from gan_lab.config.identity import result_hash
from gan_lab.config.instantiate import instantiate
from gan_lab.config.search import Search, Space
from gan_lab.config.sweep import Settings, as_typed
from gan_lab.jobs.initial import sources_of
from gan_lab.jobs.job import Job
from gan_lab.jobs.journal import held, open_study
from gan_lab.jobs.launchers import Launcher
from gan_lab.jobs.sweep import jobs_of, launcher_of

MakeJobs = Callable[[Settings], list[Job]]


def search_settings(
    composed: list[compose.Composed], arguments: list[str], typed_words: list[str]
) -> int:
    """Run a search of settings among `arguments`; `composed` is its baseline, once a seed.

    `typed_words` is all that was typed, as each run records it.
    """
    if any(part.partition("=")[0] != "seed" for run in composed for part in run.setting):
        raise UsageError("a search chooses its settings itself: leave out -m and sweep=.")
    search = composed[0].search
    assert search is not None
    settings = [text for text in arguments if text not in ("-m", "--multirun")]
    typed = [text.partition("=")[0] for text in overrides.canonical(settings)]

    sources = sources_of([run.config for run in composed])  # once for all trials

    def make_jobs(point: Settings) -> list[Job]:
        composed = compose.jobs(settings, False, [point])
        for run in composed:
            check_ranges(run.config)
        return jobs_of(composed, typed_words, sources)

    pruner = composed[0].pruner and instantiate(composed[0].pruner)
    return run_search(search, pruner, launcher_of(composed), typed, make_jobs)


def run_search(
    search: Search,
    pruner: Any,
    launcher: Launcher,
    typed: Sequence[str],
    make_jobs: MakeJobs,
) -> int:
    """Run trials until there are `search.trials` of them, and print them and the best.

    `pruner` is one of optuna's, or None: every trial is trained to its end. `make_jobs` returns the
    runs of a point of the space, a job for each seed; `typed` are the keys that the command line
    has set, which the search leaves alone.
    Raises UsageError for a space that is none, RunError if another process is searching it.
    """
    optuna = _optuna()
    first = make_jobs({})[0]
    journal = _journal(search, typed, first)
    with held(journal):
        pruner = pruner or optuna.pruners.NopPruner()
        study = open_study(optuna, journal, direction=search.direction, pruner=pruner)
        _run_trials(study, optuna, search, launcher, typed, first.config.seed, make_jobs)
    return _print_trials(study, optuna, search, journal)


def suggest(trial: Any, space: Space, typed: Sequence[str]) -> Settings:
    """Ask a trial for the settings of a point in a space.

    A list is a choice; `{low, high}` (with `log` if wished) a range, of whole numbers if both are;
    any other mapping a choice whose options have spaces of their own, asked only when chosen.
    """
    point: Settings = {}
    for key in [key for key in space if key not in typed]:
        values: Any = space[key]
        if isinstance(values, list):
            point[key] = trial.suggest_categorical(key, [as_typed(value) for value in values])
        elif isinstance(values, Mapping) and {"low", "high"} <= values.keys():
            point[key] = _number(trial, key, **values)
        elif isinstance(values, Mapping) and values:
            point[key] = trial.suggest_categorical(key, list(values))
            point |= suggest(trial, values[point[key]] or {}, typed)
        else:
            raise UsageError(f"search.space.{key} is neither a list nor {{low, high}} nor options.")
    return point


def _number(trial: Any, key: str, low: float, high: float, log: bool = False) -> str:
    if isinstance(low, int) and isinstance(high, int):
        return str(trial.suggest_int(key, low, high, log=log))
    return f"{trial.suggest_float(key, low, high, log=log):.4g}"  # what a person would type


def _run_trials(
    study: Any,
    optuna: Any,
    search: Search,
    launcher: Launcher,
    typed: Sequence[str],
    seed: int,
    make_jobs: MakeJobs,
) -> None:
    count = launcher.n_jobs or 1
    while True:
        states = [trial.state for trial in study.get_trials(deepcopy=False)]
        begun = [i for i, state in enumerate(states) if state == optuna.trial.TrialState.RUNNING]
        batch = begun[:count]
        while len(batch) < count and len(states) < search.trials:
            # A sampler for each trial: a study that was killed asks what it would have asked.
            sampler = optuna.samplers.TPESampler(
                seed=seed * 10_007 + len(states), constant_liar=count > 1
            )
            _ask(study, optuna, sampler, search, typed)
            batch.append(len(states))
            states.append(optuna.trial.TrialState.RUNNING)
        if not batch:
            return
        _run_batch(study, optuna, search, launcher, batch, make_jobs)


def _ask(study: Any, optuna: Any, sampler: Any, search: Search, typed: Sequence[str]) -> None:
    """Add a trial with its point to a study.

    A copy is asked: so the trial is one entry of the journal, and a kill leaves all of it or none.
    """
    copy = optuna.create_study(direction=search.direction, sampler=sampler)
    copy.add_trials(study.get_trials())
    trial = copy.ask()
    point = suggest(trial, search.space, typed)
    asked = copy.get_trials()[trial.number]
    study.add_trial(
        optuna.trial.create_trial(
            state=optuna.trial.TrialState.RUNNING,
            params=asked.params,
            distributions=asked.distributions,
            user_attrs={"point": point},
        )
    )


def _run_batch(
    study: Any,
    optuna: Any,
    search: Search,
    launcher: Launcher,
    batch: Sequence[int],
    make_jobs: MakeJobs,
) -> None:
    """Run some trials at once and tell the study what became of them."""
    trials = study.get_trials(deepcopy=False)
    jobs: dict[int, list[Job]] = {}
    for number in batch:
        point = trials[number].user_attrs.get("point")
        if point is None:
            _tell_failure(study, optuna, number, "the search was killed while it was asked")
            continue
        try:
            jobs[number] = make_jobs(point)
        except UsageError as error:  # no such run
            _tell_failure(study, optuna, number, str(error))
    steps = next((group[0].config.runtime.steps for group in jobs.values()), None)
    pruned = not isinstance(study.pruner, optuna.pruners.NopPruner)
    rungs = search.steps_of_rungs(steps)[:-1] if pruned and steps else []
    for rung in [*rungs, None]:
        shorter = {number: [_at(job, rung) for job in group] for number, group in jobs.items()}
        values = _run_rung(study, optuna, search, launcher, shorter)
        for number, value in values.items():
            if rung is None:
                study.tell(number, value)
                say(f"trial {number}  {search.score} {value:.4g}  {_text(jobs[number])}")
            elif _is_pruned(study, optuna, number, rung, value):
                _prune(study, optuna, number, jobs[number], rung)
        states = study.get_trials(deepcopy=False)
        # The next rung goes on with these runs, also where they were begun anew.
        jobs = {
            number: [replace(job, restart=False) for job in group]
            for number, group in jobs.items()
            if not states[number].state.is_finished()
        }


def _at(job: Job, steps: int | None) -> Job:
    """Return a job that ends after some of its steps; None: after all of them."""
    if steps is None:
        return job
    return replace(job, config=job.config.with_runtime(steps=steps))


def _run_rung(
    study: Any,
    optuna: Any,
    search: Search,
    launcher: Launcher,
    jobs: Mapping[int, list[Job]],
) -> dict[int, float]:
    """Run the jobs of trials and return the mean score of each trial that has one.

    The study is told of the others.
    """
    everything = [job for group in jobs.values() for job in group]
    outcomes = launcher.run(everything) or [] if everything else []
    found = {}
    for number, group in jobs.items():
        own, outcomes = outcomes[: len(group)], outcomes[len(group) :]
        bad = next((outcome for outcome in own if outcome.failed), None)
        values = [_score(job, search.score) for job in group]
        value = math.fsum(values) / len(values)
        if bad is not None:
            _tell_failure(study, optuna, number, f"{bad.state}: {bad.reason}")
        elif not math.isfinite(value):
            _tell_failure(study, optuna, number, f"it has no score {search.score}")
        else:
            found[number] = value
    return found


def _score(job: Job, name: str) -> float:
    """Return a score at the last step of a job; of a run that has gone on, at its own last one."""
    steps = job.config.runtime.steps
    lines = [line for line in job.run.evaluations() if line.weights == "ema"]
    then = [line for line in lines if (line.score, line.step) == (name, steps)]
    if then:
        return max(then, key=lambda line: line.generated_count).value
    return job.run.final_scores().get(name, math.nan)


def _is_pruned(study: Any, optuna: Any, number: int, step: int, value: float) -> bool:
    """Tell the study the score of a trial at a step, and return whether its pruner stops it."""
    trial = optuna.trial.Trial(study, study.get_trials(deepcopy=False)[number]._trial_id)
    trial.report(value, step)
    return bool(trial.should_prune())


def _prune(study: Any, optuna: Any, number: int, jobs: Sequence[Job], step: int) -> None:
    """End a trial here. Its runs say so, and the command of each goes on with it."""
    reason = f"pruned by a search at step {step:,} of {jobs[0].config.runtime.steps:,}"
    for job in jobs:
        if job.run.status().step == step:  # nobody has gone on with it before
            job.run.set_status("finished", step, reason)
    study.tell(number, state=optuna.trial.TrialState.PRUNED)
    say(f"trial {number}  {reason}  {_text(jobs)}")


def _tell_failure(study: Any, optuna: Any, number: int, reason: str) -> None:
    say(f"trial {number}  failed: {reason}")
    study.tell(number, state=optuna.trial.TrialState.FAIL)


def _print_trials(study: Any, optuna: Any, search: Search, journal: Path) -> int:
    rows = []
    for trial in study.trials:
        settings = trial.user_attrs.get("point", {})  # a kill while it was asked leaves none
        point = " ".join(f"{key}={value}" for key, value in settings.items())
        value = "" if trial.value is None else f"{trial.value:.4g}"
        rows.append([str(trial.number), trial.state.name.lower(), value, point])
    print_rows([["trial", "state", search.score, "setting"], *rows])
    complete = study.get_trials(states=[optuna.trial.TrialState.COMPLETE])
    if complete:
        best = study.best_trial
        say(f"best  trial {best.number}: {search.score} {best.value:.4g}, {rows[best.number][3]}")
    say(str(journal.parent))
    return 0 if complete else 1


def _text(jobs: Sequence[Job]) -> str:
    return " ".join(part for part in jobs[0].setting if not part.startswith("seed="))


def _journal(search: Search, typed: Sequence[str], first: Job) -> Path:
    """Return where the study of a search is: another space, score or baseline is another study."""
    space = {"score": search.score, "direction": search.direction, "space": search.space}
    pinned = sorted(set(typed) & set(_keys(search.space)))
    same = [space, pinned, result_hash(first.config)]
    digest = hashlib.sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()[:8]
    return first.run.directory.parent / f"search-{digest}.journal"


def _keys(space: Any) -> list[str]:
    if not isinstance(space, Mapping):
        return []
    return [*space, *(key for value in space.values() for key in _keys(value))]


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise UsageError('a search needs optuna: pip install "gan-lab[optuna]".') from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    # A search that was killed at a rung tells its score once more.
    warnings.filterwarnings("ignore", message="The reported value is ignored")
    return optuna
