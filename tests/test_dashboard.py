"""The panels of W&B: every number and picture that one names is in the log of an offline run."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from test_wandb import logs, read_log

from gan_lab import dashboard

wr = pytest.importorskip(
    "wandb_workspaces.reports.v2", reason="the extra dashboard is not installed"
)

QUICK = (
    *("steps=4", "log_every=1", "sample_every=2", "score_every=2", "threads=1"),
    *("evaluation.samples=100", "evaluation.samples_during=100", "hidden_dim=4,8"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, gan_lab_in):
    """A folder with the offline logs of two runs."""
    folder = tmp_path_factory.mktemp("dashboard")
    result = gan_lab_in(folder, "-m", "study=widths", *QUICK)
    assert result.returncode == 0, result.stderr
    return folder


def named(panel: Any) -> Iterator[tuple[str, str]]:
    """What a panel names: ("history" | "media" | "table" | "summary" | "config", name)."""
    if isinstance(panel, wr.LinePlot):
        yield "history", plain(panel.x)
        yield from (("history", plain(key)) for key in panel.y)
    elif isinstance(panel, wr.MediaBrowser):
        yield from (("media", key) for key in panel.media_keys)
    elif isinstance(panel, wr.BarPlot):
        yield from (kind_and_name(metric) for metric in panel.metrics)
        if panel.groupby is not None:
            yield kind_and_name(panel.groupby)
    elif isinstance(panel, wr.ParallelCoordinatesPlot):
        yield from (kind_and_name(column.metric) for column in panel.columns)
    elif isinstance(panel, wr.CustomChart):
        yield "table", panel.query["summaryTable"]["tableKey"]
    elif isinstance(panel, wr.WeavePanelSummaryTable):
        yield "table", panel.table_name
    else:
        raise AssertionError(f"a panel that this test cannot read: {type(panel)}")


def plain(key: Any) -> str:
    return key if isinstance(key, str) else key.name


def kind_and_name(metric: Any) -> tuple[str, str]:
    return ("config" if isinstance(metric, wr.Config) else "summary"), metric.name


def inside(tree: dict[str, Any], path: str) -> bool:
    """Whether a nested value is there: a.b.c, where a name may hold dots or slashes itself."""
    if path in tree:
        return True
    parts = path.split(".")
    heads = [".".join(parts[:count]) for count in range(1, len(parts))]
    return any(isinstance(tree.get(head), dict) and inside(tree[head], path[len(head) + 1 :])
               for head in heads)  # fmt: skip


def test_the_offline_log_holds_all_that_the_workspace_names(folder, gan_lab_here):
    workspace = dashboard.build_workspace("us", "gan_lab", ["hidden_dim"])
    log = read_log(logs(folder)[0])
    keys = {key for row in log.rows for key in row}
    pictures, tables = (
        {key for row in log.rows for key, value in row.items()
         if isinstance(value, dict) and value.get("_type") == kind}
        for kind in ("image-file", "table-file")
    )  # fmt: skip
    panels = [panel for section in workspace.sections for panel in section.panels]
    everything = [pair for panel in panels for pair in named(panel)]
    assert {section.name for section in workspace.sections} >= {
        "Losses", "Samples", "Scores", "Collapse",
    }  # fmt: skip
    kinds = {"history", "media", "table", "summary", "config"}
    assert {kind for kind, _ in everything} == kinds
    # A run of a few steps makes noise, of which no number of missing classes is said.
    assert ("summary", "modes/missing") in everything and not inside(log.summary, "modes/missing")
    everything.remove(("summary", "modes/missing"))
    for kind, name in everything:
        there = {
            "history": name in keys,
            "media": name in pictures,
            "table": name in tables,
            "summary": inside(log.summary, name),
            "config": inside(log.config, name),
        }
        assert there[kind], f"{kind} {name} is not in the log"
    (order,) = workspace.runset_settings.order
    assert inside(log.summary, order.item.name)
    assert not inside(log.summary, "score/fd_classifer.min")  # or the test cannot fail


def test_summaries_have_the_least_and_the_last_score(folder):
    log = read_log(logs(folder)[0])
    values = [row["score/fd_classifier"] for row in log.rows if "score/fd_classifier" in row]
    assert len(values) == 2
    assert log.summary["score/fd_classifier"] == {
        "min": pytest.approx(min(values)),
        "last": pytest.approx(values[-1]),
    }


def test_the_workspace_and_the_report_are_valid_without_a_network(monkeypatch):
    workspace = json.loads(dashboard.as_json(dashboard.build_workspace("us", "gan_lab")))
    assert "gan_lab" in json.dumps(workspace)
    # A report asks the server for one thing, the number of the project.
    answer = {"project": {"internalId": "1"}}
    service = SimpleNamespace(execute_graphql=lambda *args, **options: answer)
    api = SimpleNamespace(_service_api=service)
    monkeypatch.setattr("wandb_workspaces.reports.v2.interface._get_api", lambda: api)
    text = dashboard.build_report("us", "gan_lab", "widths")._to_model().model_dump_json()
    for word in ("widths", "loss/d", "samples", "score/fd_classifier", "hidden_dim"):
        assert word in text


def test_the_verb_writes_what_it_built(gan_lab_here, folder):
    runs = ("--runs-dir", f"{folder / 'runs'}")
    result = gan_lab_here("dashboard", "widths", *runs)
    assert result.returncode == 0, result.stderr
    written = result.stdout.splitlines()[-1]
    assert "hidden_dim" in Path(written).read_text()
    assert "account" in result.stdout


def test_saving_needs_an_account_and_says_so(gan_lab_here):
    result = gan_lab_here("dashboard", "--save")
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1 and "wandb login" in result.stderr


def test_saving_gives_the_addresses_or_the_reason(monkeypatch):
    from gan_lab.errors import RunError

    monkeypatch.setenv("WANDB_API_KEY", "0123456789" * 4)

    def refuse():
        raise ValueError("no such project\nand more")

    saved = SimpleNamespace(save=lambda: SimpleNamespace(url="https://wandb.example.org/1"))
    assert dashboard.save(saved, saved) == ["https://wandb.example.org/1"] * 2
    with pytest.raises(RunError, match=r"no such project$"):
        dashboard.save(SimpleNamespace(save=refuse))
