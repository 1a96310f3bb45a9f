"""A folder of submissions: a row each, copies and broken ones named, and no damage spreads."""

import csv
import json
import re
import shutil
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from gan_lab.report.collect import collect
from study_files import edit_lines, finished, report


def submissions(study: Path, folder: Path, *names: str) -> list[Path]:
    """Copies of one run of a study, as if each of some people had sent it."""
    run = finished(study)[0]
    return [Path(shutil.copytree(run, folder / name / run.name)) for name in names]


def another_training(directory: Path) -> None:
    """Change what a second training would: its clock."""
    edit_lines(directory / "metrics.jsonl", lambda index, line: line | {"seconds": index * 0.123})


def test_each_submission_has_a_row_and_copies_are_named(study, tmp_path, without_figures):
    ann, ben, _, dee = submissions(study, tmp_path / "sent", "ann", "ben", "cem", "dee")
    another_training(ben)
    (dee / "config.yaml").write_text("{", encoding="utf-8")
    (tmp_path / "sent" / "eve").mkdir()
    (tmp_path / "sent" / "eve" / "essay.txt").write_text("no run", encoding="utf-8")
    written = report(tmp_path / "sent", out=tmp_path / "out")
    rows = list(csv.DictReader(written["results.csv"].splitlines()))
    assert [row["run"] for row in rows] == [f"{who}/{ann.name}" for who in ("ann", "ben", "cem")]
    for name in ("report.html", "results.md"):
        text = written[name]
        assert f"one run that was copied: ann/{ann.name}, cem/{ann.name}." in text
        assert str(dee / "config.yaml") in text and "eve holds no run" in text
        assert "counted as if they were independent" in text
    assert re.search(rf"\| ben/{ann.name} \| [^|]+ \| 0 \| finished \|", written["results.md"])


def test_runs_and_submissions_may_lie_in_one_folder(study, tmp_path):
    (inner,) = submissions(study, tmp_path / "sent", "ann")
    shutil.copytree(inner, tmp_path / "sent" / inner.name)
    found = collect([str(tmp_path / "sent")], tmp_path / "runs")
    assert sorted(data.name for data in found.runs) == [f"ann/{inner.name}", f"sent/{inner.name}"]
    assert found.folder == tmp_path / "sent"


def test_names_stay_short_where_they_tell_runs_apart(study, tmp_path):
    found = collect([str(study)], tmp_path / "runs")
    assert [data.name for data in found.runs] == [data.run.directory.name for data in found.runs]


def test_a_run_may_be_a_link_and_have_none_inside(study, tmp_path):
    submissions(study, tmp_path / "sent", "ann")
    (tmp_path / "sent" / "ben").symlink_to(study)
    found = collect([str(tmp_path / "sent")], tmp_path / "runs")
    whole = len(found.runs)
    assert whole > 1 and not found.unreadable
    (ann,) = [data.run for data in found.runs if "ann" in str(data.run.directory)]
    (ann.directory / "curves.png").unlink(missing_ok=True)
    (ann.directory / "curves.png").symlink_to(study)
    found = collect([str(tmp_path / "sent")], tmp_path / "runs")
    assert len(found.runs) == whole - 1
    assert "curves.png is a link" in found.unreadable[0]


def huge_png() -> bytes:
    """A PNG of a few bytes that says it has 60,000 x 60,000 pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + checksum

    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.slow
def test_broken_pictures_and_checkpoints_stop_no_report(copy, tmp_path, capsys):
    first, second, *_ = finished(copy)
    last = max((first / "samples").glob("0*.png"))
    whole = last.read_bytes()
    last.write_bytes(huge_png())
    pictures = sorted((second / "samples").glob("0*.png"))
    pictures[0].write_bytes(whole[: len(whole) // 2])
    pictures[1].write_bytes(b"")
    Image.new("RGB", (1, 9000)).save(pictures[2])
    for path in (second / "checkpoints").iterdir():
        path.write_bytes(b"no checkpoint")
    written = report(copy, out=tmp_path / "out")
    said = capsys.readouterr().out
    for path in (last, *pictures[:3]):
        assert str(path) in written["results.md"] and str(path) in said
    assert "60,000 x 60,000 pixels" in written["report.html"]
    assert str(second) in said and "checkpoint" in said
    figures = tmp_path / "out" / "figures"
    assert (figures / "samples.png").exists() and (figures / "interpolation.png").exists()


# Two reports a case: those of other forms wait for the slow proofs.
SLOW = [pytest.param(content, marks=pytest.mark.slow) for content in (b"{}", b"3\n", b"null\n")]


@pytest.mark.parametrize("content", [b"\xff\xfe\0", b"[" * 100_000, *SLOW])
@pytest.mark.parametrize("name", ["metrics.jsonl", "evaluations.jsonl", "environment.json",
                                  "status.json", "config.yaml"])  # fmt: skip
def test_one_damaged_file_takes_no_list_down(
    copy, gan_lab_here, without_figures, tmp_path, name, content
):
    before = gan_lab_here("runs", "widths").stdout.splitlines()
    broken, *whole = finished(copy)
    (broken / name).write_bytes(content + b"\n")
    result = gan_lab_here("runs", "widths")
    assert result.returncode == 0, result.stderr
    for run in whole:
        (row,) = [line.split() for line in before if run.name in line]
        (now,) = [line.split() for line in result.stdout.splitlines() if run.name in line]
        assert now == row
    reported = gan_lab_here("report", "widths", "--out", "page")
    assert reported.returncode == 0, reported.stderr
    page = (tmp_path / "page" / "results.md").read_text("utf-8")
    if name == "config.yaml":
        for text in (result.stdout, reported.stdout, page):
            assert str(broken.relative_to(tmp_path) / name) in text
        assert "damaged" in next(t for t in result.stdout.splitlines() if broken.name in t)


def test_a_strangers_words_do_nothing_in_any_output(copy, tmp_path, without_figures):
    run = finished(copy)[0]
    status = json.loads((run / "status.json").read_text("utf-8"))
    reason = "=1+1 <img src=x> | ![a](b)\n```\n\x1b[2J $x^{ \\input{y}"
    status |= {"state": "failed", "reason": reason}
    (run / "status.json").write_text(json.dumps(status), encoding="utf-8")
    odd = run.with_name("-<b>`$\n\x1b-s0-00000000")
    run.rename(odd)
    written = report(copy, out=tmp_path / "out")
    for text in written.values():
        assert "\x1b" not in text
    assert "<img" not in written["report.html"].split("Runs that did not finish")[1].split("<h2")[0]
    assert "<b>" not in written["results.md"] and "](b)" not in written["results.md"].replace(
        r"\](b)", ""
    )
    assert r"\input" not in written["results.tex"]
    assert "'=1+1" in written["results.csv"]
