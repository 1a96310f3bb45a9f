"""A mistake in a setting gets one line that says what to do, and starts nothing."""

import pytest

from gan_lab.config.compose import jobs
from small_runs import QUICK, SHORT, USAGE, assert_one_line


@pytest.mark.parametrize(
    ("command", "pieces"),
    [
        # keys
        ("latent_dmi=3", ["'latent_dmi'", "Did you mean 'latent_dim'"]),
        ("+latent_dmi=3", ["'latent_dmi'", "Did you mean 'latent_dim'"]),
        ("~latent_dmi", ["'latent_dmi'", "Did you mean 'latent_dim'"]),
        ("~latent_dim", ["latent_dim"]),
        ("~model", ["model"]),
        ("modle=dcgan", ["'modle'", "Did you mean 'model'?"]),
        ("wandb.modes=offline", ["'wandb.modes'", "'wandb.mode'"]),
        ("evaluation.sample=9", ["'evaluation.sample'", "'evaluation.samples'"]),
        ("loss.discriminator_stesp=2", ["'loss.discriminator_steps'"]),
        ("model.generator.nrom=batch", ["'model.generator.norm'"]),
        ("+model.generator.nrom=batch", ["'nrom'", "norm"]),
        ("latent_dim 3", ["latent_dim"]),
        ("steps=3 foo", ["'foo'", "KEY=VALUE"]),
        ("--latent_dim=3", ["--latent_dim=3", "KEY=VALUE"]),
        ("steps=3 --restart", ["--restart", "KEY=VALUE"]),
        ("--cfg job latent_dmi=3", ["'latent_dmi'", "Did you mean 'latent_dim'"]),
        # groups and values
        ("model=dcgam", ["'dcgam'", "Did you mean 'dcgan'"]),
        ("loss=minmax", ["'minmax'", "Did you mean 'minimax'"]),
        ("dataset=digit", ["'digit'", "Did you mean 'digits'"]),
        ("experiment=mnist_dgcan", ["Did you mean 'mnist_dcgan'"]),
        ("logger=wanbd", ["Did you mean 'wandb'"]),
        ("penalty=[no_such_term]", ["unknown penalty 'no_such_term'"]),
        ("model=null", ["model"]),
        ("loss=", ["loss", "minimax"]),
        ("weight_init=custm", ["custom", "default"]),
        ("wandb.mode=ofline", ["offline"]),
        ("model.generator.norm=bacth", ["norm=bacth", "batch"]),
        ("model.d_norm=bacth", ["bacth", "batch"]),
        ("channels=2", ["channels=2", "1, 3"]),
        ("study=../elsewhere", ["study=../elsewhere"]),
        ("study=", ["study="]),
        # verbs
        ("trian steps=2", ["'trian'", "Did you mean 'train'"]),
        ("evalute latest", ["'evalute'", "Did you mean 'evaluate'"]),
        ("evaluate", ["RUN"]),
        ("evaluate latest --samples few", ["--samples", "few"]),
        ("evaluate latest --scores fud", ["--scores", "fid"]),
        ("runs --stduy=x", ["--stduy"]),
        # types
        ("latent_dim=abc", ["latent_dim=abc", "a whole number"]),
        ("latent_dim=1.5", ["latent_dim=1.5", "a whole number"]),
        ("latent_dim=null", ["latent_dim=null", "cannot be null"]),
        ("batch_size=[16]", ["batch_size=[16]", "a whole number"]),
        ("lr=fast", ["lr=fast", "a number"]),
        ("epochs=some", ["epochs=some", "a number"]),
        ("restart=maybe", ["restart=maybe", "true or false"]),
        ("wandb.tags=one", ["wandb.tags=one", "list"]),
        ("n_critic=1.5", ["discriminator_steps=1.5", "a whole number"]),
        ("n_critic=abc", ["discriminator_steps=abc", "a whole number"]),
        # ranges
        ("seed=-1", ["seed=-1", "at least 0"]),
        ("latent_dim=0", ["latent_dim=0", "at least 1"]),
        ("hidden_dim=0", ["hidden_dim=0", "at least 1"]),
        ("ngf=-4", ["ngf=-4", "at least 1"]),
        ("ndf=0", ["ndf=0", "at least 1"]),
        ("batch_size=0", ["batch_size=0", "at least 1"]),
        ("lr=-1", ["lr=-1", "at least 0"]),
        ("lr_d=nan", ["lr_d=nan"]),
        ("lr_g=-0.1", ["lr_g=-0.1", "at least 0"]),
        ("beta1=1", ["beta1=1", "below 1"]),
        ("beta1=nan", ["beta1=nan"]),
        ("beta2=-0.5", ["beta2=-0.5", "at least 0"]),
        ("ema_decay=1", ["ema_decay=1", "below 1"]),
        ("steps=0", ["steps=0", "at least 1"]),
        ("images=0", ["images=0", "at least 1"]),
        ("epochs=-1", ["epochs=-1", "at least 0"]),
        ("threads=0", ["threads=0", "at least 1"]),
        ("log_every=-1", ["log_every=-1", "at least 0"]),
        ("sample_every=-1", ["sample_every=-1", "at least 0"]),
        ("score_every=-1", ["score_every=-1", "at least 0"]),
        ("checkpoint_every=-1", ["checkpoint_every=-1", "at least 0"]),
        ("evaluation.samples_during=1", ["evaluation.samples_during=1", "at least 2"]),
        ("n_critic=-1", ["discriminator_steps=-1", "at least 0"]),
        ("seed=99999999999999999999", ["seed=99999999999999999999"]),
        ("evaluate latest --samples 1", ["--samples", "at least 2"]),
        # contradictions
        ("nz=10 latent_dim=20", ["nz=10 and latent_dim=20", "keep one"]),
        ("conv_dim=8 hidden_dim=9", ["conv_dim=8 and hidden_dim=9", "keep one"]),
        ("seed=1 seed=2", ["seed=1 and seed=2", "keep one"]),
        ("steps=10 epochs=2", ["steps=10 and epochs=2", "keep one"]),
        ("epochs=2 images=100", ["epochs=2 and images=100", "keep one"]),
        ("steps=null", ["steps=", "epochs=", "images="]),
        # sweeps
        ("latent_dim=10,20", ["latent_dim=10,20", "-m"]),
        ("seed=range(1,3)", ["seed=range(1,3)", "-m"]),
        ("-m lr=interval(0,1)", ["lr=interval(0,1)", "-m lr=0,1"]),
        ("-m latent_dim=10,abc", ["latent_dim=abc", "a whole number"]),
        # sizes that a stack of halvings does not reach
        ("image_size=33", ["image_size=32 or image_size=40"]),
        ("image_size=100", ["image_size=96 or image_size=112"]),
        ("image_size=4", ["image_size=8"]),
        # what this machine or this dataset does not have
        ("batch_size=5000", ["batch_size=5000", "1438"]),
        ("device=tpu", ["device=tpu", "device=cpu"]),
        ("device=cuda:99", ["device=cuda:99", "device=cpu"]),
        ("device=meta", ["device=meta", "device=cpu"]),
    ],
)
def test_what_cannot_be_done_is_one_line_and_starts_nothing(
    gan_lab_here, tmp_path, command, pieces
):
    arguments = command.split()
    if "=" in command:  # should the mistake be missed, at least the training is short
        keys = {argument.partition("=")[0] for argument in arguments}
        arguments += [setting for setting in QUICK if setting.partition("=")[0] not in keys]
        arguments += [] if keys & {"steps", "epochs", "images"} else ["steps=2"]
    assert_one_line(gan_lab_here(*arguments), USAGE, *pieces)
    assert not list(tmp_path.iterdir())


def test_the_process_itself_exits_with_the_code(gan_lab):
    assert_one_line(gan_lab("latent_dmi=3"), USAGE, "Did you mean 'latent_dim'")


def test_the_same_value_twice_is_no_contradiction(gan_lab_here):
    assert gan_lab_here("nz=3", "latent_dim=3", *SHORT).returncode == 0


def test_every_way_to_write_true_restarts(gan_lab_here):
    for value in ("true", "True", "yes", "on"):
        assert jobs([f"restart={value}"], False)[0].restart is True
    assert gan_lab_here(*SHORT).returncode == 0
    assert "step 1/2" in gan_lab_here(*SHORT, "restart=on").stdout
