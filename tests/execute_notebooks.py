"""Execute the notebooks of notebooks/; as a program, write their outputs into them.

    .venv/bin/python tests/execute_notebooks.py

Each is executed in an empty folder, so that nothing printed names a place of this machine.
"""

import hashlib
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

FOLDER = Path(__file__).parents[1] / "notebooks"
NAMES = ("first_gan", "bring_your_own")
SECONDS = 1800  # of one cell, beside other processes


def read(name: str) -> NotebookNode:
    """Return a notebook as it lies in notebooks/."""
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def execute(notebook: NotebookNode, folder: Path, environment: Mapping[str, str]) -> None:
    """Execute a notebook in a folder, with this process's packages; it then has the outputs.

    Raises CellExecutionError for a cell that fails.
    """
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name="python3",
        record_timing=False,  # other times would make another file of the same outputs
        resources={"metadata": {"path": str(folder)}},
    )
    path = os.pathsep.join(place for place in sys.path if place)
    client.execute(env={**environment, "PYTHONPATH": path})


def digest(notebook: NotebookNode) -> str:
    """Return the hash of all that is executed: outputs of other cells are stale."""
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return hashlib.sha256("\0".join(sources).encode()).hexdigest()


def main() -> None:
    """Execute each notebook and keep its outputs."""
    for name in NAMES:
        notebook = read(name)
        with tempfile.TemporaryDirectory() as home:
            environment = {**os.environ, "GAN_LAB_CACHE": f"{home}/cache", "HOME": home}
            work = Path(home, "work")
            work.mkdir()
            execute(notebook, work, environment)
            written = nbformat.writes(notebook).replace(home, "~")
        notebook = nbformat.reads(written, as_version=4)
        notebook.metadata["language_info"] = {"name": "python"}
        notebook.metadata["gan_lab"] = {"executed": digest(notebook)}
        nbformat.write(notebook, FOLDER / f"{name}.ipynb")
        print(FOLDER / f"{name}.ipynb")


if __name__ == "__main__":
    main()
