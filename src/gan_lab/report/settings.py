"""Which settings of runs vary: those are columns; the others are stated once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from gan_lab.common.text import figure_text
from gan_lab.common.typed import Json
from gan_lab.config import leaves
from gan_lab.config.leaves import Leaves
from gan_lab.config.overrides import NEEDED, OPTIMIZERS, PARTS
from gan_lab.config.precedence import ALL_FEEDS
from gan_lab.config.run_config import ADAM
from gan_lab.config.schema import GENERAL_KNOBS, RESULT_KNOBS, Config
from gan_lab.report.collect import RunData

FIRST = (*PARTS, "optimizer", "latent_dim", "hidden_dim", "ngf", "ndf", "batch_size",
         "num_train_steps")  # fmt: skip
ABSENT = "–"
MOST_NAMED = 2  # more things that vary are named only where they are unusual
BASELINE = "baseline"


@dataclass(frozen=True)
class Settings:
    """The names of settings that vary, what each run has for them, and what all share."""

    columns: list[str]
    of_run: dict[str, tuple[str, ...]]  # by the run's name, a cell a column
    constants: dict[str, str]
    given: Mapping[tuple[str, ...], str] = field(default_factory=dict)  # the user's own labels

    def label(self, setting: tuple[str, ...]) -> str:
        """Return a setting in words, as legends show it: those it was given, or what varies,
        without what `usual` has, or where nothing varies what was trained."""
        if setting in self.given:
            return self.given[setting]
        if not self.columns:
            return ", ".join(self.constants[name] for name in NEEDED if name in self.constants)
        pairs = zip(self.columns, setting, strict=True)
        told = [f"{name} {value}" for name, value in pairs
                if self.usual.get(name) != value and name not in self._followers]  # fmt: skip
        return ", ".join(told) or BASELINE

    def figure_label(self, setting: tuple[str, ...]) -> str:
        """Return the same words as a figure takes them."""
        return figure_text(self.label(setting))

    @cached_property
    def _followers(self) -> set[str]:
        """Arguments that another column decides: WGAN-GP's discriminator has no batch norm."""
        cells = dict(zip(self.columns, zip(*self.of_run.values(), strict=True), strict=True))
        leaders = [found for name, found in cells.items() if "." not in name]
        return {name for name, found in cells.items()
                if "." in name and any(_decides(leader, found) for leader in leaders)}  # fmt: skip

    @cached_property
    def usual(self) -> dict[str, str]:
        """What most settings have, where so much varies that a label with all of it is unreadable:
        cases that change one thing each. Grids, whose values are all as common, have none."""
        if len(self.columns) <= MOST_NAMED:
            return {}
        settings = set(self.of_run.values())
        found = {}
        for index, name in enumerate(self.columns):
            value, count = Counter(setting[index] for setting in settings).most_common(1)[0]
            if 2 * count > len(settings):
                found[name] = value
        return found

    def ordered(self) -> list[tuple[str, ...]]:
        """Return the settings, sorted as numbers where they are numbers."""
        return sorted(
            set(self.of_run.values()), key=lambda setting: [_sortable(c) for c in setting]
        )


def _decides(leader: Sequence[str], follower: Sequence[str]) -> bool:
    """Whether equal cells of one column always have equal cells of another beside them."""
    return len(set(zip(leader, follower, strict=True))) == len(set(leader))


def compare(runs: Sequence[RunData]) -> Settings:
    """Return what varies between runs beside their seeds, and what does not."""
    knobs = [_knobs(data) for data in runs]
    _drop_doubles(knobs)
    names = sorted({name for found in knobs for name in found}, key=_place)
    for found, nested in zip(knobs, _nested_differences(runs, knobs), strict=True):
        found.update(nested)
    names += sorted({name for found in knobs for name in found} - {*names})
    cells = {name: [_cell(found.get(name, ABSENT)) for found in knobs] for name in names}
    columns = [name for name in names if len(set(cells[name])) > 1]
    constants = {
        name: cells[name][0]
        for name in names
        if name not in columns and not _is_neutral(name, knobs[0].get(name))
    }
    of_run = {
        data.name: tuple(cells[name][index] for name in columns) for index, data in enumerate(runs)
    }
    return Settings(columns, of_run, constants, _given_labels(runs, of_run))


