"""What no later version may change: names of runs, first numbers of runs, files and their keys.

python tests/frozen/freeze.py write OUT.json           collect the facts of this checkout
python tests/frozen/freeze.py compare A B              checkouts, or files that `write` made
"""

import argparse
import csv
import gc
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from frozen_difference import PARTS, compare
from frozen_settings import ALWAYS, TRAINED, typed_lines

HERE = Path(__file__).resolve()
FOREIGN = ("WANDB_", "GAN_LAB_")  # settings of the person who asks
CLASSIFIER = re.compile(r"(cnn-)[0-9a-f]{8}")  # named by its weights, which a machine trains
COMMAND = "from gan_lab.cli import main; main()"


# --- the one place that imports gan_lab: first by the new names, then by the old ones -----------


def first_of(name: str, *modules: str) -> Any:
    """Return what the first of these modules of gan_lab that is there has under a name."""
    for module in modules:
        with suppress(ModuleNotFoundError):
            return getattr(import_module(f"gan_lab.{module}"), name)
    raise SystemExit(f"{name} is in none of {', '.join(modules)}")


def config_of(job: Any) -> Any:
    """Return what names a composed run: its config, or a record in older versions."""
    try:
        make_record = first_of("make_record", "config.run_config", "record")
    except AttributeError:
        return job.config
    return make_record(job.config, job.choices)


def print_run_names() -> None:
    """Print the directories of the runs of each line of settings on stdin, as JSON."""
    jobs = first_of("jobs", "config.compose", "overrides")
    run_directory = first_of("run_directory", "config.identity", "record")
    gc.disable()  # with torch loaded, looking for garbage takes a quarter of the time
    names: dict[str, list[str]] = {}
    for text in sys.stdin.read().splitlines():
        settings = text.split()
        multirun = "-m" in settings
        try:
            composed = jobs([one for one in settings if one != "-m"], multirun)
            paths = [run_directory(config_of(job)) for job in composed]
            names[text] = ["/".join(path.parts[-2:]) for path in paths]
        except Exception as error:  # a difference like any other
            names[text] = [f"{type(error).__name__}: {error}"]
    print(json.dumps(names))


# --- collecting ----------------------------------------------------------------------------------


def collect(checkout: Path, parts: Sequence[str], lines: Sequence[str] = ()) -> dict[str, Any]:
    """Return facts of a checkout; the runs of all lines of settings, or of these."""
    facts: dict[str, Any] = {"machine": machine()}
    with tempfile.TemporaryDirectory(prefix="freeze-") as name:
        folder = Path(name)
        if "runs" in parts:
            facts["runs"] = run_names(checkout, folder, lines or typed_lines(checkout))
        if {"metrics", "files"} & {*parts}:
            trained = train(checkout, folder)
        if "metrics" in parts:
            facts["metrics"] = {label: numbers(run) for label, run in trained.items()}
        if "files" in parts:
            facts["files"] = files_of(checkout, folder, trained)
    return facts


def with_old_datasets(checkout: Path, place: Path) -> Path:
    """Return a copy of a checkout, at `place`, with the datasets of version 0.1 in conf/.

    What a dataset is has changed since in their files alone: the code must do what it did.
    """
    shutil.copytree(checkout / "src", place / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(checkout / "conf", place / "conf")
    shutil.copytree(checkout / "docs", place / "docs")  # the glossary of reports
    for path in (HERE.parent / "datasets_of_0.1").glob("*.yaml"):
        shutil.copy(path, place / "conf" / "dataset")
    return place


def machine() -> dict[str, str]:
    """Return what decides the last bits of a number."""
    facts = {"model name": platform.processor() or platform.machine(), "flags": ""}
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        facts |= {key.strip(): value.strip() for key, _, value in (x.partition(":") for x in lines)}
    vectors = [flag for flag in facts["flags"].split() if flag.startswith(("avx", "amx", "fma"))]
    packages = ("torch", "numpy", "scipy", "scikit-learn")
    return {
        "processor": facts["model name"],
        "vectors": " ".join(sorted(vectors)),
        "threads": "1",
        **{name: version(name) for name in packages},
    }


def environment(checkout: Path, folder: Path) -> dict[str, str]:
    """Return an environment without anybody's settings, in which the checkout's code is used."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return kept | {
        "PYTHONPATH": str(checkout / "src"),
        "HOME": str(folder),
        "NETRC": str(folder / "netrc"),
        "TORCH_HOME": str(folder / "torch"),
        "GAN_LAB_CACHE": str(folder / "cache"),
        "GAN_LAB_DATA": str(folder / "data"),
        "OMP_NUM_THREADS": "1",
    }


def call(checkout: Path, folder: Path, *arguments: str, text: str = "") -> str:
    """Run Python on the checkout's code, in the folder, and return what it prints."""
    result = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment(checkout, folder),
        input=text,
        capture_output=True,
        text=True,
    )
    if result.returncode:
        raise SystemExit(f"{' '.join(arguments)} failed on {checkout}:\n{result.stderr}")
    return result.stdout


