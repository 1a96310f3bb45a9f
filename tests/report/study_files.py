"""What tests of reports do with the files of a study: copy, change, report."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import yaml

from gan_lab.report.collect import collect
from gan_lab.report.write import write_report
from gan_lab.runs.directory import run_directories

CELL = re.compile(r"(?<!\\)\|")  # between cells of Markdown
OUTPUTS = ("report.html", "results.md", "results.csv", "results.tex")


def finished(folder: Path) -> list[Path]:
    return [
        path
        for path in run_directories(folder.parent, folder.name)
        if json.loads((path / "status.json").read_text())["state"] == "finished"
    ]


def report(*references: Path, out: Path) -> dict[str, str]:
    """Write a report of studies or runs, and return its four outputs."""
    write_report(collect([str(path) for path in references], Path("nowhere")), out)
    return {name: (out / name).read_text() for name in OUTPUTS}


def many(study: Path, folder: Path, count: int) -> Path:
    """Copy runs of a study to make `count` settings of them, without their checkpoints."""
    sources = finished(study)
    for index in range(count):
        target = folder / f"dcgan-nonsaturating-digits-s0-{index:08x}"
        shutil.copytree(
            sources[index % len(sources)], target, ignore=shutil.ignore_patterns("checkpoints")
        )
        edit_config(target, latent_dim=index + 1)
    return folder


def edit_config(directory: Path, **values: Any) -> None:
    config = yaml.safe_load((directory / "config.yaml").read_text())
    (directory / "config.yaml").write_text(yaml.safe_dump(config | values))


def edit_lines(path: Path, change) -> None:
    lines = [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines()]
    changed = [change(index, line) for index, line in enumerate(lines)]
    path.write_text("".join(json.dumps(line) + "\n" for line in changed), encoding="utf-8")


def tables_of(markdown: str) -> list[list[list[str]]]:
    """The cells of all tables of a page in Markdown, as plain text."""
    found: list[list[list[str]]] = []
    inside = False
    for line in markdown.splitlines():
        if not line.startswith("| "):
            inside = False
            continue
        cells = [re.sub(r"\\(.)", r"\1", cell.strip()) for cell in CELL.split(line)[1:-1]]
        if not inside:
            found.append([])
        inside = True
        if {*cells} != {"---"}:
            found[-1].append(cells)
    return found


def cells_of(path: Path) -> list[list[list[str]]]:
    import docx

    return [
        [[cell.text.strip() for cell in row.cells] for row in table.rows]
        for table in docx.Document(path).tables
    ]
