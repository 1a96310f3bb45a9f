"""Kill each kind of work again and again until it ends by itself: is it as if nothing had been?

    python tests/torture/storm.py [--kills N] [--minutes M] [--jobs N] [--seed N] [--folder DIR]
                                  [--only KIND,...]

Each kind is done once undisturbed: the twin. Then the same command is killed at a random moment, or
at a named one, and started again, a few times, until it may end; the folder is compared with the
twin, and a fresh one begins. Prints a table and exits with 1 if anything was lost or differs. The
same command with the same --folder goes on with what is there.
"""

import argparse
import ctypes
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from random import Random

from grid_calls import become, import_everything
from grid_study import environment_in
from small_runs import CONSOLE_SCRIPT
from storm_compare import damage, differences, newest_checkpoints
from storm_kinds import RUN, Kind, draw_pictures, kinds

IMPORTING = 3.0  # seconds that a fresh process takes longer
MOST = 7  # kills of a cycle, after which its work may end
PATIENCE = 300.0  # seconds after which a start hangs
SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER: the orphans of a child become this process's children


@dataclass(frozen=True)
class Finding:
    """Something that a kill has taken or changed."""

    kind: str
    cycle: int
    moments: list[str]  # at which it was killed, in their order
    words: str


@dataclass
class Cycle:
    """What became of one folder."""

    kind: str
    kills: int = 0
    named: int = 0
    compared: int = 0
    lost: int = 0
    different: int = 0
    findings: list[Finding] = field(default_factory=list)


def read_cycle(text: str) -> Cycle:
    """Read a line of cycles.jsonl."""
    content = json.loads(text)
    return Cycle(**{**content, "findings": [Finding(**one) for one in content["findings"]]})


