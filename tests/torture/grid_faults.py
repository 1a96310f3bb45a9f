"""Faults of files: each replaces a file by something that is not what the run wrote."""

import json
import math
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import yaml

Plant = Callable[[Path], None]
WRONG = ("text", [], None, -1, 10**9, True, {}, "\ud800", "", 10**400, math.nan, math.inf)
CONFIG = {  # values of the right form that no run can have
    "latent_dim": (-3, 0, 10**9), "image_size": (7, 0, 10**6), "batch_size": (0, -1, 10**9),
    "lr_g": (math.nan, -1.0, math.inf), "beta1": (2.0,), "seed": (-1, 2**70),
    "ema_decay": (math.nan, 2.0), "channels": (0, 7), "pack": (0, 3), "format": (99, -1, "two"),
    "class_counts": ([], [1], [-5] * 10, [10**12] * 10),
    "shape": ([], [0, 0, 0], [1, 16], [3, 7, 7]),
    "image_count": (0, -4, 10**15), "runtime.steps": (-1, 0, 10**15),
    "runtime.study": ("../..", ""),
    "runtime.evaluation.samples": (10**12, 0, -1), "runtime.device": ("tpu", "cuda:99"),
    "runtime.threads": (0, -1, 10**6), "runtime.cache_dir": ("/proc/none", ""),
    "runtime.runs_dir": ("/proc/none",), "dataset.scores": (["nothing"],),
    "dataset.selection": ("nothing",), "model.generator.ngf": (0, 10**7),
    "choices.dataset": ("mnist", "nothing"), "precision": ("fp8",), "weight_init": ("none",),
}  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """A name, and what is done to the file."""

    name: str
    plant: Plant


def faults_of(path: Path, seed: int, most_values: int = 40) -> list[Fault]:
    """Return the faults of a file, by what it holds."""
    random = Random(f"{seed} {path.name}")
    found = list(_of_bytes(random))
    if path.suffix in (".json", ".jsonl", ".yaml"):
        inside = list(_of_values(path))
        found += random.sample(inside, min(most_values, len(inside)))
    if path.suffix == ".jsonl":
        found += _of_lines()
    if path.name == "config.yaml":
        found += _of_config()
    if path.suffix == ".pt" and path.parent.name == "checkpoints":
        found += _of_checkpoint()
    if path.suffix == ".png":
        found.append(Fault("huge picture", lambda file: file.write_bytes(huge_png())))
        found.append(Fault("picture with a wrong byte", _flip))
    return found


