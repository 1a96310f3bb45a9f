"""Whether runs have collapsed, and which classes they make: what the monitor and censuses found."""

from collections.abc import Mapping, Sequence
from typing import Any

from gan_lab.monitor import KEY, VERDICTS
from gan_lab.report.collect import RunData
from gan_lab.report.settings import Settings
from gan_lab.report.tables import NOTHING, Table, number, ordered

SEVERAL = 10  # missing classes that are named


def health_table(settings: Settings, runs: Sequence[RunData]) -> Table:
    """Return a row for each run that was watched or whose samples were counted."""
    rows = []
    for data in ordered(runs, settings):
        verdicts, census = verdicts_of(data), data.run.modes("ema") or {}
        if verdicts or census:
            bad = f"{sum(code > 0 for _, code in verdicts)} of {len(verdicts)}"
            rows.append(
                [
                    *settings.of_run[data.name],
                    str(data.seed),
                    last_verdict(data) or NOTHING,
                    bad if verdicts else NOTHING,
                    *_census_cells(census),
                ]
            )
    headings = [*settings.columns, "seed", "last verdict", "bad looks", "samples", "at step",
                "missing classes", "unsure", "KL, nats"]  # fmt: skip
    remarks = [
        "Verdicts of the collapse monitor at each look (a line with scores). Classes of samples of "
        "the averaged generator (EMA): missing are those of which even the upper end of the 95 % "
        "interval is under a tenth of their share of the training data; unsure samples look like "
        "no class; KL of the shares against those of the training data."
    ]
    return Table("Collapse and mode coverage", headings, rows, remarks)


def verdicts_of(data: RunData) -> list[tuple[int, int]]:
    """Return (step, verdict) at each look of the monitor: the number of one of VERDICTS."""
    return [
        (int(line["step"]), int(line[KEY]))
        for line in data.metrics
        if line.get(KEY) in range(len(VERDICTS))
    ]


def last_verdict(data: RunData) -> str | None:
    """Return the monitor's last verdict in words; None if it has given none."""
    verdicts = verdicts_of(data)
    return VERDICTS[verdicts[-1][1]] if verdicts else None


def census_numbers(data: RunData) -> dict[str, Any]:
    """Return what spreadsheets take of a run's verdicts and census."""
    found: dict[str, Any] = {}
    if verdict := last_verdict(data):
        found["last verdict"] = verdict
    census = data.run.modes("ema") or {}
    if "missing" in census:
        found["missing classes"] = len(census["missing"])
        found["unsure share"] = census["unsure"]["share"]
        found["KL of classes"] = census["kl"]
    return found


def _census_cells(census: Mapping[str, Any]) -> list[str]:
    count = f"{census['samples']:,}" if "samples" in census else NOTHING
    step = f"{census['step']:,}" if "step" in census else NOTHING
    if "missing" not in census:
        return [count, step, NOTHING, NOTHING, NOTHING]
    lost = census["missing"]
    more = f" and {len(lost) - SEVERAL} more" if len(lost) > SEVERAL else ""
    names = f"{len(lost)} ({', '.join(lost[:SEVERAL])}{more})" if lost else "0"
    return [count, step, names, f"{census['unsure']['share']:.1%}", number(census["kl"])]
