"""What a run's generator makes of latents: grids, classes, strips, planes, nearest real images."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from gan_lab.analysis.interpolation import arc, line, places, plane
from gan_lab.common.errors import UsageError
from gan_lab.common.files import replace_file
from gan_lab.figures.captions import WEIGHTS, caption
from gan_lab.figures.points import draw_points
from gan_lab.figures.tiles import draw_tiles, grid, save_png
from gan_lab.training.sampling import generate_each
from gan_lab.training.trained import TrainedRun

NEIGHBOURS = 3


def draw_samples(
    run: TrainedRun,
    path: Path,
    count: int,
    seed: int,
    label: int | None,
    weights: str,
    columns: int,
) -> Path:
    """Draw a grid of a seed's first images."""
    images = run.sample(count, seed, label, weights)
    of_class = "" if label is None else f" of class {run.config.class_name(label)}"
    what = f"Samples 0 to {count - 1}{of_class}, latents of seed {seed}."
    if images.ndim == 2:
        return draw_points(images[None], path, False, _words(run, weights, what))
    columns = min(columns, count)
    blank = torch.full((-count % columns, *images.shape[1:]), 255, dtype=torch.uint8)
    tiles = torch.cat([images, blank]).unflatten(0, (-1, columns))
    return draw_tiles(tiles, path, caption=_words(run, weights, what))


def save_samples(
    run: TrainedRun, folder: Path, count: int, seed: int, label: int | None, weights: str
) -> Path:
    """Write each image of a seed as a PNG of its own, for other tools; return the folder.

    Points are lines of one file, points.csv.
    """
    folder.mkdir(parents=True, exist_ok=True)
    images = run.sample(count, seed, label, weights)
    if images.ndim == 2:
        lines = [f"{x!r},{y!r}\n" for x, y in images.tolist()]
        replace_file(folder / "points.csv", "".join(["x,y\n", *lines]))
        return folder
    for index, image in enumerate(images):
        save_png(grid(image[None], columns=1, gap=0), folder / f"{index:06d}.png")
    return folder


def draw_classes(run: TrainedRun, path: Path, count: int, seed: int, weights: str) -> Path:
    """Draw a row for each class and a column for each latent, which is then the style."""
    if run.labels(1) is None:
        raise UsageError(f"{run.directory} is not conditional: it has no classes to draw.")
    classes = [label for label, images in enumerate(run.config.class_counts) if images]
    latents = run.latents(count, seed).repeat(len(classes), 1)
    labels = torch.tensor(classes).repeat_interleave(count)
    tiles = generate_each(run.weights(weights), latents, labels).unflatten(0, (-1, count))
    what = f"A row for each class, a column for each of the latents 0 to {count - 1} of seed {seed}"
    return _draw(
        tiles,
        path,
        [f"z{index}" for index in range(count)],
        [run.config.class_name(label) for label in classes],
        _words(run, weights, f"{what}: down a column only the class changes."),
        joined=False,
    )


def draw_plane(
    run: TrainedRun, path: Path, count: int, seed: int, label: int | None, weights: str
) -> Path:
    """Draw the plane through a seed's first three latents, with them at three corners."""
    origin, right, down = run.latents(3, seed)
    points = plane(origin, right, down, count)
    labels = run.labels(1, seed, label)
    repeated = None if labels is None else labels.expand(count * count)
    images = generate_each(run.weights(weights), points.flatten(0, 1), repeated)
    fractions = [f"{place:.2g}" for place in places(count)]
    what = (
        f"z0 + x (z1 - z0) + y (z2 - z0), x across and y down, for the first latents of seed "
        f"{seed}: three of the corners are its samples 0, 1 and 2."
    )
    return _draw(
        images.unflatten(0, (count, count)), path, fractions, fractions, _words(run, weights, what)
    )