class Storm:
    """A folder for everything, and what is done in it."""

    def __init__(self, folder: Path, seed: int):
        self.folder, self.seed = folder, seed
        self.seconds: dict[str, float] = {}  # of an undisturbed start, by kind
        self.environment = environment_in(folder)
        (folder / "home").mkdir(parents=True, exist_ok=True)
        for line in self._lines("twins.jsonl"):
            self.seconds |= json.loads(line)

    def done(self) -> list[Cycle]:
        """The cycles that ended in this folder before."""
        return [read_cycle(line) for line in self._lines("cycles.jsonl")]

    def _lines(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def environment_of(self, kind: Kind, place: Path) -> dict[str, str]:
        """The environment of a start; a kind that builds a cache has one of its own."""
        own = {"GAN_LAB_CACHE": str(place / "cache")} if kind.own_cache else {}
        return self.environment | own

    def make_twin(self, kind: Kind) -> float:
        """Do the work undisturbed, and return the seconds that it takes once more.

        Raises RuntimeError if two that were undisturbed differ: then nothing can be told.
        """
        twin, again = self.folder / "twins" / kind.name, self.folder / "again" / kind.name
        made = self.folder / "made" / kind.name
        for left in (twin, again, made):  # of a storm that was stopped
            shutil.rmtree(left, ignore_errors=True)
        if kind.prepare:
            made.mkdir(parents=True)
            self._undisturbed(kind, made, kind.prepare)
        self.begin(kind, twin)
        self._undisturbed(kind, twin, self.command(kind, twin))
        self.begin(kind, again)
        began = time.monotonic()
        self._undisturbed(kind, again, self.command(kind, again))
        seconds = time.monotonic() - began
        if unlike := _in_fork(lambda: differences(twin, again)):
            raise RuntimeError(f"{kind.name}, undisturbed twice: {', '.join(unlike)}")
        shutil.rmtree(again)
        self.log("twins.jsonl", {kind.name: seconds})
        return seconds

    def begin(self, kind: Kind, place: Path) -> None:
        """Make the folder that a cycle begins with."""
        made = self.folder / "made" / kind.name
        if made.is_dir():
            shutil.copytree(made, place)
        else:
            place.mkdir(parents=True)

    def command(self, kind: Kind, place: Path) -> tuple[str, ...]:
        """The command of a kind, with the run that it is about."""
        runs = sorted(path.parent for path in place.glob("runs/*/*/config.yaml"))
        return tuple(
            str(runs[0].relative_to(place)) if word == RUN else word for word in kind.command
        )

    def _undisturbed(self, kind: Kind, place: Path, command: tuple[str, ...]) -> None:
        child = self.start(kind, place, command, fresh=False, moment="", n=0)
        code = _wait(child, PATIENCE)
        _end_children()
        if code:
            raise RuntimeError(f"gan-lab {' '.join(command)}: {_last_words(place)}")

    def start(
        self, kind: Kind, place: Path, command: tuple[str, ...], fresh: bool, moment: str, n: int
    ) -> int:
        """Start `gan-lab COMMAND` in a session of its own and return its process."""
        out, environment = place / "out.txt", self.environment_of(kind, place)
        out.touch()
        sys.stdout.flush()
        child = os.fork()
        if child:
            return child
        try:
            if fresh:
                os.setsid()
                handle = os.open(out, os.O_WRONLY | os.O_APPEND)
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0), os.dup2(handle, 1), os.dup2(handle, 2)
                os.chdir(place)
                os.execve(CONSOLE_SCRIPT, ["gan-lab", *command], environment)
            if moment:
                kind.moments[moment](n)
            become(place, command, environment, None, out, out)
        finally:
            os._exit(70)

    def cycle(self, kind: Kind, number: int) -> Cycle:
        """Kill the work of a kind until it ends by itself, and compare what is left."""
        place = self.folder / "cycles" / f"{kind.name}-{number}"
        shutil.rmtree(place, ignore_errors=True)
        self.begin(kind, place)
        random = Random(f"{self.seed} {kind.name} {number}")
        found, moments = Cycle(kind.name), []

        def finding(words: str) -> None:
            found.findings.append(Finding(kind.name, number, list(moments), words))

        most = random.randint(2, MOST)
        while True:
            before = newest_checkpoints(place)
            moment = self._killed_at(kind, place, random, len(moments) == most)
            if moment.isdecimal() and moment != "0":
                finding(f"a start ended with {moment}: {_last_words(place)}")
            if moment.isdecimal():
                break
            moments.append(moment)
            found.kills += 1
            found.named += not moment.startswith("random")
            now = newest_checkpoints(place)
            for run, step in before.items():
                if now.get(run, -1) < step:
                    found.lost += 1
                    finding(f"{run.name}: step {step} is lost, {now.get(run)} is left")
            for words in damage(place):
                finding(words)
            line = {"kind": kind.name, "cycle": number, "kill": len(moments), "moment": moment,
                    "newest": sorted(now.values())}  # fmt: skip
            self.log("storm.jsonl", line)
        _end_children()
        found.compared = 1
        unlike = _in_fork(lambda: differences(self.folder / "twins" / kind.name, place))
        found.different = int(bool(unlike))
        for words in unlike:
            finding(words)
        if not found.findings:
            shutil.rmtree(place)
        self.log("cycles.jsonl", asdict(found))
        return found

    def _killed_at(self, kind: Kind, place: Path, random: Random, spare: bool) -> str:
        """Start the work and kill it; return when, or the exit code of one that ended before."""
        named = random.random() < 0.45  # many moments are never reached: a third of the kills
        fresh = not named and random.random() < 0.15  # a tenth of all starts
        moment = random.choice(sorted(kind.moments)) if named and not spare else ""
        n = random.choice((1, 1, 2, 3, 5))
        delay = random.uniform(0, self.seconds[kind.name] + IMPORTING * fresh)
        alone = kind.workers and random.random() < 1 / 3
        other = kind.one_may_die and not alone and random.random() < 1 / 2
        child = self.start(kind, place, self.command(kind, place), fresh, moment, n)
        code = _wait(child, PATIENCE if spare or moment else delay)
        waited = spare or bool(moment)
        if code is None and other and not spare and (below := _below(child)):
            os.kill(random.choice(below), signal.SIGKILL)
            code, waited = _wait(child, PATIENCE), True
            if code == 1:  # it says that a run was killed
                return f"random, after {delay:.2f} s, one process of it"
        if code is None and waited:
            os.killpg(child, signal.SIGKILL)
            _wait(child, PATIENCE)
            return "124"
        if code is None:
            _kill(child, alone=bool(alone))
            code = _wait(child, PATIENCE)
        if code != -signal.SIGKILL:
            return str(abs(code or 0))
        if moment:
            return f"{moment}, number {n}"
        words = [f"random, after {delay:.2f} s", "of a fresh process" * fresh, "alone" * alone]
        return " ".join(word for word in words if word)

    def log(self, name: str, line: dict[str, object]) -> None:
        """Add a line to a file of the folder; several processes do."""
        with (self.folder / name).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def _kill(child: int, alone: bool) -> None:
    """Kill a process, or all of its group, which a child of some milliseconds has not made yet."""
    try:
        (os.kill if alone else os.killpg)(child, signal.SIGKILL)
    except ProcessLookupError:
        os.kill(child, signal.SIGKILL)


def _wait(child: int, seconds: float) -> int | None:
    """Return the exit code of a child, minus the signal that killed it; None if it still works."""
    until = time.monotonic() + seconds
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= until:
            return None
        time.sleep(0.005)


def _end_children() -> None:
    """Wait for workers and services whose parent has gone; kill what stays."""
    until = time.monotonic() + 20
    while children := _children(os.getpid()):
        for child in children:
            if time.monotonic() > until:
                os.kill(child, signal.SIGKILL)
            os.waitpid(child, os.WNOHANG)
        time.sleep(0.05)


def _below(process: int) -> list[int]:
    """The processes that a process has started, and those that these have."""
    found = _children(process)
    return [*found, *(child for parent in found for child in _below(parent))]


