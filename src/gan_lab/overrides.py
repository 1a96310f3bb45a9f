"""The command line's settings: synonyms, layers and typos, settled before Hydra composes them."""

import difflib
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import (
    HydraException,
    MissingConfigException,
    OverrideParseException,
)
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from gan_lab.errors import UsageError
from gan_lab.expand import Settings, below, sweep_points
from gan_lab.paths import conf_directory
from gan_lab.schema import Config

SYNONYMS = {
    "nz": "latent_dim",
    "conv_dim": "hidden_dim",
    "num_train_steps": "steps",
    "nc": "channels",
    "nchannels": "channels",
    "loss_type": "loss",
    "data_aug": "augment",
    "discriminator_steps": "loss.discriminator_steps",
    "n_critic": "loss.discriminator_steps",
    "generator_steps": "loss.generator_steps",
    "condition_d": "model.condition_d",
}
RUNNING_SYNONYMS = {"n_jobs": "launcher.n_jobs", "trials": "search.trials"}
LOSS_SYNONYMS = {
    "bce": "minimax",
    "log_d": "nonsaturating",
    "default": "nonsaturating",
    "saturating": "minimax",
}
FEEDS = {"hidden_dim": ("ngf", "ndf"), "lr": ("lr_g", "lr_d")}  # general -> specific knobs
LENGTHS = ("steps", "epochs", "images")  # three ways to say one thing
GROUPS = ("model", "loss", "penalty", "dataset", "augment", "logger", "experiment")
RUNNING_GROUPS = ("sweep", "search", "launcher")  # of many runs, and of no single one
BCE_NOTE = "bce = minimax; the BCELoss of most tutorials is loss=nonsaturating"

ConfigStore.instance().store(name="schema", node=Config)


@dataclass(frozen=True)
class Job:
    """A composed config with the names that were chosen in its groups."""

    config: DictConfig
    choices: dict[str, Any]
    sweep: str | None = None  # the name of the sweep that it belongs to
    setting: tuple[str, ...] = ()  # what sets this run apart from the others of its command
    beaten: tuple[str, ...] = ()  # settings of its sweep that typed ones have replaced


def jobs(
    arguments: Sequence[str], multirun: bool, points: Sequence[Settings] | None = None
) -> list[Job]:
    """Compose every run that the settings ask for, so that a typo anywhere starts none.

    `points` are settings below the typed ones that stand in for those of a sweep.
    Raises UsageError, in one line, for a setting, a value or a combination that there is not.
    """
    settings = canonical(arguments)
    with initialize_config_dir(str(conf_directory()), version_base="1.3", job_name="gan-lab"):
        swept = [_values(_parse(text), text, multirun) for text in settings]
        several = [len(values) > 1 for values in swept]
        found = [
            job
            for typed in itertools.product(*swept)
            for job in _expand(list(typed), list(itertools.compress(typed, several)), points)
        ]
    for text in itertools.compress(settings, several):
        if _split(text)[1] in LENGTHS and found[0].config.lr_decay == "none":
            raise UsageError(
                f"{text}: the longest of these runs goes through the others; run that one alone, "
                "and score_every=N scores it at several steps."
            )
    return found


def _expand(typed: list[str], apart: list[str], points: Sequence[Settings] | None) -> list[Job]:
    """Compose the runs of one set of typed settings: those of its sweep, at each of its seeds.

    `apart` are the settings that differ between the sets.
    """
    none = "sweep=null" in typed
    typed = [text for text in typed if text != "sweep=null"]
    base = _compose(with_resets(typed))
    keys = [_split(text)[1] for text in typed]
    sweep = None if none else _sweep(base)
    seeds = _seeds(base.config, keys, "seed" in _by_key(apart))
    if points is None and sweep is None and len(seeds) == 1:
        return [replace(base, setting=tuple(apart))]
    stronger = [*keys, *(["seed"] if "seeds" in keys else [])]
    if set(keys) & set(LENGTHS):
        stronger += LENGTHS
    found: dict[tuple[str, ...], Job] = {}
    for point in sweep_points(sweep) if points is None else points:
        named = _by_key(canonical(f"{key}={value}" for key, value in point.items()))
        kept = below(named, stronger, FEEDS)
        beaten = tuple(f"{key}={value}" for key, value in named.items() if key not in kept)
        for seed in [None] if "seed" in kept else seeds:
            chosen = kept | ({"seed": str(seed)} if len(seeds) > 1 and seed is not None else {})
            texts = tuple(f"{key}={value}" for key, value in chosen.items())
            if texts not in found:
                others = [text for text in typed if _split(text)[1] not in chosen]
                found[texts] = _compose(with_resets([*others, *texts]))
            job = found[texts]
            found[texts] = replace(job, setting=(*apart, *texts), beaten=(*job.beaten, *beaten))
    return list(found.values())


