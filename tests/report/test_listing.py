"""`gan-lab runs`: what varies is a column; tables can be sorted, and read by programs; the bin."""

import json
import subprocess
import sys

import pytest

from gan_lab.runs.directory import run_directories
from small_runs import runs_in


@pytest.fixture
def runs(copy, gan_lab_here):
    """`gan-lab runs ...` beside a copy of a study of two widths, two seeds and a diverged run."""

    def call(*arguments: str) -> str:
        result = gan_lab_here("runs", *arguments)
        assert (result.returncode, result.stderr) == (0, "")
        return result.stdout

    return call


def test_a_column_is_what_varies(runs):
    headings, *rows, place = runs("widths").splitlines()
    assert place == "runs" and len(rows) == 5
    assert headings.split()[:5] == ["run", "hidden_dim", "lr", "seed", "state"]
    found = [row.split()[1:5] for row in rows]
    assert ["4", "0.0002", "1", "finished"] in found and ["4", "1e+30", "0", "diverged"] in found


def test_several_studies_have_a_table_each(copy, runs):
    (copy.parent / "other").mkdir()
    first = run_directories(copy.parent, copy.name)[0]
    first.rename(copy.parent / "other" / first.name)
    lines = runs().splitlines()
    assert lines[0] == "other: 1 run" and "widths: 4 runs" in lines
    assert lines[1].split()[:2] == ["run", "state"]  # nothing varies in a study of one run


def test_runs_are_sorted_by_a_setting_a_score_or_a_heading(runs):
    def column(name: str, *arguments: str) -> list[str]:
        headings, *rows, _ = runs("widths", *arguments).splitlines()
        place = headings.split().index(name)
        return [row.split()[place] for row in rows]

    assert column("hidden_dim", "--sort", "hidden_dim") == ["4", "4", "4", "8", "8"]
    rows = json.loads(runs("widths", "--json", "--sort", "fd_classifier"))
    scores = [row["fd_classifier"] for row in rows]
    known = [score for score in scores if score is not None]
    assert len(known) == 4 and known == sorted(known) and scores[4:] == [None]
    assert runs("widths", "--sort", "FD") == runs("widths", "--sort", "fd_classifier")


def test_a_column_that_is_none_is_one_line(copy, gan_lab_here):
    result = gan_lab_here("runs", "widths", "--sort", "hiden_dim")
    assert result.returncode == 2 and not result.stdout
    assert "Did you mean 'hidden_dim'?" in result.stderr and len(result.stderr.splitlines()) == 1


def test_a_list_of_runs_takes_no_torch(copy, environment):
    code = "import sys; from gan_lab import cli; cli.run(['runs']); print('torch' in sys.modules)"
    command = [sys.executable, "-c", code]
    result = subprocess.run(
        command, cwd=copy.parent.parent, env=environment, capture_output=True, text=True
    )
    assert result.stdout.splitlines()[-1] == "False", result.stderr


# --- the bin -------------------------------------------------------------------------------------


def test_runs_go_into_the_bin_and_come_back(copy, runs, tmp_path):
    one, two, *others = run_directories(copy.parent, copy.name)
    said = runs("--trash", f"widths/{one.name}", str(two))
    place = tmp_path / "runs" / ".trash" / "widths"
    assert said.split() == ["trash", f"runs/.trash/widths/{one.name}",
                            "trash", f"runs/.trash/widths/{two.name}"]  # fmt: skip
    assert run_directories(copy.parent) == others
    assert one.name not in runs() and (place / one.name / "config.yaml").is_file()
    (place / one.name).rename(one)
    assert one.name in runs()


def test_the_bin_takes_a_second_run_of_a_name(copy, runs, gan_lab_here):
    one = run_directories(copy.parent, copy.name)[0]
    settings = json.loads(runs("widths", "--json"))
    assert one.name in {row["run"] for row in settings}
    runs("--trash", one.name)
    (copy.parent / ".trash" / "widths" / one.name / "kept").touch()
    again = run_directories(copy.parent, copy.name)[0].rename(one)
    runs("--trash", str(again))
    names = sorted(path.name for path in (copy.parent / ".trash" / "widths").iterdir())
    assert names == [one.name, f"{one.name}.2"]
    assert (copy.parent / ".trash" / "widths" / one.name / "kept").exists()


def test_a_run_that_is_trained_is_not_taken_away(copy, gan_lab_here):
    run = next(iter(runs_in(copy.parent.parent).values()))
    run.take()
    try:
        result = gan_lab_here("runs", "--trash", run.directory.name)
    finally:
        run.release()
    assert result.returncode == 1 and "is being trained: stop that first." in result.stderr
    assert run.config_path.is_file()


def test_a_link_in_a_run_is_moved_and_not_followed(copy, runs, tmp_path):
    run = run_directories(copy.parent, copy.name)[0]
    canary = tmp_path / "canary"
    canary.write_text("a canary", encoding="utf-8")
    (run / ".lock").unlink(missing_ok=True)
    (run / ".lock").symlink_to(canary)
    runs("--trash", run.name)
    assert canary.read_text("utf-8") == "a canary"
    assert (tmp_path / "runs/.trash/widths" / run.name / ".lock").is_symlink()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--trash", "nothing"), "no run 'nothing'"),
        (("widths", "--trash", "latest"), "stands alone"),
        (("--json", "--trash", "latest"), "stands alone"),
        (("--runs-dir", "widths", "--trash", "runs/widths/NAME"), "is not in a study of widths"),
    ],
)
def test_what_cannot_be_put_away_is_one_line(copy, gan_lab_here, arguments, words):
    before = run_directories(copy.parent, copy.name)
    named = (text.replace("NAME", before[0].name) for text in arguments)
    result = gan_lab_here("runs", *named)
    assert result.returncode in (1, 2) and words in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert run_directories(copy.parent, copy.name) == before
