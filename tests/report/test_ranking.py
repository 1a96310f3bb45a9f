"""Settings are ranked by the score that the runs chose, and only as far as the seeds allow."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from gan_lab.report.collect import collect
from gan_lab.report.ranking import holm, rank, welch
from gan_lab.report.scores import floor_remarks, measures, protocol_lines, ranked_by
from gan_lab.report.study import Study
from gan_lab.runs.lines import ScoreLine
from gan_lab.runs.protocol import column_key
from study_files import finished


def line(score: str, weights: str = "ema", count: int = 10_000, **more: str) -> ScoreLine:
    protocol = {"weights": weights, "generated_count": count, **more}
    return ScoreLine(0, score, 1.0, None, None, protocol)


def chosen(lines: dict[str, list[ScoreLine]], best_by: str) -> tuple[str, int] | None:
    """What ranks the settings of runs, by name: the score, and the number of its samples."""
    by_run = {name: {column_key(line): line for line in some} for name, some in lines.items()}
    found = measures([line for some in lines.values() for line in some], [best_by])
    first = ranked_by(found, by_run, dict.fromkeys(lines, best_by))
    return first and (first.score, first.line.generated_count)


def test_settings_are_ranked_by_the_runs_own_selection_score():
    names = ("fd_classifier", "reverse_kl", "wasserstein", "swd")
    every = [line(name) for name in names]
    for name in names:
        assert chosen({"one": every, "two": every}, name) == (name, 10_000)
    best_as_the_floor = line("ssim")
    assert chosen({"one": [best_as_the_floor]}, "swd") is None
    assert chosen({"one": [best_as_the_floor, every[0]]}, "swd") == ("fd_classifier", 10_000)


def test_a_final_score_ranks_before_one_of_fewer_samples_or_of_raw_weights():
    name = "fd_classifier"
    in_training, final, raw = line(name, count=2000, resize="a"), line(name), line(name, "raw")
    for order in ([in_training, final, raw], [raw, final, in_training]):
        assert chosen({"one": order, "two": order}, name) == (name, 10_000)


def test_what_unfinished_runs_were_scored_on_ranks_nothing(copy, tmp_path):
    """Most runs have ended early, with the score on the way alone: the final one ranks."""
    kept, *others = finished(copy)
    for directory in (kept, *others):
        text = (directory / "evaluations.jsonl").read_text(encoding="utf-8")
        lines = [json.loads(line) for line in text.splitlines()]
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


def test_welch_is_scipys():
    from scipy.stats import ttest_ind

    first, second = [3.1, 2.9, 4.0, 3.3], [5.0, 4.1, 4.4]
    expected = ttest_ind(first, second, equal_var=False).pvalue
    assert welch(first, second) == pytest.approx(expected, rel=1e-9)
    assert welch([1.0, 1.1], [2.0, 3.0, 4.0]) is None


def test_seeds_without_spread_are_told_apart_by_their_values():
    assert welch([8.0, 8.0, 8.0], [1.0, 1.0, 1.0]) == 0
    assert welch([8.0, 8.0, 8.0], [8.0, 8.0, 8.0]) == 1
    ranking = rank({("a",): [1.0] * 3, ("b",): [8.0] * 3}, "higher")
    assert [place.beats for place in ranking.places] == [[1], []]
    assert "1 of 1" in ranking.remarks[-1] and "all alike" in ranking.remarks[-2]


def test_equal_means_are_told_apart_in_about_one_of_twenty():
    """4,000 draws of equal means at each pair of sizes; a setting with two seeds is not tested."""
    import numpy as np

    random = np.random.default_rng(0)
    for sizes in ((3, 3), (3, 10), (5, 5)):
        values = [welch(*(random.normal(size=size) for size in sizes)) for _ in range(4000)]
        assert sum(p < 0.05 for p in values if p is not None) / 4000 < 0.075
    assert rank({("a",): [1.0, 1.1], ("b",): [9.0, 9.1]}, "lower").places[0].beats == []
    mixed = rank({("a",): [1.0, 1.1], ("b",): [9.0, 9.1, 9.3], ("c",): [4.0, 4.1, 4.2]}, "lower")
    assert [place.beats for place in mixed.places] == [[], [2], []]
    assert any("fewer than 3 seeds are placed" in remark for remark in mixed.remarks)


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


def test_a_floor_of_fewer_samples_is_not_held_against_scores_of_more():
    unlike = {"generated_count": 10_000, "floor_count": 359, "weights": "ema", "definition": 2}
    lines = [ScoreLine(0, "fd_classifier", 2.0, 3.25, (1.5, 2.5), unlike, like) for like in (4, 5)]
    (measure,) = measures(lines)
    assert measure.floor == 3.25 and measure.floor_beside is None
    (remark,) = floor_remarks([measure])
    assert "is on 10,000 samples; real data get 3.25 on 359 samples and the runs 4 to 5" in remark
    assert (
        "its interval is of the distance that so many samples have" in protocol_lines([measure])[0]
    )
    (older,) = measures([replace(lines[0], at_floor_count=None)])
    assert (
        "on 359 samples, which does not compare with scores on 10,000" in floor_remarks([older])[0]
    )
    alike = replace(lines[0], protocol=unlike | {"generated_count": 359}, at_floor_count=None)
    (measure,) = measures([alike])
    assert measure.floor_beside == 3.25 and floor_remarks([measure]) == []
