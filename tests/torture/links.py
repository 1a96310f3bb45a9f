"""Plant links, pipes and bombs at every path of a run, and call each verb: what is touched?

    python tests/torture/links.py [--seed N] [--first N] [--most N] [--only TEXT] [--jobs N]
                                 [--study DIR]

The paths are those of a real run, with its folders, locks and temporary names. A link leads to a
copy of what the path held or to something else, in a folder outside, whose content, names, modes
and times may not change. Prints a row for each kind of finding and exits with 1 if there is one.
"""

import hashlib
import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from grid import Judge, arguments_of, prove, verbs
from grid_calls import Answer, call, in_fork
from grid_faults import huge_png
from grid_judge import Finding, judge, judge_failure
from grid_study import Study

Plant = Callable[[Path, Path], None]  # a path of the run, and the folder of canaries
GIB = 2**30
FOLDERS = ("samples", "checkpoints", "figures", "export", "tensorboard", "report", "../report")
NAMES = (".lock", ".evaluations.lock", "error.txt", "samples/.latest.tmp", "report/figures",
         "samples/00000030.png", "samples/00000030.tmp.png", "checkpoints/00000030.pt",
         "checkpoints/00000030.tmp", "../report/report.html", "../report/figures",
         "../report/results.tmp", "../../wandb", "equilibrium_optimum.png")  # fmt: skip
ALIASES = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)


@dataclass(frozen=True)
class Case:
    """What is planted at a path, and the verb that is called then."""

    path: str
    plant: str
    verb: str

    @property
    def name(self) -> str:
        return f"{self.path}: {self.plant}: {self.verb}"


