"""A sheet as blocks: question by question what is answered, by what, and what is missing."""

from collections.abc import Iterator, Mapping, Sequence

from gan_lab.common.typed import Json
from gan_lab.config.sweep import as_typed
from gan_lab.report.sheets.blocks import Block, Code, Heading, Paragraph, Slot
from gan_lab.report.sheets.commands import analyses, trainings
from gan_lab.report.sheets.evidence import Evidence, Found
from gan_lab.report.sheets.place import Place
from gan_lab.report.sheets.scene import Scene, filled
from gan_lab.report.sheets.sheet import Sheet
from gan_lab.report.sheets.shows import SHOWS
from gan_lab.report.sheets.tables import runs_grid


def blocks_of(sheet: Sheet, evidence: Sequence[Evidence], place: Place) -> list[Block]:
    """Return the blocks of a sheet's document; figures are not drawn yet."""
    blocks: list[Block] = [Heading(sheet.title, 0), Paragraph(sheet.intro, sheet.file)]
    for number, one in enumerate(evidence, start=1):
        blocks += _question(sheet, one, number, place)
    blocks += [Paragraph(sheet.words.made_by, sheet.file), Code([place.made_by()])]
    return blocks


def _question(sheet: Sheet, one: Evidence, number: int, place: Place) -> Iterator[Block]:
    question = one.question
    yield Heading(question.title, 1)
    yield Paragraph(question.ask, sheet.file)
    if one.found:
        yield Paragraph(state_words(sheet, one), sheet.file)
    for found in one.found:
        if not found.is_met:
            yield from _lacking(sheet, found)
    commands = [command.text for command in (*trainings([one], place), *analyses([one], place))]
    if commands:
        yield Paragraph(sheet.words.commands, sheet.file)
        yield Code(commands)
    if one.study:
        scene = Scene(sheet, one, one.study, number)
        yield runs_grid(scene)
        for show in question.show:
            yield from SHOWS[show](scene)
    if question.slot is not None:
        yield Slot(sheet.words.slot, question.slot)


def state_words(sheet: Sheet, one: Evidence) -> str:
    """Return whether a question is answered, in the words of the sheet."""
    words = sheet.words
    return words.answered if one.is_answered else words.partly if one.is_begun else words.missing


def _lacking(sheet: Sheet, found: Found) -> Iterator[Paragraph]:
    """Say which runs are missing, and of those that are there how far they have got."""
    words, need = sheet.words, found.need
    told = filled(words.needed, {"settings": pairs(need.run) or words.baseline}, "words.needed")
    counts = {"done": str(found.seeds), "wanted": str(need.seeds)}
    seeds = filled(words.seeds, counts, "words.seeds") if need.seeds > 1 else ""
    yield Paragraph(" ".join(part for part in (told, seeds) if part), sheet.file)
    for short in found.short:
        data = short.data
        values = {"run": data.name, "done": f"{data.step:,}", "wanted": f"{short.wanted:,}"}
        yield Paragraph(filled(words.short, values, "words.short"), data.run.status_path)


def pairs(settings: Mapping[str, Json]) -> str:
    """Return settings in a line, their values as they are typed."""
    return ", ".join(f"{name} = {as_typed(value)}" for name, value in settings.items())
