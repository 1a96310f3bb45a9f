"""What a sheet can show of runs, by the names that its questions use."""

from collections.abc import Callable, Iterator, Mapping

from gan_lab.report.health import census_of
from gan_lab.report.sheets import figures, tables
from gan_lab.report.sheets.analyses import (
    classes_picture,
    extrapolation_picture,
    interpolation_picture,
)
from gan_lab.report.sheets.blocks import Drawing, Grid
from gan_lab.report.sheets.scene import Scene

Show = Callable[[Scene], Iterator[Grid | Drawing]]


def _networks(scene: Scene) -> Iterator[Grid | Drawing]:
    yield from figures.networks(scene)
    for data in figures.one_a_network(scene):
        yield from tables.layers(scene, data)


def _interpolation(scene: Scene) -> Iterator[Drawing]:
    title = scene.titles.interpolation
    return figures.copied(scene, "interpolation", title, "interpolation", interpolation_picture)


def _extrapolation(scene: Scene) -> Iterator[Drawing]:
    title = scene.titles.extrapolation
    return figures.copied(scene, "extrapolation", title, "extrapolation", extrapolation_picture)


def _classes(scene: Scene) -> Iterator[Drawing]:
    return figures.copied(scene, "classes", scene.titles.classes, "classes", classes_picture)


def _modes(scene: Scene) -> Iterator[Grid | Drawing]:
    for data in scene.evidence.analysed("modes"):
        if (grid := tables.modes(scene, data)) is not None:
            yield grid
    labelled = any(census_of(data) for data in scene.runs)
    title = scene.titles.modes_samples if labelled else scene.titles.modes_pairs
    yield from figures.copied(scene, "modes", title, "modes", lambda d: d.run.modes_samples("ema"))


def _equilibrium(scene: Scene) -> Iterator[Grid | Drawing]:
    yield from figures.equilibrium_curves(scene)
    for data in scene.evidence.analysed("equilibrium"):
        if (grid := tables.equilibrium(scene, data)) is not None:
            yield grid


SHOWS: Mapping[str, Show] = {
    "scores": tables.scores,
    "training": tables.training,
    "cost": tables.cost,
    "networks": _networks,
    "curves": figures.five_curves,
    "compared": figures.compared,
    "gradients": figures.gradients,
    "oscillation": figures.oscillation,
    "diversity": figures.diversity,
    "score_curves": figures.score_curves,
    "samples": figures.last_samples,
    "early_late": figures.early_late,
    "progress": figures.progress,
    "interpolation": _interpolation,
    "extrapolation": _extrapolation,
    "classes": _classes,
    "modes": _modes,
    "equilibrium": _equilibrium,
    "saturation": figures.saturation,
}
