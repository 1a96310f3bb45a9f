"""What Weights & Biases gets, read back from its own log; no account and no network."""

import json
import shutil
import signal
import subprocess
import time
from fnmatch import fnmatch

import numpy as np
import pytest
from PIL import Image

from gan_lab.config.run_config import as_content
from gan_lab.tracking.names import display_name
from gan_lab.tracking.wandb_tracker import STEPPED
from small_runs import FEW_SAMPLES, FEW_SCORES, the_run
from wandb_log import logs, read_log, the_log

QUICK = ("hidden_dim=4", "image_size=16", *FEW_SAMPLES, FEW_SCORES)
SCALARS = (
    *("loss/d", "loss/g", "d/real", "d/fake_1", "d/fake_2"),
    *("grad_norm/d", "grad_norm/g", "images", "seconds"),
)


# --- a run without a network ---------------------------------------------------------------------


def works(*command: str) -> bool:
    return (
        shutil.which(command[0]) is not None
        and subprocess.run([*command, "true"], capture_output=True).returncode == 0
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory, gan_lab_in):
    """A folder with one finished run, trained where there is no network at all, if possible.

    Where strace works, network.txt tells what it asked the network for.
    """
    folder = tmp_path_factory.mktemp("offline")
    no_network = ("unshare", "--map-root-user", "--net")
    trace = ("strace", "-f", "--seccomp-bpf", "-e", "connect,sendto,sendmsg", "-o", "network.txt")
    prefix = (*(no_network if works(*no_network) else ()), *(trace if works("strace") else ()))
    if not prefix:
        pytest.skip("neither unshare nor strace can show that the network is left alone")
    result = gan_lab_in(
        folder,
        *("steps=4", "log_every=1", "sample_every=2", "score_every=2", "seed=3", *QUICK),
        *("study=pictures", "wandb.tags=[first, second]"),
        prefix=prefix,
    )
    assert result.returncode == 0, result.stderr
    assert "offline" in result.stdout
    return folder


def test_nothing_goes_over_the_network(folder):
    trace = folder / "network.txt"
    if not trace.exists():
        pytest.skip("no strace; the run was made without a network")
    calls = trace.read_text()
    assert "AF_UNIX" in calls  # or the trace saw nothing
    assert not [line for line in calls.splitlines() if "AF_INET" in line]


def test_a_run_is_filed_with_its_config(folder):
    log, run = the_log(folder), the_run(folder)
    assert log.exit_code == 0
    words = ["latent 16", "hidden 4", "image_size 16", "seed 3"]
    assert log.run.display_name == ", ".join(["dcgan nonsaturating", *words])
    assert (log.run.project, log.run.run_group, log.run.job_type) == (
        "gan_lab",
        "pictures",
        "train",
    )
    assert [*log.run.tags] == ["dcgan", "nonsaturating", "digits", *words, "first", "second"]
    assert json.loads(run.tracker_path.read_text())["id"] == log.run.run_id
    log.config.pop("_wandb")  # its own
    assert log.config == as_content(run.config())


def test_the_scalars_are_those_of_the_run_directory(folder):
    log, metrics = the_log(folder), the_run(folder).metrics()
    assert [line["step"] for line in metrics] == [1, 2, 3, 4]
    assert log.scalars("step", *SCALARS) == [
        {key: line[key] for key in ("step", *SCALARS)} for line in metrics
    ]
    scored = [key for key in metrics[-1] if key.startswith("score/")]
    assert "score/fd_classifier" in scored
    assert log.scalars("step", *scored) == [
        {key: line[key] for key in ("step", *scored)} for line in metrics if line["step"] in (2, 4)
    ]


def test_the_step_is_the_axis_and_scores_keep_their_best(folder):
    metrics = the_log(folder).metrics
    patterns = (*STEPPED, "score/*")
    assert {metrics[pattern].step_metric for pattern in patterns} == {"step"}
    for name in {key for line in the_run(folder).metrics() for key in line} - {"step"}:
        assert len([pattern for pattern in patterns if fnmatch(name, pattern)]) == 1, name
    assert metrics["step"].options.hidden
    assert metrics["score/*"].summary.min and metrics["score/*"].summary.last


