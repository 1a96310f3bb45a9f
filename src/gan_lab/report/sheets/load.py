"""A sheet is read from conf/sheet/NAME.yaml, the user's own or one of gan_lab's."""

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from omegaconf import OmegaConf

from gan_lab.common.errors import UsageError, closest, unknown
from gan_lab.common.paths import config_file, config_names
from gan_lab.common.typed import Json, Malformed, read
from gan_lab.config.leaves import CHOSEN
from gan_lab.config.overrides import LENGTHS, PARTS, SYNONYMS
from gan_lab.config.own.yaml_files import load_yaml, shown
from gan_lab.config.precedence import FEEDS
from gan_lab.config.schema import GENERAL_KNOBS, RESULT_KNOBS, Config
from gan_lab.evaluation.scores import known_values
from gan_lab.report.sheets.analyses import ANALYSES, WHICH
from gan_lab.report.sheets.sheet import Columns, Need, Question, Sheet, Titles, Words
from gan_lab.report.sheets.shows import SHOWS

GROUP = "sheet"
# What texts of the form may have filled in.
FILLED = {"needed": {"settings"}, "short": {"run", "done", "wanted"}, "seeds": {"done", "wanted"},
          "source": {"files"}}  # fmt: skip
NAME_IN_BRACES = re.compile(r"\{([\w.]*)\}")
# What a caption may say of a run.
CAPTIONED = sorted({*CHOSEN, *FEEDS, *GENERAL_KNOBS, *RESULT_KNOBS, *LENGTHS, "num_train_steps",
                    "study", "folder"})  # fmt: skip
NOT_IN_FILE = ("name", "file")


def load_sheet(name: str) -> Sheet:
    """Return a sheet by its name. Raises UsageError, in one line, for a mistake in its file."""
    content = _content(name)
    file = config_file(GROUP, name)
    words = content.get("words")
    if isinstance(words, str):
        content["words"] = _content(words).get("words")
    try:
        _refuse_unknown_keys(content)
        sheet = read(Sheet, {**content, "name": name, "file": file})
    except Malformed as error:
        raise UsageError(f"{shown(file)}: {error}.") from None
    _check(sheet)
    return sheet


def _content(name: str) -> dict[str, Json]:
    if name not in config_names(GROUP):
        raise UsageError(unknown(GROUP, name, config_names(GROUP)))
    content: Any = OmegaConf.to_container(load_yaml(config_file(GROUP, name)), resolve=False)
    return dict(content)


def _refuse_unknown_keys(content: Mapping[str, Json]) -> None:
    """Raise Malformed for a key that nothing reads: it may be a mistyped one."""
    _refuse(content, Sheet, "", NOT_IN_FILE)
    words = content.get("words")
    if isinstance(words, Mapping):
        _refuse(words, Words, "words.")
        _refuse(words.get("columns"), Columns, "words.columns.")
        _refuse(words.get("titles"), Titles, "words.titles.")
    for number, question in enumerate(_list(content.get("questions"))):
        _refuse(question, Question, f"questions[{number}].")
        needs = question.get("needs") if isinstance(question, Mapping) else None
        for place, need in enumerate(_list(needs)):
            _refuse(need, Need, f"questions[{number}].needs[{place}].")


def _list(content: Any) -> Iterable[Any]:
    return content if isinstance(content, list) else []


def _refuse(content: Any, kind: Any, place: str, never: Iterable[str] = ()) -> None:
    known = [one.name for one in fields(kind) if one.name not in never]
    for key in content if isinstance(content, Mapping) else ():
        if key not in known:
            raise Malformed(f"{place}{key} is no key of a sheet; choose from {', '.join(known)}")


def _check(sheet: Sheet) -> None:
    """Raise UsageError for a name that stands for nothing."""
    place = shown(sheet.file)
    for key, known in FILLED.items():
        for name in NAME_IN_BRACES.findall(getattr(sheet.words, key)):
            if name not in known:
                raise UsageError(f"{place}: words.{key}: {unknown('name', name, sorted(known))}")
    for name in NAME_IN_BRACES.findall(sheet.caption):
        if name not in CAPTIONED:
            raise UsageError(f"{place}: caption: {unknown('name', name, CAPTIONED)}")
    scores = known_values()
    for question in sheet.questions:
        for score in question.scores:
            if score not in scores:
                raise UsageError(f"{place}: {unknown('score', score, scores)}")
        for show in question.show:
            if show not in SHOWS:
                raise UsageError(f"{place}: {unknown('item of show', show, list(SHOWS))}")
        for name, which in question.analyses.items():
            if name not in ANALYSES:
                raise UsageError(f"{place}: {unknown('analysis', name, list(ANALYSES))}")
            if which not in WHICH:
                raise UsageError(f"{place}: {name}: {unknown('choice of runs', which, WHICH)}")
        _check_settings(sheet.baseline, place)
        for need in question.needs:
            _check_settings(need.run, place)
            _check_command(need.make, place)
            if need.seeds < 1:
                raise UsageError(f"{place}: seeds: {need.seeds} of a need: at least 1 is run.")
            if need.seeds > 1 and "seed" in {**sheet.baseline, **need.run}:
                raise UsageError(f"{place}: a need of {need.seeds} seeds has no seed of its own.")


def _check_command(make: str, place: str) -> None:
    """Raise UsageError for a command that is more than settings: it would be another verb."""
    try:
        words = shlex.split(make)
    except ValueError as error:
        raise UsageError(f"{place}: make: {make}: {error}.") from None
    if odd := next((word for word in words if "=" not in word or word.startswith("-")), None):
        raise UsageError(f"{place}: make: {odd} is no setting; write KEY=VALUE ...")


def _check_settings(settings: Mapping[str, Json], place: str) -> None:
    """Raise UsageError for a key that is no setting of a run."""
    for name in settings:
        part, dot, _ = SYNONYMS.get(name, name).partition(".")
        known = PARTS if dot else [*SYNONYMS, *Config.__dataclass_fields__]
        if part not in known and name not in SYNONYMS:
            raise UsageError(f"{place}: {name} is no setting of a run.{closest(name, known)}")
