"""`gan-lab explain KEY=VALUE ...`: formulas, layers, curves, scores, data."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from gan_lab.common.errors import UsageError
from gan_lab.config import compose, overrides
from gan_lab.config.checks import check_ranges
from gan_lab.config.run_config import data_facts, make_record, presumed_data_facts
from gan_lab.evaluation.scores import named_scores
from gan_lab.explain.components import explain_loss, explain_penalty, explain_score
from gan_lab.explain.datasets import explain_dataset
from gan_lab.explain.layers import explain_model
from gan_lab.training import build

HELP = """\
usage: gan-lab explain KEY=VALUE ...

  loss=NAME          formula, source, settings, curves, and how a real run of it looks
  penalty=[NAME]     the same of a penalty
  model=NAME         the layers of both networks as built, with the arithmetic of their sides
  score=NAME         formula, source, what is better, and on how many samples it is measured
  dataset=NAME       number, size, classes, source, licence, where it was found, a contact sheet
  experiment=NAME    networks, losses, penalties and data of its runs, each once

Other settings change what is explained: gan-lab explain model=dcgan image_size=64 ngf=32
"""
PARTS = ("model", "loss", "penalty", "dataset")


def main(arguments: list[str]) -> int:
    """Explain the losses, penalties, models, scores and datasets that the settings name."""
    if {"-h", "--help"} & set(arguments):
        print(HELP, end="")
        return 0
    settings = [text for text in arguments if not text.startswith("score=")]
    scores = [text.partition("=")[2] for text in arguments if text.startswith("score=")]
    parts = _parts({text.partition("=")[0] for text in settings})
    if not (parts or scores) or any(text.startswith("-") for text in arguments):
        raise UsageError(
            "explain what? loss=NAME, penalty=[NAME], model=NAME, score=NAME, dataset=NAME or "
            "experiment=NAME (KEY=VALUE ...)."
        )
    explained: dict[str, None] = {}
    for run in compose.jobs(settings, multirun=False):
        check_ranges(run.config)
        record = make_record(run.config, run.choices)
        record |= _facts(record, parts)
        explained |= dict.fromkeys(map("\n".join, _explanations(record, parts)))
    for name in named_scores(",".join(scores)):
        explained["\n".join(explain_score(name))] = None
    print("\n\n".join(explained))
    if "bce" in (text.partition("=")[2] for text in settings):
        print(f"\nnote: {overrides.BCE_NOTE}")
    return 0


def _parts(keys: Collection[str]) -> list[str]:
    """Return those of PARTS that settings name; of an experiment all, unless they name some."""
    named = {overrides.SYNONYMS.get(key, key) for key in keys}
    return [part for part in PARTS if part in named] or ([*PARTS] if "experiment" in named else [])


def _facts(record: Mapping[str, Any], parts: Collection[str]) -> dict[str, Any]:
    """Return the shape and classes that networks are built for: the data's, or else presumed.

    Data that nobody asks about are neither downloaded nor decoded for the sake of the layers.
    """
    is_points = [record[part].get("points", False) for part in ("model", "dataset")]
    if {"model", "dataset"} <= {*parts} and is_points[0] == is_points[1]:
        return data_facts(build.dataset(record))
    return presumed_data_facts(record)


def _explanations(record: Mapping[str, Any], parts: Collection[str]) -> Iterator[Iterator[str]]:
    """Yield the lines of each thing that is explained of a run."""
    if "model" in parts:
        yield explain_model(record)
    if "loss" in parts:
        yield explain_loss(record)
    if "penalty" in parts:
        for name, spec in record["penalty"].items():
            yield explain_penalty(name, spec)
    if "dataset" in parts:
        yield explain_dataset(record)
