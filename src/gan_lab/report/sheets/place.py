"""Where the studies of a sheet lie, and where its documents go."""

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Place:
    """The folders of the studies (or runs) that a sheet is made of, and of its documents.

    Missing runs are made in the first. `runs_dir` is what commands take without being told.
    `configs` are arguments that name folders of the user's own configs.
    """

    folders: Sequence[Path]
    sheet: str
    runs_dir: Path
    configs: Sequence[str] = ()

    @property
    def documents(self) -> Path:
        """The folder of the documents."""
        return self.folders[0] / f"sheet_{self.sheet}"

    @property
    def study(self) -> list[str]:
        """The settings that put a run into the first study."""
        first = self.folders[0]
        settings = [f"study={first.absolute().name}"]
        if first.absolute().parent.resolve() != self.runs_dir.resolve():
            settings.append(f"runs_dir={first.parent}")
        return settings

    def made_by(self) -> str:
        """The command that makes the documents again, typed where they lie."""
        start = self.documents.absolute()
        places = [os.path.relpath(folder.absolute(), start) for folder in self.folders]
        return shlex.join(["gan-lab", "report", *places, "--sheet", self.sheet])
