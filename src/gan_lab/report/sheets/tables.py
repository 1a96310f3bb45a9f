"""The tables that answer questions."""

import math
from collections.abc import Iterator, Sequence

from gan_lab.analysis.optimal_discriminator import LOG_4
from gan_lab.common.console import NOTHING, percent
from gan_lab.evaluation.seeds import over_seeds
from gan_lab.explain.description import describe, effort_of
from gan_lab.explain.layers import Player
from gan_lab.report import curves
from gan_lab.report.collect import RunData
from gan_lab.report.health import census_of
from gan_lab.report.scores import Measure
from gan_lab.report.sheets.analyses import equilibrium_of, modes_done
from gan_lab.report.sheets.blocks import Cell, Grid
from gan_lab.report.sheets.evidence import DIVERGED
from gan_lab.report.sheets.scene import Scene
from gan_lab.report.tables import number
from gan_lab.runs.equilibrium import Equilibrium, Mean
from gan_lab.runs.lines import ScoreLine


def runs_grid(scene: Scene) -> Grid:
    """Return a row a run: its name, what sets it apart, seed, steps and scores."""
    columns, rows = scene.columns, []
    for data in scene.runs:
        run, lines = data.run, scene.study.lines[data.name]
        steps = f"{data.step:,}"
        if data.state == DIVERGED:
            steps += f" ({scene.sheet.words.diverged})"
        rows.append(
            [
                Cell(data.name, run.config_path),
                *scene.setting_cells(data),
                Cell(str(data.seed), run.config_path),
                Cell(steps, run.status_path),
                *(Cell(_score(lines.get(measure.key)), run.evaluations_path)
                  for measure in scene.measures),
            ]
        )  # fmt: skip
    headings = [columns.run, *scene.study.settings.columns, columns.seed, columns.steps,
                *(measure.heading for measure in scene.measures)]  # fmt: skip
    return scene.grid(scene.titles.runs, headings, rows)


def _score(line: ScoreLine | None) -> str:
    """Return a score with its interval; a dash without one."""
    if line is None or not math.isfinite(line.value) or not line.interval:
        return number(line.value if line else None)
    low, high = line.interval
    return f"{number(line.value)} [{number(low)}, {number(high)}]"


def scores(scene: Scene) -> Iterator[Grid]:
    """A row a setting: scores over its seeds, with intervals."""
    rows = []
    for group in scene.groups():
        first = group[0]
        rows.append(
            [
                *scene.setting_cells(first),
                Cell(str(len({data.seed for data in group})), first.run.config_path),
                *(Cell(_spread(scene, group, measure), first.run.evaluations_path)
                  for measure in scene.measures),
            ]
        )  # fmt: skip
    headings = [*scene.study.settings.columns, scene.columns.seeds,
                *(measure.heading for measure in scene.measures)]  # fmt: skip
    if scene.measures and any(len(group) > 1 for group in scene.groups()):
        yield scene.grid(scene.titles.scores, headings, rows, [scene.sheet.words.spread])


def _spread(scene: Scene, group: Sequence[RunData], measure: Measure) -> str:
    """Return mean ± half of the interval of three finished seeds or more, else each value."""
    lines = [scene.study.lines[data.name].get(measure.key) for data in group if data.finished]
    values = [line.value for line in lines if line and math.isfinite(line.value)]
    if not values:
        return NOTHING
    found = over_seeds(values)
    if found.half_width is None:
        return ", ".join(map(number, found.values))
    return f"{number(found.mean)} ± {number(found.half_width)}"


def training(scene: Scene) -> Iterator[Grid]:
    """A row a run: its curves in numbers, as far as it has them."""
    columns = scene.columns
    names = {
        "loss D": columns.loss_d,
        "loss G": columns.loss_g,
        "D(x)": columns.d_real,
        "D(G(z)) before": columns.d_fake_before,
        "D(G(z)) after": columns.d_fake_after,
        "gradient D": columns.gradient_d,
        "gradient G": columns.gradient_g,
        "oscillation D": columns.oscillation_d,
        "oscillation G": columns.oscillation_g,
    }
    numbers = {data.name: curves.numbers(data) for data in scene.runs}
    there = [name for name in names if any(name in found for found in numbers.values())]
    rows = [
        [
            *scene.setting_cells(data),
            Cell(str(data.seed), data.run.config_path),
            *(Cell(number(numbers[data.name].get(name)), data.run.metrics_path) for name in there),
        ]
        for data in scene.runs
    ]
    if there:
        headings = [*scene.study.settings.columns, columns.seed, *(names[name] for name in there)]
        words = scene.sheet.words
        swings = any(name.startswith("oscillation") for name in there)
        remarks = [words.tails, words.oscillation] if swings else [words.tails]
        yield scene.grid(scene.titles.training, headings, rows, remarks)


