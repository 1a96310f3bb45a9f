"""How near a run is to the equilibrium of its game: D = 1/2, V = -log 4, and nobody can gain.

V = E log D(x) + E log(1 - D(G(z))) is Goodfellow's (2014) value, and M = V / 2 that of Grnarova et
al. (2019, arXiv 1811.05512), whose duality gap is

    max over D' of M(D', G) - min over G' of M(D, G'),

0 at an equilibrium alone. Both players are the raw ones, in training mode, as they meet in
training: in evaluation mode batch norm would mix what it saw of real and of generated images.
"""

import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gan_lab.analysis.equilibrium_figures import draw_equilibrium, draw_optimum
from gan_lab.analysis.optimal_discriminator import LOG_4, compare_with_optimum
from gan_lab.common.console import percent_within
from gan_lab.common.errors import RunError
from gan_lab.common.files import replace_file
from gan_lab.common.typed import plain
from gan_lab.common.version import __version__
from gan_lab.config.run_config import RunConfig
from gan_lab.data import ImageDataset, PointDataset
from gan_lab.metrics import mean_interval, wilson
from gan_lab.models import call
from gan_lab.runs.directory import Run
from gan_lab.runs.equilibrium import (
    CurveMean,
    DualityGap,
    Equilibrium,
    FreshAccuracy,
    HeldOut,
    Mean,
    OptimumNumbers,
    WayPoint,
    Ways,
)
from gan_lab.runs.lines import MetricsLine
from gan_lab.training import build
from gan_lab.training.batches import Batches
from gan_lab.training.device import on_device
from gan_lab.training.state import TrainingState
from gan_lab.training.steps import bind, packed, take_step
from gan_lab.training.trained import TrainedRun
from gan_lab.training.weights import Misfit

Update = Callable[[TrainingState, int], object]  # one step of training: train.take_step

HELD_OUT_STEP = 2**40  # no training gets there: latents that nobody learned from
CHOICE_BATCHES = 16  # training batches on which the best of a player's copies is chosen
CHOICES = 10
FRESH_BATCH = 64
FRESH_RATE = 2e-4

# What counts as the equilibrium, beside the intervals.
NEAR_HALF = 0.05  # of D's mean outputs and of a fresh discriminator's accuracy
NEAR_VALUE = 0.05  # nats, of V
NEAR_ZERO = 0.02  # nats, of the duality gap


def examine_equilibrium(opened: TrainedRun, steps: int, fresh_steps: int) -> Equilibrium:
    """Measure a run's newest checkpoint, write what was found and return it."""
    run, config, checkpoint = opened.run, opened.config, opened.checkpoint
    data = build.dataset(config)
    held_out = on_device(build.dataset(config, split="test"), opened.device)
    state = build.training_state(config, data, opened.device)
    try:
        state.load(checkpoint)
    except Misfit as error:
        raise RunError(
            f"{run.checkpoint_path(opened.step)} is damaged ({error}): the command that made the "
            "run goes on from the one before it, or begins anew."
        ) from error
    metrics = run.metrics()
    # A loss whose D gives no probability has neither this value nor this equilibrium.
    has_equilibrium = state.loss.output == "probability"
    outputs = on_held_out(state, held_out) if has_equilibrium else None
    gap = duality_gap(state, held_out, take_step, steps) if has_equilibrium else None
    _, network = build.networks(replace(config, seed=config.seed + 1, pack=1))
    fresh = fresh_accuracy(network.to(opened.device), state, held_out, fresh_steps)
    optimum = None
    if isinstance(data, PointDataset) and data.centers is not None and _has_optimum(config, state):
        optimum = _draw_optimum(run, config, state, data)
    result = Equilibrium(
        step=opened.step,
        version=__version__,
        curves=curve_means(metrics, has_equilibrium and not config.label_smoothing),
        held_out=outputs,
        gap=gap,
        fresh=fresh,
        optimum=optimum,
        conclusion=conclude(fresh, outputs, gap),
    )
    draw_equilibrium(metrics, result, run.equilibrium_figure)
    replace_file(run.equilibrium_path, json.dumps(plain(result), indent=1) + "\n")
    return result


def _has_optimum(config: RunConfig, state: TrainingState) -> bool:
    """Whether D* is a function of one point that D could be: no pairs, no labels, a probability."""
    return config.pack == 1 and not config.is_conditional and state.loss.output == "probability"


def _draw_optimum(
    run: Run, config: RunConfig, state: TrainingState, data: PointDataset
) -> OptimumNumbers:
    optimum = compare_with_optimum(
        state.generator, state.discriminator, data, config.seed, config.latent_dim
    )
    assert data.centers is not None, "D* is known of a mixture"
    draw_optimum(optimum, data.centers, data.std, run.optimum_figure)
    return optimum.numbers


