"""All figures of a report, in the order of its page."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gan_lab.common.console import counted
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

Add = Callable[..., None]  # (path or None, title, words, what it shows, drawn)

HOW = (
    "Lines are medians over a twentieth of the training; with several seeds, the mean of theirs. "
    "The band reaches from the lowest to the highest seed; with one seed, over the middle 80 % of "
    "the values."
)
MOST_LINES = 12  # in one panel
BEST = 3  # measures of the averaged generator that figures show, beside the first


def draw_figures(
    study: Study, folder: Path, steps: Sequence[int] | None
) -> tuple[dict[str, Figure], list[str]]:
    """Draw what there is to draw; figures by name, in the order of the page."""
    found: dict[str, Figure] = {}

    def add(path: Path | None, title: str, words: str, shows: str, drawn: bool = True) -> None:
        if path is not None:
            found[path.stem] = Figure(path, title, words, drawn, shows)

    look, settings = study.look, study.settings
    compared = compared_settings(study)
    _draw_scores(study, compared, folder, add)
    _draw_curves(study, compared, folder, add)
    _draw_analysis(study, compared, folder, add)
    chosen = samples.one_a_setting(study.runs, settings)
    latents = samples.latents_words(chosen) if chosen else ""
    add(
        samples.draw_side_by_side(chosen, settings, folder / "samples.png"),
        "Samples",
        f"The last samples of each setting, raw weights, lowest seed. {latents}"
        + samples.first_only(chosen, samples.MOST_PANELS),
        _of_all(
            look,
            "Grids of generated samples beside each other, one of each setting at its last step",
        ),
        drawn=False,
    )
    add(
        samples.draw_over_training(chosen, settings, steps, folder / "early_late.png"),
        "Early against late",
        f"Each setting's latents at several steps, raw weights. {latents}"
        + samples.first_only(chosen, samples.MOST_ROWS),
        _of_all(
            look,
            "Grids of generated samples at an early and a late step, or at those asked for, beside "
            "each other for each setting",
        ),
        drawn=False,
    )
    add(
        samples.save_animation(chosen, settings, folder / "training.gif"),
        "Animation",
        f"Each setting's latents over the training. {latents}"
        + samples.first_only(chosen, samples.MOST_ROWS),
        _of_all(
            look,
            "Animated grids of samples, one of each setting, over the steps of the training",
        ),
        drawn=False,
    )
    for data_name, members in counted_by_data(look).items():
        add(
            draw_modes(members, settings, folder / f"modes_{_file_name(data_name)}.png"),
            "Mode coverage",
            "Share of each class among the samples that have one, averaged weights (EMA), beside "
            f"that in the training data of {data_name}; on points: those within 3 std of a centre.",
            _of_all(
                replace(look, runs=members),
                "Coloured cells with numbers: the share of each class (columns) in the "
                "samples of each run (rows), and in real data (last row)",
            ),
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
        shows = f"Rows of samples on the way between two latents, of the run {best.name}."
        if "settings" in path.stem:
            words = "A pair of latents of each setting."
            words += samples.first_only(able, samples.MOST_ROWS)
            shows = _of_all(look, "Rows of samples on the way between two latents, one a setting")
        elif path.stem == "extrapolation":
            shows = f"Rows of samples on the way through two latents, of the run {best.name}."
        add(path, "Interpolation", words, shows, drawn=False)
    return found, list(dict.fromkeys([*faults, *problems]))


@dataclass(frozen=True)
class Compared:
    """The settings whose lines lie in one panel, and words that say which, if not all."""

    look: Look
    words: str


def compared_settings(study: Study) -> Compared:
    """Return as many settings as lines can be told apart: all, or the best and the worst."""
    look = study.look
    if len(look.order) <= MOST_LINES:
        return Compared(look, "")
    places = [place.setting for place in study.ranking.places] if study.ranking else []
    ranked = [*places, *(setting for setting in look.order if setting not in places)]
    half = MOST_LINES // 2
    chosen = {*ranked[:half], *(places or ranked)[-half:]}
    order = [setting for setting in look.order if setting in chosen]
    runs = [data for data in look.runs if study.settings.of_run[data.name] in chosen]
    which = f"the {half} best and the {half} worst" if places else f"{len(order)}"
    return Compared(replace(look, runs=runs, order=order),
                    f" Of {len(look.order)} settings {which} are drawn.")  # fmt: skip


def _of_all(look: Look, words: str) -> str:
    """Return what a figure shows, and of how many runs."""
    runs, settings = counted(len(look.runs), "run"), counted(len(look.groups()), "setting")
    return f"{words}. Of {runs} in {settings}."


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


def _draw_scores(study: Study, compared: Compared, folder: Path, add: Add) -> None:
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
        _of_all(look, "A panel for each score: a row for each setting, with a dot for each seed"),
    )
    often = [line for d in study.runs for found in series(d).values()
             if len(found) > 1 for line in found]  # fmt: skip
    over_time = measures(often, study.preferred)
    add(
        curves.draw_score_curves(compared.look, over_time[: BEST + 1], folder / "scores.png"),
        "Scores over the training",
        "Against the step, the images shown to D (so that losses with several updates of D are "
        "compared fairly) and the time of training without pauses. With several seeds, a "
        "line is their mean, and its band reaches from the lowest to the highest.",
        _of_all(
            look,
            "Lines of scores over the step, over the images shown to D and over the time, a line "
            "for each setting",
        ),
    )


def _draw_analysis(study: Study, compared: Compared, folder: Path, add: Add) -> None:
    look, few = compared.look, compared.words
    add(
        theory.draw_equilibrium(look, folder / "equilibrium.png"),
        "Distance from the equilibrium",
        f"{HOW} At the equilibrium D(x) = D(G(z)) = 1/2 and V = -log 4; a discriminator that "
        f"has learned nothing shows the same numbers.{few}",
        _of_all(
            look, "Lines of D's outputs and of its value V over the step, a line for each setting"
        ),
    )
    add(
        theory.draw_oscillation(look, folder / "oscillation.png"),
        "Oscillation",
        "The standard deviation of each loss inside tenths of the training: how much it swings, "
        f"its trend left out. Several losses are on a logarithmic axis.{few}",
        _of_all(
            look,
            "Lines of the standard deviation of both losses over the step, a line for each setting",
        ),
    )
    add(
        theory.draw_diversity(look, folder / "diversity.png"),
        "Diversity of samples",
        f"Mean over pairs of the drawn samples; near zero they are all alike (collapse).{few}",
        _of_all(
            look,
            "Lines of the mean difference of two samples over the step, a line for each setting",
        ),
    )
    # Drawn by gan-lab equilibrium, where the density of the data is known.
    for data in study.look.runs:
        path = folder / f"optimum_{_file_name(data.name)}.png"
        if _copy(data.run, path):
            add(
                path,
                "The optimal discriminator beside the learned one",
                data.name,
                f"Maps of the optimal and the learned D over the plane of the points, of the run "
                f"{data.name}.",
                drawn=False,
            )
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
            f"Where D is sure of the fakes (a far below 0) the gradient is nearly 0 under "
            "minimax and nearly -1 under log-D (the nonsaturating loss). Right: "
            f"measured on D and G of {best.name}.",
            "Lines of the generator's gradient over D's logit of a fake, by the formulas and as "
            f"measured on the run {best.name}.",
        )


def _draw_curves(study: Study, compared: Compared, folder: Path, add: Add) -> None:
    for path in curves.draw_five_curves(study.look, folder / "curves.png"):
        add(
            path,
            "The five curves of each GAN",
            "Two panels a setting: both losses, and D's outputs on real and generated images. "
            f"{HOW} Panels of the same loss have the same axis; values of different losses cannot "
            "be compared.",
            _of_all(
                study.look,
                "Lines of both losses, and of D's outputs on real and generated images, over the "
                "step, in two panels for each setting",
            ),
        )
    look, few = compared.look, compared.words
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
            f"equilibrium at 1/2 and log 4.{few}",
            _of_all(
                part,
                "Lines of losses and of D's outputs over the step, a panel for each curve and a "
                "line for each setting",
            ),
        )
    norms = dict(curves.NORMS)
    for data in look.runs:
        for line in data.metrics:
            norms |= {key: f"{figure_text(key[8:]).replace('_', ' ')} (weighted)" for key in line
                      if key.startswith("penalty/")}  # fmt: skip
    add(
        curves.draw_curves(look, folder / "gradients.png", norms, log=True),
        "Gradient norms",
        f"Norm of all gradients of a player, on a logarithmic axis. {HOW}{few}",
        _of_all(
            look,
            "Lines of the players' gradient norms over the step on a logarithmic axis, a line for "
            "each setting",
        ),
    )
