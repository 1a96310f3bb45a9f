"""What a census says of the modes of a generator, in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from gan_lab.metrics import Census

UNEVEN = 0.01  # nats: a smaller KL is an imbalance that nobody sees
SEVERAL = 10  # classes that are named


def census_conclusion(census: Census, classes: Sequence[str], result: Mapping[str, Any]) -> str:
    """Return what a census says of modes, and its numbers; `result` is what modes.json has."""
    has_class = f"{census.sure:,} of {census.total:,} samples ({census.sure / census.total:.1%})"
    if census.mostly_unsure:
        return (
            f"Unrecognisable: only {has_class} are of any class, so that their shares say little "
            "about modes."
        )
    numbers = f"{has_class} have a class{_numbers(census, classes, result)}"
    if "agreement" in result:
        share, (low, high) = result["agreement"]["share"], result["agreement"]["interval"]
        numbers += f" Of the classes asked for, {share:.1%} [{low:.1%}, {high:.1%}] came."
    return f"{_about_modes(census, result['missing'])} {numbers}"


def _about_modes(census: Census, named: Sequence[str]) -> str:
    number, known = census.missing_number, f"{census.known:,}"
    seen = (
        f"{census.seen:,} of {known} were seen, {_rounded(census.expected_seen)} are expected of "
        f"{census.sure:,} samples at the real shares"
    )
    if number is None:
        return f"Too few samples to tell whether modes are missing: {seen}."
    if number > len(named):
        words = f"Modes are dropped: about {number:,} of {known} are missing ({seen})."
        if named:
            return f"{words} Sure are {len(named):,} of them ({_several(named)})."
        return f"{words} So few samples cannot tell which."
    if number:
        words = f"Modes are dropped: {number:,} of {known} are missing ({_several(named)})."
        undecided = len(census.undecided)
        return f"{words} Of {undecided:,} more it cannot be told ({seen})." if undecided else words
    if census.chi_square[1] < 0.01 and census.kl > UNEVEN:
        return "No mode is missing, but they are uneven."
    return "No mode is missing, and the shares are close to the real ones."


def _numbers(census: Census, classes: Sequence[str], result: Mapping[str, Any]) -> str:
    known = [index for index, real in enumerate(census.real_shares) if real]
    ranked = sorted(known, key=lambda index: census.counts[index])
    rarest, commonest = (_class_share(census, classes, index) for index in (ranked[0], ranked[-1]))
    statistic, p = census.chi_square
    numbers = (
        f"; the rarest is {rarest}, the commonest {commonest}; against the "
        f"real shares chi-square is {statistic:.0f} ({result['chi_square']['degrees']} degrees of "
        f"freedom, p {_p_value(p)}) and KL {census.kl:.3f} nats "
        f"({result['kl_by_chance']:.4f} by chance)."
    )
    if foreign := census.sure - census.comparable:
        pairs = zip(classes, census.counts, census.real_shares, strict=True)
        names = _several([name for name, count, real in pairs if count and not real])
        numbers += (
            f" {foreign:,} samples are of classes that the training data lack ({names}): "
            "chi-square and KL leave them out."
        )
    return numbers


def _several(names: Sequence[str]) -> str:
    more = f" and {len(names) - SEVERAL:,} more" if len(names) > SEVERAL else ""
    return ", ".join(names[:SEVERAL]) + more


def _rounded(expected: float) -> str:
    return f"{expected:,.1f}".removesuffix(".0")


def _class_share(census: Census, classes: Sequence[str], index: int) -> str:
    low, high = census.intervals[index]
    return (
        f"{classes[index]} with {census.shares[index]:.1%} [{low:.1%}, {high:.1%}] "
        f"(real {census.real_shares[index]:.1%})"
    )


def _p_value(p: float) -> str:
    return "< 1e-6" if p < 1e-6 else f"= {p:.2g}"
