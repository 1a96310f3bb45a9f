"""A trained run as a notebook shows it: a short card with a picture, settings and scores."""

from contextlib import suppress

from gan_lab.common.errors import RunError
from gan_lab.common.text import html_text
from gan_lab.config.run_config import RunConfig
from gan_lab.runs.directory import Run
from gan_lab.training.display.notebook import newest_samples

MOST_SCORES = 10


def card(run: Run, config: RunConfig) -> str:
    """Return HTML of a run: its newest samples, settings and scores. Nothing of it is built."""
    status, chosen = run.status(), config.choices
    rows = [
        ("state", f"{status.state}, step {status.step:,}"),
        ("model", chosen.model),
        ("loss", chosen.loss),
        ("dataset", chosen.dataset),
        ("seed", str(config.seed)),
        ("latent_dim", str(config.latent_dim)),
        ("lr_g, lr_d", f"{config.lr_g:g}, {config.lr_d:g}"),
    ]
    with suppress(RunError):  # scores that cannot be read are said where runs are listed
        scores = list(run.final_scores().items())
        rows += [(name, f"{value:.4g}") for name, value in scores[:MOST_SCORES]]
    cells = "".join(
        f"<tr><th>{html_text(name)}</th><td>{html_text(value)}</td></tr>" for name, value in rows
    )
    title = f"<div><b>{html_text(str(run.directory))}</b></div>"
    return f'{title}<div style="display:flex">{newest_samples(run)}<table>{cells}</table></div>'
