"""Every config composes and builds, layers win in their order, and a directory is its config's."""

import inspect
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from gan_lab import cli
from gan_lab.common import paths
from gan_lab.common.paths import conf_directory
from gan_lab.config import compose, hydra_errors, overrides, precedence
from gan_lab.config.identity import result_hash, run_directory
from gan_lab.config.instantiate import locate
from gan_lab.config.run_config import make_record, presumed_data_facts
from gan_lab.config.schedule import make_schedule
from gan_lab.config.schema import RESULT_KNOBS, RUNTIME_KNOBS
from gan_lab.training import build

FILES = sorted(conf_directory().glob("*/*.yaml"))
# Sweeps, searches, launchers and scores are no part of a single run's config.
YAMLS = [path for path in FILES if path.parent.name not in (*overrides.RUNNING_GROUPS, "score")]
EXPERIMENTS = [path.stem for path in YAMLS if path.parent.name == "experiment"]
SYSTEM_A = "experiment=mnist_dcgan"


def record(*settings: str) -> dict[str, Any]:
    if any(text.startswith("experiment=") for text in settings):  # of a study its baseline
        settings = (*settings, "sweep=null", "seeds=1")
    (job,) = compose.jobs(settings, multirun=False)
    return make_record(job.config, job.choices)


def knobs(*settings: str) -> dict[str, Any]:
    made = record(*settings)
    return {**made, **made["runtime"]}


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def specs(node: Any) -> list[dict[str, Any]]:
    """Everything in a YAML that names a target."""
    if not isinstance(node, dict):
        return []
    own = [node] if node.get("_target_") else []
    return own + [spec for value in node.values() for spec in specs(value)]


# --- every file ----------------------------------------------------------------------------------


def test_the_groups_are_known():
    groups = {path.name for path in conf_directory().iterdir() if path.is_dir()}
    assert groups <= {*overrides.GROUPS, *overrides.RUNNING_GROUPS, "augment", "score"}
    assert {"model", "loss", "dataset", "logger", "experiment"} <= {p.parent.name for p in YAMLS}


@pytest.mark.parametrize("path", YAMLS, ids=named)
def test_every_yaml_composes_and_its_targets_take_its_keys(path):
    group, name = path.parent.name, path.stem
    chosen = f"[{name}]" if group == "penalty" else name
    assert record(f"{group}={chosen}")["choices"][group] in (name, [name])
    for spec in specs(OmegaConf.to_container(OmegaConf.load(path))):
        taken = inspect.signature(locate(spec["_target_"])).parameters
        assert spec.keys() - {"_target_"} <= taken.keys(), spec["_target_"]


@pytest.mark.parametrize("experiment", [None, *EXPERIMENTS])
def test_every_experiment_builds_its_networks_and_its_loss(experiment):
    made = record(*([f"experiment={experiment}"] if experiment else []))
    build.networks(made | presumed_data_facts(made))  # which checks their shapes
    assert build.loss(made).discriminator_steps >= 1
    assert make_schedule(made, count=1000).steps > 0


@pytest.mark.slow
@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_trains(gan_lab_here, data_root, experiment):
    short = ("steps=2", "logger=none", "evaluation.samples=200", "sweep=null", "seeds=1")
    result = gan_lab_here(f"experiment={experiment}", f"data_root={data_root}", *short)
    assert result.returncode == 0, result.stderr


def test_every_knob_is_recorded():
    """What is neither a result nor runtime could change a run without a trace."""
    recorded = knobs().keys()
    assert {*RESULT_KNOBS, *RUNTIME_KNOBS} <= recorded
    (job,) = compose.jobs([], multirun=False)
    assert job.config.keys() - recorded <= {
        "experiment",
        "restart",
        "seeds",
        *overrides.RUNNING_GROUPS,
    }


# --- layers --------------------------------------------------------------------------------------


@pytest.fixture
def experiment(tmp_path, monkeypatch):
    """Write conf/experiment/NAME.yaml into a copy of the config tree, which is then used."""
    copied = tmp_path / "conf"
    shutil.copytree(conf_directory(), copied)
    for module in (hydra_errors, compose, paths, precedence):
        monkeypatch.setattr(module, "conf_directory", lambda: copied)

    def write(text: str, name: str = "trial") -> None:
        path = copied / "experiment" / f"{name}.yaml"
        path.write_text(f"# @package _global_\n{text}")

    return write


