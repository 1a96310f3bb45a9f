"""What the log of an offline W&B run says: LevelDB's container of protobuf records."""

import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BLOCK, CHUNK = 32 * 1024, struct.Struct("<IHB")  # a chunk: checksum, length, kind, bytes
FULL, LAST = 1, 4


def payloads(content: bytes) -> Iterator[bytes]:
    """The records of a log, up to where a kill cut it."""
    assert content[:4] == b":W&B"
    position, record = 7, b""
    while position + CHUNK.size <= len(content):
        room = BLOCK - position % BLOCK
        if room < CHUNK.size:
            position += room
            continue
        checksum, length, kind = CHUNK.unpack_from(content, position)
        position += CHUNK.size
        part = content[position : position + length]
        if zlib.crc32(part, zlib.crc32(bytes([kind]))) != checksum:
            return
        position, record = position + length, record + part
        if kind in (FULL, LAST):
            yield record
            record = b""


@dataclass
class Log:
    """What a .wandb file says."""

    path: Path
    run: Any = None
    config: dict[str, Any] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    metrics: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    exit_code: int | None = None

    def scalars(self, *keys: str) -> list[dict[str, float]]:
        """The rows that hold all the keys, without anything else."""
        return [{key: row[key] for key in keys} for row in self.rows if row.keys() >= {*keys}]

    def images(self) -> list[tuple[int, Path]]:
        """The sample grids: their steps and their files."""
        files = self.path.parent / "files"
        rows = [row for row in self.rows if "samples" in row]
        return [(row["step"], files / row["samples"]["path"]) for row in rows]


def read_log(path: Path) -> Log:
    from wandb.proto.wandb_internal_pb2 import Record

    log = Log(path)
    for payload in payloads(path.read_bytes()):
        record = Record.FromString(payload)
        match record.WhichOneof("record_type"):
            case "run":
                log.run = record.run
                update(log.config, record.run.config.update)
            case "config":
                update(log.config, record.config.update)
            case "history":
                log.rows.append(update({}, record.history.item))
            case "summary":
                update(log.summary, record.summary.update)
            case "metric":
                log.metrics[record.metric.name or record.metric.glob_name] = record.metric
            case "exit":
                log.exit_code = record.exit.exit_code
    return log


def update(tree: dict[str, Any], items: Any) -> dict[str, Any]:
    """Set items, of which a nested one is written leaf by leaf."""
    for item in items:
        *parents, leaf = item.nested_key or [item.key]
        branch = tree
        for parent in parents:
            branch = branch.setdefault(parent, {})
        branch[leaf] = json.loads(item.value_json)
    return tree


def logs(folder: Path) -> list[Path]:
    """The logs of all runs, oldest first: they share one directory."""
    return sorted((folder / "runs" / "wandb").glob("offline-run-*/run-*.wandb"))


def the_log(folder: Path) -> Log:
    (path,) = logs(folder)
    return read_log(path)
