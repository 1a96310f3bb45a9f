"""Checks before anything starts: each finding is one line whose override mends it."""

from dataclasses import replace
from functools import cache

import pytest

from gan_lab.common.errors import UsageError
from gan_lab.common.paths import conf_directory
from gan_lab.config.checks import check_data, check_fit, check_ranges
from gan_lab.config.compose import Composed, jobs
from gan_lab.config.identity import result_hash
from gan_lab.config.run_config import RunConfig, with_data
from gan_lab.data import digits
from gan_lab.jobs.preflight import check_builds, check_surroundings
from gan_lab.training import build

MODELS = sorted(path.stem for path in (conf_directory() / "model").glob("*.yaml"))
IMAGE_MODELS = [name for name in MODELS if not name.startswith("point_")]
LOSSES = sorted(path.stem for path in (conf_directory() / "loss").glob("*.yaml"))
CLASSES = [100] * 10  # of a dataset with labels


@cache
def job_of(*settings: str) -> Composed:
    return jobs(settings, False)[0]


def config_of(settings: str) -> RunConfig:
    """What the command line makes of its settings, as `gan-lab SETTINGS` does."""
    job = job_of(*settings.split())
    check_ranges(job.config)
    return job.config


def findings(settings: str, class_counts: list[int] = CLASSES) -> list[str]:
    """Everything that is said about the settings, errors and remarks."""
    images = sum(class_counts) or 1000
    config = replace(config_of(settings), class_counts=tuple(class_counts), image_count=images)
    try:
        remarks = check_fit(config)
        check_data(config)
    except UsageError as error:
        return [str(error)]
    return remarks


def mended(settings: str, override: str) -> str:
    """The settings with the override typed in place of what it sets."""
    keys = {text.partition("=")[0] for text in override.split()}
    kept = [text for text in settings.split() if text.partition("=")[0] not in keys]
    return " ".join([*kept, *override.split()])


def assert_found_and_mended(settings: str, reason: str, override: str, *data: list[int]) -> None:
    (line,) = findings(settings, *data)
    assert "\n" not in line and reason in line and override in line
    assert findings(mended(settings, override), *data) == []


CALM = "loss=wgan_gp beta1=0 beta2=0.9"  # the remark about beta1 has a test of its own
NEITHER = "loss.discriminator_steps=0 loss.generator_steps=0"
BATCH_NORM = "under batch norm a logit depends on the whole batch"


@pytest.mark.parametrize("penalty", ["gradient_penalty", "r1", "r2"])
@pytest.mark.parametrize("model", ["dcgan", "dcgan_k5"])
def test_batch_norm_under_a_penalty_is_refused(model, penalty):
    settings = f"model={model} loss=hinge penalty=[{penalty}] beta1=0 model.d_norm=batch"
    assert_found_and_mended(settings, BATCH_NORM, "model.d_norm=none")
    assert penalty in findings(settings)[0]


@pytest.mark.parametrize(
    ("settings", "reason", "override"),
    [
        (f"{CALM} model.d_norm=batch", BATCH_NORM, "model.d_norm=none"),
        ("loss=wgan beta1=0 loss.clip=null", "has no bound", "loss.clip=0.01"),
        ("pack=3 batch_size=64", "pack=3 does not divide", "batch_size=63"),
        ("pack=4 batch_size=3", "pack=4 does not divide", "batch_size=4"),
        ("pack=2 model=cdcgan", "takes one label", "pack=1"),
        ("pack=2 model=cdcgan", "takes one label", "model.condition_d=false"),
        ("label_smoothing=0.1 loss=hinge", "hinge has no such target", "label_smoothing=0"),
        ("label_smoothing=0.1 loss=rpgan", "rpgan has no such target", "label_smoothing=0"),
        (NEITHER, "neither player", "loss.generator_steps=1"),
        (NEITHER, "neither player", "loss.discriminator_steps=1"),
        ("batch_size=1001", "more than the 1000 images", "batch_size=1000"),
        # remarks, which refuse nothing
        ("loss=wgan_gp model.d_norm=none", "often oscillates", "beta1=0 beta2=0.9"),
        ("loss=hinge penalty=[gradient_penalty] model.d_norm=none", "often", "beta1=0 beta2=0.9"),
        ("loss=wgan", "momentum is known to upset", "beta1=0"),
    ],
)
def test_a_finding_names_the_override_that_mends_it(settings, reason, override):
    assert_found_and_mended(settings, reason, override)


