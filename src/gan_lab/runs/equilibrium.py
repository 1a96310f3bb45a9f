"""What equilibrium.json holds: how near a run is to the equilibrium of its game."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from gan_lab.common.typed import plain, read


@dataclass(frozen=True)
class Mean:
    """A mean over batches and its 95 % interval; None of a single batch."""

    mean: float
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class CurveMean:
    """Mean and standard deviation of the last lines of a curve."""

    mean: float
    std: float
    lines: int


@dataclass(frozen=True)
class HeldOut:
    """V and D's mean outputs on images that nobody learned from: `d/real` and `d/fake` there."""

    value: Mean
    d_real: Mean
    d_fake: Mean

    @classmethod
    def from_plain(cls, content: Mapping[str, Any], place: str = "") -> "HeldOut":
        """Read the mapping of the file. Raises Malformed."""
        names = ("value", "d/real", "d/fake")
        return cls(*(read(Mean, content.get(name), f"{place}.{name}") for name in names))

    def as_plain(self) -> dict[str, Any]:
        """Return the mapping that `from_plain` reads."""
        return {
            "value": plain(self.value),
            "d/real": plain(self.d_real),
            "d/fake": plain(self.d_fake),
        }


@dataclass(frozen=True)
class WayPoint:
    """M after so many steps of one player, on training batches."""

    step: int
    value: float


@dataclass(frozen=True)
class Ways:
    """What each player gains while it alone learns."""

    discriminator: tuple[WayPoint, ...]
    generator: tuple[WayPoint, ...]


@dataclass(frozen=True)
class DualityGap:
    """The gap (nats) that so many steps of each player find, and M at the best of each."""

    steps: int
    gap: Mean
    best_discriminator: Mean
    best_generator: Mean
    way: Ways


@dataclass(frozen=True)
class FreshAccuracy:
    """In which share of held-out images a discriminator is right that learned for so many steps."""

    steps: int
    accuracy: float
    interval: tuple[float, float]
    images: int


@dataclass(frozen=True)
class OptimumNumbers:
    """The learned D beside D*, of points; `analysis.optimal_discriminator` explains them."""

    samples: int
    cell: float
    outside: float
    error: float
    error_by_chance: float
    value_learned: float
    value_optimal: float
    divergence: float
    divergence_by_chance: float


@dataclass(frozen=True, kw_only=True)
class Equilibrium:
    """Numbers of a checkpoint, and in words what they say.

    Only where D gives a probability are there `held_out` and `gap`; only of points an `optimum`.
    """

    step: int
    version: str
    curves: Mapping[str, CurveMean]
    held_out: HeldOut | None = None
    gap: DualityGap | None = None
    fresh: FreshAccuracy
    optimum: OptimumNumbers | None = None
    conclusion: str

    def as_plain(self) -> dict[str, Any]:
        """Return what the file holds, without what there is not."""
        held = {field.name: plain(getattr(self, field.name)) for field in fields(self)}
        return {key: value for key, value in held.items() if value is not None}
