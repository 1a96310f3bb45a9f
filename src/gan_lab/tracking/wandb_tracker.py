"""Weights & Biases."""

import json
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gan_lab.common.console import percent
from gan_lab.common.files import read_json, replace_file
from gan_lab.common.paths import expanded
from gan_lab.config.run_config import RunConfig, as_content
from gan_lab.runs.census import ClassCensus
from gan_lab.runs.directory import Run
from gan_lab.runs.lines import MetricsLine
from gan_lab.tracking.base import CENSUS, census_numbers, census_rows, first_line
from gan_lab.tracking.names import display_name, setting_words
from gan_lab.tracking.wandb_environment import (
    connect_seconds,
    is_logged_in,
    keep_client_quiet,
    wandb_mode,
)

# What is drawn against the step, beside the scores.
STEPPED = ("loss/*", "d/*", "grad_norm/*", "penalty/*", "augment/*", "monitor/*", "images",
           "seconds", "samples", "interpolation", "modes/*")  # fmt: skip


class WandbTracker:
    """A Weights & Biases run; all runs share one directory, runs_dir/wandb."""

    def __init__(
        self,
        run: Run,
        config: RunConfig,
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
        keep_client_quiet(expanded(config.runtime.cache_dir) / "wandb")
        import wandb

        runtime, choices = config.runtime, config.choices
        root = expanded(runtime.runs_dir).resolve()
        link = read_json(run.tracker_path, {})
        # A run that was begun under the name of its directory keeps it.
        name = link.get("name", run.directory.name) if link else display_name(config)
        console: Any = os.environ.get("WANDB_CONSOLE", "off")
        arguments: dict[str, Any] = {
            "project": project,
            "entity": entity,
            "dir": root,
            "group": runtime.study,
            "job_type": "train",
            "name": name,
            "tags": [choices.model, choices.loss, choices.dataset, *setting_words(config), *tags],
            "config": as_content(config),
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
            why = first_line(error) if is_logged_in() else "nobody is logged in; `wandb login` once"
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
            json.dumps({"id": self._run.id, "mode": mode, "directory": self._run.dir, "name": name})
            + "\n",
        )
        self.description = {
            "online": f"W&B online, {self._run.url}" if mode == "online" else "",
            "offline": f"W&B offline: browse with `wandb leet {runtime.runs_dir}/wandb`, upload "
            f"with `wandb sync {runtime.runs_dir}/wandb/offline-run-*-{self._run.id}*`",
            "disabled": "W&B disabled",
        }[mode]

    def log(self, line: MetricsLine) -> None:
        self._run.log(dict(line))

    def image(self, step: int, name: str, path: Path, words: str) -> None:
        import numpy as np
        from PIL import Image

        pixels = np.asarray(Image.open(path))  # bytes: W&B shows floats in [-1, 1] as black
        self._run.log({name: self._wandb.Image(pixels, caption=words), "step": step})

    def census(self, step: int, found: ClassCensus) -> None:
        table = self._wandb.Table(columns=list(CENSUS), data=census_rows(found))
        title = f"Classes of {found.samples:,} samples, {percent(found.unsure.share)} unsure"
        bars = self._wandb.plot.bar(table, "class", "share", title=title)
        self._run.log({"modes/table": table, "modes/bars": bars, "step": step})
        self.summarise({**census_numbers(found), "modes/conclusion": found.conclusion})

    def summarise(self, values: Mapping[str, float | str]) -> None:
        self._run.summary.update(dict(values))

    def close(self, exit_code: int) -> None:
        self._run.finish(exit_code=exit_code)
