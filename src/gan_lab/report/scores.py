"""Scores of runs in columns, of which each holds one quantity: unlike protocols never share one."""

import json
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gan_lab.evaluation.scores import DIRECTIONS, value_named
from gan_lab.evaluation.tables import display_name
from gan_lab.report.collect import RunData
from gan_lab.runs.protocol import column_key, quantity

Line = Mapping[str, Any]

RANKS = ("lower", "higher")  # directions that have a best value
SIZES = ("generated_count", "floor_count", "sets")  # of samples, with all that follows from it
SHAPE = "generated_shape"
BRIEF = {"ema": "EMA", "raw": "raw"}


@dataclass(frozen=True)
class Measure:
    """One quantity: a score under one protocol."""

    key: str
    score: str
    protocol: dict[str, Any]
    heading: str
    floor: float | None  # what real data get, if all runs agree on it

    @property
    def better(self) -> str | None:
        """Which values are: "lower", "higher", "floor" or, where nobody can say, None."""
        return value_named(self.score).better

    @property
    def better_words(self) -> str:
        """The same in words; nothing where nobody can say."""
        return DIRECTIONS[self.better] if self.better else ""

    def label(self, letters: int) -> str:
        """The words of an axis: the heading in lines of so many letters, and what is better."""
        lines = textwrap.wrap(self.heading, letters)
        return "\n".join([*lines, self.better_words] if self.better else lines)


def final_lines(data: RunData) -> dict[str, Line]:
    """Return a run's last score under each protocol; of like ones that on the most samples.

    So the last score on the way does not stand beside the final one.
    """
    last: dict[str, Line] = {}
    for found in series(data).values():
        last[column_key(found[-1])] = found[-1]
    most: dict[str, Line] = {}
    for line in last.values():
        protocol = dict(quantity(line))
        count = protocol.get("generated_count", 0)
        rest = {name: value for name, value in protocol.items() if name not in SIZES}
        like = json.dumps([line["score"], rest], sort_keys=True)
        if like not in most or count >= most[like]["protocol"].get("generated_count", 0):
            most[like] = line
    return {column_key(line): line for line in most.values()}


def series(data: RunData) -> dict[str, list[Line]]:
    """Return a run's scores over its training, by protocol, in the order of steps."""
    found: dict[str, list[Line]] = {}
    for line in sorted(data.evaluations, key=lambda line: line["step"]):
        found.setdefault(column_key(line), []).append(line)
    return found


def measures(lines: Sequence[Line], preferred: Sequence[str] = ()) -> list[Measure]:
    """Return the quantities among lines of evaluations, averaged generators first.

    Then come the `preferred` scores in their order, those with a best value, and the others. Two of
    the same name say in their headings what tells them apart.
    """
    by_key: dict[str, list[Line]] = {}
    for line in lines:
        by_key.setdefault(column_key(line), []).append(line)
    names = {key: _name(group[0]) for key, group in by_key.items()}
    found = []
    for key, group in by_key.items():
        protocol = quantity(group[0])
        namesakes = [quantity(by_key[k][0]) for k, name in names.items() if name == names[key]]
        floors = {line.get("floor") for line in group}
        found.append(
            Measure(
                key,
                group[0]["score"],
                protocol,
                "; ".join([names[key], *_apart(protocol, namesakes)]),
                floors.pop() if len(floors) == 1 else None,
            )
        )
    return sorted(
        found,
        key=lambda measure: (
            measure.protocol.get("weights") != "ema",
            preferred.index(measure.score) if measure.score in preferred else len(preferred),
            measure.better not in RANKS,
        ),
    )


def _apart(protocol: Mapping[str, Any], namesakes: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what tells a measure from those of its name, itself among them.

    If all have samples of another size, that is enough.
    """
    shapes = [other.get(SHAPE) for other in namesakes]
    if len(namesakes) > 1 and len(set(shapes)) == len(namesakes):
        return [f"samples of {protocol.get(SHAPE)}"]
    return [
        f"{name} {str(protocol.get(name))[:24]}"
        for name in sorted({name for other in namesakes for name in other})
        if len({json.dumps(other.get(name)) for other in namesakes}) > 1
    ]


def _name(line: Line) -> str:
    weights = line.get("protocol", {}).get("weights", "")
    name = (
        display_name(dict(line)) if "extractor" in line.get("protocol", {}) else str(line["score"])
    )
    return f"{name} ({BRIEF.get(weights, weights)})" if weights else name


def ranked_by(
    found: Sequence[Measure],
    lines: Mapping[str, Mapping[str, Line]],
    chosen_by: Mapping[str, str],
) -> Measure | None:
    """Return the measure that ranks settings: that which is the selection score of most runs.

    `lines` are the scores of the runs that count, `chosen_by` has each one's selection score. Where
    none was measured it is what most runs have, of the measures with a best value. Of two that are
    level, that of the averaged generator, then that on more samples: a final score goes before one
    that was taken in training.
    """

    def preference(measure: Measure) -> tuple[float, ...]:
        having = [name for name, scores in lines.items() if measure.key in scores]
        return (
            sum(chosen_by[name] == measure.score for name in having),
            len(having),
            measure.protocol.get("weights") == "ema",
            measure.protocol.get("generated_count", 0),
        )

    usable = [measure for measure in found if measure.better in RANKS]
    return max(usable, key=preference, default=None)


def protocol_lines(found: Sequence[Measure]) -> list[str]:
    """Return how the measures were taken: a line for all that share a protocol."""
    groups: dict[str, list[Measure]] = {}
    for measure in found:
        parts = [
            f"{name.replace('_', ' ')} {str(value)[:12] if name == 'sha256' else value}"
            for name, value in measure.protocol.items()
        ]
        groups.setdefault(", ".join(parts) or "no protocol was written", []).append(measure)
    return [f"{'; '.join(map(_with_floor, group))}. Protocol: {p}." for p, group in groups.items()]


def _with_floor(measure: Measure) -> str:
    floor = "" if measure.floor is None else f"real data get {measure.floor:.4g}"
    remarks = ", ".join(remark for remark in (measure.better_words, floor) if remark)
    return f"{measure.heading}: {remarks}" if remarks else measure.heading
