"""Only like scores share a column of a table."""

import pytest

from gan_lab.evaluation.tables import runs_table
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