def test_final_scores_are_in_the_summary(folder):
    summary = the_log(folder).summary
    final = [line for line in the_run(folder).evaluations() if line.protocol["sets"] > 1]
    assert {line.weights for line in final} == {"ema", "raw"}
    for line in final:
        name = f"evaluation/{line.weights}/{line.score}"
        assert summary[name] == pytest.approx(line.value)


def test_the_sample_grids_are_the_pictures_of_the_run_directory(folder):
    images, run = the_log(folder).images(), the_run(folder)
    assert [step for step, _ in images] == [2, 4]
    for step, path in images:
        ours = np.asarray(Image.open(run.samples / f"{step:08d}.png"))
        with Image.open(path) as theirs:
            assert theirs.format == "PNG"
            assert np.array_equal(np.asarray(theirs), ours)
        assert ours.std() > 10  # neither black nor white


def test_a_picture_says_what_it_shows(folder):
    rows = the_log(folder).rows
    words = [row[name]["caption"] for row in rows for name in ("samples", "interpolation")
             if name in row]  # fmt: skip
    assert words == [
        "raw generator, first 64 latents of the seed, step 2",
        "raw generator, first 64 latents of the seed, step 4",
        "averaged generator (EMA), first 5 pairs of latents of the seed, step 4",
    ]


def test_mode_coverage_is_a_table_and_bars(folder):
    log, file = the_log(folder), the_run(folder).modes("ema")
    census = file.found
    assert (census.samples, file.origin.step) == (60, 4)
    (row,) = [row for row in log.rows if "modes/table" in row]
    assert row["step"] == 4
    expected = [
        [
            entry.name,
            entry.count,
            entry.share,
            *entry.interval,
            entry.real_share,
            entry.expected_share,
        ]
        for entry in census.classes
    ]
    assert [line[0] for line in expected] == [*"0123456789"]
    for name in ("modes/table", "modes/bars_table"):
        table = json.loads((log.path.parent / "files" / row[name]["path"]).read_text())
        assert table["columns"] == [
            *("class", "samples", "share", "low", "high", "real share", "expected share"),
        ]
        assert np.array(table["data"], dtype=object).tolist() == expected
    (chart,) = log.config["_wandb"]["visualize"].values()
    panel = chart["panel_config"]
    assert panel["panelDefId"] == "wandb/bar/v0"
    assert panel["fieldSettings"] == {"label": "class", "value": "share"}
    assert log.summary.get("modes/missing") == census.missing_number
    assert log.summary["modes/unsure"] == pytest.approx(census.unsure.share)
    assert log.summary["modes/conclusion"] == census.conclusion


# --- ends ----------------------------------------------------------------------------------------


def test_a_failing_run_is_closed_as_failed(wandb_here, tmp_path):
    result = wandb_here("lr=1e30", "steps=20", "log_every=1", *QUICK)
    assert result.returncode == 1
    assert the_log(tmp_path).exit_code == 1


def wait_for(condition, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


# Many short steps: W&B writes its log in blocks of 32 KiB, or every quarter of a minute.
ENDLESS = ("steps=1000000", "log_every=1", "batch_size=4", *QUICK)


@pytest.mark.slow
def test_sigterm_saves_and_closes(start_gan_lab, tmp_path):
    process = start_gan_lab(*ENDLESS)
    wait_for(lambda: list(tmp_path.glob("runs/*/*/metrics.jsonl")) and the_run(tmp_path).metrics())
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 143 and "goes on" in output
    run, log = the_run(tmp_path), the_log(tmp_path)
    assert log.exit_code == 143
    assert run.status().state == "interrupted"
    assert run.checkpoint_steps() == [run.metrics()[-1]["step"]] == [log.rows[-1]["step"]]


def test_a_killed_run_leaves_a_readable_log(start_gan_lab, tmp_path):
    process = start_gan_lab(*ENDLESS)
    wait_for(lambda: any(read_log(path).rows for path in logs(tmp_path) if path.stat().st_size))
    process.kill()
    process.wait()
    log, run = the_log(tmp_path), the_run(tmp_path)
    assert log.exit_code is None
    assert log.run.display_name == display_name(run.config())
    rows = log.scalars("step", "loss/d", "loss/g")
    assert rows == [{key: line[key] for key in rows[0]} for line in run.metrics()[: len(rows)]]
