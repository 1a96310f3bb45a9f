"""Networks: sizes counted by hand, layers equal to plain convolutions, starting weights."""

import math

import pytest
import torch
from torch import Tensor, nn

from gan_lab.models import DCGANDiscriminator, DCGANGenerator, initialise
from gan_lab.models.layers import LogitFromImage, ProjectLatents

# image size, side of the base, number of halvings between the two
SIZES = [
    (8, 4, 1),
    (20, 5, 2),
    (28, 7, 2),
    (32, 4, 3),
    (48, 6, 3),
    (64, 4, 4),
    (96, 6, 4),
    (128, 4, 5),
]


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def shapes(network: nn.Module, inputs: Tensor) -> list[tuple[int, ...]]:
    """The shapes that an input passes through, without repetition and without the batch."""
    passed = []
    for layer in network.layers:
        inputs = layer(inputs)
        if not passed or passed[-1] != tuple(inputs.shape[1:]):
            passed.append(tuple(inputs.shape[1:]))
    return passed


@pytest.mark.parametrize(
    ("latent_dim", "ngf", "without_bias", "with_bias"),
    [
        (16, 16, 57_824, 57_937),
        (100, 16, 143_840, 143_953),
        (16, 100, 1_705_400, 1_706_101),
        (100, 100, 2_243_000, 2_243_701),
    ],
)
def test_generator_for_grey_32(latent_dim, ngf, without_bias, with_bias):
    assert count(DCGANGenerator(latent_dim, ngf, 32, 1)) == without_bias
    assert count(DCGANGenerator(latent_dim, ngf, 32, 1, bias=True)) == with_bias


@pytest.mark.parametrize(
    ("ndf", "without_bias", "with_bias"), [(16, 42_432, 42_545), (100, 1_609_200, 1_609_901)]
)
def test_discriminator_for_grey_32(ndf, without_bias, with_bias):
    assert count(DCGANDiscriminator(ndf, 32, 1)) == without_bias
    assert count(DCGANDiscriminator(ndf, 32, 1, bias=True)) == with_bias


@pytest.mark.parametrize(
    ("latent_dim", "expected"), [(256, 4_854_656), (64, 3_281_792), (100, 3_576_704)]
)
def test_generator_for_rgb_64(latent_dim, expected):
    assert count(DCGANGenerator(latent_dim, 64, 64, 3)) == expected


def test_discriminator_for_rgb_64():
    assert count(DCGANDiscriminator(64, 64, 3)) == 2_765_568


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("image_size", "base", "halvings"), SIZES)
def test_sides_halve_to_the_base_and_widths_double(image_size, base, halvings, channels):
    generator = DCGANGenerator(5, 2, image_size, channels)
    discriminator = DCGANDiscriminator(2, image_size, channels)
    sides = [base * 2**level for level in range(halvings)]
    widths = [2**halvings // 2**level for level in range(halvings)]
    squares = list(zip(widths, sides, sides, strict=True))
    image = (channels, image_size, image_size)
    assert shapes(generator, torch.randn(3, 5)) == [*squares, image]
    assert shapes(discriminator, torch.randn(3, *image)) == [*squares[::-1], ()]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("image_size", "base", "halvings"), SIZES)
def test_images_come_out_and_one_logit_each(image_size, base, halvings, channels):
    images = DCGANGenerator(5, 2, image_size, channels)(torch.randn(3, 5))
    assert images.shape == (3, channels, image_size, image_size)
    assert DCGANDiscriminator(2, image_size, channels)(images).shape == (3,)


@torch.no_grad()
def test_images_stay_in_range_and_logits_do_not():
    generator, discriminator = DCGANGenerator(5, 4, 28, 1), DCGANDiscriminator(4, 28, 1)
    for parameter in [*generator.parameters(), *discriminator.parameters()]:
        parameter.mul_(100)
    images = generator(torch.randn(8, 5))
    assert images.min() == -1 and images.max() == 1
    assert discriminator(images).abs().max() > 1


@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_norm_and_activation_are_the_ones_asked_for(norm, activation):
    kinds = {
        "batch": nn.BatchNorm2d,
        "instance": nn.InstanceNorm2d,
        "relu": nn.ReLU,
        "leaky_relu": nn.LeakyReLU,
    }
    arguments = {"norm": norm, "activation": activation}
    for network, norms, activations in [
        (DCGANGenerator(5, 2, 32, 1, **arguments), 3, 3),
        (DCGANDiscriminator(2, 32, 1, **arguments), 2, 3),  # none after the first convolution
    ]:
        counts = {name: sum(type(layer) is kind for layer in network.modules())
                  for name, kind in kinds.items()}  # fmt: skip
        expected = dict.fromkeys(kinds, 0) | {norm: norms, activation: activations}
        assert counts == {name: expected[name] for name in kinds}


