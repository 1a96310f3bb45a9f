"""The lines of metrics.jsonl and evaluations.jsonl, the status of a run and its starts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import pairwise
from typing import TypeAlias

from gan_lab.common.typed import Json, Malformed, plain, read

MOST = 2**63  # numbers of a line are smaller, so that numpy can take them
STATES = ("running", "finished", "failed", "interrupted", "diverged")
# Scalars by name: "step", "images" and "seconds" of every line, and what was measured at the step.
MetricsLine: TypeAlias = Mapping[str, float]
Protocol: TypeAlias = Mapping[str, Json]  # all that a score depends on beside the generator


def metrics_line(content: object) -> MetricsLine:
    """Return the content of a line of metrics.jsonl. Raises Malformed unless it has a step and all
    values are numbers."""
    # Not by `typed.read`, which takes ten times as long: a run may have 100,000 lines.
    if not isinstance(content, dict):
        raise Malformed("it is no JSON object")
    for name, value in content.items():
        if type(value) is not float and not (type(value) is int and -MOST < value < MOST):
            raise Malformed(f"{name!a} is not a number")
    if type(content.get("step")) is not int or content["step"] < 0:
        raise Malformed("it has no step")
    if not 0 <= content.get("seconds", 0) < MOST:
        raise Malformed("'seconds' are no time")
    return content


@dataclass(frozen=True)
class Gap:
    """Steps, both included, of which metrics.jsonl should have lines and has none."""

    first: int
    last: int


def gaps(steps: Sequence[int], until: int, log_every: int) -> list[Gap]:
    """Return the gaps in the steps of a run's lines, ascending, up to the step of a checkpoint.

    Between two lines are at most `log_every` steps, or any number if that is 0.
    """
    if not log_every:
        return []
    known = [0, *(step for step in steps if step <= until), until + 1]
    found = [Gap(before + 1, after - 1) for before, after in pairwise(known)]
    return [gap for gap in found if gap.last - gap.first + 1 >= log_every]


@dataclass(frozen=True)
class ScoreLine:
    """A score of a generator: what real data get (`floor`), its 95 % interval and its protocol.

    `at_floor_count` is the score of one set of as many samples as the floor is of, if that is less.
    `p` is the p-value of a score that is a test. `step` counts updates of the generator, and is 0
    of samples that come from a folder.
    """

    step: int
    score: str
    value: float
    floor: float | None
    interval: tuple[float, float] | None
    protocol: Protocol
    at_floor_count: float | None = None
    p: float | None = None

    def as_plain(self) -> dict[str, Json]:
        """Return the line as it is written: `at_floor_count` and `p` only where there is one."""
        content = {one.name: plain(getattr(self, one.name)) for one in fields(self)}
        return {name: value for name, value in content.items()
                if value is not None or name not in ("at_floor_count", "p")}  # fmt: skip

    @property
    def floor_count(self) -> int:
        """How many real samples the floor is of; 0 if the protocol does not say."""
        count = self.protocol.get("floor_count")
        return count if isinstance(count, int) else 0

    @property
    def floor_beside(self) -> float | None:
        """The floor, if it is of as many samples as the score: else they do not compare."""
        return self.floor if self.floor_count == self.generated_count else None

    @property
    def weights(self) -> str | None:
        """Of which generator: "ema" (averaged), "raw", or None of a folder."""
        weights = self.protocol.get("weights")
        return None if weights is None else str(weights)

    @property
    def generated_count(self) -> int:
        """How many samples were scored; 0 if the protocol does not say."""
        count = self.protocol.get("generated_count")
        return count if isinstance(count, int) else 0


@dataclass(frozen=True)
class _KnownParts:
    """The types of the parts that protocols have; they may have others."""

    extractor: str = ""
    sha256: str | None = None
    resize: str = ""
    data: str = ""
    data_hash: str = ""
    real_split: str = ""
    real_count: int = 0
    floor_split: str = ""
    floor_count: int = 0
    generated_shape: str = ""
    generated_count: int = 0
    sets: int = 1
    settings: Mapping[str, Json] = field(default_factory=dict)
    definition: int = 1
    weights: str = ""
    version: str = ""
    seed: int = 0


def score_line(content: object) -> ScoreLine:
    """Return the content of a line of a run's evaluations.jsonl. Raises Malformed, also for a known
    part of the protocol that is of another type, and for weights without a name."""
    line = read(ScoreLine, content)
    read(_KnownParts, line.protocol, "protocol")
    if line.weights == "":
        raise Malformed("protocol.weights is empty")
    return line


@dataclass(frozen=True)
class Status:
    """The state of a run, the step it has reached, and why it ended if it did not finish.

    `total_seconds` is how long processes were at work on it, scoring and all, up to the last
    change of the state; None of a run that an older version began.
    """

    state: str
    step: int
    reason: str
    stopped_by: str = ""
    total_seconds: float | None = field(default=None, compare=False)  # a clock


@dataclass(frozen=True)
class Start:
    """What environment.json says of one start, as far as anybody asks. Older ones said less."""

    command: str | None = None
    threads: int | None = None
    versions: Mapping[str, str | None] = field(default_factory=dict)
    log_every: int | None = None
    code: Mapping[str, str] = field(default_factory=dict)  # hashes of one's own files, by name
    monitor_rule: int = 1  # that what it watched is judged by
    device: str | None = None
    processor: str | None = None
    python: str | None = None


def read_status(content: object) -> Status:
    """Return the content of status.json. Raises Malformed for a state or step that there is not."""
    status = read(Status, content)
    if status.state not in STATES or status.step < 0:
        raise Malformed(f"state {status.state!a} at step {status.step} is none")
    if status.total_seconds is not None and not 0 <= status.total_seconds < MOST:
        raise Malformed("'total_seconds' are no time")
    return status
