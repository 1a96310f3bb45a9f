"""What regularisers remember: the rules by hand, in the checkpoint, the same after a resume."""

from copy import deepcopy

import pytest
import torch

from gan_lab.losses import LeCam
from gan_lab.runs.checkpoints import read_checkpoint, write_checkpoint
from gan_lab.training.carried import AdaptiveProbability, OutputAverages
from gan_lab.training.loop import Progress
from gan_lab.training.state import TrainingState
from gan_lab.training.steps import take_step
from gan_lab.training.weights import Misfit
from tiny_state import make_state

BOTH = ("augment=ada", "penalty=[lecam]")


def logits(share_above: float) -> torch.Tensor:
    """Ten outputs, of which this share is above 0."""
    above = round(10 * share_above)
    return torch.tensor([3.0] * above + [-0.1] * (10 - above))


# --- the rules -----------------------------------------------------------------------------------


def test_the_probability_moves_every_fourth_turn_by_four_batches():
    ada = AdaptiveProbability(target=0.6, share=64 / 64_000)
    seen = []
    for _ in range(9):
        ada.update(logits(1.0))
        seen.append(ada.probability.item())
    assert seen == pytest.approx([0, 0, 0, 0.004, 0.004, 0.004, 0.004, 0.008, 0.008])


@pytest.mark.parametrize(
    ("shares", "way"),
    [
        ((0.9, 0.9, 0.9, 0.9), 1),  # mean sign 0.8
        ((0.7, 0.7, 0.7, 0.7), -1),  # 0.4
        ((1.0, 1.0, 1.0, 0.3), 1),  # (1 + 1 + 1 - 0.4) / 4 = 0.65: the mean decides, not the last
        ((1.0, 1.0, 0.5, 0.6), -1),  # 0.55
    ],
)
def test_the_mean_sign_against_the_target_says_in_which_way(shares, way):
    ada = AdaptiveProbability(target=0.6, share=0.01)
    ada.probability.fill_(0.5)
    for share in shares:
        ada.update(logits(share))
    assert ada.probability.item() == pytest.approx(0.5 + way * 0.04)


@pytest.mark.parametrize(("share", "end"), [(0.0, 0.0), (1.0, 1.0)])
def test_the_probability_stays_one(share, end):
    ada = AdaptiveProbability(target=0.6, share=0.3)
    for _ in range(12):
        ada.update(logits(share))
    assert ada.probability.item() == end


def test_the_averages_are_exponential_from_zero():
    averages, means = OutputAverages(decay=0.9), [1.0, -2.0, 4.0]
    for mean in means:
        averages.update(torch.tensor([mean - 1, mean + 1]), torch.tensor([3 * mean]))
    expected = 0.1 * (0.81 * 1.0 + 0.9 * -2.0 + 4.0)
    assert averages.real.item() == pytest.approx(expected)
    assert averages.fake.item() == pytest.approx(3 * expected)


# --- in a step -----------------------------------------------------------------------------------


def test_a_step_adds_lecam_of_its_own_outputs():
    plain, state = make_state(), make_state("penalty=[lecam]")
    without, scalars = take_step(plain, 0), take_step(state, 0)
    assert torch.equal(scalars["loss/d"], without["loss/d"])  # the same batch and weights
    averages = state.carried.averages
    # All outputs are near 0 at first, so that both averages are: the term is small, and there.
    assert 0 < scalars["penalty/lecam"] < scalars["loss/d"]
    assert averages.real != 0 and averages.real != averages.fake
    moved = [next(one.discriminator.parameters()) for one in (plain, state)]
    assert not torch.equal(*moved)


def test_lecam_of_a_step_is_the_formula_on_the_outputs_that_were_judged():
    state = make_state("penalty=[lecam]", "penalty.lecam.weight=2", "penalty.lecam.decay=0.75")
    seen = []
    state.discriminator.register_forward_hook(lambda layer, given, made: seen.append(made.detach()))
    scalars = take_step(state, 0)
    real, fake = seen[:2]
    expected = LeCam(weight=2.0)(real, fake, 0.25 * real.mean(), 0.25 * fake.mean())
    torch.testing.assert_close(scalars["penalty/lecam"], expected)


def test_the_probability_is_shown_and_images_change_with_it():
    state = make_state("augment=ada", "augment.images_to_one=1", "augment.target=-0.99")
    shown = [take_step(state, step)["augment/probability"].item() for step in range(5)]
    assert shown == [0, 0, 0, 1, 1]
    images = state.batches.real(9, 0)
    for probability, same in ((0.0, True), (1.0, False)):
        augment = state.batches.critic_augment(9, 0, torch.tensor(probability))
        assert torch.equal(augment(images), images) == same


