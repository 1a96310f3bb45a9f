"""The words under figures: what was trained, how, and which weights are shown."""

import textwrap

from gan_lab.config.run_config import RunConfig

JOINT = "\N{NO-BREAK SPACE}"  # at which no line is broken
WEIGHTS = {"ema": "averaged weights (EMA)", "raw": "raw weights"}


def caption(config: RunConfig, step: int) -> str:
    """Return a run's caption: networks, loss, data, and the four settings that lab sheets ask for.

    `step` counts the updates of the generator behind the picture.
    """
    choices = config.choices
    return (
        f"{choices.model}, {choices.loss} on {choices.dataset}: "
        f"latent_dim = {config.latent_dim}, {capacity(config)}, "
        f"batch_size = {config.batch_size}, num_train_steps = {step:,}, "
        f"seed = {config.seed}"
    )


def capacity(config: RunConfig) -> str:
    """Return hidden_dim, or ngf and ndf where they differ."""
    if config.ngf == config.ndf:
        return f"hidden_dim = {config.ngf}"
    return f"ngf = {config.ngf}, ndf = {config.ndf}"


def in_lines(label: str, letters: int) -> str:
    """Break a label into lines of so many letters: after its commas, and between the words of a
    part only where the part is longer than a line."""
    parts = [part if len(part) >= letters else part.replace(" ", JOINT)
             for part in label.split(", ")]  # fmt: skip
    lines = textwrap.wrap(", ".join(parts), letters, break_on_hyphens=False)
    return "\n".join(lines).replace(JOINT, " ")
