"""What a sheet asks, by which runs it is answered, and the words that its documents are made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gan_lab.common.typed import Json


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The headings of columns, and of rows that stand for one number."""

    run: str
    seed: str
    seeds: str
    steps: str
    loss_d: str
    loss_g: str
    d_real: str
    d_fake_before: str
    d_fake_after: str
    gradient_d: str
    gradient_g: str
    oscillation_d: str
    oscillation_g: str
    parameters_g: str
    parameters_d: str
    images: str
    seconds: str
    step_time: str
    layer: str
    output: str
    parameters: str
    arithmetic: str
    total: str
    class_name: str
    samples: str
    share: str
    low: str
    high: str
    real_share: str
    unsure: str
    divergence: str
    agreement: str
    quantity: str
    measured: str
    at_equilibrium: str
    value: str
    held_out_real: str
    held_out_fake: str
    gap: str
    fresh: str


@dataclass(frozen=True, kw_only=True)
class Titles:
    """What captions of tables and figures begin with."""

    runs: str
    scores: str
    training: str
    cost: str
    generator: str
    discriminator: str
    networks: str
    curves: str
    compared: str
    gradients: str
    oscillation: str
    diversity: str
    score_curves: str
    samples: str
    early_late: str
    progress: str
    interpolation: str
    extrapolation: str
    classes: str
    modes: str
    modes_samples: str
    modes_pairs: str  # of data without labels
    equilibrium: str
    equilibrium_curves: str
    saturation: str


@dataclass(frozen=True, kw_only=True)
class Words:
    """The words of the form. `{names}` in braces stand for what is filled in.

    `language` is its code, as HTML takes it: en, de.
    """

    language: str
    answered: str
    partly: str
    missing: str
    needed: str  # {settings}
    baseline: str  # where those of a need are the sheet's baseline
    short: str  # {run}, {done}, {wanted}
    seeds: str  # {done}, {wanted}
    diverged: str
    commands: str
    slot: str
    table: str
    figure: str
    source: str  # {files}
    spread: str
    tails: str
    oscillation: str
    made_by: str
    columns: Columns
    titles: Titles


@dataclass(frozen=True, kw_only=True)
class Need:
    """Runs that a question asks for: the settings that they have, and what makes them.

    `run` may set steps, epochs or images: the least length. `make` is what is typed after
    `gan-lab`; it makes one run, or with `seeds` so many.
    """

    run: Mapping[str, Json] = field(default_factory=dict)
    make: str
    seeds: int = 1


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question: what it asks, what must have been run, and what of the runs answers it.

    `analyses` are verbs that look at the finished runs, by name: at `each` of them, or at the
    `best`. `scores` are those of the tables; without any, the selection score. `slot` asks for the
    reader's own words.
    """

    title: str
    ask: str
    needs: tuple[Need, ...] = ()
    analyses: Mapping[str, str] = field(default_factory=dict)
    show: tuple[str, ...] = ()
    scores: tuple[str, ...] = ()
    slot: str | None = None


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A sheet of conf/sheet. `baseline` holds settings of all needs that do not set them.

    `caption` says of a run what captions say: {latent_dim} and other settings, {steps}, {seed}.
    """

    name: str
    file: Path
    title: str
    intro: str
    caption: str
    words: Words
    baseline: Mapping[str, Json] = field(default_factory=dict)
    questions: tuple[Question, ...]
