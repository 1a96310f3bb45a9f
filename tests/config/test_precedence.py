"""Of two settings the one of the stronger layer holds, and in a layer the specific one."""

import re

import pytest
from omegaconf import OmegaConf

from gan_lab.config import compose
from gan_lab.config.length import make_schedule
from gan_lab.config.run_config import with_presumed_data
from gan_lab.training import build
from small_runs import config_of, knobs


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
        made = config_of("experiment=trial")
        build.networks(with_presumed_data(made))
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
    assert make_schedule(config_of(*settings.split()), count=1000).steps == steps
