"""What DCGAN can be given: minibatch standard deviation, resize-convolution, projected labels."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d

from gan_lab.config.checks import check_fit
from gan_lab.config.run_config import RunConfig
from gan_lab.models import DCGANDiscriminator, DCGANGenerator, ProjectionDiscriminator
from gan_lab.models.layers import MinibatchStd, doubling, parameter_count
from gan_lab.training import build
from small_runs import config_of

# --- minibatch standard deviation ----------------------------------------------------------------


def test_the_plane_is_the_mean_of_standard_deviations_over_the_batch():
    images = torch.tensor([[[[0.0, 5.0]], [[1.0, 1.0]]], [[[2.0, 5.0]], [[1.0, 7.0]]]])
    shown = MinibatchStd()(images)  # deviations 1 and 0 in the first channel, 0 and 3 in the second
    assert shown.shape == (2, 3, 1, 2) and torch.equal(shown[:, :2], images)
    torch.testing.assert_close(shown[:, 2], torch.ones(2, 1, 2), rtol=0, atol=1e-4)


def test_the_plane_agrees_with_torch():
    images = torch.randn(8, 3, 4, 4, dtype=torch.float64)
    expected = images.std(dim=0, unbiased=False).mean().item()
    assert MinibatchStd()(images)[:, 3].unique().item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("count", [1, 6])
def test_a_batch_of_one_and_the_same_image_has_none_and_a_finite_slope(count):
    images = torch.ones(count, 2, 4, 4, requires_grad=True)
    plane = MinibatchStd()(images)[:, 2]
    plane.sum().backward()
    assert plane.max() < 1e-3 and images.grad.isfinite().all()


def test_the_discriminator_sees_the_variety_of_a_batch_in_its_last_layer():
    torch.manual_seed(0)
    network = DCGANDiscriminator(4, 16, 1, norm="none", minibatch_std=True)
    plain = DCGANDiscriminator(4, 16, 1, norm="none")
    assert parameter_count(network) - parameter_count(plain) == 4 * 4  # one more plane of 4x4
    image, others = torch.randn(1, 1, 16, 16), torch.randn(3, 1, 16, 16)
    alike, varied = image.expand(4, -1, -1, -1), torch.cat([image, others])
    assert abs(network(alike)[0] - network(varied)[0]) > 1e-3
    torch.testing.assert_close(plain(alike)[0], plain(varied)[0])


def test_a_penalty_under_minibatch_std_is_remarked_upon():
    settings = ("model=dcgan_minibatch_std", "model.d_norm=none", "penalty=[r1]")
    (remark,) = check_fit(config_of(*settings))
    assert "minibatch_std" in remark and "whole batch" in remark


# --- resize-convolution --------------------------------------------------------------------------


def phases(images: torch.Tensor) -> torch.Tensor:
    """The inner pixels [4, ...] of one channel by whether their row and column are even."""
    inner = images[0, 0, 2:-2, 2:-2].detach()
    return torch.stack([inner[row::2, column::2] for row in (0, 1) for column in (0, 1)])


@pytest.mark.parametrize("resize", [False, True])
def test_a_flat_image_stays_flat_only_where_pixels_are_repeated(resize):
    """The checkerboard: weights of their own for even and odd pixels, whatever they are."""
    torch.manual_seed(0)
    enlarged = nn.Sequential(*doubling(5, 1, bias=True, resize=resize))(torch.ones(1, 5, 6, 6))
    assert enlarged.shape == (1, 1, 12, 12)
    found = phases(enlarged)
    assert (found.amax(dim=(1, 2)) - found.amin(dim=(1, 2))).max() < 1e-6  # each is flat in itself
    assert (found.amax() - found.amin() < 1e-6) == resize


def test_resize_convolution_is_a_3x3_convolution_of_repeated_pixels():
    layers = nn.Sequential(*doubling(2, 3, bias=True, resize=True)).double()
    images = torch.randn(4, 2, 5, 5, dtype=torch.float64)
    repeated = images.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    expected = conv2d(repeated, layers[1].weight, layers[1].bias, padding=1)
    torch.testing.assert_close(layers(images), expected, rtol=0, atol=1e-12)


def test_the_generator_has_the_size_counted_by_hand():
    network = DCGANGenerator(16, 16, 32, 1, resize_convolution=True)
    kernels = 16 * 64 * 4**2 + (64 * 32 + 32 * 16 + 16 * 1) * 3**2
    assert parameter_count(network) == kernels + 2 * (64 + 32 + 16)
    assert not any(isinstance(layer, nn.ConvTranspose2d) for layer in network.layers[1:])
    assert network(torch.randn(2, 16)).shape == (2, 1, 32, 32)


# --- projection ----------------------------------------------------------------------------------

LABELS = torch.tensor([0, 2, 1, 2])


@torch.no_grad()
def test_the_logit_is_psi_plus_the_product_with_the_vector_of_the_class():
    torch.manual_seed(0)
    network = ProjectionDiscriminator(3, 16, 1, classes=3, norm="none").double()
    images = torch.randn(4, 1, 16, 16, dtype=torch.float64)
    features, psi = images, DCGANDiscriminator(3, 16, 1, norm="none").double()
    psi.load_state_dict(dict(zip(psi.state_dict(), network.state_dict().values(), strict=False)))
    for layer in psi.layers[:-1]:
        features = layer(features)
    vectors = network.of_classes.weight  # [classes, width]
    expected = psi(images) + (vectors[LABELS] * features.sum(dim=(2, 3))).sum(dim=1)
    torch.testing.assert_close(network(images, LABELS), expected, rtol=1e-12, atol=1e-12)


@torch.no_grad()
def test_labels_change_a_logit_by_what_their_vectors_say():
    network = ProjectionDiscriminator(2, 8, 1, classes=2, norm="none", activation="relu")
    first, last = network.features[0].weight, network.last.convolution.weight
    first.fill_(1 / 16), last.zero_()  # each of 4x4 features is the mean of 16 pixels, padded by 0
    network.of_classes.weight.copy_(torch.tensor([[1.0, 2.0], [-1.0, 0.0]]))
    image = torch.ones(1, 1, 8, 8)
    total = (2 * 1 + 2 * 3 / 4) ** 2  # along a side: 3/4, 1, 1, 3/4 of the kernel are on pixels
    for label, share in ((0, 3), (1, -1)):
        assert network(image, torch.tensor([label])).item() == pytest.approx(share * total)


def test_a_projection_costs_a_vector_for_each_class():
    _, network = build.networks(with_ten_classes("model=dcgan_projection"))
    assert parameter_count(network) == 42_432 + 10 * 64  # DCGAN's, and vectors of its last width
    assert next(network.parameters()).shape[1] == 1, "no planes of labels"


def test_without_labels_it_is_the_discriminator_of_dcgan():
    unlabelled = ("model.condition_g=false", "model.condition_d=false")
    networks = [
        build.networks(with_ten_classes(f"model={name}", *unlabelled))[1]
        for name in ("dcgan", "dcgan_projection")
    ]
    states = [dict(enumerate(network.state_dict().values())) for network in networks]
    torch.testing.assert_close(*states, rtol=0, atol=0)
    images = torch.randn(4, 1, 32, 32)
    torch.testing.assert_close(*(network(images) for network in networks))


def test_labels_that_are_missing_are_named():
    with pytest.raises(ValueError, match="needs labels"):
        ProjectionDiscriminator(2, 8, 1, classes=2)(torch.ones(1, 1, 8, 8))


@torch.no_grad()
def test_spectral_norm_holds_the_vectors_of_classes_too():
    torch.manual_seed(0)
    network = ProjectionDiscriminator(4, 16, 1, classes=3, norm="none", spectral_norm=True)
    network.of_classes.parametrizations.weight.original.mul_(50)
    for _ in range(50):  # power iterations
        network(torch.randn(2, 1, 16, 16), torch.tensor([0, 1]))
    for layer in (network.of_classes, network.last.convolution, network.features[0]):
        largest = torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item()
        assert math.isclose(largest, 1, rel_tol=0.05)


def with_ten_classes(*settings: str) -> RunConfig:
    return replace(config_of(*settings), shape=(1, 32, 32), class_counts=(1,) * 10)
