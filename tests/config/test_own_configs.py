"""Configs of one's own in ./conf and elsewhere, and the code beside them."""

import importlib
import json
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from gan_lab.common.paths import conf_directory, using_folders
from gan_lab.config.compose import jobs
from gan_lab.config.identity import result_hash
from gan_lab.config.instantiate import locate
from gan_lab.config.own.code import source_hashes
from gan_lab.runs.directory import Run
from own_project import change, write_project
from small_runs import USAGE, assert_one_line, config_of, runs_in, the_run

SOURCES = {"my_gan.py", "my_layers.py", "my_loss.py", "my_data.py", "my_scores.py"}


@pytest.fixture
def project(tmp_path) -> Path:
    write_project(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def trained(tmp_path_factory, gan_lab_here_in) -> Path:
    """A project in which experiment=first has been trained."""
    folder = tmp_path_factory.mktemp("trained")
    write_project(folder)
    result = gan_lab_here_in(folder, "experiment=first")
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[0] == "configs   conf"
    return folder


@pytest.fixture
def own_run(trained, project) -> Run:
    """The run of that project, in this one."""
    shutil.copytree(trained / "runs", project / "runs")
    return the_run(project)


# --- what is found -------------------------------------------------------------------------------


def test_a_run_holds_what_is_needed_of_ones_own_configs(own_run, project, gan_lab_here):
    assert own_run.directory.name.startswith("mine-mine-squares-s0-")
    (start,) = json.loads(own_run.environment_path.read_text())
    assert start["code"].keys() == SOURCES
    held = yaml.safe_load(own_run.config_path.read_text())["dataset"]["own_scores"]
    assert held["grey"]["measure"] == {"_target_": "my_scores.grey", "scale": 1}
    assert own_run.final_scores()["grey"] > 0

    # Lists and reports need no more than the directory, and import nobody's code.
    shutil.rmtree(project / "conf")
    for name in SOURCES:
        (project / name).write_text("raise SystemExit('imported')\n")
    assert "greyness" in gan_lab_here("runs").stdout
    result = gan_lab_here("report", "first")
    assert result.returncode == 0, result.stderr
    assert "best as real data have it" in (project / "runs/first/report/results.md").read_text()


def test_no_compiled_files_and_no_path_are_left_behind(trained, gan_lab_here_in):
    assert not list(trained.rglob("__pycache__"))
    before = list(sys.path)
    assert gan_lab_here_in(trained, "explain", "loss=mine").returncode == 0
    assert sys.path == before


@pytest.mark.parametrize("way", ["--config-dir DIR", "--config-dir=DIR", "-cd DIR", "file", "path"])
def test_a_folder_is_named_by_hydras_flag_or_its_search_path(
    project, gan_lab_here_in, tmp_path_factory, way
):
    elsewhere, conf = tmp_path_factory.mktemp("elsewhere"), project / "conf"
    words = {"file": f"hydra.searchpath=[file://{conf}]", "path": f"hydra.searchpath=[{conf}]"}
    typed = words.get(way, way).replace("DIR", str(conf)).split()
    shown = gan_lab_here_in(elsewhere, "explain", *typed, "model=mine", "image_size=16").stdout
    assert f"configs   {conf}" in shown and "Linear" in shown
    printed = gan_lab_here_in(elsewhere, "--cfg", "job", *typed, "experiment=second").stdout
    assert yaml.safe_load(printed)["model"]["generator"]["_target_"] == "my_gan.Generator"
    assert yaml.safe_load(printed)["batch_size"] == 16  # of the experiment that it begins with


def test_built_in_configs_are_extended(project, gan_lab_here):
    (project / "conf/experiment/wide.yaml").write_text(
        "# @package _global_\ndefaults:\n  - mnist_dcgan\n\nngf: 7\nepochs: 2\n"
    )
    with using_folders([project / "conf"]):
        (job,) = jobs(["experiment=wide"], multirun=False)
    assert job.config.choices.dataset == "mnist" and job.config.ngf == 7
    assert (job.config.runtime.epochs, job.config.runtime.steps) == (2, None)


def test_a_config_with_the_name_of_a_built_in_one_hides_it_and_a_line_says_so(
    project, gan_lab_here
):
    shutil.copy(conf_directory() / "loss/hinge.yaml", project / "conf/loss/hinge.yaml")
    wide = (conf_directory() / "model/dcgan.yaml").read_text().replace("bias: false", "bias: true")
    (project / "conf/model/dcgan.yaml").write_text(wide)
    shown = gan_lab_here("explain", "model=dcgan").stdout
    # A copy that says the same hides nothing.
    assert shown.splitlines()[0] == "configs   conf: its model=dcgan stands in place of gan_lab's"
    built_in = result_hash(config_of())
    with using_folders([project / "conf"]):
        assert result_hash(config_of()) != built_in
    assert result_hash(jobs([], multirun=False)[0].config) == built_in


def test_a_conf_of_another_program_is_left_alone(project, gan_lab_here):
    (project / "conf/config.yaml").write_text("defaults: [nothing]\n")
    (project / "conf/schema.yaml").write_text("latent_dim: many\n")
    assert yaml.safe_load(gan_lab_here("--cfg", "job").stdout)["latent_dim"] == 16
    shutil.rmtree(project / "conf")
    (project / "conf/db").mkdir(parents=True)
    (project / "conf/db/mysql.yaml").write_text("x: 1\n")
    assert gan_lab_here("explain", "loss=hinge").stdout.startswith("loss=hinge")


def test_the_checkouts_own_conf_is_none_of_ones_own(gan_lab_here_in):
    shown = gan_lab_here_in(conf_directory().parent, "explain", "loss=hinge").stdout
    assert shown.startswith("loss=hinge")


def test_own_configs_are_completed_and_nobodys_code_is_imported(project, gan_lab_here, monkeypatch):
    for name in SOURCES:
        (project / name).write_text("raise SystemExit('imported')\n")
    for line, found in {
        "gan-lab model=m": "model=mine",
        "gan-lab sweep=ma": "sweep=margins",
        "gan-lab model=mine model.generator.sl": "model.generator.slope=",
    }.items():
        monkeypatch.setenv("COMP_LINE", line)
        monkeypatch.setenv("COMP_POINT", str(len(line)))
        assert found in gan_lab_here("-sc", "query=bash").stdout.split()
    (project / "elsewhere").mkdir()
    monkeypatch.setenv("COMP_LINE", line := f"gan-lab --config-dir {project / 'conf'} model=mi")
    monkeypatch.setenv("COMP_POINT", str(len(line)))
    monkeypatch.chdir(project / "elsewhere")
    assert "model=mine" in gan_lab_here("-sc", "query=bash").stdout.split()


# --- many runs -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_sweep_of_ones_own_in_worker_processes(project, gan_lab):
    result = gan_lab("experiment=first", "sweep=margins", "launcher=parallel", "n_jobs=2")
    assert result.returncode == 0, result.stdout + result.stderr
    assert {run.config().loss.get("margin") for run in runs_in(project).values()} == {0.9, 1.0}
    assert all(run.final_scores()["grey"] > 0 for run in runs_in(project).values())


@pytest.mark.slow
def test_fresh_workers_are_told_where_configs_and_code_are(
    project, gan_lab_here_in, tmp_path_factory, monkeypatch
):
    monkeypatch.setattr("gan_lab.jobs.process.start_method", "spawn")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    typed = ("--config-dir", str(project / "conf"), "experiment=first", "seeds=2")
    result = gan_lab_here_in(elsewhere, *typed)
    assert result.returncode == 0, result.stdout + result.stderr
    commands = {run.environment()[0].command for run in runs_in(elsewhere).values()}
    assert commands == {f"gan-lab --config-dir {project / 'conf'} experiment=first seeds=2"}


@pytest.mark.slow
def test_a_search_of_ones_own(project, gan_lab):
    result = gan_lab("experiment=first", "search=margins")
    assert result.returncode == 0, result.stdout + result.stderr
    assert len(runs_in(project)) == 2 and "best  trial" in result.stdout


# --- mistakes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "old", "new", "typed", "pieces"),
    [
        ("conf/experiment/first.yaml", "steps: 2", "stpes: 2", "experiment=first",
         ["conf/experiment/first.yaml, line 11", "'stpes'", "Did you mean 'steps'"]),
        ("conf/experiment/first.yaml", "steps: 2", "steps: few", "experiment=second",
         ["conf/experiment/first.yaml, line 11", "a whole number"]),
        ("conf/experiment/first.yaml", "steps: 2", "steps: [", "experiment=first",
         ["conf/experiment/first.yaml, line 1", "no YAML"]),
        ("conf/experiment/first.yaml", "/model: mine", "/model: mien", "experiment=first",
         ["'mien'", "Did you mean 'mine'"]),
        ("conf/experiment/second.yaml", "- first", "- second", "experiment=second",
         ["conf/experiment/second.yaml", "itself"]),
        ("conf/model/mine.yaml", "slope: 0.1", "solpe: 0.1", "experiment=first",
         ["conf/model/mine.yaml, line 3", "'solpe'", "slope"]),
        ("conf/model/mine.yaml", "discriminator:", "discriminatr:", "experiment=first",
         ["conf/model/mine.yaml, line 4", "discriminatr"]),
        ("conf/model/mine.yaml", "my_gan.Generator", "my_gan.Generater", "experiment=first",
         ["conf/model/mine.yaml, line 2", "my_gan.Generater", "Did you mean 'Generator'"]),
        ("conf/model/mine.yaml", "my_gan.Generator", "my_gun.Generator", "experiment=first",
         ["conf/model/mine.yaml, line 2", "No module named 'my_gun'"]),
        ("conf/model/mine.yaml", "generator:", "generator: [", "experiment=first",
         ["conf/model/mine.yaml, line", "no YAML"]),
        ("conf/model/mine.yaml", "_target_: my_gan.Discriminator", "width: 3", "experiment=first",
         ["conf/model/mine.yaml", "model.discriminator._target_"]),
        ("conf/loss/mine.yaml", "margin: 0.9", "mragin: 0.9", "experiment=first",
         ["conf/loss/mine.yaml, line 2", "'mragin'", "margin"]),
        ("conf/score/grey.yaml", "better: floor", "beter: floor", "experiment=first",
         ["conf/score/grey.yaml", "beter"]),
        ("conf/score/grey.yaml", "needs: images", "needs: pixels", "experiment=first",
         ["conf/score/grey.yaml, line 1", "pixels", "images"]),
        ("conf/score/grey.yaml", "scale: 1", "sclae: 1", "experiment=first",
         ["conf/score/grey.yaml, line 9", "'sclae'", "scale"]),
        ("conf/score/grey.yaml", "my_scores.grey", "my_scores.gray", "experiment=first",
         ["conf/score/grey.yaml, line 8", "my_scores.gray", "Did you mean 'grey'"]),
        ("conf/sweep/margins.yaml", "loss.margin", "loss.mragin", "experiment=first sweep=margins",
         ["conf/sweep/margins.yaml, line 2", "'loss.mragin'"]),
        ("my_gan.py", "def forward(self, latents):", "def forward(self, latents)",
         "experiment=first", ["my_gan.py, line 11", "SyntaxError"]),
        ("my_layers.py", "from torch.nn import Linear", "from torch.nn import Linera",
         "experiment=first", ["my_layers.py, line 1", "ImportError"]),
        ("my_gan.py", "self.shape = channels,", "self.shape = chanels,", "experiment=first",
         ["my_gan.py, line 8", "NameError"]),
        ("my_gan.py", "unflatten(1, self.shape)", "unflatten(2, self.shape)", "experiment=first",
         ["my_gan.py, line 12", "generator"]),
    ],
)  # fmt: skip
def test_a_mistake_in_a_file_of_ones_own_is_one_line_with_its_place(
    project, gan_lab_here, file, old, new, typed, pieces
):
    change(project / file, old, new)
    result = gan_lab_here(*typed.split())
    result.stdout = result.stdout.removeprefix("configs   conf\n")
    assert_one_line(result, USAGE, *pieces)
    assert not (project / "runs").exists()


