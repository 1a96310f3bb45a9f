"""What facts.json holds is so still. It is written anew only where a change was decided on:
`python tests/frozen/freeze.py compare tests/frozen/facts.json .` shows all of it."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

import freeze
from frozen_difference import compare

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]
FACTS = json.loads((HERE / "facts.json").read_text())


def assert_same(before: dict[str, Any], now: dict[str, Any]) -> None:
    differences, _ = compare(before, now)
    assert not differences, "\n".join(differences)


def runs_of(lines: list[str]) -> dict[str, Any]:
    """The facts on the runs of these lines of settings."""
    return {**FACTS, "runs": {line: FACTS["runs"][line] for line in lines}}


# Hydra takes a tenth of a second for each run: the slow test takes all, this one every second line.
EVERYDAY = [line for line, names in FACTS["runs"].items() if len(names) == 1][::2]


def test_settings_make_the_runs_that_they_made():
    assert_same(runs_of(EVERYDAY), freeze.collect(CHECKOUT, ["runs"], EVERYDAY))


@pytest.mark.slow
def test_all_settings_and_sweeps_make_the_runs_that_they_made():
    lines = list(FACTS["runs"])
    assert_same(runs_of(lines), freeze.collect(CHECKOUT, ["runs"], lines))


@pytest.mark.slow
def test_runs_have_their_numbers_and_files():
    assert_same(FACTS, freeze.collect(CHECKOUT, ["metrics", "files"]))


def test_a_changed_hash_is_one_line():
    changed = copy.deepcopy(FACTS)
    names = changed["runs"]["experiment=mnist_capacity"]
    before, names[3] = names[3], names[3][:-8] + "00000000"
    assert compare(FACTS, changed) == (
        [f"runs.experiment=mnist_capacity[3]: {before!r} became {names[3]!r}"],
        [],
    )


def test_what_is_lost_is_a_difference_and_what_is_new_a_remark():
    changed = copy.deepcopy(FACTS)
    keys = changed["files"]["runs"]["mlp"]["config.yaml"]
    keys[keys.index("runtime.study")] = "format"
    del changed["runs"]["loss=hinge"]
    changed["runs"]["loss=new"] = ["scratch/dcgan-new-digits-s0-00000000"]
    place = "files.runs.mlp.config.yaml"
    assert compare(FACTS, changed) == (
        ["runs.loss=hinge: lost", f"{place}: 'runtime.study' lost"],
        ["runs.loss=new: added", f"{place}: 'format' added"],
    )


def test_numbers_are_equal_to_the_bit_on_one_machine_and_nearly_on_another():
    changed = copy.deepcopy(FACTS)
    line = changed["metrics"]["points"]["lines"][9]
    line["loss/d"] *= 1 + 1e-9
    line["score/wasserstein"] *= 2
    differences, _ = compare(FACTS, changed)
    assert [text.partition(":")[0] for text in differences] == [
        "metrics.points.lines[9].loss/d",
        "metrics.points.lines[9].score/wasserstein",
    ]
    changed["machine"]["processor"] = "another"
    differences, remarks = compare(FACTS, changed)
    assert not differences and "two machines" in remarks[0]
    line["loss/d"] *= 1.01
    assert len(compare(FACTS, changed)[0]) == 1
