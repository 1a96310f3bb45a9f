"""What became of a run, in words: each sentence is chosen by a rule on its stored numbers.

docs/reading_a_run.md has the rules.
"""

import shlex
from collections.abc import Mapping, Sequence
from enum import Enum, auto

from gan_lab.analysis.summary_facts import Beside, RunFacts, facts_of
from gan_lab.common.console import counted, percent
from gan_lab.config.overrides import LENGTHS, SYNONYMS
from gan_lab.config.run_config import RunConfig
from gan_lab.evaluation.scores import with_scores_of
from gan_lab.runs.census import ClassCensus, Diversity
from gan_lab.runs.directory import Run
from gan_lab.runs.lines import Status
from gan_lab.training.monitor import (
    CONSTANT_OUTPUT,
    D_WON,
    DIVERGED,
    DROPPING_MODES,
    HEALTHY,
    LEARNING,
    VERDICTS,
)

YOUNG = 500  # steps: before them a generator that learns looks like a collapsed one
UNLIKE = 4.0  # times: learning rates that are so far apart are the first thing to change
SEVERAL = 10  # classes that are named
FEW_UNSURE = 0.1  # of the samples: more are said beside how sure the classifier is
USUAL_RATE = 2e-4  # of Adam, at which a run that has diverged is begun again at most
RATES = ("lr", "lr_g", "lr_d")  # the first feeds the others
ENDED = {
    "interrupted": "was interrupted at",
    "killed": "was killed after",
    "failed": "failed at",
    "running": "is being trained and is at",
    "diverged": "ended at",
}


class Outcome(Enum):
    """What became of a run."""

    DIVERGED = auto()
    D_WON = auto()
    COLLAPSED = auto()
    NO_LOOK = auto()
    ONE_LOOK = auto()
    SHORT = auto()
    SOUND = auto()


def summarise(
    run: Run, config: RunConfig, command: str | None, status: Status | None = None
) -> list[str]:
    """Return the sentences on a run. `command` makes it again, `status` is what it is about to get.

    Nothing of the run is built or imported.
    """
    with with_scores_of([config]):
        facts = facts_of(run, config, status)
    return sentences(facts, str(run.directory), command)


def sentences(facts: RunFacts, place: str, command: str | None) -> list[str]:
    """Return four to seven sentences: length, outcome, scores, classes, and what to do next.

    `place` names the run on a command line. What a diverged generator makes has no sentence.
    """
    begun = [length(facts), outcome(facts), course(facts)]
    last = [next_step(facts, place, command)]
    if _has_diverged(facts):
        return [*begun, *last]
    of_samples = [against_real(facts), classes(facts), certainty(facts)]
    return [sentence for sentence in (*begun, *of_samples, *last) if sentence]


def outcome_of(facts: RunFacts) -> Outcome:
    """Return what became of a run; a verdict counts as the monitor's last one.

    Where the monitor was asked to stop the run, its verdict stands however young the run is.
    """
    looks, status = facts.looks, facts.status
    if _has_diverged(facts):
        return Outcome.DIVERGED
    if not looks.verdicts:
        return Outcome.ONE_LOOK if looks.count else Outcome.NO_LOOK
    last = looks.verdicts[-1]
    if last == DIVERGED:
        return Outcome.DIVERGED
    if not status.stopped_by and (status.step < YOUNG or _fall(facts)):
        return Outcome.SHORT
    if last == HEALTHY:
        return Outcome.SOUND
    return Outcome.D_WON if last == D_WON else Outcome.COLLAPSED


def length(facts: RunFacts) -> str:
    """Say how far the run is, and how often it has seen its data."""
    status = facts.status
    steps = f"{counted(status.step, 'step')} of batch {facts.knobs.batch_size:,}"
    seen = ""
    if facts.shown is not None and facts.images:
        kind = "points" if facts.knobs.points else "images"
        times = facts.shown / facts.images
        seen = f"; D has seen the {facts.images:,} training {kind} {times:.3g} times"
    if status.state == "finished":
        return f"The run has finished its {steps}{seen}."
    if status.state not in ENDED:
        return "The run has not begun."
    how = "was stopped by the monitor at" if status.stopped_by else ENDED[status.state]
    planned = f" of {facts.planned:,}" if facts.planned else ""
    return f"The run {how} step {status.step:,}{planned}{seen}."


