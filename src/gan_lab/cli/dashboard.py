"""`gan-lab dashboard [STUDY]`: panels of Weights & Biases for runs."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from gan_lab.cli.arguments import parser
from gan_lab.common.console import say
from gan_lab.common.files import replace_file
from gan_lab.runs.directory import run_directories
from gan_lab.tracking.wandb_environment import check_name

if TYPE_CHECKING:
    from gan_lab.config.run_config import RunConfig
    from gan_lab.report.collect import RunData


def main(arguments: list[str]) -> int:
    """Build a workspace and a W&B report, write what they are, and save them if asked."""
    takes = parser(
        "dashboard",
        "Build a W&B workspace and report; saving them needs an account.",
        ["scratch", "scratch --save --project my_project"],
    )
    takes.add_argument(
        "study", nargs="?", help="whose scores are shown, and settings are axes (default: all)"
    )
    takes.add_argument("--save", action="store_true", help="in W&B; needs `wandb login`")
    takes.add_argument("--project", default=os.environ.get("WANDB_PROJECT", "gan_lab"))
    takes.add_argument("--entity", default=os.environ.get("WANDB_ENTITY", ""))
    options = takes.parse_args(arguments)
    check_name("--project", options.project)
    if options.entity:
        check_name("--entity", options.entity)
    from gan_lab.evaluation.scores import with_scores_of  # only now: torch takes 2 s
    from gan_lab.report import dashboard
    from gan_lab.report.settings import compare

    dashboard.check_installed()
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    runs_dir, knobs = Path(options.runs_dir), list(dashboard.KNOBS)
    runs = _runs(options.study, runs_dir)
    if options.study:
        knobs = compare(runs).columns or knobs
    configs = [data.config for data in runs] or [_default_config()]
    evaluated = {line.score for data in runs for line in data.evaluations}
    where = (options.entity, options.project)
    with with_scores_of(configs):
        shown = dashboard.streamed(configs, evaluated)
        workspace = dashboard.build_workspace(*where, shown, knobs)
        report = dashboard.build_report(*where, options.study, shown, knobs)
    for section in workspace.sections:
        say(f"{section.name}: {'; '.join(map(dashboard.panel_title, section.panels))}")
    if options.save:
        for address in dashboard.save(workspace, report):
            say(address)
        return 0
    say("built, not saved: --save puts them into W&B, which needs an account (`wandb login`)")
    path = runs_dir / "wandb-workspace.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, dashboard.as_json(workspace))
    say(str(path))
    return 0


def _runs(study: str | None, runs_dir: Path) -> "list[RunData]":
    """Return the runs of a study, or all that are there."""
    from gan_lab.report.collect import collect

    studies = sorted({directory.parent.name for directory in run_directories(runs_dir)})
    references = [study] if study else studies
    return collect(references, runs_dir).runs if references else []


def _default_config() -> "RunConfig":
    """Return the config of a run that nobody has set anything of: before the first one."""
    from gan_lab.config import compose

    (run,) = compose.jobs([], multirun=False)
    return run.config
