"""Figures of samples across runs: side by side, early against late, an animation, and strips."""

import io
import math
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from gan_lab.analysis.interpolation import places
from gan_lab.analysis.latents import draw_strips, strips
from gan_lab.common.errors import RunError, UsageError
from gan_lab.common.files import new_file
from gan_lab.figures.captions import caption
from gan_lab.figures.panels import draw_panels
from gan_lab.figures.pictures import picture
from gan_lab.figures.tiles import draw_tiles
from gan_lab.report.collect import RunData
from gan_lab.report.figures.pictures import picture_steps, trained_steps
from gan_lab.report.settings import Settings
from gan_lab.training.trained import load_run

GAP = 2  # pixels between the tiles of a grid (sampling.grid)
FRAMES = 12  # of the slider and the animation
ROOMY = 8  # more settings are shown with fewer tiles each
MOST_PANELS = 48
MOST_ROWS = 12
SEVERAL = 10  # seeds that are named


def one_a_setting(runs: Sequence[RunData], settings: Settings) -> list[RunData]:
    """Return for each setting its run with the lowest seed that has samples of a trained generator,
    finished if any is."""
    chosen: dict[tuple[str, ...], RunData] = {}
    for data in sorted(runs, key=lambda data: (not data.finished, data.seed)):
        if trained_steps(data):
            chosen.setdefault(settings.of_run[data.name], data)
    return [chosen[setting] for setting in settings.ordered() if setting in chosen]


def first_only(chosen: Sequence[RunData], most: int) -> str:
    """Say that a figure shows only the first of many settings; nothing if it shows all."""
    count = len(chosen)
    return f" The first {most} of {count} settings, in the tables' order." if count > most else ""


def latents_words(chosen: Sequence[RunData]) -> str:
    """Say whether grids beside each other are of the same latents, and if not, why.

    They are the first of a run's seed; a labelled run shows a few of them for each class.
    """
    seeds = sorted({data.seed for data in chosen})
    sizes = sorted({data.config.latent_dim for data in chosen})
    kinds = {data.config.is_conditional for data in chosen}
    unlike = [
        *([f"their seeds are {_listed(seeds)}"] if len(seeds) > 1 else []),
        *([f"their latent_dim is {_listed(sizes)}"] if len(sizes) > 1 else []),
        *(["some show the same few latents for each class"] if len(kinds) > 1 else []),
    ]
    if unlike:
        return f"The grids are not all of the same latents: {'; '.join(unlike)}."
    return f"The same place of every grid has the same latent, of seed {seeds[0]}."


def _listed(numbers: Sequence[int]) -> str:
    shown = [*map(str, numbers[:SEVERAL]), *(["..."] if len(numbers) > SEVERAL else [])]
    return ", ".join(shown)


def picture_at(data: RunData, step: int, few: bool) -> tuple[int, np.ndarray]:
    """Return the samples of the last drawn step up to `step` (the first, before it): uint8 [H,W,3].

    The run has at least one picture that can be shown.

    `few`: only the first four by four, where the picture is a grid of them.
    """
    steps = picture_steps(data)
    chosen = max((other for other in steps if other <= step), default=steps[0])
    pixels = picture(data.run.sample_path(chosen))
    shape = data.config.shape
    if few and len(shape) == 3:
        side = 4 * (shape[-1] + GAP) + GAP
        pixels = pixels[:side, :side]
    return chosen, pixels


def draw_side_by_side(chosen: Sequence[RunData], settings: Settings, path: Path) -> Path | None:
    """Draw the last samples of each setting, the same latents in the same places."""
    shown = chosen[:MOST_PANELS]
    if not shown:
        return None
    pictures = [picture_at(data, data.step, len(shown) > ROOMY) for data in shown]
    columns = min(len(shown), 4 if len(shown) <= 16 else 8)
    titles = [
        f"{settings.figure_label(settings.of_run[data.name])}\nstep {step:,}"
        for data, (step, _) in zip(shown, pictures, strict=True)
    ]
    return draw_panels([pixels for _, pixels in pictures], titles, columns, path)


