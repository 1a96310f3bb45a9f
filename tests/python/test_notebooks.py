"""The notebooks do what their text says, and the outputs that are kept in them are theirs."""

import ast
import json
import math
import re

import pytest
import torch
import yaml

from small_runs import QUICK, config_of, the_run

nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
pytest.importorskip("ipykernel", reason="ipykernel is not installed")

import gan_lab  # noqa: E402
from execute_notebooks import FOLDER, NAMES, digest, execute, read  # noqa: E402
from gan_lab.common.paths import using_folders  # noqa: E402
from gan_lab.config.identity import run_directory  # noqa: E402

MOST_BYTES = 300_000  # of a notebook with its outputs


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook):
    return [output for cell in code_cells(notebook) for output in cell.outputs]


def notebook_of(*sources: str):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in sources])


def printed(notebook) -> str:
    return "".join(output.get("text", "") for output in outputs(notebook))


# --- as they are kept: nothing is executed -------------------------------------------------------


@pytest.fixture(params=NAMES)
def kept(request):
    """A notebook as it lies in the repository."""
    return request.param, read(request.param)


def test_every_notebook_is_known():
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == set(NAMES)


def test_it_is_small_and_names_no_place_of_a_machine(kept):
    name = kept[0]
    text = (FOLDER / f"{name}.ipynb").read_text(encoding="utf-8")
    assert len(text.encode()) < MOST_BYTES
    words = re.sub("[A-Za-z0-9+/=]{200,}", "", text)  # without its pictures
    assert not re.findall(r"/(?:home|root|tmp|work|Users|private|var)/[^\s\"]*", words)
    assert not re.findall(r"[A-Z]:\\\\", words)


