"""Switches of a run: packing, instance noise, clipping, rates and steps; and what they hash."""

from collections.abc import Callable
from functools import cache

import pytest
import torch
from torch import Tensor, nn

from gan_lab.common.paths import conf_directory
from gan_lab.config import identity
from gan_lab.config.compose import Composed, jobs
from gan_lab.config.identity import result_hash
from gan_lab.config.run_config import data_facts, make_record
from gan_lab.data import digits
from gan_lab.training import build
from gan_lab.training.state import TrainingState
from gan_lab.training.steps import bind, fakes_and_critic, packed, take_step

SIZE, BATCH = 16, 12
TINY = ["dataset=digits", f"image_size={SIZE}", f"batch_size={BATCH}", "latent_dim=3"]
DATA = digits(SIZE)
MODELS = sorted(path.stem for path in (conf_directory() / "model").glob("[!p]*.yaml"))


@cache
def job_of(*settings: str) -> Composed:
    return jobs([*TINY, "hidden_dim=4", *settings], False)[0]


def record_of(*settings: str) -> dict:
    job = job_of(*settings)
    return make_record(job.config, job.choices) | data_facts(DATA)


def make_parts(*settings: str) -> TrainingState:
    return build.training_state(record_of(*settings), DATA, torch.device("cpu"))


def hash_of(*settings: str) -> str:
    return result_hash(record_of(*settings))


