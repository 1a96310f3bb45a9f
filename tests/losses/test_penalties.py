"""Objectives beyond cross entropy: values by hand, printed formulas, penalties in closed form."""

import inspect
import math
import re

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import relu, softplus

from gan_lab import load_loss
from gan_lab.common.errors import UsageError
from gan_lab.common.paths import conf_directory
from gan_lab.config.checks import check_fit
from gan_lab.config.compose import jobs
from gan_lab.config.instantiate import locate
from gan_lab.config.run_config import RunConfig
from gan_lab.losses import (
    DRAGAN,
    R1,
    R2,
    GanLoss,
    GradientPenalty,
    LeCam,
    hinge,
    lsgan,
    minimax,
    nonsaturating,
    rpgan,
    wasserstein,
)
from gan_lab.training import build

LOSSES = sorted(path.stem for path in (conf_directory() / "loss").glob("*.yaml"))
PENALTIES = sorted(path.stem for path in (conf_directory() / "penalty").glob("*.yaml"))
LN2, LN3, LN4 = math.log(2), math.log(3), math.log(4)
TINY = math.exp(-120)  # softplus(-120), to 52 digits


def tensor(values: list[float], dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.tensor(values, dtype=dtype, requires_grad=True)


def config_of(*settings: str) -> RunConfig:
    (job,) = jobs(settings, False)
    return job.config


def loss_of(*settings: str) -> GanLoss:
    return build.loss(config_of(*settings))


def approximately(value: object) -> object:
    return pytest.approx(value, rel=1e-9, abs=1e-12)


# --- losses by hand ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "real", "fake", "expected"),
    [
        (lsgan, [1.0], [0.0], 0.0),  # at both targets
        (lsgan, [0.0], [1.0], 1.0),
        (lsgan, [0.5], [0.5], 1 / 4),  # D cannot tell
        (lsgan, [3.0, -1.0], [2.0, 0.0], 3.0),  # ((4 + 4)/2 + (4 + 0)/2) / 2
        (wasserstein, [1.0, 3.0], [-2.0, 4.0], -1.0),  # 1 - 2
        (wasserstein, [-5.0], [-5.0], 0.0),
        (hinge, [0.0], [0.0], 2.0),  # D cannot tell
        (hinge, [1.0], [-1.0], 0.0),  # on the margins
        (hinge, [7.0], [-3.0], 0.0),  # beyond them
        (hinge, [-1.0], [2.0], 5.0),
        (hinge, [2.0, 0.0], [-2.0, 0.0], 1.0),  # each image has its own margin
        (rpgan, [0.0], [0.0], LN2),
        (rpgan, [LN3], [0.0], math.log(4 / 3)),
        (rpgan, [0.0], [LN3], LN4),
        (rpgan, [0.0, LN3], [LN3, 0.0], (LN4 + math.log(4 / 3)) / 2),  # pairs: means give log 2
    ],
)
def test_discriminator_by_hand(make, real, fake, expected):
    value = make().discriminator(tensor(real), tensor(fake))
    assert value.shape == () and value.item() == approximately(expected)


