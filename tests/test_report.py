"""Reports: what runs have is compared, what they lack is named, and unlike things stay apart."""

import csv
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from gan_lab.cli.report import default_folder
from gan_lab.common.paths import config_names
from gan_lab.config import compose
from gan_lab.config.identity import run_directory
from gan_lab.config.run_config import make_record
from gan_lab.report.collect import RunData, collect
from gan_lab.report.commands import command_of
from gan_lab.report.curves import oscillation, smooth
from gan_lab.report.figures import curves
from gan_lab.report.figures import settings as figures_of_settings
from gan_lab.report.figures.settings import draw_settings
from gan_lab.report.ranking import holm, rank, welch
from gan_lab.report.scores import final_lines, measures, ranked_by, series
from gan_lab.report.settings import compare
from gan_lab.report.study import Study
from gan_lab.report.write import write_report
from gan_lab.runs.directory import Run, run_directories
from gan_lab.runs.protocol import column_key, differences

QUICK = (
    *("logger=none", "steps=40", "log_every=2", "sample_every=10", "score_every=20"),
    *("batch_size=16", "evaluation.samples=100", "evaluation.samples_during=100", "threads=1"),
)
OUTPUTS = ("report.html", "results.md", "results.csv", "results.tex")


@pytest.fixture(scope="session")
def study(tmp_path_factory, gan_lab_in) -> Path:
    """The runs of a study: two widths, two seeds, and one that diverges."""
    folder = tmp_path_factory.mktemp("study")
    result = gan_lab_in(folder, "-m", "hidden_dim=4,8", "seed=0,1", "study=widths", *QUICK)
    assert result.returncode == 0, result.stderr
    result = gan_lab_in(folder, "lr=1e30", "hidden_dim=4", "study=widths", *QUICK)
    assert result.returncode == 1
    return folder / "runs" / "widths"


@pytest.fixture
def copy(study, tmp_path) -> Path:
    """A copy of the study, to change things in."""
    shutil.copytree(study, tmp_path / "runs" / "widths")
    return tmp_path / "runs" / "widths"


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


# --- the whole -----------------------------------------------------------------------------------


def test_one_command_writes_all_of_it(gan_lab_here, study, tmp_path):
    result = gan_lab_here("report", "widths", "--runs-dir", f"{study.parent}", "--out", "here")
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "here/report.html"
    written = {path.name for path in (tmp_path / "here").iterdir()}
    assert written == {*OUTPUTS, "scores.csv", "figures"}
    pictures = sorted((tmp_path / "here" / "figures").glob("*.png"))
    assert {"curves", "gradients", "scores", "settings", "samples", "early_late",
            "interpolation", "extrapolation"} <= {path.stem for path in pictures}  # fmt: skip
    for path in pictures:
        assert path.with_suffix(".pdf").read_bytes()[:4] == b"%PDF"
    with Image.open(tmp_path / "here" / "figures" / "training.gif") as animation:
        assert animation.n_frames == 4


@pytest.mark.slow
def test_by_default_it_lies_beside_the_runs(gan_lab_here, copy):
    result = gan_lab_here("report", "widths", "--runs-dir", f"{copy.parent}", "--steps", "10", "30")
    assert result.stdout.splitlines()[-1] == str(copy / "report" / "report.html")
    again = gan_lab_here("report", "widths", "--runs-dir", f"{copy.parent}")  # it is no run
    assert again.returncode == 0 and "report has no" not in (copy / "report/results.md").read_text()


def test_the_report_of_a_part_never_replaces_that_of_the_whole(study, tmp_path):
    first, _, third, *_ = run_directories(study.parent, study.name)
    other = tmp_path / "other" / first.name
    assert default_folder(run_directories(study.parent, study.name)) == study / "report"
    assert default_folder([first]) == first / "report"
    assert default_folder([first, third]) == study / "report_part"
    assert default_folder([first, other]) == study.parent / "report_widths_other"


