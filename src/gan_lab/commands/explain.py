"""`gan-lab explain KEY=VALUE ...`: formulas, layers, curves, scores, data."""

from gan_lab import explain, overrides, synonyms
from gan_lab.checks import check_ranges
from gan_lab.datasheet import explain_dataset
from gan_lab.errors import UsageError
from gan_lab.record import make_record, presumed_data_facts

HELP = """\
usage: gan-lab explain KEY=VALUE ...

  loss=NAME          formula, source, settings, curves, and how a real run of it looks
  penalty=[NAME]     the same of a penalty
  model=NAME         the layers of both networks as built, with the arithmetic of their sides
  score=NAME         formula, source, what is better, and on how many samples it is measured
  dataset=NAME       number, size, classes, source, licence, where it was found, a contact sheet

Other settings change what is explained: gan-lab explain model=dcgan image_size=64 ngf=32
"""


def main(arguments: list[str]) -> int:
    """Explain the losses, penalties, models, scores and datasets that the settings name."""
    if {"-h", "--help"} & set(arguments):
        print(HELP, end="")
        return 0
    settings = [text for text in arguments if not text.startswith("-")]
    keys = {text.partition("=")[0] for text in settings}
    scores = [text.partition("=")[2] for text in settings if text.startswith("score=")]
    settings = [text for text in settings if not text.startswith("score=")]
    named = keys & {"loss", "loss_type", "penalty", "model", "score", "dataset"}
    if not named or any(text.startswith("-") for text in arguments):
        raise UsageError(
            "explain what? loss=NAME, penalty=[NAME], model=NAME, score=NAME or dataset=NAME "
            "(KEY=VALUE ...)."
        )
    (job,) = overrides.jobs(settings, multirun=False)
    check_ranges(job.config)
    record = make_record(job.config, job.choices)
    record |= presumed_data_facts(record)
    lines: list[str] = []
    if "model" in named:
        lines += [*explain.explain_model(record), ""]
    if named & {"loss", "loss_type"}:
        lines += [*explain.explain_loss(record), ""]
    if "penalty" in named:
        for name, spec in record["penalty"].items():
            lines += [*explain.explain_penalty(name, spec), ""]
    for name in scores:
        lines += [*explain.explain_score(name), ""]
    if "dataset" in named:
        lines += explain_dataset(record)
    if "bce" in (text.partition("=")[2] for text in settings):
        lines.append(f"note: {synonyms.BCE_NOTE}")
    print("\n".join(lines).rstrip())
    return 0
