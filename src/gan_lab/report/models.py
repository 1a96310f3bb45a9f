"""What was trained, and how: a block for each pair of networks that the runs of a report share."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gan_lab.common.console import NOTHING, counted
from gan_lab.common.typed import plain
from gan_lab.explain.description import (
    Effort,
    ModelDescription,
    describe,
    facts_of,
    with_networks_of,
)
from gan_lab.explain.drawing import draw_networks, drawing_name
from gan_lab.explain.layers import Player
from gan_lab.report.collect import RunData
from gan_lab.report.page import Figure
from gan_lab.report.settings import Settings
from gan_lab.report.study import Study
from gan_lab.report.tables import Table

MOST = 4  # networks that are shown layer by layer; of more the parameters are counted
CAPTION = (
    "Layers in the order in which they are called, in brackets their parameters; beside each arrow "
    "the shape that goes on, without the batch. Functions that are no layers, and ways around "
    "layers, are not drawn."
)


@dataclass(frozen=True)
class Block:
    """What runs with the same networks have in common: a title, tables, and a drawing if they are
    built."""

    title: str
    tables: list[Table]
    drawing: Figure | None


@dataclass(frozen=True)
class _Group:
    """Runs with the same networks, in words what tells these apart, and their descriptions."""

    title: str
    described: list[ModelDescription]

    @property
    def first(self) -> ModelDescription:
        return self.described[0]


def blocks_of(study: Study, folder: Path) -> list[Block]:
    """Describe the networks of a study and draw them into a folder; the first few if many."""
    groups = _groups(study.look.runs, study.settings)
    blocks = [_overview(groups)] if len(groups) > 1 else []
    names: list[str] = []
    for group in groups[:MOST]:
        model = group.first.config.choices.model
        names.append(model)
        blocks.append(_block(group, folder / drawing_name(model, names.count(model))))
    return blocks


def _groups(runs: Sequence[RunData], settings: Settings) -> list[_Group]:
    members: dict[str, list[RunData]] = {}
    for data in runs:
        members.setdefault(_networks_key(data), []).append(data)
    groups = []
    for found in members.values():
        first = describe(found[0].config, _effort(found[0]))
        others = [with_networks_of(first, data.config, _effort(data)) for data in found[1:]]
        groups.append(_Group(_title(found, settings), [first, *others]))
    return groups


def _networks_key(data: RunData) -> str:
    """Return what two runs share whose networks are the same, starting weights included."""
    config = data.config
    classes = len(config.class_counts) if config.is_conditional else 0
    held = (config.choices.model, plain(config.model), config.latent_dim, config.shape)
    return repr((*held, config.pack, classes, config.weight_init))


def _title(group: Sequence[RunData], settings: Settings) -> str:
    """Return the model's name, and the settings that vary elsewhere and not in this group."""
    cells = list(zip(*(settings.of_run[data.name] for data in group), strict=True))
    told = [f"{name} {values[0]}" for name, values in zip(settings.columns, cells, strict=True)
            if len({*values}) == 1 and name != "model"]  # fmt: skip
    return ", ".join([group[0].config.choices.model, *told])


def _effort(data: RunData) -> Effort:
    told = (line["seconds"] for line in reversed(data.metrics) if "seconds" in line)
    status, starts = data.run.status(), data.run.environment()
    return Effort(data.step, next(told, None), status.total_seconds, tuple(starts))


def _overview(groups: Sequence[_Group]) -> Block:
    rows = []
    for group in groups:
        players = group.first.players
        counts = [f"{player.parameters:,}" for player in players or ()] or [NOTHING, NOTHING]
        latents = f"{group.first.config.latent_dim:,}"
        rows.append([group.title, latents, *counts, str(len(group.described))])
    headings = ["networks", "latents", "parameters of G", "parameters of D", "runs"]
    left = len(groups) - MOST
    remarks = [f"The first {MOST} are shown below; `gan-lab explain RUN` shows those of any run."]
    title = f"The {counted(len(groups), 'pair')} of networks"
    return Block("", [Table(title, headings, rows, remarks if left > 0 else [])], None)


def _block(group: _Group, path: Path) -> Block:
    first, title = group.first, group.title
    tables = [_layers(player, title) for player in first.players or ()]
    facts = [[fact.name, fact.text] for fact in facts_of(group.described)]
    remarks = [first.obstacle] if first.obstacle else []
    tables.append(Table(f"Training of {title}", ["what", "value"], facts, remarks))
    if first.players is None:
        return Block(title, tables, None)
    drawing = Figure(
        draw_networks(first.players, path),
        f"The networks of {title}",
        CAPTION,
        shows=f"Block diagram of the generator and the discriminator of {title}, from input to "
        f"output, a box for each step. {CAPTION}",
    )
    return Block(title, tables, drawing)


def _layers(player: Player, title: str) -> Table:
    rows = [
        [layer.words, layer.shape, f"{layer.parameters:,}", layer.arithmetic]
        for layer in player.layers
    ]
    if player.outside:
        rows.insert(0, ["parameters outside of layers", NOTHING, f"{player.outside:,}", ""])
    rows.append(["all", "", f"{player.parameters:,}", ""])
    remarks = [f"In: {player.inputs}.", f"Starting weights: {player.weights}."]
    headings = ["layer", "out", "parameters", "side"]
    return Table(f"{player.name.capitalize()} of {title}", headings, rows, remarks)