def outcome(facts: RunFacts) -> str:
    """Say what became of the run."""
    looks, last = facts.looks, (facts.looks.verdicts or (None,))[-1]
    match outcome_of(facts):
        case Outcome.DIVERGED:
            if _has_diverged(facts):
                return f"It diverged: {facts.status.reason or 'a number is not finite'}."
            return "It diverged: a loss or its score is far above what it was."
        case Outcome.D_WON:
            return (
                "The discriminator has won: it tells nearly all samples from real ones, and the "
                "generator learns nothing more from it."
            )
        case Outcome.COLLAPSED:
            return f"It collapsed ({VERDICTS[last or 0]}): {_collapsed(facts, last)}."
        case Outcome.NO_LOOK:
            return "It has no verdict: nothing looked at its samples while it was trained."
        case Outcome.ONE_LOOK:
            return (
                "It has no verdict: the monitor has looked once, and judges each look beside those "
                "before it."
            )
        case Outcome.SHORT:
            fall = _fall(facts)
            if facts.status.step < YOUNG or fall is None:
                return (
                    f"It is too short to tell what becomes of it: in its first {YOUNG} steps a "
                    "generator that learns looks like a collapsed one (last verdict: "
                    f"{VERDICTS[last or 0]})."
                )
            before, now = fall
            return (
                f"It was still learning: at the last look {facts.course.name} was {now:.4g}, the "
                f"least before was {before:.4g}."
            )
        case Outcome.SOUND:
            bad = [code for code in looks.verdicts if code != HEALTHY]
            if not bad:
                return f"It is sound: {_all_healthy(len(looks.verdicts))}."
            names = ", ".join(dict.fromkeys(VERDICTS[code] for code in bad))
            return (
                f"It is sound at its end: the last of {len(looks.verdicts)} verdicts is healthy, "
                f"{len(bad)} before it {'is' if len(bad) == 1 else 'are'} bad ({names})."
            )


def course(facts: RunFacts) -> str:
    """Say how the selection score moved over the looks."""
    name, values = facts.course.name, facts.course.values
    if not values:
        return f"{name}, which chooses the best step, was not measured on the way."
    (first, was), (last, now), (best, least) = values[0], values[-1], facts.course.best
    if len(values) == 1:
        return f"{name} (less is better) was measured once on the way: {now:.4g} at step {last:,}."
    begun = f"{name} (less is better) was {was:.4g} at step {first:,}"
    if best == last:
        return f"{begun} and best at the last look, {now:.4g} at step {last:,}."
    if best == first:
        return f"{begun}, its best, and {now:.4g} at the last look, step {last:,}."
    return f"{begun}, best at step {best:,} with {least:.4g}, and {now:.4g} at step {last:,}."


def against_real(facts: RunFacts) -> str:
    """Say what the last score is beside that of as many real test data."""
    final = facts.final
    if final is None:
        return ""
    ends = f"Of {final.samples:,} samples at step {final.step:,} it is {final.value:.4g}"
    if final.real is None:
        return f"{ends}; real test data have no score of as many."
    beside = f"{ends}, of as many real test data {final.real:.4g}"
    if final.real > 0 and final.value > 0:
        return f"{beside}: {final.value / final.real:.3g} times as much."
    return f"{beside}."


def classes(facts: RunFacts) -> str:
    """Say which classes are missing, as far as the census of the final samples tells."""
    census = facts.census
    if isinstance(census, Diversity):
        return (
            f"There are no classes to count; {percent(census.duplicates.share)} of "
            f"{census.samples:,} samples are nearly the same as another (of real ones "
            f"{percent(census.real_duplicates.share)})."
        )
    if census is None or not census.classes:
        return ""
    among = f"among {census.samples:,} samples"
    if census.unsure.share > 0.5:
        unlike = "are near no centre" if facts.knobs.points else "look like no class"
        return (
            f"Which classes are missing cannot be told: {percent(census.unsure.share)} of "
            f"{census.samples:,} samples {unlike}."
        )
    number = census.missing_number
    if number is None:
        doubt = f" ({_several(census.undecided)})" if census.undecided else ""
        return f"Whether classes are missing cannot be told {among}{doubt}."
    if not number:
        return f"No class is missing {among}."
    about = "About " if number > len(census.missing) else ""
    named = f": {_several(census.missing)}" if census.missing else ""
    verb = "is" if number == 1 else "are"
    return f"{about}{number:,} of {len(census.classes):,} classes {verb} missing {among}{named}."


def certainty(facts: RunFacts) -> str:
    """Say how sure the classifier is of the samples, and what that is worth."""
    confident, census = facts.confident, facts.census
    if confident is None:
        return ""
    words = (
        "The classifier gives a class a probability over 0.9 for "
        f"{percent(confident.value)} of the samples{_of_real(confident)}"
    )
    if facts.agreement is not None:
        agreed = facts.agreement
        words += (
            f", and takes {percent(agreed.value)} for the class that was asked "
            f"for{_of_real(agreed)}"
        )
    if isinstance(census, ClassCensus) and census.unsure.share > FEW_UNSURE:
        words += f"; but {percent(census.unsure.share)} look like no class"
    return f"{words}."


