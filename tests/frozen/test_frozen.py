"""What facts.json and names.json hold is so still. They are written anew only where a change was
decided on: `python tests/frozen/freeze.py compare tests/frozen/names.json . --only runs` shows it.

facts.json is of version 0.1, with the dataset files that it had (datasets_of_0.1); names.json has
the runs that the same settings make with those of today, where these differ. Decided since: the
noise of a relativistic loss is apart for real and fake images (metrics.conditional), reports have
other figures, and their columns say the rule of a census and which scores have an interval, and
call the score `confident` what it is, "classifier p > 0.9" (files).
"""

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
NAMES = json.loads((HERE / "names.json").read_text())


def assert_same(before: dict[str, Any], now: dict[str, Any]) -> None:
    differences, _ = compare(before, now)
    assert not differences, "\n".join(differences)


def runs_of(lines: list[str]) -> dict[str, Any]:
    """The facts on the runs of these lines of settings."""
    return {**FACTS, "runs": {line: FACTS["runs"][line] for line in lines}}


@pytest.fixture(scope="session")
def old_checkout(tmp_path_factory) -> Path:
    """The code of today with the dataset files of version 0.1."""
    return freeze.with_old_datasets(CHECKOUT, tmp_path_factory.mktemp("old") / "checkout")


# Hydra takes a tenth of a second for each run: the slow test takes all, this one every second line.
EVERYDAY = [line for line, names in FACTS["runs"].items() if len(names) == 1][::2]


def test_settings_make_the_runs_that_they_made(old_checkout):
    assert_same(runs_of(EVERYDAY), freeze.collect(old_checkout, ["runs"], EVERYDAY))


def test_the_datasets_of_today_make_the_runs_of_today():
    """Of digits, celeba and image_folder; all other settings make the runs of version 0.1."""
    lines = [*EVERYDAY[::3], "dataset=celeba", "dataset=image_folder folder=own"]
    expected = {line: NAMES["runs"].get(line, FACTS["runs"][line]) for line in lines}
    assert_same({**FACTS, "runs": expected}, freeze.collect(CHECKOUT, ["runs"], lines))


def test_only_runs_on_three_datasets_have_new_names():
    changed = {name.split("/")[1] for names in NAMES["runs"].values() for name in names}
    assert {name.split("-")[-3] for name in changed} == {"digits", "celeba", "image_folder"}
    for line, names in NAMES["runs"].items():
        assert not {*names} & {*FACTS["runs"][line]}


@pytest.mark.slow
def test_all_settings_and_sweeps_make_the_runs_that_they_made(old_checkout):
    lines = list(FACTS["runs"])
    assert_same(runs_of(lines), freeze.collect(old_checkout, ["runs"], lines))


@pytest.mark.slow
def test_runs_have_their_numbers_and_files(old_checkout):
    assert_same(FACTS, freeze.collect(old_checkout, ["metrics", "files"]))


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
    keys[keys.index("runtime.study")] = "new_key"
    del changed["runs"]["loss=hinge"]
    changed["runs"]["loss=new"] = ["scratch/dcgan-new-digits-s0-00000000"]
    place = "files.runs.mlp.config.yaml"
    assert compare(FACTS, changed) == (
        ["runs.loss=hinge: lost", f"{place}: 'runtime.study' lost"],
        ["runs.loss=new: added", f"{place}: 'new_key' added"],
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
