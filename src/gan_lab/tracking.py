"""Where a run's numbers and pictures go: metrics.jsonl always, W&B and TensorBoard if asked."""

import json
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

from gan_lab.common.errors import UsageError
from gan_lab.common.files import replace_file
from gan_lab.runs.directory import Run
from gan_lab.wandb_environment import connect_seconds, is_logged_in, wandb_mode

# What is drawn against the step, beside the scores.
STEPPED = ("loss/*", "d/*", "grad_norm/*", "penalty/*", "monitor/*", "images", "seconds",
           "samples", "interpolation", "modes/*")  # fmt: skip
CENSUS = ("class", "samples", "share", "low", "high", "real share")  # of a table's columns


class Tracker(Protocol):
    """Something that a run streams to."""

    def log(self, line: Mapping[str, float]) -> None:
        """Take the scalars of a step; `line` has "step"."""

    def image(self, step: int, name: str, path: Path, words: str) -> None:
        """Take a picture (PNG) and what it shows."""

    def census(self, step: int, found: Mapping[str, Any]) -> None:
        """Take the counts of samples by class, as `modes.take_census` returns them."""

    def summarise(self, values: Mapping[str, Any]) -> None:
        """Take what is true of the whole run: its final scores."""

    def close(self, exit_code: int) -> None:
        """End: 0 for success."""


class JsonLines:
    """Appends each line of scalars to a file, and flushes it: a kill loses none of them."""

    def __init__(self, path: Path):
        self._file = path.open("a")

    def log(self, line: Mapping[str, float]) -> None:
        self._file.write(json.dumps(dict(line)) + "\n")
        self._file.flush()

    def image(self, step: int, name: str, path: Path, words: str) -> None:
        """Pictures lie in the run directory already."""

    def census(self, step: int, found: Mapping[str, Any]) -> None:
        """The census lies in the run directory already."""

    def summarise(self, values: Mapping[str, Any]) -> None:
        """Final scores lie in evaluations.jsonl already."""

    def close(self, exit_code: int) -> None:
        self._file.close()


class WandbTracker:
    """A Weights & Biases run; all runs share one directory, runs_dir/wandb."""

    def __init__(
        self,
        run: Run,
        record: Mapping[str, Any],
        say: Callable[[str], None],
        mode: Any,
        project: str,
        entity: str | None,
        tags: list[str],
    ):
        mode = wandb_mode(mode)
        if not os.environ.get("WANDB_MODE"):
            os.environ.pop("WANDB_MODE", None)  # W&B refuses an empty one
        if mode == "offline":
            # The only thing that wandb would send from an offline run: reports of its own errors.
            os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
        os.environ.setdefault("WANDB_SILENT", "true")
        for name in ("WANDB_MODE", "WANDB_INIT_TIMEOUT"):  # wandb refuses to start with empty ones
            if not os.environ.get(name):
                os.environ.pop(name, None)
        import wandb

        runtime, choices = record["runtime"], record["choices"]
        root = Path(runtime["runs_dir"]).expanduser().resolve()
        link = _read_link(run.tracker_path)
        console: Any = os.environ.get("WANDB_CONSOLE", "off")
        arguments: dict[str, Any] = {
            "project": project,
            "entity": entity,
            "dir": root,
            "group": runtime["study"],
            "job_type": "train",
            "name": run.directory.name,
            "tags": [choices["model"], choices["loss"], choices["dataset"], *tags],
            "config": dict(record),
            "id": link.get("id") or secrets.token_hex(4),
            "resume": "allow",
            "reinit": "finish_previous",
            "settings": wandb.Settings(
                silent=True,
                console=console,
                init_timeout=connect_seconds(),
                x_stats_sampling_interval=15.0,
            ),
        }
        try:
            self._run = wandb.init(mode=mode, **arguments)
        except (wandb.errors.CommError, wandb.errors.UsageError) as error:
            why = (
                _first_line(error) if is_logged_in() else "nobody is logged in; `wandb login` once"
            )
            say(f"W&B cannot be reached ({why}): this run is logged offline.")
            mode = "offline"
            wandb.teardown()  # the failed attempt still holds the id
            self._run = wandb.init(mode=mode, **arguments)
        self._wandb = wandb
        self._run.define_metric("step", hidden=True)
        # No name fits two patterns: which of them would hold is anybody's guess.
        for pattern in STEPPED:
            self._run.define_metric(pattern, step_metric="step")
        self._run.define_metric("score/*", step_metric="step", summary="min,last")
        replace_file(
            run.tracker_path,
            json.dumps({"id": self._run.id, "mode": mode, "directory": self._run.dir}) + "\n",
        )
        self.description = {
            "online": f"W&B online, {self._run.url}" if mode == "online" else "",
            "offline": f"W&B offline: browse with `wandb leet {runtime['runs_dir']}/wandb`, upload "
            f"with `wandb sync {runtime['runs_dir']}/wandb/offline-run-*-{self._run.id}*`",
            "disabled": "W&B disabled",
        }[mode]

    def log(self, line: Mapping[str, float]) -> None:
        self._run.log(dict(line))

    def image(self, step: int, name: str, path: Path, words: str) -> None:
        import numpy as np
        from PIL import Image

        pixels = np.asarray(Image.open(path))  # bytes: W&B shows floats in [-1, 1] as black
        self._run.log({name: self._wandb.Image(pixels, caption=words), "step": step})

    def census(self, step: int, found: Mapping[str, Any]) -> None:
        table = self._wandb.Table(columns=list(CENSUS), data=census_rows(found))
        title = f"Classes of {found['samples']:,} samples, {found['unsure']['share']:.1%} unsure"
        bars = self._wandb.plot.bar(table, "class", "share", title=title)
        self._run.log({"modes/table": table, "modes/bars": bars, "step": step})
        self.summarise({**census_numbers(found), "modes/conclusion": found["conclusion"]})

    def summarise(self, values: Mapping[str, Any]) -> None:
        self._run.summary.update(dict(values))

    def close(self, exit_code: int) -> None:
        self._run.finish(exit_code=exit_code)