@pytest.mark.parametrize(
    ("typed", "pieces"),
    [
        ("--config-dir", ["--config-dir which folder"]),
        ("--config-dir nowhere", ["no folder", "nowhere"]),
        ("--config-dir empty", ["empty has no configs", "GROUP/NAME.yaml"]),
        ("hydra.searchpath=conf", ["hydra.searchpath=[my/conf]"]),
        ("hydra.searchpath=[s3://x]", ["s3://x", "file://"]),
        ("hydra.searchpath=[pkg://no_such_package]", ["no folder", "no_such_package"]),
        ("model=mine/deep", ["unknown model", "'deep'"]),
        ("evaluate latest --config-dir conf", ["--config-dir", "--trust"]),
    ],
)
def test_a_folder_that_is_none_is_one_line(project, gan_lab_here, typed, pieces):
    (project / "empty").mkdir()
    (project / "conf/model/mine").mkdir()
    (project / "conf/model/mine/deep.yaml").write_text("x: 1\n")
    result = gan_lab_here(*typed.split())
    result.stdout = result.stdout.removeprefix("configs   conf\n")
    assert_one_line(result, USAGE, *pieces)


def test_a_file_with_the_name_of_a_package_says_so(project, gan_lab_here):
    (project / "json.py").write_text("class Generator: pass\n")
    result = gan_lab_here("experiment=first", "model.generator._target_=json.Generator")
    result.stdout = result.stdout.removeprefix("configs   conf\n")
    assert_one_line(result, USAGE, "json.py", "another name")


