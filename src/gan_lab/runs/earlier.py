"""Runs that version 0.1 began: the command that began one goes on with it, on the same images."""

from dataclasses import replace

from gan_lab.config.identity import run_directory
from gan_lab.config.run_config import RunConfig
from gan_lab.config.spec import Spec

# What conf/dataset sets since: without them a loader reads and splits its files as version 0.1 did.
ARGUMENTS = ("holdout", "layout")


def as_begun(config: RunConfig) -> RunConfig:
    """Return the config of version 0.1 if its run is there, and none that today's settings make."""
    before = _of_version_01(config)
    if before == config or run_directory(config).is_dir() or not run_directory(before).is_dir():
        return config
    return before


def _of_version_01(config: RunConfig) -> RunConfig:
    dataset = config.dataset
    then = replace(
        dataset,
        unhashed=(),
        images=_without(dataset.images),
        listing=dataset.listing and _without(dataset.listing),
    )
    return replace(config, dataset=then)


def _without(spec: Spec) -> Spec:
    kept = {key: value for key, value in spec.arguments.items() if key not in ARGUMENTS}
    return replace(spec, arguments=kept)
