"""Whether the numbers of a document are those of the runs that it is made of."""

import re
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gan_lab.common.errors import RunError
from gan_lab.config.own.yaml_files import shown
from gan_lab.report.sheets.blocks import Block, Drawing, Grid, Heading, Paragraph, Slot
from gan_lab.report.sheets.compare import align, differences, likeness, masked, number_count
from gan_lab.report.sheets.reading.units import Rows, Text, Unit, plain_text
from gan_lab.report.sheets.sheet import Sheet

MADE_BY = re.compile(r"gan-lab report (.+) [-–—]{1,2}sheet (\S+)$")
NOTHING = "nothing"
NUMBERED = r"^(?:{table}|{figure}) \d+\s?: "


@dataclass(frozen=True)
class MadeFrom:
    """The sheet that a document is of, and its studies as they lie from where it was written."""

    sheet: str
    places: tuple[str, ...]


@dataclass(frozen=True)
class Expected:
    """A unit that a document should have: under which heading, and from which files its numbers
    are. `sources` has a file for each cell of a table, row by row, else one file alone."""

    unit: Unit
    place: str
    sources: tuple[tuple[Path, ...], ...]
    caption: str = ""


@dataclass(frozen=True)
class Verdict:
    """What was compared, each number that differs in a line, and what is not there any more."""

    numbers: int
    blocks: int
    faults: list[str]
    gone: list[str]


def made_from(units: Sequence[Unit], path: Path) -> MadeFrom:
    """Return what a document says that it is made from. Raises RunError if it does not."""
    for unit in reversed(units):
        found = MADE_BY.search(unit.text) if isinstance(unit, Text) else None
        if found:
            try:
                places = shlex.split(found[1])
            except ValueError:
                continue
            return MadeFrom(found[2], tuple(places))
    raise RunError(
        f"{path} does not say which runs it is made of: it is no document of a sheet, or its last "
        "line, `gan-lab report ... --sheet NAME`, is gone. Put it back, as the other documents "
        "beside it have it."
    )


def check(sheet: Sheet, blocks: Sequence[Block], units: Sequence[Unit]) -> Verdict:
    """Compare the numbers of a document's units with those of a sheet's blocks."""
    expected = list(_expected(sheet, blocks))
    numbered = re.compile(
        NUMBERED.format(table=re.escape(sheet.words.table), figure=re.escape(sheet.words.figure))
    )
    there = [_without_number(unit, numbered) for unit in units]
    pairs = align([one.unit for one in expected], there, (lambda unit: unit, _mask), _alike)
    numbers, faults, gone = 0, [], []
    for one, place in zip(expected, pairs, strict=True):
        if place is None:
            gone.append(f"{one.place}: {_named(one)} is not there any more")
            continue
        numbers += sum(map(number_count, _strings(one.unit)))
        faults += list(_faults(one, there[place]))
    return Verdict(numbers, len(expected) - len(gone), faults, gone)


def _expected(sheet: Sheet, blocks: Sequence[Block]) -> Iterator[Expected]:
    heading = sheet.title
    for block in blocks:
        if isinstance(block, Heading):
            heading = block.text
            yield _text(block.text, heading, sheet.file)
        elif isinstance(block, Paragraph):
            yield _text(block.text, heading, block.source)
        elif isinstance(block, Drawing):
            yield _text(block.caption, heading, block.source)
        elif isinstance(block, Slot):
            yield _text(block.prompt, heading, sheet.file)
        elif isinstance(block, Grid):
            yield _text(block.caption, heading, block.source)
            yield _rows(block, heading)
            yield _text(" ".join(block.remarks), heading, block.source)


def _text(text: str, heading: str, source: Path) -> Expected:
    return Expected(Text(plain_text(text)), heading, ((source,),))


def _rows(grid: Grid, heading: str) -> Expected:
    head = tuple(map(plain_text, grid.headings))
    rows = (tuple(plain_text(cell.text) for cell in row) for row in grid.rows)
    sources = (tuple(cell.source for cell in row) for row in grid.rows)
    return Expected(
        Rows((head, *rows)), heading, ((grid.source,) * len(head), *sources), grid.caption
    )


