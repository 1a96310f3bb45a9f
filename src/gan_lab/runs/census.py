"""What modes_<weights>.json holds: samples counted by class or, without labels, their diversity."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from gan_lab.common.typed import Malformed, plain, read, read_fields


@dataclass(frozen=True)
class Share:
    """A number `of` samples, their share, and its 95 % interval."""

    count: int
    of: int
    share: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Judge:
    """Who says of which class a sample is: the features of a network, or a rule in words.

    Its errors are those on `held_out` real images; samples are held against what it says of
    `checked` other ones.
    """

    extractor: str | None = None
    sha256: str | None = None
    resize: str | None = None
    rule: str | None = None
    held_out: int | None = None
    checked: int | None = None

    @property
    def name(self) -> str | None:
        """The network or, without one, the rule."""
        return self.extractor or self.rule

    def as_plain(self) -> dict[str, Any]:
        """Return what is known of it."""
        return _without_none(self, *(field.name for field in fields(self)))


@dataclass(frozen=True)
class ClassCount:
    """How many samples are of a class, their share of those that have one, and the real share.

    `agreement`: how many came of the samples that a conditional generator was asked for;
    `perfect_agreement`: the share of real images of the class that the judge takes for it. Of a
    judge that errs: `expected_share` is what it gives to the class of real images, `absent_share`
    what it gives to it if no sample is of it, `smallest_share` the least that so many samples tell
    from none; None where no share would.
    """

    name: str
    count: int
    share: float
    interval: tuple[float, float]
    real_share: float
    agreement: Share | None = None
    perfect_agreement: float | None = None
    expected_share: float | None = None
    absent_share: float | None = None
    smallest_share: float | None = None

    @property
    def compared_share(self) -> float:
        """The share that samples as the real images would have, by the same judge."""
        return self.real_share if self.expected_share is None else self.expected_share

    @classmethod
    def from_plain(cls, content: Mapping[str, Any], place: str = "") -> "ClassCount":
        """Read an entry, where the name is `class`. Raises Malformed."""
        if "class" not in content:
            raise Malformed(f"{place}.class is not there")
        named = {key: item for key, item in content.items() if key != "class"}
        return read_fields(cls, {**named, "name": content["class"]}, place)

    def as_plain(self) -> dict[str, Any]:
        """Return the entry that `from_plain` reads."""
        optional = (field.name for field in fields(self) if field.default is None)
        content = _without_none(self, *optional)
        return {"class": content.pop("name"), **content}


@dataclass(frozen=True)
class ChiSquare:
    """Pearson's test of counts against the real shares; `p` is None where it cannot be told.

    The `degrees` of freedom are no whole number where the judge errs.
    """

    statistic: float
    p: float | None
    degrees: float


@dataclass(frozen=True, kw_only=True)
class ClassCensus:
    """Samples counted by class, what follows from that, and the same in words (`conclusion`).

    `gan_lab.metrics.Census` explains the numbers; those that cannot be told are None. `rule` is the
    version of the rule that they follow, `agreement` that of a conditional generator with what it
    was asked for, `perfect_agreement` that of real images with their classes, in the same shares,
    `high_quality` how many points are within 3 std of a centre. The first files lacked what else
    has a default here.
    """

    rule: int = 1
    judge: Judge
    samples: int
    classes: tuple[ClassCount, ...]
    unsure: Share
    missing: tuple[str, ...]
    undecided: tuple[str, ...] = ()
    missing_number: int | None
    seen: int | None = None
    expected_seen: float | None = None
    chi_square: ChiSquare
    kl: float | None
    kl_by_chance: float
    agreement: Share | None = None
    perfect_agreement: float | None = None
    conclusion: str
    high_quality: Share | None = None

    @property
    def has_shares(self) -> bool:
        """Whether any sample has a class: else there are no shares of classes."""
        return any(entry.count for entry in self.classes)

    def as_plain(self) -> dict[str, Any]:
        """Return what the file holds, without what does not go for these samples."""
        return _without_none(self, "agreement", "perfect_agreement", "high_quality")


@dataclass(frozen=True)
class Beside:
    """A number of generated samples beside that of as many real images."""

    generated: float
    real: float


@dataclass(frozen=True)
class Supports:
    """With how many samples two are alike by even chance; None if even all have no such two."""

    generated: int | None
    real: int | None


@dataclass(frozen=True)
class Pair:
    """Two samples, by their numbers, and the distance between them."""

    samples: tuple[int, int]
    distance: float


@dataclass(frozen=True)
class Diversity:
    """How unlabelled samples differ, beside as many real images.

    `spread` is the distance of two, `nearest` that to the nearest other. A duplicate is within
    `duplicate_distance` of another.
    """

    samples: int
    spread: Beside
    nearest: Beside
    duplicate_distance: float
    duplicates: Share
    real_duplicates: Share
    birthday: Supports
    closest_pairs: tuple[Pair, ...]
    conclusion: str


@dataclass(frozen=True)
class Origin:
    """Whose samples they are: the step, the weights ("ema" or "raw") and the seed of a run.

    `version` is that of the gan_lab which looked at them.
    """

    step: int
    weights: str
    seed: int
    version: str


@dataclass(frozen=True)
class ModesFile:
    """What modes_<weights>.json holds: whose samples were looked at, and what was found."""

    origin: Origin
    found: ClassCensus | Diversity

    @classmethod
    def from_plain(cls, content: Mapping[str, Any], place: str = "") -> "ModesFile":
        """Read the content of the file. Raises Malformed."""
        origin = read(Origin, content, place)
        if "spread" in content:
            return cls(origin, read(Diversity, content, place))
        return cls(origin, read(ClassCensus, _with_missing_number(content), place))

    def as_plain(self) -> dict[str, Any]:
        """Return the content that `from_plain` reads."""
        return {**plain(self.origin), **plain(self.found)}


def _with_missing_number(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the content of a census with the number that the first lacked: that of the names."""
    named = content.get("missing")
    if "missing_number" in content or not isinstance(named, list):
        return content
    return {**content, "missing_number": len(named)}


def _without_none(value: Any, *optional: str) -> dict[str, Any]:
    """Return the plain fields of a dataclass, without those of `optional` that are None."""
    held = {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return {key: item for key, item in held.items() if item is not None or key not in optional}
