"""`gan-lab report STUDY --sheet NAME`, `--run` and `--check FILE`, from beginning to end."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gan_lab.common.console import counted, say
from gan_lab.common.errors import RunError, UsageError
from gan_lab.common.paths import using_folders
from gan_lab.config.own.folders import remarks
from gan_lab.evaluation.scores import with_scores_of
from gan_lab.report.collect import RunData, collect
from gan_lab.report.sheets.blocks import Block
from gan_lab.report.sheets.check import Verdict, check, made_from
from gan_lab.report.sheets.commands import Command, analyses, run_all, trainings
from gan_lab.report.sheets.document import blocks_of
from gan_lab.report.sheets.evidence import Evidence, evidence_of
from gan_lab.report.sheets.load import load_sheet
from gan_lab.report.sheets.place import Place
from gan_lab.report.sheets.reading.document import read_document
from gan_lab.report.sheets.sheet import Sheet
from gan_lab.report.sheets.write import write_documents
from gan_lab.runs.lookup import find_run

STATES = {True: "answered", False: "missing", None: "partly"}  # of a question, on the console
INDENT = " " * 10


@dataclass(frozen=True)
class Asked:
    """What was typed: studies or runs, where to look for them, and folders of own configs.

    `config_arguments` are those that name such folders, for the commands of a sheet.
    """

    references: Sequence[str]
    runs_dir: Path
    config_folders: Sequence[Path] = ()
    config_arguments: Sequence[str] = ()

    def sheet(self, name: str) -> Sheet:
        """Return a sheet: own folders are looked into for it, and for nothing of a run."""
        with using_folders(self.config_folders):
            for line in remarks():
                say(line)
            return load_sheet(name)


def answer_sheet(asked: Asked, name: str, make: bool) -> list[Command]:
    """Say question by question what runs answer, and write the sheet's documents.

    `make`: the missing runs and analyses are made first; those that failed are returned. Raises
    RunError if there are no runs and none are to be made.
    """
    sheet = asked.sheet(name)
    folders = [_folder(reference, asked.runs_dir) for reference in asked.references]
    place = Place(folders, name, asked.runs_dir, asked.config_arguments)
    failed = []
    if make and (folders[0] / "config.yaml").exists():
        raise UsageError(f"{folders[0]} is a run: --run needs a study, in which new runs lie.")
    if make:
        for lacking in (trainings, analyses):  # which look at what the trainings have made
            failed += run_all([one for one in _commands(sheet, place, lacking) if one.ready])
    runs = _runs(place)
    with with_scores_of(data.config for data in runs):
        evidence = evidence_of(sheet, runs)
        _say_state(evidence, place)
        if not runs:
            raise RunError(f"there are no runs in {folders[0]} yet: add --run to make them.")
        for path in write_documents(sheet, blocks_of(sheet, evidence, place), place.documents):
            say(str(path))
    return failed


def check_document(asked: Asked, path: Path) -> Verdict:
    """Compare the numbers of a sheet's document with the runs, which lie where it says or are
    named. Raises RunError if it cannot be read, or if they are not there."""
    units = read_document(path)
    made = made_from(units, path)
    sheet = asked.sheet(made.sheet)
    if asked.references:
        folders = [_folder(reference, asked.runs_dir) for reference in asked.references]
    else:
        folders = [Path(os.path.normpath(path.parent / place)) for place in made.places]
    place = Place(folders, made.sheet, asked.runs_dir)
    for folder in folders:
        if not _has_runs(folder):
            raise RunError(
                f"there are no runs in {folder}, of which {path} is made: "
                "`gan-lab report STUDY ... --check FILE` says where they are."
            )
    return check(sheet, blocks_of_runs(sheet, place), units)


def blocks_of_runs(sheet: Sheet, place: Place) -> list[Block]:
    """Return the blocks of a sheet as the runs have them now."""
    runs = _runs(place)
    with with_scores_of(data.config for data in runs):
        return blocks_of(sheet, evidence_of(sheet, runs), place)


def _commands(
    sheet: Sheet, place: Place, lacking: Callable[[Sequence[Evidence], Place], list[Command]]
) -> list[Command]:
    """Return the commands that are lacking by what has been run up to now."""
    runs = _runs(place)
    with with_scores_of(data.config for data in runs):
        return lacking(evidence_of(sheet, runs), place)


def _folder(reference: str, runs_dir: Path) -> Path:
    """Return the folder of a study or a run; of a study that is yet to be made, if need be."""
    for folder in (runs_dir / reference, Path(reference)):
        if folder.is_dir():
            return folder
    try:
        return find_run(reference, runs_dir).directory
    except RunError:
        return runs_dir / reference


def _has_runs(folder: Path) -> bool:
    return any(next(folder.glob(f"{depth}config.yaml"), None) for depth in ("", "*/", "*/*/"))


def _runs(place: Place) -> list[RunData]:
    """Return the runs of all folders that have some, and say what is wrong with others."""
    folders = [str(folder) for folder in place.folders if _has_runs(folder)]
    if not folders:
        return []
    collection = collect(folders, place.runs_dir)
    for line in collection.damage():
        say(f"damaged   {line}")
    return collection.runs


def _say_state(evidence: Sequence[Evidence], place: Place) -> None:
    """Print a line a question, and below it the commands that make what is missing."""
    for one in evidence:
        state = STATES[True if one.is_answered else None if one.is_begun else False]
        say(f"{state:<10}{one.question.title} ({counted(len(one.runs), 'run')})")
        for command in (*trainings([one], place), *analyses([one], place)):
            say(f"{INDENT}{command.text}")
    lacking = trainings(evidence, place)
    looks = analyses(evidence, place)
    done = sum(one.is_answered for one in evidence)
    left = f"; missing: {counted(_run_count(evidence), 'run')}" if lacking else ""
    left += (
        f"{',' if left else '; missing:'} {counted(len(looks), 'look')} at runs" if looks else ""
    )
    say(f"sheet     {done} of {counted(len(evidence), 'question')} answered{left}"
        f"{'; --run makes them' if left else ''}")  # fmt: skip


def _run_count(evidence: Sequence[Evidence]) -> int:
    """Return how many runs are missing; one that several questions ask for counts once."""
    missing: dict[str, int] = {}
    for found in (found for one in evidence for found in one.found if not found.is_met):
        runs = repr(sorted(found.settings.items()))
        missing[runs] = max(missing.get(runs, 0), found.need.seeds - found.seeds)
    return sum(missing.values())
