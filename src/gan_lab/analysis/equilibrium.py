"""How near a run is to the equilibrium of its game: D = 1/2, V = -log 4, and nobody can gain.

V = E log D(x) + E log(1 - D(G(z))) is Goodfellow's (2014) value, and M = V / 2 that of Grnarova et
al. (2019, arXiv 1811.05512), whose duality gap is

    max over D' of M(D', G) - min over G' of M(D, G'),

0 at an equilibrium alone. Both players are the raw ones, in training mode, as they meet in
training: in evaluation mode batch norm would mix what it saw of real and of generated images.
"""

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gan_lab.analysis.equilibrium_figures import draw_equilibrium, draw_optimum
from gan_lab.analysis.optimal_discriminator import LOG_4, compare_with_optimum
from gan_lab.common.files import replace_file
from gan_lab.common.version import __version__
from gan_lab.config.run_config import is_labelled
from gan_lab.data import ImageDataset, PointDataset
from gan_lab.metrics import mean_interval, wilson
from gan_lab.models import call
from gan_lab.runs.directory import Run
from gan_lab.training import build
from gan_lab.training.device import on_device
from gan_lab.training.state import TrainingState
from gan_lab.training.steps import bind, packed, take_step
from gan_lab.training.trained import OpenedRun

Result = dict[str, Any]
Update = Callable[[TrainingState, int], Any]  # one step of training: train.take_step

HELD_OUT_STEP = 2**40  # no training gets there: latents that nobody learned from
CHOICE_BATCHES = 16  # training batches on which the best of a player's copies is chosen
CHOICES = 10
FRESH_BATCH = 64
FRESH_RATE = 2e-4

# What counts as the equilibrium, beside the intervals.
NEAR_HALF = 0.05  # of D's mean outputs and of a fresh discriminator's accuracy
NEAR_VALUE = 0.05  # nats, of V
NEAR_ZERO = 0.02  # nats, of the duality gap


def examine_equilibrium(opened: OpenedRun, steps: int, fresh_steps: int) -> dict[str, Any]:
    """Measure a run's newest checkpoint, write what was found and return it."""
    run, record = opened.run, opened.record
    data = build.dataset(record)
    held_out = on_device(build.dataset(record, split="test"), opened.device)
    state = build.training_state(record, data, opened.device)
    state.load_state_dict(opened.checkpoint)
    metrics = run.metrics()
    has_value = state.loss.output == "probability" and not record["label_smoothing"]
    result: dict[str, Any] = {
        "step": opened.step,
        "version": __version__,
        "curves": curve_means(metrics, has_value),
    }
    # A loss whose D gives no probability has neither this value nor this equilibrium.
    if state.loss.output == "probability":
        result["held_out"] = on_held_out(state, held_out)
        result["gap"] = duality_gap(state, held_out, take_step, steps)
    _, fresh = build.networks({**record, "seed": record["seed"] + 1, "pack": 1})
    result["fresh"] = fresh_accuracy(fresh.to(opened.device), state, held_out, fresh_steps)
    if isinstance(data, PointDataset) and _has_optimum(record, state):
        result["optimum"] = _draw_optimum(run, record, state, data)
    result["conclusion"] = conclude(result)
    draw_equilibrium(metrics, result, run.equilibrium_figure)
    replace_file(run.equilibrium_path, json.dumps(result, indent=1) + "\n")
    return result


def _has_optimum(record: Mapping[str, Any], state: TrainingState) -> bool:
    """Whether D* is a function of one point that D could be: no pairs, no labels, a probability."""
    return record["pack"] == 1 and not is_labelled(record) and state.loss.output == "probability"


def _draw_optimum(
    run: Run, record: Mapping[str, Any], state: TrainingState, data: PointDataset
) -> dict[str, Any]:
    optimum = compare_with_optimum(
        state.generator, state.discriminator, data, record["seed"], record["latent_dim"]
    )
    draw_optimum(optimum, data.centers, data.std, run.optimum_figure)
    return optimum.numbers


