"""All figures of a report, in the order of its page."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from gan_lab.common.files import new_file, read_bytes
from gan_lab.common.text import figure_text
from gan_lab.figures.pictures import fault_of
from gan_lab.report.collect import RunData
from gan_lab.report.figures import curves, samples, theory
from gan_lab.report.figures.look import Look
from gan_lab.report.figures.pictures import picture_faults
from gan_lab.report.figures.settings import counted_by_data, draw_modes, draw_settings
from gan_lab.report.page import Figure
from gan_lab.report.scores import measures, series
from gan_lab.report.study import Study
from gan_lab.runs.directory import Run
from gan_lab.training.trained import load_run

Add = Callable[..., None]  # (path or None, title, words, drawn)

HOW = (
    "Lines are medians over a twentieth of the training, of several seeds their mean; the band is "
    "from the lowest to the highest seed, of one seed it holds the middle 80 % of the values."
)
BEST = 3  # measures of the averaged generator that figures show, beside the first


def draw_figures(
    study: Study, folder: Path, steps: Sequence[int] | None
) -> tuple[dict[str, Figure], list[str]]:
    """Draw what there is to draw; figures by name, in the order of the page."""
    found: dict[str, Figure] = {}

    def add(path: Path | None, title: str, words: str, drawn: bool = True) -> None:
        if path is not None:
            found[path.stem] = Figure(path, title, words, drawn)

    look, settings = study.look, study.settings
    _draw_scores(study, folder, add)
    _draw_curves(look, folder, add)
    _draw_analysis(study, folder, add)
    chosen = samples.one_a_setting(study.runs, settings)
    add(
        samples.draw_side_by_side(chosen, settings, folder / "samples.png"),
        "Samples",
        "The last samples of each setting, raw weights, lowest seed. Each place of a grid has the "
        "same latent wherever seed and latent_dim are the same."
        + samples.first_only(chosen, samples.MOST_PANELS),
        drawn=False,
    )
    add(
        samples.draw_over_training(chosen, settings, steps, folder / "early_late.png"),
        "Early against late",
        "The same latents at several steps, raw weights."
        + samples.first_only(chosen, samples.MOST_ROWS),
        drawn=False,
    )
    add(
        samples.save_animation(chosen, settings, folder / "training.gif"),
        "Animation",
        "The same latents over the training." + samples.first_only(chosen, samples.MOST_ROWS),
        drawn=False,
    )
    for data_name, counted in counted_by_data(look).items():
        add(
            draw_modes(counted, settings, folder / f"modes_{_file_name(data_name)}.png"),
            "Mode coverage",
            "Share of each class among the samples that have one, averaged weights (EMA), beside "
            f"that in the training data of {data_name}; on points: those within 3 std of a centre.",
            drawn=False,
        )
    faults = picture_faults(study.runs)
    best, unopened = _best_opened(study.best_runs())
    faults += unopened
    if best is None:
        return found, faults
    able = [data for data in chosen if data.draws]
    drawn, problems = samples.draw_interpolations(best, able, settings, folder)
    for path in drawn.values():
        words = f"{path.stem.capitalize()} of the best run, {best.name}."
        if "settings" in path.stem:
            words = "A pair of latents of each setting."
            words += samples.first_only(able, samples.MOST_ROWS)
        add(path, "Interpolation", words, drawn=False)
    return found, list(dict.fromkeys([*faults, *problems]))


def _best_opened(runs: Sequence[RunData]) -> tuple[RunData | None, list[str]]:
    """Return the best run whose weights can be read, and a line for each before it."""
    problems: list[str] = []
    for data in runs:
        try:
            load_run(data.run.directory)
            return data, problems
        except Exception as error:
            problems.append(samples.cannot_open(data, error))
    return None, problems


def _file_name(text: str) -> str:
    """Return a text as a part of a file's name: a run may call itself what it likes."""
    return re.sub(r"[^\w.-]", "_", text)


def _copy(run: Run, path: Path) -> bool:
    """Copy the figure of a run's equilibrium, and its PDF if it has one; False if it is damaged."""
    if fault_of(run.optimum_figure):
        return False
    for ending in (".png", ".pdf"):
        drawn = run.optimum_figure.with_suffix(ending)
        try:
            content = read_bytes(drawn)
        except OSError:  # an older version drew no PDF
            continue
        with new_file(path.with_suffix(ending)) as file:
            file.write(content)
    return True


