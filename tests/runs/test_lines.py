"""What is read of a run whose files are damaged."""

import json

import pytest

from gan_lab.common.typed import Malformed
from gan_lab.runs.damage import damage
from gan_lab.runs.directory import Run
from gan_lab.runs.lines import Start, Status, read_status

WHOLE = (
    '{"step": 3, "score": "swd", "value": 2.5, "floor": null, "interval": [2.0, 3.0], '
    '"protocol": {"weights": "ema", "generated_shape": "1x8x8", "generated_count": 50}}\n'
)


@pytest.fixture
def run(tmp_path) -> Run:
    return Run(tmp_path)


@pytest.mark.parametrize(
    "line",
    ["[]", "3", WHOLE.replace("2.5", '"2.5"'), WHOLE.replace("[2.0, 3.0]", "[2.0]"),
     WHOLE.replace('"step": 3, ', ""), WHOLE.replace('{"weights"', '[{"weights"'),
     WHOLE.replace('"ema"', "null"), WHOLE.replace('"ema"', "true"), WHOLE.replace('"ema"', '""'),
     WHOLE.replace("50", '"50"')],
)  # fmt: skip
def test_a_damaged_score_is_left_out_and_named(run, line):
    run.evaluations_path.write_text(f"{WHOLE}{line.rstrip()}\n{WHOLE}", encoding="utf-8")
    assert [found.value for found in run.evaluations()] == [2.5, 2.5]
    assert run.final_scores() == {"swd": 2.5}
    _, fault = damage(run)  # the first is that the folder has no config.yaml
    assert fault.startswith(f"{run.evaluations_path}, line 2: ")


def test_a_last_score_that_is_cut_is_damage_for_the_file_is_written_whole(run):
    run.evaluations_path.write_text(f"{WHOLE}{WHOLE[:40]}", encoding="utf-8")
    assert [found.value for found in run.evaluations()] == [2.5]
    _, fault = damage(run)
    assert fault.startswith(f"{run.evaluations_path}, line 2: ") and "evaluate RUN" in fault


def test_seconds_are_those_of_the_last_line_that_has_them(run):
    assert run.seconds() is None
    run.metrics_path.write_text('{"step": 1, "seconds": 2.5}\n{"step": 2}\n', encoding="utf-8")
    assert run.seconds() == 2.5


@pytest.mark.parametrize("text", ["[]", "7", '{"state": 1}', '{"state": "failed"}', "\x00", ""])
def test_a_damaged_status_is_that_of_a_new_run(run, text):
    run.status_path.write_text(text, encoding="utf-8")
    assert run.status() == Status("new", 0, "")


@pytest.mark.parametrize("text", ["[1]", "[null]", '{"command": "x"}', "[", '[{"threads": {}}]'])
def test_damaged_starts_are_none(run, text):
    run.environment_path.write_text(text, encoding="utf-8")
    assert run.environment() == []


def test_what_older_starts_did_not_say_is_unknown(run):
    run.environment_path.write_text('[{"command": "gan-lab"}]', encoding="utf-8")
    assert run.environment() == [Start("gan-lab", None, {})]


# --- how long it took ----------------------------------------------------------------------------


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is set."""

    class Clock:
        now = 100.0

        def monotonic(self) -> float:
            return self.now

    clock = Clock()
    monkeypatch.setattr("gan_lab.runs.directory.time", clock)
    return clock


def test_the_time_of_all_starts_is_counted_and_not_that_between_them(tmp_path, clock):
    first = Run(tmp_path / "run")
    first.take()
    clock.now = 103.0
    first.set_status("interrupted", 5)
    first.release()
    clock.now = 500.0
    second = Run(tmp_path / "run")
    second.take()
    clock.now = 504.5
    second.set_status("finished", 9)
    assert second.status().total_seconds == 7.5
    second.clear()
    clock.now = 505.0
    second.set_status("running", 0)
    assert second.status().total_seconds == 0.5


def test_the_time_of_a_run_that_an_older_version_began_is_not_known(tmp_path, clock):
    run = Run(tmp_path / "run")
    run.directory.mkdir()
    run.status_path.write_text('{"state": "interrupted", "step": 5, "reason": ""}')
    run.take()
    clock.now = 200.0
    run.set_status("finished", 9)
    assert run.status().total_seconds is None


@pytest.mark.parametrize("seconds", ["-1", "1e400", "true", '"1"'])
def test_a_time_that_is_none_is_damage(tmp_path, seconds):
    text = f'{{"state": "finished", "step": 5, "reason": "", "total_seconds": {seconds}}}'
    with pytest.raises(Malformed):
        read_status(json.loads(text))