def draw_over_training(
    chosen: Sequence[RunData], settings: Settings, steps: Sequence[int] | None, path: Path
) -> Path | None:
    """Draw samples at some steps, a row a setting; unless told the first and the last ones of a
    trained generator."""
    shown = chosen[:MOST_ROWS]
    if not (steps or any(len(trained_steps(data)) > 1 for data in shown)):
        return None  # each has drawn once: the figure of the last samples shows it
    each = len(steps) if steps else 2
    pictures, titles = [], []
    for data in shown:
        drawn = trained_steps(data)
        for step in steps or [drawn[0], drawn[-1]]:
            at, pixels = picture_at(data, step, few=len(shown) * each > ROOMY)
            pictures.append(pixels)
            titles.append(f"{settings.figure_label(settings.of_run[data.name])}\nstep {at:,}")
    beside = max(1, min(len(shown), 6 // each))  # settings in a row of panels
    return draw_panels(pictures, titles, each * beside, path)


def frame_steps(chosen: Sequence[RunData]) -> list[int]:
    """Return the steps of the slider: of all that were drawn, a dozen, evenly, ends included."""
    drawn = sorted({step for data in chosen for step in picture_steps(data)})
    places = np.linspace(0, len(drawn) - 1, min(FRAMES, len(drawn))).round().astype(int)
    return [drawn[place] for place in places]


def as_webp(pixels: np.ndarray) -> bytes:
    """Return a picture (uint8 [H, W, 3]) as WebP: a tenth of its PNG."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="WEBP", quality=82, method=3)
    return buffer.getvalue()


def save_animation(chosen: Sequence[RunData], settings: Settings, path: Path) -> Path | None:
    """Write the samples of all settings over the training as one animated GIF."""
    shown = chosen[:MOST_ROWS]
    if not shown:
        return None
    font = ImageFont.load_default(11)
    frames = []
    for step in frame_steps(shown):
        panels = [
            _labelled(
                picture_at(data, step, few=True), settings.label(settings.of_run[data.name]), font
            )
            for data in shown
        ]
        frames.append(_mosaic(panels, min(4, len(panels))))
    with new_file(path) as file:
        frames[0].save(
            file,
            format="GIF",
            save_all=True,
            append_images=frames[1:],
            duration=[500] * (len(frames) - 1) + [2000],
            loop=0,
        )
    return path


def _labelled(picture: tuple[int, np.ndarray], label: str, font: Any) -> Image.Image:
    step, pixels = picture
    image = Image.fromarray(pixels)
    image = image.resize((200, round(200 * image.height / image.width)), Image.Resampling.NEAREST)
    lines = textwrap.wrap(f"{label}; step {step:,}", 36)
    canvas = Image.new("RGB", (210, image.height + 46), "white")
    ImageDraw.Draw(canvas).multiline_text((5, 2), "\n".join(lines[:3]), fill="black", font=font)
    canvas.paste(image, (5, 44))
    return canvas


def _mosaic(panels: Sequence[Image.Image], columns: int) -> Image.Image:
    width, height = panels[0].width, max(panel.height for panel in panels)
    rows = math.ceil(len(panels) / columns)
    canvas = Image.new("RGB", (width * columns, height * rows), "white")
    for index, panel in enumerate(panels):
        canvas.paste(panel, (index % columns * width, index // columns * height))
    return canvas


def cannot_open(data: RunData, error: Exception) -> str:
    """Return a line that says why a run draws nothing.

    Networks of somebody's config fail in as many ways as torch has.
    """
    if isinstance(error, RunError | UsageError):
        text = str(error)
        return text if str(data.run.directory) in text else f"{data.run.directory}: {text}"
    reason = (str(error).splitlines() or [""])[0]
    return (
        f"{data.run.directory}: its networks draw nothing ({type(error).__name__}: {reason}); put "
        "back its config.yaml and its checkpoints."
    )


def draw_interpolations(
    best: RunData, chosen: Sequence[RunData], settings: Settings, folder: Path
) -> tuple[dict[str, Path], list[str]]:
    """Draw five pairs of the best run, between and beyond, and a pair of each setting.

    Returns the figures by name, and a line for each run whose checkpoint cannot be opened.
    """
    figures: dict[str, Path] = {}
    problems: list[str] = []
    try:
        run = load_run(best.run.directory)
        for name, ends in {"interpolation": (0.0, 1.0), "extrapolation": (-0.5, 1.5)}.items():
            fractions = places(10, *ends)
            path = folder / f"{name}.png"
            figures[name] = draw_strips(run, path, 5, fractions, best.seed, None, "ema")
    except Exception as error:
        problems.append(cannot_open(best, error))
    rows: list[torch.Tensor] = []
    labels: list[str] = []
    for data in chosen[:MOST_ROWS]:
        try:
            run = load_run(data.run.directory)
            images = strips(run.generator, run.latents(2), run.labels(2), places(10))
        except Exception as error:
            problems.append(cannot_open(data, error))
            continue
        shown = images.ndim == 5  # pairs, places and an image: a point between points is no picture
        if shown and (not rows or images.shape == rows[0].shape):
            rows.append(images)
            labels.append(settings.figure_label(settings.of_run[data.name]))
    if len(rows) > 1:
        columns = [{0.0: "z1", 1.0: "z2"}.get(t, f"{t:.2f}") for t in places(10)]
        words = (
            "z1 + t (z2 - z1) for the first two latents of each run's seed, averaged weights (EMA)."
            f" First row: {caption(chosen[0].config, chosen[0].step)}."
        )
        path = folder / "interpolation_settings.png"
        figures["interpolation_settings"] = draw_tiles(
            torch.cat(rows), path, columns, labels, words
        )
    return figures, list(dict.fromkeys(problems))
