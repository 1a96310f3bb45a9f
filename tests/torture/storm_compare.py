"""What a kill must not take, and how the folder after the storm differs from its twin's."""

import csv
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import yaml

from gan_lab.common.files import UNFINISHED

CLOCK = ("seconds", "command", "time", "per_second", "log")  # in headings of a report's tables
BYTES = (".png", ".u8")


def newest_checkpoints(folder: Path) -> dict[Path, int]:
    """The step of the newest checkpoint of each run directory that has one."""
    found: dict[Path, int] = {}
    for path in folder.glob("runs/*/*/checkpoints/*.pt"):
        run = path.parents[1]
        found[run] = max(found.get(run, 0), int(path.stem))
    return found


def damage(folder: Path) -> list[str]:
    """What a kill has left that is not whole; a last line of metrics may be cut off."""
    names = [path.relative_to(folder) for path in _files(folder / "runs")]
    own = [name for name in names if name.parts[1] != "wandb"]
    return [f"{name} is not whole" for name in own if not _is_whole(folder / name)]


def _is_whole(path: Path) -> bool:
    try:
        if path.name.startswith(UNFINISHED):
            return True
        if path.suffix == ".json":
            json.loads(path.read_text("utf-8"))
        elif path.suffix == ".yaml":
            return isinstance(yaml.safe_load(path.read_text("utf-8")), dict)
        elif path.suffix == ".jsonl":
            for line in path.read_text("utf-8").split("\n")[:-1]:
                json.loads(line)
        elif path.suffix in (".pt", ".pt2"):
            with zipfile.ZipFile(path) as archive:
                return archive.testzip() is None
    except FileNotFoundError:  # a worker that goes on has just replaced or removed it
        return True
    except (ValueError, yaml.YAMLError, zipfile.BadZipFile):
        return False
    return True


def differences(twin: Path, folder: Path) -> list[str]:
    """What is otherwise in a folder than in its twin, and what is left over."""
    found = leftovers(folder)
    one, other = _by_name(twin), _by_name(folder)
    found += [f"{name} is missing" for name in sorted(one.keys() - other.keys())]
    found += [f"{name} is too much" for name in sorted(other.keys() - one.keys())]
    for name in sorted(one.keys() & other.keys()):
        if _content(one[name], twin) != _content(other[name], folder):
            found.append(f"{name} differs")
    return found


def leftovers(folder: Path) -> list[str]:
    """Unfinished files."""
    files = [path.relative_to(folder) for path in folder.rglob("*")]
    return sorted(
        f"{_anonymous(path)} is left over"
        for path in files
        if path.name.startswith(UNFINISHED) or ".tmp" in path.suffixes
    )


def _anonymous(path: Path) -> str:
    return re.sub(r"[0-9a-f]{16}", "*", str(path))


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def _numbers_of(path: Path) -> list[dict[str, Any]]:
    """The lines of a file of JSON lines without their clock, with all other numbers."""
    lines = [json.loads(text) for text in path.read_text("utf-8").splitlines()]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


def _by_name(folder: Path) -> dict[str, Path]:
    """The files by names that do not tell when they were made."""
    found = {}
    for path in _files(folder):
        name = path.relative_to(folder)
        if name.parts[0] not in ("runs", "cache") or name.parts[:2] == ("runs", "wandb"):
            continue
        if path.suffix in (".lock", ".tmp") or path.name in (".lock", "environment.json"):
            continue
        found[re.sub(r"events\.out\..*", "events", str(name))] = path
    return found


def _content(path: Path, folder: Path) -> Any:
    """What of a file is the same whenever it is made, and in whichever folder."""
    if path.suffix == ".jsonl":
        lines = _numbers_of(path)
        return lines if path.name == "metrics.jsonl" else [*lines, path.read_text("utf-8")]
    if path.name == "status.json":
        status = json.loads(path.read_bytes())
        return {key: value for key, value in status.items() if key != "total_seconds"}
    if path.suffix == ".pt":
        return _tensors(path)
    if path.suffix == ".safetensors":
        return _safetensors(path.read_bytes(), folder)
    if path.suffix == ".csv" and "report" in path.parts:
        with path.open(encoding="utf-8", newline="") as file:
            return [{name: value for name, value in row.items() if not _is_clock(name)}
                    for row in csv.DictReader(file)]  # fmt: skip
    if path.name == "wandb.json" or path.name == "curves.png" or "figures" in path.parts:
        return None
    if path.suffix == ".journal":
        return _trials(path)
    if path.suffix in BYTES or path.suffix in (".json", ".yaml"):
        return path.read_bytes().replace(str(folder).encode(), b"FOLDER")
    return None  # a figure, a page, a program, what a logger wrote: that it is there


def _trials(path: Path) -> list[Any]:
    """The settings and the value of each trial of a search."""
    from optuna import load_study
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    study = load_study(study_name=path.stem, storage=JournalStorage(JournalFileBackend(str(path))))
    return [(trial.state.name, trial.params, trial.value) for trial in study.trials]


def _is_clock(heading: str) -> bool:
    return any(word in heading for word in CLOCK)


def _safetensors(content: bytes, folder: Path) -> Any:
    """The header, whose keys are in another order each time, and the numbers."""
    size = int.from_bytes(content[:8], "little")
    header = content[8 : 8 + size].replace(str(folder).encode(), b"FOLDER")
    return json.loads(header), content[8 + size :]


def _tensors(path: Path) -> Any:
    import torch

    def plain(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return str(value.dtype), tuple(value.shape), value.numpy().tobytes()
        if isinstance(value, dict):
            return [(key, plain(inner)) for key, inner in value.items() if key != "seconds"]
        return [plain(inner) for inner in value] if isinstance(value, list | tuple) else value

    return plain(torch.load(path, weights_only=True))