def _given_labels(
    runs: Sequence[RunData], of_run: Mapping[str, tuple[str, ...]]
) -> dict[tuple[str, ...], str]:
    """Return the labels of settings all of whose runs have one, and which no other has."""
    found: dict[tuple[str, ...], set[str | None]] = {}
    for data in runs:
        found.setdefault(of_run[data.name], set()).add(data.config.runtime.label)
    alone = {setting: labels.pop() for setting, labels in found.items() if len(labels) == 1}
    counts = Counter(alone.values())
    return {setting: label for setting, label in alone.items() if label and counts[label] == 1}


def _knobs(data: RunData) -> Leaves:
    """Return the settings of a run that a person would name, nothing nested."""
    config = data.config
    found = _chosen_parts(data)
    found |= {key: getattr(config, key) for key in (*RESULT_KNOBS, *GENERAL_KNOBS) if key != "seed"}
    if not config.has_betas:
        found["beta1"] = found["beta2"] = None
    found["from"] = config.initial.words if config.initial else None
    # A run that has ended early has the setting of those beside it: the length that was asked for.
    asked = config.runtime.steps
    found["num_train_steps"] = data.step if data.finished or asked is None else asked
    return found


def _chosen_parts(data: RunData) -> Leaves:
    return {part: name for part, name in leaves.choices(data.config).items() if part in PARTS}


def _drop_doubles(knobs: Sequence[Leaves]) -> None:
    """Keep the general knob where the specific ones equal each other in all runs, else those."""
    for general, specific in ALL_FEEDS.items():
        alike = all(len({found.get(name) for name in specific}) == 1 for found in knobs)
        for found in knobs:
            values = [found.pop(name, None) for name in specific]
            if alike:
                found[general] = values[0]
            else:
                found.pop(general, None)
                found.update(zip(specific, values, strict=True))


def _nested_differences(runs: Sequence[RunData], knobs: Sequence[Leaves]) -> list[Leaves]:
    """Return arguments of networks, loss, penalties and data that differ within one choice.

    An argument that a knob feeds, or that follows another one, is not named again.
    """
    nested = [_without_empty(leaves.deep_arguments(data.config)) for data in runs]
    chosen = [_chosen_parts(data) for data in runs]
    known = {tuple(_cell(found.get(name)) for found in knobs) for name in knobs[0]}
    kept: list[Leaves] = [{} for _ in runs]
    for name in sorted(
        {name for found in nested for name in found}, key=lambda n: (n.count("."), n)
    ):
        part = name.split(".")[0]
        by_choice: dict[str, set[str]] = {}
        for names, found in zip(chosen, nested, strict=True):
            choice = _cell(names.get(part))
            by_choice.setdefault(choice, set()).add(_cell(found.get(name, ABSENT)))
        values = tuple(_cell(found.get(name, ABSENT)) for found in nested)
        follows = any(_same_partition(values, other) for other in known)
        fed = name.split(".")[-1] in Config.__dataclass_fields__
        if max(map(len, by_choice.values())) > 1 and not follows and not fed:
            known.add(values)
            for found, into in zip(nested, kept, strict=True):
                if name in found:
                    into[name] = found[name]
    return kept


def _without_empty(found: Leaves) -> Leaves:
    """Leave out mappings without keys, which are not there in a table."""
    return {name: value for name, value in found.items() if value != {}}


def _same_partition(first: Sequence[str], second: Sequence[str]) -> bool:
    pairs = set(zip(first, second, strict=True))
    return len(pairs) == len(set(first)) == len(set(second))


def _is_neutral(name: str, value: Json) -> bool:
    """Whether a setting is at a default that means `off`, and need not be stated."""
    if name == "penalty":
        return not value
    if name in ("optimizer", *OPTIMIZERS):
        return value == ADAM
    default = getattr(Config, name, ABSENT)
    return value is None or (default != "???" and default == value)


def _place(name: str) -> tuple[int, int, str]:
    if name in FIRST:
        return 0, FIRST.index(name), name
    fields = list(Config.__dataclass_fields__)
    return 1, fields.index(name) if name in fields else len(fields), name


def _cell(value: Json) -> str:
    if isinstance(value, list):
        return "+".join(str(item) for item in value) or "none"
    if value is None:
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _sortable(cell: str) -> tuple[int, float, str]:
    try:
        return 0, float(cell), ""
    except ValueError:
        return 1, 0.0, cell
