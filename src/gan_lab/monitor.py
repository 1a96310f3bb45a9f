"""Whether a training has collapsed, from what it shows anyway: one verdict, with its evidence.

A look is a line of metrics.jsonl that has scores, and with them what `Monitor.look` finds in the
small sample that was scored. Every young GAN looks collapsed, so that a look is judged beside the
one before it: what gets better is healthy. The limits were set on seeds 0 to 2 of eight settings;
docs/monitor.md has the misses and false alarms on others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_lab.data import ImageDataset, PointDataset
from gan_lab.metrics import count_modes, nearest_others, spread, sure_classes
from gan_lab.position import permutation

Line = Mapping[str, float]

# What "monitor/verdict" of a line counts: append, never reorder.
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
GROWING = 1.5  # times the spread at the look before: a young generator
LEARNING = 0.9  # times the look before, in KL or score: less is better


@dataclass(frozen=True)
class Verdict:
    """One of VERDICTS by its number, and what speaks for it, in words and numbers."""

    code: int
    evidence: str

    def __str__(self) -> str:
        return f"{VERDICTS[self.code]}: {self.evidence}"


class Monitor:
    """Watches one run; `lines` are those that it has written before this start."""

    def __init__(self, data: ImageDataset, lines: Sequence[Line] = ()):
        self._lines = list(lines)
        self._data = data
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
            "monitor/spread": spread(samples) / self._real_spread,
            "monitor/nearest": nearest / self._real_nearest,
        }
        predicted = None
        if isinstance(self._data, PointDataset):
            predicted = torch.cdist(samples, self._data.centers.cpu()).argmin(1)
        elif logits is not None:
            predicted = sure_classes(logits)
        if predicted is None or self._data.labels is None:
            return evidence
        counts = self._data.labels.bincount(minlength=len(self._data.classes)).tolist()
        census = count_modes(predicted, counts)
        evidence["monitor/sure"] = census.sure / census.total
        if census.sure:
            evidence["monitor/missing"] = float(len(census.missing))
            evidence["monitor/lost"] = sum(census.real_shares[index] for index in census.missing)
            evidence["monitor/kl"] = census.kl
        return evidence

    def judge(self, line: Line) -> Verdict | None:
        """Take the next line of the run; return the verdict if it is a look but the first."""
        self._lines.append(line)
        return judge(self._lines)


def judge(lines: Sequence[Line]) -> Verdict | None:
    """Return the verdict on a run at its last line; None if that is no look, or the first."""
    if not lines or "monitor/spread" not in lines[-1]:
        return None
    looks = [index for index, line in enumerate(lines) if "monitor/spread" in line]
    if len(looks) < 2:
        return None
    window = lines[looks[-2] + 1 : looks[-1] + 1]
    now, before = lines[looks[-1]], lines[looks[-2]]
    found = (
        _diverged(lines, window, [lines[index] for index in looks])
        or _d_won(lines, window, now, before)
        or _constant_output(now, before)
        or _dropping_modes(now, before)
    )
    return found or Verdict(HEALTHY, _healthy(now, before))


def replay(lines: Sequence[Line]) -> list[tuple[int, Verdict]]:
    """Return (step, verdict) at each look of a run that has been."""
    verdicts = [(line["step"], judge(lines[: end + 1])) for end, line in enumerate(lines)]
    return [(int(step), verdict) for step, verdict in verdicts if verdict is not None]


def _diverged(
    lines: Sequence[Line], window: Sequence[Line], looks: Sequence[Line]
) -> Verdict | None:
    for key in ("loss/d", "loss/g"):
        first = _median(lines[: len(window)], key, absolute=True)
        last = _median(window, key, absolute=True)
        if first is not None and last is not None and last > BLOWN_UP * max(first, 1.0):
            return Verdict(DIVERGED, f"{key} is {last:.3g}, at first it was {first:.3g}")
    score = _trend(looks[-1])
    values = [line[score] for line in looks if score and score in line]
    if len(values) > 2 and min(values[-2:]) > LOST * min(values[:-2]):
        best = min(values[:-2])
        return Verdict(DIVERGED, f"{score} has risen from {best:.3g} to {values[-1]:.3g}")
    return None


def _d_won(
    lines: Sequence[Line], window: Sequence[Line], now: Line, before: Line
) -> Verdict | None:
    accuracy = _mean(window, "d/accuracy")
    if accuracy is None or accuracy < RIGHT or _is_learning(now, before):
        return None
    right = f"D ranks {accuracy:.1%} of pairs rightly"
    norm = _median(window, "grad_norm/g")
    if norm is None:  # G is not trained at all
        return Verdict(D_WON, f"{right}, and G is not trained")
    largest = max(line["grad_norm/g"] for line in lines if "grad_norm/g" in line)
    if norm >= STARVED * largest:
        return None
    return Verdict(
        D_WON, f"{right}, and G's gradient norm has fallen from {largest:.3g} to {norm:.3g}"
    )


def _constant_output(now: Line, before: Line) -> Verdict | None:
    wide, was = now["monitor/spread"], before["monitor/spread"]
    if wide >= NARROW or wide >= GROWING * was:
        return None
    return Verdict(
        CONSTANT_OUTPUT,
        f"two samples differ {wide:.2f} times as much as two real ones ({was:.2f} the look before)",
    )


def _dropping_modes(now: Line, before: Line) -> Verdict | None:
    if now.get("monitor/lost", 0) >= DROPPED and now["monitor/sure"] >= 0.5:
        kl, was = now["monitor/kl"], before.get("monitor/kl", 0.0)
        if kl > LEARNING * was:
            lost = f"{now['monitor/lost']:.0%} of the real images"
            missing = f"{now['monitor/missing']:.0f} classes, {lost}, are missing"
            trend = f"KL {kl:.2f} nats, {was:.2f} the look before"
            return Verdict(DROPPING_MODES, f"{missing} ({trend})")
    near, was = now["monitor/nearest"], before["monitor/nearest"]
    if "monitor/missing" not in now and near < ALIKE and near < GROWING * was:
        return Verdict(
            DROPPING_MODES,
            f"samples are {near:.2f} times as far from the most alike as real ones ({was:.2f} the "
            "look before)",
        )
    return None


def _is_learning(now: Line, before: Line) -> bool:
    key = _trend(now)
    if key and key in before:
        return now[key] < LEARNING * before[key]
    return now["monitor/spread"] > before["monitor/spread"] / LEARNING


def _healthy(now: Line, before: Line) -> str:
    words = f"two samples differ {now['monitor/spread']:.2f} times as much as two real ones"
    if "monitor/missing" in now:
        words += f", {now['monitor/missing']:.0f} classes are missing"
    key = _trend(now)
    if key and key in before:
        words += f", {key} {before[key]:.3g} -> {now[key]:.3g}"
    return words


def _trend(line: Line) -> str | None:
    return next((key for key in TRENDS if key in line), None)


def _median(lines: Sequence[Line], key: str, absolute: bool = False) -> float | None:
    values = torch.tensor([line[key] for line in lines if key in line], dtype=torch.float64)
    return float((values.abs() if absolute else values).median()) if len(values) else None


def _mean(lines: Sequence[Line], key: str) -> float | None:
    values = [line[key] for line in lines if key in line]
    return sum(values) / len(values) if values else None