def cost(scene: Scene) -> Iterator[Grid]:
    """A row a setting: parameters, images shown to D, and seconds of its first run."""
    columns, rows = scene.columns, []
    for data, *_ in scene.groups():
        found, run = curves.numbers(data), data.run
        players = players_of(data)
        counts = [f"{player.parameters:,}" for player in players] or [NOTHING] * 2
        seconds = found.get("seconds", math.nan)
        rows.append(
            [
                *scene.setting_cells(data),
                *(Cell(count, run.config_path) for count in counts),
                Cell(f"{data.step:,}", run.status_path),
                Cell(f"{found['images']:,.0f}" if "images" in found else NOTHING, run.metrics_path),
                Cell(number(seconds), run.metrics_path),
                Cell(number(1000 * seconds / data.step if data.step else None), run.metrics_path),
            ]
        )
    headings = [*scene.study.settings.columns, columns.parameters_g, columns.parameters_d,
                columns.steps, columns.images, columns.seconds, columns.step_time]  # fmt: skip
    yield scene.grid(scene.titles.cost, headings, rows)


def players_of(data: RunData) -> Sequence[Player]:
    """Return both networks of a run; none where they cannot be built."""
    return describe(data.config, effort_of(data.run)).players or ()


def layers(scene: Scene, data: RunData) -> Iterator[Grid]:
    """Yield the layers of both networks of a run, with the arithmetic of their sides."""
    columns, file = scene.columns, data.run.config_path
    titles = (scene.titles.generator, scene.titles.discriminator)
    for title, player in zip(titles, players_of(data), strict=False):
        rows = [
            [
                Cell(layer.words.partition(",")[0], file),
                Cell(layer.shape, file),
                Cell(f"{layer.parameters:,}", file),
                Cell(layer.arithmetic or NOTHING, file),
            ]
            for layer in player.layers
        ]
        total = [columns.total, NOTHING, f"{player.parameters:,}", NOTHING]
        rows.append([Cell(text, file) for text in total])
        headings = [columns.layer, columns.output, columns.parameters, columns.arithmetic]
        yield scene.grid(scene.caption(title, [data]), headings, rows)


def modes(scene: Scene, data: RunData) -> Grid | None:
    """Return the samples of a run by class; None if nobody has counted them by class."""
    census, path = census_of(data), modes_done(data)
    if census is None or path is None:
        return None
    columns = scene.columns
    rows = [
        [one.name, f"{one.count:,}", *_share(one.share, one.interval),
         percent(one.compared_share)]
        for one in census.classes
    ]  # fmt: skip
    unsure = census.unsure
    rows.append([columns.unsure, f"{unsure.count:,}", *_share(unsure.share, unsure.interval),
                 NOTHING])  # fmt: skip
    rows.append([columns.divergence, number(census.kl), *[NOTHING] * 4])
    if census.agreement:
        found = census.agreement
        rows.append([columns.agreement, f"{found.count:,}", *_share(found.share, found.interval),
                     NOTHING])  # fmt: skip
    headings = [columns.class_name, columns.samples, columns.share, columns.low, columns.high,
                columns.real_share]  # fmt: skip
    cells = [[Cell(text, path) for text in row] for row in rows]
    return scene.grid(scene.caption(scene.titles.modes, [data]), headings, cells)


def _share(share: float, interval: tuple[float, float]) -> list[str]:
    return [percent(share), *map(percent, interval)]


def equilibrium(scene: Scene, data: RunData) -> Grid | None:
    """Return what `gan-lab equilibrium` has measured; None if it has not run."""
    found = equilibrium_of(data)
    if found is None:
        return None
    columns, path = scene.columns, data.run.equilibrium_path
    rows = [[name, *numbers] for name, numbers in _distances(scene, found)]
    headings = [columns.quantity, columns.measured, columns.low, columns.high,
                columns.at_equilibrium]  # fmt: skip
    cells = [[Cell(text, path) for text in row] for row in rows]
    return scene.grid(scene.caption(scene.titles.equilibrium, [data]), headings, cells)


def _distances(scene: Scene, found: Equilibrium) -> Iterator[tuple[str, list[str]]]:
    columns = scene.columns
    if held := found.held_out:
        yield columns.value, [*_mean(held.value), number(-LOG_4)]
        yield columns.held_out_real, [*_mean(held.d_real), "0.5"]
        yield columns.held_out_fake, [*_mean(held.d_fake), "0.5"]
    if found.gap:
        yield columns.gap, [*_mean(found.gap.gap), "0"]
    low, high = found.fresh.interval
    yield columns.fresh, [number(found.fresh.accuracy), number(low), number(high), "0.5"]


def _mean(mean: Mean) -> list[str]:
    low, high = mean.interval or (None, None)
    return [number(mean.mean), number(low), number(high)]