def test_samples_that_were_drawn_once_are_not_shown_twice(copy, tmp_path):
    for directory in finished(copy):
        for step in Run(directory).sample_steps()[:-1]:
            Run(directory).sample_path(step).unlink()
    report(*finished(copy), out=tmp_path / "out")
    assert (tmp_path / "out/figures/samples.png").exists()
    assert not (tmp_path / "out/figures/early_late.png").exists()


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
        old, new = (re.sub(r"data:[^\"]*", "", texts[name]) for texts in (before, after))
        assert shown in new and shown not in old


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


def test_a_run_that_diverged_is_listed_with_its_reason_and_in_no_mean(study, tmp_path):
    written = report(study, out=tmp_path / "out")
    for name in OUTPUTS:
        assert "not finite" in written[name]
    assert "0 of 1" in written["results.md"] and "2 of 2" in written["results.md"]


def test_what_is_no_run_is_said_in_one_line(gan_lab_here, tmp_path):
    result = gan_lab_here("report", "nothing")
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1 and "'nothing'" in result.stderr


def test_a_study_without_runs_is_said_in_one_line(gan_lab_here, tmp_path):
    (tmp_path / "runs" / "empty").mkdir(parents=True)
    result = gan_lab_here("report", "empty")
    assert result.returncode == 1
    assert result.stderr == "gan-lab: there are no runs in runs/empty yet.\n"


def test_what_other_verbs_found_is_shown(copy, tmp_path):
    first, second, *_ = finished(copy)
    shares = [("0", 0.75, 0.5), ("1", 0.25, 0.5)]
    classes = [{"class": name, "share": share, "real_share": real} for name, share, real in shares]
    for run in finished(copy):
        (run / "modes_ema.json").unlink()
    (first / "modes_ema.json").write_text(json.dumps({"classes": classes}))
    shutil.copyfile(second / "samples" / "latest.png", second / "equilibrium_optimum.png")
    (second / "equilibrium_optimum.pdf").write_bytes(b"%PDF of another verb")
    written = report(copy, out=tmp_path / "out")
    assert (tmp_path / "out" / "figures" / "modes_digits.png").is_file()
    assert f"figures/optimum_{second.name}.png" in written["results.md"]
    for path in (tmp_path / "out" / "figures").glob("*.png"):
        assert path.with_suffix(".pdf").read_bytes()[:4] == b"%PDF"
    for heading in ("Mode coverage", "The optimal discriminator beside the learned one"):
        assert heading in written["report.html"] and heading in written["results.md"]


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
    unknown = lost | {"missing": [], "unsure": {"share": 1.0}}
    (second / "modes_ema.json").write_text(json.dumps(unknown))
    written = report(copy, out=tmp_path / "unsure")
    assert "cannot tell | 100.0%" in written["results.md"]
    rows = {row["run"]: row for row in csv.DictReader(written["results.csv"].splitlines())}
    assert rows[second.name]["missing classes"] == ""
    by_another = lost | {"judge": {"extractor": "another-net"}}
    (second / "modes_ema.json").write_text(json.dumps(by_another))
    row = next(csv.DictReader(report(copy, out=tmp_path / "two")["results.csv"].splitlines()))
    kinds = [name for name in row if name.startswith("KL, nats (")]
    assert len(kinds) == 2 and "KL, nats (another-net, 100 samples)" in kinds


def test_settings_of_points_are_compared_without_strips_of_images(gan_lab, tmp_path):
    result = gan_lab(
        "-m", "dataset=ring", "model=point_mlp", "lr=1e-3,1e-4", "study=points", *QUICK
    )
    assert result.returncode == 0, result.stderr
    result = gan_lab("report", "points")
    assert result.returncode == 0, result.stderr
    figures = {path.stem for path in (tmp_path / "runs/points/report/figures").glob("*.png")}
    assert "samples" in figures and "interpolation_settings" not in figures


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


