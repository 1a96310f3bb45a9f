"""The result of a report in a few sentences, with its numbers."""

from collections.abc import Sequence

from gan_lab.analysis.summary import YOUNG
from gan_lab.common.console import counted
from gan_lab.evaluation.seeds import FEWEST
from gan_lab.report.collect import RunData
from gan_lab.report.health import last_verdict
from gan_lab.report.ranking import Place, Ranking
from gan_lab.report.scores import Measure
from gan_lab.report.study import Study
from gan_lab.report.tables import number, spread_words
from gan_lab.training.monitor import HEALTHY, VERDICTS


def result_words(study: Study) -> str:
    """Return what came out: the best and the worst setting, and whether that can be told from luck,
    or the score of the only one; and the monitor's last verdicts."""
    ranking, measure = study.ranking, study.first
    if ranking is None or measure is None or not ranking.places:
        return "No run has finished with a score that ranks it."
    if len(ranking.places) == 1:
        return f"{_alone(ranking.places[0], measure)} {_verdicts(study)}".strip()
    found = [_first_and_last(study, ranking, measure), _told_apart(ranking), _verdicts(study)]
    return " ".join(filter(None, found))


def _alone(place: Place, measure: Measure) -> str:
    seeds = len(place.spread.values)
    of = f" over {seeds} seeds" if seeds > 1 else ""
    return (
        f"{measure.heading} is {spread_words(place.spread)}{of} ({measure.better} is better)"
        f"{_floor(measure)}."
    )


def _floor(measure: Measure) -> str:
    return "" if measure.floor_beside is None else f"; real data get {number(measure.floor_beside)}"


def _verdicts(study: Study) -> str:
    watched = [data for data in study.runs if last_verdict(data)]
    found = [last_verdict(data) for data in watched if not _is_young(data)]
    sentences = [_last_looks(found) if found else "", _too_short(len(watched) - len(found))]
    return " ".join(filter(None, sentences))


def _is_young(data: RunData) -> bool:
    """Whether a verdict says nothing yet, as in the summary of a run."""
    return data.step < YOUNG and not data.run.status().stopped_by


def _too_short(young: int) -> str:
    if not young:
        return ""
    are, them = ("is", "it") if young == 1 else ("are", "them")
    return (
        f"{counted(young, 'run')} {are} shorter than {YOUNG} steps: too short to tell what becomes "
        f"of {them}."
    )


def _last_looks(found: Sequence[str]) -> str:
    healthy = found.count(VERDICTS[HEALTHY])
    if healthy == len(found):
        runs = "the run" if len(found) == 1 else f"all {len(found)} runs"
        return f"The last look of the collapse monitor finds {runs} healthy."
    bad = [verdict for verdict in dict.fromkeys(found) if verdict != VERDICTS[HEALTHY]]
    words = ", ".join(f"{verdict} ({found.count(verdict)})" for verdict in bad)
    of = f"{healthy} of {len(found)} runs healthy"
    return f"The last look of the collapse monitor finds {of}; {words}."


def _first_and_last(study: Study, ranking: Ranking, measure: Measure) -> str:
    first, last = ranking.places[0], ranking.places[-1]
    best, worst = ("lowest", "highest") if measure.better == "lower" else ("highest", "lowest")
    return (
        f"The best (the {best}) {measure.heading} has {study.settings.label(first.setting)}: "
        f"{_value(first)}; the worst (the {worst}) has {study.settings.label(last.setting)}: "
        f"{_value(last)}{_floor(measure)}."
    )


def _value(place: Place) -> str:
    return f"{spread_words(place.spread)} ({counted(len(place.spread.values), 'seed')})"


def _told_apart(ranking: Ranking) -> str:
    tested = sum(len(place.spread.values) >= FEWEST for place in ranking.places)
    if tested < 2:
        return (
            f"With fewer than {FEWEST} seeds a setting, no difference between settings can be told "
            "from the luck of the seeds."
        )
    pairs = tested * (tested - 1) // 2
    found = sum(len(place.beats) for place in ranking.places)
    best = len(ranking.places[0].beats)
    return (
        f"Of {counted(pairs, 'difference')} that could be tested, {found or 'none'} "
        f"{'is' if found == 1 else 'are'} more than the luck of the seeds; the best setting is "
        f"shown to be better than {best or 'none'} of the others."
    )
