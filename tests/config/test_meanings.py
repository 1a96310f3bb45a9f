"""What people type for something of ours is answered with what they mean, which then works."""

import re

import pytest

from gan_lab.cli.main import VERBS as OURS
from gan_lab.cli.main import _verb
from gan_lab.common.errors import UsageError
from gan_lab.config import compose, overrides
from gan_lab.config.advice.meanings import CHOICES, SETTINGS, VERBS
from gan_lab.config.schema import Config
from gan_lab.evaluation.scores import named_scores
from gan_lab.jobs.sweep import compose_runs
from small_runs import USAGE, assert_one_line

AGAIN = "The same command again goes on with a run, from its newest checkpoint."
WRONG = [
    # (what is typed, the advice in full)
    # those that got bad advice or none
    ("learning_rate=1e-4", "Did you mean lr=1e-4?"),
    ("z_dim=100", "Did you mean latent_dim=100?"),
    ("gp_weight=10", "Did you mean lambda_gp=10?"),
    ("g_lr=1e-4", "Did you mean lr_g=1e-4?"),
    ("d_lr=1e-4", "Did you mean lr_d=1e-4?"),
    ("model=wgan", "It is a loss: loss=wgan."),
    ("loss=sngan", "It is a model: model=sngan."),
    ("resume=true", AGAIN),
    ("resume", AGAIN),
    ("list", "Did you mean `gan-lab runs`?"),
    ("niter=25", "Did you mean epochs=25?"),
    ("ngpu=1", "Did you mean device=cuda?"),
    ("workers=2", "The data are in memory and need no workers; threads=2 sets the threads."),
    ("outf=out", "Did you mean runs_dir=out?"),
    ("model=DCGAN", "Did you mean 'dcgan'?"),
    ("dataset=MNIST", "Did you mean 'mnist'?"),
    ("loss=WGAN-GP", "Did you mean 'wgan_gp'?"),
    ("score=fid", "Did you mean `gan-lab evaluate latest --scores fid`?"),
    # knobs as other programs spell and call them
    ("batchSize=64", "Did you mean batch_size=64?"),
    ("imageSize=64", "Did you mean image_size=64?"),
    ("manualSeed=1", "Did you mean seed=1?"),
    ("dataroot=images", "Did you mean data_root=images?"),
    ("LATENT_DIM=3", "Did you mean latent_dim=3?"),
    ("netG=netG_epoch_24.pth", AGAIN),
    ("num_epochs=5", "Did you mean epochs=5?"),
    ("training.batch_size=4", "Did you mean batch_size=4?"),
    ("b1=0.5", "Did you mean beta1=0.5?"),
    ("critic_iters=5", "Did you mean loss.discriminator_steps=5?"),
    ("clip_value=0.01", "Did you mean loss.clip=0.01?"),
    ("img_size=64", "Did you mean image_size=64?"),
    ("amp=true", "Did you mean precision=bf16?"),
    ("save_every=100", "Did you mean checkpoint_every=100?"),
    ("tags=a", "Did you mean wandb.tags=[a]?"),
    ("n_trials=3", "Did you mean search=losses trials=3?"),
    ("+learning_rate=1", "Did you mean lr=1?"),
    ("z_dim=10,20 -m", "Did you mean latent_dim=10?"),
    ("wandb=false", "Did you mean logger=none?"),
    ("weight_decay=1e-4", "Did you mean optimizer=adamw optimizer.weight_decay=1e-4?"),
    ("momentum=0.9", "Did you mean optimizer=sgd optimizer.momentum=0.9?"),
    ("lr_scheduler=cosine", "Did you mean lr_decay=cosine?"),
    ("pretrained=runs/a", "Did you mean from=runs/a?"),
    ("fast_dev_run=true", "Did you mean debug=true?"),
    # names
    ("optimizer=RMS", "Did you mean optimizer=rmsprop?"),
    ("lr_decay=CosineAnnealingLR", "Did you mean lr_decay=cosine?"),
    ("loss=r1", "It is a penalty: penalty=[r1]."),
    ("penalty=[hinge]", "It is a loss: loss=hinge."),
    ("model=ring", "It is a dataset: dataset=ring, and an experiment: experiment=ring."),
    ("experiment=capacity", "It is a sweep: sweep=capacity."),
    ("dataset=MNIST-DCGAN", "It is an experiment: experiment=mnist_dcgan."),
    ("loss=bce_loss", "Did you mean loss=nonsaturating?"),
    ("loss=R3GAN", "Did you mean loss=rpgan penalty=[r1,r2]?"),
    ("penalty=[gp]", "Did you mean penalty=[gradient_penalty]?"),
    ("dataset=cifar", "Did you mean dataset=cifar10?"),
    ("logger=false", "Did you mean logger=none?"),
    ("launcher=joblib", "Did you mean launcher=parallel n_jobs=2?"),
    ("search=optuna", "Did you mean search=losses trials=30?"),
    ("precision=fp16", "Did you mean precision=bf16?"),
    ("channels=rgb", "Did you mean channels=3?"),
    # flags and words
    ("--niter 25", "Did you mean epochs=25?"),
    ("--lr=1e-4", "Did you mean lr=1e-4?"),
    ("--latent-dim 100", "Did you mean latent_dim=100?"),
    ("--cuda", "Did you mean device=cuda?"),
    ("steps=3 mnist", "Did you mean dataset=mnist?"),
    ("DCGAN", "Did you mean model=dcgan?"),
    ("eval", "Did you mean `gan-lab evaluate latest`?"),
    ("evaluate latest --scores FID", "Did you mean 'fid'?"),
]
VALUES = {"lr_decay": "linear", "model=": "mlp", "loss=": "wgan", "dataset=": "ring",
          "augment=": "flip", "weight_init": "default", "channels": "3", "device": "cpu",
          "image_folder": "x", ".norm": "instance", "beta": "0.5", "ema_": "0.5",
          "loss.clip": "0.1 loss=wgan", "label_": "0.1",
          "optimizer={": "rmsprop"}  # fmt: skip