@pytest.mark.slow
def test_what_is_left_out_of_a_figure_is_said_on_the_page(study, tmp_path):
    folder = many(study, tmp_path / "runs" / "many", 13)
    written = report(folder, out=tmp_path / "out")
    assert written["report.html"].count("The first 12 of 13 settings") == 1  # the slider has all
    assert written["results.md"].count("The first 12 of 13 settings") >= 2


# --- how many runs -------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 12, 40])
def test_nothing_overlaps_however_many_runs(study, tmp_path, monkeypatch, count):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    drawn = {}

    def keep(figure, path):
        FigureCanvasAgg(figure).draw()
        drawn[path.stem] = figure
        return path

    folder = many(study, tmp_path / "runs" / "many", count)
    for module in (curves, figures_of_settings):
        monkeypatch.setattr(module, "save_figure", keep)
    runs = collect([str(folder)], Path("nowhere")).runs
    settings = compare(runs)
    look = curves.Look(runs, settings, settings.ordered())
    found = measures([line for data in runs for line in final_lines(data).values()])[:3]
    values = {m.key: {setting: [0.1] for setting in look.order} for m in found}
    curves.draw_curves(look, tmp_path / "curves.png", curves.CURVES)
    curves.draw_multiples(look, tmp_path / "multiples.png")
    draw_settings(look, found, values, tmp_path / "settings.png")
    often = [line for data in runs for some in series(data).values() if len(some) > 1
             for line in some]  # fmt: skip
    curves.draw_score_curves(look, measures(often)[:3], tmp_path / "scores.png")
    assert drawn.keys() == {"curves", "multiples", "settings", "scores"}
    for name, figure in drawn.items():
        boxes = [axis.get_tightbbox() for axis in figure.axes if axis.get_visible()]
        boxes += [legend.get_window_extent() for legend in figure.legends]
        page = figure.bbox
        for index, box in enumerate(boxes):
            assert box.width > 20 and box.height > 10, name
            assert box.x0 > -2 and box.y0 > -2 and box.x1 < page.x1 + 2 and box.y1 < page.y1 + 2
            for other in boxes[:index]:
                across = min(box.x1, other.x1) - max(box.x0, other.x0)
                down = min(box.y1, other.y1) - max(box.y0, other.y0)
                assert across < 1 or down < 1, f"{name} with {count} runs"
    assert len({str(look.line(data)) for data in runs}) == count  # colour and dashes


@pytest.mark.slow
def test_one_run_and_forty_make_a_report(study, tmp_path):
    one = report(finished(study)[0], out=tmp_path / "one")
    assert "nothing to rank" in one["results.md"]
    forty = report(many(study, tmp_path / "runs" / "forty", 40), out=tmp_path / "forty")
    rows = list(csv.DictReader(forty["results.csv"].splitlines()))
    assert [int(row["latent_dim"]) for row in rows] == [*range(1, 41)]
    assert "no difference can be told from the luck of the seed" in forty["results.md"]
    assert "40 runs, 40 settings" in forty["report.html"]


# --- settings, scores, significance --------------------------------------------------------------


def test_what_varies_is_a_column_and_what_does_not_is_said_once(study):
    settings = compare(collect([str(study)], Path("nowhere")).runs)
    assert settings.columns == ["hidden_dim", "lr"]  # and neither ngf nor lr_g, which follow
    assert set(settings.of_run.values()) == {("4", "0.0002"), ("8", "0.0002"), ("4", "1e+30")}
    constants = settings.constants
    assert constants["latent_dim"] == "16" and constants["num_train_steps"] == "40"
    assert constants["batch_size"] == "16" and "seed" not in constants and "pack" not in constants