def curve_means(metrics: Sequence[Mapping[str, float]], has_value: bool) -> dict[str, Any]:
    """Return mean and standard deviation of the last quarter of the curves.

    `value` is -loss/d, where that is V (`has_value`).
    """
    lines = metrics[-max(1, len(metrics) // 4) :]
    series = {
        "value": [-line["loss/d"] for line in lines if has_value and "loss/d" in line],
        **{key: [line[key] for line in lines if key in line] for key in ("d/real", "d/fake_1")},
    }
    return {
        name: {
            "mean": (values := torch.tensor(numbers, dtype=torch.float64)).mean().item(),
            "std": values.std(correction=0).item(),
            "lines": len(numbers),
        }
        for name, numbers in series.items()
        if numbers
    }


def on_held_out(state: TrainingState, held_out: ImageDataset) -> dict[str, Any]:
    """Return V and D's mean outputs on images that nobody learned from, with 95 % intervals."""
    logits = _logits(state, held_out)
    series = {
        "value": torch.stack([2 * half_value(real, fake) for real, fake in logits]),
        "d/real": torch.stack([real.sigmoid().mean() for real, _ in logits]),
        "d/fake": torch.stack([fake.sigmoid().mean() for _, fake in logits]),
    }
    return {name: _mean(values) for name, values in series.items()}


def duality_gap(
    state: TrainingState, held_out: ImageDataset, update: Update, steps: int
) -> dict[str, Any]:
    """Return the duality gap (nats) that `steps` updates of a copy of each player find.

    Of every tenth part of the way the copy that is best on training batches is judged on `held_out`
    images and fresh latents; it may be the player itself, so that the gap is a lower bound, and
    about 0 where nobody gains. Costs 2 `steps` updates; changes nothing in `state`.
    """
    best_d, way_d = _respond(state, update, steps, "discriminator")
    best_g, way_g = _respond(state, update, steps, "generator")
    upper = torch.stack([half_value(*pair) for pair in _logits(best_d, held_out)])
    lower = torch.stack([half_value(*pair) for pair in _logits(best_g, held_out)])
    return {
        "steps": steps,
        "gap": _mean(upper - lower),
        "best_discriminator": _mean(upper),
        "best_generator": _mean(lower),
        "way": {"discriminator": way_d, "generator": way_g},
    }


def _respond(
    state: TrainingState, update: Update, steps: int, player: str
) -> tuple[TrainingState, list[dict[str, float]]]:
    """Train a copy of one player against the other, who stands still; return the best on the way.

    And the way: M after so many steps, on the training batches that the choice is made by.
    """
    trained = player == "discriminator"
    loss = replace(state.loss, discriminator_steps=int(trained), generator_steps=int(not trained))
    trial = copy.deepcopy(replace(state, loss=loss))
    sign = 1 if trained else -1
    best = trial
    way: list[dict[str, float]] = []
    for done in range(steps + 1):
        if done % max(1, steps // CHOICES) == 0 or done == steps:
            logits = _logits(trial, state.batches.dataset, CHOICE_BATCHES)
            value = torch.stack([half_value(*pair) for pair in logits]).mean().item()
            if all(sign * value > sign * point["value"] for point in way):
                best = copy.deepcopy(trial)
            way.append({"step": done, "value": value})
        if done < steps:
            update(trial, HELD_OUT_STEP + done)
    return best, way


def half_value(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Return M = (E log D(x) + E log(1 - D(G(z)))) / 2 of logits [B]: -log 2 where D is 1/2."""
    return -(softplus(-real_logits).mean() + softplus(fake_logits).mean()) / 2


@torch.no_grad()
def _logits(
    state: TrainingState, data: ImageDataset, count: int | None = None
) -> list[tuple[Tensor, Tensor]]:
    """Return D's logits (real [B], fake [B]) of `count` batches of `data`, or of all of it."""
    players = copy.deepcopy((state.generator, state.discriminator))  # batch norm counts what it saw
    generator, discriminator = players
    size = max(state.batches.pack, min(state.batches.batch_size, len(data)))
    size -= size % state.batches.pack
    batches = replace(state.batches, dataset=data, batch_size=size)
    pairs = []
    for batch in range(count or max(1, len(data) // size)):
        # Other steps than those of `update`, whatever the number of batches.
        step = 2 * HELD_OUT_STEP + batch
        labels = batches.labels(step, 0)
        critic = bind(discriminator, labels)
        fake = call(generator, batches.latents(step, 0), labels)
        real_logits = critic(packed(batches.real(step, 0), batches.pack))
        fake_logits = critic(packed(fake, batches.pack))
        pairs.append((real_logits.double().cpu(), fake_logits.double().cpu()))
    return pairs


def fresh_accuracy(
    fresh: nn.Module, state: TrainingState, held_out: ImageDataset, steps: int
) -> dict[str, Any]:
    """Train a new discriminator against the generator and return its accuracy on held-out images.

    A classifier two-sample test (Lopez-Paz & Oquab 2017, arXiv 1610.06545): it sees real and
    generated images in one batch, so that batch norm cannot tell them apart for it, and is judged
    in evaluation mode. 1/2 means that it found no difference.
    """
    batches = replace(state.batches, batch_size=min(FRESH_BATCH, len(held_out)), pack=1)
    generator = copy.deepcopy(state.generator)
    optimizer = torch.optim.Adam(fresh.parameters(), FRESH_RATE, (0.5, 0.999))
    fresh.train()

    def logits(of: Any, step: int) -> tuple[Tensor, Tensor]:
        labels = of.labels(step, 0)
        with torch.no_grad():
            fake = call(generator, of.latents(step, 0), labels)
        both = None if labels is None else torch.cat([labels, labels])
        real, made = call(fresh, torch.cat([of.real(step, 0), fake]), both).chunk(2)
        return real, made

    for step in range(HELD_OUT_STEP, HELD_OUT_STEP + steps):
        loss = -half_value(*logits(batches, step))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    fresh.eval()
    right = count = 0
    unseen = replace(batches, dataset=held_out)
    with torch.no_grad():
        for batch in range(len(held_out) // batches.batch_size):
            real, made = logits(unseen, 2 * HELD_OUT_STEP + batch)
            right += int((real > 0).sum() + (made <= 0).sum())
            count += len(real) + len(made)
    return {
        "steps": steps,
        "accuracy": right / count,
        "interval": list(wilson(right, count)),
        "images": count,
    }


def _mean(values: Tensor) -> dict[str, Any]:
    interval = mean_interval(values)
    return {"mean": values.mean().item(), "interval": interval and list(interval)}


def conclude(result: Mapping[str, Any]) -> str:
    """Say in one line whether the numbers are consistent with the equilibrium, and if not, why."""
    reasons = list(_reasons(result))
    accuracy = result["fresh"]["accuracy"]
    low, high = result["fresh"]["interval"]
    numbers = f"a fresh discriminator is right in {accuracy:.1%} [{low:.1%}, {high:.1%}]"
    if "gap" in result:
        gap, held_out = result["gap"]["gap"], result["held_out"]
        numbers = (
            f"V = {held_out['value']['mean']:.3f} (-log 4 = {-LOG_4:.3f}), "
            f"D(x) = {held_out['d/real']['mean']:.2f}, D(G(z)) = {held_out['d/fake']['mean']:.2f} "
            f"on held-out images, duality gap {gap['mean']:.3f}, {numbers}"
        )
    if not reasons:
        return f"Consistent with the equilibrium: {numbers}."
    return f"Not at the equilibrium: {'; '.join(reasons)}. In numbers: {numbers}."


def _reasons(result: Mapping[str, Any]) -> list[str]:
    reasons = []
    fresh = result["fresh"]
    told_apart = fresh["interval"][0] > 0.5 and fresh["accuracy"] > 0.5 + NEAR_HALF
    if told_apart:
        reasons.append("a fresh discriminator still tells generated images from real ones")
    if "gap" not in result:
        return reasons
    held_out, gap = result["held_out"], result["gap"]
    if abs(held_out["value"]["mean"] + LOG_4) > NEAR_VALUE:
        above = held_out["value"]["mean"] > -LOG_4
        reasons.append(f"V is {'above' if above else 'below'} -log 4")
    outputs = [held_out[name]["mean"] for name in ("d/real", "d/fake")]
    if any(abs(output - 0.5) > NEAR_HALF for output in outputs):
        reasons.append("D's outputs are not 1/2")
    elif told_apart:
        reasons.append("D says 1/2 because it does not see the difference, not for want of one")
    interval = gap["gap"]["interval"]
    if gap["gap"]["mean"] > NEAR_ZERO and (interval is None or interval[0] > 0):
        gains = {
            "D": gap["best_discriminator"]["mean"] - held_out["value"]["mean"] / 2,
            "G": held_out["value"]["mean"] / 2 - gap["best_generator"]["mean"],
        }
        who = max(gains, key=lambda player: gains[player])
        reasons.append(f"in {gap['steps']} steps a player can gain, {who} most")
    return reasons
