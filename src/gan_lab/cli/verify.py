"""`gan-lab verify RUN`: repeat a run's first steps and compare."""

from pathlib import Path

from gan_lab.cli.arguments import (
    add_data_options,
    add_trust_options,
    at_least,
    parser,
    use_trusted_configs,
)
from gan_lab.common.console import say
from gan_lab.common.errors import complain


def main(arguments: list[str]) -> int:
    """Repeat a run's first steps in a scratch directory; return 1 if anything differs."""
    takes = parser(
        "verify",
        "Repeat a run's first steps, and compare metrics and checkpoints.",
        ["latest", "latest --steps 200"],
    )
    takes.add_argument("run", metavar="RUN", help="path, name, hash, latest or best")
    takes.add_argument("--steps", type=at_least(1), help="how many (default: 100 or fewer)")
    add_data_options(takes)
    add_trust_options(takes)
    options = takes.parse_args(arguments)
    use_trusted_configs(options)
    from gan_lab.runs.lookup import find_run

    run = find_run(options.run, Path(options.runs_dir))
    from gan_lab.jobs.verify import verify
    from gan_lab.training.trained import Places

    places = Places(options.data_root, folder=options.folder)
    differences = verify(run, options.steps, places, options.trust)
    if differences:
        more = f" ({len(differences)} differences)" if len(differences) > 1 else ""
        complain(f"{run.directory} is not repeated: {differences[0]}{more}")
    else:
        say("repeated: no difference")
    say(str(run.directory))
    return 1 if differences else 0