def test_specific_knobs_and_arguments_of_networks_are_columns_where_they_differ(copy):
    first, second, third, fourth = finished(copy)
    edit_config(first, ngf=4, ndf=8)
    for directory in (third, fourth):
        config = yaml.safe_load((directory / "config.yaml").read_text())
        config["model"]["generator"]["activation"] = "leaky_relu"
        (directory / "config.yaml").write_text(yaml.safe_dump(config))
    runs = collect([str(path) for path in (first, second, third, fourth)], Path("nowhere")).runs
    columns = compare(runs).columns
    assert "hidden_dim" not in columns and {"ngf", "ndf"} & {*columns}
    assert "model.generator.activation" in columns


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


def test_runs_of_one_setting_are_called_by_what_was_trained(copy):
    runs = collect([str(path) for path in finished(copy)[:1]], Path("nowhere")).runs
    settings = compare(runs)
    assert [settings.label(setting) for setting in settings.ordered()] == [
        "dcgan, nonsaturating, digits"
    ]


def test_cases_are_called_by_what_they_change_and_grids_by_everything(copy, tmp_path):
    first, *_ = finished(copy)

    def labels(name, *changes):
        folder = tmp_path / name
        for index, change in enumerate(changes):
            target = folder / f"dcgan-nonsaturating-digits-s0-{index:08x}"
            shutil.copytree(first, target, ignore=shutil.ignore_patterns("checkpoints"))
            edit_config(target, **change)
        study = Study(collect([str(folder)], Path("nowhere")))
        return [study.settings.label(setting) for setting in study.look.order], study.constants()

    called, said = labels("cases", {}, {"pack": 2}, {"instance_noise": 0.5}, {"lr": 1e-3,
                          "lr_g": 1e-3, "lr_d": 1e-3})  # fmt: skip
    assert sorted(called) == ["baseline", "instance_noise 0.5", "lr 0.001", "pack 2"]
    assert said.endswith("departs from the baseline: lr = 0.0002, instance_noise = 0, pack = 1.")
    grid = [{"latent_dim": a, "pack": b, "instance_noise": c}
            for a in (1, 2) for b in (1, 2) for c in (0, 0.5)]  # fmt: skip
    called, said = labels("grid", *grid)
    assert called[0] == "latent_dim 1, instance_noise 0, pack 1" and "baseline" not in said
    assert len({*called}) == 8


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
        (line["protocol"]["weights"], line["protocol"]["generated_count"])
        for line in final_lines(data).values()
        if line["score"] == "fd_classifier"
    ]
    assert sorted(found) == [("ema", 100), ("raw", 100)]


def protocol(weights: str = "ema", count: int = 10_000, **more: Any) -> dict[str, Any]:
    return {"weights": weights, "generated_count": count, **more}


def chosen(lines: dict[str, list[dict[str, Any]]], best_by: str) -> tuple[str, Any] | None:
    """What ranks the settings of runs, by name: the score, and the number of its samples."""
    by_run = {name: {column_key(line): line for line in some} for name, some in lines.items()}
    found = measures([line for some in lines.values() for line in some], [best_by])
    first = ranked_by(found, by_run, dict.fromkeys(lines, best_by))
    return first and (first.score, first.protocol["generated_count"])


def test_settings_are_ranked_by_the_runs_own_selection_score():
    names = ("fd_classifier", "reverse_kl", "wasserstein", "swd")
    every = [{"score": name, "value": 1.0, "protocol": protocol()} for name in names]
    for name in names:
        assert chosen({"one": every, "two": every}, name) == (name, 10_000)
    best_as_the_floor = {"score": "ssim", "value": 1.0, "protocol": protocol()}
    assert chosen({"one": [best_as_the_floor]}, "swd") is None
    assert chosen({"one": [best_as_the_floor, every[0]]}, "swd") == ("fd_classifier", 10_000)