def _without_number(unit: Unit, numbered: re.Pattern[str]) -> Unit:
    return Text(numbered.sub("", unit.text)) if isinstance(unit, Text) else unit


def _strings(unit: Unit) -> list[str]:
    return [unit.text] if isinstance(unit, Text) else [cell for row in unit.rows for cell in row]


def _mask(unit: Unit) -> object:
    if isinstance(unit, Text):
        return masked(unit.text)
    return tuple(tuple(map(masked, row)) for row in unit.rows)


def _alike(ours: Unit, theirs: Unit) -> float:
    if isinstance(ours, Text) != isinstance(theirs, Text):
        return 0.0
    first, second = (" | ".join(_strings(unit)) for unit in (ours, theirs))
    if isinstance(ours, Rows) and isinstance(theirs, Rows):  # of a table the headings count most
        first, second = (" | ".join(rows.rows[0]) for rows in (ours, theirs))
    return likeness(first, second)


def _named(one: Expected) -> str:
    if isinstance(one.unit, Text):
        words = one.unit.text
        return repr(words if len(words) <= 60 else f"{words[:57]}...")
    return f"the table {one.caption!r}"


def _faults(one: Expected, there: Unit) -> Iterator[str]:
    if isinstance(one.unit, Text) and isinstance(there, Text):
        yield from _in_text(one.unit.text, there.text, f"{one.place}: {_named(one)}",
                            one.sources[0][0], strict=False)  # fmt: skip
    elif isinstance(one.unit, Rows) and isinstance(there, Rows):
        yield from _in_rows(one, one.unit, there)


def _in_text(wanted: str, found: str, place: str, source: Path, strict: bool) -> Iterator[str]:
    for one in differences(wanted, found, strict):
        found, wanted = one.found or NOTHING, one.wanted or NOTHING
        yield f"{place}: the file says {found}, {shown(source)} says {wanted}"


def _in_rows(one: Expected, ours: Rows, theirs: Rows) -> Iterator[str]:
    head = ours.rows[0]
    table = f"{one.place}: {one.caption}"
    wanted, there = Counter(ours.rows), Counter(theirs.rows)
    pairs = align(ours.rows, theirs.rows, (lambda row: row, _mask_row), _alike_rows)
    for number, (row, place) in enumerate(zip(ours.rows, pairs, strict=True)):
        where = f"{table}, row {number}" if number else f"{table}, headings"
        if there[row] >= wanted[row]:  # perhaps elsewhere: a program may have sorted the table
            continue
        if place is None:
            if any(map(number_count, row)):
                folder = shown(one.sources[number][-1].parent)
                yield f"{where}: the file has no such row, {folder} says {' | '.join(row)}"
            continue
        found = theirs.rows[place]
        columns = _columns(row, found)
        for column, (cell, other) in enumerate(zip(row, columns, strict=True)):
            text = "" if other is None else found[other]
            yield from _in_text(cell, text, f"{where} ({row[0]}), {head[column]}",
                                one.sources[number][column], strict=True)  # fmt: skip


def _columns(ours: Sequence[str], theirs: Sequence[str]) -> Sequence[int | None]:
    """Return which cell of a row each of ours is; a column may have been added or removed."""
    if len(ours) == len(theirs):
        return range(len(ours))
    return align(ours, theirs, (lambda cell: cell, masked), lambda first, second: 0.0)


def _mask_row(row: Sequence[str]) -> object:
    return tuple(map(masked, row))


def _alike_rows(first: Sequence[str], second: Sequence[str]) -> float:
    if len(first) == len(second):  # each cell may have other numbers, and none
        same = sum(masked(one) == masked(other) for one, other in zip(first, second, strict=True))
        return same / len(first)
    return likeness(" | ".join(first), " | ".join(second))
