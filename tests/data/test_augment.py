"""Augmentation: random by position, the same for real and generated, nothing by default."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from gan_lab.common.errors import UsageError
from gan_lab.config.checks import check_fit
from gan_lab.config.compose import jobs
from gan_lab.config.identity import result_hash
from gan_lab.config.run_config import RunConfig
from gan_lab.data import digits, to_unit
from gan_lab.data.augment import MORE_NUMBERS, NUMBERS, POLICIES, crop_and_flip, differentiable
from gan_lab.training import build
from gan_lab.training.rng import batch_indices
from gan_lab.training.state import TrainingState
from gan_lab.training.steps import take_step


def config_of(*settings: str, image_size: int = 16) -> RunConfig:
    tiny = ("dataset=digits", f"image_size={image_size}", "hidden_dim=4", "latent_dim=3",
            "batch_size=8")  # fmt: skip
    (job,) = jobs([*tiny, *settings], False)
    return job.config


def make_parts(*settings: str) -> TrainingState:
    config = config_of(*settings)
    data = build.training_data(config)
    return build.training_state(config, data, torch.device("cpu"))


def numbers(count: int, **columns: float) -> Tensor:
    """Uniform numbers of which all are 0.5 but these columns (c6=0.9)."""
    uniform = torch.full((count, NUMBERS), 0.5)
    for name, value in columns.items():
        uniform[:, int(name[1:])] = value
    return uniform


# --- real images ---------------------------------------------------------------------------------


def test_crops_are_windows_of_the_image_and_half_are_mirrored():
    random = np.random.default_rng(0)
    images = torch.from_numpy(random.integers(0, 256, (500, 3, 11, 11), dtype=np.uint8))
    uniform = torch.from_numpy(random.random((500, NUMBERS), dtype=np.float32))
    cut = crop_and_flip(images, 8, True, uniform)
    seen, mirrored = set(), 0
    for image, whole in zip(cut, images, strict=True):
        found = [
            (top, left, flipped)
            for top in range(4)
            for left in range(4)
            for flipped in (False, True)
            if torch.equal(
                image.flip(-1) if flipped else image, whole[:, top : top + 8, left : left + 8]
            )
        ]
        assert len(found) == 1
        seen.add(found[0][:2])
        mirrored += found[0][2]
    assert len(seen) == 16, "every place is reached"
    assert 200 < mirrored < 300


def test_deluxe_loads_a_tenth_more_and_networks_see_the_size_asked_for():
    parts = make_parts("augment=deluxe")
    data = parts.batches.dataset
    assert data.images.shape[-2:] == (17, 17) and data.shape == (1, 16, 16)
    real = parts.batches.real(0, 0)
    assert real.shape == (8, 1, 16, 16) and (real.min() >= -1) and (real.max() <= 1)
    whole = to_unit(digits(17, holdout="stratified").images[batch_indices(0, 0, 8, len(data))])
    for image, large in zip(real, whole, strict=True):
        windows = [large[:, t : t + 16, w : w + 16] for t in (0, 1) for w in (0, 1)]
        assert any(torch.equal(image, one) for w in windows for one in (w, w.flip(-1)))


def test_the_load_size_is_that_of_system_d():
    config = config_of("augment=deluxe", image_size=64)
    data = build.training_data(config)
    assert data.images.shape[-1] == 70 and data.shape == (1, 64, 64)


@pytest.mark.parametrize("augment", ["deluxe", "flip", "diffaugment", "ada"])
def test_what_is_drawn_at_a_place_does_not_depend_on_the_way_there(augment):
    before, after = make_parts(f"augment={augment}"), make_parts(f"augment={augment}")
    for step in range(3):
        take_step(before, step)
    assert torch.equal(before.batches.real(7, 0), after.batches.real(7, 0))
    images = torch.randn(8, 1, 16, 16)
    shown = [parts.batches.critic_augment(7, 0) for parts in (before, after)]
    if augment in ("diffaugment", "ada"):
        assert torch.equal(shown[0](images), shown[1](images))
        assert not torch.equal(shown[0](images), after.batches.critic_augment(8, 0)(images))
    else:
        assert shown == [None, None]


def test_a_resumed_run_with_crops_is_an_undisturbed_one(gan_lab_here, tmp_path):
    command = ("augment=deluxe", "image_size=16", "hidden_dim=4", "logger=none", "log_every=1",
               "evaluation.samples=8", "score_every=0", "threads=1")  # fmt: skip
    for place, lengths in (("whole", (6,)), ("parts", (3, 6))):
        for steps in lengths:
            result = gan_lab_here(*command, f"steps={steps}", f"runs_dir={place}")
            assert result.returncode == 0, result.stderr
    lines = [next((tmp_path / place).rglob("metrics.jsonl")).read_text().splitlines()
             for place in ("whole", "parts")]  # fmt: skip
    strip = [[line.split('"loss/d"')[1] for line in run] for run in lines]
    assert strip[0] == strip[1] and len(strip[0]) == 6


# --- all images ----------------------------------------------------------------------------------


def test_half_way_numbers_change_nothing_but_the_hole():
    images = torch.randn(4, 3, 16, 16)
    same = differentiable(("color", "translation"), 3, numbers(4))(images)
    torch.testing.assert_close(same, images)
    cut = differentiable(("cutout",), 3, numbers(4))(images)
    assert (cut[:, :, 4:12, 4:12] == 0).all()
    cut[:, :, 4:12, 4:12] = images[:, :, 4:12, 4:12]
    assert torch.equal(cut, images)


def test_color_has_the_ranges_of_its_authors():
    images = torch.randn(2, 3, 4, 4)
    brighter = differentiable(("color",), 3, numbers(2, c3=1.0))(images)
    torch.testing.assert_close(brighter, images + 0.5)
    grey = differentiable(("color",), 3, numbers(2, c4=0.0))(images)
    torch.testing.assert_close(grey, images.mean(1, keepdim=True).expand_as(images))
    stronger = differentiable(("color",), 3, numbers(2, c5=1.0))(images)
    mean = images.mean((1, 2, 3), keepdim=True)
    torch.testing.assert_close(stronger, mean + 1.5 * (images - mean))


def test_translation_shifts_by_up_to_an_eighth_and_fills_with_grey():
    images = torch.randn(1, 1, 16, 16)
    down = differentiable(("translation",), 1, numbers(1, c6=0.0))(images)
    assert torch.equal(down[:, :, 2:], images[:, :, :-2]) and (down[:, :, :2] == 0).all()
    left = differentiable(("translation",), 1, numbers(1, c7=0.999))(images)
    assert torch.equal(left[..., :-2], images[..., 2:]) and (left[..., -2:] == 0).all()


@pytest.mark.parametrize(("side", "reach"), [(12, 2), (20, 3), (28, 4), (32, 4), (36, 5), (60, 8)])
def test_a_half_pixel_of_reach_is_rounded_up_as_the_authors_do(side, reach):
    images = torch.randn(1, 1, side, side)
    down = differentiable(("translation",), 1, numbers(1, c6=0.0))(images)
    assert torch.equal(down[:, :, reach:], images[:, :, :-reach])
    assert (down[:, :, :reach] == 0).all()


def test_cutout_may_lie_across_an_edge():
    hole = differentiable(("cutout",), 1, numbers(1, c8=0.0, c9=0.0))(torch.ones(1, 1, 16, 16))
    assert (hole[..., :4, :4] == 0).all() and hole.sum() == 256 - 16


def test_gradients_pass_twice():
    images = torch.randn(2, 3, 8, 8, dtype=torch.float64, requires_grad=True)
    uniform = torch.rand(2, NUMBERS, generator=torch.manual_seed(0)).double()
    augment = differentiable(("color", "translation", "cutout"), 3, uniform)
    assert torch.autograd.gradcheck(augment, images)
    assert torch.autograd.gradgradcheck(lambda x: augment(x).square(), images)


def test_real_and_generated_images_are_augmented_alike_and_so_is_a_pack():
    parts = make_parts("augment=diffaugment", "pack=2")
    augment = parts.batches.critic_augment(0, 0)
    single = torch.randn(8, 1, 16, 16)
    packed = single.unflatten(0, (-1, 2)).flatten(1, 2)
    assert torch.equal(augment(packed), augment(single).unflatten(0, (-1, 2)).flatten(1, 2))
    assert torch.equal(augment(single), augment(single))


@pytest.mark.parametrize("settings", ["", "loss=wgan_gp", "penalty=[r1,r2] model.d_norm=none"])
def test_the_generator_learns_through_it(settings):
    parts = make_parts("augment=diffaugment", *settings.split())
    before = [weights.clone() for weights in parts.generator.parameters()]
    scalars = take_step(parts, 0)
    assert all(value.isfinite() for value in scalars.values()) and scalars["grad_norm/g"] > 0
    moved = zip(before, parts.generator.parameters(), strict=True)
    assert not any(torch.equal(*weights) for weights in moved)


# --- nothing by default --------------------------------------------------------------------------


def test_none_and_basic_are_the_run_without_and_the_others_are_runs_of_their_own():
    hashes = {name: result_hash(config_of(f"augment={name}"))
              for name in ("none", "basic", "deluxe", "flip", "diffaugment")}  # fmt: skip
    without = replace(config_of(), augment=None)
    assert hashes["none"] == hashes["basic"] == result_hash(without)
    assert len(set(hashes.values())) == 4
    assert hashes["deluxe"] == result_hash(config_of("data_aug=deluxe"))


def test_points_are_not_augmented(gan_lab_here):
    result = gan_lab_here("dataset=ring", "model=point_mlp", "augment=flip")
    assert result.returncode == 2 and "use augment=none" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_an_unknown_policy_is_one_line(gan_lab_here):
    result = gan_lab_here("augment=diffaugment", "augment.differentiable=[colour]", "logger=none")
    assert result.returncode == 2 and "colour" in result.stderr
    assert len(result.stderr.splitlines()) == 1


# --- mirrored, turned, and sometimes ------------------------------------------------------------

SYMMETRIES = ("flip", "quarter_turns")
ALL = (*SYMMETRIES, "translation", "color")


def all_numbers(count: int, **columns: float) -> Tensor:
    """Uniform numbers of all streams, of which all are 0.5 but these columns."""
    uniform = torch.full((count, NUMBERS + MORE_NUMBERS), 0.5)
    for name, value in columns.items():
        uniform[:, int(name[1:])] = value
    return uniform


def test_images_are_mirrored_and_turned_as_the_numbers_say():
    images = torch.randn(2, 3, 6, 6)
    for number, mirrored in ((0.49, True), (0.51, False)):
        shown = differentiable(("flip",), 3, all_numbers(2, c10=number))(images)
        assert torch.equal(shown, images.flip(3) if mirrored else images)
    for number, turns in ((0.0, 0), (0.26, 1), (0.5, 2), (0.999, 3)):
        shown = differentiable(("quarter_turns",), 3, all_numbers(2, c11=number))(images)
        assert torch.equal(shown, torch.from_numpy(np.rot90(images, turns, (2, 3)).copy()))


def test_each_image_has_its_own_symmetry():
    uniform = torch.rand(400, NUMBERS + MORE_NUMBERS, generator=torch.Generator().manual_seed(0))
    image = torch.arange(4.0).view(1, 1, 2, 2).expand(400, -1, -1, -1)
    shown = differentiable(SYMMETRIES, 1, uniform)(image)
    symmetries = {tuple(one.flatten().tolist()): 0 for one in shown}
    assert len(symmetries) == 8, "all symmetries of the square"


@pytest.mark.parametrize("probability", [0.0, 0.2, 1.0])
def test_each_policy_applies_with_the_probability_apart_from_the_others(probability):
    count = 4000
    uniform = torch.rand(count, NUMBERS + MORE_NUMBERS, generator=torch.Generator().manual_seed(0))
    images = torch.randn(1, 1, 16, 16).expand(count, -1, -1, -1)
    policies, changed = ("color", "translation", "cutout"), []
    for policy in policies:
        shown = differentiable((policy,), 1, uniform, torch.tensor(probability))(images)
        changed.append((shown != images).flatten(1).any(1))
    error = 5 * (probability * (1 - probability) / count) ** 0.5
    for one in changed[0], changed[2]:  # a shift may be by nothing, which 1 of 25 is
        assert one.double().mean().item() == pytest.approx(probability, abs=error)
    both = (changed[0] & changed[2]).double().mean().item()
    assert both == pytest.approx(probability**2, abs=error)


def test_the_probability_is_that_of_the_turn_also_after_it_has_moved():
    """G's update uses the critic of D's last turn, between which ADA's p may move."""
    images, probability = torch.randn(8, 1, 16, 16), torch.tensor(1.0)
    augment = differentiable(ALL, 1, all_numbers(8, c10=0.1, c12=0.9, c15=0.9), probability)
    before = augment(images)
    probability.zero_()
    assert torch.equal(augment(images), before) and not torch.equal(before, images)


