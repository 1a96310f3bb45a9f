"""What config.yaml of a run holds: every setting of one run, typed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from gan_lab.common.errors import UsageError
from gan_lab.common.typed import Json, Malformed, plain, read, read_fields
from gan_lab.config.instantiate import with_targets_of_today
from gan_lab.config.overrides import OPTIMIZERS, PARTS, VALUE_SYNONYMS
from gan_lab.config.own.yaml_files import line_of_key, shown
from gan_lab.config.schema import GENERAL_KNOBS, RESULT_KNOBS, RUNTIME_KNOBS
from gan_lab.config.spec import Spec

if TYPE_CHECKING:
    from gan_lab.data import ImageDataset

# What a dataset is scored by whose YAML lists no scores.
LABELLED = (
    *("fd_classifier", "class_shares", "classifier_score", "kd_classifier", "precision_recall"),
    *("swd", "ssim", "pairwise_distance", "nearest_train"),
)
# What dataset.classifier=train asks for: one of the classes of one's own folder.
OWN_CLASSIFIER = Spec(
    "gan_lab.evaluation.trained_classifier",
    {"image_size": 64, "epochs": 20, "minimum_accuracy": 0.5},
)
ADAM = "adam"  # the optimizer of all runs before there was a choice
# The one penalty that takes no gradient of the critic.
LECAM = "gan_lab.losses.LeCam"
UNLABELLED = ("fid", "kid", "swd", "ssim", "pairwise_distance", "nearest_train")


@dataclass(frozen=True, kw_only=True)
class Choices:
    """The names that were chosen in the groups of conf/."""

    model: str
    loss: str
    dataset: str
    augment: str | None = None
    logger: str | None = None
    experiment: str | None = None
    penalty: tuple[str, ...] = ()
    optimizer_g: str
    optimizer_d: str

    @property
    def optimizers(self) -> tuple[str, str]:
        """The names of the optimizers of G and D."""
        return self.optimizer_g, self.optimizer_d

    @classmethod
    def from_plain(cls, content: Mapping[str, Any], place: str) -> "Choices":
        """Read the names by group. Raises Malformed."""
        both = content.get("optimizer", ADAM)
        return read_fields(cls, {**dict.fromkeys(OPTIMIZERS, both), **content}, place)

    def as_plain(self) -> dict[str, Any]:
        """Return the names by group, without those of which none was chosen, and with one name of
        an optimizer if that is of both players."""
        names = _without(self, "augment", "logger", "experiment")
        if self.optimizer_g == self.optimizer_d:
            names = {group: name for group, name in names.items() if group not in OPTIMIZERS}
            names["optimizer"] = self.optimizer_g
        return names


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """Both networks, and what is said of both.

    `points`: they are for points in the plane, not for images. `d_norm` is the norm of the
    discriminator, `auto` before a run starts.
    """

    points: bool = False
    d_norm: str | None = None
    condition_g: bool = False
    condition_d: bool = False
    generator: Spec
    discriminator: Spec

    @property
    def is_conditional(self) -> bool:
        """Whether either network is given labels."""
        return self.condition_g or self.condition_d

    def as_plain(self) -> dict[str, Any]:
        """Return the settings of conf/model, without those that a file leaves out."""
        return _without(self, "points", "d_norm")


@dataclass(frozen=True, kw_only=True)
class DatasetConfig:
    """The images (or points), what knows their classes, and the scores of runs on them.

    `listing` hashes the files of a folder, and stands for the arguments of `images` that are
    `unhashed`. `selection` is the score whose least value marks the
    best checkpoint and the best run. Where a file lists no scores, those of its kind are filled in.
    `own_scores` holds the files of those scores that are not of gan_lab's conf/score.
    """

    points: bool = False
    images: Spec
    unhashed: tuple[str, ...] = ()
    listing: Spec | None = None
    classifier: Spec | None = None
    scores: tuple[str, ...]
    scores_during_training: tuple[str, ...]
    selection: str
    source: str | None = None
    licence: str | None = None
    own_scores: Mapping[str, Json] = field(default_factory=dict)

    @classmethod
    def from_plain(cls, content: Mapping[str, Any], place: str) -> "DatasetConfig":
        """Read the settings of conf/dataset, and fill in the scores. Raises Malformed."""
        if content.get("classifier") == "train":
            content = {**content, "classifier": OWN_CLASSIFIER.as_plain()}
        labelled = content.get("classifier") is not None
        defaults = {
            "scores": LABELLED if labelled else UNLABELLED,
            "scores_during_training": ("fd_classifier", "class_shares") if labelled else ("swd",),
            "selection": "fd_classifier" if labelled else "swd",
        }
        return read_fields(cls, {**defaults, **content}, place)

    def as_plain(self) -> dict[str, Any]:
        """Return the settings of conf/dataset, without those that a file leaves out."""
        optional = ("points", "unhashed", "listing", "source", "licence", "own_scores")
        return _without(self, *optional)


@dataclass(frozen=True)
class InitialConfig:
    """The weights that a run begins with: the hash of what was taken, and from which run's step."""

    content: str
    run: str
    step: int
    optimizers: bool = False

    @property
    def words(self) -> str:
        """Whose they are, as tables say it."""
        return f"{self.run}@{self.step}" + (" with optimizers" if self.optimizers else "")


