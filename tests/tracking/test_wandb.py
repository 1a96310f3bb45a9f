"""What Weights & Biases gets, read back from its own log; no account and no network."""

import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf
from PIL import Image

from gan_lab.common.errors import UsageError
from gan_lab.runs.directory import Run, run_directories
from gan_lab.tracking import STEPPED
from gan_lab.tracking.wandb_settings import connect_seconds, is_logged_in, wandb_mode

QUICK = ("evaluation.samples=200", "evaluation.samples_during=100")
SCALARS = (
    *("loss/d", "loss/g", "d/real", "d/fake_1", "d/fake_2"),
    *("grad_norm/d", "grad_norm/g", "images", "seconds"),
)


# --- the log: LevelDB's container (32 KiB blocks of chunks) of protobuf records ------------------

BLOCK, CHUNK = 32 * 1024, struct.Struct("<IHB")  # a chunk: checksum, length, kind, bytes
FULL, LAST = 1, 4


def payloads(content: bytes) -> Iterator[bytes]:
    """The records of a log, up to where a kill cut it."""
    assert content[:4] == b":W&B"
    position, record = 7, b""
    while position + CHUNK.size <= len(content):
        room = BLOCK - position % BLOCK
        if room < CHUNK.size:
            position += room
            continue
        checksum, length, kind = CHUNK.unpack_from(content, position)
        position += CHUNK.size
        part = content[position : position + length]
        if zlib.crc32(part, zlib.crc32(bytes([kind]))) != checksum:
            return
        position, record = position + length, record + part
        if kind in (FULL, LAST):
            yield record
            record = b""


@dataclass
class Log:
    """What a .wandb file says."""

    path: Path
    run: Any = None
    config: dict[str, Any] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    metrics: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    exit_code: int | None = None

    def scalars(self, *keys: str) -> list[dict[str, float]]:
        """The rows that hold all the keys, without anything else."""
        return [{key: row[key] for key in keys} for row in self.rows if row.keys() >= {*keys}]

    def images(self) -> list[tuple[int, Path]]:
        """The sample grids: their steps and their files."""
        files = self.path.parent / "files"
        rows = [row for row in self.rows if "samples" in row]
        return [(row["step"], files / row["samples"]["path"]) for row in rows]


def read_log(path: Path) -> Log:
    from wandb.proto.wandb_internal_pb2 import Record

    log = Log(path)
    for payload in payloads(path.read_bytes()):
        record = Record.FromString(payload)
        match record.WhichOneof("record_type"):
            case "run":
                log.run = record.run
                update(log.config, record.run.config.update)
            case "config":
                update(log.config, record.config.update)
            case "history":
                log.rows.append(update({}, record.history.item))
            case "summary":
                update(log.summary, record.summary.update)
            case "metric":
                log.metrics[record.metric.name or record.metric.glob_name] = record.metric
            case "exit":
                log.exit_code = record.exit.exit_code
    return log


def update(tree: dict[str, Any], items: Any) -> dict[str, Any]:
    """Set items, of which a nested one is written leaf by leaf."""
    for item in items:
        *parents, leaf = item.nested_key or [item.key]
        branch = tree
        for parent in parents:
            branch = branch.setdefault(parent, {})
        branch[leaf] = json.loads(item.value_json)
    return tree


def logs(folder: Path) -> list[Path]:
    """The logs of all runs, oldest first: they share one directory."""
    return sorted((folder / "runs" / "wandb").glob("offline-run-*/run-*.wandb"))


def the_log(folder: Path) -> Log:
    (path,) = logs(folder)
    return read_log(path)


