"""A table of a report has each number that the runs have, and unlike ones apart."""

import csv
import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from gan_lab.report.collect import collect
from gan_lab.report.scores import final_lines, measures
from gan_lab.report.study import Study
from gan_lab.runs.directory import Run
from gan_lab.runs.protocol import differences
from study_files import OUTPUTS, edit_config, edit_lines, finished, report


@pytest.mark.usefixtures("without_figures")
def test_one_number_of_one_run_changes_all_four_outputs(copy, tmp_path):
    before = report(copy, out=tmp_path / "before")
    last = finished(copy)[1] / "metrics.jsonl"
    count = len(last.read_text().splitlines())

    def change(index, line):
        return line | {"grad_norm/g": 8642.0} if index == count - 1 else line

    edit_lines(last, change)
    after = report(copy, out=tmp_path / "after")
    # The last tenth of 20 lines is two: the mean moves to half of it.
    assert all(before[name] != after[name] for name in OUTPUTS)
    assert before.keys() == after.keys() == {*OUTPUTS}
    row = next(
        row
        for row in csv.DictReader(after["results.csv"].splitlines())
        if row["run"] == last.parent.name
    )
    shown = f"{float(row['gradient G']):.0f}"
    assert float(row["gradient G"]) == pytest.approx(4321, abs=50)
    for name in ("report.html", "results.md", "results.tex"):
        # Not in the figures, whose base64 has any four digits now and then.
        old, new = (re.sub(r'"data:[^"]*', "", texts[name]) for texts in (before, after))
        whole = rf"(?<![\d.]){shown}(?!\d)"
        assert re.search(whole, new) and not re.search(whole, old)


@pytest.mark.usefixtures("without_figures")
def test_a_number_in_the_middle_of_a_log_changes_all_four_outputs(copy, tmp_path):
    before = report(copy, out=tmp_path / "before")
    log = finished(copy)[1] / "metrics.jsonl"

    def change(index, line):
        return line | {"d/fake_2": 0.123456789} if index == 9 else line

    edit_lines(log, lambda index, line: line)  # written as it was
    assert report(copy, out=tmp_path / "same") == before
    edit_lines(log, change)
    after = report(copy, out=tmp_path / "after")
    digest = hashlib.sha256(log.read_bytes()).hexdigest()[:8]
    for name in OUTPUTS:
        assert digest in after[name] and digest not in before[name], name
    (row,) = [
        row
        for row in csv.DictReader(after["results.csv"].splitlines())
        if row["run"] == log.parent.name
    ]
    assert row["log"] == digest
    unlike = [cell for cell in row.values() if cell not in before["results.csv"]]
    assert unlike == [digest]  # and no mean over a last tenth


@pytest.mark.usefixtures("without_figures")
def test_a_run_that_diverged_is_listed_with_its_reason_and_in_no_mean(study, tmp_path):
    written = report(study, out=tmp_path / "out")
    for name in OUTPUTS:
        assert "not finite" in written[name]
    assert "0 of 1" in written["results.md"] and "2 of 2" in written["results.md"]


@pytest.mark.usefixtures("without_figures")
def test_verdicts_and_mode_coverage_have_columns(copy, tmp_path):
    first, second, *_ = finished(copy)
    last = len((first / "metrics.jsonl").read_text().splitlines()) - 1
    edit_lines(
        first / "metrics.jsonl",
        lambda index, line: line | ({"monitor/verdict": 2} if index == last else {}),
    )
    census = json.loads((second / "modes_ema.json").read_text())
    assert census["samples"] == 100 and census["step"] == 40
    unsure = census["unsure"] | {"share": 0.1}
    lost = census | {"missing": ["3", "7"], "missing_number": 2, "unsure": unsure, "kl": 1.2345678}
    (second / "modes_ema.json").write_text(json.dumps(lost))
    written = report(copy, out=tmp_path / "out")
    for name in ("report.html", "results.md", "results.tex"):
        for text in ("D won", "2 (3, 7)", "1.235", "Collapse and mode coverage"):
            assert text in written[name], (name, text)
    rows = {row["run"]: row for row in csv.DictReader(written["results.csv"].splitlines())}
    assert rows[first.name]["last verdict"] == "D won"
    assert rows[second.name]["missing classes"] == "2"
    assert float(rows[second.name]["KL, nats"]) == 1.2345678
    unknown = lost | {"missing": [], "unsure": census["unsure"] | {"share": 1.0}}
    (second / "modes_ema.json").write_text(json.dumps(unknown))
    written = report(copy, out=tmp_path / "unsure")
    assert "cannot tell | 100%" in written["results.md"]
    rows = {row["run"]: row for row in csv.DictReader(written["results.csv"].splitlines())}
    assert rows[second.name]["missing classes"] == ""
    by_errors = lost | {"missing": [], "missing_number": None, "undecided": ["4"]}
    (second / "modes_ema.json").write_text(json.dumps(by_errors))
    assert "cannot tell (4) | 10.0%" in report(copy, out=tmp_path / "errors")["results.md"]
    by_another = lost | {"judge": {"extractor": "another-net"}, "rule": 1}
    (second / "modes_ema.json").write_text(json.dumps(by_another))
    row = next(csv.DictReader(report(copy, out=tmp_path / "two")["results.csv"].splitlines()))
    kinds = [name for name in row if name.startswith("KL, nats (")]
    assert len(kinds) == 2 and "KL, nats (another-net, 100 samples)" in kinds
    (second / "modes_ema.json").write_text(json.dumps(by_another | {"rule": 2}))
    row = next(csv.DictReader(report(copy, out=tmp_path / "rules")["results.csv"].splitlines()))
    kinds = [name for name in row if name.startswith("KL, nats (")]
    assert len(kinds) == 2 and "KL, nats (another-net, 100 samples, rule 2)" in kinds


