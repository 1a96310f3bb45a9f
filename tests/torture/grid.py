"""Plant each fault in each file of a run, and call each verb: what does it answer?

    python tests/torture/grid.py [--seed N] [--first N] [--most N] [--only TEXT] [--jobs N]
                                 [--study DIR]

The files are those that the directory of a real run has: a new file is tested by itself. The cases
are taken in an order that visits every file and verb before the second fault of any. Prints a row
for each kind of finding and exits with 1 if there is one.
"""

import argparse
import csv
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any

from grid_calls import Answer, call, import_everything, in_fork
from grid_faults import Fault, faults_of
from grid_judge import Finding, judge, judge_failure, print_findings
from grid_study import VICTIM, Study, make_study, numbers_of

ODD_NAMES = ("checkpoints/²³.pt", "checkpoints/0001.pt.pt", "checkpoints/-5.pt",
             "checkpoints/99999999999999999999.pt", "samples/²³.png", "samples/-5.png",
             "samples/0001.png.png", "samples/٣.png", "modes_.json", "odd\nname.json")  # fmt: skip
REMEDY = re.compile(
    r"again|remove|restart|put back|delete|rename|move|scor|evaluate|train|make|falling back"
)
Judge = Callable[[Any], list[Finding]]
AGAIN = re.compile(r"command that made it|the same command")
MOVED = re.compile(r"move it away|remove|put back|rename")  # what has to be done before it
LISTED = ("run", "state", "step", "seed", "fd_classifier", "confident")  # of every run


def verbs(run: str) -> dict[str, tuple[str, ...]]:
    """What is called on a run, by a word for it."""
    alone = (*VICTIM, "logger=none")
    return {
        "train": (*alone, "steps=20"),
        "resume": (*alone, "steps=30"),
        "resume with loggers": (*VICTIM, "steps=30", "logger=both"),
        "restart": (*alone, "steps=20", "restart=true"),
        "plan": ("plan", *alone, "steps=20"),
        "runs": ("runs", "torture"),
        "report": ("report", "torture"),
        "evaluate": ("evaluate", run, "--samples", "40"),
        "evaluate alike": ("evaluate", run),
        "sample": ("sample", run, "--count", "4"),
        "nearest": ("sample", run, "--count", "2", "--layout", "nearest", "--weights", "raw"),
        "interpolate": ("interpolate", run, "--pairs", "1"),
        "modes": ("modes", run, "--samples", "60"),
        "equilibrium": ("equilibrium", run, "--steps", "2", "--fresh-steps", "2"),
        "export": ("export", run),
        "verify": ("verify", run, "--steps", "4"),
        "latest": ("interpolate", "torture/latest", "--pairs", "1"),
        "best": ("sample", "torture/best", "--count", "2"),
    }


@dataclass(frozen=True)
class Case:
    """A fault in a file, and the verb that is called then."""

    file: str
    fault: str
    verb: str

    @property
    def name(self) -> str:
        return f"{self.file}: {self.fault}: {self.verb}"


@dataclass(frozen=True)
class Undamaged:
    """What a verb answers on the whole study, and what it leaves."""

    answer: Answer
    numbers: list[str]
    rows: list[str]


