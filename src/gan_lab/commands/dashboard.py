"""`gan-lab dashboard [STUDY]`: panels of Weights & Biases for runs."""

import os
from pathlib import Path

from gan_lab import dashboard
from gan_lab.commands.arguments import parser
from gan_lab.console import say
from gan_lab.files import replace_file
from gan_lab.report.collect import collect
from gan_lab.report.settings import compare


def main(arguments: list[str]) -> int:
    """Build a workspace and a W&B report, write what they are, and save them if asked."""
    takes = parser("dashboard", "Build a W&B workspace and report; saving them needs an account.")
    takes.add_argument("study", nargs="?", help="whose varying settings are the axes")
    takes.add_argument("--save", action="store_true", help="in W&B; needs `wandb login`")
    takes.add_argument("--project", default=os.environ.get("WANDB_PROJECT", "gan_lab"))
    takes.add_argument("--entity", default=os.environ.get("WANDB_ENTITY", ""))
    options = takes.parse_args(arguments)
    dashboard.check_installed()
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    runs_dir, knobs = Path(options.runs_dir), list(dashboard.KNOBS)
    if options.study:
        knobs = compare(collect([options.study], runs_dir).runs).columns or knobs
    where = (options.entity, options.project)
    workspace = dashboard.build_workspace(*where, knobs)
    report = dashboard.build_report(*where, options.study, knobs)
    for section in workspace.sections:
        say(f"{section.name}: {'; '.join(map(dashboard.title_of, section.panels))}")
    if options.save:
        for address in dashboard.save(workspace, report):
            print(address)
        return 0
    say("built, not saved: --save puts them into W&B, which needs an account (`wandb login`)")
    path = runs_dir / "wandb-workspace.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, dashboard.as_json(workspace))
    print(path)
    return 0
