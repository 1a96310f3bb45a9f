"""How a run is called where people look for it: by its settings, not by its hash."""

from omegaconf import OmegaConf

from gan_lab.config.compose import load_defaults
from gan_lab.config.precedence import FEEDS
from gan_lab.config.run_config import RunConfig

SHORT = {"latent_dim": "latent", "hidden_dim": "hidden"}
ALWAYS = ("latent_dim", "hidden_dim")
WHERE_UNUSUAL = (
    *("image_size", "batch_size", "lr", "beta1", "beta2", "ema_decay", "weight_init"),
    *("instance_noise", "pack", "gradient_clip", "lr_decay", "precision"),
    *("label_smoothing", "lambda_gp"),
)


def setting_words(config: RunConfig) -> list[str]:
    """Return the settings of a run as a person says them: "latent 8", "hidden 12", "seed 0".

    Latents, width and seed always, other knobs and what was added to the loss or the images where
    they are not gan_lab's default.
    """
    defaults = load_defaults()
    told = []
    for knob in (*ALWAYS, *WHERE_UNUSUAL):
        for name in _specific(config, knob):
            value = getattr(config, name)
            if knob in ALWAYS or value != OmegaConf.select(defaults, knob):
                told.append(f"{SHORT.get(name, name)} {_short(value)}")
    added = [*config.choices.penalty, *_unless_default(config.choices.augment, "none"),
             *_unless_default(config.choices.optimizer_g, "adam")]  # fmt: skip
    return [*told, *added, f"seed {config.seed}"]


def display_name(config: RunConfig) -> str:
    """Return what a run is called in a list beside others of its study."""
    choices = config.choices
    if config.runtime.label:
        return f"{config.runtime.label}, seed {config.seed}"
    return ", ".join([f"{choices.model} {choices.loss}", *setting_words(config)])


def _specific(config: RunConfig, knob: str) -> tuple[str, ...]:
    """Return the knob that tells a run's value: the general one, unless those it feeds differ."""
    fed = FEEDS.get(knob, ())
    alike = len({getattr(config, name) for name in (knob, *fed)}) == 1
    return (knob,) if alike else fed


def _unless_default(choice: str | None, default: str) -> list[str]:
    return [] if choice in (None, default) else [str(choice)]


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
