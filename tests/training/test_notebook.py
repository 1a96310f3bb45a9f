"""A notebook shows a training live and a run as a card, and its interrupt button saves."""

import base64
import io
import json
import re
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from gan_lab.data import ImageDataset
from gan_lab.figures.tiles import tiles
from gan_lab.runs.directory import Run
from gan_lab.training.display.card import card
from gan_lab.training.display.notebook import _real_images, curves, in_notebook
from small_runs import QUICK, config_of, the_run

# Presses the button when ten steps are done.
PRESS = """
import os, pathlib, signal, threading, time

def press():
    while sum(len(file.read_bytes()) for file in pathlib.Path().rglob("metrics.jsonl")) < 3000:
        time.sleep(0.1)
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=press).start()
"""
TINY = [*QUICK, "hidden_dim=4", "batch_size=16", "log_every=1", "sample_every=2"]


def test_this_is_no_notebook_and_does_not_import_one():
    assert not in_notebook()


def test_curves_go_from_the_least_to_the_greatest_loss():
    lines = [{"step": 1, "loss/d": 0.0, "loss/g": 2.0}, {"step": 3, "loss/d": 1.0, "loss/g": 2.0}]
    found = re.findall('points="([^"]+)"', curves(lines))
    assert found == ["0.0,120.0 360.0,60.0", "0.0,0.0 360.0,0.0"]
    assert curves(lines[:1]) == "" and curves([]) == ""


def test_curves_of_a_long_training_stay_small():
    lines = [{"step": step, "loss/d": step % 7, "loss/g": 1.0} for step in range(10_000)]
    assert len(curves(lines)) < 20_000


def test_real_images_are_of_all_classes():
    """Of a folder the first hundreds may be of one class: half of these are black, half white."""
    images = torch.zeros(1000, 1, 4, 4, dtype=torch.uint8)
    images[500:] = 255
    code = re.search('base64,([^"]+)', _real_images(ImageDataset(images)))[1]
    shown = tiles(np.asarray(Image.open(io.BytesIO(base64.b64decode(code)))), side=4)
    assert [tile.mean() for tile in shown] == [0] * 32 + [255] * 32


def test_a_card_is_short_and_says_nothing_but_text(tmp_path):
    config = config_of(f"runs_dir={tmp_path}")
    run = Run(tmp_path / "<script>")
    run.directory.mkdir()
    run.set_status("interrupted", 1234, "")
    text = card(run, config)
    assert "interrupted, step 1,234" in text and "&lt;script&gt;" in text
    assert "<script>" not in text and len(text) < 3000


# --- a real kernel -------------------------------------------------------------------------------


@pytest.fixture
def kernel(tmp_path, environment, monkeypatch):
    """A client with a kernel in tmp_path, without anybody's settings."""
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    client = pytest.importorskip("nbclient", reason="nbclient is not installed")
    nbformat = pytest.importorskip("nbformat")
    notebook = nbformat.v4.new_notebook()
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    path = [f"sys.path.insert(0, {place!r})" for place in reversed(sys.path)]
    notebook.cells = [nbformat.v4.new_code_cell("\n".join(["import sys", *path]))]
    made = client.NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}, allow_errors=True
    )
    with made.setup_kernel():
        made.execute_cell(notebook.cells[0], 0)
        yield lambda code: run_cell(made, nbformat.v4.new_code_cell(code))


def run_cell(client, cell):
    client.nb.cells.append(cell)
    return client.execute_cell(cell, len(client.nb.cells) - 1).outputs


def pages(outputs) -> list[str]:
    return [one.data.get("text/html", "") for one in outputs if "data" in one]


@pytest.mark.slow
def test_a_training_is_shown_live_and_its_run_is_a_card(kernel, tmp_path):
    settings = json.dumps([*TINY, "steps=30"])
    outputs = kernel(f"import gan_lab\ngan_lab.train(*{settings})")
    live = [page for page in pages(outputs) if "<progress" in page]
    assert len(live) == 1 and "step 30 of 30" in live[0]
    assert live[0].count("<img") == 2 and live[0].count("<polyline") == 2
    assert "<table>" in pages(outputs)[-1] and "finished, step 30" in pages(outputs)[-1]
    assert the_run(tmp_path).status().state == "finished"


@pytest.mark.slow
@pytest.mark.parametrize("first", ["", "import matplotlib.pyplot as plt"])
def test_figures_are_shown_after_a_training_too(kernel, first):
    """Whether matplotlib was there before it or not, and though runs draw into files."""
    settings = json.dumps([*TINY, "steps=3"])
    kernel(f"{first}\nimport gan_lab\ngan_lab.train(*{settings})")
    (figure,) = kernel("import matplotlib.pyplot as plt\nplt.plot([1, 2]);")
    assert "image/png" in figure.data


@pytest.mark.slow
def test_lines_are_text_and_a_sweep_draws_nothing_over_them(kernel, tmp_path):
    settings = json.dumps([*TINY, "steps=3", "loss=hinge,lsgan"])
    outputs = kernel(f"import gan_lab\nruns = gan_lab.sweep(*{settings})")
    assert {one.output_type for one in outputs} == {"stream"}
    said = "".join(one.text for one in outputs)
    assert "run 2 of 2  loss=lsgan  finished" in said and "\x1b" not in said


@pytest.mark.slow
def test_the_interrupt_button_saves_and_says_how_to_go_on(kernel, tmp_path):
    settings = json.dumps([*TINY, "steps=100000"])
    outputs = kernel(f"{PRESS}\nimport gan_lab\ngan_lab.train(*{settings})")
    (stopped,) = [one for one in outputs if one.output_type == "error"]
    assert stopped.ename == "KeyboardInterrupt"
    said = "".join(one.get("text", "") for one in outputs) + "".join(pages(outputs))
    assert "the same command goes on from there" in said
    run = the_run(tmp_path)
    assert run.status().state == "interrupted"
    assert run.checkpoint_steps() == [run.status().step]