def test_leaky_slope():
    slopes = {x.negative_slope for x in DCGANDiscriminator(2, 32, 1).layers
              if isinstance(x, nn.LeakyReLU)}  # fmt: skip
    assert slopes == {0.2}


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("side", [4, 5, 7])
@pytest.mark.parametrize("block", [ProjectLatents, LogitFromImage])
def test_products_equal_the_convolutions_they_stand_for(block, side, bias):
    if block is ProjectLatents:
        layer = ProjectLatents(6, 5, side, bias).double()
        inputs = torch.randn(3, 6, dtype=torch.float64, requires_grad=True)
        plain = layer.convolution(inputs[:, :, None, None])
    else:
        layer = LogitFromImage(5, side, bias).double()
        inputs = torch.randn(3, 5, side, side, dtype=torch.float64, requires_grad=True)
        plain = layer.convolution(inputs).flatten()
    ours = layer(inputs)
    torch.testing.assert_close(ours, plain, rtol=1e-12, atol=1e-13)
    direction, leaves = torch.randn_like(plain), [inputs, *layer.parameters()]
    gradients = [torch.autograd.grad((out * direction).sum(), leaves) for out in (ours, plain)]
    torch.testing.assert_close(*gradients, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    "network", [DCGANGenerator(100, 64, 64, 3), DCGANDiscriminator(64, 64, 3)], ids=["g", "d"]
)
def test_custom_weights_are_normal(network):
    torch.manual_seed(0)
    initialise(network, "custom")
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d):
            mean = 1 if isinstance(layer, nn.BatchNorm2d) else 0
            weight = layer.weight.detach().double()
            error = 5 * 0.02 / math.sqrt(weight.numel())  # five standard errors
            assert weight.mean().item() == pytest.approx(mean, abs=error)
            assert weight.std().item() == pytest.approx(0.02, abs=error)
        if isinstance(layer, nn.BatchNorm2d):
            assert not layer.bias.any()


def test_default_weights_are_those_of_pytorch():
    torch.manual_seed(0)
    network = DCGANDiscriminator(8, 16, 1)
    initialise(network, "default")
    torch.manual_seed(0)
    plain = nn.Sequential(
        nn.Conv2d(1, 8, 4, bias=False),
        nn.Conv2d(8, 16, 4, bias=False),
        nn.BatchNorm2d(16),
        nn.Conv2d(16, 1, 4, bias=False),
    )
    for ours, theirs in zip(network.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("image_size", "nearest"),
    [
        (0, {8}),
        (7, {8}),
        (9, {8, 10}),
        (15, {14, 16}),
        (18, {16, 20}),
        (33, {32, 40}),
        (50, {48, 56}),
        (100, {96, 112}),
    ],
)
@pytest.mark.parametrize(
    "make",
    [lambda size: DCGANGenerator(5, 2, size, 1), lambda size: DCGANDiscriminator(2, size, 1)],
    ids=["g", "d"],
)
def test_a_size_that_does_not_halve_names_those_that_do(make, image_size, nearest):
    with pytest.raises(ValueError, match=f"image_size={image_size}:") as caught:
        make(image_size)
    reason, _, advice = str(caught.value).partition("use ")
    assert "\n" not in reason + advice
    named = {int(word.strip(".").partition("=")[2]) for word in advice.split() if "=" in word}
    assert named == nearest
    for size in nearest:
        make(size)


@pytest.mark.parametrize(
    ("call", "names"),
    [
        (lambda: DCGANGenerator(5, 2, 32, 1, norm="bath"), "norm=bath: .*batch.*none"),
        (lambda: DCGANDiscriminator(2, 32, 1, norm="bath"), "norm=bath: .*batch.*none"),
        (lambda: DCGANDiscriminator(2, 8, 1, norm="bath"), "norm=bath: .*batch.*none"),
        (lambda: DCGANGenerator(5, 2, 32, 1, activation="rely"), "activation=rely: .*relu"),
        (lambda: DCGANDiscriminator(2, 32, 1, activation="rely"), "activation=rely: .*relu"),
        (lambda: initialise(nn.Linear(1, 1), "costum"), "weight_init=costum: .*custom.*default"),
    ],
)
def test_an_unknown_name_is_one_line_with_the_known_ones(call, names):
    with pytest.raises(ValueError, match=names) as caught:
        call()
    assert "\n" not in str(caught.value)