def _children(process: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = path.read_text("utf-8").rpartition(")")[2].split()[1]
        except OSError:
            continue
        if int(parent) == process:
            found.append(int(path.parent.name))
    return found


def _in_fork(work: Callable[[], list[str]]) -> list[str]:
    """Return what work finds in a process of its own: this one may not compute with torch."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            found = work()
        except BaseException as error:
            found = [f"the comparison failed: {type(error).__name__}: {error}"]
        with os.fdopen(writer, "w") as file:
            json.dump(found, file)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as file:
        answer: list[str] = json.load(file)
    os.waitpid(child, 0)
    return answer


def _last_words(place: Path) -> str:
    lines = (place / "out.txt").read_text("utf-8", "replace").splitlines()
    return " | ".join(lines[-3:])[-600:]


def _become_subreaper() -> None:
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)


_storm: list[Storm] = []  # what the forked drivers inherit
_kinds: dict[str, Kind] = {}


def _work_on(name: str, number: int, seconds: float) -> Cycle | float:
    """Run a cycle, or make the twin where no seconds are known yet, and return them."""
    storm, kind = _storm[0], _kinds[name]
    if not seconds:
        return storm.make_twin(kind)
    storm.seconds[name] = seconds
    return storm.cycle(kind, number)


def rage(names: list[str], kills: int, minutes: float, jobs: int) -> list[Cycle]:
    """Run cycles, the kind with the fewest kills next, until each has its share or time is up."""
    done = _storm[0].done()
    until = time.monotonic() + 60 * minutes
    each = -(-kills // len(names))
    of_kind = {name: [cycle for cycle in done if cycle.kind == name] for name in names}
    count = {name: sum(cycle.kills for cycle in of_kind[name]) for name in names}
    begun = {name: len(of_kind[name]) for name in names}
    # Of an undisturbed start; 0: there is no twin yet.
    seconds = {name: _storm[0].seconds.get(name, 0.0) for name in names}
    going: dict[Future[Cycle | float], str] = {}
    with ProcessPoolExecutor(jobs, get_context("fork"), initializer=_become_subreaper) as pool:
        while True:
            busy = list(going.values())
            left = [name for name in names if count[name] < each]
            left = [name for name in left if seconds[name] or name not in busy]
            if len(going) < jobs and left and time.monotonic() < until:
                name = min(left, key=lambda name: (busy.count(name), count[name]))
                going[pool.submit(_work_on, name, begun[name], seconds[name])] = name
                begun[name] += bool(seconds[name])
                continue
            if not going:
                return done
            for future in wait(going, return_when=FIRST_COMPLETED).done:
                name = going.pop(future)
                try:
                    result = future.result()
                except RuntimeError as error:  # no twin, and nothing to hold anything against
                    names.remove(name)
                    done.append(Cycle(name, findings=[Finding(name, 0, [], str(error))]))
                    print(json.dumps(asdict(done[-1].findings[0])), flush=True)
                    continue
                if isinstance(result, float):
                    seconds[name] = result
                    print(f"{name}: an undisturbed start takes {result:.1f} s", flush=True)
                    continue
                count[name] += result.kills
                done.append(result)
                for finding in result.findings:
                    print(json.dumps(asdict(finding)), flush=True)


def print_table(done: list[Cycle], names: list[str]) -> None:
    """Print what was killed and found, a row a kind."""
    columns = ("kills", "named", "compared", "lost", "different")
    print("\n| kind | kills | at named moments | cycles compared | lost | different |")
    print("|---|---:|---:|---:|---:|---:|")
    for name in [*names, "all"]:
        mine = [cycle for cycle in done if name in (cycle.kind, "all")]
        cells = [str(sum(getattr(cycle, column) for cycle in mine)) for column in columns]
        print(f"| {name} | {' | '.join(cells)} |")


def main() -> int:
    """Let the storm come over every kind."""
    takes = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    takes.add_argument("--kills", type=int, default=1000, help="in all (default: %(default)s)")
    takes.add_argument("--minutes", type=float, default=60, help="at most (default: %(default)s)")
    takes.add_argument("--jobs", type=int, default=2, help="at once (default: %(default)s)")
    takes.add_argument("--seed", type=int, default=0, help="of the moments")
    takes.add_argument("--only", default="", metavar="KIND,...", help="default: all")
    takes.add_argument("--folder", type=Path, metavar="DIR", help="a folder for everything")
    options = takes.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    import_everything()
    with tempfile.TemporaryDirectory(prefix="gan-lab-storm-") as scratch:
        folder = (options.folder or Path(scratch, "storm")).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "pictures").exists():
            draw_pictures(folder / "pictures")
        _storm.append(Storm(folder, options.seed))
        _kinds.update({kind.name: kind for kind in kinds(folder)})
        names = [name for name in _kinds if name in (options.only or name).split(",")]
        done = rage(names, options.kills, options.minutes, options.jobs)
    print_table(done, names)
    return int(any(cycle.findings for cycle in done))


if __name__ == "__main__":
    sys.exit(main())
