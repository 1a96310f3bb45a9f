"""From the command line's settings to the configs of runs, composed by Hydra."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.errors import HydraException, MissingConfigException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from gan_lab.common.errors import UsageError, unknown
from gan_lab.common.paths import conf_directory, config_file, config_names
from gan_lab.config.grammar import values_of_each
from gan_lab.config.hydra_errors import no_such_config, no_such_setting, reason
from gan_lab.config.overrides import GROUPS, LENGTHS, NEEDED, OPTIMIZERS, canonical, split
from gan_lab.config.own import search_path
from gan_lab.config.own.folders import chosen_files
from gan_lab.config.own.scores import own_scores
from gan_lab.config.own.yaml_files import load_yaml, shown
from gan_lab.config.precedence import ALL_FEEDS, below, with_resets
from gan_lab.config.run_config import RunConfig, make_config, resolved
from gan_lab.config.schema import Config
from gan_lab.config.search import Search, read_search
from gan_lab.config.spec import Spec
from gan_lab.config.sweep import Settings, Sweep, label_of, sweep_points

MOST_SEEDS = 10_000  # of one setting

ConfigStore.instance().store(name="schema", node=Config)


@dataclass(frozen=True)
class Composed:
    """The settings of a run, and those of the command that it belongs to."""

    config: RunConfig
    launcher: Spec
    search: Search | None
    pruner: Spec | None  # which stops trials of the search
    seeds: int
    restart: bool
    own_sweep: Sweep | None  # that the experiment writes out
    sweep_name: str | None
    setting: tuple[str, ...] = ()  # what sets this run apart from the others of its command
    beaten: tuple[str, ...] = ()  # settings of its sweep that typed ones have replaced


def jobs(
    arguments: Sequence[str], multirun: bool, points: Sequence[Settings] | None = None
) -> list[Composed]:
    """Compose every run that the settings ask for, so that a typo anywhere starts none.

    `points` are settings below the typed ones that stand in for those of a sweep.
    Raises UsageError, in one line, for a setting, a value or a combination that there is not.
    """
    settings = canonical(arguments)
    swept = values_of_each(settings, multirun)
    with _hydra():
        several = [len(values) > 1 for values in swept]
        found = [
            job
            for typed in itertools.product(*swept)
            for job in _expand(list(typed), list(itertools.compress(typed, several)), points)
        ]
    for text in itertools.compress(settings, several):
        if split(text)[1] in LENGTHS and found[0].config.lr_decay == "none":
            raise UsageError(
                f"{text}: the longest of these runs goes through the others; run that one alone, "
                "and score_every=N scores it at several steps."
            )
    return found


@contextmanager
def _hydra() -> Iterator[None]:
    """Let Hydra compose from one's own configs, where folders of them are in use, and gan_lab's."""
    search_path.register()
    with initialize_config_dir(str(conf_directory()), version_base="1.3", job_name="gan-lab"):
        yield


def asks_for_several(experiment: str) -> bool:
    """Return whether an experiment, by its name, is of several runs: a sweep's, or several seeds'.

    Raises UsageError if there is none of that name.
    """
    with _hydra():
        base = _compose([f"experiment={experiment}"])
        return _sweep(base) is not None or len(_seeds(base, [], several=False)) > 1


def _expand(
    typed: list[str], apart: list[str], points: Sequence[Settings] | None
) -> list[Composed]:
    """Compose the runs of one set of typed settings: those of its sweep, at each of its seeds.

    `apart` are the settings that differ between the sets.
    """
    none = "sweep=null" in typed
    typed = [text for text in typed if text != "sweep=null"]
    base = _compose(with_resets(typed))
    keys = [split(text)[1] for text in typed]
    sweep = None if none else _sweep(base)
    seeds = _seeds(base, keys, "seed" in _by_key(apart))
    if points is None and sweep is None and len(seeds) == 1:
        return [replace(base, setting=tuple(apart))]
    stronger = [*keys, *(["seed"] if "seeds" in keys else [])]
    if set(keys) & set(LENGTHS):
        stronger += LENGTHS
    found: dict[tuple[str, ...], Composed] = {}
    for point in sweep_points(sweep) if points is None else points:
        named = _by_key(canonical(f"{key}={value}" for key, value in point.items()))
        kept = below(named, stronger, ALL_FEEDS)
        beaten = tuple(f"{key}={value}" for key, value in named.items() if key not in kept)
        for seed in [None] if "seed" in kept else seeds:
            chosen = kept | ({"seed": str(seed)} if len(seeds) > 1 and seed is not None else {})
            texts = tuple(f"{key}={value}" for key, value in chosen.items())
            if texts not in found:
                others = [text for text in typed if split(text)[1] not in chosen]
                found[texts] = _compose(with_resets([*others, *texts]))
            job = found[texts]
            if points is None and "label" not in stronger:
                job = _called(job, label_of(sweep, kept))
            found[texts] = replace(job, setting=(*apart, *texts), beaten=(*job.beaten, *beaten))
    return list(found.values())


def _called(job: Composed, label: str | None) -> Composed:
    return replace(job, config=job.config.with_runtime(label=label)) if label else job


def _sweep(base: Composed) -> Sweep | None:
    """Return the sweep that was chosen by name, or else the one that the experiment writes out."""
    name = base.sweep_name
    if name is None or name not in config_names("sweep"):
        return base.own_sweep
    # Alone: an experiment's own would be merged into it.
    content: Any = OmegaConf.to_container(load_yaml(config_file("sweep", name)), resolve=True)
    return dict(content)


def _seeds(base: Composed, typed: Sequence[str], several: bool) -> list[int]:
    """Return the seeds that `seeds=N` fans out to, from `seed` on. A typed list of seeds beats an
    experiment's `seeds`. Raises UsageError if both are typed."""
    if not 1 <= base.seeds <= MOST_SEEDS:
        raise UsageError(f"seeds={base.seeds}: must be at least 1 and at most {MOST_SEEDS:,}.")
    if several and "seeds" in typed:
        raise UsageError(f"a list of seeds and seeds={base.seeds} both choose seeds; keep one.")
    first = base.config.seed
    return list(range(first, first + (1 if several else base.seeds)))


