"""`gan-lab sample RUN`: what a trained generator draws."""

from gan_lab.cli.arguments import add_data_options, at_least, latent_parser, opened, output_path
from gan_lab.common.console import say, say_figures
from gan_lab.common.errors import UsageError

MOST_IN_PICTURE = 10_000  # images of one picture; as files there may be more
COUNTS = {"grid": 64, "files": 64, "classes": 8, "plane": 10, "nearest": 8}


def main(arguments: list[str]) -> int:
    """Draw samples in the layout that is asked for."""
    takes = latent_parser(
        "sample",
        "Draw samples of a run.",
        ["latest --count 100", "latest --layout plane", "latest --layout files --out samples"],
    )
    takes.add_argument(
        "--layout",
        choices=tuple(COUNTS),
        default="grid",
        help="grid; files: a PNG each, for other tools; classes: a row for each class of a "
        "conditional run, a column for each latent; plane: the plane through three latents; "
        "nearest: beside each sample the training images nearest to it",
    )
    takes.add_argument(
        "--count", type=at_least(1), help="images; of classes the columns, of plane the side"
    )
    takes.add_argument("--columns", type=at_least(1), default=8, help="of the grid (default: 8)")
    add_data_options(takes)
    options = takes.parse_args(arguments)
    _check_count(options.layout, options.count or COUNTS[options.layout])
    run = opened(options)
    from gan_lab.analysis import latents
    from gan_lab.training import build

    layout, weights = options.layout, options.weights
    label = None if options.label is None else run.label_of(options.label)
    count = options.count or COUNTS[layout]
    seed = run.config.seed if options.seed is None else options.seed
    of_class = "" if label is None else f"_class{label}"
    name = f"{'samples' if layout == 'grid' else layout}_{weights}_seed{seed}{of_class}"
    path = output_path(options, run, name if layout == "files" else f"{name}.png")
    if layout == "grid":
        latents.draw_samples(run, path, count, seed, label, weights, options.columns)
    elif layout == "files":
        latents.save_samples(run, path, count, seed, label, weights)
    elif layout == "classes":
        latents.draw_classes(run, path, count, seed, weights)
    elif layout == "plane":
        latents.draw_plane(run, path, max(2, count), seed, label, weights)
    else:
        training = build.dataset(run.config).images
        latents.draw_nearest(run, path, training, count, seed, label, weights)
    if layout != "files":
        say_figures(path)
    say(str(path))
    return 0


def _check_count(layout: str, count: int) -> None:
    """Raise UsageError for more images than a picture can hold."""
    images = count**2 if layout == "plane" else count
    if layout != "files" and images > MOST_IN_PICTURE:
        raise UsageError(
            f"--count {count} asks for {images:,} images in one picture, which holds at most "
            f"{MOST_IN_PICTURE:,}; --layout files writes as many as you like."
        )
