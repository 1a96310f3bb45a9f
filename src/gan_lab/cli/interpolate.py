"""`gan-lab interpolate RUN`: images between pairs of latents, and beyond them."""

from gan_lab.cli.arguments import at_least, latent_parser, opened, output_path, within
from gan_lab.common.console import say, say_figures
from gan_lab.common.errors import UsageError


def main(arguments: list[str]) -> int:
    """Draw interpolations of a run, a row a pair."""
    takes = latent_parser(
        "interpolate",
        "Draw z1 + (i/K)(z2 - z1) for pairs of latents.",
        ["latest", "latest --from -0.5 --to 1.5 --pairs 8"],
    )
    takes.add_argument("--pairs", type=at_least(1), default=5, help="rows (default: 5)")
    takes.add_argument(
        "--images",
        type=at_least(2),
        default=10,
        help="images from z1 to z2, both among them: K + 1 (default: 10)",
    )
    takes.add_argument(
        "--from", dest="start", type=within(-10, 10), default=0.0, help="below 0: before z1"
    )
    takes.add_argument(
        "--to", dest="stop", type=within(-10, 10), default=1.0, help="above 1: beyond z2"
    )
    takes.add_argument("--slerp", action="store_true", help="on the arc, not the line")
    options = takes.parse_args(arguments)
    run = opened(options)
    from gan_lab.analysis import latents  # only now: torch takes 2 s
    from gan_lab.analysis.interpolation import places

    fractions = places(options.images, options.start, options.stop)
    if not fractions:
        raise UsageError(
            f"no image lies between --from {options.start} and --to {options.stop} at "
            f"{options.images} images from 0 to 1; raise --images or move the ends apart."
        )
    ends = [round(fractions[0], 3), round(fractions[-1], 3)]
    if ends != [round(options.start, 3), round(options.stop, 3)]:
        say(
            f"drawn     from {ends[0]:g} to {ends[1]:g}: images are 1/{options.images - 1} apart, "
            "with z1 and z2 among them"
        )
    seed = run.config.seed if options.seed is None else options.seed
    way = "slerp" if options.slerp else "interpolation"
    beyond = "" if ends == [0, 1] else f"_{ends[0]:g}to{ends[1]:g}"
    path = output_path(options, run, f"{way}{beyond}_{options.weights}_seed{seed}.png")
    latents.draw_strips(
        run,
        path,
        options.pairs,
        fractions,
        seed,
        None if options.label is None else run.label_of(options.label),
        options.weights,
        options.slerp,
    )
    say_figures(path)
    say(str(path))
    return 0