def _draw_scores(study: Study, folder: Path, add: Add) -> None:
    shown = study.averaged()
    values = {measure.key: study.values(measure) for measure in shown}
    order = study.look.order
    if study.ranking:
        places = [place.setting for place in study.ranking.places]
        order = [*places, *(setting for setting in order if setting not in places)]
    look = Look(study.look.runs, study.settings, order)
    add(
        draw_settings(look, shown[: 2 * BEST], values, folder / "settings.png"),
        "Settings",
        "Every finished seed (dots), their mean (bar) and, from three seeds on, its 95 % interval "
        "(line); best first. Dotted: what real data get.",
    )
    often = [line for d in study.runs for found in series(d).values()
             if len(found) > 1 for line in found]  # fmt: skip
    over_time = measures(often, study.preferred)
    add(
        curves.draw_score_curves(study.look, over_time[: BEST + 1], folder / "scores.png"),
        "Scores over the training",
        "Against the step, the images shown to D (so that losses with several updates of D are "
        "compared fairly) and the time of training without pauses. With several seeds their mean; "
        "the band reaches from the lowest to the highest.",
    )


def _draw_analysis(study: Study, folder: Path, add: Add) -> None:
    look = study.look
    add(
        theory.draw_equilibrium(look, folder / "equilibrium.png"),
        "Distance from the equilibrium",
        f"{HOW} At the equilibrium D(x) = D(G(z)) = 1/2 and V = -log 4; a discriminator that "
        "has learned nothing shows the same numbers.",
    )
    add(
        theory.draw_oscillation(look, folder / "oscillation.png"),
        "Oscillation",
        "The standard deviation of each loss inside tenths of the training: how much it swings, "
        "its trend left out.",
    )
    add(
        theory.draw_diversity(look, folder / "diversity.png"),
        "Diversity of samples",
        "Mean over pairs of the drawn samples; near zero they are all alike (collapse).",
    )
    for data in look.runs:  # drawn by gan-lab equilibrium, where the density of the data is known
        path = folder / f"optimum_{_file_name(data.name)}.png"
        if _copy(data.run, path):
            add(path, "The optimal discriminator beside the learned one", data.name, drawn=False)
    best = study.best_run(lambda data: data.output == "probability")
    if best is not None:
        try:
            path = theory.draw_generator_gradient(
                load_run(best.run.directory), folder / "generator_gradient.png"
            )
        except Exception:  # its checkpoint is named where interpolations are drawn
            return
        add(
            path,
            "The generator's gradient under minimax and log-D",
            f"Where D is sure of the fakes (a far below 0) minimax gives no gradient, log-D nearly "
            f"1. Right: measured on D and G of {best.name}.",
        )


def _draw_curves(look: Look, folder: Path, add: Add) -> None:
    for path in curves.draw_five_curves(look, folder / "curves.png"):
        add(
            path,
            "The five curves of each GAN",
            "Two panels a setting: both losses, and D's outputs on real and generated images. "
            f"{HOW} Panels of one loss have one axis; unlike losses are not comparable.",
        )
    losses = dict.fromkeys(data.config.choices.loss for data in look.runs)
    for loss in losses:
        part = replace(look, runs=[d for d in look.runs if d.config.choices.loss == loss])
        if len(part.groups()) < 2:
            continue
        name = f"compared_{_file_name(loss)}" if len(losses) > 1 else "compared"
        add(
            curves.draw_curves(part, folder / f"{name}.png", curves.CURVES),
            f"Settings compared{f': loss {loss}' if len(losses) > 1 else ''}",
            f"The same curves, a panel each. {HOW} Dotted, where D gives probabilities: the "
            f"equilibrium at 1/2 and log 4.{look.scale_words()}",
        )
    norms = dict(curves.NORMS)
    for data in look.runs:
        for line in data.metrics:
            norms |= {key: f"{figure_text(key[8:]).replace('_', ' ')} (weighted)" for key in line
                      if key.startswith("penalty/")}  # fmt: skip
    add(
        curves.draw_curves(look, folder / "gradients.png", norms, log=True),
        "Gradient norms",
        f"Norm of all gradients of a player, on a logarithmic axis. {HOW}{look.scale_words()}",
    )