def _clear(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _link_to_copy(path: Path, canaries: Path) -> None:
    copy = canaries / f"copy{path.suffix}"
    if path.is_dir():
        shutil.copytree(path, copy)
    elif path.is_file():
        shutil.copyfile(path, copy)
    else:
        copy.write_text("a canary", encoding="utf-8")
    _link(path, copy)


def _link(path: Path, target: Path) -> None:
    _clear(path)
    path.symlink_to(target)


def _pipe(path: Path, _: Path) -> None:
    _clear(path)
    os.mkfifo(path)


LINKS: dict[str, Plant] = {
    "link to a copy": _link_to_copy,
    "link to a file": lambda path, canaries: _link(path, canaries / "file"),
    "link to a folder": lambda path, canaries: _link(path, canaries / "folder"),
    "dangling link": lambda path, canaries: _link(path, canaries / "absent"),
    "dangling link into a folder": lambda path, canaries: _link(path, canaries / "folder/absent"),
    "link to itself": lambda path, canaries: _link(path, path),
    "pipe": _pipe,
}


def _sparse(size: int) -> Plant:
    def plant(path: Path, _: Path) -> None:
        _clear(path)
        path.touch()
        os.truncate(path, size)

    return plant


def _with(content: bytes) -> Plant:
    def plant(path: Path, _: Path) -> None:
        _clear(path)
        path.write_bytes(content)

    return plant


def _zip_bomb(path: Path, _: Path) -> None:
    """The names of the real archive, and zeros of 10 GiB in one of them."""
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    largest = max(contents, key=lambda name: len(contents[name]))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in contents.items():
            with archive.open(name, "w", force_zip64=True) as file:
                file.write(content)
                for _ in range(10 * 64 if name == largest else 0):
                    file.write(bytes(GIB // 64))


def _overlap(path: Path, _: Path) -> None:
    """An archive in which 1,000 entries of the directory are one and the same gibibyte of zeros."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("archive/data.pkl", "w", force_zip64=True) as file:
            for _ in range(64):
                file.write(bytes(GIB // 64))
        (entry,) = archive.infolist()
        archive.filelist.extend([entry] * 999)


def bombs_of(path: str) -> dict[str, Plant]:
    """Small files that stand for huge ones, by what a file should be."""
    name = Path(path)
    found = {"10 GiB of nothing": _sparse(10 * GIB), "900 MiB of nothing": _sparse(900 * 2**20)}
    found["100,000 brackets"] = _with(b"[" * 100_000)
    if name.suffix == ".yaml":
        found["aliases of aliases"] = _with(ALIASES.encode())
        found["nested maps"] = _with(b"".join(b" " * n + b"a:\n" for n in range(3_000)))
    if name.suffix == ".png":
        found["huge picture"] = _with(huge_png())
    if path.startswith("checkpoints"):
        found |= {"zip bomb": _zip_bomb, "overlapping entries": _overlap}
    return found


def state_of(folder: Path) -> dict[str, tuple[object, ...]]:
    """The content, mode and times of all that lies in a folder, and of the folder itself."""
    found: dict[str, tuple[object, ...]] = {}
    for path in (folder, *sorted(folder.rglob("*"))):
        status = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        words = (status.st_mode, status.st_mtime_ns, status.st_nlink, content)
        found[str(path.relative_to(folder))] = words
    return found


class Links:
    """The study, and what is planted at each path of its run."""

    def __init__(self, study: Study):
        self.study = study
        files = [str(file) for file in study.files()]
        self.plants: dict[tuple[str, str], Plant] = {}
        for path in dict.fromkeys((*files, *FOLDERS, *NAMES)):
            self.plants |= {(path, name): plant for name, plant in LINKS.items()}
        for path in files:
            self.plants |= {(path, name): plant for name, plant in bombs_of(path).items()}

    def cases(self, seed: int) -> list[Case]:
        """Every case, in an order of chance; the run and the study as links, which work, first.

        Reports come last: they take ten times as long as any other verb.
        """
        found = [Case(path, plant, verb) for path, plant in self.plants for verb in verbs("")]
        Random(seed).shuffle(found)
        found.sort(key=lambda case: case.verb == "report")
        first = [Case(path, "may be a link", verb) for path in (".", "..", "../..")
                 for verb in ("resume", "report", "sample", "runs")]  # fmt: skip
        return [*first, *found]

    def judge(self, case: Case) -> list[Finding]:
        """Plant, call the verb, and return what is wrong with its answer or the canaries."""
        with tempfile.TemporaryDirectory(prefix="gan-lab-links-") as scratch:
            folder, canaries = Path(scratch, "study"), Path(scratch, "canaries")
            shutil.copytree(self.study.folder, folder)
            (canaries / "folder").mkdir(parents=True)
            (canaries / "file").write_text("a canary", encoding="utf-8")
            (canaries / "folder" / "00000005.png").write_text(
                "a canary in a folder", encoding="utf-8"
            )
            if case.plant == "may be a link":
                return self._judge_place(case, folder, Path(scratch))
            path = Path(os.path.normpath(folder / self.study.victim / case.path))
            plant = self.plants[case.path, case.plant]
            in_fork(lambda: plant(path, canaries))
            before = state_of(canaries)
            answer = self._call(case, folder)
            found = judge(case.name, answer)
            found += judge_failure(case.name, answer, (path.name, self.study.run))
            after = state_of(canaries)
            if before != after:
                changed = [
                    name for name in {*before, *after} if before.get(name) != after.get(name)
                ]
                found.append(
                    Finding("something outside was changed", case.name, ", ".join(sorted(changed)))
                )
            return found

    def _judge_place(self, case: Case, folder: Path, scratch: Path) -> list[Finding]:
        """Move a folder elsewhere and leave a link to it: everything works as before."""
        place = Path(os.path.normpath(folder / self.study.victim / case.path))
        shutil.move(place, scratch / "elsewhere")
        place.symlink_to(scratch / "elsewhere")
        answer = self._call(case, folder)
        found = judge(case.name, answer)
        if answer.code:
            found.append(Finding("a folder that is a link does not work", case.name, answer.err))
        return found

    def _call(self, case: Case, folder: Path) -> Answer:
        arguments = verbs(str(self.study.victim))[case.verb]
        memory = {"memory": None} if "loggers" in case.verb else {}
        return call(folder, arguments, self.study.environment, **memory)


def main() -> int:
    """Judge the links, pipes and bombs."""
    options = arguments_of(__doc__, 1500)

    def work(study: Study) -> tuple[list[Case], Judge]:
        links = Links(study)
        return links.cases(options.seed), links.judge

    return prove(options, "links, pipes and bombs", work)


if __name__ == "__main__":
    sys.exit(main())
