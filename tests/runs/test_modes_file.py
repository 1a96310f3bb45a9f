"""modes_*.json: read as it was written, by this version and by older ones, or not at all."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from gan_lab.runs.census import (
    Beside,
    ClassCensus,
    Diversity,
    Judge,
    ModesFile,
    Origin,
    Pair,
    Share,
    Supports,
)
from gan_lab.runs.directory import Run

(OLD,) = (Path(__file__).parents[1] / "old_run").glob("*/")
OF_OLD = json.loads((OLD / "modes_ema.json").read_text())
SHARE = Share(count=1, of=4, share=0.25, interval=(0.046, 0.699))


def census() -> ClassCensus:
    found = Run(OLD).modes("ema").found
    assert isinstance(found, ClassCensus)
    return found


def written(found: ClassCensus | Diversity, run: Run) -> dict:
    """What the file of a run holds after something was found."""
    file = ModesFile(Origin(step=10, weights="raw", seed=3, version="0.2"), found)
    run.write_modes(file)
    assert run.modes("raw") == file
    return json.loads(run.modes_path("raw").read_text())


def test_a_census_of_old_is_of_the_first_rule_and_loses_nothing(tmp_path):
    file = Run(OLD).modes("ema")
    assert file.origin == Origin(60, "ema", 0, "0.1.0")
    assert (file.found.rule, file.found.judge.name) == (1, "digitscnn-76ec1846")
    Run(tmp_path).write_modes(file)
    text = (tmp_path / "modes_ema.json").read_text()
    assert text.replace(' "rule": 1,\n', "") == (OLD / "modes_ema.json").read_text()


def test_the_keys_stand_in_their_order(tmp_path):
    content = written(census(), Run(tmp_path))
    assert [*content][:7] == ["step", "weights", "seed", "version", "rule", "judge", "samples"]
    assert [*content["classes"][0]] == [
        *("class", "count", "share", "interval", "real_share", "agreement"),
    ]


def test_what_does_not_go_for_samples_is_left_out(tmp_path):
    plain = replace(
        census(),
        judge=Judge(rule="the centre within 3 std"),
        classes=tuple(replace(entry, agreement=None) for entry in census().classes),
        agreement=None,
        kl=None,
    )
    content = written(plain, Run(tmp_path))
    assert content["judge"] == {"rule": "the centre within 3 std"}
    assert {"agreement", "high_quality"}.isdisjoint({*content, *content["classes"][0]})
    assert content["kl"] is None
    points = written(replace(plain, high_quality=SHARE), Run(tmp_path))
    assert [*points][-2:] == ["conclusion", "high_quality"]


def test_diversity_is_read_as_it_was_written(tmp_path):
    found = Diversity(
        samples=4,
        spread=Beside(1.0, 2.0),
        nearest=Beside(0.5, 0.6),
        duplicate_distance=0.1,
        duplicates=SHARE,
        real_duplicates=SHARE,
        birthday=Supports(None, 3),
        closest_pairs=(Pair((0, 2), 0.1),),
        conclusion="No repetition is seen.",
    )
    content = written(found, Run(tmp_path))
    assert "rule" not in content and content["closest_pairs"] == [
        {"samples": [0, 2], "distance": 0.1}
    ]


def test_the_first_censuses_counted_what_they_named(tmp_path):
    lacking = ("missing_number", "undecided", "seen", "expected_seen")
    first = {key: value for key, value in OF_OLD.items() if key not in lacking}
    (tmp_path / "modes_ema.json").write_text(json.dumps(first))
    assert Run(tmp_path).modes("ema").found.missing_number == len(OF_OLD["missing"]) == 7
    (tmp_path / "modes_ema.json").write_text(json.dumps(OF_OLD | {"missing_number": None}))
    assert Run(tmp_path).modes("ema").found.missing_number is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        json.dumps(OF_OLD | {"classes": [{"class": "0"}]}),
        json.dumps(OF_OLD | {"classes": None}),
        json.dumps(OF_OLD | {"missing": None}),
        json.dumps(OF_OLD | {"unsure": {"share": "many"}}),
        json.dumps(OF_OLD | {"spread": {}}),
        json.dumps({key: value for key, value in OF_OLD.items() if key != "judge"}),
    ],
)
def test_a_damaged_file_is_none(tmp_path, text):
    (tmp_path / "modes_ema.json").write_text(text)
    assert Run(tmp_path).modes("ema") is None
    assert Run(tmp_path).modes("raw") is None