def _sweep(base: Job) -> Any:
    """Return the sweep that was chosen by name, or else the one that the experiment writes out."""
    name = base.sweep
    if name is None or name not in _names("sweep"):
        sweep = base.config.sweep
    else:  # alone: an experiment's own would be merged into it
        sweep = OmegaConf.load(conf_directory() / "sweep" / f"{name}.yaml")
    return OmegaConf.to_container(sweep, resolve=True) if sweep is not None else None


def _seeds(config: DictConfig, typed: Sequence[str], several: bool) -> list[int]:
    """Return the seeds that `seeds=N` fans out to, from `seed` on. A typed list of seeds beats an
    experiment's `seeds`. Raises UsageError if both are typed."""
    if config.seeds < 1:
        raise UsageError(f"seeds={config.seeds}: must be at least 1.")
    if several and "seeds" in typed:
        raise UsageError(f"a list of seeds and seeds={config.seeds} both choose seeds; keep one.")
    return list(range(config.seed, config.seed + (1 if several else config.seeds)))


def _by_key(settings: Iterable[str]) -> Settings:
    return {key: value for _, key, value in map(_split, settings)}


def canonical(arguments: Iterable[str]) -> list[str]:
    """Rewrite synonyms to their one key and value; the same knob set twice must agree.

    Raises UsageError for two different values, or two different lengths.
    """
    settings: dict[str, tuple[str, str]] = {}
    for argument in arguments:
        prefix, name, value = _split(argument)
        key = (SYNONYMS | RUNNING_SYNONYMS).get(name, name)
        if key == "loss" and value:
            value = ",".join(LOSS_SYNONYMS.get(one, one) for one in value.split(","))
        if key in ("model", "loss", "dataset") and (prefix == "~" or value in ("", "null")):
            names = ", ".join(_names(key))
            raise UsageError(f"a run needs a {key}: {key}=NAME, with NAME from {names}.")
        if prefix == "~" and key in Config.__dataclass_fields__:
            raise UsageError(f"{key} cannot be taken away; set it: {key}=VALUE.")
        if prefix == "+" and key in (*GROUPS, *RUNNING_GROUPS, *Config.__dataclass_fields__):
            raise UsageError(f"{key} is there already: write {key}={value}, without the +.")
        if key in settings and not _same_value(settings[key][0], f"{prefix}{key}={value}"):
            other = settings[key][1]
            raise UsageError(f"{other} and {argument} set one knob to different values; keep one.")
        settings.setdefault(
            key, (f"{prefix}{key}={value}" if value is not None else argument, argument)
        )
    lengths = [
        settings[key][1] for key in LENGTHS if key in settings and "=null" not in settings[key][0]
    ]
    if len(lengths) > 1:
        raise UsageError(f"{' and '.join(lengths)} are two lengths of one run; keep one.")
    return [text for text, _ in settings.values()]


def _same_value(first: str, second: str) -> bool:
    """Whether two settings of one key say the same, be it in other digits (2e-4, 0.0002)."""
    try:
        return float(first.partition("=")[2]) == float(second.partition("=")[2])
    except ValueError:
        return first == second


