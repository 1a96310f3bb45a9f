"""Whether runs have collapsed, and which classes they make: what the monitor and censuses found."""

from collections.abc import Sequence

from gan_lab.common.console import NOTHING, percent
from gan_lab.report.collect import RunData
from gan_lab.report.settings import Settings
from gan_lab.report.tables import Table, number, ordered, run_labels
from gan_lab.runs.census import ClassCensus
from gan_lab.training.monitor import KEY, VERDICTS

SEVERAL = 10  # missing classes that are named
COUNTED = ("missing classes", "unsure", "KL, nats")
OF_ERRORS = (
    "By rule 2 the judge's errors on held-out real images are reckoned with: the tenth is on top "
    "of what a class gets by error, it cannot be told of classes that these errors would hide (in "
    "brackets), and KL is against what the judge says of other real images. It is assumed that the "
    "judge errs on samples as on real images."
)


def health_table(settings: Settings, runs: Sequence[RunData]) -> Table:
    """Return a row for each run that was watched or whose samples were counted.

    Censuses by other judges or rules, or of another number of samples, have columns of their own.
    """
    protocols = protocols_of(runs)
    rows, labels = [], run_labels(settings, runs)
    for data in ordered(runs, settings):
        verdicts, census = verdicts_of(data), census_of(data)
        if verdicts or census:
            bad = sum(code > 0 for _, code in verdicts)
            cells = [last_verdict(data), f"{bad} of {len(verdicts)}"] if verdicts else []
            shown = _cells(census) if census else []
            own = protocol_of(census) if census else None
            rows.append(
                [
                    labels[data.name],
                    *(cells or [NOTHING] * 2),
                    *([_counted_at(data)] if protocols else []),
                    *(cell for protocol in protocols
                      for cell in (shown if protocol == own else [NOTHING] * len(COUNTED))),
                ]
            )  # fmt: skip
    headings = ["run", "last verdict", "bad looks",
                *(["counted at step"] if protocols else []),
                *(heading(name, protocol, protocols) for protocol in protocols
                  for name in COUNTED)]  # fmt: skip
    remarks = ["Verdicts of the collapse monitor at each look (a line with scores)."]
    if protocols:
        remarks.append(
            f"Classes of samples of the averaged generator (EMA), by {'; '.join(protocols)}: "
            "missing are those without a sample, or under a tenth of their share of the training "
            "data, where chance does not explain it (cannot tell: too few samples, or most look "
            "like no class); unsure samples look like no class; KL of the shares against those of "
            "the training data."
        )
    if any(census.rule > 1 for data in runs if (census := census_of(data))):
        remarks.append(OF_ERRORS)
    return Table("Collapse and mode coverage", headings, rows, remarks)


def verdicts_of(data: RunData) -> list[tuple[int, int]]:
    """Return (step, verdict) at each look of the monitor: the number of one of VERDICTS."""
    return [
        (int(line["step"]), int(line[KEY]))
        for line in data.metrics
        if line.get(KEY) in range(len(VERDICTS))
    ]


def last_verdict(data: RunData) -> str:
    """Return the monitor's last verdict in words; nothing if it has given none."""
    verdicts = verdicts_of(data)
    return VERDICTS[verdicts[-1][1]] if verdicts else ""


def census_of(data: RunData) -> ClassCensus | None:
    """Return the census of a run's averaged generator, if it has a whole one."""
    file = data.run.modes("ema")
    found = file.found if file and isinstance(file.found, ClassCensus) else None
    return found if found and found.classes else None


def protocol_of(census: ClassCensus) -> str:
    """Return what two censuses share if their numbers are of one kind."""
    rule = "" if census.rule == 1 else f", rule {census.rule}"
    return f"{census.judge.name}, {census.samples:,} samples{rule}"


def protocols_of(runs: Sequence[RunData]) -> list[str]:
    """Return all protocols of the runs' censuses."""
    found = [protocol_of(census) for data in runs if (census := census_of(data))]
    return list(dict.fromkeys(found))


def heading(name: str, protocol: str, protocols: Sequence[str]) -> str:
    """Return a column's heading, with its protocol where there are several."""
    return name if len(protocols) == 1 else f"{name} ({protocol})"


def numbers_of(data: RunData, protocols: Sequence[str]) -> dict[str, str | float | None]:
    """Return what spreadsheets take of a run's verdicts and census."""
    found: dict[str, str | float | None] = {"last verdict": last_verdict(data)}
    if census := census_of(data):
        missing = missing_number(census)
        values = ("" if missing is None else missing, census.unsure.share, census.kl)
        own = protocol_of(census)
        names = (heading(name, own, protocols) for name in COUNTED)
        found |= dict(zip(names, values, strict=True))
    return found


def missing_number(census: ClassCensus) -> int | None:
    """Return how many classes are missing; None where the samples cannot tell."""
    # The first censuses had a number also where most samples are unsure.
    return None if census.unsure.share > 0.5 else census.missing_number


def _counted_at(data: RunData) -> str:
    file = data.run.modes("ema")
    return f"{file.origin.step:,}" if file and isinstance(file.found, ClassCensus) else NOTHING


def _cells(census: ClassCensus) -> list[str]:
    return [_missing(census), percent(census.unsure.share), number(census.kl)]


def _missing(census: ClassCensus) -> str:
    count, named = missing_number(census), census.missing
    if count is None:
        told = census.rule > 1 and census.unsure.share <= 0.5
        few = told and 0 < len(census.undecided) <= SEVERAL
        return f"cannot tell ({', '.join(census.undecided)})" if few else "cannot tell"
    shown = f"about {count}" if count > len(named) else str(count)
    more = f" and {len(named) - SEVERAL} more" if len(named) > SEVERAL else ""
    return f"{shown} ({', '.join(named[:SEVERAL])}{more})" if named else shown
