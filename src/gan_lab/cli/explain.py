"""`gan-lab explain KEY=VALUE ...`: formulas, layers, curves, scores, optimizers, data; or a run."""

from collections.abc import Collection, Sequence

from gan_lab.cli.arguments import add_trust_options, opened_run, parser, use_own_configs
from gan_lab.common.console import say, say_figures
from gan_lab.common.errors import RunError, UsageError
from gan_lab.common.paths import built_in_names
from gan_lab.config import compose, overrides
from gan_lab.config.checks import check_ranges
from gan_lab.config.own.folders import remarks
from gan_lab.evaluation.scores import load_score, named_scores

HELP = """\
usage: gan-lab explain KEY=VALUE ...
       gan-lab explain RUN [--runs-dir DIR] [--trust] [--config-dir DIR]

  loss=NAME          formula, source, settings, curves, and how a real run of it looks
  penalty=[NAME]     the same of a penalty
  optimizer=NAME     update, source and settings; optimizer_g= and optimizer_d= of one player
  model=NAME         the layers of both networks as built, with the arithmetic of their sides
  augment=NAME       what is done to images
  score=NAME         formula, source, what is better, and on how many samples it is measured
  dataset=NAME       number, size, classes, source, licence, where it was found, a contact sheet
  experiment=NAME    networks, losses, penalties, augmentation and data of its runs, each once

Other settings change what is explained.

  RUN                a run by path, name, hash, latest or best: its layers as a list and as a
                     drawing, formulas, optimizers, data, length, machine and time

examples:
gan-lab explain loss=wgan_gp
gan-lab explain model=dcgan image_size=64 ngf=32
gan-lab explain latest
"""
FLAGS = ("--config-dir", "-cd", "--runs-dir")  # each has a folder after it
EXPLAINED = ("model", "loss", "penalty", "optimizer", "augment", "dataset")
# Of an experiment the data are only named: to show networks none are decoded.
PARTS = ("model", "loss", "penalty", "augment", "data")


def main(arguments: list[str]) -> int:
    """Explain the losses, penalties, optimizers, models, augmentations, scores and datasets that
    the settings name."""
    if {"-h", "--help"} & set(arguments):
        print(HELP, end="")
        return 0
    if _names_run(arguments):
        return _explain_run(arguments)
    typed = use_own_configs(arguments)
    settings = [text for text in typed if not text.startswith("score=")]
    scores = [text.partition("=")[2] for text in typed if text.startswith("score=")]
    parts = _parts({text.partition("=")[0] for text in settings})
    if not (parts or scores) or any(text.startswith("-") for text in typed):
        raise UsageError(
            "explain what? loss=NAME, penalty=[NAME], optimizer=NAME, model=NAME, augment=NAME, "
            "score=NAME, dataset=NAME or experiment=NAME (KEY=VALUE ...), or a run."
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


def _names_run(arguments: Sequence[str]) -> bool:
    """Whether one of the arguments is a run: a word that is no setting, and no folder of a flag."""
    before = ["", *arguments]
    return any(
        not word.startswith("-") and "=" not in word and flag not in FLAGS
        for flag, word in zip(before, arguments, strict=False)
    )


def _explain_run(arguments: list[str]) -> int:
    takes = parser("explain", "Say what a run trained, and how, and draw its networks.", ["latest"])
    takes.add_argument("run", metavar="RUN", help="path, name, hash, latest or best")
    takes.set_defaults(device="cpu", data_root=None, folder=None)  # shapes need neither
    add_trust_options(takes)
    settings = [word for word in arguments if "=" in word and not word.startswith("-")]
    if settings:
        raise UsageError(f"explain a run, or settings ({settings[0]}), but not both at once.")
    options = takes.parse_args(arguments)
    try:
        run = opened_run(options)
    except RunError as error:
        meant = [group for group in EXPLAINED if options.run in built_in_names(group)]
        if not meant:
            raise
        raise UsageError(
            f"{str(error).rstrip('.')}. Did you mean {meant[0]}={options.run}?"
        ) from None
    from gan_lab.explain.description import describe, description_lines, effort_of
    from gan_lab.explain.drawing import draw_networks, drawing_name

    described = describe(run.config, effort_of(run.run), trusted=True)  # or it had not been opened
    for line in description_lines(described):
        say(line)
    if described.players:
        say("")
        path = run.run.figures / drawing_name(run.config.choices.model)
        say_figures(draw_networks(described.players, path))
        say(str(path))
    return 0


def _parts(keys: Collection[str]) -> list[str]:
    """Return what settings name of EXPLAINED; of an experiment PARTS, unless they name some."""
    named = {overrides.group_of(overrides.SYNONYMS.get(key, key)) for key in keys}
    parts = [part for part in EXPLAINED if part in named]
    return parts or ([*PARTS] if "experiment" in named else [])