def the_run(folder: Path) -> Run:
    (directory,) = run_directories(folder / "runs")
    return Run(directory)


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
    assert log.run.display_name == run.directory.name
    assert (log.run.project, log.run.run_group, log.run.job_type) == (
        "gan_lab",
        "pictures",
        "train",
    )
    assert [*log.run.tags] == ["dcgan", "nonsaturating", "digits", "first", "second"]
    assert json.loads(run.tracker_path.read_text())["id"] == log.run.run_id
    log.config.pop("_wandb")  # its own
    assert log.config == OmegaConf.to_container(run.config())


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
    final = [
        line for line in the_run(folder).evaluations() if line["protocol"]["generated_count"] == 200
    ]
    assert {line["protocol"]["weights"] for line in final} == {"ema", "raw"}
    for line in final:
        name = f"evaluation/{line['protocol']['weights']}/{line['score']}"
        assert summary[name] == pytest.approx(line["value"])


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
    log, census = the_log(folder), the_run(folder).modes("ema")
    assert (census["samples"], census["step"]) == (200, 4)
    (row,) = [row for row in log.rows if "modes/table" in row]
    assert row["step"] == 4
    expected = [
        [entry["class"], entry["count"], entry["share"], *entry["interval"], entry["real_share"]]
        for entry in census["classes"]
    ]
    assert [line[0] for line in expected] == [*"0123456789"]
    for name in ("modes/table", "modes/bars_table"):
        table = json.loads((log.path.parent / "files" / row[name]["path"]).read_text())
        assert table["columns"] == ["class", "samples", "share", "low", "high", "real share"]
        assert np.array(table["data"], dtype=object).tolist() == expected
    (chart,) = log.config["_wandb"]["visualize"].values()
    panel = chart["panel_config"]
    assert panel["panelDefId"] == "wandb/bar/v0"
    assert panel["fieldSettings"] == {"label": "class", "value": "share"}
    assert log.summary.get("modes/missing") == census["missing_number"]
    assert log.summary["modes/unsure"] == pytest.approx(census["unsure"]["share"])
    assert log.summary["modes/conclusion"] == census["conclusion"]


# --- ends ----------------------------------------------------------------------------------------


def test_a_failing_run_is_closed_as_failed(gan_lab, tmp_path):
    result = gan_lab("lr=1e30", "steps=20", "log_every=1", *QUICK)
    assert result.returncode == 1
    assert the_log(tmp_path).exit_code == 1


def wait_for(condition, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


# Many short steps: W&B writes its log in blocks of 32 KiB, or every quarter of a minute.
ENDLESS = ("steps=1000000", "log_every=1", "image_size=8", "hidden_dim=4", "batch_size=4", *QUICK)


def test_sigterm_saves_and_closes(start_gan_lab, tmp_path):
    process = start_gan_lab(*ENDLESS)
    wait_for(lambda: list(tmp_path.glob("runs/*/*/metrics.jsonl")) and the_run(tmp_path).metrics())
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 143 and "goes on" in output
    run, log = the_run(tmp_path), the_log(tmp_path)
    assert log.exit_code == 143
    assert run.status()["state"] == "interrupted"
    assert run.checkpoint_steps() == [run.metrics()[-1]["step"]] == [log.rows[-1]["step"]]


def test_a_killed_run_leaves_a_readable_log(start_gan_lab, tmp_path):
    process = start_gan_lab(*ENDLESS)
    wait_for(lambda: any(read_log(path).rows for path in logs(tmp_path) if path.stat().st_size))
    process.kill()
    process.wait()
    log, run = the_log(tmp_path), the_run(tmp_path)
    assert log.exit_code is None
    assert log.run.display_name == run.directory.name
    rows = log.scalars("step", "loss/d", "loss/g")
    assert rows == [{key: line[key] for key in rows[0]} for line in run.metrics()[: len(rows)]]


# --- settings ------------------------------------------------------------------------------------


@pytest.fixture
def wandb_here(gan_lab_here):
    """Run `gan-lab` in this process, and end W&B's own, which may write on after a run's end."""
    import wandb

    def call(*arguments: str):
        try:
            return gan_lab_here(*arguments)
        finally:
            wandb.teardown()

    return call


@pytest.mark.parametrize(
    ("variables", "settings", "expected"),
    [
        ({}, "", ("gan_lab", "")),  # offline, for nobody is logged in
        ({"WANDB_MODE": "offline"}, "", ("gan_lab", "")),
        ({"WANDB_PROJECT": "faces", "WANDB_ENTITY": "us"}, "", ("faces", "us")),
        ({"WANDB_PROJECT": "faces"}, "wandb.project=digits wandb.entity=me", ("digits", "me")),
        ({"WANDB_MODE": "disabled"}, "wandb.mode=offline", ("gan_lab", "")),
        ({"WANDB_MODE": "disabled"}, "", None),
        ({"WANDB_MODE": "offline"}, "wandb.mode=disabled", None),
        ({"WANDB_MODE": "", "WANDB_PROJECT": "x"}, "", ("x", "")),
        ({"WANDB_DISABLED": "true"}, "", None),
    ],
)
def test_modes_projects_and_entities(
    wandb_here, monkeypatch, tmp_path, variables, settings, expected
):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    result = wandb_here("steps=1", *QUICK, *settings.split())
    assert result.returncode == 0, result.stderr
    if expected is None:
        assert not logs(tmp_path) and "disabled" in result.stdout
    else:
        run = the_log(tmp_path).run
        assert (run.project, run.entity) == expected


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "offline"),
        ({"WANDB_API_KEY": "0123456789" * 4}, "online"),
        ({"WANDB_MODE": ""}, "offline"),
        ({"WANDB_MODE": "online"}, "online"),
        ({"WANDB_MODE": "run"}, "online"),
        ({"WANDB_MODE": "dryrun", "WANDB_API_KEY": "0123456789" * 4}, "offline"),
        ({"WANDB_DISABLED": "True", "WANDB_MODE": "online"}, "disabled"),
        ({"WANDB_DISABLED": "false", "WANDB_MODE": "online"}, "online"),
    ],
)
def test_the_environment_says_what_auto_is(monkeypatch, tmp_path, variables, expected):
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert wandb_mode("auto") == expected
    assert [wandb_mode(typed) for typed in ("online", "disabled")] == ["online", "disabled"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("WANDB_MODE", "of"), ("WANDB_INIT_TIMEOUT", "abc"), ("WANDB_INIT_TIMEOUT", "-1"),
     ("WANDB_INIT_TIMEOUT", "nan")],
)  # fmt: skip
def test_an_odd_environment_is_answered_before_anything_is_written(
    gan_lab_here, monkeypatch, tmp_path, name, value
):
    monkeypatch.setenv(name, value)
    result = gan_lab_here("steps=1", *QUICK)
    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert f"{name}={value}: " in line and not (tmp_path / "runs").exists()
    assert gan_lab_here("steps=1", "logger=none", *QUICK).returncode == 0