@pytest.mark.parametrize(
    ("make", "real", "fake", "expected"),
    [
        (lsgan, None, [1.0], 0.0),
        (lsgan, None, [0.0], 1 / 2),
        (lsgan, None, [3.0, -1.0], 2.0),
        (wasserstein, None, [1.0, -4.0], 1.5),
        (hinge, None, [1.0, -4.0], 1.5),  # no margin in G
        (hinge, None, [9.0], -9.0),
        (rpgan, [0.0], [0.0], LN2),
        (rpgan, [LN3], [0.0], LN4),  # the discriminator's game with the names exchanged
        (rpgan, [0.0], [LN3], math.log(4 / 3)),
        (rpgan, [0.0, LN3], [LN3, 0.0], (LN4 + math.log(4 / 3)) / 2),
    ],
)
def test_generator_by_hand(make, real, fake, expected):
    value = make().generator(None if real is None else tensor(real), tensor(fake))
    assert value.shape == () and value.item() == approximately(expected)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(
    ("make", "real", "fake", "value", "gradients"),
    [
        (lsgan, 60.0, -60.0, 3540.5, (59, -60)),  # (59^2 + 60^2)/2: back to the targets
        (lsgan, -60.0, 60.0, 3660.5, (-61, 60)),
        (wasserstein, 60.0, -60.0, -120.0, (-1, 1)),
        (wasserstein, -60.0, 60.0, 120.0, (-1, 1)),
        (hinge, 60.0, -60.0, 0.0, (0, 0)),
        (hinge, -60.0, 60.0, 122.0, (-1, 1)),
        (rpgan, 60.0, -60.0, TINY, (-TINY, TINY)),
        (rpgan, -60.0, 60.0, 120.0, (-1, 1)),
    ],
)
def test_discriminator_at_extreme_logits(dtype, make, real, fake, value, gradients):
    real, fake = tensor([real], dtype), tensor([fake], dtype)
    found = make().discriminator(real, fake)
    found.backward()
    smallest = torch.finfo(dtype).smallest_normal  # what float32 rounds exp(-120) to
    numbers = (found.item(), real.grad.item(), fake.grad.item())
    assert numbers == pytest.approx((value, *gradients), rel=1e-6, abs=smallest)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(
    ("make", "real", "fake", "value", "gradient"),
    [
        (lsgan, None, -60.0, 1860.5, -61),
        (lsgan, None, 60.0, 1740.5, 59),
        (wasserstein, None, -60.0, 60.0, -1),
        (wasserstein, None, 60.0, -60.0, -1),
        (hinge, None, -60.0, 60.0, -1),
        (hinge, None, 60.0, -60.0, -1),
        (rpgan, 60.0, -60.0, 120.0, -1),  # D has won: all to learn from
        (rpgan, -60.0, 60.0, TINY, -TINY),
    ],
)
def test_generator_at_extreme_logits(dtype, make, real, fake, value, gradient):
    fake = tensor([fake], dtype)
    found = make().generator(None if real is None else tensor([real], dtype), fake)
    found.backward()
    smallest = torch.finfo(dtype).smallest_normal
    assert (found.item(), fake.grad.item()) == pytest.approx(
        (value, gradient), rel=1e-6, abs=smallest
    )


@pytest.mark.parametrize("make", [wasserstein, rpgan])
def test_a_constant_added_to_all_logits_cancels(make):
    real, fake = tensor([-1.0, 0.5]), tensor([0.3, 2.0])
    values = [make().discriminator(real + shift, fake + shift).item() for shift in (0, 5, -40)]
    assert values == approximately([values[0]] * 3) and values[0] != 0


# --- label smoothing -----------------------------------------------------------------------------


@pytest.mark.parametrize("make", [minimax, nonsaturating])
@pytest.mark.parametrize(
    ("real", "fake", "expected"),
    [
        (0.0, 0.0, 2 * LN2),
        (LN3, 0.0, 0.9 * math.log(4 / 3) + 0.1 * LN4 + LN2),
        (-LN3, 0.0, 0.9 * LN4 + 0.1 * math.log(4 / 3) + LN2),
        (0.0, LN3, LN2 + LN4),  # one-sided: the target of fakes stays 0
        (0.0, -LN3, LN2 + math.log(4 / 3)),
    ],
)
def test_label_smoothing_by_hand(make, real, fake, expected):
    value = make(label_smoothing=0.1).discriminator(tensor([real]), tensor([fake]))
    assert value.item() == approximately(expected)


@pytest.mark.parametrize("make", [minimax, nonsaturating])
def test_label_smoothing_is_cross_entropy_with_a_lower_target_and_leaves_g_alone(make):
    real, fake = torch.randn(2, 50, dtype=torch.float64, generator=torch.manual_seed(0)) * 3
    entropy, smooth, plain = nn.BCEWithLogitsLoss(), make(label_smoothing=0.1), make()
    expected = entropy(real, torch.full_like(real, 0.9)) + entropy(fake, torch.zeros_like(fake))
    assert smooth.discriminator(real, fake).item() == approximately(expected.item())
    assert smooth.generator(None, fake).item() == plain.generator(None, fake).item()


@pytest.mark.parametrize("loss", ["minimax", "nonsaturating"])
@pytest.mark.parametrize("smoothing", [0.1, 0.3])
def test_label_smoothing_moves_the_best_logit_of_real_images(loss, smoothing):
    """Without it D's real logits grow for ever; with it they are best at logit(1 - s)."""
    best = math.log((1 - smoothing) / smoothing)
    for logit, sign in [(best - 0.5, -1), (best, 0), (best + 0.5, 1)]:
        real = tensor([logit])
        discriminator = loss_of(f"loss={loss}", f"label_smoothing={smoothing}").discriminator
        discriminator(real, tensor([0.0])).backward()
        gradient = 1 / (1 + math.exp(-logit)) - (1 - smoothing)
        assert real.grad.item() == approximately(gradient)
        assert math.copysign(1, gradient) == sign or abs(gradient) < 1e-12


