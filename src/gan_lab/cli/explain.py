"""`gan-lab explain KEY=VALUE ...`: formulas, layers, curves, scores, optimizers, data."""

from collections.abc import Collection

from gan_lab.cli.arguments import use_own_configs
from gan_lab.common.console import say
from gan_lab.common.errors import UsageError
from gan_lab.config import compose, overrides
from gan_lab.config.checks import check_ranges
from gan_lab.config.own.folders import remarks
from gan_lab.evaluation.scores import load_score, named_scores

HELP = """\
usage: gan-lab explain KEY=VALUE ...

  loss=NAME          formula, source, settings, curves, and how a real run of it looks
  penalty=[NAME]     the same of a penalty
  optimizer=NAME     update, source and settings; optimizer_g= and optimizer_d= of one player
  model=NAME         the layers of both networks as built, with the arithmetic of their sides
  augment=NAME       what is done to images
  score=NAME         formula, source, what is better, and on how many samples it is measured
  dataset=NAME       number, size, classes, source, licence, where it was found, a contact sheet
  experiment=NAME    networks, losses, penalties, augmentation and data of its runs, each once

Other settings change what is explained.

examples:
gan-lab explain loss=wgan_gp
gan-lab explain model=dcgan image_size=64 ngf=32
"""
EXPLAINED = ("model", "loss", "penalty", "optimizer", "augment", "dataset")
# Of an experiment the data are only named: to show networks none are decoded.
PARTS = ("model", "loss", "penalty", "augment", "data")


def main(arguments: list[str]) -> int:
    """Explain the losses, penalties, optimizers, models, augmentations, scores and datasets that
    the settings name."""
    if {"-h", "--help"} & set(arguments):
        print(HELP, end="")
        return 0
    typed = use_own_configs(arguments)
    settings = [text for text in typed if not text.startswith("score=")]
    scores = [text.partition("=")[2] for text in typed if text.startswith("score=")]
    parts = _parts({text.partition("=")[0] for text in settings})
    if not (parts or scores) or any(text.startswith("-") for text in typed):
        raise UsageError(
            "explain what? loss=NAME, penalty=[NAME], optimizer=NAME, model=NAME, augment=NAME, "
            "score=NAME, dataset=NAME or experiment=NAME (KEY=VALUE ...)."
        )
    for line in remarks():
        say(line)
    composed = compose.jobs(settings, multirun=True)  # one after the other
    for run in composed:
        check_ranges(run.config)
    names = named_scores(",".join(scores))
    for name in names:
        load_score(name)
    from gan_lab.explain.components import explain_parts, explain_score  # only now: torch takes 2 s

    if overrides.says_bce(settings):
        print(f"note: {overrides.BCE_NOTE}\n")
    explained: dict[str, None] = {}
    for run in composed:
        found = explain_parts(run.config, parts)
        explained |= dict.fromkeys(map("\n".join, found))
    for name in names:
        explained["\n".join(explain_score(name))] = None
    print("\n\n".join(explained))
    return 0


def _parts(keys: Collection[str]) -> list[str]:
    """Return what settings name of EXPLAINED; of an experiment PARTS, unless they name some."""
    named = {overrides.group_of(overrides.SYNONYMS.get(key, key)) for key in keys}
    parts = [part for part in EXPLAINED if part in named]
    return parts or ([*PARTS] if "experiment" in named else [])
