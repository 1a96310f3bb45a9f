"""The run directory: the only place that knows file names, and that reads and writes them.

Every file is either appended to line by line or replaced by rename, so that a kill at any moment
leaves what a resume can use. The directory may be a stranger's: docs/security.md.
"""

import io
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import filelock
import yaml
from omegaconf import OmegaConf

from gan_lab.common.errors import RunError, Taken
from gan_lab.common.files import (
    new_file,
    read_bytes,
    read_json,
    read_lines,
    refuse_links,
    remove_unfinished,
    replace_file,
    sync,
    write_lines,
)
from gan_lab.common.text import printable
from gan_lab.common.typed import Json, Malformed, plain, read
from gan_lab.config.length import Steps
from gan_lab.config.run_config import RunConfig, as_content, read_config
from gan_lab.runs.census import ModesFile
from gan_lab.runs.checkpoints import Checkpoint, read_newest, write_checkpoint
from gan_lab.runs.initial import InitialWeights, read_initial
from gan_lab.runs.lines import (
    STATES,
    Gap,
    MetricsLine,
    ScoreLine,
    Start,
    Status,
    gaps,
    metrics_line,
    read_status,
    score_line,
)
from gan_lab.runs.protocol import shape_words

T = TypeVar("T")

FORMAT = 2  # of config.yaml; one without a number is of format 1: docs/upgrading.md
MOST_CONFIG_BYTES = 2**22  # of config.yaml, which has some thousands: 1,000 classes have names
STEP = re.compile("[0-9]{8}|[1-9][0-9]{8,17}")  # how a file is named by its step
OLD_UNFINISHED = re.compile(r"[0-9]{8,}\.tmp(\.png)?|\.[a-z_.]+\.tmp")
DEEPEST = 50  # of config.yaml's mappings and lists, which have six levels
YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
COLLAPSED = "collapsed: "  # how the reason of a run begins that stop_on_collapse has stopped
MONITOR = "monitor"  # what has stopped such a run


