"""A run whose files are damaged is mended by its own command, or what is lost is said."""

import shutil
from pathlib import Path

import pytest
import torch
import yaml

from forked_runs import without_seconds
from gan_lab.runs.damage import damage
from gan_lab.runs.directory import Run
from gan_lab.runs.lines import Gap, gaps
from small_runs import FAILED, QUICK, SHORT, assert_one_line, runs_in, the_run

CONFIGS = ("", "format: 2\nchoices:", "[", "latent_dim: 3\n")  # that are none
QUICKLY = ("step of 10^9", "nan weight", "state of another shape")
COMMAND = (*QUICK, "hidden_dim=4", "steps=6", "checkpoint_every=2", "log_every=1")


@pytest.fixture(scope="module")
def finished(tmp_path_factory, gan_lab_here_in) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    assert gan_lab_here_in(folder, *COMMAND).returncode == 0
    return folder


@pytest.fixture
def run(finished, tmp_path) -> Run:
    shutil.copytree(finished / "runs", tmp_path / "runs")
    return the_run(tmp_path)


@pytest.mark.parametrize(
    "text", [None, *(pytest.param(text, marks=pytest.mark.slow) for text in CONFIGS)]
)
def test_a_finished_run_without_its_config_is_mended_by_its_command(
    gan_lab_here, run, text, finished
):
    if text is None:
        run.config_path.unlink()
    else:
        run.config_path.write_text(text, encoding="utf-8")
    result = gan_lab_here(*COMMAND)
    assert result.returncode == 0, result.stderr
    assert "config.yaml is written anew" in result.stdout
    assert "going on" not in result.stdout  # it was finished, and is found so
    whole = the_run(finished)
    assert run.config() == whole.config() and not damage(run)
    assert gan_lab_here("evaluate", "latest", "--samples", "60").returncode == 0


@pytest.mark.parametrize(
    ("steps", "until", "log_every", "found"),
    [
        ([5, 10, 15], 15, 5, []),
        ([5, 10, 15], 19, 5, []),
        ([5, 15], 15, 5, [Gap(6, 14)]),
        ([5, 10], 15, 5, [Gap(11, 15)]),
        ([], 12, 5, [Gap(1, 12)]),
        ([], 4, 5, []),
        ([], 100, 0, []),
        ([5, 10, 20, 30], 30, 10, []),  # logged every 5 steps at first
        ([5, 10, 15], 10, 5, []),
    ],
)
def test_gaps_are_steps_of_which_lines_are_lost(steps, until, log_every, found):
    assert gaps(steps, until, log_every) == found


@pytest.mark.parametrize(
    "what",
    ["all NUL", *(pytest.param(what, marks=pytest.mark.slow) for what in ("removed", "empty"))],
)
def test_lost_lines_are_said_and_shown(gan_lab_here, run, what):
    content = run.metrics_path.read_bytes()
    run.metrics_path.unlink()
    if what != "removed":
        run.metrics_path.write_bytes(bytes(len(content)) if what == "all NUL" else b"")
    words = "metrics.jsonl has no lines of steps 1 to 6"
    done = gan_lab_here(*COMMAND)
    assert done.returncode == 0 and words in done.stdout
    result = gan_lab_here(*(text.replace("steps=6", "steps=8") for text in COMMAND))
    assert result.returncode == 0 and words in result.stdout
    assert [line["step"] for line in run.metrics()] == [7, 8]
    assert any("no lines of steps 1 to 6" in fault for fault in damage(run))


def test_lines_lost_at_the_end_are_trained_again(gan_lab_here, run, finished):
    """As a power cut leaves them that took lines with it and not the checkpoint after them."""
    lines = run.metrics_path.read_bytes().splitlines(keepends=True)
    run.metrics_path.write_bytes(b"".join(lines[:4]) + bytes(300))
    run.set_status("running", 6)
    result = gan_lab_here(*COMMAND)
    assert result.returncode == 0 and "going on from step 4" in result.stdout
    assert without_seconds(run.metrics()) == without_seconds(the_run(finished).metrics())
    assert not damage(run)


def changed(run: Run, change) -> Path:
    """Write the newest checkpoint again, changed."""
    path = run.checkpoint_path(run.checkpoint_steps()[-1])
    content = torch.load(path, weights_only=True)
    change(content)
    torch.save(content, path)
    return path


def with_nan(content):
    next(iter(content["generator"].values()))[:1] = float("nan")


def with_other_shape(content):
    name = next(iter(content["discriminator"]))
    content["discriminator"][name] = torch.zeros(3)


