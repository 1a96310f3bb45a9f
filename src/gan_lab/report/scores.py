"""Scores of runs in columns, of which each holds one quantity: unlike protocols never share one."""

import json
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gan_lab.common.text import figure_text
from gan_lab.evaluation.scores import DIRECTIONS, value_named
from gan_lab.evaluation.tables import covered, display_name
from gan_lab.report.collect import RunData
from gan_lab.runs.lines import Protocol, ScoreLine
from gan_lab.runs.protocol import column_key, quantity

RANKS = ("lower", "higher")  # directions that have a best value
SIZES = ("generated_count", "floor_count", "sets")  # of samples, with all that follows from it
SHAPE = "generated_shape"
BRIEF = {"ema": "EMA", "raw": "raw"}


@dataclass(frozen=True)
class Measure:
    """One quantity: a score under one protocol, as one `line` of it has them."""

    key: str
    line: ScoreLine
    heading: str
    floor: float | None  # what real data get, if all runs agree on it
    like_floor: tuple[float, ...] = ()  # what runs get on as many, if fewer

    @property
    def score(self) -> str:
        return self.line.score

    @property
    def floor_beside(self) -> float | None:
        """The floor, if it is of as many samples as the scores: else they do not compare."""
        return self.floor if self.line.floor_count == self.line.generated_count else None

    @property
    def protocol(self) -> Protocol:
        return quantity(self.line)

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
        lines = textwrap.wrap(figure_text(self.heading), letters)
        return "\n".join([*lines, self.better_words] if self.better else lines)


def final_lines(data: RunData) -> dict[str, ScoreLine]:
    """Return a run's last score under each protocol; of like ones that on the most samples.

    So the last score on the way does not stand beside the final one.
    """
    last: dict[str, ScoreLine] = {}
    for found in series(data).values():
        last[column_key(found[-1])] = found[-1]
    most: dict[str, ScoreLine] = {}
    for line in last.values():
        rest = {name: value for name, value in quantity(line).items() if name not in SIZES}
        like = json.dumps([line.score, rest], sort_keys=True)
        if like not in most or line.generated_count >= most[like].generated_count:
            most[like] = line
    return {column_key(line): line for line in most.values()}


def series(data: RunData) -> dict[str, list[ScoreLine]]:
    """Return a run's scores over its training, by protocol, in the order of steps."""
    found: dict[str, list[ScoreLine]] = {}
    for line in sorted(data.evaluations, key=lambda line: line.step):
        found.setdefault(column_key(line), []).append(line)
    return found


def measures(lines: Sequence[ScoreLine], preferred: Sequence[str] = ()) -> list[Measure]:
    """Return the quantities among lines of evaluations, averaged generators first.

    Then come the `preferred` scores in their order, those with a best value, and the others. Two of
    the same name say in their headings what tells them apart.
    """
    by_key: dict[str, list[ScoreLine]] = {}
    for line in lines:
        by_key.setdefault(column_key(line), []).append(line)
    names = {key: _name(group[0]) for key, group in by_key.items()}
    found = []
    for key, group in by_key.items():
        namesakes = [quantity(by_key[k][0]) for k, name in names.items() if name == names[key]]
        heading = "; ".join([names[key], *_apart(quantity(group[0]), namesakes)])
        floors = {line.floor for line in group}
        floor = floors.pop() if len(floors) == 1 else None
        like_floor = tuple(one.at_floor_count for one in group if one.at_floor_count is not None)
        found.append(Measure(key, group[0], heading, floor, like_floor))
    return sorted(
        found,
        key=lambda measure: (
            measure.line.weights != "ema",
            preferred.index(measure.score) if measure.score in preferred else len(preferred),
            measure.better not in RANKS,
        ),
    )


def _apart(protocol: Protocol, namesakes: Sequence[Protocol]) -> list[str]:
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


def _name(line: ScoreLine) -> str:
    name = display_name(line) if "extractor" in line.protocol else line.score
    return f"{name} ({BRIEF.get(line.weights, line.weights)})" if line.weights else name


def ranked_by(
    found: Sequence[Measure],
    lines: Mapping[str, Mapping[str, ScoreLine]],
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
            measure.line.weights == "ema",
            measure.line.generated_count,
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
            if value not in (None, {})
        ]
        groups.setdefault(", ".join(parts) or "no protocol was written", []).append(measure)
    return [f"{'; '.join(map(_with_floor, group))}. Protocol: {p}." for p, group in groups.items()]


def _with_floor(measure: Measure) -> str:
    words = covered(measure.line) if measure.line.interval else ""
    covers = f"its interval is of {words}" if words else ""
    remarks = ", ".join(
        remark for remark in (measure.better_words, _floor_words(measure), covers) if remark
    )
    return f"{measure.heading}: {remarks}" if remarks else measure.heading


def _floor_words(measure: Measure) -> str:
    if measure.floor is None:
        return ""
    words, line = f"real data get {measure.floor:.4g}", measure.line
    if measure.floor_beside is not None:
        return words
    like, count = measure.like_floor, f"{line.floor_count:,} samples"
    if not like:
        return f"{words} on {count}, which does not compare with scores on {line.generated_count:,}"
    least, most = f"{min(like):.4g}", f"{max(like):.4g}"
    runs = least if least == most else f"{least} to {most}"
    return f"{words} on {count} and the runs {runs} on as many"


def floor_remarks(found: Sequence[Measure]) -> list[str]:
    """Return in a line each which scores are of more samples than the real data's, with both."""
    unlike = [one for one in found if one.floor is not None and one.floor_beside is None]
    return [
        f"{one.heading} is on {one.line.generated_count:,} samples; {_floor_words(one)}."
        for one in unlike
    ]
