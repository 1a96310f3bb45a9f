"""Settings as they are typed, with one key and one value for each knob."""

import re
from collections.abc import Iterable
from typing import Any

from gan_lab.common.errors import UsageError
from gan_lab.common.paths import config_names
from gan_lab.config.advice.hydra_settings import refuse_hydra
from gan_lab.config.schema import Config

SYNONYMS = {
    "nz": "latent_dim",
    "conv_dim": "hidden_dim",
    "num_train_steps": "steps",
    "nc": "channels",
    "nchannels": "channels",
    "loss_type": "loss",
    "data_aug": "augment",
    "discriminator_steps": "loss.discriminator_steps",
    "n_critic": "loss.discriminator_steps",
    "generator_steps": "loss.generator_steps",
    "condition_d": "model.condition_d",
    "from": "from_run",
}
RUNNING_SYNONYMS = {
    "n_jobs": "launcher.n_jobs",
    "runs_per_gpu": "launcher.runs_per_gpu",
    "trials": "search.trials",
}
VALUE_SYNONYMS = {  # of choices: names of papers and sheets, and those of earlier versions
    "loss": {
        "bce": "minimax",
        "log_d": "nonsaturating",
        "default": "nonsaturating",
        "saturating": "minimax",
    },
    "launcher": {"order": "sequential"},
    "search": {"objective": "losses"},
    "experiment": {"mnist_b": "mnist_baseline"},
}
NOTHING = {"penalty": "[]", "augment": "none", "logger": "none", "launcher": "sequential"}
LENGTHS = ("steps", "epochs", "images")  # three ways to say one thing
OPTIMIZERS = ("optimizer_g", "optimizer_d")  # of one player each: what `optimizer` says, unless set
PARTS = ("model", "loss", "penalty", "dataset", "augment", *OPTIMIZERS)  # what a run is made of
NEEDED = ("model", "loss", "dataset")  # there is no run without, and they are part of its name
GROUPS = (*PARTS, "optimizer", "logger", "experiment")
RUNNING_GROUPS = ("sweep", "search", "pruner", "launcher")  # of many runs, and of no single one
CHOSEN_BY_NAME = (*GROUPS, *RUNNING_GROUPS)
# The folders of conf/.
EVERY_GROUP = (*(group for group in CHOSEN_BY_NAME if group not in OPTIMIZERS), "score",
               "sheet")  # fmt: skip
MINIMAX_NOTE = (
    "loss=minimax is the original game: G minimises log(1 - D(G(z))), whose gradient vanishes once "
    "D has won; loss=nonsaturating is the log-D trick, the BCELoss of most tutorials: G maximises "
    "log D(G(z)), whose gradient stays"
)
BCE_NOTE = f"loss=bce means loss=minimax. {MINIMAX_NOTE}"


# What debug=true sets unless it is typed: every file of a run in a few seconds. Packs divide 12.
DEBUG = {
    "study": "debug", "steps": "10", "seeds": "1", "hidden_dim": "4", "batch_size": "12",
    "log_every": "1", "sample_every": "5", "score_every": "5", "checkpoint_every": "5",
    "evaluation.samples": "60", "evaluation.samples_during": "60",
}  # fmt: skip
LONG_NUMBER = re.compile("[0-9]{301}")  # Python refuses those of 4,300 digits
NAME = re.compile(r"[\w.*?-]+")  # in a value; with * and ? it is a pattern