# --- what `explain` prints is what is computed ---------------------------------------------------

NAMES = {"__builtins__": {}, "mean": torch.mean, "softplus": softplus, "relu": relu}


def printed(target: str, beginning: str) -> str:
    """The formula behind `beginning` in the documentation of a config's target."""
    text = inspect.getdoc(locate(target)) or ""
    (formula,) = re.findall(rf"^{beginning} (.+)$", text, re.MULTILINE)
    return formula


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("name", LOSSES)
def test_printed_formulas_of_losses_are_the_implementation(name, smoothing):
    config = config_of(f"loss={name}", f"label_smoothing={smoothing}")
    loss, target = build.loss(config), config.loss.target
    if smoothing and "label_smoothing" not in config.loss.arguments:
        assert not re.search(r"\bs\b", printed(target, "D minimises"))
        return
    for logits in ([-1.7], [0.0, 0.4], [-3.0, 0.6, 2.5]):
        real, fake = tensor(logits), tensor([0.3 - 2 * logit for logit in logits])
        names = {**NAMES, "real": real, "fake": fake, "s": smoothing}
        discriminator = loss.discriminator(real, fake)
        generator = loss.generator(real if loss.relativistic else None, fake)
        for player, value in [("D", discriminator), ("G", generator)]:
            formula = printed(target, f"{player} minimises")
            assert eval(formula, names).item() == approximately(value.item()), formula


# --- penalties on critics with known gradients ---------------------------------------------------

REAL, FAKE = torch.randn(2, 6, 1, 2, 2, dtype=torch.float64, generator=torch.manual_seed(1))
UNIFORM = {"uniform": torch.rand(6, dtype=torch.float64, generator=torch.manual_seed(2))}
NOISE = UNIFORM | {"normal": torch.randn(REAL.shape, dtype=torch.float64)}


def linear(weights: Tensor):
    """D(x) = w.x, whose gradient is w everywhere."""
    return lambda images: images.flatten(1) @ weights


def quadratic(images: Tensor) -> Tensor:
    """D(x) = |x|^2 / 2, whose gradient is x."""
    return images.square().flatten(1).sum(1) / 2


def with_norms(*norms: float) -> Tensor:
    images = torch.ones(len(norms), 1, 2, 2, dtype=torch.float64) / 2
    return images * torch.tensor(norms, dtype=torch.float64).view(-1, 1, 1, 1)


