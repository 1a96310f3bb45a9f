"""`gan-lab new` writes a project in which everything runs."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from gan_lab.cli.main import HELP
from gan_lab.common.paths import template_directory
from gan_lab.runs.directory import Run
from small_runs import USAGE, assert_one_line, runs_in, states

README = (template_directory() / "README.md").read_text(encoding="utf-8")
(BLOCK,) = re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
COMMANDS = [shlex.split(line.partition("#")[0])[1:] for line in BLOCK.splitlines()]
SMALL = ("image_size=16", "evaluation.samples=60", "evaluation.samples_during=60")


@pytest.fixture(scope="module")
def project(tmp_path_factory, gan_lab_here_in) -> Path:
    folder = tmp_path_factory.mktemp("new")
    result = gan_lab_here_in(folder, "new", "mine")
    assert result.returncode == 0 and "gan-lab experiment=first" in result.stdout
    return folder / "mine"


def test_it_is_what_its_readme_says(project):
    files = {str(path.relative_to(project)) for path in project.rglob("*") if path.is_file()}
    assert files == {
        *(".gitignore", "README.md", "my_gan.py", "my_loss.py", "conf/experiment/first.yaml"),
        *("conf/model/mine.yaml", "conf/loss/mine.yaml", "conf/sweep/compare.yaml"),
    }
    assert len(COMMANDS) == 6 and "gan-lab new FOLDER" in HELP
    for network in re.split(r"^class ", (project / "my_gan.py").read_text(), flags=re.M)[1:]:
        assert len([line for line in network.splitlines() if line.strip()]) <= 20


@pytest.mark.slow
def test_the_six_commands_of_its_readme_run_one_after_another(project, gan_lab_here_in):
    for command in COMMANDS:
        if command[0].startswith("experiment="):
            lengths = [text for text in command if text.startswith("steps=")] or ["steps=30"]
            command = [*(text for text in command if text not in lengths), *SMALL]
            command += ["steps=2" if "sweep=compare" in command else lengths[0]]
        result = gan_lab_here_in(project, *command)
        assert result.returncode == 0, (command, result.stdout, result.stderr)
        assert "damaged" not in result.stdout
    assert states(project) == ["finished"] * 4  # the first of the sweep is the run before it
    assert {run.config().choices.loss for run in runs_in(project).values()} == {
        "mine", "nonsaturating"
    }  # fmt: skip
    assert (project / "runs/first/report/report.html").is_file()


def test_what_its_readme_says_of_additions_is_true(project, gan_lab_here_in):
    """A loss, a score and a dataset as the README describes them, each in two places."""
    score, dataset = [
        yaml.safe_load(text) for text in re.findall(r"(?:^      .*\n)+", README, re.MULTILINE)
    ]
    score["measure"]["_target_"] = "my_scores.grey"
    dataset["images"]["_target_"] = "my_data.noise"
    for name, content in {
        "loss/wide": {"_target_": "my_loss.wide"},
        "score/grey": score,
        "dataset/noise": dataset,
    }.items():
        path = project / "conf" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump(content))
    with (project / "my_loss.py").open("a") as file:
        file.write("\n\ndef wide() -> GanLoss:\n    return balanced(2.0)\n")
    (project / "my_scores.py").write_text("def grey(fake):\n    return fake.double().mean()\n")
    (project / "my_data.py").write_text(
        "import torch\nfrom gan_lab.data import ImageDataset\n\n\n"
        "def noise(image_size, split='train'):\n"
        "    shape = (64, 1, image_size, image_size)\n"
        "    return ImageDataset(torch.randint(0, 255, shape).to(torch.uint8))\n"
    )
    typed = ("loss=wide", "dataset=noise", "dataset.scores=[grey]", "study=added", "steps=2")
    assert gan_lab_here_in(project, "explain", "loss=wide", "score=grey").returncode == 0
    result = gan_lab_here_in(project, "experiment=first", *typed, *SMALL)
    assert result.returncode == 0, result.stdout + result.stderr
    (directory,) = (project / "runs" / "added").iterdir()
    assert Run(directory).final_scores().keys() == {"grey"}


@pytest.mark.parametrize("typed", ["new", "new full", "new file", "new a b", "new --nmae x"])
def test_a_folder_that_is_there_is_left_alone(gan_lab_here, tmp_path, typed):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("years of work")
    (tmp_path / "file").write_text("")
    assert_one_line(gan_lab_here(*typed.split()), USAGE)
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["thesis.tex"]


def test_an_empty_folder_and_one_below_others_will_do(gan_lab_here, tmp_path):
    (tmp_path / "empty").mkdir()
    for folder in ("empty", "one/below"):
        assert gan_lab_here("new", folder).returncode == 0
        assert (tmp_path / folder / "conf" / "experiment" / "first.yaml").is_file()
