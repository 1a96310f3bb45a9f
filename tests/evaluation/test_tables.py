"""Only like scores share a column of a table."""

from dataclasses import replace

import pytest

from gan_lab.evaluation.tables import folder_table, runs_table, score_table
from gan_lab.runs.lines import ScoreLine
from gan_lab.runs.protocol import WORDS


def line(**protocol: str | int) -> ScoreLine:
    defaults = dict.fromkeys(WORDS, "same") | {"weights": "ema", "seed": 0}
    return ScoreLine(10, "swd", 1.5, 0.5, None, {**defaults, **protocol})


@pytest.mark.parametrize("key", WORDS)
def test_whatever_differs_gets_a_column_of_its_own_and_is_named(key):
    table = runs_table({"a": [line()], "b": [line(**{key: "other"})], "c": [line(seed=7)]})
    heading, row_a, row_b, row_c, floors, remark = table
    assert heading.split() == ["run", "swd", "(1)", "swd", "(2)"]
    assert row_a.split() == ["a", "1.5"] and row_c.split() == ["c", "1.5"]
    assert row_a.index("1.5") == row_c.index("1.5") < row_b.index("1.5")
    assert floors.split() == ["real", "test", "0.5", "0.5"]
    assert remark.startswith("not comparable: swd (1) and swd (2): ")
    assert f"{WORDS[key]}: " in remark and "other" in remark


def test_like_scores_share_a_column():
    table = runs_table({"a": [line()], "b": [line(seed=1, version="another")]})
    assert table[0].split() == ["run", "swd"] and len(table) == 4


def scored(weights: str | None, value: float, **changes: object) -> ScoreLine:
    protocol = {"generated_count": 10_000, "floor_count": 359, "definition": 2,
                "weights": weights, "extractor": "net"}  # fmt: skip
    defaults = {"interval": (value - 0.5, value + 0.5), "at_floor_count": value + 1}
    return ScoreLine(10, "fd_classifier", value, 3.25, protocol=protocol, **defaults | changes)


def test_a_floor_of_fewer_samples_stands_beside_the_scores_on_as_many():
    heading, all_samples, as_many, interval = score_table([scored("ema", 2), scored("raw", 4)])
    assert heading.split() == ["score", "samples", "EMA", "raw", "real", "test"]
    assert all_samples.split() == ["FD-net", "10,000", "2", "±0.5", "4", "±0.5"]
    assert as_many.split() == ["359", "3", "5", "3.25"]
    assert interval == "± of FD-net: the distance that so many samples have on average"
    assert folder_table([scored(None, 2)])[2].split() == ["359", "3", "3.25"]
    table = runs_table({"a": [scored("ema", 2)]})
    assert table[1].split() == ["a", "2", "±0.5", "(3)"]
    assert table[-1].endswith("of 10,000 samples, in brackets of 359, as many as real test has")


def test_an_interval_of_an_older_definition_is_not_said_to_be_of_what_it_is_of_today():
    line = scored("ema", 2)
    old = replace(line, protocol={k: v for k, v in line.protocol.items() if k != "definition"})
    assert not any("average" in text for text in score_table([old]))
    remarks = runs_table({"a": [line], "b": [old]})
    assert any("definition of the score: 2 / None" in text for text in remarks)