# --- code that changes ---------------------------------------------------------------------------


def test_changed_code_is_said_by_who_goes_on_and_who_verifies(own_run, project, gan_lab_here):
    assert gan_lab_here("verify", "latest", "--trust").stdout.count("changed") == 0
    with (project / "my_layers.py").open("a") as file:
        file.write("# another comment\n")
    (line,) = [
        line
        for line in gan_lab_here("verify", "latest", "--trust").stdout.splitlines()
        if "changed" in line
    ]
    assert line.startswith("my_layers.py changed since the run began")
    went_on = gan_lab_here("experiment=first", "steps=3").stdout.splitlines()
    assert [line for line in went_on if line.startswith("my_layers.py changed since")]
    # Said once: it is the code of the last start from then on.
    assert "changed" not in gan_lab_here("experiment=first", "steps=4").stdout


def test_code_that_changes_while_a_program_runs_is_imported_anew(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = tmp_path / "my_changing.py"
    module.write_text("from my_part import answer\n")
    (tmp_path / "my_part.py").write_text("def answer(): return 1\n")
    assert locate("my_changing.answer")() == 1
    before = source_hashes(["my_changing.answer"])
    (tmp_path / "my_part.py").write_text("def answer(): return 2\n")
    assert locate("my_changing.answer")() == 2
    after = source_hashes(["my_changing.answer"])
    assert before.keys() == after.keys() == {"my_changing.py", "my_part.py"}
    assert [name for name in before if before[name] != after[name]] == ["my_part.py"]


def test_own_code_may_import_its_neighbours_when_it_is_called(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_late.py").write_text(
        "def answer():\n    from my_late_part import number\n    return number\n"
    )
    (tmp_path / "my_late_part.py").write_text("number = 1\n")
    assert locate("my_late.answer")() == 1
    (tmp_path / "my_late_part.py").write_text("number = 2\n")
    assert locate("my_late.answer")() == 2
    (tmp_path / "my_late_part.py").write_text("import a_package_that_nobody_has\n")
    with pytest.raises(ModuleNotFoundError):
        locate("my_late.answer")()


def test_code_that_the_program_has_imported_itself_is_taken_as_it_is_now(tmp_path, monkeypatch):
    """As in a notebook, which tries a file, writes it anew and trains."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "my_tried.py").write_text("from my_tried_part import answer\n")
    (tmp_path / "my_tried_part.py").write_text("def answer(): return 1\n")
    assert importlib.import_module("my_tried").answer() == 1
    (tmp_path / "my_tried_part.py").write_text("def answer(): return 1 + 1\n")
    assert locate("my_tried.answer")() == 2
    assert importlib.import_module("my_tried").answer() == 2


# --- whose code runs -----------------------------------------------------------------------------


def test_a_run_with_own_code_asks_for_trust_and_finds_it_again(
    trained, own_run, gan_lab_here, gan_lab_here_in, tmp_path_factory
):
    few = ("--samples", "60")
    result = gan_lab_here("evaluate", "latest", *few)
    assert_one_line(result, USAGE, "my_gan.Generator", "--trust")
    assert gan_lab_here("evaluate", "latest", *few, "--scores", "grey", "--trust").returncode == 0
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    typed = ("sample", str(own_run.directory), "--trust", "--config-dir", str(trained / "conf"))
    result = gan_lab_here_in(elsewhere, *typed)
    assert result.returncode == 0, result.stderr
