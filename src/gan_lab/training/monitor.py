"""Whether a training has collapsed, from what it shows anyway: one verdict, with its evidence.

A look is a line of metrics.jsonl that has scores, and with them what `Monitor.look` finds in the
small sample that was scored. Every young GAN looks collapsed, so that a look is judged beside those
before it: what is better than ever is healthy. docs/monitor.md has the settings that the limits
were set on, and the misses and false alarms on others.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import median

import torch
from torch import Tensor

from gan_lab.common.console import percent
from gan_lab.data import ImageDataset, PointDataset
from gan_lab.metrics import JudgeErrors, count_modes, nearest_others, spread, sure_classes
from gan_lab.training.rng import permutation

Line = Mapping[str, float]

# The version of the rule below, which environment.json has for each start. It counts up when the
# same samples and lines would get another verdict. Since 2 the errors of the classifier that says
# which classes are missing are reckoned with.
RULE = 2
KEY = "monitor/verdict"
# What it counts: append, never reorder.
VERDICTS = ("healthy", "dropping modes", "D won", "constant output", "diverged")
HEALTHY, DROPPING_MODES, D_WON, CONSTANT_OUTPUT, DIVERGED = range(5)
TRENDS = ("score/fd_classifier", "score/fid", "score/swd")  # the first of them that is there

COMPARED = 500  # samples, and real images, whose N^2 distances are taken
NARROW = 0.3  # of the real spread: less is nearly one and the same output
ALIKE = 0.3  # of the real distance to the nearest other
RIGHT = 0.99  # of the pairs that D ranks
DROPPED = 0.15  # of the real images are of classes that are missing
STARVED = 0.02  # of the largest gradient norm that G has had
LOST = 2.0  # times the best score so far, twice in a row
BLOWN_UP = 100.0  # times the loss at first
GROWING = 1.5  # times the largest spread so far: a young generator
LEARNING = 0.9  # times the least KL or score so far
SURE = 0.5  # of the samples have a class: with fewer nothing is said of modes


@dataclass(frozen=True)
class Verdict:
    """One of VERDICTS by its number, and what speaks for it, in words and numbers."""

    code: int
    evidence: str

    def __str__(self) -> str:
        return f"{VERDICTS[self.code]}: {self.evidence}"


class Monitor:
    """Watches one run, and says when the verdict changes.

    `lines` are those that the run has written before this start. With `stop_on_collapse` it `stops`
    the training at the second bad verdict in a row. `remedies` are said after a verdict, by its
    number. `errors` tells how the classifier errs that the logits are from; it is asked once, at
    the first look that has some.
    """

    def __init__(
        self,
        data: ImageDataset,
        lines: Sequence[Line],
        say: Callable[[str], None],
        stop_on_collapse: bool = False,
        remedies: Mapping[int, str] | None = None,
        errors: Callable[[], JudgeErrors | None] = lambda: None,
    ):
        self._data, self._lines, self._say = data, list(lines), say
        self._stop_on_collapse = stop_on_collapse
        self._remedies, self._errors = remedies or {}, cache(errors)
        self.stops = False
        self.verdict: Verdict | None = None
        # Drawn, not every so many: data in the order of their classes would give one class.
        drawn = permutation(0, 0, len(data))[:COMPARED]
        real = data.images[drawn.to(data.images.device)].cpu()
        self._real_spread = spread(real)
        self._real_nearest = float(nearest_others(real).median())

    def look(self, samples: Tensor, logits: Tensor | None = None) -> dict[str, float]:
        """Return the evidence in samples of the data's kind, as scalars of a line.

        `logits` [N, classes] are a classifier's, where there is one. Costs some hundredths of a
        second.
        """
        nearest = float(nearest_others(samples[:COMPARED]).median())
        evidence = {
            "monitor/spread": _ratio(spread(samples), self._real_spread),
            "monitor/nearest": _ratio(nearest, self._real_nearest),
        }
        predicted, errors = None, None
        if isinstance(self._data, PointDataset):
            if self._data.centers is not None:
                predicted = torch.cdist(samples, self._data.centers.cpu()).argmin(1)
        elif logits is not None:
            predicted, errors = sure_classes(logits), self._errors()
        if predicted is None or self._data.labels is None:
            return evidence
        counts = self._data.labels.bincount(minlength=len(self._data.classes)).tolist()
        census = count_modes(predicted, counts, errors)
        evidence["monitor/sure"] = census.sure / census.total
        if census.missing_number is not None:
            evidence["monitor/missing"] = float(census.missing_number)
        if census.comparable:
            evidence["monitor/lost"] = census.lost
            evidence["monitor/kl"] = census.kl
        return evidence

    def watch(self, line: Line) -> dict[str, float]:
        """Take the next line of the run; return it, with the verdict if it is a look."""
        before = next((int(old[KEY]) for old in reversed(self._lines) if KEY in old), HEALTHY)
        self._lines.append(line)
        verdict = judge(self._lines)
        if verdict is None:
            return dict(line)
        self._lines[-1] = {**line, KEY: verdict.code}
        self.verdict = verdict
        if verdict.code != before:
            self._say(f"monitor   step {line['step']}: {verdict}")
            if remedy := self._remedies.get(verdict.code):
                self._say(f"note      {remedy}")
        self.stops = self._stop_on_collapse and HEALTHY not in (before, verdict.code)
        return dict(self._lines[-1])

    def summary(self) -> dict[str, str]:
        """Return the last verdict of this start in words, for what is said of the whole run."""
        return {"monitor": str(self.verdict)} if self.verdict else {}


def judge(lines: Sequence[Line]) -> Verdict | None:
    """Return the verdict on a run at its last line; None if that is no look, or the first."""
    looks = [index for index, line in enumerate(lines) if "monitor/spread" in line]
    if len(looks) < 2 or looks[-1] != len(lines) - 1:
        return None
    window = lines[looks[-2] + 1 :]
    *earlier, now = (lines[index] for index in looks)
    if found := _diverged(lines, window, [*earlier, now]):
        return found
    if is_learning(earlier, now):
        return _healthy(earlier, now)
    return (
        _d_won(lines, window)
        or _constant_output(earlier, now)
        or _dropping_modes(earlier, now)
        or _healthy(earlier, now)
    )


def is_learning(earlier: Sequence[Line], now: Line) -> bool:
    """Whether a look is clearly better than all before it, in score, modes or spread."""
    key = _trend(now)
    falls = [(now[name], _values(earlier, name)) for name in (key, "monitor/kl") if name in now]
    wider = now["monitor/spread"] > GROWING * max(_values(earlier, "monitor/spread"))
    return wider or any(before and last < LEARNING * min(before) for last, before in falls)


def replay(lines: Sequence[Line]) -> list[tuple[int, Verdict]]:
    """Return (step, verdict) at each look of a run that has been, by the rules of today."""
    verdicts = [(line["step"], judge(lines[: end + 1])) for end, line in enumerate(lines)]
    return [(int(step), verdict) for step, verdict in verdicts if verdict is not None]


def _diverged(
    lines: Sequence[Line], window: Sequence[Line], looks: Sequence[Line]
) -> Verdict | None:
    for key in ("loss/d", "loss/g"):
        first, last = _size(lines[: len(window)], key), _size(window, key)
        if last > BLOWN_UP * max(first, 1.0):
            return Verdict(DIVERGED, f"{key} is about {last:.3g}, at first it was {first:.3g}")
    key = _trend(looks[-1])
    scores = _values(looks, key)
    if len(scores) > 2 and min(scores[-2:]) > LOST * min(scores[:-2]):
        best, last = min(scores[:-2]), scores[-1]
        return Verdict(DIVERGED, f"{key} has risen from {best:.3g} to {last:.3g}")
    return None


def _d_won(lines: Sequence[Line], window: Sequence[Line]) -> Verdict | None:
    ranked = _values(window, "d/accuracy")
    if not ranked or sum(ranked) / len(ranked) < RIGHT:
        return None
    words = f"D ranks {percent(sum(ranked) / len(ranked))} of pairs rightly, and G"
    largest, last = max(_values(lines, "grad_norm/g"), default=0.0), _size(window, "grad_norm/g")
    if not largest:
        return Verdict(D_WON, f"{words} is not trained")
    if last < STARVED * largest:
        return Verdict(
            D_WON, f"{words}'s gradient norm has fallen from {largest:.3g} to {last:.3g}"
        )
    return None


def _constant_output(earlier: Sequence[Line], now: Line) -> Verdict | None:
    wide, widest = now["monitor/spread"], max(_values(earlier, "monitor/spread"))
    if wide >= NARROW:
        return None
    words = f"two samples differ {wide:.2f} times as much as two real ones"
    return Verdict(CONSTANT_OUTPUT, f"{words} (at most {widest:.2f} before)")


def _dropping_modes(earlier: Sequence[Line], now: Line) -> Verdict | None:
    if "monitor/lost" in now:
        kl, least = now["monitor/kl"], min(_values(earlier, "monitor/kl"), default=0.0)
        if now["monitor/lost"] < DROPPED or now["monitor/sure"] < SURE:
            return None
        lost = percent(now["monitor/lost"], 0)
        words = f"{now['monitor/missing']:.0f} classes, {lost} of the real images"
        words += f", are missing (KL {kl:.2f} nats, at least {least:.2f} before)"
        return Verdict(DROPPING_MODES, words)
    near, farthest = now["monitor/nearest"], max(_values(earlier, "monitor/nearest"))
    if near >= ALIKE:
        return None
    words = f"the nearest other sample is {near:.2f} times as far as among real ones"
    return Verdict(DROPPING_MODES, f"{words} (at most {farthest:.2f} before)")


def _healthy(earlier: Sequence[Line], now: Line) -> Verdict:
    words = f"two samples differ {now['monitor/spread']:.2f} times as much as two real ones"
    if "monitor/missing" in now:
        words += f", {now['monitor/missing']:.0f} classes are missing"
    key = _trend(now)
    if scores := _values(earlier, key):
        words += f", {key} is {now[key]:.3g} (at least {min(scores):.3g} before)"
    return Verdict(HEALTHY, words)


def _ratio(value: float, real: float) -> float:
    """Return value / real; 1 where the real images are copies, which tell nothing."""
    return value / real if real else 1.0


def _trend(look: Line) -> str:
    return next((key for key in TRENDS if key in look), TRENDS[0])


def _values(lines: Sequence[Line], key: str) -> list[float]:
    return [line[key] for line in lines if key in line]


def _size(lines: Sequence[Line], key: str) -> float:
    """Return the median of the absolute values; 0 where there are none."""
    return median(map(abs, _values(lines, key))) if _values(lines, key) else 0.0
