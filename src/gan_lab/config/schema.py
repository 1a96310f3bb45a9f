"""The types and ranges of the top-level knobs. Groups are typed by what they build."""

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING


@dataclass
class Evaluation:
    """How runs are scored."""

    samples: int = MISSING
    samples_during: int = MISSING
    inception_weights: str | None = None
    inception_sha256: str = MISSING


@dataclass
class Wandb:
    """Where Weights & Biases files a run."""

    mode: str = MISSING
    project: str = MISSING
    entity: str | None = None
    tags: list[str] = field(default_factory=list)


@dataclass
class Config:
    """Types of conf/config.yaml, where the defaults are.

    A knob with a default here too is left out of the hash while it has it.
    """

    model: Any = MISSING
    loss: Any = MISSING
    penalty: Any = None
    optimizer: Any = MISSING
    optimizer_g: Any = field(default_factory=dict)
    optimizer_d: Any = field(default_factory=dict)
    dataset: Any = MISSING
    augment: Any = None
    logger: Any = None
    experiment: Any = None
    sweep: Any = None
    search: Any = None
    pruner: Any = None
    launcher: Any = MISSING
    seeds: int = 1
    study: str = MISSING
    label: str | None = None
    seed: int = MISSING
    latent_dim: int = MISSING
    hidden_dim: int = MISSING
    ngf: int = MISSING
    ndf: int = MISSING
    image_size: int = MISSING
    channels: int | None = None
    weight_init: str = MISSING
    batch_size: int = MISSING
    lr: float = MISSING
    lr_g: float = MISSING
    lr_d: float = MISSING
    beta1: float = MISSING
    beta2: float = MISSING
    ema_decay: float = MISSING
    label_smoothing: float = 0.0
    lambda_gp: float = 10.0
    instance_noise: float = 0.0
    instance_noise_steps: int = 1000
    pack: int = 1
    gradient_clip: float | None = None
    lr_decay: str = "none"
    precision: str = "fp32"
    steps: int | None = None
    epochs: float | None = None
    images: int | None = None
    from_run: str | None = None
    from_optimizers: bool = False
    folder: str | None = None
    bad_images: str = MISSING
    device: str = MISSING
    threads: int | None = None
    deterministic: bool = False
    data_root: str = MISSING
    runs_dir: str = MISSING
    cache_dir: str = MISSING
    log_every: int = MISSING
    sample_every: int | None = None
    score_every: int | None = None
    checkpoint_every: int | None = None
    stop_on_collapse: bool = False
    restart: bool = False
    evaluation: Evaluation = field(default_factory=Evaluation)
    wandb: Wandb = field(default_factory=Wandb)


# What changes the result of a run, beside the groups model, loss, penalty and dataset.
RESULT_KNOBS = (
    "seed", "latent_dim", "image_size", "channels", "weight_init", "batch_size",
    "lr_g", "lr_d", "beta1", "beta2", "ema_decay", "instance_noise", "instance_noise_steps",
    "pack", "gradient_clip", "lr_decay", "precision",
)  # fmt: skip
# General knobs act through specific ones and groups: recorded for tables, never hashed.
GENERAL_KNOBS = ("hidden_dim", "ngf", "ndf", "lr", "label_smoothing", "lambda_gp")
RUNTIME_KNOBS = (
    "study", "label", "steps", "epochs", "images", "from_run", "from_optimizers", "folder",
    "bad_images", "device", "threads", "deterministic", "data_root", "runs_dir", "cache_dir",
    "log_every", "sample_every", "score_every", "checkpoint_every", "stop_on_collapse",
    "evaluation", "logger", "wandb",
)  # fmt: skip

MOST = 10**7  # of samples, numbers in a layer and the like
LONGEST = 10**12  # steps and images: at a thousand a second, 30 years
# (lowest, highest) allowed; an open end is None.
RANGES: dict[str, tuple[float | None, float | None]] = {
    "seed": (0, 2**63 - 1),
    "latent_dim": (1, MOST),
    "hidden_dim": (1, MOST),
    "ngf": (1, MOST),
    "ndf": (1, MOST),
    "image_size": (1, MOST),
    "batch_size": (1, MOST),
    "lr": (0, None),
    "lr_g": (0, None),
    "lr_d": (0, None),
    "beta1": (0, 0.9999999),
    "beta2": (0, 0.9999999),
    "ema_decay": (0, 0.9999999),
    "label_smoothing": (0, 0.5),
    "lambda_gp": (0, None),
    "instance_noise": (0, None),
    "instance_noise_steps": (1, LONGEST),
    "pack": (1, 4),
    "gradient_clip": (1e-6, None),
    "steps": (1, LONGEST),
    "epochs": (0, MOST),
    "images": (1, LONGEST),
    "threads": (1, None),
    "log_every": (0, LONGEST),
    "sample_every": (0, LONGEST),
    "score_every": (0, LONGEST),
    "checkpoint_every": (0, LONGEST),
    "evaluation.samples": (2, MOST),
    "evaluation.samples_during": (2, MOST),
}
CHOICES: dict[str, tuple[Any, ...]] = {
    "channels": (None, 1, 3),
    "weight_init": ("custom", "default"),
    "lr_decay": ("none", "linear", "cosine"),
    "precision": ("fp32", "bf16"),
    "bad_images": ("stop", "skip"),
    "wandb.mode": ("auto", "online", "offline", "disabled"),
}