def with_resets(settings: list[str]) -> list[str]:
    """Add what a knob of a stronger layer resets in weaker ones.

    `hidden_dim` typed here beats an experiment's `ngf`; `epochs` here beats its `steps`; and so do
    those of an experiment beat those of one that it is based on.
    """
    keys = {_split(text)[1] for text in settings}
    layers = [*_experiment_layers(settings), keys]
    resets = [
        f"{specific}=${{{general}}}"
        for general, specifics in FEEDS.items()
        for specific in specifics
        if specific not in keys and _strongest(layers, (specific,)) < _strongest(layers, (general,))
    ]
    place = _strongest(layers, LENGTHS)
    if place >= 0:
        resets += [f"{key}=null" for key in LENGTHS if key not in {*layers[place], *keys}]
    return [*settings, *resets]


def _strongest(layers: Sequence[set[str]], keys: Iterable[str]) -> int:
    """Return the place of the last layer that sets one of the keys; -1 if none does."""
    places = [place for place, layer in enumerate(layers) if layer & set(keys)]
    return max(places, default=-1)


def _experiment_layers(settings: list[str]) -> list[set[str]]:
    """Return the keys that the files of the chosen experiment set, the one it begins with first."""
    name = next((text.partition("=")[2] for text in settings if text.startswith("experiment=")), "")
    path = conf_directory() / "experiment" / f"{name}.yaml"
    return _layers_of_file(path) if name and path.is_file() else []


def _layers_of_file(path: Path) -> list[set[str]]:
    try:
        file = OmegaConf.load(path)
    except YAMLError as error:
        raise UsageError(f"{path} is no YAML: {' '.join(str(error).split())[:80]}.") from None
    if not isinstance(file, DictConfig):
        return []
    keys = {str(key) for key in file if OmegaConf.is_missing(file, key) or file[key] is not None}
    lengths = [key for key in LENGTHS if key in keys]
    if len(lengths) > 1:
        raise UsageError(f"{path} sets {' and '.join(lengths)}: two lengths of one run; keep one.")
    bases = [
        path.parent / f"{one}.yaml" for one in file.get("defaults", []) if isinstance(one, str)
    ]
    earlier = [layer for base in bases if base.is_file() for layer in _layers_of_file(base)]
    return [*earlier, keys]


def _split(argument: str) -> tuple[str, str, Any]:
    """Split `+key=value` into prefix, key and value (None for a deletion, `~key`)."""
    match = re.match(r"^(\+\+|\+|~)?([^=]+)(?:=(.*))?$", argument, re.DOTALL)
    if match is None or (match[3] is None and match[1] != "~"):
        raise UsageError(f"{argument!r} is no setting; write KEY=VALUE (`gan-lab --help`).")
    return match[1] or "", match[2], match[3]


def _parse(text: str) -> Override:
    try:
        return OverridesParser.create().parse_override(text)
    except (OverrideParseException, HydraException):
        raise UsageError(
            f"{text!r} cannot be read; quote a value that holds spaces, commas or brackets."
        ) from None


def _values(override: Override, text: str, multirun: bool) -> list[str]:
    if not override.is_sweep_override():
        return [text]
    if not multirun:
        raise UsageError(f"{text} lists several values; add -m to run each.")
    if not override.is_discrete_sweep():
        raise UsageError(f"{text} is an interval; list the values, as in KEY=1,2,3.")
    key = override.get_key_element()
    return [f"{key}={value}" for value in override.sweep_string_iterator()]


def _compose(settings: list[str]) -> Job:
    try:
        config = compose("config", settings, return_hydra_config=True)
        chosen = config.hydra.runtime.choices
        choices = {group: chosen.get(group) for group in GROUPS if chosen.get(group) is not None}
        with open_dict(config):
            del config["hydra"]
        _refuse_unknown(config)
        OmegaConf.to_container(config, resolve=True)
        choices["penalty"] = list(config.penalty or {})
        return Job(config, choices, chosen.get("sweep"))
    except MissingConfigException as error:
        raise UsageError(_missing(error)) from None
    except (HydraException, OmegaConfBaseException, YAMLError, ValueError) as error:
        raise UsageError(_reason(error)) from None


