"""A knob at its default hashes as if there were none, and at another value it moves the run."""

from collections.abc import Callable
from functools import cache

import pytest

from gan_lab.config import identity
from gan_lab.config.compose import Composed, jobs
from gan_lab.config.identity import result_hash
from gan_lab.config.run_config import RunConfig, as_content, read_config, with_data
from gan_lab.data import digits

SIZE, BATCH = 16, 12
TINY = ["dataset=digits", f"image_size={SIZE}", f"batch_size={BATCH}", "latent_dim=3"]
DATA = digits(SIZE)


@cache
def job_of(*settings: str) -> Composed:
    return jobs([*TINY, "hidden_dim=4", *settings], False)[0]


def config_of(*settings: str) -> RunConfig:
    return with_data(job_of(*settings).config, DATA)


def hash_of(*settings: str) -> str:
    return result_hash(config_of(*settings))


def test_the_length_is_hashed_only_if_the_rates_follow_it():
    assert hash_of("steps=100") == hash_of("steps=200") == hash_of("epochs=3")
    decayed = {
        hash_of(f"lr_decay={form}", length)
        for form in ("linear", "cosine")
        for length in ("steps=100", "steps=200", "epochs=3")
    }
    assert len(decayed) == 6 and hash_of() not in decayed


# A default of each, and another value.
SWITCHES = {
    "instance_noise": ("0", "0.1"),
    "pack": ("1", "2"),
    "gradient_clip": ("null", "1"),
    "lr_decay": ("none", "linear"),
    "precision": ("fp32", "bf16"),
    "label_smoothing": ("0", "0.1"),
    "model.condition_g": ("false", "true"),
    "model.condition_d": ("false", "true"),
    "discriminator_steps": ("1", "2"),
    "generator_steps": ("1", "2"),
    "penalty": ("[]", "[r1]"),
}


@pytest.mark.parametrize(("name", "values"), SWITCHES.items(), ids=list(SWITCHES))
def test_a_switch_changes_the_hash_and_its_default_does_not(name, values):
    default, other = values
    assert hash_of() == hash_of(f"{name}={default}") != hash_of(f"{name}={other}")


def test_the_length_of_instance_noise_counts_only_with_the_noise():
    assert hash_of("instance_noise_steps=10") == hash_of()
    noisy = [hash_of("instance_noise=0.1", f"instance_noise_steps={n}") for n in (10, 1000)]
    assert noisy[0] != noisy[1]


@pytest.mark.parametrize(
    "name", ["instance_noise", "instance_noise_steps", "pack", "gradient_clip", "lr_decay"]
)
def test_a_switch_at_its_default_hashes_as_if_there_were_none(monkeypatch, name):
    plain = config_of()
    before = result_hash(plain)
    knobs = tuple(knob for knob in identity.RESULT_KNOBS if knob != name)
    assert len(knobs) == len(identity.RESULT_KNOBS) - 1
    monkeypatch.setattr(identity, "RESULT_KNOBS", knobs)
    assert result_hash(plain) == before


@pytest.mark.parametrize(
    ("settings", "removed"),
    [
        ("loss=nonsaturating", lambda plain: plain["loss"].pop("label_smoothing")),
        ("model=dcgan", lambda plain: plain["model"].pop("condition_g")),
        ("model=dcgan", lambda plain: plain["model"].pop("condition_d")),
        ("model=dcgan", lambda plain: plain["model"]["discriminator"].pop("spectral_norm")),
        ("model=dcgan", lambda plain: plain["model"]["discriminator"].pop("norm_first")),
        ("loss=hinge", lambda plain: plain["loss"].pop("generator_steps")),
        (
            "loss=wgan_gp",
            lambda plain: plain["loss"]["penalties"]["gradient_penalty"].pop("weight"),
        ),
    ],
)
def test_a_setting_at_its_default_hashes_as_if_there_were_none(
    settings: str, removed: Callable[[dict], object]
):
    config = config_of(*settings.split())
    content = as_content(config)
    removed(content)
    assert result_hash(read_config(content)) == result_hash(config)


def test_the_weight_of_a_penalty_is_hashed_where_there_is_one():
    assert hash_of("loss=wgan_gp") != hash_of("loss=wgan_gp", "lambda_gp=3")
    assert hash_of("loss=hinge") == hash_of("loss=hinge", "lambda_gp=3")