def _by_key(settings: Iterable[str]) -> Settings:
    return {key: value for _, key, value in map(split, settings)}


def _compose(settings: list[str]) -> Composed:
    try:
        config = compose("config", settings, return_hydra_config=True)
        chosen = config.hydra.runtime.choices
        choices = {group: chosen.get(group) for group in GROUPS if chosen.get(group) is not None}
        for player in OPTIMIZERS:
            choices[player] = chosen.get(f"optimizer@{player}") or choices.get("optimizer")
        with open_dict(config):
            del config["hydra"]
        _refuse_unknown(config, settings)
        choices["penalty"] = list(config.penalty or {})
        content = resolved(config)
        content["dataset"] |= own_scores(content["dataset"])
        made = make_config(content, choices, chosen_files(settings))
        _refuse_betas(settings, made)
        return Composed(
            made,
            Spec.from_plain(content["launcher"]),
            read_search(content["search"]),
            _pruner(content),
            content["seeds"],
            content["restart"],
            content["sweep"],
            chosen.get("sweep"),
        )
    except MissingConfigException as error:
        raise UsageError(no_such_config(error)) from None
    except RecursionError:
        files = ", ".join(shown(file) for file in chosen_files(settings))
        raise UsageError(f"one of {files} begins with itself: give it another name.") from None
    except (HydraException, OmegaConfBaseException, YAMLError, ValueError) as error:
        raise UsageError(reason(error, settings, chosen_files(settings))) from None


def _pruner(content: Mapping[str, Any]) -> Spec | None:
    """Return what stops trials early. Raises UsageError where there are no trials, or where a
    shorter run would be another one."""
    if content["pruner"] is None:
        return None
    if content["search"] is None:
        raise UsageError("a pruner stops trials of a search: add search=NAME.")
    if content["steps"] is None or content["lr_decay"] != "none":
        raise UsageError(
            "a pruner looks at a run before it goes on, whose length is therefore set with steps=, "
            "and lr_decay=none."
        )
    return Spec.from_plain(content["pruner"], "pruner")


def _refuse_unknown(config: DictConfig, settings: Sequence[str]) -> None:
    """Refuse what `+key=value` and `group=null` let through."""
    for key in config:
        if key not in Config.__dataclass_fields__:
            raise UsageError(no_such_setting(str(key), settings))
    for group in NEEDED:
        if not isinstance(config.get(group), DictConfig):
            raise UsageError(f"a run needs a {group}: {group}=NAME.")
    for group in ("optimizer", *OPTIMIZERS):
        if not isinstance(config[group], DictConfig):
            raise UsageError(
                f"{group}={config[group]} is no setting of a file: it is chosen in `defaults:`, as "
                f"in conf/config.yaml."
            )


def _refuse_betas(settings: Sequence[str], config: RunConfig) -> None:
    """Raise UsageError if a beta is set, and no optimizer of the run has one."""
    for _, key, value in map(split, settings):
        if key in ("beta1", "beta2") and not config.has_betas:
            names = " and ".join(dict.fromkeys(config.choices.optimizers))
            raise UsageError(f"{key}={value}: {names} has no betas; leave {key} out.")


def load_defaults() -> DictConfig:
    """Return conf/config.yaml: the knobs at their defaults."""
    config = OmegaConf.load(conf_directory() / "config.yaml")
    assert isinstance(config, DictConfig)
    return config


def opening_comment(group: str, name: str) -> list[str]:
    """Return the lines of comment that a config of a group begins with."""
    text = config_file(group, name).read_text(encoding="utf-8")
    lines = itertools.takewhile(lambda line: line.startswith("#"), text.splitlines())
    return [line.lstrip("# ") for line in lines]


def load_group(group: str, name: str) -> DictConfig:
    """Return a config of a group of conf/. Raises UsageError for a name that it does not have."""
    names = config_names(group)
    if name not in names:
        raise UsageError(unknown(group, name, names))
    return load_yaml(config_file(group, name))
