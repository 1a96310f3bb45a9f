"""Which knob holds where several layers set it: the command line, an experiment and its bases.

In one layer the specific knob beats the general one; a general one of a stronger layer resets the
specific ones of weaker layers.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from gan_lab.common.errors import UsageError
from gan_lab.common.paths import config_file
from gan_lab.config.overrides import LENGTHS, OPTIMIZERS, for_hydra, split
from gan_lab.config.own.yaml_files import load_yaml, shown

FEEDS = {"hidden_dim": ("ngf", "ndf"), "lr": ("lr_g", "lr_d")}  # general -> specific knobs
ALL_FEEDS = {**FEEDS, "optimizer": OPTIMIZERS}  # and choices
RESETS = {
    specific: f"{specific}=null" if general == "optimizer" else f"{specific}=${{{general}}}"
    for general, specifics in ALL_FEEDS.items()
    for specific in specifics
}  # what makes a specific knob follow its general one


def with_resets(settings: list[str]) -> list[str]:
    """Add what a knob of a stronger layer resets in weaker ones, and write all as Hydra takes it.

    `hidden_dim` typed here beats an experiment's `ngf`; `epochs` here beats its `steps`; and so do
    those of an experiment beat those of one that it is based on.
    """
    keys = {split(text)[1] for text in settings}
    layers = [*_experiment_layers(settings), keys]
    resets = [
        RESETS[specific]
        for general, specifics in ALL_FEEDS.items()
        for specific in specifics
        if specific not in keys and _strongest(layers, (specific,)) < _strongest(layers, (general,))
    ]
    place = _strongest(layers, LENGTHS)
    if place >= 0:
        resets += [f"{key}=null" for key in LENGTHS if key not in {*layers[place], *keys}]
    return for_hydra([*settings, *resets])


def _strongest(layers: Sequence[set[str]], keys: Iterable[str]) -> int:
    """Return the place of the last layer that sets one of the keys; -1 if none does."""
    places = [place for place, layer in enumerate(layers) if layer & set(keys)]
    return max(places, default=-1)


def _experiment_layers(settings: list[str]) -> list[set[str]]:
    """Return the keys that the files of the chosen experiment set, the one it begins with first."""
    name = next((text.partition("=")[2] for text in settings if text.startswith("experiment=")), "")
    path = config_file("experiment", name)
    return _layers_of_file(path, []) if name and path.is_file() else []


def _layers_of_file(path: Path, above: list[Path]) -> list[set[str]]:
    if path in above:
        raise UsageError(
            f"{shown(path)} begins with itself: give it another name than what it extends."
        )
    file = load_yaml(path)
    keys = {str(key) for key in file if OmegaConf.is_missing(file, key) or file[key] is not None}
    lengths = [key for key in LENGTHS if key in keys]
    if len(lengths) > 1:
        both = " and ".join(lengths)
        raise UsageError(f"{shown(path)} sets {both}: two lengths of one run; keep one.")
    defaults = file.get("defaults") or []
    keys |= {_choice(str(key)) for one in defaults if isinstance(one, DictConfig) for key in one}
    names = [one for one in defaults if isinstance(one, str) and one != "_self_"]
    bases = [config_file("experiment", name) for name in names]
    above = [*above, path]
    earlier = [layer for base in bases if base.is_file() for layer in _layers_of_file(base, above)]
    return [*earlier, keys]


def _choice(key: str) -> str:
    """Return what an entry of a defaults list chooses: `override /optimizer@optimizer_g`, say."""
    return key.split()[-1].lstrip("/").rpartition("@")[2]


def below(
    point: dict[str, str], typed: Sequence[str], feeds: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """Return what is left of a point's settings where stronger ones are `typed` (their keys).

    `feeds` names the specific knobs that a typed general one resets.
    """
    beaten = {*typed, *(specific for key in typed for specific in feeds.get(key, ()))}
    return {key: value for key, value in point.items() if key not in beaten}