def run_names(checkout: Path, folder: Path, lines: Sequence[str]) -> dict[str, list[str]]:
    """Return the names of the runs of each line, as STUDY/NAME."""
    # A folder's run is named by its files, so that everybody gets the same few in place of data.
    for place in ("anime_faces", "flowers/rose", "flowers/tulip", "celeba", "own"):
        (folder / "data" / place).mkdir(parents=True)
        for size in range(3):
            (folder / "data" / place / f"{size}.jpg").write_bytes(bytes(size))
    names = partial(call, checkout, folder, str(HERE), "names")
    halves = ["\n".join(lines[half::2]) for half in range(2)]  # composing 300 runs takes a while
    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(lambda half: json.loads(names(text=half)), halves))
    found: dict[str, list[str]] = answers[0] | answers[1]
    return {line: found[line] for line in lines}


def train(checkout: Path, folder: Path) -> dict[str, Path]:
    """Train the runs, and return their directories."""
    directories = {}
    for label, settings in TRAINED.items():
        before = {*folder.glob("runs/frozen/*")}
        gan_lab(checkout, folder, *ALWAYS.split(), *settings.split())
        (directories[label],) = {*folder.glob("runs/frozen/*")} - before
    return directories


def gan_lab(checkout: Path, folder: Path, *arguments: str) -> str:
    """Run the checkout's `gan-lab ARGUMENTS`, and return what it prints."""
    return call(checkout, folder, "-c", COMMAND, *arguments)


def numbers(run: Path) -> dict[str, Any]:
    """Return the metrics of a run, without the seconds that they took, and its last scores."""
    lines = [
        {key: value for key, value in line.items() if key != "seconds"}
        for line in read(run / "metrics.jsonl")
    ]
    scores = {
        f"{line['protocol']['weights']}/{line['score']}": line["value"]
        for line in read(run / "evaluations.jsonl")
    }
    return {"lines": lines, "scores": scores}


def files_of(checkout: Path, folder: Path, trained: dict[str, Path]) -> dict[str, Any]:
    """Return the names of files, and of what is in them: of runs, their report, W&B."""
    facts: dict[str, Any] = {"runs": {label: run_files(run) for label, run in trained.items()}}
    gan_lab(checkout, folder, "report", "frozen")
    report = folder / "runs" / "frozen" / "report"
    facts["report"] = {"names": names_below(report)}
    for path in sorted(report.glob("*.csv")):
        with path.open(newline="") as file:
            header = next(csv.reader(file))
        facts["report"][path.name] = [CLASSIFIER.sub(r"\1HASH", name) for name in header]
    lines = gan_lab(checkout, folder, "dashboard", "frozen").splitlines()
    sections = [line.split(": ", 1) for line in lines if not line.startswith(("built", "runs"))]
    facts["dashboard"] = {section: titles.split("; ") for section, titles in sections}
    return facts


def run_files(run: Path) -> dict[str, list[str]]:
    """Return the names of a run's files and the keys of those that hold text."""
    texts = [path for path in sorted(run.iterdir()) if path.suffix in (".yaml", ".json", ".jsonl")]
    facts = {path.name: sorted({*leaves(read(path))}) for path in texts}
    return {"directory": [run.name], "names": names_below(run), **facts}


def names_below(folder: Path) -> list[str]:
    """Return the files below a folder, but for locks, which come and go."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"]
    return sorted(str(path.relative_to(folder)) for path in files)


def read(path: Path) -> Any:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in text.splitlines()]
    if path.suffix == ".json":
        return json.loads(text)
    import yaml

    return yaml.safe_load(text)


def leaves(value: Any, path: str = "") -> Iterator[str]:
    """Yield the dotted paths of all that is no mapping; those of a list's items are alike."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list) and value:
        for item in value:
            yield from leaves(item, f"{path}[]")
    else:
        yield path


# --- the command ---------------------------------------------------------------------------------


def facts_of(place: Path, parts: Sequence[str]) -> dict[str, Any]:
    """Return the facts of a checkout, or those that a file holds."""
    if not place.is_file():
        return collect(place.resolve(), parts)
    facts = json.loads(place.read_text(encoding="utf-8"))
    return {key: value for key, value in facts.items() if key in ("machine", *parts)}


def main() -> int:
    """Write the facts of a checkout, or print how two differ; 1 if they do."""
    takes = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = takes.add_subparsers(dest="verb", required=True)
    writes, compares = verbs.add_parser("write"), verbs.add_parser("compare")
    verbs.add_parser("names")  # of the runs of settings on stdin: what this program asks itself
    for verb in (writes, compares):
        verb.add_argument("--only", default=",".join(PARTS), help="of " + ", ".join(PARTS))
    writes.add_argument("--checkout", type=Path, default=HERE.parents[2])
    writes.add_argument("out", type=Path)
    compares.add_argument("before", type=Path)
    compares.add_argument("now", type=Path)
    options = takes.parse_args()
    if options.verb == "names":
        print_run_names()
        return 0
    parts = options.only.split(",")
    if unknown := {*parts} - {*PARTS}:
        takes.error(f"there is no part {', '.join(unknown)}")
    if options.verb == "write":
        facts = collect(options.checkout.resolve(), parts)
        options.out.write_text(json.dumps(facts, indent=1) + "\n")
        return 0
    differences, remarks = compare(facts_of(options.before, parts), facts_of(options.now, parts))
    print("\n".join([*remarks, *differences] if differences else [*remarks, "no difference"]))
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
