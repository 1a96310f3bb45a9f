"""`gan-lab ARGUMENTS` in a fork of this process, which has imported torch and computed nothing."""

import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

MEMORY = 8 * 2**30  # bytes of addresses that a call may have
SECONDS = 60.0  # of the processor that a call may take, whatever else the machine does
STILL = 15.0  # seconds without any use of the processor, after which a call hangs
LIMIT = 124  # how a call ends that took longer
MODULES = (
    *(f"gan_lab.cli.{verb}" for verb in (
        "main", "train", "evaluate", "modes", "equilibrium", "sample", "interpolate", "report",
        "runs", "plan", "verify", "export", "dashboard", "explain",
    )),
    *("gan_lab.jobs.train_run", "gan_lab.jobs.verify", "gan_lab.jobs.preflight"),
    *("gan_lab.jobs.plan", "gan_lab.jobs.search", "gan_lab.report.write", "gan_lab.analysis.modes"),
    *("gan_lab.analysis.latents", "gan_lab.analysis.equilibrium", "gan_lab.training.trained"),
    *("gan_lab.evaluation.run_evaluator", "gan_lab.training.export", "sklearn.datasets"),
    *("matplotlib.pyplot", "torch.utils.tensorboard", "torch.export"),
    "torch._dynamo",  # which the first optimizer imports: a second of each call
)  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """What a call printed, how it ended, and what it took."""

    code: int  # LIMIT of one that was stopped
    out: str
    err: str
    seconds: float
    cpu: float  # seconds of the processor
    hung: bool  # it was stopped while it used no processor
    peak: int  # bytes of memory

    @property
    def text(self) -> str:
        return self.out + self.err


def import_everything() -> None:
    """Import what verbs import, so that a fork need not; called before anything is computed."""
    for name in MODULES:
        import_module(name)


def in_fork(work: Callable[[], object]) -> None:
    """Do something in a process of its own, and raise RuntimeError if it fails."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    if os.waitpid(child, 0)[1]:
        raise RuntimeError("a fault could not be planted")


def call(
    folder: Path,
    arguments: tuple[str, ...],
    environment: Mapping[str, str],
    seconds: float = SECONDS,
    memory: int | None = MEMORY,
) -> Answer:
    """Run `gan-lab ARGUMENTS` in a folder and return what it answers."""
    with TemporaryDirectory(prefix="gan-lab-call-") as scratch:
        out, err = Path(scratch, "out"), Path(scratch, "err")
        out.touch(), err.touch()
        began = time.monotonic()
        child = os.fork()
        if child == 0:
            become(folder, arguments, environment, memory, out, err)
        status, usage, stopped, moved = 0, None, False, began
        cpu, looked = 0.0, began
        while True:
            ended, status, usage = os.wait4(child, os.WNOHANG)
            if ended:
                break
            now = time.monotonic()
            if now > looked + 1:
                looked, used = now, _cpu(child)
                if used != cpu:
                    cpu, moved = used, now
            hung = now - moved > STILL
            if hung or cpu > seconds:
                stopped = True
                _kill(child)
                _, status, usage = os.wait4(child, 0)
                break
            time.sleep(0.02)
        _kill(child)  # whatever it has left behind
        code = LIMIT if stopped else os.waitstatus_to_exitcode(status)
        return Answer(
            code=code,
            out=out.read_text("utf-8", "replace"),
            err=err.read_text("utf-8", "replace"),
            seconds=time.monotonic() - began,
            cpu=usage.ru_utime + usage.ru_stime,
            hung=stopped and hung,
            peak=usage.ru_maxrss * 1024,
        )


def _kill(child: int) -> None:
    try:
        os.killpg(child, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _cpu(session: int) -> float:
    """The seconds of the processor that the processes of a session have used."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text("utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session:
            ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def become(
    folder: Path,
    arguments: tuple[str, ...],
    environment: Mapping[str, str],
    memory: int | None,
    out: Path,
    err: Path,
) -> None:
    """Become a `gan-lab` process; never returns."""
    code = 70
    try:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(os.open(out, os.O_WRONLY | os.O_APPEND), 1)
        os.dup2(os.open(err, os.O_WRONLY | os.O_APPEND), 2)
        sys.stdout = open(1, "w", encoding="utf-8", errors="strict", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        if memory is not None:
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        signal.signal(signal.SIGINT, signal.default_int_handler)
        from gan_lab.cli.main import run
        from gan_lab.jobs import process

        process.start_method = "fork"
        sys.argv = ["gan-lab", *arguments]
        try:
            code = run(arguments)
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except BaseException:
        traceback.print_exc()
        code = 99
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)
