"""A sheet is answered from runs: their numbers, and the commands that make what is missing."""

import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
import yaml

from gan_lab.evaluation.scores import value_named
from gan_lab.report.sheets.document import pairs
from gan_lab.report.sheets.reading.document import read_document
from gan_lab.report.sheets.reading.units import Rows, Text
from gan_lab.report.sheets.shows import SHOWS
from gan_lab.runs.directory import Run, run_directories
from sheets_of import CONTENT, NAME, english_words, translated, write_sheet
from small_runs import FAILED, assert_one_line

FORMS = ("html", "tex", "docx")


def units_of(folder: Path, form: str):
    if form == "docx":
        pytest.importorskip("docx", reason="python-docx is not installed (the extra `docx`)")
    return read_document(folder / f"sheet_{NAME}.{form}")


def texts_of(folder: Path, form: str) -> list[str]:
    return [unit.text for unit in units_of(folder, form) if isinstance(unit, Text)]


def test_the_console_says_what_is_answered_and_which_command_makes_the_rest(answered):
    configs, *said = (answered / "said.txt").read_text(encoding="utf-8").splitlines()
    assert configs == "configs   conf"
    wide = "          gan-lab hidden_dim=64 steps=40 study=widths"
    assert said[:6] == [
        "answered  1. Two widths (4 runs)",
        "missing   2. A wide one (0 runs)",
        wide,
        "          gan-lab interpolate RUN",
        "missing   3. A long one (0 runs)",
        "          gan-lab hidden_dim=4 steps=1000 study=widths",
    ]
    assert said[6] == (
        "sheet     1 of 3 questions answered; missing: 2 runs, 1 look at runs; --run makes them"
    )
    assert [Path(line).suffix[1:] for line in said[7:]] == list(FORMS)


@pytest.mark.parametrize("form", FORMS)
def test_each_form_says_the_same(answered, form):
    folder = answered / "runs" / "widths" / f"sheet_{NAME}"
    texts = texts_of(folder, form)
    for words in ("A sheet about widths", "Answered by these runs.", "Not answered yet.",
                  "Which one would you take?", "Still needed: hidden_dim = 64.",
                  "gan-lab hidden_dim=64 steps=40 study=widths"):  # fmt: skip
        assert words in texts
    assert sum("has 40 of 1,000 steps." in text for text in texts) == 2  # two seeds
    captions = [text for text in texts if "The last samples" in text]
    assert [re.sub(r"^Figure \d+: ", "", text) for text in captions] == [
        "The last samples, raw weights. latent_dim = 16, hidden_dim = 4, num_train_steps = 40, "
        "seed 0.",
        "The last samples, raw weights. latent_dim = 16, hidden_dim = 8, num_train_steps = 40, "
        "seed 0.",
    ]


@pytest.mark.parametrize("form", FORMS)
def test_numbers_are_those_of_the_runs_files(answered, form):
    folder = answered / "runs" / "widths" / f"sheet_{NAME}"
    tables = [unit.rows for unit in units_of(folder, form) if isinstance(unit, Rows)]
    head, *rows = tables[0]
    assert head[:4] == ("run", "hidden_dim", "seed", "steps") and len(rows) == 4
    for name, _, seed, steps, fd, _ in rows:
        run = answered / "runs" / "widths" / name
        config = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
        lines = list(map(json.loads, (run / "evaluations.jsonl").read_text().splitlines()))
        wanted = ("fd_classifier", "ema")
        (*_, last) = [one for one in lines if (one["score"], one["protocol"]["weights"]) == wanted]
        assert (seed, steps) == (str(config["seed"]), "40")
        low, high = last["interval"]
        assert fd == f"{last['value']:.4g} [{low:.4g}, {high:.4g}]"


def test_a_diverged_run_answers_no_need_of_another_rate(answered):
    names = {path.name for path in run_directories(answered / "runs", "widths")}
    units = units_of(answered / "runs" / "widths" / f"sheet_{NAME}", "html")
    table = next(unit.rows for unit in units if isinstance(unit, Rows))
    assert len(names) == 5 and len({row[0] for row in table[1:]} & names) == 4


def test_settings_are_written_as_they_are_typed():
    settings = {"penalty": ["r1"], "model.spectral_norm": True, "lr": 0.0001, "channels": None}
    assert pairs(settings) == (
        "penalty = [r1], model.spectral_norm = true, lr = 0.0001, channels = null"
    )


