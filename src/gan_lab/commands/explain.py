"""`gan-lab explain KEY=VALUE ...`: formulas, layers, curves, data."""

from gan_lab import explain, overrides
from gan_lab.checks import check_ranges
from gan_lab.datasheet import explain_dataset
from gan_lab.errors import UsageError
from gan_lab.record import make_record, presumed_data_facts


def main(arguments: list[str]) -> int:
    """Explain the losses, penalties, models and datasets that the settings name."""
    settings = [text for text in arguments if not text.startswith("-")]
    keys = {text.partition("=")[0] for text in settings}
    named = keys & {"loss", "loss_type", "penalty", "model", "dataset"}
    if not named or len(settings) < len(arguments):
        raise UsageError(
            "explain what? loss=NAME, penalty=[NAME], model=NAME or dataset=NAME (KEY=VALUE ...)."
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
    if "dataset" in named:
        lines += explain_dataset(record)
    print("\n".join(lines).rstrip())
    return 0