def test_its_outputs_are_those_of_its_cells(kept):
    """All cells were executed in their order, as they are now, and none has failed."""
    notebook = kept[1]
    cells = code_cells(notebook)
    assert notebook.metadata["gan_lab"]["executed"] == digest(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert {output.output_type for output in outputs(notebook)} <= {
        "stream",
        "display_data",
        "execute_result",
    }
    assert not [output for output in outputs(notebook) if output.get("name") == "stderr"]


def test_every_cell_can_be_compiled(kept):
    """As Python, or as what it writes into a file."""
    for cell in code_cells(kept[1]):
        first, _, rest = cell.source.partition("\n")
        if not first.startswith("%%writefile "):
            ast.parse(cell.source)
        elif first.endswith(".py"):
            ast.parse(rest)
        else:
            assert isinstance(yaml.safe_load(rest), dict)


def test_the_runs_that_it_shows_are_those_that_its_settings_make_today():
    settings = (
        "model=cdcgan",
        "logger=none",
        "dataset.scores=[fd_classifier,class_shares]",
    )
    shown = printed(read("first_gan"))
    for more in (
        ("study=first_gan", "steps=1000"),
        ("study=two_losses", "steps=300", "loss=nonsaturating"),
        ("study=two_losses", "steps=300", "loss=minimax"),
    ):
        assert f"run       {run_directory(config_of(*settings, *more))}\n" in shown


def test_links_lead_to_files(kept):
    for cell in kept[1].cells:
        if cell.cell_type == "markdown":
            for target in re.findall(r"\]\((?!http)([^)#]*)", cell.source):
                assert (FOLDER / target).is_file(), target


# --- executed ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def executed(tmp_path_factory, environment):
    """Execute a notebook in an empty folder, without data or network settings of anybody."""

    def run(name: str):
        folder, notebook = tmp_path_factory.mktemp(name), read(name)
        for cell in code_cells(notebook):
            cell.outputs = []
        execute(notebook, folder, environment)
        return notebook, folder

    return run


def small(images):
    """Digits [N, 1, 32, 32] as scikit-learn has them: [N, 64], from 0 to 16."""
    return (torch.nn.functional.avg_pool2d(images.double(), 4) / 255 * 16).flatten(1).numpy()


def spread(images) -> float:
    """The mean distance between two of the images."""
    return torch.pdist(images.double().flatten(1)).mean().item()


@pytest.mark.slow
def test_first_gan_draws_confident_digits(executed, monkeypatch):
    """Judged by gan_lab's classifier, and by scikit-learn's on scikit-learn's own images."""
    svm, datasets = pytest.importorskip("sklearn.svm"), pytest.importorskip("sklearn.datasets")
    notebook, folder = executed("first_gan")
    monkeypatch.chdir(folder)
    assert not [one for one in outputs(notebook) if one.output_type == "error"]
    (trained,) = gan_lab.list_runs("first_gan")
    assert (trained["state"], trained["step"]) == ("finished", 1000)
    assert trained["confident"] > 0.85 and trained["agreement"] > 0.9
    run = gan_lab.load_run(folder / "runs/first_gan" / trained["run"])
    images = torch.cat([run.sample(30, label=digit) for digit in range(10)])
    labels = torch.arange(10).repeat_interleave(30).numpy()
    judge = svm.SVC().fit(*datasets.load_digits(return_X_y=True))
    test = gan_lab.load_dataset("digits", image_size=32, split="test")
    assert judge.score(small(test.images), test.labels.numpy()) > 0.95  # it can judge
    assert judge.score(small(images), labels) > 0.85
    assert len(images.flatten(1).unique(dim=0)) == len(images)
    for digit in range(10):  # those of one digit differ as real ones do
        fake, real = images[labels == digit], test.images[test.labels == digit]
        assert 0.5 < spread(fake) / spread(real) < 1.5
    # Two losses, and a report of them with every figure that the text speaks of.
    losses = {row["loss"]: row for row in gan_lab.list_runs("two_losses")}
    assert set(losses) == {"nonsaturating", "minimax"}
    assert losses["nonsaturating"]["agreement"] > 0.7 > 0.3 > losses["minimax"]["agreement"]
    page = folder / "runs/two_losses/report/report.html"
    assert page.is_file() and (page.parent / "figures" / "generator_gradient.png").is_file()


@pytest.mark.slow
def test_bring_your_own_trains_what_is_ones_own(executed, monkeypatch):
    notebook, folder = executed("bring_your_own")
    monkeypatch.chdir(folder)
    assert not [one for one in outputs(notebook) if one.output_type == "error"]
    directory = the_run(folder).directory
    run = gan_lab.load_run(directory, trust=True)
    assert type(run.generator).__module__ == "my_gan" and "Upsample" in repr(run.generator)
    assert run.config.loss.target == "my_loss.soft" and run.run.status().state == "finished"
    sources = json.loads((directory / "environment.json").read_text(encoding="utf-8"))[0]["code"]
    assert set(sources) == {"my_gan.py", "my_loss.py"}
    # No D has a lower loss than the entropy of a coin that shows real in 9 of 10.
    entropy = -(0.9 * math.log(0.9) + 0.1 * math.log(0.1))
    assert all(line["loss/d"] > entropy for line in run.metrics if "loss/d" in line)
    with using_folders([folder / "conf"]):
        loss = gan_lab.load_loss("mine")
    zero, sure = torch.zeros(3), torch.full((3,), 30.0)
    assert loss.discriminator(zero, zero).item() == pytest.approx(2 * math.log(2))
    assert loss.discriminator(sure, -sure).item() == pytest.approx(0.1 * 30)
    assert loss.generator(zero, sure).item() == pytest.approx(0, abs=1e-9)
    images = run.sample(50)
    assert images.shape == (50, 3, 16, 16) and len(images.flatten(1).unique(dim=0)) == 50
    shapes = gan_lab.load_dataset("image_folder", root=folder, folder="shapes", image_size=16)
    assert len(shapes) == 810 and shapes.classes == ("circle", "square", "triangle")
    assert 0.5 < spread(images) / spread(shapes.images[::20]) < 1.5


# Ends the kernel as a host does, without a word, when a checkpoint is there.
CUT = """
import os, pathlib, signal, threading, time

def cut():
    while not list(pathlib.Path(os.environ["GAN_LAB_RUNS"]).rglob("00000200.pt")):
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)

threading.Thread(target=cut, daemon=True).start()
"""
TRAIN = """
import gan_lab

run = gan_lab.train({settings}, steps=1000)
print("it has", run.step, "steps")
"""


@pytest.mark.slow
def test_a_session_that_is_cut_goes_on_in_another(tmp_path, environment):
    """As docs/notebooks.md says of hosted notebooks: of the first session only the runs stay."""
    settings = ", ".join(map(repr, [*QUICK, "hidden_dim=4", "batch_size=16"]))
    train = TRAIN.format(settings=settings)
    kept = {**environment, "GAN_LAB_RUNS": str(tmp_path / "mounted" / "runs")}
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
    sessions = [notebook_of(CUT, train), notebook_of(train)]
    with pytest.raises(nbclient.exceptions.DeadKernelError):
        execute(sessions[0], folders[0], kept)
    run = the_run(tmp_path / "mounted")
    (reached,) = run.checkpoint_steps()[-1:]
    assert 200 <= reached < 1000 and not [*folders[0].iterdir()]
    execute(sessions[1], folders[1], kept)
    said = printed(sessions[1])
    assert f"going on from step {reached} of {run.directory}" in said
    assert "it has 1000 steps" in said and run.status().state == "finished"
    assert len(run.environment()) == 2 and not [*folders[1].iterdir()]
