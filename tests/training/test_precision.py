"""With precision=bf16 the forwards are in bfloat16, and what lasts is in float32."""

import pytest
import torch
from torch import nn

from gan_lab.common.paths import conf_directory
from gan_lab.config.compose import jobs
from gan_lab.data import digits
from gan_lab.training import build
from gan_lab.training.steps import take_step
from tiny_state import make_state

MODELS = sorted(path.stem for path in (conf_directory() / "model").glob("[!p]*.yaml"))


def dtypes_seen(network: nn.Module) -> set[torch.dtype]:
    """What a network's first layer gives, in the calls that follow."""
    seen: set[torch.dtype] = set()
    layer = next(one for one in network.modules() if isinstance(one, nn.Conv2d | nn.Linear))
    layer.register_forward_hook(lambda layer, given, made: seen.add(made.dtype))
    return seen


def test_forwards_are_in_bfloat16_and_what_lasts_is_in_float32():
    state = make_state("precision=bf16")
    seen = dtypes_seen(state.discriminator)
    scalars = take_step(state, 0)
    assert seen == {torch.bfloat16}
    lasting = [*state.generator.parameters(), *state.discriminator.parameters()]
    lasting += [one.grad for one in state.generator.parameters()] + list(scalars.values())
    for optimizer in (state.optimizer_g, state.optimizer_d):
        lasting += [one for kept in optimizer.state.values() for one in kept.values()]
    assert {one.dtype for one in lasting} == {torch.float32}


@pytest.mark.parametrize("name", MODELS)
def test_every_model_takes_a_step_in_bfloat16(name):
    settings = ("dataset=digits", "image_size=28", "hidden_dim=4", "precision=bf16", "penalty=[r1]")
    (job,) = jobs([f"model={name}", *settings], False)
    data = digits(28)
    config = job.config
    state = build.training_state(config, data, torch.device("cpu"))
    assert all(value.isfinite() for value in take_step(state, 0).values())


@pytest.mark.parametrize("penalty", ["r1", "r2", "gradient_penalty"])
def test_penalties_are_taken_in_float32(penalty):
    """At weights that both precisions share, the penalty is the same but for bfloat16 fakes."""
    settings = ("loss=hinge", f"penalty=[{penalty}]", "model=mlp")
    exact, rounded = make_state(*settings), make_state(*settings, "precision=bf16")
    seen = dtypes_seen(rounded.discriminator)
    name = f"penalty/{penalty}"
    values = [take_step(state, 0)[name].item() for state in (exact, rounded)]
    assert seen == {torch.bfloat16, torch.float32}
    assert values[0] == pytest.approx(values[1], rel=1e-6 if penalty == "r1" else 1e-2)


def test_bfloat16_is_near_float32_and_not_the_same():
    losses = [
        take_step(make_state(f"precision={name}"), 0)["loss/d"].item() for name in ("fp32", "bf16")
    ]
    assert losses[0] != losses[1] and losses[0] == pytest.approx(losses[1], rel=0.02)