def test_a_final_score_ranks_before_one_of_fewer_samples_or_of_raw_weights():
    def line(**changes: Any) -> dict[str, Any]:
        return {"score": "fd_classifier", "value": 1.0, "protocol": protocol(**changes)}

    in_training, final, raw = line(count=2000, resize="a"), line(), line(weights="raw")
    for order in ([in_training, final, raw], [raw, final, in_training]):
        assert chosen({"one": order, "two": order}, "fd_classifier") == ("fd_classifier", 10_000)


def test_what_unfinished_runs_were_scored_on_ranks_nothing(copy, tmp_path):
    """Most runs have ended early, with the score on the way alone: the final one ranks."""
    kept, *others = finished(copy)
    for directory in (kept, *others):
        lines = [json.loads(text) for text in (directory / "evaluations.jsonl").open()]
        (final,) = [line for line in lines
                    if line["score"] == "fd_classifier" and line["protocol"]["weights"] == "ema"
                    and line["protocol"]["sets"] > 1]  # fmt: skip
        sizes = {"generated_count": 50, "floor_count": 50, "sets": 1}
        on_the_way = final | {"protocol": final["protocol"] | sizes}
        lines = [on_the_way, final] if directory == kept else [on_the_way]
        (directory / "evaluations.jsonl").write_text("".join(json.dumps(a) + "\n" for a in lines))
        if directory != kept:
            status = json.loads((directory / "status.json").read_text())
            (directory / "status.json").write_text(json.dumps(status | {"state": "interrupted"}))
    study = Study(collect([str(copy)], Path("nowhere")))
    assert study.first and study.first.protocol["generated_count"] == 100
    assert study.ranking and len(study.ranking.places) == 1


def test_the_report_goes_by_the_directions_of_the_files(study):
    measured = Study(collect([str(study)], Path("nowhere"))).measures
    words = {measure.score: measure.better_words for measure in measured}
    assert words["confident"] == "best as the floor" and words["recall"] == "higher is better"
    assert measured[0].score == "fd_classifier"
    assert all(measure.better for measure in measured)


def test_welch_is_scipys():
    from scipy.stats import ttest_ind

    first, second = [3.1, 2.9, 4.0, 3.3], [5.0, 4.1, 4.4]
    expected = ttest_ind(first, second, equal_var=False).pvalue
    assert welch(first, second) == pytest.approx(expected, rel=1e-9)
    assert welch([1.0], [2.0, 3.0]) is None and welch([1.0, 1.0], [2.0, 2.0]) is None


def test_holm_by_hand():
    # 3 x 0.01, 2 x 0.03, then no less than that; Holm 1979
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0] and holm([]) == []


def test_a_ranking_says_what_is_significant_and_what_is_not():
    values = {("a",): [5.0, 5.1, 4.9], ("b",): [1.0, 1.1, 0.9], ("c",): [1.05, 0.8, 1.2]}
    ranking = rank(values, "lower")
    assert [place.setting for place in ranking.places] == [("b",), ("c",), ("a",)]
    assert [place.beats for place in ranking.places] == [[2], [2], []]
    assert "2 of 3" in ranking.remarks[-1]
    upwards = rank(values, "higher")
    assert [place.setting for place in upwards.places] == [("a",), ("c",), ("b",)]
    alone = rank({("a",): [1.0], ("b",): [9.0]}, "lower")
    assert [place.beats for place in alone.places] == [[], []]
    assert "luck of the seed" in alone.remarks[0]


def test_smoothing_and_oscillation_of_known_curves():
    import numpy as np

    assert smooth(np.ones(30)).tolist() == pytest.approx([1] * 30)
    assert smooth(np.array([0.0, 3.0, 6.0]), 3).tolist() == [1.5, 3.0, 4.5]
    stairs = np.repeat(np.arange(10.0), 8)
    assert oscillation(stairs) == 0  # a trend between tenths is none
    assert oscillation(np.tile([1.0, -1.0], 40)) == 1


# --- the command that makes a run again ----------------------------------------------------------


