"""TensorBoard, alone or beside Weights & Biases."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from gan_lab.common.errors import UsageError
from gan_lab.config import leaves
from gan_lab.config.run_config import RunConfig, as_content
from gan_lab.runs.census import ClassCensus
from gan_lab.runs.directory import Run
from gan_lab.runs.lines import MetricsLine
from gan_lab.tracking.base import CENSUS, census_numbers, census_rows
from gan_lab.tracking.wandb_tracker import WandbTracker


class TensorBoardTracker:
    """Event files in the run directory, for `tensorboard --logdir`."""

    def __init__(self, run: Run, config: RunConfig):
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise UsageError(
                "TensorBoard is not installed: pip install 'gan-lab[tensorboard]', or logger=none."
            ) from None
        metrics = run.metrics()
        self._step = int(metrics[-1]["step"]) if metrics else 0
        # What an earlier start logged beyond the step that this one resumes from is hidden.
        self._writer = SummaryWriter(str(run.tensorboard), purge_step=self._step + 1)
        if not metrics:
            self._writer.add_text(
                "config", f"```\n{json.dumps(as_content(config), indent=1)}\n```", 0
            )
            self._hyperparameters(config)
        self.description = f"TensorBoard: `tensorboard --logdir {config.runtime.runs_dir}`"

    def _hyperparameters(self, config: RunConfig) -> None:
        """Give the HPARAMS page the settings of the run, and the score that its best is chosen by.

        Not by SummaryWriter.add_hparams, which makes another run for it.
        """
        from torch.utils.tensorboard.summary import hparams

        settings = {**leaves.choices(config), **leaves.knobs(config)}
        plain = {key: value if isinstance(value, bool | int | float | str) else str(value)
                 for key, value in settings.items() if value is not None}  # fmt: skip
        for summary in hparams(plain, {f"score/{config.dataset.selection}": 0.0}):
            self._writer._get_file_writer().add_summary(summary)

    def log(self, line: MetricsLine) -> None:
        self._step = int(line["step"])
        self._scalars(line)

    def image(self, step: int, name: str, path: Path, words: str) -> None:
        import numpy as np
        from PIL import Image

        pixels = np.asarray(Image.open(path).convert("RGB"))
        self._writer.add_image(name, pixels, step, dataformats="HWC")

    def census(self, step: int, found: ClassCensus) -> None:
        rows = [CENSUS, ["---"] * len(CENSUS), *census_rows(found)]
        cells = [["–" if cell is None else str(cell) for cell in row] for row in rows]
        table = "\n".join(f"| {' | '.join(row)} |" for row in cells)
        self._writer.add_text("modes", f"{found.conclusion}\n\n{table}", step)
        self._scalars(census_numbers(found))

    def summarise(self, values: Mapping[str, float | str]) -> None:
        self._scalars(values)

    def close(self, exit_code: int) -> None:
        self._writer.close()

    def _scalars(self, values: Mapping[str, float | str]) -> None:
        for name, value in values.items():
            if name != "step" and isinstance(value, int | float):
                self._writer.add_scalar(name, value, self._step)


class Several:
    """Several trackers as one."""

    def __init__(self, trackers: Sequence[Any]):
        self._trackers = trackers
        self.description = "; ".join(tracker.description for tracker in trackers)

    def log(self, line: MetricsLine) -> None:
        for tracker in self._trackers:
            tracker.log(line)

    def image(self, step: int, name: str, path: Path, words: str) -> None:
        for tracker in self._trackers:
            tracker.image(step, name, path, words)

    def census(self, step: int, found: ClassCensus) -> None:
        for tracker in self._trackers:
            tracker.census(step, found)

    def summarise(self, values: Mapping[str, float | str]) -> None:
        for tracker in self._trackers:
            tracker.summarise(values)

    def close(self, exit_code: int) -> None:
        with ExitStack() as closing:  # one that cannot be closed leaves none of the others open
            for tracker in self._trackers:
                closing.callback(tracker.close, exit_code)


def wandb_and_tensorboard(
    run: Run,
    config: RunConfig,
    say: Callable[[str], None],
    mode: Any,
    project: str,
    entity: str | None,
    tags: list[str],
) -> Several:
    """Return a tracker that streams to both."""
    wandb = WandbTracker(run, config, say, mode, project, entity, tags)
    return Several([TensorBoardTracker(run, config), wandb])
