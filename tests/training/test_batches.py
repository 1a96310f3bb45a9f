"""What D is shown: packs of images, and noise that falls to nothing."""

import pytest
import torch
from torch import Tensor, nn

from gan_lab.training.steps import bind, fakes_and_critics, packed, take_step
from tiny_state import BATCH, SIZE, make_state


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
    state = make_state(f"pack={pack}", "loss=nonsaturating")
    first = next(layer for layer in state.discriminator.modules() if isinstance(layer, nn.Conv2d))
    assert first.in_channels == pack
    fake, critics = fakes_and_critics(state, 0, 0, with_graph=True)
    real = packed(state.batches.real(0, 0), state.batches.pack)
    logits = critics.fake(fake)
    assert real.shape == fake.shape == (BATCH // pack, pack, SIZE, SIZE)
    assert logits.shape == (BATCH // pack,)
    fake.retain_grad()
    state.loss.generator(None, logits).backward()
    assert (fake.grad.flatten(2).abs().sum(2) > 0).all()
    assert all(weights.grad.any() for weights in state.generator.parameters())


@pytest.mark.parametrize("settings", ["loss=wgan_gp", "loss=rpgan penalty=[r1,r2]"])
def test_packs_go_with_penalties_and_noise(settings):
    state = make_state(*settings.split(), "pack=3", "instance_noise=0.1")
    assert all(value.isfinite() for value in take_step(state, 0).values())


@pytest.mark.parametrize(
    ("step", "expected"), [(0, 0.4), (25, 0.3), (50, 0.2), (99, 0.004), (100, 0), (10_000, 0)]
)
def test_instance_noise_falls_linearly_to_nothing(step, expected):
    state = make_state("instance_noise=0.4", "instance_noise_steps=100")
    noise = state.batches.critic_noise(step, 0)
    if expected == 0:
        assert noise is None
        return
    assert noise.shape == (BATCH, 1, SIZE, SIZE)
    error = 5 / (2 * noise.numel()) ** 0.5  # five standard errors, relative
    assert noise.std().item() == pytest.approx(expected, rel=error)
    assert abs(noise.mean().item()) < 5 * expected / noise.numel() ** 0.5


def test_instance_noise_is_a_function_of_seed_step_and_turn():
    settings = ("instance_noise=0.4", "instance_noise_steps=100")
    noise = make_state(*settings).batches.critic_noise(7, 1)
    assert torch.equal(make_state(*settings).batches.critic_noise(7, 1), noise)
    places = [make_state(*settings).batches.critic_noise(7, 0), make_state(*settings, "seed=1")
              .batches.critic_noise(7, 1)]  # fmt: skip
    assert not any(torch.equal(noise, other) for other in places)
    assert make_state(*settings, "pack=3").batches.critic_noise(7, 1).shape == (4, 3, SIZE, SIZE)
    assert make_state().batches.critic_noise(0, 0) is None


def test_the_discriminator_sees_images_with_their_noise():
    seen: list[Tensor] = []
    images, noise = torch.randn(2, 4, 1, 5, 5)
    for one in (noise, None):
        bind(lambda images, labels=None: seen.append(images), noise=one)(images)
    assert torch.equal(seen[0], images + noise) and torch.equal(seen[1], images)


def test_dropout_is_a_function_of_seed_and_step():
    """So that a resumed run drops what an undisturbed one drops."""

    def step(seed: int, place: int) -> Tensor:
        state = make_state(f"seed={seed}", "steps=100")
        state.discriminator.register_forward_pre_hook(
            lambda layer, given: (nn.functional.dropout(given[0], 0.5), *given[1:])
        )
        torch.rand(17)  # history
        take_step(state, place)
        return next(state.discriminator.parameters()).detach()

    assert torch.equal(step(0, 5), step(0, 5))
    torch.manual_seed(3)
    first = torch.rand(4)
    take_step(make_state(), 5)
    places = [torch.rand(4)]
    for seed, place in ((0, 6), (1, 5)):
        take_step(make_state(f"seed={seed}"), place)
        places.append(torch.rand(4))
    assert not any(torch.equal(one, other) for one in places for other in [first])
    assert not torch.equal(places[0], places[1]) and not torch.equal(places[0], places[2])