@pytest.mark.usefixtures("without_figures")
def test_every_score_on_the_way_is_written_with_all_its_digits(study, tmp_path):
    report(study, out=tmp_path)
    rows = list(csv.DictReader((tmp_path / "scores.csv").read_text().splitlines()))
    found = [(r["run"], int(r["step"]), r["score"], r["weights"], float(r["value"])) for r in rows]
    logged = [
        (path.name, line["step"], line["score"], line["protocol"]["weights"], line["value"])
        for path in finished(study)
        for line in map(json.loads, (path / "evaluations.jsonl").read_text().splitlines())
    ]
    assert {step for _, step, *_ in found} >= {20, 40}
    assert sorted(found) == sorted(logged)


def test_unlike_protocols_never_share_a_column(copy, tmp_path):
    first, second, *_ = finished(copy)
    headings = []
    for key, value in {
        "sha256": "0" * 64,
        "resize": "another",
        "real_split": "test",
        "real_count": 7,
        "generated_count": 99,
        "generated_shape": "1x16x16",
        "weights": "other",
        "unheard_of": 1,
    }.items():

        def change(index, line, key=key, value=value):
            return line | {"protocol": line["protocol"] | {key: value}}

        original = (first / "evaluations.jsonl").read_text()
        edit_lines(first / "evaluations.jsonl", change)
        runs = collect([str(first), str(second)], Path("nowhere")).runs
        found = {data.name: final_lines(data) for data in runs}
        assert not found[first.name].keys() & found[second.name].keys(), key
        columns = measures([line for lines in found.values() for line in lines.values()])
        assert len({measure.heading for measure in columns}) == len(columns)
        headings.append([measure.heading for measure in columns])
        (first / "evaluations.jsonl").write_text(original)

    def other_seed(index, line):
        return line | {"protocol": line["protocol"] | {"seed": 99}}

    edit_lines(first / "evaluations.jsonl", other_seed)
    runs = collect([str(first), str(second)], Path("nowhere")).runs
    assert final_lines(runs[0]).keys() == final_lines(runs[1]).keys()


@pytest.mark.slow
def test_samples_of_another_size_have_a_column_that_says_which(copy, tmp_path):
    small, large, *_ = finished(copy)
    config = yaml.safe_load((small / "config.yaml").read_text())
    assert config["shape"] == [1, 32, 32]
    edit_config(small, shape=[1, 16, 16], image_size=16)
    shutil.rmtree(small / "checkpoints")  # whose networks are not of this size

    def as_older_versions(index, line):
        del line["protocol"]["generated_shape"]
        return line

    edit_lines(small / "evaluations.jsonl", as_older_versions)
    written = report(small, large, out=tmp_path / "out")
    headings = written["results.csv"].splitlines()[0]
    for size in (16, 32):
        assert f"(EMA); samples of 1x{size}x{size}" in headings
        assert f"(EMA); samples of 1x{size}x{size}" in written["results.md"]
    assert "1 setting has no place" in written["results.md"]  # one of 16 beside one of 32
    one, two = (Run(directory).final_evaluations()[0] for directory in (small, large))
    assert differences(one, two) == ["size of the samples: 1x16x16 / 1x32x32"]


def test_a_score_on_the_way_has_no_column_beside_the_final_one(copy):
    first, *_ = finished(copy)
    lines = [json.loads(text) for text in (first / "evaluations.jsonl").read_text().splitlines()]
    final = next(line for line in lines if line["score"] == "fd_classifier")
    sizes = {"generated_count": 50, "floor_count": 50, "sets": 1}
    on_the_way = final | {"value": 1.0, "protocol": final["protocol"] | sizes}
    with (first / "evaluations.jsonl").open("a") as file:
        file.write(json.dumps(on_the_way) + "\n")
    (data,) = collect([str(first)], Path("nowhere")).runs
    found = [
        (line.weights, line.generated_count)
        for line in final_lines(data).values()
        if line.score == "fd_classifier"
    ]
    assert sorted(found) == [("ema", 100), ("raw", 100)]


def test_the_report_goes_by_the_directions_of_the_files(study):
    measured = Study(collect([str(study)], Path("nowhere"))).measures
    words = {measure.score: measure.better_words for measure in measured}
    assert (
        words["confident"] == "best as real data have it" and words["recall"] == "higher is better"
    )
    assert measured[0].score == "fd_classifier"
    assert all(measure.better for measure in measured)