def curve_means(metrics: Sequence[MetricsLine], has_value: bool) -> Mapping[str, CurveMean]:
    """Return mean and standard deviation of the last quarter of the curves.

    `value` is -loss/d, where that is V (`has_value`).
    """
    lines = metrics[-max(1, len(metrics) // 4) :]
    series = {
        "value": [-line["loss/d"] for line in lines if has_value and "loss/d" in line],
        **{key: [line[key] for line in lines if key in line] for key in ("d/real", "d/fake_1")},
    }
    return {name: _curve_mean(numbers) for name, numbers in series.items() if numbers}


def _curve_mean(numbers: Sequence[float]) -> CurveMean:
    values = torch.tensor(numbers, dtype=torch.float64)
    return CurveMean(values.mean().item(), values.std(correction=0).item(), len(numbers))


def on_held_out(state: TrainingState, held_out: ImageDataset) -> HeldOut:
    """Return V and D's mean outputs on images that nobody learned from, with 95 % intervals."""
    logits = _logits(state, held_out)
    return HeldOut(
        value=_mean(torch.stack([2 * half_value(real, fake) for real, fake in logits])),
        d_real=_mean(torch.stack([real.sigmoid().mean() for real, _ in logits])),
        d_fake=_mean(torch.stack([fake.sigmoid().mean() for _, fake in logits])),
    )


def duality_gap(
    state: TrainingState, held_out: ImageDataset, update: Update, steps: int
) -> DualityGap:
    """Return the duality gap (nats) that `steps` updates of a copy of each player find.

    Of every tenth part of the way the copy that is best on training batches is judged on `held_out`
    images and fresh latents; it may be the player itself, so that the gap is a lower bound, and
    about 0 where nobody gains. Costs 2 `steps` updates; changes nothing in `state`.
    """
    best_d, way_d = _respond(state, update, steps, "discriminator")
    best_g, way_g = _respond(state, update, steps, "generator")
    upper = torch.stack([half_value(*pair) for pair in _logits(best_d, held_out)])
    lower = torch.stack([half_value(*pair) for pair in _logits(best_g, held_out)])
    return DualityGap(steps, _mean(upper - lower), _mean(upper), _mean(lower), Ways(way_d, way_g))


def _respond(
    state: TrainingState, update: Update, steps: int, player: str
) -> tuple[TrainingState, tuple[WayPoint, ...]]:
    """Train a copy of one player against the other, who stands still; return the best on the way.

    And the way: M after so many steps, on the training batches that the choice is made by.
    """
    trained = player == "discriminator"
    loss = replace(state.loss, discriminator_steps=int(trained), generator_steps=int(not trained))
    trial = copy.deepcopy(replace(state, loss=loss))
    sign = 1 if trained else -1
    best = trial
    way: list[WayPoint] = []
    for done in range(steps + 1):
        if done % max(1, steps // CHOICES) == 0 or done == steps:
            logits = _logits(trial, state.batches.dataset, CHOICE_BATCHES)
            value = torch.stack([half_value(*pair) for pair in logits]).mean().item()
            if all(sign * value > sign * point.value for point in way):
                best = copy.deepcopy(trial)
            way.append(WayPoint(done, value))
        if done < steps:
            update(trial, HELD_OUT_STEP + done)
    return best, tuple(way)


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
) -> FreshAccuracy:
    """Train a new discriminator against the generator and return its accuracy on held-out images.

    A classifier two-sample test (Lopez-Paz & Oquab 2017, arXiv 1610.06545): it sees real and
    generated images in one batch, so that batch norm cannot tell them apart for it, and is judged
    in evaluation mode. 1/2 means that it found no difference.
    """
    batches = replace(state.batches, batch_size=min(FRESH_BATCH, len(held_out)), pack=1)
    generator = copy.deepcopy(state.generator)
    optimizer = torch.optim.Adam(fresh.parameters(), FRESH_RATE, (0.5, 0.999))
    fresh.train()

    def logits(of: Batches, step: int) -> tuple[Tensor, Tensor]:
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
    return FreshAccuracy(steps, right / count, wilson(right, count), count)


def _mean(values: Tensor) -> Mean:
    return Mean(values.mean().item(), mean_interval(values))


def conclude(fresh: FreshAccuracy, held_out: HeldOut | None, gap: DualityGap | None) -> str:
    """Say in one line whether the numbers are consistent with the equilibrium, and if not, why.

    A loss whose D gives no probability has neither `held_out` nor `gap`.
    """
    reasons = list(_reasons(fresh, held_out, gap))
    accuracy = percent_within(fresh.accuracy, fresh.interval)
    numbers = f"a fresh discriminator is right in {accuracy}"
    if held_out is not None and gap is not None:
        numbers = (
            f"V = {held_out.value.mean:.3f} (-log 4 = {-LOG_4:.3f}), "
            f"D(x) = {held_out.d_real.mean:.2f}, D(G(z)) = {held_out.d_fake.mean:.2f} "
            f"on held-out images, duality gap {gap.gap.mean:.3f}, {numbers}"
        )
    if not reasons:
        return f"Consistent with the equilibrium: {numbers}."
    return f"Not at the equilibrium: {'; '.join(reasons)}. In numbers: {numbers}."


def _reasons(
    fresh: FreshAccuracy, held_out: HeldOut | None, gap: DualityGap | None
) -> Iterator[str]:
    low, _ = fresh.interval
    told_apart = low > 0.5 and fresh.accuracy > 0.5 + NEAR_HALF
    if told_apart:
        yield "a fresh discriminator still tells generated images from real ones"
    if held_out is None or gap is None:
        return
    if abs(held_out.value.mean + LOG_4) > NEAR_VALUE:
        yield f"V is {'above' if held_out.value.mean > -LOG_4 else 'below'} -log 4"
    outputs = (held_out.d_real.mean, held_out.d_fake.mean)
    if any(abs(output - 0.5) > NEAR_HALF for output in outputs):
        yield "D's outputs are not 1/2"
    elif told_apart:
        yield "D says 1/2 because it does not see the difference, not for want of one"
    interval = gap.gap.interval
    if gap.gap.mean > NEAR_ZERO and (interval is None or interval[0] > 0):
        gains = {
            "D": gap.best_discriminator.mean - held_out.value.mean / 2,
            "G": held_out.value.mean / 2 - gap.best_generator.mean,
        }
        who = max(gains, key=lambda player: gains[player])
        yield f"in {gap.steps} steps a player can gain, {who} most"