class Grid:
    """The study, and the faults of its files."""

    def __init__(self, study: Study, seed: int):
        self.study = study
        root = study.folder / study.victim
        self.faults: dict[tuple[str, str], Fault] = {
            (str(file), fault.name): fault
            for file in study.files()
            for fault in faults_of(root / file, seed)
        }
        for name in ODD_NAMES:
            self.faults[name, "is there"] = Fault("is there", _odd)
        self.undamaged = cache(self._undamaged)

    def cases(self, seed: int) -> list[Case]:
        """Every case, in an order that visits every file and verb before a second fault of any."""
        random = Random(seed)
        groups: dict[tuple[str, str], list[Case]] = {}
        for file, fault in self.faults:
            for verb in verbs(""):
                groups.setdefault((file, verb), []).append(Case(file, fault, verb))
        places = []
        for group in groups.values():
            random.shuffle(group)
            # Much of a file's answer depends on its kind: files with more faults come more often.
            slow = 4 if group[0].verb in ("report", "plan") else 1  # they take ten times as long
            places += [(slow * (place + random.random()) / len(group) ** 0.5, case)
                       for place, case in enumerate(group)]  # fmt: skip
        return [case for _, case in sorted(places, key=lambda pair: pair[0])]

    def _call(self, folder: Path, verb: str) -> Answer:
        memory = {"memory": None} if "loggers" in verb else {}
        arguments = verbs(str(self.study.victim))[verb]
        return call(folder, arguments, self.study.environment, **memory)

    def _undamaged(self, verb: str) -> Undamaged:
        with tempfile.TemporaryDirectory(prefix="gan-lab-grid-") as scratch:
            folder = Path(scratch, "study")
            shutil.copytree(self.study.folder, folder)
            answer = self._call(folder, verb)
            if answer.code:
                raise RuntimeError(f"{verb} fails on the whole study: {answer.text}")
            return Undamaged(answer, *self._left(folder, verb))

    def _left(self, folder: Path, verb: str) -> tuple[list[str], list[str]]:
        """The numbers of the run, and the rows of the whole runs in what is listed or written.

        Which settings a list has in columns is no property of the whole runs alone.
        """
        run = folder / self.study.victim
        numbers = [
            *numbers_of(run / "metrics.jsonl"),
            *numbers_of(run / "evaluations.jsonl"),
        ]
        printed = []
        if verb == "runs":
            said = call(folder, ("runs", "torture", "--json"), self.study.environment)
            printed = [json.dumps([row[name] for name in LISTED]) for row in json.loads(said.out)]
        table = folder / "runs/torture/report/scores.csv"
        if verb == "report" and table.is_file():
            with table.open(encoding="utf-8", newline="") as file:
                printed += [" ".join(row) for row in csv.reader(file)]
        rows = [line for line in printed if any(name in line for name in self.study.whole)]
        return numbers, sorted(rows)

    def judge(self, case: Case) -> list[Finding]:
        """Plant the fault, call the verb, and return what is wrong with its answer."""
        fault = self.faults[case.file, case.fault]
        with tempfile.TemporaryDirectory(prefix="gan-lab-grid-") as scratch:
            folder = Path(scratch, "study")
            shutil.copytree(self.study.folder, folder)
            path = folder / self.study.victim / case.file
            in_fork(lambda: fault.plant(path))
            if case.verb == "report":
                shutil.rmtree(folder / "runs/torture/report")
            answer = self._call(folder, case.verb)
            found = judge(case.name, answer)
            found += judge_failure(case.name, answer, (path.name, self.study.run))
            if not found and case.verb in (
                "train",
                "resume",
                "resume with loggers",
                "runs",
                "report",
            ):
                found += self._judge_verb(case, folder, answer)
            return found

    def _judge_verb(self, case: Case, folder: Path, answer: Answer) -> list[Finding]:
        whole = self.undamaged(case.verb)
        numbers, rows = self._left(folder, case.verb)
        name = Path(case.file).name

        def finding(kind: str, line: str) -> list[Finding]:
            return [Finding(kind, case.name, line)]

        if case.verb in ("runs", "report"):
            if answer.code:
                return finding("a damaged run stops a table of runs", answer.err.strip())
            if rows != whole.rows:
                return finding("rows of whole runs differ", (rows or ["none is left"])[0])
            said = answer.text
            if case.verb == "report":
                said += (folder / "runs/torture/report/report.html").read_text(encoding="utf-8")
            elif self._row(answer) == self._row(whole.answer):
                return []
            if case.verb == "runs" and name not in said:
                return finding("a damaged file changes a table in silence", self._row(answer))
            if case.verb == "report" and case.file in _READ_BY_REPORTS and name not in said:
                return finding("a report does not name a damaged file", name)
            if name in answer.text and not REMEDY.search(answer.text):
                return finding("no remedy", answer.text.splitlines()[-1])
        trains = case.verb in ("train", "resume", "resume with loggers")
        if trains and answer.code == 0 and numbers != whole.numbers and name not in answer.text:
            lost = len(set(whole.numbers) - set(numbers))
            more = len(set(numbers) - set(whole.numbers))
            words = f"{lost} lines lost or changed, {more} others"
            return finding("numbers differ, and nothing says so", words)
        advised = AGAIN.search(answer.err) and not MOVED.search(answer.err)
        if trains and answer.code == 1 and advised:
            again = self._call(folder, case.verb)
            if again.err == answer.err:
                return finding("fails for ever with advice to run itself", answer.err.strip())
        return []

    def _row(self, answer: Answer) -> str:
        return next((" ".join(line.split()) for line in answer.out.splitlines()
                     if self.study.run in line), "no row")  # fmt: skip


