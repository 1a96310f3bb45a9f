"""Execute the notebooks of notebooks/; as a program, write their outputs into them.

    .venv/bin/python tests/execute_notebooks.py [NAME ...]

Each is executed in an empty folder with a home of its own, so that what is printed names no place
of this machine. Pictures are kept with few colours, which halves them.
"""

import base64
import hashlib
import io
import os
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import matplotlib
import nbformat
import numpy as np
from nbclient import NotebookClient
from nbformat import NotebookNode
from PIL import Image

FOLDER = Path(__file__).parents[1] / "notebooks"
NAMES = ("first_gan", "bring_your_own")
SECONDS = 1800  # for one cell, beside other processes
GREYS, COLOURS = 16, 128  # of the pictures that are kept


def read(name: str) -> NotebookNode:
    """Return a notebook as it lies in notebooks/."""
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def execute(notebook: NotebookNode, folder: Path, environment: Mapping[str, str]) -> None:
    """Execute a notebook in a folder, with this process's packages; it then has the outputs.

    Raises CellExecutionError for a cell that fails, DeadKernelError if the kernel is killed.
    """
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        startup_timeout=SECONDS,
        kernel_name="python3",
        coalesce_streams=True,
        record_timing=False,  # other times would make another file of the same outputs
        resources={"metadata": {"path": str(folder)}},
    )
    path = os.pathsep.join(place for place in sys.path if place)
    client.execute(env={**environment, "PYTHONPATH": path})


def digest(notebook: NotebookNode) -> str:
    """Return the hash of all that is executed: outputs of other cells are stale."""
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return hashlib.sha256("\0".join(sources).encode()).hexdigest()


def smaller(png: str) -> str:
    """Return a picture (PNG in base64) with few levels of grey, or few colours."""
    picture = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    pixels = np.asarray(picture)
    is_grey = bool((pixels == pixels[..., :1]).all())
    file = io.BytesIO()
    picture.quantize(GREYS if is_grey else COLOURS).save(file, format="PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode("ascii")


def shrink_pictures(notebook: NotebookNode) -> None:
    """Make all pictures among the outputs smaller, also those inside HTML."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/png" in data:
                data["image/png"] = smaller(data["image/png"])
            if "text/html" in data:
                data["text/html"] = re.sub(
                    '(?<=data:image/png;base64,)[^"]+',
                    lambda found: smaller(found[0]),
                    data["text/html"],
                )


def write_outputs(name: str) -> Path:
    """Execute a notebook, write it with its outputs, and return its path."""
    notebook = read(name)
    with tempfile.TemporaryDirectory() as home:
        work = Path(home, "work")
        work.mkdir()
        kept = {key: value for key, value in os.environ.items() if not key.startswith("GAN_LAB_")}
        fonts = {"MPLCONFIGDIR": matplotlib.get_cachedir()}  # else a new home says that it has none
        execute(notebook, work, {**kept, **fonts, "HOME": home})
        notebook = nbformat.reads(nbformat.writes(notebook).replace(home, "~"), as_version=4)
    shrink_pictures(notebook)
    notebook.metadata["language_info"] = {"name": "python"}  # without the version of this Python
    notebook.metadata["gan_lab"] = {"executed": digest(notebook)}
    path = FOLDER / f"{name}.ipynb"
    nbformat.write(notebook, path)
    return path


if __name__ == "__main__":
    for chosen in sys.argv[1:] or NAMES:
        print(write_outputs(chosen))
