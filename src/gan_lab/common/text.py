"""Words of a run, a folder or a class as each form of output takes them: one function a form.

Somebody else may have chosen them. A terminal, Markdown, HTML, LaTeX, Word, a spreadsheet and
matplotlib each obey other letters, and what is written here is only read.
"""

import html
import re

LATEX = str.maketrans(
    {
        "_": r"\_", "%": r"\%", "&": r"\&", "#": r"\#", "$": r"\$", "{": r"\{", "}": r"\}",
        "±": r"$\pm$", "–": "--", "<": r"$<$", ">": r"$>$", "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}", "\\": r"\textbackslash{}",
    }
)  # fmt: skip
# Entities, escapes, code, tags, cells, fences, links and images, and addresses, which are links on
# their own. A bracket that ends an interval is none of them.
MARKDOWN = re.compile(r"&(?=#?\w+;)|\\(?=[!-/:-@[-`{-~]|$)|[`<|]|\](?=[(\[:])|~(?=~)|:(?=//)|"
                      r"(?<=www)\.", re.IGNORECASE)  # fmt: skip
FORMULA = ("=", "+", "-", "@")  # how a cell begins that a spreadsheet computes


def letters(word: object) -> str:
    """Return a word without case, dashes and the like: of WGAN-GP and wgan_gp it is the same."""
    return re.sub(r"[\W_]", "", str(word)).lower()


def printable(text: str) -> str:
    """Return a text for a terminal as one line: what would steer it is written as escapes."""
    return text if text.isprintable() else "".join(map(_escaped, text))


def markdown(text: str) -> str:
    """Return a text for a paragraph, a list or a cell of Markdown, in which it is only words."""
    return MARKDOWN.sub(lambda found: f"\\{found[0]}" if found[0] != "<" else "&lt;", _flat(text))


def markdown_block(lines: list[str]) -> list[str]:
    """Return lines as a block of code in Markdown, whose fence is longer than any in it."""
    flat = [_flat(line) for line in lines]
    longest = max((len(run) for line in flat for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return [fence, *flat, fence]


def latex(text: str) -> str:
    """Return a text for LaTeX, also for the first cell of a row."""
    words = _flat(text)
    # After the end of a row these two are an argument of it.
    first = f"{{{words[0]}}}" if words.startswith(("[", "*")) else words[:1].translate(LATEX)
    return first + words[1:].translate(LATEX)


def csv_cell(value: str | float | None) -> str | float | None:
    """Return a cell for a spreadsheet: a text that it would compute gets an apostrophe first."""
    if not isinstance(value, str):
        return value
    words = _flat(value)
    return f"'{words}" if words.lstrip().startswith(FORMULA) and not _is_number(words) else words


def html_text(text: str) -> str:
    """Return a text for HTML, also for an attribute in quotes."""
    return html.escape(_flat(text))


def document_text(text: str) -> str:
    """Return a text for a Word document, whose XML takes no control and no lone surrogates."""
    return _flat(text)


def figure_text(text: str) -> str:
    """Return a text for a figure, in which a dollar is a dollar and begins no formula."""
    return _flat(text).replace("$", r"\$")


def _flat(text: str) -> str:
    """Return a text in which white space of any kind is a space, and control is escapes."""
    if text.isprintable():
        return text
    return "".join(" " if letter.isspace() else _escaped(letter) for letter in text)


def _escaped(letter: str) -> str:
    return letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")


def _is_number(text: str) -> bool:
    try:
        float(text)
        return True
    except ValueError:
        return False


def html_heading(title: str, level: int = 2) -> str:
    """Return a heading of a page that a link can lead to, by the letters of its words."""
    place = re.sub(r"[\W_]+", "-", title.lower()).strip("-") or "other"
    return f'<h{level} id="{place}">{html_text(title)}</h{level}>'
