"""What a run lacks is named, what is no run is said, and neither does harm."""

import shutil

from gan_lab.runs.directory import run_directories
from study_files import edit_lines, finished, report


def test_half_of_the_files_may_be_missing(copy, tmp_path):
    directories = run_directories(copy.parent, copy.name)
    lost = ["status.json", "metrics.jsonl", "evaluations.jsonl", "environment.json"]
    for directory, name in zip(finished(copy), lost, strict=True):
        (directory / name).unlink()
        shutil.rmtree(directory / ("checkpoints" if name < "m" else "samples"))
    (directories[0] / "metrics.jsonl").write_text('{"step": 2, "loss/d": 1.0}\n{"step": 4, "lo')
    shutil.copytree(directories[1], copy / "was-a-run-s0-00000000")
    (copy / "was-a-run-s0-00000000" / "config.yaml").unlink()
    shutil.copytree(directories[1], copy / "was-a-run-s1-00000000")
    (copy / "was-a-run-s1-00000000" / "config.yaml").write_text("{")
    written = report(copy, out=tmp_path / "out")
    for name in ("report.html", "results.md"):
        for text in (*lost, "samples", "checkpoints", "was-a-run-s0", "was-a-run-s1"):
            assert text in written[name]


def test_numbers_that_are_none_and_lines_of_another_form_do_no_harm(copy, tmp_path):
    first, second, *_ = finished(copy)
    edit_lines(first / "metrics.jsonl", lambda index, line: line | {"loss/d": float("nan")})
    edit_lines(second / "evaluations.jsonl", lambda index, line: line | {"value": float("inf")})
    with (first / "metrics.jsonl").open("a") as file:
        file.write('3\n[]\n{"loss/g": 1}\n')
    for path in (second, first):
        edit_lines(path / "evaluations.jsonl", lambda index, line: line | {"interval": [0.5, 1]})
    written = report(copy, out=tmp_path / "out")
    assert "[0.5, 1]" in written["results.md"]
    assert "nan" not in written["results.md"] and "inf " not in written["results.md"]


def test_what_is_no_run_is_said_in_one_line(gan_lab_here, tmp_path):
    result = gan_lab_here("report", "nothing")
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1 and "'nothing'" in result.stderr


def test_a_study_without_runs_is_said_in_one_line(gan_lab_here, tmp_path):
    (tmp_path / "runs" / "empty").mkdir(parents=True)
    result = gan_lab_here("report", "empty")
    assert result.returncode == 1
    assert result.stderr == "gan-lab: there are no runs in runs/empty yet.\n"