def test_a_run_without_them_remembers_nothing_and_its_checkpoint_is_as_ever():
    state = make_state("augment=diffaugment", "penalty=[r1]")
    checkpoint = state.checkpoint(Progress().numbers())
    assert list(checkpoint) == [
        "progress", "generator", "discriminator", "average", "optimizer_g", "optimizer_d",
    ]  # fmt: skip


# --- in the checkpoint ---------------------------------------------------------------------------


def saved(state: TrainingState, step: int, path) -> dict:
    write_checkpoint(path, state.checkpoint(Progress(step).numbers()))
    checkpoint = read_checkpoint(path)
    assert checkpoint is not None
    return checkpoint


@pytest.mark.parametrize("step", [3, 4, 6])  # p moves after every fourth
def test_a_resumed_run_goes_on_with_the_same_bits(tmp_path, step):
    settings = (*BOTH, "augment.images_to_one=100", "augment.target=-0.9")
    undisturbed, resumed = make_state(*settings), make_state(*settings)
    for place in range(step):
        take_step(undisturbed, place)
    resumed.load(saved(undisturbed, step, tmp_path / f"{step:08d}.pt"))
    for place in range(step, step + 6):
        lines = [take_step(one, place) for one in (undisturbed, resumed)]
        torch.testing.assert_close(*lines, rtol=0, atol=0)
    assert lines[0]["augment/probability"] > 0
    states = [one.checkpoint(Progress(9).numbers()) for one in (undisturbed, resumed)]
    torch.testing.assert_close(*(dict(one["carried"]) for one in states), rtol=0, atol=0)
    torch.testing.assert_close(*(dict(one["discriminator"]) for one in states), rtol=0, atol=0)


def test_what_is_remembered_matters():
    """So that a resume which forgot it would be found."""
    states = [make_state(*BOTH, "augment.images_to_one=100") for _ in range(2)]
    for step in range(8):
        for state in states:
            take_step(state, step)
    carried = states[1].carried
    for tensor in carried.state_dict().values():
        tensor.zero_()
    lines = [take_step(state, 8) for state in states]
    assert lines[0]["penalty/lecam"] != lines[1]["penalty/lecam"]


@pytest.mark.parametrize(
    ("written", "read", "reason"),
    [
        ((), BOTH, "ada.probability is missing"),
        (BOTH, (), "'ada.probability' is unknown"),
        (BOTH, ("penalty=[lecam]",), "'ada.probability' is unknown"),
    ],
)
def test_a_checkpoint_of_other_regularisers_does_not_fit(written, read, reason):
    checkpoint = make_state(*written).checkpoint(Progress().numbers())
    with pytest.raises(Misfit, match=reason):
        make_state(*read).load(checkpoint)


def test_a_damaged_memory_does_not_fit():
    state = make_state(*BOTH)
    checkpoint = deepcopy(state.checkpoint(Progress().numbers()))
    for broken in (5, {"ada.probability": "half"}, {"averages.real": torch.zeros(2)}):
        if isinstance(broken, dict):
            broken = {**checkpoint["carried"], **broken}
        with pytest.raises(Misfit):
            state.load({**checkpoint, "carried": broken})


def test_a_command_that_goes_on_ends_as_one_that_was_not_stopped(gan_lab_here, tmp_path):
    command = (*BOTH, "augment.images_to_one=200", "image_size=16", "hidden_dim=4", "logger=none",
               "log_every=1", "evaluation.samples=8", "score_every=0", "threads=1")  # fmt: skip
    for place, lengths in (("whole", (11,)), ("parts", (6, 11))):
        for steps in lengths:
            result = gan_lab_here(*command, f"steps={steps}", f"runs_dir={place}")
            assert result.returncode == 0, result.stderr
    lines = [next((tmp_path / place).rglob("metrics.jsonl")).read_text().splitlines()
             for place in ("whole", "parts")]  # fmt: skip
    numbers = [[line.split('"loss/d"')[1] for line in run] for run in lines]
    assert numbers[0] == numbers[1] and len(numbers[0]) == 11
    assert all('"penalty/lecam"' in line and '"augment/probability"' in line for line in lines[0])
    checkpoints = [read_checkpoint(next((tmp_path / place).rglob("00000011.pt")))
                   for place in ("whole", "parts")]  # fmt: skip
    torch.testing.assert_close(*(dict(one["carried"]) for one in checkpoints), rtol=0, atol=0)
