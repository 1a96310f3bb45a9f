"""When a run draws, scores and saves: by the step alone, so that a longer run has the same."""

import pytest

from gan_lab.common.errors import UsageError
from gan_lab.config.compose import jobs
from gan_lab.config.identity import run_directory
from gan_lab.config.length import Schedule, Steps, make_schedule
from gan_lab.config.run_config import as_content, read_config
from small_runs import config_of, knobs

EARLY = [100, 200, 300, 400, 500]


def schedule_of(*settings: str) -> Schedule:
    return make_schedule(config_of(*settings), count=1438)


def listed(steps: Steps, last: int) -> list[int]:
    return [step for step in range(1, last + 1) if step in steps]


def test_unless_set_there_are_five_early_ones_and_then_the_usual():
    schedule = schedule_of("steps=4000")
    assert listed(schedule.drawn, 2500) == [*EARLY, 1000, 1500, 2000, 2500]
    for steps in (schedule.scored, schedule.saved):
        assert listed(steps, 4000) == [*EARLY, 1000, 2000, 3000, 4000]
    assert listed(schedule.logged, 200) == [50, 100, 150, 200]


@pytest.mark.parametrize(
    ("key", "place"),
    [("sample_every", "drawn"), ("score_every", "scored"), ("checkpoint_every", "saved")],
)
@pytest.mark.parametrize(("every", "expected"), [(0, []), (700, [700, 1400]), (1000, [1000])])
def test_an_interval_that_is_set_is_all_there_is(key, place, every, expected):
    assert listed(getattr(schedule_of(f"{key}={every}"), place), 1500) == expected


@pytest.mark.parametrize("length", ["steps=500", "steps=40000", "epochs=3"])
def test_the_length_does_not_move_them(length):
    assert schedule_of(length).scored == schedule_of("steps=4000").scored


@pytest.mark.parametrize("steps", [Steps(0), Steps(7), Steps(500, (100, 500)), Steps(0, (3,))])
def test_they_are_counted_as_they_are_listed(steps):
    for done, last in [(0, 20), (3, 100), (99, 100), (100, 1000), (499, 2001), (7, 7)]:
        assert steps.count(done, last) == len([s for s in listed(steps, last) if s > done])


def test_no_interval_is_hashed_and_old_configs_keep_theirs():
    config = config_of()
    content = as_content(config)
    content["runtime"] |= {"sample_every": 500, "score_every": 1000, "checkpoint_every": 1000}
    old = read_config(content)
    assert run_directory(old) == run_directory(config)
    assert listed(make_schedule(old, 1438).scored, 2000) == [1000, 2000]


# --- debug=true ----------------------------------------------------------------------------------


def test_debug_is_ten_steps_of_tiny_networks():
    found = knobs("debug=true")
    assert (found["steps"], found["ngf"], found["ndf"], found["study"]) == (10, 4, 4, "debug")
    assert config_of("debug=false") == config_of()


def test_what_is_typed_beside_debug_holds():
    found = knobs("debug=true", "epochs=1", "ngf=6", "study=mine", "score_every=0")
    assert (found["steps"], found["epochs"], found["study"]) == (None, 1, "mine")
    assert (found["ngf"], found["ndf"], found["score_every"]) == (6, 4, 0)
    made = jobs(["debug=true", "seed=3,4", "experiment=mnist_baseline"], True)
    assert [(job.config.seed, job.config.runtime.steps) for job in made] == [(3, 10), (4, 10)]


@pytest.mark.parametrize("pack", [1, 2, 3, 4])
def test_packs_fit_into_its_batches(pack):
    assert knobs("debug=true", f"pack={pack}")["batch_size"] % pack == 0


def test_debug_is_true_or_false():
    with pytest.raises(UsageError, match="debug=much: expected true or false"):
        config_of("debug=much")
