"""What a config that comes from a run directory may name: nothing that runs anybody's code.

Such a config is walked as a whole when it is read, so that nobody who builds from it has to ask.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from omegaconf import OmegaConf

from gan_lab.common.errors import UsageError
from gan_lab.common.paths import built_in_names, conf_directory
from gan_lab.config.instantiate import MOVED

Place = tuple[str, ...]  # the keys that lead to a value

# Where a record may hold a `_target_`, and the groups of conf/ whose targets may stand there.
PLACES = {
    ("model",): ("model",),
    ("loss",): ("loss", "penalty"),
    ("penalty",): ("penalty",),
    ("dataset", "own_scores"): ("score",),
    ("dataset",): ("dataset",),
    ("augment",): ("augment",),
    ("optimizer_g",): ("optimizer",),
    ("optimizer_d",): ("optimizer",),
    ("runtime", "logger"): ("logger",),
}
# What the reader's program tells datasets and classifiers: a config that sets it would read and
# write where it likes.
READERS_OWN = {"root", "cache_dir", "dataset_name", "load_split", "device"}
PLAIN_NAME = re.compile(r"\w[\w.-]*")  # of a choice and a study: they become parts of file names


def refuse_untrusted(record: Mapping[str, Any]) -> None:
    """Raise UsageError if anything in a run's config may be anybody's code, or no plain name.

    A `_target_` may be what conf/ names in that group, or one of torch's own networks and
    optimizers; everything else needs --trust.
    """
    for place, target in targets(record):
        if not _may_be_named(target, place):
            raise UsageError(
                f"the run's config.yaml asks for {target!r} at {'.'.join(place)}, which may be "
                "anybody's code: if you trust it, add --trust."
            )
    for place, mapping in _mappings(record.get("dataset"), ("dataset",)):
        if places := sorted(READERS_OWN & mapping.keys()):
            raise UsageError(
                f"the run's config.yaml sets {places[0]} at {'.'.join(place)}, which is the "
                "reader's to set: if you trust it, add --trust."
            )
    for key, name in _names(record):
        if not PLAIN_NAME.fullmatch(name):
            raise UsageError(f"the run's config.yaml has {name!r} at {key}, which is not a name.")


def is_trustworthy(record: Mapping[str, Any]) -> bool:
    """Whether `refuse_untrusted` finds nothing."""
    try:
        refuse_untrusted(record)
    except UsageError:
        return False
    return True


def _mappings(value: Any, place: Place = ()) -> Iterator[tuple[Place, Mapping[Any, Any]]]:
    """Yield every mapping in a value, at any depth, and where it stands."""
    if isinstance(value, Mapping):
        yield place, value
    if isinstance(value, Mapping | list | tuple):
        for key, item in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _mappings(item, (*place, str(key)))


def targets(value: Any) -> Iterator[tuple[Place, Any]]:
    """Yield every `_target_` in a value, at any depth, and where it stands."""
    for place, mapping in _mappings(value):
        if "_target_" in mapping:
            yield place, mapping["_target_"]


def _names(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the names of choices and of the study, and where they stand."""
    choices, runtime = record.get("choices"), record.get("runtime")
    for group, chosen in (choices if isinstance(choices, Mapping) else {}).items():
        for name in chosen if isinstance(chosen, list) else [chosen]:
            yield f"choices.{group}", str(name)
    if isinstance(runtime, Mapping) and "study" in runtime:
        yield "runtime.study", str(runtime["study"])


def _may_be_named(target: Any, place: Place) -> bool:
    if not isinstance(target, str | None):
        return False
    groups = next((groups for key, groups in PLACES.items() if place[: len(key)] == key), ())
    today = target if target is None else MOVED.get(target, target)
    return any(today in _named_by(group) for group in groups) or _is_of_torch(target)


@cache
def _named_by(group: str) -> frozenset[Any]:
    """Return every `_target_` in the files of a group of gan_lab's own conf/."""
    files = [conf_directory() / group / f"{name}.yaml" for name in built_in_names(group)]
    contents = [OmegaConf.to_container(OmegaConf.load(file)) for file in files]
    return frozenset(target for content in contents for _, target in targets(content))


def _is_of_torch(target: Any) -> bool:
    """Whether a name is one of torch's networks or optimizers; looks it up and imports nothing."""
    from torch import nn, optim

    module, _, name = str(target).rpartition(".")
    found = getattr(sys.modules.get(module), name, None)
    return (
        isinstance(found, type)
        and issubclass(found, nn.Module | optim.Optimizer)
        and f"{found.__module__}.".startswith(("torch.nn.", "torch.optim."))
    )