def test_oscillation_is_explained_where_it_is_shown(gan_lab_here, documents):
    def remark():
        assert gan_lab_here("report", "widths", "--sheet", NAME).returncode == 0
        (found,) = [text for text in texts_of(documents, "html") if "last tenth" in text]
        return found

    assert "Oscillation: the standard deviation" in remark()
    for run in run_directories(documents.parent.parent, "widths"):
        lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
        (run / "metrics.jsonl").write_text("".join(lines[-2:]), encoding="utf-8")
    assert "Oscillation" not in remark()


def test_classes_that_a_training_counted_are_drawn_as_well(gan_lab_here, documents):
    for run in run_directories(documents.parent.parent, "widths"):
        (run / "modes_ema_samples.png").unlink(missing_ok=True)
    result = gan_lab_here("report", "widths", "--sheet", NAME)
    state, command, *_ = result.stdout.splitlines()[1:]
    assert state == "partly    1. Two widths (4 runs)" and "gan-lab modes runs/widths/" in command


def test_samples_without_labels_are_not_said_to_be_by_class(gan_lab_here, documents):
    """What `gan-lab modes` draws of them are pairs that are alike."""
    for run in run_directories(documents.parent.parent, "widths"):
        (run / "modes_ema.json").unlink(missing_ok=True)
        shutil.copy(documents / "figures" / "question_1_samples_1.png",
                    run / "modes_ema_samples.png")  # fmt: skip
    assert gan_lab_here("report", "widths", "--sheet", NAME).returncode == 0
    texts = texts_of(documents, "html")
    assert any("The samples that are most alike" in text for text in texts)
    assert not any("by class" in text for text in texts)


def test_every_sentence_is_in_the_sheet(gan_lab_here, documents, tmp_path):
    """A translation has no English words but names: of runs, files, settings, scores, layers."""
    pytest.importorskip("docx", reason="python-docx is not installed (the extra `docx`)")
    content = yaml.safe_load(yaml.safe_dump({**CONTENT, "words": english_words()}))
    content["questions"][0]["show"] = [*SHOWS]
    write_sheet(tmp_path, translated(content))
    assert gan_lab_here("report", "widths", "--sheet", NAME).returncode == 0
    names = [path.name for path in run_directories(tmp_path / "runs", "widths")]
    files = ["config.yaml", "evaluations.jsonl", "status.json", "metrics.jsonl", "modes_ema.json"]
    scores = [value_named(name).heading for name in ("fd_classifier", "precision")]
    layers = ["ConvTranspose2d BatchNorm2d ReLU Tanh Conv2d LeakyReLU floor k s p"]
    others = ["hidden_dim", "latent_dim", "digitscnn", "EMA", "steps", "conv_dim"]
    known = {*re.findall("[A-Za-z]+", " ".join([*names, *files, *scores, *layers, *others]))}
    for form in FORMS:
        found = set()
        for unit in units_of(documents, form):
            rows = [[unit.text]] if isinstance(unit, Text) else unit.rows
            for text in (text for row in rows for text in row):
                if not text.startswith("gan-lab "):
                    found |= {*re.findall("[A-Za-z]{2,}", text)}
        assert {word for word in found if not word.startswith("zz")} <= known
        assert sum(word.startswith("zz") for word in found) > 100


def test_words_of_somebody_are_never_overwritten(gan_lab_here, documents):
    page = documents / f"sheet_{NAME}.html"
    filled = page.read_text(encoding="utf-8").replace("</td></tr></table>", "my words</td>", 1)
    page.write_text(filled, encoding="utf-8")
    for _ in range(2):
        result = gan_lab_here("report", "widths", "--sheet", NAME)
        assert result.returncode == 0 and "kept" in result.stdout
    assert page.read_text(encoding="utf-8") == filled
    pages = sorted(path.name for path in documents.glob("*.html"))
    assert pages == [f"sheet_{NAME}.html", f"sheet_{NAME}_2.html"]