@dataclass(frozen=True)
class EvaluationConfig:
    """How many samples are scored, and the file of Inception weights."""

    samples: int
    samples_during: int
    inception_weights: str | None
    inception_sha256: str


@dataclass(frozen=True)
class WandbConfig:
    """Where Weights & Biases files a run."""

    mode: str
    project: str
    entity: str | None
    tags: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RuntimeConfig:
    """What does not change the result of a run: its length, its places, how often it does what.

    `opened` and `data_read_only` are of an opened run, and in no file: its data must be those that
    it recorded, and nothing is downloaded to where its config says. The first config files lacked
    what else has a default here.
    """

    study: str
    label: str | None = None  # how figures and tables call what the run is about
    steps: int | None
    epochs: float | None
    images: int | None
    from_run: str | None = None
    from_optimizers: bool = False
    folder: str | None
    bad_images: str = "stop"
    device: str
    threads: int | None
    deterministic: bool
    data_root: str
    runs_dir: str
    cache_dir: str
    log_every: int
    sample_every: int | None
    score_every: int | None
    checkpoint_every: int | None
    stop_on_collapse: bool = False
    evaluation: EvaluationConfig
    logger: Spec | None = None
    wandb: WandbConfig
    opened: bool = False
    data_read_only: bool = False

    def as_plain(self) -> dict[str, Any]:
        """Return the content of config.yaml's `runtime`."""
        names = [field.name for field in fields(self)]
        return {
            name: plain(getattr(self, name))
            for name in names
            if name not in ("opened", "data_read_only")
        }


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """Every setting of one run, in the order of config.yaml. conf/config.yaml explains the knobs.

    With `noise_apart` noise and augmentation of D's images have random numbers of their own on real
    ones: in runs with a relativistic loss since there is a choice.
    `initial` is known once the run that `from_run` means was found; None if that is not set.
    `shape` (of one sample), `image_count`, `class_counts`, `classes` (their names) and `files` (the
    hash of a folder's listing) are facts of the training data: empty before these were loaded. The
    first config files lacked the last two, and what else has a default here.
    """

    choices: Choices
    model: ModelConfig
    loss: Spec
    penalty: Mapping[str, Spec]
    dataset: DatasetConfig
    augment: Spec | None = None
    optimizer_g: Spec
    optimizer_d: Spec
    seed: int
    latent_dim: int
    image_size: int
    channels: int | None
    weight_init: str
    batch_size: int
    lr_g: float
    lr_d: float
    beta1: float
    beta2: float
    ema_decay: float
    instance_noise: float = 0.0
    instance_noise_steps: int = 1000
    pack: int = 1
    gradient_clip: float | None = None
    lr_decay: str = "none"
    precision: str = "fp32"
    hidden_dim: int
    ngf: int
    ndf: int
    lr: float
    label_smoothing: float = 0.0
    lambda_gp: float = 10.0
    noise_apart: bool = False
    runtime: RuntimeConfig
    initial: InitialConfig | None = None
    shape: tuple[int, ...] = ()
    image_count: int = 0
    class_counts: tuple[int, ...] = ()
    classes: tuple[str, ...] = ()
    files: str = ""

    @property
    def is_conditional(self) -> bool:
        """Whether either network is given labels."""
        return self.model.is_conditional

    @property
    def has_betas(self) -> bool:
        """Whether beta1 and beta2 reach an optimizer."""
        betas = [self.beta1, self.beta2]
        return any(one.get("betas") == betas for one in (self.optimizer_g, self.optimizer_d))

    @property
    def penalties(self) -> dict[str, Spec]:
        """The penalties on the critic's slope, of the loss's own and added to it, by name.

        Each takes the gradient of a sample's logit by that sample alone. Under batch norm a logit
        depends on the whole batch, so that there is no such gradient.
        """
        own = self.loss.get("penalties") or {}
        all_of_them = {
            **{name: Spec.from_plain(spec) for name, spec in own.items()},
            **self.penalty,
        }
        return {name: spec for name, spec in all_of_them.items() if spec.target != LECAM}

    def class_name(self, label: int) -> str:
        """Return what a class is called; its number if config.yaml is from before it had names."""
        return self.classes[label] if self.classes else str(label)

    def with_runtime(self, **changes: Any) -> "RunConfig":
        """Return the same run with other settings that do not change its result."""
        return replace(self, runtime=replace(self.runtime, **changes))

    def with_evaluation(self, **changes: Any) -> "RunConfig":
        """Return the same run, scored on other numbers of samples."""
        return self.with_runtime(evaluation=replace(self.runtime.evaluation, **changes))


def resolved(composed: DictConfig) -> dict[str, Any]:
    """Return the plain content of a composed config, in which `model.d_norm=auto` has come to the
    norm that the discriminator takes, and is still called auto."""
    automatic = composed.model.get("d_norm") == "auto"
    if automatic:  # conf/model: none under a gradient penalty
        penalised = composed.loss.get("penalties") or _slope_penalties(composed.penalty)
        composed.model.d_norm = "none" if penalised else "batch"
    content: Any = OmegaConf.to_container(composed, resolve=True)
    if automatic:
        content["model"]["d_norm"] = "auto"
    return dict(content)