def draw_nearest(
    run: TrainedRun,
    path: Path,
    training: Tensor,
    count: int,
    seed: int,
    label: int | None,
    weights: str,
) -> Path:
    """Draw samples, each beside the training images (uint8 [N, C, H, W]) nearest to it in pixels.

    The distance is the root of the mean squared difference of pixels, in grey levels of 255.
    """
    images = run.sample(count, seed, label, weights)
    if images.ndim == 2:
        raise UsageError("the nearest training images are of images; these samples are points.")
    distances, indices = nearest(images, training, NEIGHBOURS)
    tiles = torch.cat([images[:, None], training[indices]], dim=1)
    rows = [
        f"{index}: {', '.join(f'{value:.0f}' for value in row)}"
        for index, row in enumerate(distances.tolist())
    ]
    what = (
        f"Samples 0 to {count - 1} of seed {seed}, each with the {NEIGHBOURS} nearest of "
        f"{len(training):,} training images and their distances (root mean square of pixel "
        "differences, of 255)."
    )
    titles = ["sample", "nearest", "second", "third"]
    return _draw(tiles, path, titles, rows, _words(run, weights, what))


def nearest(images: Tensor, training: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return distances and indices [N, count] of the training images nearest to each image.

    Both are uint8 [., C, H, W]; the distance is the root mean square of pixel differences.
    """
    ours = images.flatten(1).double()
    # Not through products of matrices: they lose the small distances that this looks for.
    exact = "donot_use_mm_for_euclid_dist"
    distances = [
        torch.cdist(ours, part.flatten(1).double(), compute_mode=exact)
        for part in training.split(4096)
    ]
    best = torch.cat(distances, dim=1).topk(count, largest=False)
    return best.values / ours.shape[1] ** 0.5, best.indices


def strips(
    generator: nn.Module,
    latents: Tensor,
    labels: Tensor | None,
    fractions: Sequence[float],
    spherical: bool = False,
) -> Tensor:
    """Return images (uint8 [P, T, C, H, W]) between latents 2p and 2p + 1 of [2 P, latent_dim].

    `labels` [2 P] of a conditional generator: a strip keeps its first one. At t = 0 and 1 stand the
    images of the two latents themselves, to the bit.
    """
    between = arc if spherical else line
    pairs = latents.unflatten(0, (-1, 2))
    points = torch.cat([between(first, second, fractions) for first, second in pairs])
    if labels is not None:
        labels = labels[::2].repeat_interleave(len(fractions))
    images = generate_each(generator, points, labels)
    by_pair: Tensor = images.unflatten(0, (-1, len(fractions)))
    return by_pair


def draw_strips(
    run: TrainedRun,
    path: Path,
    pairs: int,
    fractions: Sequence[float],
    seed: int,
    label: int | None,
    weights: str,
    spherical: bool = False,
) -> Path:
    """Draw interpolations, a row a pair; the columns of the two latents themselves are named.

    Of points, a line a pair.
    """
    latents, labels = run.latents(2 * pairs, seed), run.labels(2 * pairs, seed, label)
    tiles = strips(run.weights(weights), latents, labels, fractions, spherical)
    names = {0.0: "z1", 1.0: "z2"}
    columns = [names.get(t, f"{t:.2f}") for t in fractions]
    rows = [f"{2 * pair}, {2 * pair + 1}" for pair in range(pairs)]
    way = "Along the arc from z1 to z2 (slerp)" if spherical else "Along z1 + t (z2 - z1)"
    if tiles.ndim == 3:
        ends = f"from the ring (t = {fractions[0]:g}) to the dot (t = {fractions[-1]:g})"
        where = f", a colour for each pair of latents of seed {seed}, {ends}."
    else:
        where = f", t above each column, a row for each pair of latents of seed {seed}."
    return _draw(tiles, path, columns, rows, _words(run, weights, way + where))


def _draw(
    drawn: Tensor,
    path: Path,
    columns: Sequence[str],
    rows: Sequence[str],
    caption: str,
    joined: bool = True,
) -> Path:
    """Draw rows of images [R, C, channels, H, W], or of points [R, C, 2], joined or not."""
    if drawn.ndim == 3:
        return draw_points(drawn, path, joined, caption)
    return draw_tiles(drawn, path, columns, rows, caption)


def _words(run: TrainedRun, weights: str, what: str) -> str:
    return f"{what} {caption(run.config, run.step)}; {WEIGHTS[weights]}."
