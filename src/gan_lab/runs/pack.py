"""A run as one zip to send: with all that opens it elsewhere, and without the sender's places."""

import io
import json
import re
import shlex
import zipfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from gan_lab.common.errors import RunError, UsageError
from gan_lab.common.files import new_file, read_bytes
from gan_lab.common.paths import expanded
from gan_lab.runs.directory import FORMAT, Run

MOST_BYTES = 2**34  # of a checkpoint
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first time that a zip knows: the same files make the same zip
STORED = (".png", ".pt")  # compressed already
KEPT = (
    "status.json", "metrics.jsonl", "evaluations.jsonl", "environment.json", "equilibrium.json",
    "modes_ema.json", "modes_raw.json",
    *(f"{name}.{ending}" for ending in ("png", "pdf") for name in (
        "curves", "equilibrium", "equilibrium_optimum", "modes_ema", "modes_raw",
        "modes_ema_samples", "modes_raw_samples",
    )),
)  # fmt: skip
# What a sender's program was told, and the reader's is told anew.
NEUTRAL = {"data_root": "data", "runs_dir": "runs", "cache_dir": "cache"}
PLACES = re.compile(r"(?:~|[A-Za-z]:[\\/]|(?<![\w.:/~-])/)[^\s'\",;\])}]*[\\/]")


@dataclass(frozen=True)
class Packed:
    """What a zip holds: its size in bytes, the samples' pictures and the steps of checkpoints."""

    path: Path
    size: int
    files: int
    samples: int
    checkpoints: list[int]


def pack(run: Run, out: Path, checkpoints: str) -> Packed:
    """Write a run as a zip with one folder of its name. `checkpoints` is newest, all or none.

    Nothing is built, and no link is followed. Raises RunError if the run is being trained, if its
    config.yaml cannot be read, or if the newest checkpoint is asked for and none is whole.
    """
    if run.is_taken():
        raise RunError(f"{run.directory} is being trained: pack it when it has ended.")
    content = run.config_content()
    run.config()  # a run that nobody could open is not sent
    made: dict[str, bytes] = {}
    private = _private_places(run, content)
    made["config.yaml"] = _config(content, private)
    for name in KEPT:
        if (found := _read(run.directory / name)) is not None:
            # The lines of metrics hold numbers alone, and their digest tells copies apart.
            of_texts = name.endswith((".json", ".jsonl")) and name != "metrics.jsonl"
            of_lines = name.endswith(".jsonl")
            made[name] = _without_places(found, of_lines, private) if of_texts else found
    steps = run.sample_steps()
    pictures = {f"samples/{step:08d}.png": run.sample_path(step) for step in steps}
    for name, path in (pictures | {"samples/latest.png": run.samples / "latest.png"}).items():
        if (found := _read(path)) is not None:
            made[name] = found
    initial = _read(run.initial_path)
    if initial is not None and _is_whole(initial):
        made[run.initial_path.name] = initial
    chosen = _chosen_checkpoints(run, checkpoints)
    made |= {f"checkpoints/{step:08d}.pt": found for step, found in chosen.items()}
    _write(made, run.directory.absolute().name, out)
    drawn = len(made.keys() & pictures.keys())
    return Packed(out, out.stat().st_size, len(made), drawn, sorted(chosen))


def _read(path: Path) -> bytes | None:
    """Return the bytes of a plain file that is in the run itself; None for anything else."""
    if path.parent.is_symlink():
        return None
    try:
        return read_bytes(path, MOST_BYTES)
    except OSError:
        return None


def _chosen_checkpoints(run: Run, asked: str) -> dict[int, bytes]:
    """Return the bytes of whole checkpoints by their steps."""
    found: dict[int, bytes] = {}
    for step in reversed(run.checkpoint_steps() if asked != "none" else []):
        content = _read(run.checkpoint_path(step))
        if content is not None and _is_whole(content):
            found[step] = content
            if asked == "newest":
                break
    if asked == "newest" and not found:
        raise RunError(
            f"{run.directory} has no checkpoint that is whole; --checkpoints none packs the rest."
        )
    return found


