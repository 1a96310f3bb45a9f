"""Losses: values and gradients by hand, extreme logits, signs, and what every config promises."""

import math

import pytest
import torch
from omegaconf import OmegaConf
from torch import Tensor, nn

from gan_lab import load_loss
from gan_lab.common.errors import UsageError
from gan_lab.common.paths import conf_directory
from gan_lab.losses import GanLoss, minimax, nonsaturating
from gan_lab.models import DCGANDiscriminator, DCGANGenerator
from gan_lab.training import build

FOLDER = conf_directory() / "loss"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
LN2 = math.log(2)
LN3 = math.log(3)  # sigmoid(ln 3) = 3/4, sigmoid(-ln 3) = 1/4
TINY = math.exp(-60)  # sigmoid(-60), to 26 digits


def tensor(values: list[float], dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.tensor(values, dtype=dtype, requires_grad=True)


def generator_loss(loss: GanLoss, real: Tensor, fake: Tensor) -> Tensor:
    return loss.generator(real if loss.relativistic else None, fake)


def approximately(*values: float) -> object:
    return pytest.approx(values if len(values) > 1 else values[0], rel=1e-9, abs=0)


@pytest.mark.parametrize("make", [minimax, nonsaturating])
@pytest.mark.parametrize(
    ("real", "fake", "expected"),
    [
        ([0.0], [0.0], 2 * LN2),  # D = 1/2 everywhere: -V = log 4
        ([LN3], [-LN3], 2 * math.log(4 / 3)),  # right with 3/4
        ([-LN3], [LN3], 2 * math.log(4)),  # wrong with 3/4
        ([LN3, -LN3], [0.0, 0.0], (math.log(4 / 3) + math.log(4)) / 2 + LN2),
        ([0.0], [LN3], LN2 + math.log(4)),  # real and fake are not exchanged
    ],
)
def test_discriminator_by_hand(make, real, fake, expected):
    value = make().discriminator(tensor(real), tensor(fake))
    assert value.shape == () and value.item() == approximately(expected)


@pytest.mark.parametrize(
    ("make", "fake", "expected"),
    [
        (minimax, [0.0], -LN2),
        (minimax, [LN3], -math.log(4)),  # log(1 - 3/4)
        (minimax, [-LN3], math.log(3 / 4)),
        (minimax, [LN3, -LN3], (math.log(1 / 4) + math.log(3 / 4)) / 2),
        (nonsaturating, [0.0], LN2),
        (nonsaturating, [LN3], math.log(4 / 3)),  # -log(3/4)
        (nonsaturating, [-LN3], math.log(4)),
        (nonsaturating, [LN3, -LN3], (math.log(4 / 3) + math.log(4)) / 2),
    ],
)
def test_generator_by_hand(make, fake, expected):
    value = make().generator(None, tensor(fake))
    assert value.shape == () and value.item() == approximately(expected)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(
    ("real", "fake", "value", "gradients"),
    [
        (60.0, -60.0, 2 * TINY, (-TINY, TINY)),
        (-60.0, 60.0, 120.0, (-1.0, 1.0)),
    ],
)
def test_discriminator_at_extreme_logits(dtype, real, fake, value, gradients):
    real, fake = tensor([real], dtype), tensor([fake], dtype)
    found = minimax().discriminator(real, fake)
    found.backward()
    numbers = (found.item(), real.grad.item(), fake.grad.item())
    assert numbers == pytest.approx((value, *gradients), rel=1e-6, abs=0)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(
    ("make", "fake", "value", "gradient"),
    [
        (minimax, -60.0, -TINY, -TINY),  # D has won: almost nothing to learn from
        (minimax, 60.0, -60.0, -1.0),
        (nonsaturating, -60.0, 60.0, -1.0),  # D has won: all to learn from
        (nonsaturating, 60.0, TINY, -TINY),
    ],
)
def test_generator_at_extreme_logits(dtype, make, fake, value, gradient):
    fake = tensor([fake], dtype)
    found = make().generator(None, fake)
    found.backward()
    assert (found.item(), fake.grad.item()) == pytest.approx((value, gradient), rel=1e-6, abs=0)


@pytest.mark.parametrize("logit", [-8.0, -1.0, 0.0, 0.5, 3.0, 19.0])
@pytest.mark.parametrize(
    ("make", "gradient"),
    [
        (minimax, lambda a: -1 / (1 + math.exp(-a))),  # -sigmoid(a)
        (nonsaturating, lambda a: -1 / (1 + math.exp(a))),  # sigmoid(a) - 1
    ],
)
def test_gradient_of_the_generator_in_closed_form(make, gradient, logit):
    fake = tensor([logit])
    make().generator(None, fake).backward()
    assert fake.grad.item() == approximately(gradient(logit))


@pytest.mark.parametrize("make", [minimax, nonsaturating])
def test_agrees_with_binary_cross_entropy(make):
    real, fake = torch.randn(2, 50, dtype=torch.float64, generator=torch.manual_seed(0)) * 3
    ones, zeros, loss = torch.ones(50).double(), torch.zeros(50).double(), make()
    for entropy in (
        nn.BCEWithLogitsLoss(),
        lambda logits, target: nn.BCELoss()(logits.sigmoid(), target),
    ):
        discriminator = entropy(real, ones) + entropy(fake, zeros)
        generator = -entropy(fake, zeros) if make is minimax else entropy(fake, ones)
        assert loss.discriminator(real, fake).item() == approximately(discriminator.item())
        assert loss.generator(None, fake).item() == approximately(generator.item())


# --- every loss that can be chosen ---------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_loss_pulls_the_logits_the_right_way(name):
    loss = load_loss(name)
    real, fake = tensor([-0.5, 0.0, 0.3]), tensor([0.1, 0.2, 0.5])
    down_d = torch.autograd.grad(loss.discriminator(real, fake), [real, fake])
    (down_g,) = torch.autograd.grad(generator_loss(loss, real, fake), fake)
    assert (down_d[0] < 0).all(), "D raises the logits of real images"
    assert (down_d[1] > 0).all(), "D lowers those of fakes"
    assert (down_g < 0).all(), "G raises them"


@pytest.mark.parametrize("name", NAMES)
def test_every_loss_is_a_mean_over_the_batch(name):
    loss = load_loss(name)
    real, fake = tensor([-2.0, 0.0, 0.7]), tensor([-1.0, 0.2, 1.5])
    for value in (loss.discriminator, lambda real, fake: generator_loss(loss, real, fake)):
        once, thrice = value(real, fake), value(real.repeat(3), fake.repeat(3))
        assert once.shape == () and once.item() != 0
        assert thrice.item() == approximately(once.item())


@pytest.mark.parametrize("name", NAMES)
def test_every_loss_takes_its_number_of_updates_from_its_file(name):
    file = OmegaConf.load(FOLDER / f"{name}.yaml")
    loss = load_loss(name)
    assert loss.discriminator_steps == file.discriminator_steps
    assert loss.generator_steps == file.generator_steps


def test_an_unknown_loss_is_one_line_with_the_known_ones():
    with pytest.raises(UsageError, match="unknown loss 'bec'") as caught:
        load_loss("bec")
    assert "\n" not in str(caught.value)
    assert all(name in str(caught.value) for name in NAMES)


# --- [B, 1] against [B] broadcasts to [B, B] in silence ------------------------------------------


class Column(nn.Module):
    """A discriminator that returns [B, 1], as many tutorials' do."""

    def __init__(self) -> None:
        super().__init__()
        self.network = DCGANDiscriminator(2, 16, 1)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.network(images).unsqueeze(1)


def test_a_discriminator_that_returns_a_column_is_refused():
    generator = DCGANGenerator(3, 2, 16, 1)
    build.check_shapes(generator, DCGANDiscriminator(2, 16, 1), 3, (1, 16, 16))
    with pytest.raises(UsageError, match=r"\[2, 1\], not one logit an image") as caught:
        build.check_shapes(generator, Column(), 3, (1, 16, 16))
    assert "\n" not in str(caught.value)
    with pytest.raises(UsageError, match=r"\[2, 1, 16, 16\], not \[2, 3, 16, 16\]"):
        build.check_shapes(generator, DCGANDiscriminator(2, 16, 3), 3, (3, 16, 16))
