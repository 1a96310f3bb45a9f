"""The panels of W&B: every number and picture that one names is in the log of an offline run."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import wandb
from PIL import Image

from gan_lab.common.paths import config_names
from gan_lab.evaluation.scores import load_score
from gan_lab.report import dashboard
from gan_lab.report.collect import collect
from gan_lab.report.dashboard import Streamed, streamed
from gan_lab.runs.directory import Run, run_directories
from gan_lab.tracking.base import census_numbers
from small_runs import FEW_SAMPLES, config_of
from wandb_log import Log, logs, read_log

wr = pytest.importorskip(
    "wandb_workspaces.reports.v2", reason="the extra dashboard is not installed"
)

QUICK = (
    *("steps=4", "log_every=1", "sample_every=2", "score_every=2", "threads=1"),
    *FEW_SAMPLES,
)
KINDS = {  # the last setting is what a study varies
    "digits": ("image_size=16", "hidden_dim=4,8"),
    "conditional": ("model=cdcgan", "image_size=16", "hidden_dim=4"),
    "ring": ("dataset=ring", "model=point_mlp", "batch_size=32"),
    "unlabelled": ("dataset=image_folder", "folder=pictures", "data_root=.", "image_size=16",
                   "hidden_dim=4"),
}  # fmt: skip
# By hand, what a study of each kind is about; conf/dataset and conf/score say the same.
OWN = {
    "digits": {"score/fd_classifier", "score/confident", "score/largest_class"},
    "conditional": {"score/fd_classifier", "score/agreement", "evaluation/ema/agreement"},
    "ring": {"score/wasserstein", "score/high_quality", "score/modes", "score/reverse_kl"},
    "unlabelled": {"score/swd", "evaluation/ema/swd", "evaluation/ema/ssim",
                   "evaluation/ema/nearest_train"},
}  # fmt: skip


@pytest.fixture(scope="module")
def folders(tmp_path_factory, gan_lab_here_in):
    """The folder with the offline logs of a study on data of a kind, made when asked for."""
    made: dict[str, Path] = {}

    def of(kind: str) -> Path:
        if kind not in made:
            folder = made[kind] = tmp_path_factory.mktemp(kind)
            (folder / "pictures").mkdir()
            noise = np.random.default_rng(0).integers(0, 256, (80, 16, 16, 3), np.uint8)
            for index, pixels in enumerate(noise if kind == "unlabelled" else ()):
                Image.fromarray(pixels).save(folder / "pictures" / f"{index}.png")
            *same, varied = KINDS[kind]
            key, values = varied.split("=")
            for value in values.split(","):  # each here: a sweep has a process for each run
                settings = ("study=widths", *same, f"{key}={value}", *QUICK)
                result = gan_lab_here_in(folder, *settings)
                wandb.teardown()
                assert result.returncode == 0, result.stderr
        return made[kind]

    return of


@pytest.fixture(scope="module")
def folder(folders) -> Path:
    return folders("digits")


def shown_of(folder: Path) -> Streamed:
    """What the runs in a folder stream, as the verb finds it."""
    return streamed([data.config for data in collect(["widths"], folder / "runs").runs])


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


@pytest.mark.parametrize("kind", KINDS)
def test_the_offline_log_holds_all_that_the_workspace_names(folders, kind):
    folder, knob = folders(kind), KINDS[kind][-1].partition("=")[0]
    workspace = dashboard.build_workspace("us", "gan_lab", shown_of(folder), [knob])
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
        "Losses", "Samples", "Scores", "Final scores", "Collapse",
    }  # fmt: skip
    kinds = {"history", "media", "summary", "config"}
    classes = {"table"} if kind != "unlabelled" else set()
    assert {source for source, _ in everything} == kinds | classes
    (directory, *_) = run_directories(folder / "runs")
    census = Run(directory).modes("ema")
    names = {name for _, name in everything}
    assert OWN[kind] | {"monitor/verdict"} <= names
    for other, own in OWN.items():  # and none that its data do not have
        assert not (own - streams(log)) & names, other
    for source, name in everything:
        there = {
            "history": name in keys,
            "media": name in pictures,
            "table": name in tables,
            "summary": inside(log.summary, name),
            "config": inside(log.config, name),
        }
        # Of so young a G nobody can tell what is missing; the test below has a census that can.
        untold = name == "modes/missing" and census and census.found.missing_number is None
        assert there[source] or untold, f"{source} {name} is not in the log"
    (order,) = workspace.runset_settings.order
    assert inside(log.summary, order.item.name)
    assert not inside(log.summary, "score/fd_classifer.min")  # or the test cannot fail


def test_a_census_that_can_tell_has_the_number_of_the_panel():
    (old,) = (Path(__file__).parents[1] / "old_run").glob("*/")
    told = Run(old).modes("ema").found
    assert (told.missing_number, census_numbers(told)["modes/missing"]) == (7, 7)


def test_every_score_of_the_log_has_a_panel(folders):
    for kind in ("digits", "ring", "unlabelled"):
        folder = folders(kind)
        log = read_log(logs(folder)[0])
        sections = dashboard.build_sections(shown_of(folder), ["hidden_dim"]).values()
        names = {name for panels in sections for panel in panels for _, name in named(panel)}
        assert {key for key in streams(log) if key.startswith(("score/", "evaluation/"))} <= names


def test_before_the_first_run_the_panels_are_those_of_the_defaults(gan_lab_here):
    result = gan_lab_here("dashboard")
    assert result.returncode == 0, result.stderr
    assert "Fréchet distance" in result.stdout


def test_without_a_study_the_runs_of_all_studies_count():
    faces, ring = config_of("dataset=faces"), config_of("dataset=ring")
    shown = streamed([faces, ring, ring])
    assert shown.chosen_by == ["wasserstein", "swd"] and shown.counted
    assert {"swd", "wasserstein", "modes"} <= shown.training.keys()
    assert not streamed([faces]).counted and "fid" not in streamed([faces]).final
    assert "fid" in streamed([faces], {"fid"}).final  # where the weights are


def streams(log: Log) -> set[str]:
    """The names of all that a run streams; of final scores, in its summary."""
    final = {
        name
        for one in config_names("score")
        for score in load_score(one).values()
        for name in (f"evaluation/ema/{score}", f"evaluation/raw/{score}")
        if inside(log.summary, name)
    }
    return final | {key for row in log.rows for key in row}


def test_summaries_have_the_least_and_the_last_score(folder):
    log = read_log(logs(folder)[0])
    values = [row["score/fd_classifier"] for row in log.rows if "score/fd_classifier" in row]
    assert len(values) == 2
    assert log.summary["score/fd_classifier"] == {
        "min": pytest.approx(min(values)),
        "last": pytest.approx(values[-1]),
    }


def test_the_workspace_and_the_report_are_valid_without_a_network(monkeypatch, folder):
    shown = shown_of(folder)
    workspace = json.loads(dashboard.as_json(dashboard.build_workspace("us", "gan_lab", shown)))
    assert "gan_lab" in json.dumps(workspace)
    # A report asks the server for one thing, the number of the project.
    answer = {"project": {"internalId": "1"}}
    service = SimpleNamespace(execute_graphql=lambda *args, **options: answer)
    api = SimpleNamespace(_service_api=service)
    monkeypatch.setattr("wandb_workspaces.reports.v2.interface._get_api", lambda: api)
    text = dashboard.build_report("us", "gan_lab", "widths", shown)._to_model().model_dump_json()
    for word in ("widths", "loss/d", "samples", "score/fd_classifier", "hidden_dim"):
        assert word in text


def test_the_verb_writes_what_it_built(gan_lab_here, folder):
    runs = ("--runs-dir", f"{folder / 'runs'}")
    result = gan_lab_here("dashboard", "widths", *runs)
    assert result.returncode == 0, result.stderr
    written = result.stdout.splitlines()[-1]
    assert "hidden_dim" in Path(written).read_text(encoding="utf-8")
    assert "account" in result.stdout


def test_saving_needs_an_account_and_says_so(gan_lab_here):
    result = gan_lab_here("dashboard", "--save")
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1 and "wandb login" in result.stderr


def test_saving_gives_the_addresses_or_the_reason(monkeypatch):
    from gan_lab.common.errors import RunError

    monkeypatch.setenv("WANDB_API_KEY", "0123456789" * 4)

    def refuse():
        raise ValueError("no such project\nand more")

    saved = SimpleNamespace(save=lambda: SimpleNamespace(url="https://wandb.example.org/1"))
    assert dashboard.save(saved, saved) == ["https://wandb.example.org/1"] * 2
    with pytest.raises(RunError, match=r"no such project$"):
        dashboard.save(SimpleNamespace(save=refuse))
