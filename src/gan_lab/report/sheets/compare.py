"""Numbers of a document against those that it should have: texts are aligned without numbers."""

import re
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import TypeVar

T = TypeVar("T")

NUMBER = r"(?<![\w.])[-+]?\d+(?:,\d+)*(?:\.\d+)?(?:[eE][-+]?\d+)?%?"
TOKEN = re.compile(rf"{NUMBER}|\w+|[^\w\s]")
IS_NUMBER = re.compile(r"[-+]?\d")
NEAR = 200  # texts after the last pair among which a changed one is looked for
ALIKE = 0.5  # of two texts that are taken for one which was changed
FEWEST = 3  # words of a text that is looked for inside a longer one


@dataclass(frozen=True)
class Difference:
    """A number that should be there, and what is there; of either one nothing."""

    wanted: str
    found: str


def tokens(text: str) -> list[str]:
    """Return the words, numbers and signs of a text."""
    return TOKEN.findall(text)


def is_number(token: str) -> bool:
    return bool(IS_NUMBER.match(token))


def number_count(text: str) -> int:
    """Return how many numbers a text has."""
    return sum(map(is_number, tokens(text)))


@lru_cache(maxsize=2**14)  # each is compared with several
def masked(text: str) -> str:
    """Return a text with a sign for each of its numbers."""
    return " ".join("#" if is_number(token) else token for token in tokens(text))


def likeness(first: str, second: str) -> float:
    """Return how alike two texts are, from 0 to 1, numbers aside.

    It is 1 where the second has all of the first, whatever was written before and behind it.
    """
    ours, theirs = masked(first).split(), masked(second).split()
    if len(ours) >= FEWEST and f" {' '.join(ours)} " in f" {' '.join(theirs)} ":
        return 1.0
    if 2 * min(len(ours), len(theirs)) < ALIKE * (len(ours) + len(theirs)):
        return 0.0  # whatever they say
    return SequenceMatcher(None, ours, theirs, False).ratio()


def differences(wanted: str, found: str, strict: bool) -> Iterator[Difference]:
    """Yield the numbers of a text that another one has not in the same places.

    Words that are added are none. `strict`: nor may there be numbers that are not wanted.
    """
    ours, theirs = tokens(wanted), tokens(found)
    for change, a, b, c, d in SequenceMatcher(None, ours, theirs, False).get_opcodes():
        if change == "equal":
            continue
        mine = [token for token in ours[a:b] if is_number(token)]
        other = [token for token in theirs[c:d] if is_number(token)]
        for place, number in enumerate(mine):
            yield Difference(number, other[place] if place < len(other) else "")
        if strict:
            yield from (Difference("", number) for number in other[len(mine) :])


def align(
    ours: Sequence[T],
    theirs: Sequence[T],
    keys: Sequence[Callable[[T], Hashable]],
    alike: Callable[[T, T], float],
) -> list[int | None]:
    """Return for each of ours the place of the one among theirs that it has become; None if none.

    What is equal by the first key is paired first, between that what is equal by the next, and so
    on; what is left is paired with what is most alike.
    """
    pairs: list[int | None] = [None] * len(ours)
    _align(ours, theirs, keys, alike, (0, len(ours), 0, len(theirs)), pairs)
    return pairs


def _align(
    ours: Sequence[T],
    theirs: Sequence[T],
    keys: Sequence[Callable[[T], Hashable]],
    alike: Callable[[T, T], float],
    part: tuple[int, int, int, int],
    pairs: list[int | None],
) -> None:
    a, b, c, d = part
    if a == b or c == d:
        return
    if not keys:
        _by_likeness(ours, theirs, alike, part, pairs)
        return
    key, *rest = keys
    matcher = SequenceMatcher(None, [key(o) for o in ours[a:b]], [key(t) for t in theirs[c:d]],
                              False)  # fmt: skip
    last_a, last_c = a, c
    for found in matcher.get_matching_blocks():  # the last one is empty, at both ends
        start_a, start_c = a + found.a, c + found.b
        _align(ours, theirs, rest, alike, (last_a, start_a, last_c, start_c), pairs)
        for step in range(found.size):
            pairs[start_a + step] = start_c + step
        last_a, last_c = start_a + found.size, start_c + found.size


def _by_likeness(
    ours: Sequence[T],
    theirs: Sequence[T],
    alike: Callable[[T, T], float],
    part: tuple[int, int, int, int],
    pairs: list[int | None],
) -> None:
    a, b, c, d = part
    for place in range(a, b):
        near = range(c, min(d, c + NEAR))
        likes = {other: alike(ours[place], theirs[other]) for other in near}
        best = max(likes, key=lambda other: likes[other], default=None)
        if best is not None and likes[best] >= ALIKE:
            pairs[place] = best
            c = best + 1
