"""`gan-lab report STUDY|RUN ...`: a page, tables and figures that compare runs."""

from pathlib import Path

from gan_lab.cli.arguments import at_least, parser
from gan_lab.common.console import say
from gan_lab.common.errors import RunError


def main(arguments: list[str]) -> int:
    """Write a report of the runs, from their directories alone."""
    takes = parser(
        "report",
        "Compare runs: report.html, results.md, .csv, .tex, .docx, scores.csv, figures.",
        ["scratch", "scratch other_study --title Comparison", "submissions"],
    )
    takes.add_argument(
        "references",
        metavar="STUDY|RUN",
        nargs="+",
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
    options = takes.parse_args(arguments)
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
