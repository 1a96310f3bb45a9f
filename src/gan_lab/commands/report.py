"""`gan-lab report STUDY|RUN ...`: a page, tables and figures that compare runs."""

from pathlib import Path

from gan_lab.commands.arguments import at_least, parser
from gan_lab.console import say
from gan_lab.report import write_report
from gan_lab.report.collect import collect


def main(arguments: list[str]) -> int:
    """Write a report of the runs, from their directories alone."""
    takes = parser("report", "Compare runs: report.html, results.md, .csv, .tex, and figures.")
    takes.add_argument("references", metavar="STUDY|RUN", nargs="+", help="studies, or runs")
    takes.add_argument(
        "--out", metavar="DIR", help="default: RUNS/<study>/report, or RUNS/report_<study>_<study>"
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
    collection = collect(options.references, Path(options.runs_dir))
    studies = list(dict.fromkeys(data.run.directory.parent for data in collection.runs))
    names = "_".join(["report", *(study.name for study in studies)])
    beside = studies[0] / "report" if len(studies) == 1 else studies[0].parent / names
    out = Path(options.out or beside)
    page = write_report(collection, out, options.steps, options.title)
    say(f"figures   {out / 'figures'}, each as PNG and as PDF; the animation as GIF")
    print(page)
    return 0