def next_step(facts: RunFacts, place: str, command: str | None) -> str:
    """Say what to try or to look at next, with the command."""
    state, step, knobs = facts.status.state, facts.status.step, facts.knobs
    if state in ("interrupted", "killed", "failed", "running"):
        return _try(command, {}, f"which goes on from step {step:,}")
    match outcome_of(facts):
        case Outcome.DIVERGED:
            slow = min(max(knobs.lr_g, knobs.lr_d) / 10, USUAL_RATE)
            return _try(command, {"lr": f"{slow:g}"}, "with lower learning rates")
        case Outcome.D_WON if knobs.minimax:
            words = "with a loss whose gradient stays when D has won"
            return _try(command, {"loss": "nonsaturating"}, words)
        case Outcome.D_WON:
            slow = knobs.lr_d / UNLIKE
            return _try(command, {"lr_d": f"{slow:g}"}, "with a slower discriminator")
        case Outcome.COLLAPSED:
            return _after_collapse(facts, place, command)
        case Outcome.SHORT | Outcome.ONE_LOOK | Outcome.NO_LOOK:
            wanted = {"steps": str(max(2 * step, YOUNG))}
            if not knobs.scored:
                wanted["score_every"] = "100"
            words = "with another length of the decay" if knobs.decays else ""
            return _try(command, wanted, words or f"which goes on from step {step:,}")
        case Outcome.SOUND:
            return _look_closer(facts, place)


def _has_diverged(facts: RunFacts) -> bool:
    return facts.status.state == "diverged" and not facts.status.stopped_by


def _fall(facts: RunFacts) -> tuple[float, float] | None:
    """Return the least score before the last look and that of it, if that is less by a tenth."""
    values = [value for _, value in facts.course.values]
    if len(values) < 2 or facts.looks.verdicts[-1:] != (HEALTHY,):
        return None
    before, now = min(values[:-1]), values[-1]
    return (before, now) if now < LEARNING * before else None


def _all_healthy(count: int) -> str:
    return (
        "its one verdict is healthy" if count == 1 else f"all of its {count} verdicts are healthy"
    )


def _collapsed(facts: RunFacts, verdict: int | None) -> str:
    looks = facts.looks
    if verdict == CONSTANT_OUTPUT:
        if looks.spread is None:
            return "its samples are nearly one and the same"
        return f"two samples differ {looks.spread:.2f} times as much as two real ones"
    if looks.lost is None:
        return "samples are crowded closer together than real ones"
    return f"classes of {percent(looks.lost, 0)} of the real data are missing"


def _after_collapse(facts: RunFacts, place: str, command: str | None) -> str:
    """Packs against dropped modes; else rates that are far apart come first."""
    knobs, drops = facts.knobs, facts.looks.verdicts[-1:] == (DROPPING_MODES,)
    if knobs.packable and drops:
        return _pack(command)
    if knobs.lr_d > UNLIKE * knobs.lr_g:
        words = "with the generator's learning rate for both"
        return _try(command, {"lr_d": f"{knobs.lr_g:g}"}, words)
    if knobs.lr_g > UNLIKE * knobs.lr_d:
        words = "with the discriminator's learning rate for both"
        return _try(command, {"lr_g": f"{knobs.lr_d:g}"}, words)
    return _pack(command) if knobs.packable else _look_closer(facts, place)


def _pack(command: str | None) -> str:
    words = "with a D that judges two samples at once, and sees whether they are alike"
    return _try(command, {"pack": "2"}, words)


def _look_closer(facts: RunFacts, place: str) -> str:
    run = shlex.quote(place)
    if facts.knobs.points:
        return (
            f"Next: `gan-lab equilibrium {run}`, which tells how far the players are from theirs."
        )
    return (
        f"Next: `gan-lab sample {run} --layout nearest`, which shows whether samples are copies of "
        "training images."
    )


def _try(command: str | None, settings: Mapping[str, str], words: str) -> str:
    found = with_settings(command, settings) if command else None
    if found is not None:
        return f"Next: `{found}`, {words}."
    changed = " ".join(f"{key}={value}" for key, value in settings.items())
    return f"Next: the command that made it{f' and {changed}' if changed else ''}, {words}."


def with_settings(command: str, settings: Mapping[str, str]) -> str | None:
    """Return a command with other values of some settings; None if it cannot be taken apart.

    What would hold instead of them, or begin the run anew, is left out.
    """
    dropped = {*settings, "restart"}
    for together in (LENGTHS, RATES):
        if together[0] in settings:
            dropped |= {*together}
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    if not command.isprintable() or words[:1] != ["gan-lab"]:
        return None
    kept = [word for word in words if _key(word) not in dropped]
    return shlex.join([*kept, *(f"{key}={value}" for key, value in settings.items())])


def _key(word: str) -> str:
    name = word.partition("=")[0].lstrip("+~")
    return SYNONYMS.get(name, name)


def _of_real(score: Beside) -> str:
    return "" if score.real is None else f" (real test data: {percent(score.real)})"


def _several(names: Sequence[str]) -> str:
    more = f" and {len(names) - SEVERAL:,} more" if len(names) > SEVERAL else ""
    return ", ".join(names[:SEVERAL]) + more
