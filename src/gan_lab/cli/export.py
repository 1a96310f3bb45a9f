"""`gan-lab export RUN`: a generator for other programs."""

from pathlib import Path

from gan_lab.cli.arguments import network_parser, opened
from gan_lab.common.console import say


def main(arguments: list[str]) -> int:
    """Write a run's generator as safetensors with its config, and as a program of torch.export."""
    takes = network_parser(
        "export",
        "Write a generator for other programs.",
        ["latest", "latest --weights raw --out my_generator"],
    )
    options = takes.parse_args(arguments)
    run = opened(options)
    from gan_lab.runs.directory import Run
    from gan_lab.training.export import export_generator

    folder = Path(options.out) if options.out else Run(run.directory).export
    say(str(export_generator(run, folder, options.weights)))
    return 0