# --- packing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("pack", [1, 2, 3, 4])
def test_neighbours_are_packed_along_the_channels(pack, channels):
    images = torch.randn(BATCH, channels, 5, 6)
    packs = packed(images, pack)
    assert packs.shape == (BATCH // pack, pack * channels, 5, 6)
    for index, one in enumerate(packs):
        assert torch.equal(one, torch.cat(list(images[index * pack : (index + 1) * pack])))


@pytest.mark.parametrize("pack", [2, 3, 4])
def test_the_discriminator_judges_packs_and_the_generator_learns_from_all_of_one(pack):
    parts = make_parts(f"pack={pack}", "loss=nonsaturating")
    first = next(layer for layer in parts.discriminator.modules() if isinstance(layer, nn.Conv2d))
    assert first.in_channels == pack
    fake, critic = fakes_and_critic(parts, 0, 0, with_graph=True)
    real = packed(parts.batches.real(0, 0), parts.batches.pack)
    logits = critic(fake)
    assert real.shape == fake.shape == (BATCH // pack, pack, SIZE, SIZE)
    assert logits.shape == (BATCH // pack,)
    fake.retain_grad()
    parts.loss.generator(None, logits).backward()
    assert (fake.grad.flatten(2).abs().sum(2) > 0).all()
    assert all(weights.grad.any() for weights in parts.generator.parameters())


@pytest.mark.parametrize("settings", ["loss=wgan_gp", "loss=rpgan penalty=[r1,r2]"])
def test_packs_go_with_penalties_and_noise(settings):
    parts = make_parts(*settings.split(), "pack=3", "instance_noise=0.1")
    assert all(value.isfinite() for value in take_step(parts, 0).values())


# --- instance noise ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "expected"), [(0, 0.4), (25, 0.3), (50, 0.2), (99, 0.004), (100, 0), (10_000, 0)]
)
def test_instance_noise_falls_linearly_to_nothing(step, expected):
    parts = make_parts("instance_noise=0.4", "instance_noise_steps=100")
    noise = parts.batches.critic_noise(step, 0)
    if expected == 0:
        assert noise is None
        return
    assert noise.shape == (BATCH, 1, SIZE, SIZE)
    error = 5 / (2 * noise.numel()) ** 0.5  # five standard errors, relative
    assert noise.std().item() == pytest.approx(expected, rel=error)
    assert abs(noise.mean().item()) < 5 * expected / noise.numel() ** 0.5


def test_instance_noise_is_a_function_of_seed_step_and_turn():
    settings = ("instance_noise=0.4", "instance_noise_steps=100")
    noise = make_parts(*settings).batches.critic_noise(7, 1)
    assert torch.equal(make_parts(*settings).batches.critic_noise(7, 1), noise)
    places = [make_parts(*settings).batches.critic_noise(7, 0), make_parts(*settings, "seed=1")
              .batches.critic_noise(7, 1)]  # fmt: skip
    assert not any(torch.equal(noise, other) for other in places)
    assert make_parts(*settings, "pack=3").batches.critic_noise(7, 1).shape == (4, 3, SIZE, SIZE)
    assert make_parts().batches.critic_noise(0, 0) is None


def test_the_discriminator_sees_images_with_their_noise():
    seen: list[Tensor] = []
    images, noise = torch.randn(2, 4, 1, 5, 5)
    for one in (noise, None):
        bind(lambda images, labels=None: seen.append(images), noise=one)(images)
    assert torch.equal(seen[0], images + noise) and torch.equal(seen[1], images)


# --- gradient clipping ---------------------------------------------------------------------------


def gradient_norm(network: nn.Module) -> float:
    gradients = [weights.grad.flatten() for weights in network.parameters()]
    return torch.cat(gradients).norm().item()


@pytest.mark.parametrize("player", ["d", "g"])
def test_clipping_bounds_what_the_optimizer_gets_and_not_what_is_logged(player):
    """One player at a time, from the same weights, so that both runs have the same gradient."""
    other = "generator_steps=0" if player == "d" else "discriminator_steps=0"
    free = make_parts(other)
    norm = take_step(free, 0)[f"grad_norm/{player}"].item()
    for bound, expected in [(norm / 10, norm / 10), (norm * 10, norm)]:
        clipped = make_parts(other, f"gradient_clip={bound}")
        assert take_step(clipped, 0)[f"grad_norm/{player}"].item() == pytest.approx(norm, rel=1e-6)
        network = clipped.discriminator if player == "d" else clipped.generator
        assert gradient_norm(network) == pytest.approx(expected, rel=1e-4)


def test_clipping_keeps_the_direction():
    free, clipped = (
        make_parts("generator_steps=0"),
        make_parts("generator_steps=0", "gradient_clip=0.001"),
    )
    for parts in (free, clipped):
        take_step(parts, 0)
    gradients = [
        torch.cat([weights.grad.flatten() for weights in parts.discriminator.parameters()])
        for parts in (free, clipped)
    ]
    assert torch.cosine_similarity(*gradients, dim=0).item() == pytest.approx(1, abs=1e-5)


# --- precision -----------------------------------------------------------------------------------


def dtypes_seen(network: nn.Module) -> set[torch.dtype]:
    """What a network's first layer gives, in the calls that follow."""
    seen: set[torch.dtype] = set()
    layer = next(one for one in network.modules() if isinstance(one, nn.Conv2d | nn.Linear))
    layer.register_forward_hook(lambda layer, given, made: seen.add(made.dtype))
    return seen


def test_forwards_are_in_bfloat16_and_what_lasts_is_in_float32():
    parts = make_parts("precision=bf16")
    seen = dtypes_seen(parts.discriminator)
    scalars = take_step(parts, 0)
    assert seen == {torch.bfloat16}
    lasting = [*parts.generator.parameters(), *parts.discriminator.parameters()]
    lasting += [one.grad for one in parts.generator.parameters()] + list(scalars.values())
    for optimizer in (parts.optimizer_g, parts.optimizer_d):
        lasting += [one for state in optimizer.state.values() for one in state.values()]
    assert {one.dtype for one in lasting} == {torch.float32}


@pytest.mark.parametrize("name", MODELS)
def test_every_model_takes_a_step_in_bfloat16(name):
    settings = ("dataset=digits", "image_size=28", "hidden_dim=4", "precision=bf16", "penalty=[r1]")
    (job,) = jobs([f"model={name}", *settings], False)
    data = digits(28)
    record = make_record(job.config, job.choices) | data_facts(data)
    parts = build.training_state(record, data, torch.device("cpu"))
    assert all(value.isfinite() for value in take_step(parts, 0).values())


@pytest.mark.parametrize("penalty", ["r1", "r2", "gradient_penalty"])
def test_penalties_are_taken_in_float32(penalty):
    """At weights that both precisions share, the penalty is the same but for bfloat16 fakes."""
    settings = ("loss=hinge", f"penalty=[{penalty}]", "model=mlp")
    exact, rounded = make_parts(*settings), make_parts(*settings, "precision=bf16")
    seen = dtypes_seen(rounded.discriminator)
    name = f"penalty/{penalty}"
    values = [take_step(parts, 0)[name].item() for parts in (exact, rounded)]
    assert seen == {torch.bfloat16, torch.float32}
    assert values[0] == pytest.approx(values[1], rel=1e-6 if penalty == "r1" else 1e-2)


def test_bfloat16_is_near_float32_and_not_the_same():
    losses = [
        take_step(make_parts(f"precision={name}"), 0)["loss/d"].item() for name in ("fp32", "bf16")
    ]
    assert losses[0] != losses[1] and losses[0] == pytest.approx(losses[1], rel=0.02)


# --- networks that draw --------------------------------------------------------------------------


def test_dropout_is_a_function_of_seed_and_step():
    """So that a resumed run drops what an undisturbed one drops."""

    def step(seed: int, place: int) -> Tensor:
        parts = make_parts(f"seed={seed}", "steps=100")
        parts.discriminator.register_forward_pre_hook(
            lambda layer, given: (nn.functional.dropout(given[0], 0.5), *given[1:])
        )
        torch.rand(17)  # history
        take_step(parts, place)
        return next(parts.discriminator.parameters()).detach()

    assert torch.equal(step(0, 5), step(0, 5))
    torch.manual_seed(3)
    first = torch.rand(4)
    take_step(make_parts(), 5)
    places = [torch.rand(4)]
    for seed, place in ((0, 6), (1, 5)):
        take_step(make_parts(f"seed={seed}"), place)
        places.append(torch.rand(4))
    assert not any(torch.equal(one, other) for one in places for other in [first])
    assert not torch.equal(places[0], places[1]) and not torch.equal(places[0], places[2])


# --- rates and steps -----------------------------------------------------------------------------


def rates(parts: TrainingState) -> tuple[float, float]:
    optimizers = (parts.optimizer_g, parts.optimizer_d)
    (pair,) = zip(*({group["lr"] for group in one.param_groups} for one in optimizers), strict=True)
    return pair


@pytest.mark.parametrize(("step", "share"), [(0, 1), (1, 0.99), (50, 0.5), (99, 0.01)])
def test_rates_fall_linearly_to_nothing(step, share):
    settings = ("lr_g=4e-3", "lr_d=2e-3", "steps=100")
    falling, constant = make_parts(*settings, "lr_decay=linear"), make_parts(*settings)
    for parts in (falling, constant):
        take_step(parts, step)  # also the first of a resumed run
    assert rates(falling) == pytest.approx((share * 4e-3, share * 2e-3))
    assert rates(constant) == (4e-3, 2e-3)


@pytest.mark.parametrize(
    ("length", "steps"), [("steps=40", 40), ("epochs=2", 240), ("images=1201", 101)]
)
def test_rates_fall_over_the_length_however_it_is_given(length, steps):
    parts = make_parts("lr_decay=linear", length)  # 2 * 1438 / 12 = 239.7 and 1201 / 12 = 100.1
    parts.decay_learning_rates(steps - 1)
    assert rates(parts) == pytest.approx((2e-4 / steps, 2e-4 / steps))


def test_the_length_is_hashed_only_if_the_rates_follow_it():
    assert hash_of("steps=100") == hash_of("steps=200") == hash_of("epochs=3")
    decayed = {
        hash_of("lr_decay=linear", length) for length in ("steps=100", "steps=200", "epochs=3")
    }
    assert len(decayed) == 3 and hash_of() not in decayed


def test_rates_and_betas_reach_their_optimizers():
    parts = make_parts("lr_g=3e-3", "lr_d=1e-3", "beta1=0.1", "beta2=0.7")
    assert rates(parts) == (3e-3, 1e-3)
    for optimizer, player in [
        (parts.optimizer_g, parts.generator),
        (parts.optimizer_d, parts.discriminator),
    ]:
        (group,) = optimizer.param_groups
        assert group["betas"] == (0.1, 0.7)
        assert list(map(id, group["params"])) == list(map(id, player.parameters()))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [("", (2e-4, 2e-4)), ("lr=1e-3", (1e-3, 1e-3)), ("lr=1e-3 lr_d=5e-4", (1e-3, 5e-4))],
)
def test_one_rate_feeds_both(settings, expected):
    assert rates(make_parts(*settings.split())) == expected


@pytest.mark.parametrize("name", ["n_critic", "discriminator_steps", "loss.discriminator_steps"])
def test_numbers_of_updates_reach_the_loss(name):
    parts = make_parts("loss=wgan_gp", f"{name}=3", "generator_steps=2")
    assert (parts.loss.discriminator_steps, parts.loss.generator_steps) == (3, 2)
    assert parts.batches.discriminator_steps == 3


# --- hashes --------------------------------------------------------------------------------------

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
    plain = record_of()
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
    plain = record_of(*settings.split())
    before = result_hash(plain)
    removed(plain)
    assert result_hash(plain) == before


def test_the_weight_of_a_penalty_is_hashed_where_there_is_one():
    assert hash_of("loss=wgan_gp") != hash_of("loss=wgan_gp", "lambda_gp=3")
    assert hash_of("loss=hinge") == hash_of("loss=hinge", "lambda_gp=3")
