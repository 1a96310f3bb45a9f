"""A sheet's documents, written so that nobody's words are lost."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from gan_lab.common.console import say
from gan_lab.common.errors import RunError
from gan_lab.common.files import new_file, read_bytes, replace_file
from gan_lab.report.documents.word import is_installed
from gan_lab.report.sheets.blocks import Block, Drawing, Picture, Written
from gan_lab.report.sheets.sheet import Sheet
from gan_lab.report.sheets.writing.html import as_html
from gan_lab.report.sheets.writing.latex import as_latex
from gan_lab.report.sheets.writing.word import as_word

WRITTEN = "written.txt"  # the sha256 of each document as it was written, as sha256sum has it
MOST_BYTES = 2**20  # of that list
ADVICE = "no Word document is written without python-docx: pip install 'gan-lab[docx]'"


def write_documents(sheet: Sheet, blocks: Sequence[Block], folder: Path) -> list[Path]:
    """Write the HTML, LaTeX and Word documents of a sheet and its figures; return their paths.

    A document that somebody has changed since stays: the new one gets a number. Raises RunError if
    the folder is a link.
    """
    figures = folder / "figures"
    for place in (folder, figures):
        if place.is_symlink():
            raise RunError(f"{place} is a link, which is not followed: remove it.")
    figures.mkdir(parents=True, exist_ok=True)
    written = drawn(blocks, figures)
    forms: dict[str, Callable[[Sheet, Sequence[Written]], bytes]] = {
        "html": as_html, "tex": as_latex,
    }  # fmt: skip
    if is_installed():
        forms["docx"] = as_word
    else:
        say(ADVICE)
    return [_write(folder / f"sheet_{sheet.name}.{ending}", form(sheet, written))
            for ending, form in forms.items()]  # fmt: skip


def drawn(blocks: Sequence[Block], folder: Path) -> list[Written]:
    """Draw the figures into a folder. One that cannot be drawn is named and left out."""
    written: list[Written] = []
    for block in blocks:
        if not isinstance(block, Drawing):
            written.append(block)
            continue
        path = folder / f"{block.name}.png"
        try:
            path_drawn = block.draw(path)
        except Exception as error:  # networks of somebody's config fail in as many ways as torch
            reason = (str(error).splitlines() or [""])[0]
            say(f"damaged   {path.name} is not drawn ({type(error).__name__}: {reason})")
            continue
        if path_drawn is not None:
            written.append(Picture(path_drawn, block.caption, block.drawn))
    return written


def _write(path: Path, content: bytes) -> Path:
    """Write a document, beside one that somebody has changed, and remember its hash."""
    known = _known(path.parent)
    path = _free(path, known)
    with new_file(path) as file:
        file.write(content)
    known[path.name] = hashlib.sha256(content).hexdigest()
    lines = [f"{digest}  {name}\n" for name, digest in sorted(known.items())]
    replace_file(path.parent / WRITTEN, "".join(lines))
    return path


def _known(folder: Path) -> dict[str, str]:
    """Return the hash of each document as it was written, by its name."""
    try:
        text = read_bytes(folder / WRITTEN, MOST_BYTES).decode("utf-8")
    except (OSError, ValueError):  # none was written, or by somebody else
        return {}
    pairs = (line.partition("  ") for line in text.splitlines())
    return {name: digest for digest, _, name in pairs}


def _free(path: Path, known: dict[str, str]) -> Path:
    """Return the first path of a document that is free, or is as it was written."""
    place, number = path, 1
    while place.exists() or place.is_symlink():
        try:
            found = hashlib.sha256(read_bytes(place)).hexdigest()
        except OSError:
            found = ""
        if found == known.get(place.name):
            break
        number += 1
        place = path.with_stem(f"{path.stem}_{number}")
    if place != path:
        say(f"kept      {path}: it was changed since it was written; {place.name} is the new one")
    return place
