"""The figures that answer questions, each drawn when a document is written."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from gan_lab.common.files import new_file, read_bytes
from gan_lab.explain.drawing import draw_networks
from gan_lab.figures.pictures import fault_of
from gan_lab.report import curves as numbers
from gan_lab.report.collect import RunData
from gan_lab.report.figures import curves, samples, theory
from gan_lab.report.figures.look import Look
from gan_lab.report.figures.pictures import picture_steps, trained_steps
from gan_lab.report.scores import series
from gan_lab.report.sheets.blocks import Drawing
from gan_lab.report.sheets.scene import Scene
from gan_lab.report.sheets.tables import players_of
from gan_lab.training.trained import load_run

FEWEST_LINES = 20  # of a log, for its tenths
Draw = Callable[[Path], Path | None]


def _drawing(
    scene: Scene, name: str, title: str, groups: Sequence[Sequence[RunData]], draw: Draw
) -> Drawing:
    first = groups[0][0].run.config_path
    return Drawing(scene.file_name(name), scene.caption(title, *groups), first, draw)


def _logged(runs: Sequence[RunData], keys: Sequence[str], fewest: int = 1) -> bool:
    return any(len(numbers.curve(data, key)[0]) >= fewest for data in runs for key in keys)


def five_curves(scene: Scene) -> Iterator[Drawing]:
    """The losses and the outputs of D, a figure a setting."""
    for place, group in enumerate(scene.groups(), start=1):
        if _logged(group, list(curves.CURVES)):
            look = replace(scene.study.look, runs=group)
            yield _drawing(scene, f"curves_{place}", scene.titles.curves, [group], _first(look))


def _first(look: Look) -> Draw:
    return lambda path: curves.draw_five_curves(look, path)[0]


def compared(scene: Scene) -> Iterator[Drawing]:
    """The five curves, a panel each with a line a setting; a figure for each loss."""
    yield from _overlaid(scene, "compared", scene.titles.compared, list(curves.CURVES))


def gradients(scene: Scene) -> Iterator[Drawing]:
    """The gradient norms of both players, on a logarithmic axis."""
    yield from _overlaid(scene, "gradients", scene.titles.gradients, list(curves.NORMS))


def _overlaid(scene: Scene, name: str, title: str, keys: Sequence[str]) -> Iterator[Drawing]:
    look, known = scene.study.look, {**curves.CURVES, **curves.NORMS}
    shown, log = {key: known[key] for key in keys}, keys[0] in curves.NORMS
    for place, loss in enumerate(dict.fromkeys(d.config.choices.loss for d in look.runs), start=1):
        part = replace(look, runs=[d for d in look.runs if d.config.choices.loss == loss])
        if _logged(part.runs, keys):
            yield _drawing(scene, f"{name}_{place}", title, part.groups(),
                           _curves(part, shown, log))  # fmt: skip


def _curves(look: Look, keys: dict[str, str], log: bool) -> Draw:
    return lambda path: curves.draw_curves(look, path, keys, log)


def oscillation(scene: Scene) -> Iterator[Drawing]:
    """How much both losses swing in each tenth of the training."""
    look = scene.study.look
    if _logged(look.runs, ["loss/d", "loss/g"], FEWEST_LINES):
        yield _drawing(scene, "oscillation", scene.titles.oscillation, scene.groups(),
                       lambda path: theory.draw_oscillation(look, path))  # fmt: skip


def diversity(scene: Scene) -> Iterator[Drawing]:
    """How much two samples of a run differ, over the training."""
    look = scene.study.look
    if any(picture_steps(data) and len(data.config.shape) == 3 for data in look.runs):
        yield _drawing(scene, "diversity", scene.titles.diversity, scene.groups(),
                       lambda path: theory.draw_diversity(look, path))  # fmt: skip


def score_curves(scene: Scene) -> Iterator[Drawing]:
    """The scores of the question over the training."""
    look, measures = scene.study.look, scene.measures
    keys = {measure.key for measure in measures}
    if any(len(lines) > 1 for d in look.runs for key, lines in series(d).items() if key in keys):
        yield _drawing(scene, "score_curves", scene.titles.score_curves, scene.groups(),
                       lambda path: curves.draw_score_curves(look, measures, path))  # fmt: skip


def last_samples(scene: Scene) -> Iterator[Drawing]:
    """The last samples, a figure a setting."""
    for place, data in enumerate(_one_each(scene), start=1):
        yield replace(
            _drawing(scene, f"samples_{place}", scene.titles.samples, [[data]],
                     _samples(scene, data)),
            drawn=False,
        )  # fmt: skip


def _samples(scene: Scene, data: RunData) -> Draw:
    return lambda path: samples.draw_side_by_side([data], scene.study.settings, path)


def early_late(scene: Scene) -> Iterator[Drawing]:
    """The first and the last samples of each setting beside each other."""
    chosen = _one_each(scene)
    if any(len(trained_steps(data)) > 1 for data in chosen):
        yield replace(
            _drawing(scene, "early_late", scene.titles.early_late, [[data] for data in chosen],
                     lambda path: samples.draw_over_training(
                         chosen, scene.study.settings, None, path)),
            drawn=False,
        )  # fmt: skip


def progress(scene: Scene) -> Iterator[Drawing]:
    """The samples of each setting over the training, a row a setting."""
    chosen = _one_each(scene)
    if chosen:
        yield replace(
            _drawing(scene, "progress", scene.titles.progress, [[data] for data in chosen],
                     lambda path: samples.draw_over_training(
                         chosen, scene.study.settings, samples.frame_steps(chosen), path)),
            drawn=False,
        )  # fmt: skip


def _one_each(scene: Scene) -> list[RunData]:
    return samples.one_a_setting(scene.runs, scene.study.settings)


def equilibrium_curves(scene: Scene) -> Iterator[Drawing]:
    """V and the outputs of D against the values of the equilibrium."""
    look = scene.study.look
    there = [d for d in look.runs if d.config.choices.loss in theory.EQUILIBRIUM_LOSSES]
    if _logged(there, ["loss/d", "d/real", "d/fake_1"]):
        yield _drawing(scene, "equilibrium", scene.titles.equilibrium_curves, scene.groups(),
                       lambda path: theory.draw_equilibrium(look, path))  # fmt: skip


def saturation(scene: Scene) -> Iterator[Drawing]:
    """G's gradient under minimax and under log-D, measured on the best run."""
    best = scene.study.best_run(lambda data: data.output == "probability")
    if best is not None:
        directory = best.run.directory
        yield _drawing(scene, "saturation", scene.titles.saturation, [[best]],
                       lambda path: theory.draw_generator_gradient(
                           load_run(directory), path))  # fmt: skip