@pytest.mark.parametrize(
    ("file", "typed", "expected"),
    [
        # weaker to stronger: config.yaml, experiment, command line
        ("", "", {"latent_dim": 16, "ngf": 16, "ndf": 16, "lr_g": 2e-4, "lr_d": 2e-4}),
        ("latent_dim: 5", "", {"latent_dim": 5}),
        ("latent_dim: 5", "latent_dim=6", {"latent_dim": 6}),
        ("latent_dim: 5", "nz=6", {"latent_dim": 6}),
        # in one layer the specific beats the general
        ("", "hidden_dim=8 ngf=4", {"hidden_dim": 8, "ngf": 4, "ndf": 8}),
        ("", "ngf=4 hidden_dim=8", {"hidden_dim": 8, "ngf": 4, "ndf": 8}),
        ("", "conv_dim=8 ngf=4", {"hidden_dim": 8, "ngf": 4, "ndf": 8}),
        ("", "ngf=4", {"hidden_dim": 16, "ngf": 4, "ndf": 16}),
        ("", "lr=1e-3 lr_d=1e-2", {"lr_g": 1e-3, "lr_d": 1e-2}),
        ("hidden_dim: 8\nngf: 4", "", {"ngf": 4, "ndf": 8}),
        ("lr: 1e-3\nlr_d: 1e-2", "", {"lr_g": 1e-3, "lr_d": 1e-2}),
        # a general knob resets the specific ones of weaker layers
        ("ngf: 4\nndf: 5", "hidden_dim=8", {"ngf": 8, "ndf": 8}),
        ("ngf: 4\nndf: 5", "conv_dim=8", {"ngf": 8, "ndf": 8}),
        ("ngf: 4\nndf: 5", "hidden_dim=8 ndf=9", {"ngf": 8, "ndf": 9}),
        ("ngf: 4\nndf: 5", "ndf=9", {"ngf": 4, "ndf": 9}),
        ("lr_g: 1e-3\nlr_d: 1e-2", "lr=1e-4", {"lr_g": 1e-4, "lr_d": 1e-4}),
        # three ways to say one length
        ("", "", {"steps": 4000, "epochs": None, "images": None}),
        ("", "epochs=2", {"steps": None, "epochs": 2, "images": None}),
        ("", "images=640", {"steps": None, "epochs": None, "images": 640}),
        ("epochs: 3", "", {"steps": None, "epochs": 3, "images": None}),
        ("epochs: 3", "steps=7", {"steps": 7, "epochs": None, "images": None}),
        ("epochs: 3", "num_train_steps=7", {"steps": 7, "epochs": None, "images": None}),
        ("steps: 7", "epochs=3", {"steps": None, "epochs": 3, "images": None}),
        ("epochs: 3", "images=640", {"steps": None, "epochs": None, "images": 640}),
        # groups
        ("defaults:\n  - override /loss: minimax", "", {"choices.loss": "minimax"}),
        (
            "defaults:\n  - override /loss: minimax",
            "loss_type=default",
            {"choices.loss": "nonsaturating"},
        ),
        (
            "defaults:\n  - override /loss: minimax\nloss: {discriminator_steps: 3}",
            "",
            {"loss.discriminator_steps": 3},
        ),
        (
            "loss: {discriminator_steps: 3}",
            "n_critic=2",
            {"loss.discriminator_steps": 2},
        ),
    ],
)
def test_the_stronger_layer_wins(experiment, file, typed, expected):
    experiment(file)
    made = OmegaConf.create(knobs("experiment=trial", *typed.split()))
    assert {key: OmegaConf.select(made, key) for key in expected} == expected


def test_an_experiment_on_top_of_another_keeps_its_length(experiment):
    experiment("epochs: 3", "base")
    experiment("defaults:\n  - base\n  - _self_\nlatent_dim: 5")
    made = knobs("experiment=trial")
    assert (made["latent_dim"], made["epochs"], made["steps"]) == (5, 3, None)


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("steps: 3\nepochs: 2", "two lengths"),
        ("nz: 3", "'latent_dim'"),
        ("latent_dmi: 3", "'latent_dim'"),
        ("model: {generator: {nrom: batch}}", "'nrom'"),
        ("latent_dim: abc", "latent_dim"),
        ("latent_dim: [", "trial.yaml"),
    ],
)
def test_a_mistake_in_an_experiment_is_one_line(experiment, file, reason):
    experiment(file)
    with pytest.raises(compose.UsageError, match=re.escape(reason)) as caught:
        made = record("experiment=trial")
        build.networks(made | presumed_data_facts(made))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "steps"),
    [
        ("steps=70", 70),
        ("epochs=2", 32),  # 2 * 1,000 images in batches of 64, rounded up
        ("images=1000", 16),
        ("images=1000 batch_size=10", 100),
        ("images=1000 n_critic=2", 8),
    ],
)
def test_a_length_in_epochs_or_images_becomes_steps(settings, steps):
    assert make_schedule(record(*settings.split()), count=1000).steps == steps