# Whose damage changes what a report says of a run.
_READ_BY_REPORTS = ("config.yaml", "status.json", "metrics.jsonl", "evaluations.jsonl")


def _odd(path: Path) -> None:
    path.write_bytes(b"odd")


def judged(judge_one: Judge, cases: Sequence[Any], jobs: int) -> Iterator[list[Finding]]:
    """Judge cases in forks, `jobs` at once; one that cannot be judged is a finding too."""
    _work.append((judge_one, cases))  # what a fork inherits need not be picklable
    with ProcessPoolExecutor(jobs, mp_context=get_context("fork")) as pool:
        yield from pool.map(_judge_number, range(len(cases)))


_work: list[tuple[Judge, Sequence[Any]]] = []


def _judge_number(number: int) -> list[Finding]:
    judge_one, cases = _work[-1]
    try:
        return judge_one(cases[number])
    except Exception as error:
        words = f"{type(error).__name__}: {error}"
        return [Finding("the proof itself failed", cases[number].name, words)]


def arguments_of(description: str | None, most: int) -> argparse.Namespace:
    """What is typed after each of the three proofs."""
    takes = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    takes.add_argument("--seed", type=int, default=0, help="of the order of cases")
    takes.add_argument("--most", type=int, default=most, help="cases (default: %(default)s)")
    takes.add_argument("--first", type=int, default=0, metavar="N", help="leave out N cases")
    takes.add_argument("--only", default="", metavar="TEXT", help="cases whose name has this in it")
    takes.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="at once")
    takes.add_argument(
        "--study", type=Path, metavar="DIR", help="keep the study here, and use it again"
    )
    return takes.parse_args()


def prove(
    options: argparse.Namespace, what: str, work: Callable[[Study], tuple[list[Any], Judge]]
) -> int:
    """Make the study, judge its cases, and print what was found."""
    import_everything()
    with tempfile.TemporaryDirectory(prefix="gan-lab-torture-") as scratch:
        study = make_study((options.study or Path(scratch, "made")).resolve())
        every, judge_one = work(study)
        named = [case for case in every if options.only in case.name]
        chosen = named[options.first :][: options.most]
        print(f"{what}: {len(chosen):,} of {len(every):,} cases, seed {options.seed}", flush=True)
        findings: list[Finding] = []
        for number, found in enumerate(judged(judge_one, chosen, options.jobs), start=1):
            findings += found
            if number % 50 == 0:
                print(f"[{number}]", file=sys.stderr, flush=True)
            for finding in found:
                print(
                    f"[{number}] {finding.kind} | {finding.case} | {finding.line[:200]}", flush=True
                )
        print()
        return print_findings(findings, f"{len(chosen):,} cases")


def main() -> int:
    """Judge the grid."""
    options = arguments_of(__doc__, 2000)

    def work(study: Study) -> tuple[list[Case], Judge]:
        grid = Grid(study, options.seed)
        return grid.cases(options.seed), grid.judge

    return prove(options, "fault grid", work)


if __name__ == "__main__":
    sys.exit(main())