def _refuse_unknown(config: DictConfig) -> None:
    """Refuse what `+key=value` and `group=null` let through."""
    for key in config:
        if key not in Config.__dataclass_fields__:
            raise UsageError(f"there is no setting {key!r}.{_closest(str(key), _known_keys())}")
    for group in ("model", "loss", "dataset"):
        if not isinstance(config.get(group), DictConfig):
            raise UsageError(f"a run needs a {group}: {group}=NAME.")


def _missing(error: MissingConfigException) -> str:
    group, _, name = str(error.missing_cfg_file or "").rpartition("/")
    group = group.strip("/")
    if not error.options and (match := re.search(r"Could not load '(\w+)/(\w+)'", str(error))):
        group, name = match.groups()
        error.options = _names(group)
    if error.options:
        options = sorted(error.options)
        return (
            f"no {group} called {name!r}.{_closest(name, options)} There is {', '.join(options)}."
        )
    return str(error).splitlines()[0]


def _reason(error: Exception) -> str:
    text = str(error)
    if match := re.match(r"Could not override '(launcher|search)\.(\w+)'", text):
        group, key = match.groups()
        return f"{key} belongs to a {group} that is not chosen: {_names_with(group, key)}."
    if match := re.match(r"Could not override '([^']+)'", text):
        return f"there is no setting {match[1]!r}.{_closest(match[1], _known_keys())}"
    if match := re.search(r"Could not (?:override|append|delete)[^']*'([^']+)'", text):
        return f"there is no setting {match[1]!r}.{_closest(match[1], _known_keys())}"
    if match := re.match(r"Error merging override (\S+)", text):
        cause = str(error.__cause__ or "").splitlines()
        return f"{match[1]}: {_expected(cause[0] if cause else text)}"
    if match := re.search(r"Key '([^']+)' (?:not in|is not in struct)", text):
        key = SYNONYMS.get(match[1])
        advice = f" It is called {key!r} in files." if key else _closest(match[1], _known_keys())
        return f"a config file sets {match[1]!r}, which is no setting.{advice}"
    origin = str(error.__cause__ or error.__context__ or "")
    if match := re.search(r"full_key: (\S+)", origin):
        return f"a config file sets {match[1]}: {_expected(origin.splitlines()[0])}"
    return text.splitlines()[0]


def _expected(cause: str) -> str:
    kinds = {
        **{"Integer": "a whole number", "int": "a whole number", "Float": "a number"},
        **{"float": "a number", "Boolean": "true or false", "bool": "true or false"},
    }
    if match := re.search(r"could not be converted to (\w+)", cause):
        return f"expected {kinds.get(match[1], match[1])}."
    if match := re.search(r"is not a valid (\w+)", cause):
        return f"expected {kinds.get(match[1], match[1])}."
    if "Optional" in cause:
        return "cannot be null."
    return cause


def _names(group: str) -> list[str]:
    return sorted(path.stem for path in (conf_directory() / group).glob("*.yaml"))


def _names_with(group: str, key: str) -> str:
    """Say which configs of a group have a key."""
    folder = conf_directory() / group
    names = [name for name in _names(group) if key in OmegaConf.load(folder / f"{name}.yaml")]
    return "add " + " or ".join(f"{group}={name}" for name in names or _names(group))


def _known_keys() -> list[str]:
    config = compose("config")
    return [*_leaves(config), *SYNONYMS, *GROUPS, *RUNNING_GROUPS]


def _leaves(config: Mapping[Any, Any], prefix: str = "") -> Iterable[str]:
    for key, value in config.items():
        yield f"{prefix}{key}"
        if isinstance(value, DictConfig):
            yield from _leaves(value, f"{prefix}{key}.")


def _closest(word: str, options: Iterable[str]) -> str:
    found = difflib.get_close_matches(word, list(dict.fromkeys(options)), n=2, cutoff=0.6)
    return f" Did you mean {' or '.join(repr(one) for one in found)}?" if found else ""