class TensorBoardTracker:
    """Event files in the run directory, for `tensorboard --logdir`."""

    def __init__(self, run: Run, record: Mapping[str, Any]):
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise UsageError(
                "TensorBoard is not installed: pip install 'gan-lab[tensorboard]', or logger=none."
            ) from None
        metrics = run.metrics()
        self._step = metrics[-1]["step"] if metrics else 0
        # What an earlier start logged beyond the step that this one resumes from is hidden.
        self._writer = SummaryWriter(str(run.tensorboard), purge_step=self._step + 1)
        if not metrics:
            self._writer.add_text("config", f"```\n{json.dumps(dict(record), indent=1)}\n```", 0)
        self.description = f"TensorBoard: `tensorboard --logdir {record['runtime']['runs_dir']}`"

    def log(self, line: Mapping[str, Any]) -> None:
        self._step = int(line["step"])
        self._scalars(line)

    def image(self, step: int, name: str, path: Path, words: str) -> None:
        import numpy as np
        from PIL import Image

        pixels = np.asarray(Image.open(path).convert("RGB"))
        self._writer.add_image(name, pixels, step, dataformats="HWC")

    def census(self, step: int, found: Mapping[str, Any]) -> None:
        rows = [CENSUS, ["---"] * len(CENSUS), *census_rows(found)]
        table = "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)
        self._writer.add_text("modes", f"{found['conclusion']}\n\n{table}", step)
        self._scalars(census_numbers(found))

    def summarise(self, values: Mapping[str, Any]) -> None:
        self._scalars(values)

    def close(self, exit_code: int) -> None:
        self._writer.close()

    def _scalars(self, values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            if name != "step" and isinstance(value, int | float):
                self._writer.add_scalar(name, value, self._step)


class Several:
    """Several trackers as one."""

    def __init__(self, trackers: Sequence[Any]):
        self._trackers = trackers
        self.description = "; ".join(tracker.description for tracker in trackers)

    def log(self, line: Mapping[str, Any]) -> None:
        for tracker in self._trackers:
            tracker.log(line)

    def image(self, step: int, name: str, path: Path, words: str) -> None:
        for tracker in self._trackers:
            tracker.image(step, name, path, words)

    def census(self, step: int, found: Mapping[str, Any]) -> None:
        for tracker in self._trackers:
            tracker.census(step, found)

    def summarise(self, values: Mapping[str, Any]) -> None:
        for tracker in self._trackers:
            tracker.summarise(values)

    def close(self, exit_code: int) -> None:
        with ExitStack() as closing:  # one that cannot be closed leaves none of the others open
            for tracker in self._trackers:
                closing.callback(tracker.close, exit_code)


def wandb_and_tensorboard(
    run: Run,
    record: Mapping[str, Any],
    say: Callable[[str], None],
    mode: Any,
    project: str,
    entity: str | None,
    tags: list[str],
) -> Several:
    """Return a tracker that streams to both."""
    wandb = WandbTracker(run, record, say, mode, project, entity, tags)
    return Several([TensorBoardTracker(run, record), wandb])


def census_rows(found: Mapping[str, Any]) -> list[list[Any]]:
    """Return a row a class of a census, under the headings CENSUS."""
    return [
        [entry["class"], entry["count"], entry["share"], *entry["interval"], entry["real_share"]]
        for entry in found["classes"]
    ]


def census_numbers(found: Mapping[str, Any]) -> dict[str, float]:
    """Return what a census says of a run in numbers, those that it can tell."""
    unsure, missing, kl = found["unsure"]["share"], found["missing_number"], found["kl"]
    numbers = {"modes/missing": missing, "modes/unsure": unsure, "modes/kl": kl}
    return {name: float(value) for name, value in numbers.items() if value is not None}


def _read_link(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
