"""Points of one's own: a text file with a row for each, in two columns, and their classes."""

import csv
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from gan_lab.data.dataset import PointDataset
from gan_lab.data.holdout import stratified
from gan_lab.data.image_folder import folder_path

COLUMNS = ("x", "y", "label")
SEPARATORS = (",", ";", "\t")
TENTH = 10  # of the points is held out
LONGEST = 30  # letters of a cell in a message
LARGEST = 1e38  # that float32 holds, with some room


@dataclass(frozen=True)
class _Columns:
    """In which columns x, y and, if there are labels, those stand."""

    x: int
    y: int
    label: int | None


def points_csv(root: str | Path, file: str | None, split: str = "train") -> PointDataset:
    """Return the points of a file `root`/`file`, of which a tenth of each class is held out.

    Columns are separated by commas, semicolons or tabs. Their names in the first row are x, y and,
    if there are classes, label, beside others that are passed over. Without names the first two
    are x and y and a third is the label. Empty lines are passed over. Raises ValueError, with file
    and line, for a row that has no two finite numbers, and OSError if there is no such file.
    """
    path = folder_path(root, file)
    points, names = _read(path)
    classes = _sorted(set(names))
    labels = [classes.index(name) for name in names] if len(classes) > 1 else None
    held_out = torch.tensor(stratified(len(points), TENTH, labels))
    chosen = held_out if split == "test" else ~held_out
    return PointDataset(
        images=torch.tensor(points, dtype=torch.float32)[chosen],
        labels=None if labels is None else torch.tensor(labels)[chosen],
        classes=() if labels is None else tuple(classes),
        origin=str(path),
    )


def file_hash(root: str | Path, file: str | None) -> str:
    """Return 8 hex digits of the bytes of `root`/`file`."""
    return hashlib.sha256(folder_path(root, file).read_bytes()).hexdigest()[:8]


def _read(path: Path) -> tuple[list[tuple[float, float]], list[str]]:
    points: list[tuple[float, float]] = []
    names: list[str] = []
    columns: _Columns | None = None
    for place, row in _rows(path):
        if columns is None:
            columns, has_names = _columns(row, place)
            if has_names:
                continue
        needed = max(columns.x, columns.y, columns.label or 0) + 1
        if len(row) < needed:
            raise ValueError(f"{place}: has {len(row)} columns, not {needed}.")
        points.append((_number(row[columns.x], "x", place), _number(row[columns.y], "y", place)))
        names.append("" if columns.label is None else _label(row[columns.label], place))
    if len(points) < 2:
        raise ValueError(f"{path}: has {len(points)} points; at least 2 are needed.")
    return points, names


def _rows(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the rows that are not empty, each with its file and line."""
    try:
        # utf-8-sig: spreadsheets begin their files with a mark.
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ValueError(f"{path}: is no text in UTF-8.") from None
    first = next((line for line in lines if line.strip()), "")
    separator = max(SEPARATORS, key=first.count)
    for number, line in enumerate(lines, start=1):
        if line.strip(" ,;\t"):
            yield f"{path}:{number}", next(csv.reader([line], delimiter=separator))


def _columns(row: Sequence[str], place: str) -> tuple[_Columns, bool]:
    """Return the columns, and whether the first row has their names."""
    names = [cell.strip().lower() for cell in row]
    if "x" in names and "y" in names:
        label = names.index("label") if "label" in names else None
        return _Columns(names.index("x"), names.index("y"), label), True
    if len(row) < 2:
        raise ValueError(f"{place}: has {len(row)} columns; points have x and y.")
    if not any(_is_number(cell) for cell in row[:2]):
        found = ", ".join(_short(cell) for cell in row[:3])
        raise ValueError(f"{place}: columns are called {found}; they need the names x and y.")
    return _Columns(0, 1, 2 if len(row) > 2 else None), False


def _number(cell: str, column: str, place: str) -> float:
    if not (_is_number(cell) and abs(float(cell)) < LARGEST):
        raise ValueError(f"{place}: {_short(cell)} in column {column} is no finite number.")
    return float(cell)


def _label(cell: str, place: str) -> str:
    if not cell.strip():
        raise ValueError(f"{place}: has no label, and other rows have.")
    return cell.strip()


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _short(cell: str) -> str:
    return ascii(cell.strip()[:LONGEST])


def _sorted(names: set[str]) -> list[str]:
    """Return names in order; numbers as numbers."""
    by_number = all(_is_number(name) for name in names)
    return sorted(names, key=lambda name: (float(name) if by_number else 0.0, name))