def alone(record: dict[str, Any], *typed: str) -> RunData:
    """A run that a report is given, of which config.yaml and the typed command are known."""
    command = shlex.join(["gan-lab", *typed])
    run = Run(run_directory(record))
    return RunData(run, record, "finished", 0, "", [], [], [command], None, [], "")


def remade(data: RunData) -> tuple[list[str], Path]:
    """The settings of a run's command, and the directory of the one run that they make."""
    command = command_of(data)
    assert command is not None
    program, *settings = shlex.split(command)
    assert program == "gan-lab" and "-m" not in settings
    (job,) = compose.jobs(settings, multirun=False)
    assert job.config.search is None
    return settings, run_directory(make_record(job.config, job.choices))


def test_the_command_of_a_run_of_a_sweep_makes_that_run(study):
    for data in collect([str(study)], Path("nowhere")).runs:
        assert remade(data)[1].name == data.name


@pytest.mark.parametrize("experiment", ["", "experiment=mnist_b", "experiment=mnist_dcgan"])
@pytest.mark.parametrize("sweep", config_names("sweep"))
def test_each_run_of_a_sweep_alone_has_a_command_that_makes_it(sweep, experiment):
    typed = [*experiment.split(), f"sweep={sweep}", "launcher=parallel", "n_jobs=2"]
    records = [make_record(job.config, job.choices) for job in compose.jobs(typed, False)]
    assert len(records) > 1
    for record in records:
        settings, directory = remade(alone(record, *typed))
        assert directory == run_directory(record)
        assert not [text for text in settings if text.startswith(("sweep=", "launcher", "n_jobs"))]


@pytest.mark.parametrize(
    "experiment",
    [pytest.param("mnist_losses", marks=pytest.mark.slow), "mnist_long_training"],
)
def test_a_run_of_an_experiment_with_a_sweep_of_its_own_has_a_command(experiment):
    for job in compose.jobs([f"experiment={experiment}"], False):
        record = make_record(job.config, job.choices)
        assert remade(alone(record, f"experiment={experiment}"))[1] == run_directory(record)


SEARCHED = [
    {"loss": "hinge", "lr_g": "0.0003"},
    {"loss": "nonsaturating", "label_smoothing": "0.2", "lr_d": "0.001"},
    {"loss": "wgan_gp", "lambda_gp": "3.5", "loss.discriminator_steps": "2", "lr_g": "5.1e-05"},
]


@pytest.mark.parametrize("point", SEARCHED, ids=lambda point: point["loss"])
def test_the_command_of_a_run_of_a_search_makes_the_run_and_starts_no_search(point):
    typed = ["search=objective", "trials=3", "seeds=2", "latent_dim=8"]
    for job in compose.jobs(typed, False, [point]):
        record = make_record(job.config, job.choices)
        settings, directory = remade(alone(record, *typed))
        assert directory == run_directory(record) and "latent_dim=8" in settings
        assert not [text for text in settings if text.startswith(("search", "trials", "seeds"))]


def test_typed_arguments_and_penalties_are_in_the_command():
    typed = ["-m", "loss=hinge,wgan", "penalty=[r1,gradient_penalty]", "n_critic=2,3", "lr=1e-4"]
    jobs = compose.jobs(typed[1:], multirun=True)
    assert len(jobs) == 4
    for job in jobs:
        record = make_record(job.config, job.choices)
        assert remade(alone(record, *typed))[1] == run_directory(record)
    sweep = "sweep={cases:[{penalty:[r1],penalty.r1.weight:3},{model.d_norm:none},{augment:flip}]}"
    for job in compose.jobs([sweep], multirun=False):
        record = make_record(job.config, job.choices)
        assert remade(alone(record, sweep))[1] == run_directory(record)


def test_where_no_command_is_found_none_is_printed():
    (job,) = compose.jobs([], multirun=False)
    record = make_record(job.config, job.choices)
    gone = record | {"choices": record["choices"] | {"loss": "gone"}}
    assert command_of(alone(gone)) is None


