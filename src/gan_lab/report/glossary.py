"""The words of the glossary that a document uses, with what they mean."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from gan_lab.common.paths import glossary_file

ENTRY = re.compile(r"^### (.+)\n\n((?:.+\n)+)", re.MULTILINE)


@dataclass(frozen=True)
class Term:
    """A word, and what gan_lab means by it, in one paragraph."""

    word: str
    meaning: str

    @property
    def place(self) -> str:
        """What links on a page lead to."""
        return "word-" + re.sub(r"[^a-z0-9]+", "-", self.word.lower())

    @property
    def pattern(self) -> str:
        """A regular expression for the word in a text; its plural, and its form at the beginning of
        a sentence, are the same word. `floor(x)` and `looks like` are other words."""
        first, rest = self.word[0], re.escape(self.word[1:])
        begun = f"[{first}{first.upper()}]" if first.islower() else first
        is_other = r"\w" if first.isupper() else r"\w|\(| like\b"  # D(x) is an output of D
        return rf"(?<!\w){begun}{rest}s?(?!{is_other})"


@cache
def terms() -> tuple[Term, ...]:
    """All words of docs/glossary.md, in its order."""
    text = glossary_file().read_text(encoding="utf-8")
    return tuple(
        Term(word, " ".join(meaning.replace("`", "").split()))
        for word, meaning in ENTRY.findall(text)
    )


def used(texts: Iterable[str]) -> list[Term]:
    """Return the terms that occur in texts, in the order of the glossary."""
    whole = "\n".join(texts)
    return [term for term in terms() if re.search(term.pattern, whole)]
