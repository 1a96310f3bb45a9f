"""The panels of Weights & Biases for this program's runs: a saved workspace, and a report.

Both are built and checked without a network; saving them needs an account. The names of metrics are
those that a run streams (tracking.WandbTracker).
"""

from collections.abc import Sequence
from typing import Any

from gan_lab.errors import RunError, UsageError
from gan_lab.wandb_environment import is_logged_in

SCORES = ("fd_classifier", "confident", "smallest_class", "largest_class")
KNOBS = ("latent_dim", "hidden_dim", "lr_g", "lr_d", "batch_size")  # where no study says which vary
LOGARITHMIC = ("lr", "lr_g", "lr_d")


def build_sections(knobs: Sequence[str] = KNOBS) -> dict[str, list[Any]]:
    """Return the panels by section; `knobs` are the settings that the runs differ in."""
    import wandb_workspaces.reports.v2 as wr

    def lines(title: str, *keys: str, **options: Any) -> Any:
        return wr.LinePlot(title=title, x="step", y=list(keys), **options)

    best = wr.SummaryMetric("score/fd_classifier.min")
    column = wr.ParallelCoordinatesPlotColumn
    coordinates = [
        column(metric=wr.Config(config_path(knob)), log=knob in LOGARITHMIC) for knob in knobs
    ]
    return {
        "Losses": [
            lines("Losses of D and G", "loss/d", "loss/g", smoothing_factor=0.6,
                  smoothing_show_original=True),
            lines("D(x) and D(G(z))", "d/real", "d/fake_1", "d/fake_2"),
            lines("Gradient norms", "grad_norm/d", "grad_norm/g", log_y=True),
        ],
        "Samples": [
            wr.MediaBrowser(title="The first latents", media_keys=["samples"], num_columns=4),
            wr.MediaBrowser(title="Interpolations", media_keys=["interpolation"], num_columns=2),
        ],
        "Scores": [
            lines("Fréchet distance", "score/fd_classifier", log_y=True),
            wr.LinePlot(title="Fréchet distance against images shown to D", x="images",
                        y=["score/fd_classifier"], log_y=True),
            wr.BarPlot(title="Least distance by setting", metrics=[best],
                       groupby=wr.Config(config_path((*knobs, "choices.model")[0])),
                       groupby_aggfunc="mean", groupby_rangefunc="stddev"),
            wr.BarPlot(title="Final distance, averaged and raw weights",
                       metrics=[wr.SummaryMetric(f"evaluation/{weights}/fd_classifier")
                                for weights in ("ema", "raw")]),
            wr.ParallelCoordinatesPlot(
                title="Settings against the least distance",
                columns=[*coordinates, column(metric=best, inverted=True)],
            ),
        ],
        "Collapse": [
            lines("Shares of the rarest and the commonest class", "score/smallest_class",
                  "score/largest_class", range_y=(0, 1)),
            lines("Confident samples", "score/confident", range_y=(0, 1)),
            lines("D's advantage: D(x) near 1, D(G(z)) near 0", "d/real", "d/fake_2",
                  range_y=(0, 1)),
            wr.CustomChart(query={"summaryTable": {"tableKey": "modes/bars_table"}},
                           chart_name="wandb/bar/v0",
                           chart_fields={"label": "class", "value": "share"},
                           chart_strings={"title": "Mode coverage: share of samples by class"}),
            wr.WeavePanelSummaryTable(table_name="modes/table"),
            wr.BarPlot(title="Missing classes", metrics=[wr.SummaryMetric("modes/missing")]),
        ],
    }  # fmt: skip


def build_workspace(entity: str, project: str, knobs: Sequence[str] = KNOBS) -> Any:
    """Return the workspace: a section for each theme, runs in groups of one study, best first."""
    import wandb_workspaces.workspaces as ws

    sections = [
        ws.Section(name=name, panels=panels, is_open=True)
        for name, panels in build_sections(knobs).items()
    ]
    best_first = ws.Ordering(ws.Summary("score/fd_classifier.min"), ascending=True)
    return ws.Workspace(
        name="gan_lab",
        entity=entity,
        project=project,
        sections=sections,
        settings=ws.WorkspaceSettings(x_axis="step", max_runs=40),
        runset_settings=ws.RunsetSettings(order=[best_first]),
    )


def build_report(entity: str, project: str, study: str | None, knobs: Sequence[str] = KNOBS) -> Any:
    """Return a W&B report with the same panels over the runs of a study, or of the project."""
    import wandb_workspaces.reports.v2 as wr

    filters = f"Group == '{study}'" if study else ""
    blocks: list[Any] = [
        wr.TableOfContents(),
        wr.P(text="Built by gan-lab dashboard. Scores in one chart are comparable only if their "
             "protocols are alike; gan-lab report checks that."),
    ]  # fmt: skip
    for name, panels in build_sections(knobs).items():
        runs = wr.Runset(entity=entity, project=project, name=study or "all runs", filters=filters)
        blocks += [wr.H1(text=name), wr.PanelGrid(runsets=[runs], panels=panels)]
    return wr.Report(
        entity=entity, project=project, title=f"gan_lab: {study or project}", blocks=blocks
    )


def title_of(panel: Any) -> str:
    """Return the title of a panel, wherever its kind keeps it."""
    if hasattr(panel, "chart_strings"):
        return panel.chart_strings["title"]
    return panel.title if hasattr(panel, "title") else f"the table {panel.table_name}"


def as_json(workspace: Any) -> str:
    """Return a workspace as W&B stores it; building it checks every panel."""
    return workspace._to_model().model_dump_json(by_alias=True, indent=1)


def config_path(knob: str) -> str:
    """Return where a setting of a report's columns is in a run's W&B config."""
    if knob in ("model", "loss", "dataset", "penalty"):
        return f"choices.{knob}"
    return "runtime.steps" if knob == "num_train_steps" else knob


def save(*documents: Any) -> list[str]:
    """Save what was built with the account that is logged in; return the addresses.

    Raises UsageError without an account, RunError if the server refuses.
    """
    if not is_logged_in():
        raise UsageError(
            "saving needs a W&B account: `wandb login` once, then the same command; without "
            "--save the panels are built and checked here."
        )
    try:
        return [str(document.save().url) for document in documents]
    except Exception as error:
        raise RunError(f"W&B did not save it: {str(error).strip().splitlines()[0]}") from error


def check_installed() -> None:
    """Raise UsageError unless the extra dependency is there."""
    try:
        import wandb_workspaces  # noqa: F401
    except ImportError:
        raise UsageError(
            "dashboards need wandb-workspaces: pip install 'gan-lab[dashboard]'."
        ) from None
