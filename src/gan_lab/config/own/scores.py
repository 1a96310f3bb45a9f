"""One's own scores, which the config of a run that takes them holds whole."""

from collections.abc import Mapping
from typing import Any

from omegaconf import OmegaConf

from gan_lab.common.paths import config_file, names_in, own_folders
from gan_lab.config.own.yaml_files import load_yaml

LISTS = ("scores", "scores_during_training")


def own_scores(dataset: Mapping[str, Any]) -> dict[str, Any]:
    """Return `own_scores` of a composed dataset: what the files of those of its scores hold that
    are one's own. Without any, nothing."""
    asked = dict.fromkeys(name for key in LISTS for name in dataset.get(key) or ())
    mine = {name for folder in own_folders() for name in names_in(folder, "score")}
    files = {name: load_yaml(config_file("score", name)) for name in asked if name in mine}
    held = {name: OmegaConf.to_container(file, resolve=True) for name, file in files.items()}
    return {"own_scores": held} if held else {}
