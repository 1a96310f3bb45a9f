"""What a config holds by the keys that set it, such as model.discriminator.norm.

The functions go from the general to the specific.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from gan_lab.common.typed import Json
from gan_lab.config.overrides import LENGTHS, OPTIMIZERS, PARTS
from gan_lab.config.precedence import FEEDS
from gan_lab.config.run_config import RunConfig, as_content
from gan_lab.config.schema import GENERAL_KNOBS, RESULT_KNOBS

Leaves = dict[str, Json]
CHOSEN = ("experiment", *PARTS)


def choices(config: RunConfig) -> Leaves:
    """Return the names of the experiment and of the parts that were chosen, by group."""
    chosen = config.choices.as_plain() | dict(
        zip(OPTIMIZERS, config.choices.optimizers, strict=True)
    )
    return {group: chosen[group] for group in CHOSEN if group in chosen}


def general_knobs(config: RunConfig) -> Leaves:
    """Return the knobs that act through others, which they feed."""
    return {key: getattr(config, key) for key in FEEDS}


def knobs(config: RunConfig) -> Leaves:
    """Return the knobs that change the result, and what a run is called and found by."""
    own = {key: getattr(config, key) for key in (*GENERAL_KNOBS, *RESULT_KNOBS)}
    if not config.has_betas:
        del own["beta1"], own["beta2"]
    return own | {key: getattr(config.runtime, key) for key in (*LENGTHS, "study", "folder")}


def runtime_knobs(config: RunConfig) -> Leaves:
    """Return the knobs that change no result."""
    return dict(_leaves(as_content(config)["runtime"], ""))


def arguments(config: RunConfig) -> Leaves:
    """Return the arguments of groups, such as loss.discriminator_steps."""
    return {key: value for key, value in deep_arguments(config).items() if key.count(".") == 1}


def deep_arguments(config: RunConfig) -> Leaves:
    """Return the arguments of groups and of what they hold, such as model.discriminator.norm."""
    model = config.model
    if model.d_norm == "auto":  # config.yaml of a run tells what that came to
        model = replace(model, d_norm=model.discriminator.get("norm", "none"))
    content = as_content(replace(config, model=model))
    content["dataset"].pop("own_scores", None)  # what the names in `scores` mean
    found = dict(_leaves({part: content[part] or {} for part in PARTS}, ""))
    for player in OPTIMIZERS:
        if found.get(f"{player}.betas") == [config.beta1, config.beta2]:  # they feed it
            del found[f"{player}.betas"]
    return found | {"dataset.unhashed": list(config.dataset.unhashed)}  # said even if it is empty


def _leaves(content: Mapping[str, Json], prefix: str) -> Iterator[tuple[str, Json]]:
    """Yield each value that is no mapping with keys of its own, with the keys that lead to it."""
    for key, value in content.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