def _of_bytes(random: Random) -> Iterator[Fault]:
    noise = random.randbytes(500)
    yield Fault("deleted", Path.unlink)
    yield Fault("empty", lambda file: _write(file, b""))
    yield Fault(
        "cut in half", lambda file: _write(file, file.read_bytes()[: file.stat().st_size // 2])
    )
    yield Fault("random bytes", lambda file: _write(file, noise))
    yield Fault("NULs", lambda file: _write(file, bytes(file.stat().st_size)))
    for text in ("{}", "3", "null", "[]", '"text"'):
        yield Fault(f"holds {text}", lambda file, text=text: _write(file, f"{text}\n".encode()))
    yield Fault("100,000 brackets", lambda file: _write(file, b"[" * 100_000))
    yield Fault("a folder in its place", _to_folder)


def _write(file: Path, content: bytes) -> None:
    file.write_bytes(content)


def _to_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()
    (file / "inside").write_text("something", encoding="utf-8")


def _flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)


@cache
def huge_png(side: int = 60_000) -> bytes:
    """A black picture of one bit a pixel: 3.6 thousand million pixels in half a megabyte."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    packer = zlib.compressobj(9)
    row = bytes(1 + (side + 7) // 8)
    packed = b"".join(packer.compress(row * 100) for _ in range(side // 100)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


# --- values inside of JSON and YAML --------------------------------------------------------------


def _load(path: Path) -> list[Any]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in text.splitlines()]
    return [yaml.safe_load(text) if path.suffix == ".yaml" else json.loads(text)]


def _dump(path: Path, contents: list[Any]) -> None:
    if path.suffix == ".yaml":
        path.write_text(yaml.safe_dump(contents[0]), encoding="utf-8", errors="surrogateescape")
    else:
        path.write_text("".join(json.dumps(content) + "\n" for content in contents), "utf-8")


def _keys(content: Any) -> Iterator[tuple[Any, ...]]:
    """The ways to every value of a content; of a list its first and last."""
    entries: list[tuple[Any, Any]] = []
    if isinstance(content, dict):
        entries = list(content.items())
    elif isinstance(content, list) and content:
        entries = [(place, content[place]) for place in sorted({0, len(content) - 1})]
    for key, value in entries:
        yield (key,)
        yield from ((key, *rest) for rest in _keys(value))


def set_value(content: Any, keys: tuple[Any, ...], value: Any) -> None:
    """Replace the value that keys lead to."""
    for key in keys[:-1]:
        content = content[key]
    content[keys[-1]] = value


def _of_values(path: Path) -> Iterator[Fault]:
    for keys in _keys(_load(path)):
        for value in WRONG:
            if value == "\ud800" and path.suffix == ".yaml":
                continue
            words = f"{'.'.join(map(str, keys[1:] if len(keys) > 1 else keys))}={repr(value)[:12]}"
            yield Fault(words, _setting(keys, value))
    if path.suffix == ".yaml":
        return
    yield Fault(
        "a number of 5,000 digits", lambda file: _write(file, b'{"step": ' + b"9" * 5000 + b"}\n")
    )


def _setting(keys: tuple[Any, ...], value: Any) -> Plant:
    def plant(file: Path) -> None:
        contents = _load(file)
        set_value(contents, keys, value)
        _dump(file, contents)

    return plant


def _of_config() -> Iterator[Fault]:
    for name, values in CONFIG.items():
        for value in values:
            yield Fault(f"{name}={repr(value)[:20]}", _setting((0, *name.split(".")), value))


def _of_lines() -> Iterator[Fault]:
    def change(work: Callable[[list[bytes]], list[bytes]]) -> Plant:
        return lambda file: _write(file, b"".join(work(file.read_bytes().splitlines(True))))

    yield Fault("last line cut", lambda file: _write(file, file.read_bytes()[:-20]))
    yield Fault("first line gone", change(lambda lines: lines[1:]))
    yield Fault("last line gone", change(lambda lines: lines[:-1]))
    yield Fault("a line in the middle gone", change(lambda lines: lines[:2] + lines[3:]))
    yield Fault(
        "a line in the middle damaged", change(lambda lines: [*lines[:2], b"{x\n", *lines[3:]])
    )
    yield Fault("every line twice", change(lambda lines: [*lines, *lines]))
    yield Fault("lines backwards", change(lambda lines: lines[::-1]))
    yield Fault("empty lines", change(lambda lines: [b"\n", *lines, b"\n\n"]))
    yield Fault("not UTF-8", change(lambda lines: [b'{"step": 1, "\xff": 1}\n', *lines]))


# --- checkpoints ---------------------------------------------------------------------------------


def _of_checkpoint() -> Iterator[Fault]:
    import torch

    def change(work: Callable[[dict[str, Any]], object]) -> Plant:
        def plant(file: Path) -> None:
            content = torch.load(file, weights_only=True)
            work(content)
            torch.save(content, file)

        return plant

    def first(weights: dict[str, Any]) -> str:
        return next(name for name, one in weights.items() if one.is_floating_point())

    for name in ("step", "seconds", "best_step", "best_score"):
        for value in (10**9, -1, True, math.nan, math.inf, 10**400, 2.5):
            words = f"progress.{name}={repr(value)[:12]}"
            yield Fault(words, change(lambda c, n=name, v=value: c["progress"].update({n: v})))
    for part in ("progress", "generator", "discriminator", "average", "optimizer_g", "optimizer_d"):
        yield Fault(f"{part} missing", change(lambda c, p=part: c.pop(p)))
        yield Fault(f"{part} a text", change(lambda c, p=part: c.update({p: "text"})))
        yield Fault(f"{part} empty", change(lambda c, p=part: c.update({p: {}})))
    for part in ("generator", "discriminator", "average"):
        for words, made in (
            ("NaN", lambda one: torch.full_like(one, math.nan)),
            ("of another shape", lambda one: torch.zeros(3, 5)),
            ("of whole numbers", lambda one: one.long()),
            ("complex", lambda one: one.to(torch.complex64)),
            ("a text", lambda one: "text"),
            ("None", lambda one: None),
            ("sparse", lambda one: one.to_sparse()),
            ("on no device", lambda one: torch.empty_like(one, device="meta")),
        ):
            work = change(
                lambda c, p=part, m=made: c[p].update({first(c[p]): m(c[p][first(c[p])])})
            )
            yield Fault(f"{part} has a tensor {words}", work)
        yield Fault(
            f"{part} has another key", change(lambda c, p=part: c[p].update(x=torch.ones(1)))
        )
        yield Fault(
            f"{part} has a key of 3", change(lambda c, p=part: c[p].update({3: torch.ones(1)}))
        )
    for part in ("optimizer_g", "optimizer_d"):
        yield Fault(f"{part} without state", change(lambda c, p=part: c[p].update(state={})))
        yield Fault(
            f"{part} without groups", change(lambda c, p=part: c[p].update(param_groups=[]))
        )
        yield Fault(
            f"{part} has lr text", change(lambda c, p=part: c[p]["param_groups"][0].update(lr="x"))
        )
        yield Fault(
            f"{part} has lr NaN",
            change(lambda c, p=part: c[p]["param_groups"][0].update(lr=math.nan)),
        )
        for value in (torch.zeros(2, 3), "text", None):
            words = f"{part} has exp_avg {'of another shape' if torch.is_tensor(value) else value}"
            yield Fault(
                words, change(lambda c, p=part, v=value: c[p]["state"][0].update(exp_avg=v))
            )
    yield Fault("a tensor alone", lambda file: torch.save(torch.ones(3), file))
    yield Fault("a list", lambda file: torch.save([1, 2], file))
