"""The panels of Weights & Biases for this program's runs: a saved workspace, and a report.

Both are built and checked without a network; saving them needs an account. The names of metrics are
those that a run streams (tracking.WandbTracker).
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from gan_lab.common.errors import RunError, UsageError
from gan_lab.config.overrides import PARTS
from gan_lab.config.run_config import RunConfig
from gan_lab.evaluation.scores import DIRECTIONS, score_of, value_named
from gan_lab.tracking.wandb_environment import is_logged_in
from gan_lab.training.monitor import KEY, VERDICTS

ASKED = "agreement"  # of samples that a class was asked for, and of no others
KNOBS = ("latent_dim", "hidden_dim", "lr_g", "lr_d", "batch_size")  # where no study says which vary
LOGARITHMIC = ("lr", "lr_g", "lr_d")


@dataclass(frozen=True)
class Streamed:
    """The values that runs stream as `score/<name>`, and at the end as `evaluation/ema/<name>`.

    Each has its direction, one of DIRECTIONS. `chosen_by` are the runs' selection scores, that of
    most runs first. `counted`: some have a census of classes or modes; `images`: some have pictures
    of interpolations, which points have not.
    """

    chosen_by: list[str]
    training: dict[str, str]
    final: dict[str, str]
    counted: bool
    images: bool


def streamed(configs: Sequence[RunConfig], evaluated: Collection[str] = ()) -> Streamed:
    """Return what runs stream, from their configs.

    Scores that need Inception's weights are final ones only if they were `evaluated`: without the
    weights no run has them.
    """
    training: dict[str, str] = {}
    final: dict[str, str] = {}
    for config in configs:
        data = config.dataset
        taken = _values(data.scores_during_training, config)
        training |= {data.selection: taken[data.selection], **taken}
        names = [name for name in data.scores
                 if score_of(config, name).needs != "inception" or name in evaluated]  # fmt: skip
        final |= _values(names, config)
    chosen_by = Counter(config.dataset.selection for config in configs)
    return Streamed(
        chosen_by=[name for name, _ in chosen_by.most_common()],
        training=training,
        final=final,
        counted=any(config.dataset.points or config.dataset.classifier for config in configs),
        images=not all(config.dataset.points for config in configs),
    )


def title_of(name: str, direction: str) -> str:
    """Return the title of a panel: what a value is, and which is better."""
    words = value_named(name).title
    return f"{words[0].upper()}{words[1:]}, {DIRECTIONS[direction]}"


def _values(names: Sequence[str], config: RunConfig) -> dict[str, str]:
    found = [value for name in names for value in score_of(config, name).values().values()]
    return {
        value.name: str(value.better)
        for value in found
        if value.name != ASKED or config.is_conditional
    }


def build_sections(shown: Streamed, knobs: Sequence[str] = KNOBS) -> dict[str, list[Any]]:
    """Return the panels by section: of what runs stream, and of the settings they differ in."""
    import wandb_workspaces.reports.v2 as wr

    pictures = {"samples": "The first latents"}
    if shown.images:
        pictures["interpolation"] = "Interpolations"
    return {
        "Losses": [
            _lines("Losses of D and G", "loss/d", "loss/g", smoothing_factor=0.6,
                   smoothing_show_original=True),
            _lines("D(x) and D(G(z))", "d/real", "d/fake_1", "d/fake_2"),
            _lines("Gradient norms", "grad_norm/d", "grad_norm/g", log_y=True),
        ],
        "Samples": [
            wr.MediaBrowser(title=title, media_keys=[key], num_columns=3)
            for key, title in pictures.items()
        ],
        "Scores": _score_panels(shown, knobs),
        "Final scores": [
            wr.BarPlot(title=title_of(name, better),
                       metrics=[wr.SummaryMetric(f"evaluation/{weights}/{name}")
                                for weights in ("ema", "raw")])
            for name, better in shown.final.items()
        ],
        "Collapse": _collapse_panels(shown),
    }  # fmt: skip


def _score_panels(shown: Streamed, knobs: Sequence[str]) -> list[Any]:
    """Return the curves of scores that have a best value, and the best by setting."""
    import wandb_workspaces.reports.v2 as wr

    column = wr.ParallelCoordinatesPlotColumn
    coordinates = [
        column(metric=wr.Config(config_path(knob)), log=knob in LOGARITHMIC) for knob in knobs
    ]
    panels: list[Any] = [
        _lines(title_of(name, better), f"score/{name}", log_y=name in shown.chosen_by)
        for name, better in shown.training.items()
        if better != "floor"
    ]
    for name in shown.chosen_by:
        least = wr.SummaryMetric(_least(name))
        words = value_named(name).title
        panels += [
            wr.LinePlot(title=f"Against images shown to D: {words}", x="images",
                        y=[f"score/{name}"], log_y=True),
            wr.BarPlot(title=f"Least {words} by setting", metrics=[least],
                       groupby=wr.Config(config_path((*knobs, "choices.model")[0])),
                       groupby_aggfunc="mean", groupby_rangefunc="stddev"),
            wr.ParallelCoordinatesPlot(
                title=f"Settings against the least {words}",
                columns=[*coordinates, column(metric=least, inverted=True)],
            ),
        ]  # fmt: skip
    return panels


def _collapse_panels(shown: Streamed) -> list[Any]:
    """Return the monitor's verdict with its evidence, scores best as real data, the census."""
    import wandb_workspaces.reports.v2 as wr

    verdicts = ", ".join(f"{code} {words}" for code, words in enumerate(VERDICTS))
    panels: list[Any] = [
        _lines(f"Verdict of the monitor: {verdicts}", KEY, range_y=(0, len(VERDICTS) - 1)),
        _lines("Samples differ, and lie apart, as real ones do at 1", "monitor/spread",
               "monitor/nearest"),
        _lines("Pairs that D ranks rightly: 1/2 is chance", "d/accuracy", range_y=(0, 1)),
    ]  # fmt: skip
    panels += [
        _lines(title_of(name, better), f"score/{name}")
        for name, better in shown.training.items()
        if better == "floor"
    ]
    if shown.counted:
        panels += [
            wr.CustomChart(query={"summaryTable": {"tableKey": "modes/bars_table"}},
                           chart_name="wandb/bar/v0",
                           chart_fields={"label": "class", "value": "share"},
                           chart_strings={"title": "Mode coverage: share of samples by class"}),
            wr.WeavePanelSummaryTable(table_name="modes/table"),
            wr.BarPlot(title="Missing classes", metrics=[wr.SummaryMetric("modes/missing")]),
        ]  # fmt: skip
    return panels


