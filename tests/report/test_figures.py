"""Nothing in a figure overlaps, and what is left out of one is said."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from gan_lab.figures.captions import in_lines
from gan_lab.report.collect import collect
from gan_lab.report.curves import band, moving_median, oscillation, training_seconds
from gan_lab.report.figures import curves
from gan_lab.report.figures import settings as figures_of_settings
from gan_lab.report.figures.draw import compared_settings
from gan_lab.report.figures.look import Look
from gan_lab.report.figures.settings import draw_settings
from gan_lab.report.scores import final_lines, measures, series
from gan_lab.report.settings import compare
from gan_lab.report.study import Study
from gan_lab.runs.directory import Run
from small_runs import FEW_SAMPLES
from study_files import edit_lines, finished, many, report


@pytest.mark.slow
def test_samples_that_were_drawn_once_are_not_shown_twice(copy, tmp_path):
    shown = finished(copy)[:2]
    for directory in shown:
        for step in Run(directory).sample_steps()[:-1]:
            Run(directory).sample_path(step).unlink()
    report(*shown, out=tmp_path / "out")
    assert (tmp_path / "out/figures/samples.png").exists()
    assert not (tmp_path / "out/figures/early_late.png").exists()


def test_what_other_verbs_found_is_shown(copy, tmp_path):
    _, second, *others = finished(copy)
    for run in (second, *others):
        (run / "modes_ema.json").unlink()
    shutil.copyfile(second / "samples" / "latest.png", second / "equilibrium_optimum.png")
    (second / "equilibrium_optimum.pdf").write_bytes(b"%PDF of another verb")
    written = report(copy, out=tmp_path / "out")
    assert (tmp_path / "out" / "figures" / "modes_digits.png").is_file()
    assert f"figures/optimum_{second.name}.png" in written["results.md"]
    for path in (tmp_path / "out" / "figures").glob("*.png"):
        assert path.with_suffix(".pdf").read_bytes()[:4] == b"%PDF"
    for heading in ("Mode coverage", "The optimal discriminator beside the learned one"):
        assert heading in written["report.html"] and heading in written["results.md"]


@pytest.mark.slow
def test_settings_of_points_are_compared_without_strips_of_images(gan_lab_here, tmp_path):
    points = ("dataset=ring", "model=point_mlp", "batch_size=16", "study=points", "threads=1")
    often = ("logger=none", "steps=4", "log_every=2", "sample_every=2", "score_every=2")
    for rate in ("lr=1e-3", "lr=1e-4"):  # each here: a sweep has a process for each run
        result = gan_lab_here(rate, *points, *often, *FEW_SAMPLES)
        assert result.returncode == 0, result.stderr
    result = gan_lab_here("report", "points")
    assert result.returncode == 0, result.stderr
    figures = {path.stem for path in (tmp_path / "runs/points/report/figures").glob("*.png")}
    assert "samples" in figures and "interpolation_settings" not in figures


def test_lines_of_one_panel_are_few_enough_to_be_told_apart(study, tmp_path):
    for count in (12, 14):
        folder = many(study, tmp_path / str(count), count)
        made = Study(collect([str(folder)], Path("nowhere")))
        compared = compared_settings(made)
        assert len(compared.look.order) == len(compared.look.groups()) == 12
        assert compared.words == (
            "" if count == 12 else " Of 14 settings the 6 best and the 6 worst are drawn."
        )
    places = [place.setting for place in made.ranking.places]
    assert {*compared.look.order} == {*places[:6], *places[-6:]}


@pytest.mark.slow
def test_what_is_left_out_of_a_figure_is_said_on_the_page(study, tmp_path):
    folder = many(study, tmp_path / "runs" / "many", 13)
    written = report(folder, out=tmp_path / "out")
    assert written["report.html"].count("The first 12 of 13 settings") == 1  # the slider has all
    assert written["results.md"].count("The first 12 of 13 settings") >= 2


@pytest.mark.parametrize("count", [1, 12, pytest.param(40, marks=pytest.mark.slow)])
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
    look = Look(runs, settings, settings.ordered())
    found = measures([line for data in runs for line in final_lines(data).values()])[:3]
    values = {m.key: {setting: [0.1] for setting in look.order} for m in found}
    curves.draw_curves(look, tmp_path / "compared.png", curves.CURVES)
    pages = curves.draw_five_curves(look, tmp_path / "curves.png")
    assert len(pages) == -(-count // curves.SETTINGS_A_FIGURE)
    draw_settings(look, found, values, tmp_path / "settings.png")
    often = [line for data in runs for some in series(data).values() if len(some) > 1
             for line in some]  # fmt: skip
    curves.draw_score_curves(look, measures(often)[:3], tmp_path / "scores.png")
    assert drawn.keys() == {"compared", "settings", "scores", *(page.stem for page in pages)}
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
    assert len({look.stroke(data) for data in runs}) == min(count, 28)  # colour and dashes


def test_a_spike_leaves_no_trace_in_the_median_and_a_step_stays_a_step():
    x = np.arange(400.0)
    spike = np.where(x == 100, 1000.0, 1.0)
    found = moving_median((x, spike))
    assert (found.middle == 1).all() and (found.low == 1).all()
    step = np.where(x < 200, 0.0, 1.0)
    found = moving_median((x, step))
    assert {*found.middle} <= {0, 0.5, 1} and found.middle[0] == 0 and found.middle[-1] == 1
    assert abs(found.x[np.argmax(found.middle > 0)] - 200) <= 2


def test_the_band_of_one_seed_holds_four_fifths_of_even_numbers():
    x = np.arange(2000.0)
    found = moving_median((x, x % 10))  # every window of 100 has each of 0 to 9 ten times
    assert np.allclose(found.middle, 4.5) and np.allclose(found.low, 0.9)
    assert np.allclose(found.high, 8.1)


def test_the_band_of_seeds_is_from_the_lowest_to_the_highest():
    x = np.arange(100.0)
    found = band([(x, np.full(100, 1.0)), (x, np.full(100, 4.0)), (x[:50], np.full(50, 1.0))])
    assert np.allclose(found.middle[found.x < 49], 2.0)  # (1 + 4 + 1) / 3
    assert np.allclose(found.middle[found.x > 50], 2.5)  # the third has ended
    assert (found.low == 1).all() and (found.high == 4).all()
    none = (np.array([]), np.array([]))
    assert len(band([none]).x) == 0 and len(band([]).x) == 0


def test_scores_of_seeds_are_averaged_look_by_look():
    first = (np.array([1.0, 2.0]), np.array([10.0, 20.0]))
    second = (np.array([3.0, 6.0]), np.array([30.0, 40.0]))
    found = band([first, second], smoothed=False)
    assert found.x.tolist() == [2, 4] and found.middle.tolist() == [20, 30]


def test_a_pause_is_no_training_time(copy, tmp_path):
    (directory,) = finished(copy)[:1]
    slept = [0] * 10 + [5000] * 1000
    edit_lines(
        directory / "metrics.jsonl",
        lambda index, line: line | {"seconds": index + slept[index]},
    )
    (data,) = collect([str(directory)], Path("nowhere")).runs
    _, seconds = training_seconds(data)
    assert np.allclose(np.diff(seconds), 1)


def test_oscillation_of_known_curves():
    stairs = np.repeat(np.arange(10.0), 8)
    assert oscillation(stairs) == 0  # a trend between tenths is none
    assert oscillation(np.tile([1.0, -1.0], 40)) == 1


def test_a_label_is_broken_between_settings_not_inside_of_one():
    label = "latent_dim 2, hidden_dim 4, lr 0.0001"
    assert in_lines(label, 21) == "latent_dim 2,\nhidden_dim 4,\nlr 0.0001"
    assert in_lines("a name of more words, lr 1", 12) == "a name of\nmore words,\nlr 1"
