"""The numbers behind the figures that explain a training."""

import math

import numpy as np
import pytest
import torch

from gan_lab import load_dataset, load_run
from gan_lab.figures.tiles import grid, tiles
from gan_lab.losses import minimax, nonsaturating
from gan_lab.report.figures.theory import (
    draw_generator_gradient,
    logit_gradient,
    mean_difference,
    measured_gradients,
)
from small_runs import FEW_SAMPLES, FEW_SCORES


def test_the_two_gradients_in_the_logit_are_the_closed_forms():
    logits = torch.tensor([-8.0, -1.0, 0.0, 3.0])
    sigmoid = 1 / (1 + torch.exp(-logits))
    torch.testing.assert_close(logit_gradient(minimax(), logits), -sigmoid)
    torch.testing.assert_close(logit_gradient(nonsaturating(), logits), sigmoid - 1)


def test_minimax_vanishes_where_d_is_sure_and_log_d_does_not(tmp_path, gan_lab_here):
    result = gan_lab_here(
        "steps=60", "lr_d=2e-3", "lr_g=1e-6", "hidden_dim=8", "score_every=0",
        *("logger=none", *FEW_SAMPLES, FEW_SCORES),
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    run = load_run("latest", tmp_path / "runs")
    logits, norms = measured_gradients(run)
    assert logits.shape == (256,) and logits.mean() < -2  # D has won
    # Per sample the gradients are sigmoid(a) and 1 - sigmoid(a); so are, nearly, those of weights.
    ratio = norms["minimax"] / norms["nonsaturating"]
    assert ratio < 0.3
    assert ratio == pytest.approx(
        float(logits.sigmoid().mean() / (-logits).sigmoid().mean()), rel=1
    )
    before = next(run.raw_generator.parameters()).clone()
    assert draw_generator_gradient(run, tmp_path / "gradient.png").is_file()
    assert torch.equal(next(run.raw_generator.parameters()), before)


def test_the_mean_difference_by_hand():
    images = np.zeros((3, 2, 2, 3))
    images[1] += 30
    images[2, 0] += 60  # half of its pixels
    by_hand = (30 + 60 / math.sqrt(2) + 30) / 3
    assert mean_difference(images) == pytest.approx(by_hand)
    assert mean_difference(images[:1].repeat(4, 0)) == 0


def test_tiles_cuts_what_grid_laid_out():
    images = load_dataset("digits", image_size=16).images[:24]
    cut = tiles(grid(images, columns=8), 16)
    assert np.array_equal(cut[..., 0], images[:, 0].numpy())