def test_gradients_pass_through_twice():
    uniform = torch.rand(4, NUMBERS + MORE_NUMBERS, generator=torch.Generator().manual_seed(1))
    augment = differentiable(POLICIES, 1, uniform.double(), torch.tensor(0.7))
    images = torch.randn(4, 1, 8, 8, dtype=torch.float64, requires_grad=True)
    torch.autograd.gradgradcheck(lambda given: augment(given).square().sum(), images)


def test_ada_has_a_name_of_its_own_and_leaves_the_others_theirs():
    hashes = [result_hash(config_of(f"augment={name}")) for name in ("none", "diffaugment", "ada")]
    assert len(set(hashes)) == 3
    same = config_of("augment=diffaugment", "+augment.target=null", "+augment.images_to_one=500000")
    assert result_hash(same) == hashes[1]


@pytest.mark.parametrize("loss", ["wgan", "wgan_lp", "lsgan", "rpgan"])
def test_ada_is_refused_where_the_sign_says_nothing(loss):
    with pytest.raises(UsageError, match=f"{loss} gives it no such sign: use loss=nonsaturating"):
        check_fit(config_of("augment=ada", f"loss={loss}"))


@pytest.mark.parametrize("setting", ["augment.target=1.5", "augment.images_to_one=0"])
def test_numbers_that_make_no_sense_are_one_line(setting):
    with pytest.raises(UsageError, match=setting.replace(".", r"\.")) as caught:
        build.augmentation(config_of("augment=ada", setting))
    assert "\n" not in str(caught.value)