def networks(scene: Scene) -> Iterator[Drawing]:
    """A drawing of both networks for each pair of them."""
    for place, data in enumerate(one_a_network(scene), start=1):
        yield _drawing(scene, f"networks_{place}", scene.titles.networks, [[data]], _networks(data))


def one_a_network(scene: Scene) -> list[RunData]:
    """Return a run for each pair of networks whose layers can be told."""
    found = {repr([player.layers for player in players_of(group[0])]): group[0]
             for group in scene.groups() if players_of(group[0])}  # fmt: skip
    return list(found.values())


def _networks(data: RunData) -> Draw:
    return lambda path: draw_networks(players_of(data), path)


def copied(
    scene: Scene, name: str, title: str, analysis: str, picture_of: Callable[[RunData], Path]
) -> Iterator[Drawing]:
    """The pictures that an analysis has left in the directories of its runs."""
    for place, data in enumerate(scene.evidence.analysed(analysis), start=1):
        source = picture_of(data)
        if source.is_file() and not fault_of(source):
            yield replace(
                _drawing(scene, f"{name}_{place}", title, [[data]], _copy(source)), drawn=False
            )


def _copy(source: Path) -> Draw:
    def draw(path: Path) -> Path:
        with new_file(path) as file:
            file.write(read_bytes(source))
        return path

    return draw