@pytest.mark.parametrize(("typed", "advice"), WRONG)
def test_the_advice_is_what_was_meant(gan_lab_here, tmp_path, typed, advice):
    result = gan_lab_here(*typed.split())
    assert_one_line(result, USAGE, f" {advice}")
    rest = result.stderr.partition(advice)[2]
    assert rest == "\n" or rest.startswith((" Choose from ", " There are "))
    assert not list(tmp_path.iterdir())


def test_there_are_the_named_and_thirty_others():
    assert len(WRONG) >= 18 + 30


def works(advice: str) -> None:
    """What is to be typed is a command that starts, or a verb with options that it has."""
    command = advice.strip("`")
    if command.startswith("gan-lab ") and not command.startswith("gan-lab -"):
        verb, rest = _verb(command.split()[1:])
        assert verb in OURS
        if verb == "train" and rest:
            assert compose_runs(rest)
        if "--scores" in rest:
            named_scores(rest[-1])
        return
    if not command.startswith("gan-lab "):
        assert compose_runs(command.split())


@pytest.mark.parametrize("advice", [text for text in SETTINGS if not text.endswith(".")])
def test_the_advised_settings_work(advice):
    value = next((value for part, value in VALUES.items() if part in advice), "4")
    works(advice.replace("{value}", "fid" if "--scores" in advice else value))


@pytest.mark.parametrize(
    "advice", [text for choices in CHOICES.values() for text in choices] + [*VERBS]
)
def test_the_advised_choices_and_verbs_work(advice):
    if not advice.endswith("."):
        works(advice.replace("PATH", "x"))


@pytest.mark.parametrize("advice", re.findall(r"(?:It is|and) an? \w+: ([^ .,]+)",
                                              " ".join(advice for _, advice in WRONG)))  # fmt: skip
def test_the_advised_names_work(advice):
    works(advice)


def test_a_word_has_one_meaning_and_is_nothing_else():
    known = {*Config.__dataclass_fields__, *overrides.SYNONYMS, *overrides.RUNNING_SYNONYMS}
    for table in (SETTINGS, VERBS, *CHOICES.values()):
        words = [word.replace("_", "") for text in table.values() for word in text.split()]
        assert len(words) == len(set(words))
    settings = {word for text in SETTINGS.values() for word in text.split()}
    assert not {key.replace("_", "") for key in known} & {one.replace("_", "") for one in settings}
    verbs = {word for text in VERBS.values() for word in text.split()}
    assert not verbs & {*known, *OURS}


@pytest.mark.parametrize("group", sorted({*CHOICES} & {*overrides.CHOSEN_BY_NAME}))
def test_no_name_of_a_group_is_explained_away(group):
    words = {word for text in CHOICES[group].values() for word in text.split()}
    assert not words & {*compose.config_names(group), *overrides.VALUE_SYNONYMS.get(group, {})}


def test_files_with_other_words_are_told_the_key(experiment):
    experiment("learning_rate: 1e-4")
    with pytest.raises(UsageError, match="a config file sets 'learning_rate'"):
        compose.jobs(["experiment=trial"], multirun=False)