# --- the page in a browser -----------------------------------------------------------------------


class Browser:
    """Chromium without a screen, spoken to through its pipe (the DevTools protocol)."""

    def __init__(self, program: str, profile: Path):
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()
        flags = "--headless --no-sandbox --disable-gpu --disable-background-networking"
        command = f'exec "$0" "$@" 3<&{theirs_in} 4>&{theirs_out}'
        arguments = [*flags.split(), f"--user-data-dir={profile}", "--remote-debugging-pipe"]
        self.process = subprocess.Popen(
            ["bash", "-c", command, program, *arguments, "about:blank"],
            pass_fds=(theirs_in, theirs_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in), os.close(theirs_out)
        self._in, self._out = os.fdopen(ours_in, "rb"), os.fdopen(ours_out, "wb")
        self._count, self.events = 0, []
        targets = self.call("Target.getTargets")["targetInfos"]
        target = next(t["targetId"] for t in targets if t["type"] == "page")
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}

    _session: dict[str, str] = {}

    def call(self, method: str, **parameters: Any) -> Any:
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters, **self._session}
        self._out.write(json.dumps(message).encode() + b"\0")
        self._out.flush()
        while True:
            answer = self._read()
            if answer.get("id") == self._count:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def _read(self) -> Any:
        content = bytearray()
        while (byte := self._in.read(1)) != b"\0":
            assert byte, "the browser is gone"
            content += byte
        return json.loads(content)

    def value(self, expression: str) -> Any:
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def open(self, url: str) -> None:
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.call("Page.navigate", url=url)
        for _ in range(600):
            if self.value("document.readyState") == "complete" and self.value(
                "location.href"
            ).startswith(url):
                return
        raise AssertionError("the page was not loaded")


@pytest.fixture
def browser(tmp_path):
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if program is None:
        pytest.skip("no chromium here to open the page in")
    browser = Browser(program, tmp_path / "profile")
    yield browser
    browser.process.terminate()
    browser.process.wait(30)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_works_in_a_browser_and_asks_nothing_of_the_network(
    study, tmp_path, browser, scheme
):
    report(study, out=tmp_path / "out")
    browser.call(
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
    )
    browser.open((tmp_path / "out" / "report.html").as_uri())
    assert (
        browser.value("getComputedStyle(document.body).backgroundColor")
        == {
            "light": "rgb(255, 255, 255)",
            "dark": "rgb(0, 0, 0)",
        }[scheme]
    )
    broken = "[...document.images].filter(i => i.complete && !i.naturalWidth).length"
    assert browser.value(broken) == 0
    state = "JSON.stringify([...document.querySelectorAll('#panels img')].map(i => i.dataset.step))"
    assert json.loads(browser.value(state)) == ["40", "40"]
    assert browser.value("shown.textContent") == "step 40"
    source = browser.value("document.querySelector('#panels img').src")
    browser.value(
        "s = document.getElementById('step'); s.value = 0; s.dispatchEvent(new Event('input'))"
    )
    assert json.loads(browser.value(state)) == ["10", "10"]
    assert browser.value("document.querySelector('#panels img').src") != source
    browser.value("document.getElementById('play').click()")
    assert browser.value("document.getElementById('play').textContent") == "Pause"
    wide = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert browser.value(wide)
    events = {event.get("method", "") for event in browser.events}
    assert "Network.requestWillBeSent" in events  # the page itself: or nothing was watched
    assert "Runtime.exceptionThrown" not in events
    wrong = [event["params"]["entry"]["text"] for event in browser.events
             if event.get("method") == "Log.entryAdded"]  # fmt: skip
    assert not wrong
    asked = [event["params"]["request"]["url"] for event in browser.events
             if event.get("method") == "Network.requestWillBeSent"]  # fmt: skip
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