class Run:
    """One run directory. Nothing is written before `take`."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.config_path = directory / "config.yaml"
        self.environment_path = directory / "environment.json"
        self.status_path = directory / "status.json"
        self.metrics_path = directory / "metrics.jsonl"
        self.evaluations_path = directory / "evaluations.jsonl"
        self.curves_path = directory / "curves.png"
        self.equilibrium_path = directory / "equilibrium.json"
        self.equilibrium_figure = directory / "equilibrium.png"
        self.optimum_figure = directory / "equilibrium_optimum.png"
        self.error_path = directory / "error.txt"
        self.summary_path = directory / "summary.txt"
        self.tracker_path = directory / "wandb.json"
        self.initial_path = directory / "initial.pt"
        self.samples = directory / "samples"
        self.checkpoints = directory / "checkpoints"
        self.figures = directory / "figures"
        self.export = directory / "export"
        self.tensorboard = directory / "tensorboard"
        self._lock = filelock.FileLock(directory / ".lock")
        self._began: float | None = None  # the clock when it was taken, less the time before

    # --- taking it -------------------------------------------------------------------------------

    def take(self) -> None:
        """Lock the directory for this process; the lock dies with it.

        Raises Taken if another process has it, and RunError if the directory cannot be written or
        has a link in it.
        """
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            self.refuse_links()
            self.samples.mkdir(exist_ok=True)
            self.checkpoints.mkdir(exist_ok=True)
            # Not at once: `is_taken` of another process holds the lock for an instant.
            self._lock.acquire(timeout=0.5)
            self._start_clock()
        except filelock.Timeout:
            raise Taken(f"{self.directory} is being trained by another process.") from None
        except FileExistsError as error:
            raise RunError(f"{error.filename} should be a folder: remove it.") from None
        except OSError as error:
            raise RunError(
                f"cannot write to {self.directory} ({error.strerror}); set runs_dir= to a folder "
                "you may write to."
            ) from None

    def _start_clock(self) -> None:
        """Count on from the time of earlier starts; not at all where that is not known."""
        status = self.status()
        known = 0.0 if status.state == "new" else status.total_seconds
        self._began = None if known is None else time.monotonic() - known

    def refuse_links(self) -> None:
        """Raise RunError if a link, a pipe or the like is in the directory, which may be a link
        itself: nothing is read or written through them."""
        if self.directory.is_dir():
            refuse_links(self.directory)

    def release(self) -> None:
        """Give the directory back."""
        self._lock.release()

    def is_taken(self) -> bool:
        """Whether a living process is at work in the directory."""
        path = Path(self._lock.lock_file)
        if self._lock.is_locked or path.is_symlink() or not path.is_file():
            return self._lock.is_locked
        try:
            with filelock.FileLock(path).acquire(timeout=0):
                return False
        except filelock.Timeout:
            return True
        except OSError:  # a read-only copy of a run: nobody trains in it
            return False

    def clear(self) -> None:
        """Remove what a run has written, to begin anew; other files stay, and so do the weights
        that it begins with: the run that they were taken from may be gone."""
        for folder in (self.figures, self.export, self.tensorboard):
            shutil.rmtree(folder, ignore_errors=True)
        for path in (*self._single_files(), self.directory / ".evaluations.lock"):
            path.unlink(missing_ok=True)
        for step in self.sample_steps():
            self.sample_path(step).unlink()
        (self.samples / "latest.png").unlink(missing_ok=True)
        for step in self.checkpoint_steps():
            self.checkpoint_path(step).unlink()
        self.remove_unfinished()
        self._start_clock()

    def remove_unfinished(self) -> None:
        """Remove what a kill has left of files that were being written."""
        for folder in (self.directory, self.samples, self.checkpoints):
            remove_unfinished(folder)
            for path in folder.glob("*.tmp*"):  # as version 0.1 called them
                if OLD_UNFINISHED.fullmatch(path.name):
                    path.unlink()

    def _single_files(self) -> list[Path]:
        """The files of a run that have one name each, whether they are there or not."""
        figures = [self.curves_path, self.equilibrium_figure, self.optimum_figure]
        figures += [self.modes_figure(weights) for weights in ("ema", "raw")]
        figures += [self.modes_samples(weights) for weights in ("ema", "raw")]
        return [
            *(self.config_path, self.environment_path, self.status_path, self.metrics_path),
            *(self.evaluations_path, self.error_path, self.tracker_path, self.equilibrium_path),
            self.summary_path,
            *(self.modes_path(weights) for weights in ("ema", "raw")),
            *figures,
            *(figure.with_suffix(".pdf") for figure in figures),
        ]

    # --- configuration, environment, status ------------------------------------------------------

    def write_config(self, config: RunConfig) -> None:
        """Write what everything after training reads."""
        content = {"format": FORMAT, **as_content(config)}
        replace_file(self.config_path, OmegaConf.to_yaml(OmegaConf.create(content)))

    def config(self) -> RunConfig:
        """Read the run's config.

        Raises RunError if there is none, if it is broken, or if a newer version wrote it.
        """
        try:
            return read_config(self.config_content())
        except Malformed as error:
            raise RunError(
                f"{self.config_path}: {error}; run the command that made it again."
            ) from None

    def config_content(self) -> dict[str, Any]:
        """Read config.yaml as plain values, for who asks what is in it before it is believed.

        Raises RunError as `config` does.
        """
        try:
            text = read_bytes(self.config_path, MOST_CONFIG_BYTES).decode("utf-8")
            refuse_bombs(text)
            content: Any = OmegaConf.to_container(OmegaConf.load(io.StringIO(text)))
            written = int(content.pop("format", 1))
        except FileNotFoundError:
            raise RunError(f"{self.directory} is no run: it has no config.yaml.") from None
        except Exception:  # no plain file, no UTF-8, no YAML, or too deep
            raise RunError(
                f"{self.config_path} cannot be read; run the command that made it again."
            ) from None
        if written > FORMAT:
            raise RunError(
                f"{self.config_path} has format {written}, and this gan_lab reads formats up to "
                f"{FORMAT}: install the version that made the run, or a newer one."
            )
        return dict(content)

    def write_error(self, text: str) -> None:
        """Write why the run failed; names of files in it need not be valid UTF-8."""
        replace_file(self.error_path, text)

    def write_summary(self, sentences: Sequence[str]) -> None:
        """Write what became of the run in words, a sentence in each line."""
        replace_file(
            self.summary_path, "".join(f"{printable(sentence)}\n" for sentence in sentences)
        )

    def add_environment(self, entry: Mapping[str, Any]) -> list[Start]:
        """Append the description of one start, and return those of earlier ones."""
        earlier = read_json(self.environment_path, [])
        replace_file(self.environment_path, json.dumps([*earlier, entry], indent=1) + "\n")
        return _read_each(Start, earlier)

    def environment(self) -> list[Start]:
        """Read the descriptions of all starts that can be read."""
        return _read_each(Start, read_json(self.environment_path, []))

    def set_status(self, state: str, step: int, reason: str = "", stopped_by: str = "") -> None:
        """Write the state, one of STATES; `stopped_by` is what ended it on purpose."""
        assert state in STATES, state
        status: dict[str, Json] = {"state": state, "step": step, "reason": reason}
        if stopped_by:
            status["stopped_by"] = stopped_by
        total = self._total_seconds()
        if total is not None:
            status["total_seconds"] = round(total, 3)
        replace_file(self.status_path, json.dumps(status) + "\n")

    def _total_seconds(self) -> float | None:
        """How long processes have been at work on the run, as far as that is known."""
        if not self._lock.is_locked:  # the state is changed from outside
            return self.status().total_seconds
        return None if self._began is None else time.monotonic() - self._began

    def status(self) -> Status:
        """Read the state; `running` without a process at work is reported as `killed`.

        A status that cannot be read is that of a new run.
        """
        try:
            status = read_status(read_json(self.status_path, None))
        except Malformed:
            status = Status("new", 0, "")
        if status.state == "running" and not self.is_taken():
            status = replace(status, state="killed")
        if status.reason.startswith(COLLAPSED):  # how version 0.1 said it
            status = replace(status, stopped_by=MONITOR)
        return status

    # --- metrics, evaluations, samples -----------------------------------------------------------

    def metrics(self) -> list[MetricsLine]:
        """Read metrics.jsonl, without the lines that are damaged or were cut short."""
        return read_lines(self.metrics_path, metrics_line)[0]

    def seconds(self) -> float | None:
        """Return the seconds of training up to the last line of metrics that tells them."""
        told = (line["seconds"] for line in reversed(self.metrics()) if "seconds" in line)
        return next(told, None)

    def evaluations(self) -> list[ScoreLine]:
        """Read evaluations.jsonl, without the lines that are damaged or were cut short.

        Lines that older versions wrote lack the size of the samples: it is that of the run.
        """
        lines, _ = read_lines(self.evaluations_path, score_line)
        if all("generated_shape" in line.protocol for line in lines) or not (
            self.config_path.exists()
        ):
            return lines
        shape = self.config().shape
        words = {"generated_shape": shape_words(shape)} if shape else {}
        return [replace(line, protocol={**words, **line.protocol}) for line in lines]

    def lost_lines(self, until: int, log_every: int | None = None) -> list[Gap]:
        """Return of which steps up to one the lines of metrics are lost.

        `log_every` is that of a start which is not in the directory yet.
        """
        starts = [start.log_every for start in self.environment()]
        now = self.config().runtime.log_every if log_every is None else log_every
        every = [now, *(now if one is None else one for one in starts)]
        most = 0 if 0 in every else max(every)
        return gaps([int(line["step"]) for line in self.metrics()], until, most)

    def final_evaluations(self) -> list[ScoreLine]:
        """Return the latest scores of the averaged generator, each on the largest sample it had."""
        lines = [line for line in self.evaluations() if line.weights == "ema"]
        lines.sort(key=lambda line: (line.generated_count, line.step))
        return list({line.score: line for line in lines}.values())

    def final_scores(self) -> dict[str, float]:
        """Return the values of `final_evaluations` by name."""
        return {line.score: line.value for line in self.final_evaluations()}

    def add_evaluations(self, lines: Sequence[ScoreLine]) -> None:
        """Add scores; one with the same step, name and protocol as before replaces it."""
        new = {_key(line) for line in lines}
        # `evaluate` may score a run while it is trained, and both write the whole file.
        with filelock.FileLock(self.directory / ".evaluations.lock"):
            kept = [old for old in self.evaluations() if _key(old) not in new]
            write_lines(self.evaluations_path, [*kept, *lines])

    def save_sample(self, step: int, write: Callable[[Path], None]) -> Path:
        """Write samples/<step>.png by `write(path)`, and samples/latest.png beside it."""
        path = self.sample_path(step)
        write(path)
        self.show_as_latest(step)
        return path

    def show_as_latest(self, step: int) -> None:
        """Make samples/latest.png those of a step."""
        with new_file(self.samples / "latest.png") as file:
            file.write(read_bytes(self.sample_path(step)))

    def sample_steps(self) -> list[int]:
        """The steps whose samples were drawn, ascending."""
        return _steps(self.samples, ".png")

    def sample_path(self, step: int) -> Path:
        """The samples of a step."""
        return self.samples / f"{step:08d}.png"

    def write_modes(self, file: ModesFile) -> None:
        """Write what samples of a generator are."""
        path = self.modes_path(file.origin.weights)
        replace_file(path, json.dumps(plain(file), indent=1) + "\n")

    def modes(self, weights: str) -> ModesFile | None:
        """Read what samples of the averaged (`ema`) or the `raw` generator are.

        None if nobody has looked, or if the file is damaged.
        """
        try:
            return read(ModesFile, read_json(self.modes_path(weights), {}))
        except Malformed:
            return None

    def modes_path(self, weights: str) -> Path:
        """The census of the averaged (`ema`) or the `raw` generator."""
        return self.directory / f"modes_{weights}.json"

    def modes_figure(self, weights: str) -> Path:
        """The chart of a census."""
        return self.directory / f"modes_{weights}.png"

    def modes_samples(self, weights: str) -> Path:
        """The samples that a census is about, by class."""
        return self.directory / f"modes_{weights}_samples.png"

    # --- checkpoints, and the weights that a run begins with -----------------------------------

    def write_initial(self, weights: InitialWeights) -> None:
        """Keep the weights that the run begins with."""
        write_checkpoint(self.initial_path, weights)

    def initial(self, content: str) -> InitialWeights | None:
        """Load the weights that the run begins with; None unless they have the hash `content`."""
        return read_initial(self.initial_path, content)

    def save_checkpoint(self, step: int, state: Checkpoint, planned: Steps, best: int) -> None:
        """Write a checkpoint, and drop those that it makes needless."""
        sync(self.metrics_path)  # a checkpoint must not outlive the lines before it in a power cut
        write_checkpoint(self.checkpoint_path(step), state)
        self.drop_checkpoints(step, planned, best)

    def drop_checkpoints(self, step: int, planned: Steps, best: int) -> None:
        """Drop all checkpoints but the last two that were due, that of a step, and the best.

        A checkpoint that an interruption wrote between two due ones goes at the next due one, so
        that an interrupted run ends with the files of an undisturbed one.
        """
        steps = self.checkpoint_steps()
        last_due = [other for other in steps if other in planned][-2:]
        for other in steps:
            if other not in (*last_due, step, best):
                self.checkpoint_path(other).unlink()

    def load_checkpoint(self, say: Callable[[str], None]) -> Checkpoint | None:
        """Load the newest checkpoint that is whole; None if there is none.

        A corrupt one is reported through `say` and the one before it is tried.
        """
        return next(self.whole_checkpoints(say), None)

    def whole_checkpoints(self, say: Callable[[str], None]) -> Iterator[Checkpoint]:
        """Load one checkpoint after the other that is whole, from the newest to the oldest.

        A corrupt one is reported through `say`.
        """
        return read_newest([self.checkpoint_path(step) for step in self.checkpoint_steps()], say)

    def trained(self, say: Callable[[str], None]) -> Checkpoint:
        """Load the newest checkpoint that is whole. Raises RunError if there is none."""
        state = self.load_checkpoint(say)
        if state is None:
            lack = "no checkpoint that is whole" if self.checkpoint_steps() else "no checkpoint yet"
            raise RunError(f"{self.directory} has {lack}; the command that made it trains it.")
        return state

    def checkpoint_steps(self) -> list[int]:
        """The steps of the checkpoints that are there, ascending."""
        return _steps(self.checkpoints, ".pt")

    def checkpoint_path(self, step: int) -> Path:
        """The file of a step's checkpoint."""
        return self.checkpoints / f"{step:08d}.pt"