def _is_whole(content: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.testzip() is None
    except Exception:  # zipfile raises errors of many kinds at a damaged file
        return False


def _private_places(run: Run, content: dict[str, Any]) -> list[str]:
    """Return the folders of the sender that texts of the run may name, the longest first."""
    runtime = content.get("runtime") or {}
    places = {str(Path.home()), str(run.directory.absolute().parent)}
    places.add(str(run.directory.resolve().parent))
    images = (content.get("dataset") or {}).get("images") or {}
    for text in (*map(runtime.get, NEUTRAL), runtime.get("folder"), images.get("file")):
        with suppress(UsageError):  # of a home folder that this machine does not have
            if isinstance(text, str) and (path := expanded(text)).is_absolute():
                places |= {text, str(path)}
    return sorted((place for place in places if len(place) > 1), key=len, reverse=True)


def _neutral(text: str, private: list[str]) -> str:
    """Return a text with the last part alone of each place that it names absolutely."""
    for place in private:
        text = re.sub(rf"{re.escape(place)}(?=[\\/])[\\/]", "", text)
        text = re.sub(rf"{re.escape(place)}(?!\w)", Path(place).name, text)
    return PLACES.sub("", text)


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    """Return plain content with all its texts changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _each_text(item, change) for key, item in value.items()}
    return [_each_text(item, change) for item in value] if isinstance(value, list) else value


def _config(content: dict[str, Any], private: list[str]) -> bytes:
    """Return config.yaml with neutral places: what the hash of a run is made of keeps its value."""

    def neutral(value: Any) -> Any:
        return _each_text(value, lambda text: _neutral(text, private))

    content = {"format": FORMAT, **content}
    runtime = {**content["runtime"], **NEUTRAL}
    runtime |= {key: neutral(runtime[key]) for key in ("folder", "from_run") if key in runtime}
    runtime["logger"] = None
    runtime["evaluation"] = neutral(runtime["evaluation"])
    runtime["wandb"] = {**runtime["wandb"], "entity": None, "project": "gan-lab", "tags": []}
    dataset = dict(content["dataset"])
    unhashed = dataset.get("unhashed") or []
    for part, keys in (("images", unhashed), ("listing", ["folder", "file"])):
        if isinstance(spec := dataset.get(part), dict):
            dataset[part] = spec | {key: neutral(spec[key]) for key in keys if key in spec}
    for key in ("source", "licence"):
        if key in dataset:
            dataset[key] = neutral(dataset[key])
    content |= {"runtime": runtime, "dataset": dataset}
    return OmegaConf.to_yaml(OmegaConf.create(content)).encode()


def _without_places(content: bytes, of_lines: bool, private: list[str]) -> bytes:
    """Return a file of JSON, or of JSON lines, with neutral texts; byte for byte if it has none.

    What nobody can read is left out: nobody can say what it holds.
    """
    texts = [line for line in content.split(b"\n") if line.strip()] if of_lines else [content]
    values = _readable(texts)
    changed = [_each_text(value, lambda text: _neutral_command(text, private)) for value in values]
    if changed == values and len(values) == len(texts):
        return content
    indent = None if of_lines else 1
    return "".join(json.dumps(value, indent=indent) + "\n" for value in changed).encode()


def _readable(texts: Iterable[bytes]) -> list[Any]:
    """Return what can be read of texts in JSON."""
    values = []
    for text in texts:
        with suppress(ValueError, RecursionError):
            values.append(json.loads(text))
    return values


def _neutral_command(text: str, private: list[str]) -> str:
    """Return a text with neutral places; of a command without the words that say where things lie.

    Each other word keeps its quotes, so that the command still tells which settings were typed.
    """
    if not re.match(r"\S*gan-lab ", text):
        return _neutral(text, private)
    try:
        words = shlex.split(text)
    except ValueError:
        return ""
    kept = [word for word in words if word.partition("=")[0] not in (*NEUTRAL, "folder")]
    folder = [word for word in words if word.startswith("folder=")]
    kept += [f"folder={Path(word.partition('=')[2]).name}" for word in folder]
    return shlex.join(_neutral(word, private) for word in kept)


def _write(made: dict[str, bytes], folder: str, out: Path) -> None:
    """Write a zip whose bytes depend on the files' names and contents alone."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with new_file(out) as file, zipfile.ZipFile(file, "w") as archive:
        for name, content in sorted(made.items()):
            entry = zipfile.ZipInfo(f"{folder}/{name}", EPOCH)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            stored = name.endswith(STORED)
            entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
