"""A run that goes on is the longer run: the same numbers, pictures and checkpoints."""

import pytest

from gan_lab.runs.directory import Run
from small_runs import the_run

POINTS = ("dataset=ring", "model=point_mlp", "hidden_dim=4", "logger=none", "study=points",
          "evaluation.samples=60", "evaluation.samples_during=60")  # fmt: skip


def left(run: Run) -> dict[str, object]:
    """What a run is, without how long it took: pictures and checkpoints by name."""
    return {
        "metrics": [{**line, "seconds": 0} for line in run.metrics()],
        "samples": {step: run.sample_path(step).read_bytes() for step in run.sample_steps()},
        "checkpoints": run.checkpoint_steps(),
    }


@pytest.mark.slow
def test_500_steps_and_then_2000_are_2000_undisturbed(gan_lab_in, tmp_path):
    for name, lengths in (("one", [2000]), ("two", [500, 2000])):
        (tmp_path / name).mkdir()
        for steps in lengths:
            result = gan_lab_in(tmp_path / name, *POINTS, f"steps={steps}")
            assert result.returncode == 0, result.stderr
            if steps == 500:
                looks = [line for line in the_run(tmp_path / name).metrics() if
                         "monitor/spread" in line]  # fmt: skip
                assert [line["step"] for line in looks] == [100, 200, 300, 400, 500]
                assert the_run(tmp_path / name).sample_steps() == [0, 100, 200, 300, 400, 500]
    assert left(the_run(tmp_path / "one")) == left(the_run(tmp_path / "two"))


@pytest.mark.parametrize("settings", [(), ("dataset=ring", "model=point_mlp")])
def test_debug_writes_everything_that_a_run_writes(gan_lab_here, tmp_path, settings):
    result = gan_lab_here("debug=true", "logger=tensorboard", "image_size=16", *settings)
    assert result.returncode == 0, result.stderr
    run = the_run(tmp_path)
    assert run.directory.parent.name == "debug"
    assert (run.status().state, run.status().step) == ("finished", 10)
    assert [line["step"] for line in run.metrics()] == list(range(1, 11))
    assert run.sample_steps() == [0, *run.checkpoint_steps()] == [0, 5, 10]
    assert {line.step for line in run.evaluations()} == {5, 10}
    assert run.curves_path.is_file() and list(run.tensorboard.iterdir())
    assert run.modes("ema") is not None
    assert bool(list(run.directory.glob("figures/interpolation.png"))) == (not settings)
