"""Any optimizer of torch trains either player, and is that which torch itself makes."""

import copy
import io

import pytest
import torch
from omegaconf import OmegaConf
from torch import optim

from gan_lab.common.errors import UsageError
from gan_lab.common.paths import conf_directory, config_names
from gan_lab.jobs.preflight import check_builds
from gan_lab.training.loop import Progress
from gan_lab.training.schedules import cosine, linear
from gan_lab.training.steps import take_step
from gan_lab.training.weights import Misfit
from tiny_state import config_of, make_state

NAMES = config_names("optimizer")
# LBFGS asks for the loss again, the others for sparse gradients or for matrices alone.
OTHER_STEPS = {"LBFGS": "closure", "SparseAdam": "dense gradients", "Muon": "2D parameters"}
CLASSES = sorted(
    name
    for name, one in vars(optim).items()
    if isinstance(one, type) and issubclass(one, optim.Optimizer) and one is not optim.Optimizer
)


def by_hand(name: str, weights: list[torch.Tensor]) -> optim.Optimizer:
    """The optimizer of a file, as a reader of torch's documentation would make it."""
    content = OmegaConf.load(conf_directory() / "optimizer" / f"{name}.yaml")
    arguments = dict(OmegaConf.to_container(content, resolve=False))
    kind = getattr(optim, arguments.pop("_target_").rpartition(".")[2])
    if "betas" in arguments:
        arguments["betas"] = (0.5, 0.999)
    return kind(weights, lr=3e-3, **arguments)


@pytest.mark.parametrize("name", NAMES)
def test_a_player_is_updated_as_torch_does(name):
    state = make_state(f"optimizer_d={name}", "lr_d=3e-3", "generator_steps=0")
    ours = list(state.discriminator.parameters())
    theirs = [weights.detach().clone() for weights in ours]
    reference = by_hand(name, theirs)
    for step in range(3):
        take_step(state, step)
        for weights, own in zip(theirs, ours, strict=True):
            weights.grad = own.grad.clone()
        reference.step()
        assert all(torch.equal(*pair) for pair in zip(ours, theirs, strict=True))


def test_the_first_update_of_rmsprop_is_ten_times_the_rate():
    """v = (1 - alpha) g^2 with alpha = 0.99, so that g / sqrt(v) is 10 times the sign of g."""
    state = make_state("optimizer=rmsprop", "lr=1e-4", "generator_steps=0")
    before = [weights.detach().clone() for weights in state.discriminator.parameters()]
    take_step(state, 0)
    for weights, start in zip(state.discriminator.parameters(), before, strict=True):
        large = weights.grad.abs() > 1e-4  # beside which eps = 1e-8 is nothing
        moved = (start - weights.detach())[large]
        expected = 1e-3 * weights.grad[large].sign()
        assert torch.allclose(moved, expected, rtol=2e-3, atol=1e-7)


@pytest.mark.parametrize("name", sorted({*CLASSES} - {*OTHER_STEPS}))
def test_every_optimizer_of_torch_trains_and_goes_on_from_a_checkpoint(name):
    setting = f"optimizer_g._target_=torch.optim.{name}"
    undisturbed, stopped = make_state(setting), make_state(setting)
    for step in range(3):
        take_step(undisturbed, step)
        if step < 2:
            take_step(stopped, step)
    file = io.BytesIO()
    torch.save(stopped.checkpoint(Progress(2).numbers()), file)
    file.seek(0)
    resumed = make_state(setting)
    resumed.load(torch.load(file, weights_only=True))
    take_step(resumed, 2)
    for ours, theirs in zip(
        resumed.generator.parameters(), undisturbed.generator.parameters(), strict=True
    ):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize(("name", "reason"), OTHER_STEPS.items())
def test_an_optimizer_that_wants_more_of_a_step_is_refused_before_it(name, reason):
    with pytest.raises(UsageError, match=reason) as refused:
        check_builds([config_of(f"optimizer_g._target_=torch.optim.{name}")])
    assert f"torch.optim.{name}" in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("optimizer.decay=0.9", "torch.optim.RMSprop has no setting 'decay'; it has alpha, "),
        ("optimizer.alpha=much", "alpha=much of torch.optim.RMSprop: expected a number"),
        ("optimizer.alpha=-1", "torch.optim.RMSprop: Invalid alpha value: -1"),
        ("optimizer_d._target_=torch.nn.Identity", "is not an optimizer"),
    ],
)
def test_a_wrong_argument_is_one_line(setting, reason):
    with pytest.raises(UsageError) as refused:
        check_builds([config_of("optimizer=rmsprop", setting)])
    assert reason in str(refused.value) and "\n" not in str(refused.value)


def test_the_state_of_another_optimizer_is_no_checkpoint_of_this_one():
    momentum, adam = make_state("optimizer=sgd", "optimizer.momentum=0.9"), make_state()
    for state in (momentum, adam):
        take_step(state, 0)
    saved = copy.deepcopy(adam.checkpoint(Progress(1).numbers()))
    fresh = make_state("optimizer=sgd", "optimizer.momentum=0.9")
    with pytest.raises(Misfit, match="another optimizer"):
        fresh.load(saved)
    fresh.load(momentum.checkpoint(Progress(1).numbers()))


# --- rates that fall -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "factor"), [(0, 1), (25, (2 + 2**0.5) / 4), (50, 0.5), (100, 0), (120, 0)]
)
def test_the_cosine_falls_from_1_to_0(step, factor):
    assert cosine(step, 100) == pytest.approx(factor, abs=1e-15)
    assert cosine(100 - step, 100) == pytest.approx(1 - factor, abs=1e-15) or step > 100


def test_rates_fall_as_torchs_schedule_does():
    weight = torch.nn.Parameter(torch.zeros(1))
    reference = optim.SGD([weight], lr=4e-3)
    schedule = optim.lr_scheduler.CosineAnnealingLR(reference, 40)
    state = make_state("lr_decay=cosine", "steps=40", "lr_g=4e-3", "lr_d=2e-3")
    for step in range(40):
        state.decay_learning_rates(step)
        (rate,) = schedule.get_last_lr()
        assert state.optimizer_g.param_groups[0]["lr"] == pytest.approx(rate)
        assert state.optimizer_d.param_groups[0]["lr"] == pytest.approx(rate / 2)
        reference.step()
        schedule.step()


@pytest.mark.parametrize("optimizer", NAMES)
def test_rates_of_every_optimizer_fall(optimizer):
    state = make_state(f"optimizer={optimizer}", "lr_decay=linear", "steps=10", "lr=1e-3")
    take_step(state, 5)
    assert state.optimizer_d.param_groups[0]["lr"] == pytest.approx(1e-3 * linear(5, 10))