def test_the_wait_for_the_server_can_be_set(monkeypatch):
    monkeypatch.setenv("WANDB_INIT_TIMEOUT", "7.5")
    assert connect_seconds() == 7.5
    monkeypatch.setenv("WANDB_INIT_TIMEOUT", "")
    assert connect_seconds() == 20
    monkeypatch.setenv("WANDB_INIT_TIMEOUT", "inf")
    with pytest.raises(UsageError, match="WANDB_INIT_TIMEOUT=inf"):
        connect_seconds()


@pytest.mark.slow
def test_all_runs_share_one_directory_and_a_resumed_one_its_name(wandb_here, tmp_path):
    for steps in (1, 2):
        result = wandb_here("-m", "seed=0,1", f"steps={steps}", *QUICK)
        assert result.returncode == 0, result.stderr
    runs = [read_log(path).run for path in logs(tmp_path)]
    assert len(runs) == 4
    assert len({run.run_id for run in runs}) == len({run.display_name for run in runs}) == 2
    rows = [
        row["step"] for path in logs(tmp_path) for row in read_log(path).scalars("step", "loss/d")
    ]
    assert rows == [1, 1, 2, 2]


@pytest.mark.parametrize(
    ("variables", "login", "expected"),
    [
        ({}, None, False),
        ({"WANDB_API_KEY": "0123456789" * 4}, None, True),
        ({}, "api.wandb.ai", True),
        ({}, "example.org", False),
        ({"WANDB_BASE_URL": "https://wandb.example.org"}, "wandb.example.org", True),
        ({"WANDB_BASE_URL": "https://wandb.example.org"}, "api.wandb.ai", False),
    ],
)
def test_who_is_logged_in(monkeypatch, tmp_path, variables, login, expected):
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    netrc = tmp_path / "netrc"
    if login:
        netrc.write_text(f"machine {login} login user password {'0123456789' * 4}\n")
        netrc.chmod(0o600)
    for name, value in (variables | {"NETRC": str(netrc)}).items():
        monkeypatch.setenv(name, value)
    assert is_logged_in() is expected


def test_without_a_logger_wandb_is_not_even_imported(environment, tmp_path):
    arguments = ["logger=none", "steps=1", *QUICK]
    program = f"import sys; from gan_lab import cli; cli.run({arguments}); print(*sys.modules)"
    command = [sys.executable, "-c", program]
    output = subprocess.check_output(command, cwd=tmp_path, env=environment, text=True)
    modules = output.splitlines()[-1].split()
    assert "torch" in modules and "wandb" not in modules
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["scratch"]