@pytest.mark.parametrize(
    ("penalty", "weights", "expected"),
    [
        (GradientPenalty(), [0.0, 3.0, 0.0, -4.0], 160.0),  # 10 (5 - 1)^2
        (GradientPenalty(weight=2.0), [0.0, 3.0, 0.0, -4.0], 32.0),
        (GradientPenalty(), [0.0, 0.3, 0.0, -0.4], 2.5),  # 10 (1/2 - 1)^2
        (GradientPenalty(), [0.5, 0.5, 0.5, -0.5], 0.0),
        (GradientPenalty(two_sided=False), [0.0, 3.0, 0.0, -4.0], 160.0),
        (GradientPenalty(two_sided=False), [0.0, 0.3, 0.0, -0.4], 0.0),
        (DRAGAN(), [0.0, 3.0, 0.0, -4.0], 160.0),
        (DRAGAN(weight=2.0), [0.0, 0.3, 0.0, -0.4], 0.5),  # 2 (1/2 - 1)^2
        (R1(), [0.0, 3.0, 0.0, -4.0], 12.5),  # 25/2
        (R2(), [0.0, 3.0, 0.0, -4.0], 12.5),
        (R1(weight=10.0), [0.0, 3.0, 0.0, -4.0], 125.0),
        (R2(weight=10.0), [0.0, 3.0, 0.0, -4.0], 125.0),
    ],
)
def test_penalties_on_a_linear_critic_and_their_gradient_in_its_weights(penalty, weights, expected):
    weights = tensor(weights)
    value = penalty(linear(weights), REAL, FAKE, NOISE if penalty.noise else None)
    assert value.shape == () and value.item() == approximately(expected)
    value.backward()
    norm = weights.detach().norm()
    if isinstance(penalty, GradientPenalty | DRAGAN):
        excess = (norm - 1).clamp(min=-1 if getattr(penalty, "two_sided", True) else 0)
        gradient = 2 * penalty.weight * excess * weights.detach() / norm
    else:
        gradient = penalty.weight * weights.detach()
    torch.testing.assert_close(weights.grad, gradient, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("penalty", [GradientPenalty(), DRAGAN(), R1(), R2()])
def test_a_flat_critic_has_a_finite_gradient(penalty):
    """The norm has no derivative at 0, where a critic of dead ReLUs is."""
    weights = tensor([0.0] * 4)
    penalty(linear(weights), REAL, FAKE, NOISE).backward()
    assert weights.grad.isfinite().all()


@pytest.mark.parametrize(
    ("penalty", "expected"),
    [
        (R1(), 6.25),  # (9 + 16)/2 / 2; one norm over the batch would give 12.5
        (R2(), 2.5),  # (0 + 10)/2 / 2
        (GradientPenalty(weight=1.0), 6.5),  # u = 1: (2^2 + 3^2)/2; over the batch (5 - 1)^2
    ],
)
def test_each_sample_has_its_own_norm(penalty, expected):
    noise = {"uniform": torch.ones(2, dtype=torch.float64)}
    value = penalty(quadratic, with_norms(3, 4), with_norms(0, math.sqrt(10)), noise)
    assert value.item() == approximately(expected)


def test_each_sample_has_its_own_place_between_real_and_fake():
    """u = 1, 0, 1/4: at the real one, at the fake one, and a quarter of the way to the real one."""
    noise = {"uniform": torch.tensor([1.0, 0.0, 0.25], dtype=torch.float64)}
    real, fake, seen = with_norms(2, 2, 8), with_norms(7, 4, 0), []

    def critic(images: Tensor) -> Tensor:
        seen.append(images.detach().flatten(1).norm(dim=1))
        return quadratic(images)

    value = GradientPenalty(weight=3.0)(critic, real, fake, noise)
    assert [norms.tolist() for norms in seen] == [approximately([2.0, 4.0, 2.0])]
    assert value.item() == approximately(3 * (1 + 9 + 1) / 3)


def test_dragan_looks_around_real_images_as_far_as_their_deviation_says():
    """At 0 and 2 the deviation is sqrt(2): each pixel moves by scale * sqrt(2) * its number."""
    real = torch.tensor([0.0, 2.0], dtype=torch.float64).view(2, 1, 1, 1)
    normal = {"normal": torch.tensor([1.0, -2.0], dtype=torch.float64).view(2, 1, 1, 1)}
    # |x|^2 / 2 has the norm |x|: |sqrt(1/2)| at the first, |2 - 2 sqrt(1/2)| at the second.
    excess = [math.sqrt(0.5) - 1, 2 - math.sqrt(2) - 1]
    expected = 3 * (excess[0] ** 2 + excess[1] ** 2) / 2
    value = DRAGAN(weight=3.0, scale=0.5)(quadratic, real, 99 + real, normal)
    assert value.item() == approximately(expected)


def test_wgan_lp_is_wgan_gp_with_one_side():
    gp, lp = loss_of("loss=wgan_gp", "lambda_gp=3"), loss_of("loss=wgan_lp", "lambda_gp=3")
    assert lp.penalties == {"gradient_penalty": GradientPenalty(weight=3.0, two_sided=False)}
    assert gp.discriminator_steps == lp.discriminator_steps == 5
    real, fake = tensor([-1.0, 0.5]), tensor([0.3, 2.0])
    assert lp.discriminator(real, fake).item() == approximately(gp.discriminator(real, fake).item())


@pytest.mark.parametrize("name", [name for name in PENALTIES if name != "lecam"])
def test_printed_formulas_of_penalties_are_the_implementation(name):
    config = config_of(f"penalty=[{name}]", "loss=wgan_gp", "lambda_gp=3")
    penalty, spec = build.loss(config).penalties[name], config.penalty[name]
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 1)).double()

    def gradient(images: Tensor) -> Tensor:
        images = images.requires_grad_()
        return torch.autograd.grad(network(images).sum(), images)[0]

    names = {
        "__builtins__": {},
        "mean": torch.mean,
        "norm": lambda images: images.flatten(1).norm(dim=1),
        "gradient": gradient,
        "real": REAL.clone(),
        "fake": FAKE.clone(),
        "u": NOISE["uniform"].view(-1, 1, 1, 1),
        "n": NOISE["normal"],
        "std": torch.std,
        **spec.arguments,
    }
    value = penalty(lambda images: network(images).flatten(), REAL, FAKE, NOISE)
    formula = printed(spec.target, "D's loss gains")
    assert eval(formula, names).item() == approximately(value.item()) and value > 0