def canonical(arguments: Iterable[str]) -> list[str]:
    """Rewrite synonyms to their one key and value; the same knob set twice must agree.

    Raises UsageError for two different values, or two different lengths.
    """
    settings: dict[str, tuple[str, str]] = {}
    for argument in arguments:
        if LONG_NUMBER.search(argument):
            raise UsageError(f"{argument[:30]}...: a number has at most 300 digits.")
        prefix, name, value = split(argument)
        refuse_hydra(name, value)
        key = (SYNONYMS | RUNNING_SYNONYMS).get(name, name)
        if prefix == "++" and key in (*CHOSEN_BY_NAME, *Config.__dataclass_fields__):
            prefix = ""
        if key in CHOSEN_BY_NAME and value:
            value = _names_of_today(key, value)
        is_null = "null" in NAME.findall(value or "")  # Hydra has no such choice in a group
        if is_null and key in ("search", "pruner", "experiment"):
            raise UsageError(f"{argument}: leave it out; there is none unless it is named.")
        if key in (*NEEDED, "optimizer") and (prefix == "~" or value == "" or is_null):
            names, a = ", ".join(config_names(key)), "an" if key == "optimizer" else "a"
            raise UsageError(f"a run needs {a} {key}: {key}=NAME, with NAME from {names}.")
        if prefix == "~" and key in Config.__dataclass_fields__:
            raise UsageError(f"{key} cannot be taken away; set it: {key}=VALUE.")
        if prefix == "+" and key in (*CHOSEN_BY_NAME, *Config.__dataclass_fields__):
            raise UsageError(f"{key} is there already: write {key}={value}, without the +.")
        if key in settings and not _same_value(settings[key][0], f"{prefix}{key}={value}"):
            other = settings[key][1]
            raise UsageError(f"{other} and {argument} set one knob to different values; keep one.")
        settings.setdefault(
            key, (f"{prefix}{key}={value}" if value is not None else argument, argument)
        )
    lengths = [
        settings[key][1] for key in LENGTHS if key in settings and "=null" not in settings[key][0]
    ]
    if len(lengths) > 1:
        raise UsageError(f"{' and '.join(lengths)} are two lengths of one run; keep one.")
    return _with_debug([text for text, _ in settings.values()])


def _with_debug(settings: list[str]) -> list[str]:
    """Put in the place of debug=true what it sets. Raises UsageError for another value."""
    typed = {split(text)[1]: split(text)[2] for text in settings}
    if "debug" not in typed:
        return settings
    if typed["debug"] not in ("true", "false"):
        raise UsageError(f"debug={typed['debug']}: expected true or false.")
    kept = [text for text in settings if split(text)[1] != "debug"]
    if typed["debug"] == "false":
        return kept
    stronger = {*typed}
    if stronger & {*LENGTHS}:
        stronger |= {*LENGTHS}
    if "seed" in stronger:  # it may be a list
        stronger.add("seeds")
    return [*kept, *(f"{key}={value}" for key, value in DEBUG.items() if key not in stronger)]


def says_bce(arguments: Iterable[str]) -> bool:
    """Whether settings ask for loss=bce, whose name says something else to many."""
    keys = {"loss", *(synonym for synonym, key in SYNONYMS.items() if key == "loss")}
    pairs = (argument.partition("=")[::2] for argument in arguments)
    return any(key.lstrip("+") in keys and "bce" in NAME.findall(value) for key, value in pairs)


def _names_of_today(key: str, value: str) -> str:
    """Rewrite the names in a group's value: `choice(bce,wgan.yaml)` is `choice(minimax,wgan)`."""
    names = {**VALUE_SYNONYMS.get(key, {}), "null": NOTHING.get(key, "null")}

    def today(match: re.Match[str]) -> str:
        name = re.sub(r"\.ya?ml$", "", match[0])
        return names.get(name, name)

    return NAME.sub(today, value)


def group_of(choice: str) -> str:
    """Return the group of conf/ that has the names for a choice."""
    return "optimizer" if choice in OPTIMIZERS else choice


def for_hydra(settings: Iterable[str]) -> list[str]:
    """Write settings as Hydra takes them: the name of a run is a text, and the optimizers of both
    players are of one group, and take arguments that its files do not list."""
    return [_for_hydra(text) for text in settings]


def _for_hydra(text: str) -> str:
    prefix, key, value = split(text)
    if key == "from_run" and value not in (None, "null") and value[:1] not in ("'", '"'):
        quoted = value.replace("'", r"\'")
        return f"{prefix}{key}='{quoted}'"  # a hash may look like a number: 12e45678
    if key in OPTIMIZERS and not prefix:
        return f"~optimizer@{key}" if value == "null" else f"optimizer@{key}={value}"
    if key.startswith(("optimizer.", "optimizer_g.", "optimizer_d.")) and prefix != "~":
        return f"++{key}={value}"
    return text


def _same_value(first: str, second: str) -> bool:
    """Whether two settings of one key say the same, be it in other digits (2e-4, 0.0002)."""
    try:
        return float(first.partition("=")[2]) == float(second.partition("=")[2])
    except ValueError:
        return first == second


def split(argument: str) -> tuple[str, str, Any]:
    """Split `+key=value` into prefix, key and value (None for a deletion, `~key`)."""
    match = re.match(r"^(\+\+|\+|~)?([^=]+)(?:=(.*))?$", argument, re.DOTALL)
    if match is None or (match[3] is None and match[1] != "~"):
        raise UsageError(f"{argument!r} is no setting; write KEY=VALUE (`gan-lab --help`).")
    return match[1] or "", match[2], match[3]