CHANGES = {
    "step of 10^9": lambda content: content["progress"].update(step=10**9),
    "step is true": lambda content: content["progress"].update(step=True),
    "negative seconds": lambda content: content["progress"].update(seconds=-1.0),
    "best score is nan": lambda content: content["progress"].update(best_score=float("nan")),
    "nan weight": with_nan,
    "other shape": with_other_shape,
    "text for weights": lambda content: content.update(average="none"),
    "text for a tensor": lambda content: content["generator"].update(extra="none"),
    "no state of an optimizer": lambda content: content.update(optimizer_g={}),
    "state of nothing": lambda content: content["optimizer_g"].update(state={}),
    "sparse weights": lambda content: content.update(
        generator={name: weights.to_sparse() for name, weights in content["generator"].items()}
    ),
    "half a state": lambda content: content["optimizer_d"]["state"].pop(0),
    "state of another shape": lambda content: content["optimizer_g"]["state"][0].update(
        exp_avg=torch.zeros(2, 2)
    ),
}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(change, marks=[] if change in QUICKLY else [pytest.mark.slow])
        for change in CHANGES
    ],
)
def test_a_checkpoint_of_wrong_content_gives_way_to_the_one_before(
    gan_lab_here, run, finished, change
):
    path = changed(run, CHANGES[change])
    run.set_status("running", 6)
    result = gan_lab_here(*COMMAND)
    assert result.returncode == 0, result.stderr
    assert f"{path.name} is corrupt" in result.stdout and "going on from step 4" in result.stdout
    assert without_seconds(run.metrics()) == without_seconds(the_run(finished).metrics())


@pytest.mark.slow
@pytest.mark.parametrize("change", ["nan weight", "other shape", "text for weights"])
def test_weights_that_are_none_are_never_drawn(gan_lab_here, run, change):
    changed(run, CHANGES[change])
    assert_one_line(gan_lab_here("sample", "latest"), FAILED, "checkpoint", "put back what it was")


def test_weights_without_a_number_are_one_line(gan_lab_here, run):
    text = run.config_path.read_text(encoding="utf-8").replace("    ngf: 4", "    ngf: 0")
    run.config_path.write_text(text, encoding="utf-8")
    result = gan_lab_here("sample", "latest")
    assert_one_line(result, FAILED, "config.yaml", "all widths must be 1 or more")


def test_a_state_that_only_equilibrium_asks_for_is_one_line(gan_lab_here, run):
    path = changed(run, lambda content: content["optimizer_d"]["state"][0].update(exp_avg="text"))
    arguments = ("equilibrium", "latest", "--steps", "2", "--fresh-steps", "2")
    assert_one_line(gan_lab_here(*arguments), FAILED, path.name, "no tensor")


def test_a_score_that_a_config_names_and_nobody_knows_is_said_with_its_file(gan_lab_here, run):
    text = run.config_path.read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    content["dataset"]["scores"] = ["nothing"]
    run.config_path.write_text(yaml.safe_dump(content), encoding="utf-8")
    result = gan_lab_here("evaluate", "latest")
    assert_one_line(result, FAILED, "config.yaml", "unknown score 'nothing'")


def test_a_config_that_asks_for_huge_networks_is_refused_without_building_them(gan_lab_here, run):
    text = run.config_path.read_text(encoding="utf-8").replace("    ngf: 4", "    ngf: 1000000")
    assert "    ngf: 1000000" in text  # a first layer of terabytes
    run.config_path.write_text(text, encoding="utf-8")
    assert_one_line(gan_lab_here("sample", "latest"), FAILED, "does not fit the networks")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "now"),
    [("latent_dim: 16", "latent_dim: -3"), ("batch_size: 64", "batch_size: 0"),
     ("lr_g: 0.0002", "lr_g: .nan"), ("samples: 60", "samples: -1"),
     ("image_count: ", "image_count: -")],
)  # fmt: skip
def test_a_value_that_no_command_writes_is_one_line(gan_lab_here, run, before, now):
    text = run.config_path.read_text(encoding="utf-8")
    assert before in text
    run.config_path.write_text(text.replace(before, now), encoding="utf-8")
    assert_one_line(gan_lab_here("sample", "latest"), FAILED, "config.yaml", now.split(":")[0])


def test_a_status_of_another_step_than_its_checkpoint_is_not_believed(gan_lab_here, run):
    run.set_status("finished", 10**9)
    result = gan_lab_here(*COMMAND)
    assert result.returncode == 0 and "going on from step 6" in result.stdout
    assert run.status().step == 6


@pytest.mark.slow
def test_a_member_whose_data_are_not_there_is_listed_as_failed(gan_lab, tmp_path):
    (tmp_path / "empty").mkdir()
    settings = ("-m", "dataset=digits,mnist", "data_root=empty", *SHORT)
    result = gan_lab(*settings)
    assert result.returncode == 1
    states = {run.config().choices.dataset: run.status() for run in runs_in(tmp_path).values()}
    assert states["digits"].state == "finished"
    assert states["mnist"].state == "failed" and "MNIST is not under" in states["mnist"].reason
    (row,) = [line for line in result.stdout.splitlines() if " new " in line and "mnist" in line]
    assert " failed " in row
    assert "MNIST is not under" in gan_lab("runs").stdout
