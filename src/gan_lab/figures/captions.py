"""The words under figures: what was trained, how, and which weights are shown."""

from gan_lab.config.run_config import RunConfig

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