def _slope_penalties(penalty: Any) -> list[Any]:
    added = penalty.values() if isinstance(penalty, Mapping) else []
    return [
        spec for spec in added if not (isinstance(spec, Mapping) and spec.get("_target_") == LECAM)
    ]


def make_config(
    content: Mapping[str, Any], choices: Mapping[str, Any], files: Sequence[Path] = ()
) -> RunConfig:
    """Return the settings of one run from resolved content and the names chosen in its groups.

    Raises UsageError for a value of another type than its key takes, and for a key that there is
    not, with its line if it stands in one of one's own `files`.
    """
    result = (*PARTS, *RESULT_KNOBS, *GENERAL_KNOBS)
    recorded = {
        "choices": dict(choices),
        **{key: content[key] for key in result},
        "penalty": content["penalty"] or {},
        **{key: _optimizer(content, key) for key in OPTIMIZERS},
        "runtime": {key: content[key] for key in RUNTIME_KNOBS},
    }
    for part, kind in (("model", ModelConfig), ("dataset", DatasetConfig)):
        _refuse_unknown(part, content[part], kind, files)
    try:
        return read(RunConfig, recorded)
    except Malformed as error:  # whose place is one of config.yaml
        reason = str(error).removeprefix("runtime.")
        group = reason.partition(".")[0]  # a part of the run, as far as it names one
        place = next((f"{shown(file)}: " for file in files if file.parent.name == group), "")
        raise UsageError(f"{place}{reason}.") from None


def _optimizer(content: Mapping[str, Any], player: str) -> Mapping[str, Any]:
    """Return the optimizer of a player: its own if it has one, else that of both, in which it may
    change arguments."""
    own: Mapping[str, Any] = content[player]
    return own if "_target_" in own else {**content["optimizer"], **own}


def adam(beta1: Any, beta2: Any) -> Spec:
    """Return the optimizer of all runs before there was a choice, and the default since."""
    return Spec("torch.optim.Adam", {"betas": [beta1, beta2], "fused": True})


def _refuse_unknown(part: str, content: Any, kind: type, files: Sequence[Path]) -> None:
    names = [field.name for field in fields(kind)]
    for key in content:
        if key not in names:
            place = line_of_key(files, str(key))
            raise UsageError(
                f"{f'{place}: ' if place else ''}there is no setting {part}.{key}; there are "
                f"{', '.join(names)}."
            )


def read_config(content: Mapping[str, Any]) -> RunConfig:
    """Return what a config.yaml holds. Raises Malformed for a value of the wrong type."""
    return read(RunConfig, _with_names_of_today(content))


def as_content(config: RunConfig) -> dict[str, Any]:
    """Return what config.yaml holds: without the facts of the data, if these are not known."""
    content: dict[str, Any] = plain(config)
    if not config.shape:
        for fact in ("shape", "image_count", "class_counts", "classes", "files"):
            del content[fact]
    if config.initial is None:
        del content["initial"]
    if not config.noise_apart:
        del content["noise_apart"]
    return content


def _without(part: Choices | ModelConfig | DatasetConfig, *optional: str) -> dict[str, Any]:
    """Return the plain content of a part without those of the optional fields that are empty."""
    held = {field.name: plain(getattr(part, field.name)) for field in fields(part)}
    return {key: value for key, value in held.items() if value or key not in optional}


def _with_names_of_today(content: Mapping[str, Any]) -> Any:
    """Return the content of a config.yaml in which what was renamed since has its new name, and
    what there was no choice of is said."""
    content = with_targets_of_today(content)
    choices = content.get("choices")
    for group, renamed in VALUE_SYNONYMS.items():
        if isinstance(choices, dict) and isinstance(choices.get(group), str):
            choices[group] = renamed.get(choices[group], choices[group])
    default = adam(content.get("beta1"), content.get("beta2")).as_plain()
    return {**dict.fromkeys(OPTIMIZERS, default), **content}


def with_data(config: RunConfig, data: "ImageDataset") -> RunConfig:
    """Return a config filled in with what only its data tell, and with what `auto` came to."""
    counts: Sequence[int] = ()
    if data.labels is not None:
        counts = data.labels.bincount(minlength=len(data.classes)).tolist()
    model = config.model
    if model.d_norm == "auto":
        model = replace(model, d_norm=model.discriminator.get("norm", "none"))
    return replace(
        config,
        model=model,
        shape=tuple(data.shape),
        image_count=len(data),
        class_counts=tuple(counts),
        classes=tuple(data.classes),
    )


def with_presumed_data(config: RunConfig) -> RunConfig:
    """Return a config to build networks of before the data is there: grey, with 10 classes."""
    side = config.image_size
    shape = (2,) if config.model.points else (config.channels or 1, side, side)
    return replace(config, shape=shape, class_counts=(1,) * 10)