# --- LeCam, on outputs alone ---------------------------------------------------------------------


def test_lecam_by_hand_and_its_gradients():
    real, fake = tensor([1.0, 3.0]), tensor([0.0, -2.0])
    averages = torch.tensor([0.5, -1.0], dtype=torch.float64)
    value = LeCam(weight=2.0)(real, fake, *averages)
    # Real ones are 2 and 4 from the average of fakes, fakes 1/2 and 5/2 from that of real ones.
    assert value.item() == approximately(2 * ((4 + 16) / 2 + (0.25 + 6.25) / 2))
    value.backward()
    assert real.grad.tolist() == approximately([4.0, 8.0])  # 2 * weight / B * distance
    assert fake.grad.tolist() == approximately([-1.0, -5.0])


def test_the_printed_formula_of_lecam_is_the_implementation():
    spec = config_of("penalty=[lecam]").penalty["lecam"]
    real, fake = tensor([0.3, 2.0]), tensor([-1.0, 0.1])
    names = {"__builtins__": {}, "mean": torch.mean, "real": real, "fake": fake,
             "average_real": 0.7, "average_fake": -0.2, "weight": spec.get("weight")}  # fmt: skip
    value = LeCam(**spec.arguments)(real, fake, torch.tensor(0.7), torch.tensor(-0.2))
    formula = printed(spec.target, "D's loss gains")
    assert eval(formula, names).item() == pytest.approx(value.item(), rel=1e-6) and value > 0


def test_lecam_takes_no_gradient_of_the_critic_and_so_goes_with_batch_norm():
    config = config_of("penalty=[lecam]")
    assert config.model.discriminator.get("norm") == "batch" and not config.penalties
    assert config_of("penalty=[lecam,r1]").model.discriminator.get("norm") == "none"
    assert check_fit(config_of("penalty=[lecam]", "model.d_norm=batch")) == []
    loss = build.loss(config)
    assert loss.lecam == LeCam(weight=0.1, decay=0.99) and not loss.penalties
    with pytest.raises(UsageError, match=r"penalty\.lecam\.weight=-1"):
        check_fit(config_of("penalty=[lecam]", "penalty.lecam.weight=-1"))
    with pytest.raises(UsageError, match="has no bound"):  # of the slope: LeCam gives none
        check_fit(config_of("loss=wgan", "loss.clip=null", "penalty=[lecam]"))


# --- which penalties a run has -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "weights"),
    [
        ("loss=wgan_gp", {"gradient_penalty": 10}),
        ("loss=wgan_gp lambda_gp=3", {"gradient_penalty": 3}),
        ("loss=wgan_gp penalty=[]", {"gradient_penalty": 10}),
        ("loss=wgan_gp penalty=[r1]", {"gradient_penalty": 10, "r1": 1}),
        ("loss=hinge penalty=[gradient_penalty]", {"gradient_penalty": 10}),
        ("loss=hinge penalty=[gradient_penalty] lambda_gp=0.5", {"gradient_penalty": 0.5}),
        ("loss=wgan_gp penalty=[gradient_penalty] lambda_gp=3", {"gradient_penalty": 3}),
        ("loss=rpgan penalty=[r1,r2]", {"r1": 1, "r2": 1}),
        ("loss=rpgan penalty=[r1,r2] penalty.r2.weight=7", {"r1": 1, "r2": 7}),
        ("loss=hinge", {}),
    ],
)
def test_penalties_of_the_loss_and_of_the_run_come_together(settings, weights):
    penalties = loss_of(*settings.split()).penalties
    assert {name: penalty.weight for name, penalty in penalties.items()} == weights


def test_load_loss_takes_penalties_too():
    assert load_loss("rpgan", penalty=("r1", "r2")).penalties == {"r1": R1(), "r2": R2()}
    assert load_loss("wgan_gp", penalty=["r1"]).penalties.keys() == {"gradient_penalty", "r1"}