def _lines(title: str, *keys: str, **options: Any) -> Any:
    import wandb_workspaces.reports.v2 as wr

    return wr.LinePlot(title=title, x="step", y=list(keys), **options)


def _least(name: str) -> str:
    """Return where a run's summary has the least value of a score."""
    return f"score/{name}.min"


def build_workspace(
    entity: str, project: str, shown: Streamed, knobs: Sequence[str] = KNOBS
) -> Any:
    """Return the workspace: a section for each theme, the best runs first."""
    import wandb_workspaces.workspaces as ws

    sections = [
        ws.Section(name=name, panels=panels, is_open=True)
        for name, panels in build_sections(shown, knobs).items()
    ]
    best_first = ws.Ordering(ws.Summary(_least(shown.chosen_by[0])), ascending=True)
    return ws.Workspace(
        name="gan_lab",
        entity=entity,
        project=project,
        sections=sections,
        settings=ws.WorkspaceSettings(x_axis="step", max_runs=40),
        runset_settings=ws.RunsetSettings(order=[best_first]),
    )


def build_report(
    entity: str, project: str, study: str | None, shown: Streamed, knobs: Sequence[str] = KNOBS
) -> Any:
    """Return a W&B report with the same panels over the runs of a study, or of the project."""
    import wandb_workspaces.reports.v2 as wr

    filters = f"Group == '{study}'" if study else ""
    blocks: list[Any] = [
        wr.TableOfContents(),
        wr.P(text="Built by gan-lab dashboard. Scores in one chart are comparable only if their "
             "protocols are alike; gan-lab report checks that."),
    ]  # fmt: skip
    for name, panels in build_sections(shown, knobs).items():
        runs = wr.Runset(entity=entity, project=project, name=study or "all runs", filters=filters)
        blocks += [wr.H1(text=name), wr.PanelGrid(runsets=[runs], panels=panels)]
    return wr.Report(
        entity=entity, project=project, title=f"gan_lab: {study or project}", blocks=blocks
    )


def panel_title(panel: Any) -> str:
    """Return the title of a panel, wherever its kind keeps it."""
    if hasattr(panel, "chart_strings"):
        title: str = panel.chart_strings["title"]
        return title
    return panel.title if hasattr(panel, "title") else f"the table {panel.table_name}"


def as_json(workspace: Any) -> str:
    """Return a workspace as W&B stores it; building it checks every panel."""
    text: str = workspace._to_model().model_dump_json(by_alias=True, indent=1)
    return text


def config_path(knob: str) -> str:
    """Return where a setting of a report's columns is in a run's W&B config."""
    if knob in (*PARTS, "optimizer"):
        return f"choices.{knob}"
    if knob == "from":
        return "runtime.from_run"
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
