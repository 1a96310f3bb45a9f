"""The small project that `gan-lab new` writes, to begin with."""

from pathlib import Path

from gan_lab.common.errors import UsageError
from gan_lab.common.paths import template_directory

RENAMED = {"gitignore": ".gitignore"}  # in the package it would hide files of the package


def write_project(folder: Path) -> list[Path]:
    """Write the project into a new or empty folder, and return its files.

    Raises UsageError if something is there.
    """
    if folder.is_dir() and any(folder.iterdir()):
        raise UsageError(f"{folder} is there and not empty: name a new folder.")
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is there and no folder: name a new one.")
    template = template_directory()
    written = []
    for path in sorted(template.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            name = path.relative_to(template)
            file = folder / name.with_name(RENAMED.get(name.name, name.name))
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(path.read_bytes())
            written.append(file)
    return written