def run_directories(runs_dir: Path, study: str = "*") -> list[Path]:
    """Return the run directories of a study, or of all (`*`), in the order of their names."""
    studies = _folders(runs_dir) if study == "*" else [runs_dir / study]
    runs = [run for folder in studies for run in _folders(folder)]
    return sorted(run for run in runs if os.path.lexists(run / "config.yaml"))


def _folders(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_dir()]
    except (OSError, ValueError):  # not there, not readable, or a name that no folder can have
        return []


def _steps(folder: Path, suffix: str) -> list[int]:
    """Return the steps of the files of a folder that are named by their step, ascending."""
    if folder.is_symlink():
        return []
    stems = [path.stem for path in folder.glob(f"*{suffix}")]
    return sorted(int(stem) for stem in stems if STEP.fullmatch(stem))


def _key(line: ScoreLine) -> str:
    return json.dumps([line.step, line.score, line.protocol], sort_keys=True)


def _read_each(kind: type[T], content: Sequence[Any]) -> list[T]:
    """Return what can be read of a list; nothing else is asked of it."""
    found = []
    for item in content:
        try:
            found.append(read(kind, item))
        except Malformed:
            continue
    return found


def refuse_bombs(text: str) -> None:
    """Raise Malformed for YAML that takes long to read: gan_lab writes nothing of the kind.

    Parts that are repeated by name make a billion of ten lines, and the time that deep nesting
    takes grows with its square.
    """
    depth = 0
    for event in yaml.parse(text, Loader=YAML_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or depth > DEEPEST:
            raise Malformed("it has an alias, or is nested too deeply")
