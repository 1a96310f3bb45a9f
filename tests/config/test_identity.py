"""A directory is that of its settings: what changes a result moves it, and nothing else does."""

import re
from pathlib import Path

import pytest

from gan_lab.config import compose
from gan_lab.config.identity import result_hash, run_directory
from small_runs import config_of

SYSTEM_A = "experiment=mnist_dcgan"


def directory(settings: str) -> str:
    return str(run_directory(config_of(*settings.split())))


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
    assert result_hash(config_of(setting)) != result_hash(config_of())


def test_places_and_studies_are_around_the_name():
    name = Path(directory("")).name
    assert directory("runs_dir=there study=mine") == f"there/mine/{name}"
    assert re.fullmatch(r"dcgan-nonsaturating-digits-s0-[0-9a-f]{8}", name)


FROZEN = {
    "dataset.images.holdout=fifth": "scratch/dcgan-nonsaturating-digits-s0-913ac80a",
    SYSTEM_A: "mnist_dcgan/dcgan-nonsaturating-mnist-s0-ed1e2386",
    f"{SYSTEM_A} hidden_dim=100": "mnist_dcgan/dcgan-nonsaturating-mnist-s0-4f93aec7",
    f"{SYSTEM_A} latent_dim=100": "mnist_dcgan/dcgan-nonsaturating-mnist-s0-e22b1be3",
    f"{SYSTEM_A} nz=100 hidden_dim=100": "mnist_dcgan/dcgan-nonsaturating-mnist-s0-01ce44a6",
}


@pytest.mark.parametrize(("settings", "expected"), FROZEN.items())
def test_old_runs_keep_their_names(settings, expected):
    """If this fails, people's runs are no longer found: give the new option a neutral default."""
    assert directory(f"{settings} runs_dir=runs") == f"runs/{expected}"


def test_the_same_files_are_one_run_by_every_spelling_of_their_folder(tmp_path, monkeypatch):
    for place in ("data/img", "copy"):
        (tmp_path / place).mkdir(parents=True)
        for size in range(3):
            (tmp_path / place / f"{size}.png").write_bytes(bytes(size))
    (tmp_path / "link").symlink_to(tmp_path / "data/img")
    monkeypatch.chdir(tmp_path)
    spellings = [f"{tmp_path}/data/img", f"{tmp_path}/data/img/", f"{tmp_path}/data/../data/img",
                 "data/img", f"{tmp_path}/link", f"{tmp_path}/copy"]  # fmt: skip
    settings = "dataset=image_folder data_root=. folder="
    assert len({directory(settings + spelling) for spelling in spellings}) == 1
    (tmp_path / "copy/3.png").write_bytes(b"one more")
    assert directory(f"{settings}copy") != directory(f"{settings}link")


@pytest.mark.parametrize("dataset", ["faces", "flowers", "celeba"])
def test_datasets_with_a_name_keep_their_folder_in_the_hash(tmp_path, dataset):
    paths = []
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "0.jpg").write_bytes(b"0")
        keys = [f"dataset.{part}.folder={place}" for part in ("images", "listing")]
        paths.append(directory(" ".join([f"dataset={dataset}", f"data_root={tmp_path}", *keys])))
    assert paths[0] != paths[1]


def test_the_four_runs_of_system_a_are_one_sweep():
    settings = [SYSTEM_A, "latent_dim=16,100", "hidden_dim=16,100"]
    jobs = compose.jobs(settings, multirun=True)
    configs = [job.config for job in jobs]
    sizes = [(made.latent_dim, made.ngf, made.ndf) for made in configs]
    assert sizes == [(16, 16, 16), (16, 100, 100), (100, 16, 16), (100, 100, 100)]
    hashes = {result_hash(made) for made in configs}
    assert hashes == {path[-8:] for settings, path in FROZEN.items() if SYSTEM_A in settings}
