"""What config.yaml of a run holds, and what follows from it alone: directory, hash, length."""

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from gan_lab.config.instantiate import with_targets_of_today
from gan_lab.config.overrides import PARTS, VALUE_SYNONYMS
from gan_lab.config.schema import GENERAL_KNOBS, RESULT_KNOBS, RUNTIME_KNOBS

if TYPE_CHECKING:
    from gan_lab.data import ImageDataset

# What a dataset is scored by whose YAML lists no scores.
LABELLED = (
    *("fd_classifier", "class_shares", "classifier_score", "kd_classifier", "precision_recall"),
    *("swd", "ssim", "pairwise_distance", "nearest_train"),
)
UNLABELLED = ("fid", "kid", "swd", "ssim", "pairwise_distance", "nearest_train")


def make_record(config: DictConfig, choices: Mapping[str, Any]) -> dict[str, Any]:
    """Return the two halves of a composed config: what changes the result, and `runtime`."""
    automatic = config.model.get("d_norm") == "auto"
    if automatic:  # conf/model: none under a gradient penalty
        config = copy.deepcopy(config)
        config.model.d_norm = "none" if gradient_penalties(config) else "batch"
    plain: Any = OmegaConf.to_container(config, resolve=True)
    assert isinstance(plain, dict)
    plain["penalty"] = plain["penalty"] or {}
    if automatic:
        plain["model"]["d_norm"] = "auto"
    result = (*PARTS, *RESULT_KNOBS, *GENERAL_KNOBS)
    return {
        "choices": dict(choices),
        **{key: plain[key] for key in result},
        "runtime": {key: plain[key] for key in RUNTIME_KNOBS},
    }


def with_names_of_today(content: Any) -> Any:
    """Return the content of a config.yaml in which what was renamed since has its new name."""
    content = with_targets_of_today(content)
    for group, renamed in VALUE_SYNONYMS.items():
        choices = content["choices"]
        if isinstance(choices.get(group), str):
            choices[group] = renamed.get(choices[group], choices[group])
    return content


def gradient_penalties(config: Mapping[Any, Any]) -> list[str]:
    """Return the names of the penalties of a config, its loss's own among them.

    Each takes the gradient of a sample's logit by that sample alone. Under batch norm a logit
    depends on the whole batch, so that there is no such gradient.
    """
    return [*(config["loss"].get("penalties") or {}), *(config["penalty"] or {})]


def data_facts(data: "ImageDataset") -> dict[str, Any]:
    """Return what later readers of a run need of its data, without loading it."""
    counts = (
        [] if data.labels is None else data.labels.bincount(minlength=len(data.classes)).tolist()
    )
    return {"shape": list(data.shape), "image_count": len(data), "class_counts": counts}


def with_data(record: Mapping[str, Any], data: "ImageDataset") -> dict[str, Any]:
    """Return a record filled in with what only its data tell, and with what `auto` came to."""
    model = dict(record["model"])
    if model.get("d_norm") == "auto":
        model["d_norm"] = model["discriminator"].get("norm", "none")
    return {**record, "model": model, **data_facts(data)}


def presumed_data_facts(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return data facts to build networks with before the data is there: grey, with 10 classes."""
    if record["model"].get("points"):
        return {"shape": [2], "class_counts": [1] * 10}
    side = record["image_size"]
    return {"shape": [record["channels"] or 1, side, side], "class_counts": [1] * 10}


def is_labelled(record: Mapping[Any, Any]) -> bool:
    """Whether either network is given labels."""
    return bool(record["model"].get("condition_g") or record["model"].get("condition_d"))


def listed_scores(record: Mapping[str, Any]) -> list[str]:
    """Return the names of the scores of a finished run."""
    default = LABELLED if record["dataset"]["classifier"] else UNLABELLED
    return list(record["dataset"].get("scores", default))


def scores_during_training(record: Mapping[str, Any]) -> list[str]:
    """Return the names of the scores that are taken every `score_every` steps."""
    default = ("fd_classifier", "class_shares") if record["dataset"]["classifier"] else ("swd",)
    return list(record["dataset"].get("scores_during_training", default))


def selection(record: Mapping[str, Any]) -> str:
    """Return the value whose least marks the best checkpoint and the best run: a distance."""
    default = "fd_classifier" if record["dataset"]["classifier"] else "swd"
    name: str = record["dataset"].get("selection", default)
    return name
