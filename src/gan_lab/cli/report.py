"""`gan-lab report STUDY|RUN ...`: a page, tables and figures that compare runs; or a sheet."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gan_lab.cli.arguments import at_least, parser
from gan_lab.common.console import counted, say
from gan_lab.common.errors import RunError, UsageError

if TYPE_CHECKING:
    from gan_lab.report.sheets.answer import Asked


def main(arguments: list[str]) -> int:
    """Write a report of the runs, from their directories alone; or answer a sheet, or check it."""
    from gan_lab.config.own.folders import folders_named  # only now: omegaconf

    takes = _parser()
    rest, named = folders_named(arguments)
    options = takes.parse_args(rest)
    if options.check:
        return _check(options, named)
    if not options.references:
        raise UsageError("report what? STUDY or RUN ..., or --check FILE.")
    if options.sheet:
        return _sheet(options, named)
    if options.run or named:
        raise UsageError("--run and --config-dir go with --sheet NAME.")
    return _report(options)


def _parser() -> argparse.ArgumentParser:
    takes = parser(
        "report",
        "Compare runs: report.html, results.md, .csv, .tex, .docx, scores.csv, figures.",
        ["scratch", "scratch other_study --title Comparison", "submissions",
         "mnist_a --sheet A --run", "--check runs/mnist_a/sheet_A/sheet_A.docx"],
    )  # fmt: skip
    takes.add_argument(
        "references",
        metavar="STUDY|RUN",
        nargs="*",
        help="studies, folders of runs or of unpacked submissions, or runs",
    )
    takes.add_argument(
        "--out",
        metavar="DIR",
        help="default: STUDY/report, RUN/report, STUDY/report_part for some of its runs, or "
        "report_<study>_<study> beside them",
    )
    takes.add_argument("--title", help="default: the names of the studies")
    takes.add_argument(
        "--steps",
        metavar="N",
        type=at_least(0),
        nargs="+",
        help="whose samples stand beside each other (default: the first and the last drawn)",
    )
    takes.add_argument(
        "--sheet",
        metavar="NAME",
        help="answer the questions of conf/sheet/NAME.yaml (A to E are there, or your own): "
        "STUDY/sheet_NAME has HTML, LaTeX and Word",
    )
    takes.add_argument(
        "--run", action="store_true", help="make what the sheet lacks first; again: go on with it"
    )
    takes.add_argument(
        "--check",
        metavar="FILE",
        help="compare the numbers of a sheet's document with the runs (exit code 1: some differ)",
    )
    return takes


def _report(options: argparse.Namespace) -> int:
    from gan_lab.report.collect import collect

    collection = collect(options.references, Path(options.runs_dir))
    from gan_lab.report.write import folder_of, write_report  # only now: torch takes 2 s

    out = Path(options.out or folder_of(collection))
    if out.is_symlink() and not options.out:  # in a study that somebody may have sent
        raise RunError(f"{out} is a link, which is not followed: remove it, or add --out DIR.")
    page = write_report(collection, out, options.steps, options.title)
    say(f"figures   {out / 'figures'}, each as PNG and as PDF; the animation as GIF")
    say(str(page))
    return 0


def _asked(options: argparse.Namespace, named: Sequence[Path]) -> "Asked":
    """Return what was typed, with the folders in which a sheet may lie."""
    if options.out or options.title or options.steps:
        raise UsageError("--out, --title and --steps are of a report, not of a sheet.")
    from gan_lab.config.own.folders import folder_here
    from gan_lab.report.sheets.answer import Asked  # only now: torch takes 2 s

    folders = list(dict.fromkeys([*named, *folder_here()]))
    typed = [word for folder in named for word in ("--config-dir", str(folder))]
    return Asked(options.references, Path(options.runs_dir), folders, typed)


def _sheet(options: argparse.Namespace, named: Sequence[Path]) -> int:
    asked = _asked(options, named)
    from gan_lab.report.sheets.answer import answer_sheet

    return 1 if answer_sheet(asked, options.sheet, options.run) else 0


def _check(options: argparse.Namespace, named: Sequence[Path]) -> int:
    if options.sheet or options.run:
        raise UsageError("--check FILE finds the sheet in the file: leave out --sheet and --run.")
    asked = _asked(options, named)
    from gan_lab.report.sheets.answer import check_document

    verdict = check_document(asked, Path(options.check))
    for line in verdict.gone:
        say(f"gone      {line}")
    for line in verdict.faults:
        say(f"changed   {line}")
    if verdict.faults:
        count = len(verdict.faults)
        say(f"{counted(count, 'number')} {'differs' if count == 1 else 'differ'} from the runs")
        return 1
    say(f"{counted(verdict.numbers, 'number')} of {counted(verdict.blocks, 'block')} agree with "
        "the runs")  # fmt: skip
    return 0