# --- synonyms ------------------------------------------------------------------------------------

VALUES = {"loss": "minimax", "channels": "3", "augment": "flip"}


@pytest.mark.parametrize("key", ["penalty", "augment", "logger", "launcher"])
def test_null_is_the_choice_of_nothing(key):
    assert record(f"{key}=null") == record(f"{key}={overrides.NOTHING[key]}")


@pytest.mark.parametrize("key", ["search", "experiment"])
def test_null_where_nothing_is_chosen_anyway_is_a_mistake(key):
    with pytest.raises(compose.UsageError, match=f"{key}=null: leave it out"):
        record(f"{key}=null")


@pytest.mark.parametrize(("synonym", "key"), overrides.SYNONYMS.items())
def test_a_synonym_sets_its_knob(synonym, key):
    value = VALUES.get(key, "2")
    assert record(f"{synonym}={value}") == record(f"{key}={value}") != record()


@pytest.mark.parametrize(
    ("typed", "loss"),
    [
        ("loss=bce", "minimax"),
        ("loss_type=saturating", "minimax"),
        ("loss=log_d", "nonsaturating"),
        ("loss_type=default", "nonsaturating"),
        ("loss_type=minimax", "minimax"),
    ],
)
def test_losses_have_the_names_of_tutorials(typed, loss):
    assert record(typed) == record(f"loss={loss}")


@pytest.mark.parametrize(("typed", "noted"), [("bce", True), ("minimax", False), ("log_d", False)])
def test_bce_says_which_loss_it_is(gan_lab_here, typed, noted):
    result = gan_lab_here(f"loss={typed}", "batch_size=5000")  # which ends before the training
    assert result.returncode == 2
    assert (overrides.BCE_NOTE in result.stdout) is noted


# --- directories ---------------------------------------------------------------------------------


def directory(settings: str) -> str:
    return str(run_directory(record(*settings.split())))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("", "seed=0 latent_dim=16 lr=2e-4"),
        ("nz=100", "latent_dim=100"),
        ("hidden_dim=32", "ngf=32 ndf=32"),
        ("conv_dim=32", "hidden_dim=8 ngf=32 ndf=32"),
        ("lr=1e-3", "lr_g=0.001 lr_d=1e-3"),
        ("beta1=0", "beta1=0.0"),
        ("loss=bce", "loss_type=saturating"),
        ("n_critic=2", "loss.discriminator_steps=2"),
        ("model.d_norm=auto", "model.d_norm=batch"),
        ("model.d_norm=none", "model.discriminator.norm=none"),
        ("channels=null", ""),
        ("steps=10", "epochs=3"),
        (SYSTEM_A, f"{SYSTEM_A} nz=16 conv_dim=16 lr_d=2e-4 steps=9"),
    ],
)
def test_equal_settings_have_one_directory(ours, theirs):
    assert directory(ours) == directory(theirs)


@pytest.mark.parametrize(
    "setting",
    [
        *("steps=9", "epochs=2", "images=64", "device=cpu", "threads=1", "deterministic=true"),
        *("data_root=elsewhere", "cache_dir=elsewhere", "logger=none", "wandb.mode=disabled"),
        *("wandb.project=other", "wandb.tags=[a]", "evaluation.samples=99"),
        *("log_every=1", "sample_every=1", "score_every=1", "checkpoint_every=1"),
        "evaluation.inception_weights=file",
    ],
)
def test_runtime_moves_no_directory(setting):
    assert directory(setting) == directory("")


@pytest.mark.parametrize(
    "setting",
    [
        *("seed=1", "latent_dim=17", "hidden_dim=17", "ngf=17", "ndf=17", "image_size=64"),
        *("channels=3", "weight_init=default", "batch_size=65", "lr=1e-3", "lr_g=1e-3"),
        *("lr_d=1e-3", "beta1=0.4", "beta2=0.9", "ema_decay=0.9", "loss=minimax", "n_critic=2"),
        *("generator_steps=2", "dataset=mnist", "model.generator.activation=leaky_relu"),
        *("model.d_norm=none", "model.generator.bias=true", "model.discriminator.bias=true"),
    ],
)
def test_what_changes_the_result_moves_the_directory(setting):
    assert result_hash(record(setting)) != result_hash(record())