def test_a_wasserstein_critic_may_be_held_by_a_penalty_instead():
    (line,) = findings("loss=wgan beta1=0 loss.clip=null")
    assert "penalty=[gradient_penalty]" in line
    mended = "loss=wgan beta1=0 loss.clip=null model.d_norm=none penalty=[gradient_penalty]"
    assert findings(mended) == []


@pytest.mark.parametrize("model", IMAGE_MODELS)
def test_labels_that_the_data_does_not_have(model):
    settings = f"model={model} model.condition_g=true model.condition_d=true"
    override = "model.condition_g=false model.condition_d=false"
    assert_found_and_mended(settings, "needs labels, and digits has none", override, [])


def test_automatic_norm_says_that_it_is_none():
    (remark,) = findings(CALM)
    assert "\n" not in remark and "no norm" in remark and "d_norm=auto" in remark
    assert findings(f"{CALM} model.d_norm=none") == []
    assert config_of(CALM).model.discriminator.get("norm") == "none"
    assert config_of("loss=hinge").model.discriminator.get("norm") == "batch"


@pytest.mark.parametrize("norm", ["none", "instance", "batch"])
@pytest.mark.parametrize("key", ["model.d_norm", "model.discriminator.norm"])
def test_a_norm_that_was_typed_is_kept(key, norm):
    assert config_of(f"loss=hinge {key}={norm}").model.discriminator.get("norm") == norm


@pytest.mark.parametrize(("loss", "norm"), [("hinge", "batch"), ("wgan_gp", "none")])
def test_config_yaml_says_what_automatic_norm_came_to(loss, norm):
    config = with_data(config_of(f"loss={loss}"), digits(32))
    assert config.model.d_norm == config.model.discriminator.get("norm") == norm
    assert result_hash(config) == result_hash(config_of(f"loss={loss}"))
    assert with_data(config_of("model=mlp"), digits(32)).class_counts == tuple(
        int(count) for count in digits(32).labels.bincount()
    )


def test_batch_norm_typed_in_full_is_refused_under_a_penalty_too():
    (line,) = findings(f"{CALM} model.discriminator.norm=batch")
    assert BATCH_NORM in line


def test_bfloat16_needs_a_processor_that_has_it(monkeypatch):
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.setattr(build.torch.cpu, name, lambda: False)
    monkeypatch.setattr(build.torch.cuda, "is_available", lambda: False)
    for device in ("auto", "cpu"):
        check_surroundings(config_of(f"device={device}"))
        with pytest.raises(UsageError, match="precision=fp32"):
            check_surroundings(config_of(f"precision=bf16 device={device}"))
    check_surroundings(config_of("precision=bf16 device=cuda"))  # whose absence is another mistake


@pytest.mark.parametrize("count", ["discriminator_steps", "generator_steps"])
def test_negative_numbers_of_updates(count):
    (line,) = findings(f"{count}=-1")
    assert f"loss.{count}=-1" in line and "at least 0" in line and "\n" not in line
    assert findings(f"{count}=0") == []


@pytest.mark.parametrize("model", ["mlp", "dcgan_k5"])
def test_batch_norm_over_a_single_row_is_refused(model):
    """BatchNorm1d cannot be trained on one latent, and PyTorch says so only after the start."""
    (job,) = jobs([f"model={model}", "batch_size=1"], False)
    with pytest.raises(UsageError, match="batch_size=2"):
        check_builds([job.config])
    (job,) = jobs([f"model={model}", "batch_size=2"], False)
    check_builds([job.config])


@pytest.mark.parametrize("model", MODELS)
def test_defaults_are_sound_for_every_model(model):
    dataset = "digits" if model in IMAGE_MODELS else "ring"
    assert findings(f"model={model} dataset={dataset}") == []


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_can_be_had_without_a_finding(loss):
    assert findings(f"loss={loss} beta1=0 beta2=0.9 model.d_norm=none") == []