def test_latex_compiles_without_a_line_that_is_too_long(documents):
    if not shutil.which("pdflatex"):
        pytest.skip("pdflatex is not installed")
    typed = ("pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"sheet_{NAME}.tex")
    result = subprocess.run(typed, cwd=documents, capture_output=True, encoding="latin-1")
    assert result.returncode == 0, result.stdout[-2000:]
    assert "Overfull" not in result.stdout


def test_a_study_that_is_not_there_is_not_made_without_being_asked(gan_lab_here, tmp_path):
    write_sheet(tmp_path, CONTENT)
    result = gan_lab_here("report", "nothing", "--sheet", NAME)
    assert_one_line(result, FAILED, "no runs in", "nothing", "--run")
    assert "gan-lab hidden_dim=4" in result.stdout and not (tmp_path / "runs").exists()


def test_a_folder_of_documents_is_no_run(gan_lab_here, documents):
    result = gan_lab_here("runs", "widths", "--json")
    assert len(json.loads(result.stdout)) == 5
    again = gan_lab_here("report", "widths", "--sheet", NAME)
    assert "damaged" not in again.stdout


SHORT = {
    **CONTENT,
    "baseline": {"model": "dcgan", "steps": 2},
    "questions": [
        {
            "title": "1. Short runs",
            "ask": "Train for two steps.",
            "needs": [
                {
                    "run": {"hidden_dim": 4},
                    "make": "hidden_dim=4 steps=2 image_size=16 logger=none threads=1 "
                    "evaluation.samples=60 evaluation.samples_during=60 "
                    "dataset.scores=[fd_classifier,class_shares]",
                    "seeds": 2,
                }
            ],
            "analyses": {"interpolation": "best"},
            "show": ["interpolation"],
        },
    ],
}


@pytest.mark.slow
def test_run_makes_what_is_missing_and_goes_on_with_what_is_begun(gan_lab, tmp_path):
    write_sheet(tmp_path, SHORT)
    first = gan_lab("report", "new", "--sheet", NAME, "--run")
    assert first.returncode == 0, first.stderr
    assert "sheet     1 of 1: gan-lab hidden_dim=4" in first.stdout
    assert "sheet     1 of 1: gan-lab interpolate" in first.stdout
    assert "sheet     1 of 1 question answered\n" in first.stdout
    runs = run_directories(tmp_path / "runs", "new")
    assert len(runs) == 2
    shutil.rmtree(runs[1])
    again = gan_lab("report", "new", "--sheet", NAME, "--run")
    assert again.returncode == 0 and len(run_directories(tmp_path / "runs", "new")) == 2
    assert again.stdout.count("sheet     1 of 1: gan-lab hidden_dim=4") == 1


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="it sends a signal")
def test_ctrl_c_saves_the_run_and_the_same_command_goes_on(start_gan_lab, gan_lab, tmp_path):
    content = yaml.safe_load(yaml.safe_dump(SHORT).replace("steps=2 ", "steps=400 "))
    content["baseline"]["steps"] = 400
    content["questions"][0]["analyses"] = {}
    content["questions"][0]["needs"][0]["seeds"] = 1
    write_sheet(tmp_path, content)
    process = start_gan_lab("report", "new", "--sheet", NAME, "--run")
    for line in process.stdout:
        if line.startswith("step "):
            break
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=100)
    assert process.returncode == 130
    (directory,) = run_directories(tmp_path / "runs", "new")
    status = Run(directory).status()
    assert status.state == "interrupted" and 0 < status.step < 400
    again = gan_lab("report", "new", "--sheet", NAME, "--run")
    assert again.returncode == 0, again.stderr
    assert f"step {status.step}" in again.stdout
    assert Run(directory).status().state == "finished"


def test_a_command_that_fails_is_named_and_the_documents_are_written(
    gan_lab_here, documents, tmp_path
):
    bad = {"run": {"hidden_dim": 64}, "make": "hidden_dim=64 batch_size=0"}
    content = yaml.safe_load(yaml.safe_dump(CONTENT))
    content["questions"][1]["needs"] = [bad]
    del content["questions"][2]
    write_sheet(tmp_path, content)
    result = gan_lab_here("report", "widths", "--sheet", NAME, "--run")
    assert result.returncode == FAILED
    assert "failed    gan-lab hidden_dim=64 batch_size=0 study=widths" in result.stdout
    assert "missing   2. A wide one" in result.stdout
    assert f"sheet_{NAME}.html" in result.stdout
