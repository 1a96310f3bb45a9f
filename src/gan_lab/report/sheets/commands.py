"""The commands that make what a sheet lacks, and how they are run one after the other."""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from gan_lab.common.console import say
from gan_lab.common.errors import Interrupted
from gan_lab.report.sheets.analyses import ANALYSES
from gan_lab.report.sheets.evidence import Evidence, Found, Task
from gan_lab.report.sheets.place import Place

PATIENCE = 60  # seconds that a run has for saving its state after it was asked to stop


@dataclass(frozen=True)
class Command:
    """What is typed after `gan-lab`. `ready`: every run that it names is there."""

    words: tuple[str, ...]
    ready: bool = True

    @property
    def text(self) -> str:
        return shlex.join(["gan-lab", *self.words])


def trainings(evidence: Sequence[Evidence], place: Place) -> list[Command]:
    """Return the commands that train what is missing, each once, in the order of the sheet."""
    lacking = [found for one in evidence for found in one.found if not found.is_met]
    return list(dict.fromkeys(_training(found, place) for found in lacking))


def analyses(evidence: Sequence[Evidence], place: Place) -> list[Command]:
    """Return the commands that look at runs where nobody has looked yet, each once."""
    return list(dict.fromkeys(_analysis(task, place) for one in evidence for task in one.tasks))


def _training(found: Found, place: Place) -> Command:
    need = found.need
    seeds = [f"seeds={need.seeds}"] if need.seeds > 1 else []
    return Command((*shlex.split(need.make), *seeds, *place.study, *place.configs))


def _analysis(task: Task, place: Place) -> Command:
    words = ANALYSES[task.analysis].words
    if task.run is None:
        return Command(words, ready=False)
    directory = str(task.run.run.directory)
    return Command(tuple(directory if word == "RUN" else word for word in words))


def run_all(commands: Sequence[Command]) -> list[Command]:
    """Run commands one after the other; name those that have failed, and return them.

    Each is a process of its own, which resumes what an earlier one has left. Raises Interrupted if
    one of them was asked to stop.
    """
    failed = []
    for number, command in enumerate(commands, start=1):
        say(f"sheet     {number} of {len(commands)}: {command.text}")
        code = _run(command)
        for asked in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
            if code in (128 + asked, -asked):
                raise Interrupted(asked)
        if code:
            say(f"failed    {command.text}")
            failed.append(command)
    return failed


def _run(command: Command) -> int:
    """Run a command, and return its exit code. Who asks this process to stop asks that one, and
    this one waits until its state is saved."""
    process: subprocess.Popen[bytes] = subprocess.Popen(
        [sys.executable, "-m", "gan_lab", *command.words],
        stdin=subprocess.DEVNULL,
        # A group of its own: Ctrl-C comes to it once, from here, and not twice.
        process_group=0 if os.name == "posix" else None,
    )
    try:
        return process.wait()
    except Interrupted as asked:
        process.send_signal(asked.number)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
        raise
