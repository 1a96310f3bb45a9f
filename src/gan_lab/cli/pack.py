"""`gan-lab pack RUN`: a run as one zip to send."""

from pathlib import Path

from gan_lab.cli.arguments import parser
from gan_lab.common.console import counted, say


def main(arguments: list[str]) -> int:
    """Write a run as a zip that opens elsewhere as any run that somebody sends."""
    takes = parser(
        "pack",
        "Pack a run as a zip to send: config, numbers, samples and the newest checkpoint, without "
        "the places of this machine and without logs.",
        ["latest", "latest --checkpoints none --out submission.zip"],
    )
    takes.add_argument("run", metavar="RUN", help="path, name, hash, latest or best")
    takes.add_argument(
        "--checkpoints",
        choices=("newest", "all", "none"),
        default="newest",
        help="which go with it (default: %(default)s; none: reports read it, and nothing is drawn)",
    )
    takes.add_argument("--out", metavar="FILE", help="default: <the run's name>.zip here")
    options = takes.parse_args(arguments)
    from gan_lab.runs.lookup import find_run

    run = find_run(options.run, Path(options.runs_dir))
    from gan_lab.data import human_size
    from gan_lab.runs.pack import pack

    name = f"{run.directory.absolute().name}.zip"
    out = Path(options.out or name)
    packed = pack(run, out / name if out.is_dir() else out, options.checkpoints)
    steps = f" of step {', '.join(map(str, packed.checkpoints))}" if packed.checkpoints else ""
    say(
        f"packed    {human_size(packed.size)}: {counted(packed.files, 'file')}, among them "
        f"{counted(packed.samples, 'picture')} of samples and "
        f"{counted(len(packed.checkpoints), 'checkpoint')}{steps}"
    )
    say(str(packed.path))
    return 0