def test_places_and_studies_are_around_the_name():
    name = Path(directory("")).name
    assert directory("runs_dir=there study=mine") == f"there/mine/{name}"
    assert re.fullmatch(r"dcgan-nonsaturating-digits-s0-[0-9a-f]{8}", name)


FROZEN = {
    "": "scratch/dcgan-nonsaturating-digits-s0-913ac80a",
    SYSTEM_A: "mnist_dcgan/dcgan-nonsaturating-mnist-s0-ed1e2386",
    f"{SYSTEM_A} hidden_dim=100": "mnist_dcgan/dcgan-nonsaturating-mnist-s0-4f93aec7",
    f"{SYSTEM_A} latent_dim=100": "mnist_dcgan/dcgan-nonsaturating-mnist-s0-e22b1be3",
    f"{SYSTEM_A} nz=100 hidden_dim=100": "mnist_dcgan/dcgan-nonsaturating-mnist-s0-01ce44a6",
}


@pytest.mark.parametrize(("settings", "expected"), FROZEN.items())
def test_old_runs_keep_their_names(settings, expected):
    """If this fails, people's runs are no longer found: give the new option a neutral default."""
    assert directory(f"{settings} runs_dir=runs") == f"runs/{expected}"


def test_the_four_runs_of_system_a_are_one_sweep():
    settings = [SYSTEM_A, "latent_dim=16,100", "hidden_dim=16,100"]
    jobs = compose.jobs(settings, multirun=True)
    records = [make_record(job.config, job.choices) for job in jobs]
    sizes = [(made["latent_dim"], made["ngf"], made["ndf"]) for made in records]
    assert sizes == [(16, 16, 16), (16, 100, 100), (100, 16, 16), (100, 100, 100)]
    hashes = {result_hash(made) for made in records}
    assert hashes == {path[-8:] for settings, path in FROZEN.items() if settings}


# --- what the command line shows -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("--cfg job", "latent_dim: 16"),
        ("--cfg job nz=7 experiment=mnist_dcgan", "latent_dim: 7"),
        ("--cfg job --resolve hidden_dim=7", "ngf: 7"),
        ("--cfg job sweep=null logger=null", "logger:\n  _target_: null"),
        ("--info", "FileConfigSource"),
        ("--info defaults", "dataset/digits"),
        ("--hydra-help", "Hydra"),
        ("-sc install=bash", "gan-lab"),
        ("--version", "gan-lab 0."),
    ],
)
def test_questions_are_answered_and_start_nothing(gan_lab, tmp_path, command, shown):
    result = gan_lab(*command.split())
    assert result.returncode == 0 and not result.stderr
    assert shown in result.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("typed", "offered"), [("mod", "model="), ("loss=mini", "loss=minimax"), ("latent", "latent_")]
)
def test_bash_completes(gan_lab, typed, offered):
    line = {"COMP_LINE": f"gan-lab {typed}", "COMP_POINT": "99", "COMP_CWORD": "1"}
    result = gan_lab("-sc", "query=bash", **line)
    assert result.returncode == 0 and offered in result.stdout


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_help_is_quick_for_it_imports_nothing_large(environment, arguments):
    script = Path(sys.executable).with_name("gan-lab")
    command = [sys.executable, "-X", "importtime", script, *arguments]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert result.stdout == cli.HELP
    imported = {line.split("|")[-1].strip().split(".")[0] for line in result.stderr.splitlines()}
    assert "gan_lab" in imported
    large = {"torch", "hydra", "omegaconf", "numpy", "wandb", "rich", "matplotlib", "sklearn"}
    assert not imported & large


def test_the_six_examples_of_the_help_are_right():
    examples = re.findall(r"^  gan-lab (.+?)  ", cli.HELP.partition("Six to begin with")[2], re.M)
    assert len(examples) == 6
    for arguments in map(shlex.split, examples):
        verb, settings = cli._verb(arguments)
        if verb == "train":
            multirun = "-m" in settings
            jobs = compose.jobs([text for text in settings if text != "-m"], multirun)
            assert len(jobs) == (3 if multirun else 1)
