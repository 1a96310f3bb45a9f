"""What the environment says of Weights & Biases: where runs go, and how long to wait for it.

These are W&B's own variables, read before W&B is imported.
"""

import netrc
import os
from pathlib import Path
from urllib.parse import urlparse

from gan_lab.common.errors import UsageError
from gan_lab.config.run_config import WandbConfig

REFUSED, LONGEST_NAME, LONGEST_TAG = "/\\#?%:", 128, 64  # of a project or entity, and of a tag
CONNECT_SECONDS = 20.0  # WANDB_INIT_TIMEOUT sets another number
# What W&B's own programs understand in WANDB_MODE; empty is as good as unset.
MODES = {"online": "online", "run": "online", "offline": "offline", "dryrun": "offline",
         "disabled": "disabled"}  # fmt: skip


def wandb_mode(setting: str) -> str:
    """Return online, offline or disabled for the knob wandb.mode.

    `auto` is what WANDB_DISABLED and WANDB_MODE say, and without them online for who is logged in.
    Raises UsageError for a WANDB_MODE that there is not.
    """
    if setting != "auto":
        return setting
    if os.environ.get("WANDB_DISABLED", "").lower() in ("true", "1", "yes"):
        return "disabled"
    named = os.environ.get("WANDB_MODE", "")
    if named and named not in MODES:
        raise UsageError(f"WANDB_MODE={named}: choose from {', '.join(MODES)}.")
    return MODES[named] if named else "online" if is_logged_in() else "offline"


def check_names(settings: WandbConfig) -> None:
    """Raise UsageError for a project, entity or tag that W&B would refuse when the run starts."""
    check_name("wandb.project", settings.project)
    if settings.entity:
        check_name("wandb.entity", settings.entity)
    for tag in settings.tags:
        if not 1 <= len(tag) <= LONGEST_TAG:
            raise UsageError(f"wandb.tags: {tag!r} has not 1 to {LONGEST_TAG} letters.")


def check_name(setting: str, name: str) -> None:
    """Raise UsageError for the value of a setting that W&B refuses as a project or an entity."""
    odd = {letter for letter in name if letter in REFUSED or not letter.isprintable()}
    if odd or not 1 <= len(name) <= LONGEST_NAME:
        raise UsageError(
            f"{setting}={name}: W&B takes 1 to {LONGEST_NAME} letters, and none of "
            f"{' '.join(REFUSED)}."
        )


def connect_seconds() -> float:
    """Return how long to wait for W&B's server. Raises UsageError if WANDB_INIT_TIMEOUT is odd."""
    text = os.environ.get("WANDB_INIT_TIMEOUT") or CONNECT_SECONDS
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise UsageError(f"WANDB_INIT_TIMEOUT={text}: must be a number of seconds.")
    return seconds


def is_logged_in() -> bool:
    """Whether there is a W&B API key in the environment or the netrc file; asks no server."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    server = urlparse(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")).hostname or ""
    try:
        path = Path(os.environ.get("NETRC", "~/.netrc")).expanduser()
        return netrc.netrc(str(path)).authenticators(server) is not None
    except (OSError, RuntimeError, netrc.NetrcParseError):  # RuntimeError: there is no home folder
        return False


def keep_client_quiet(folder: Path) -> None:
    """Give W&B's client a folder for its log where it finds no home; it would print it instead."""
    named = os.environ.get("XDG_CACHE_HOME") or os.environ.get("HOME")
    if named and Path(named).is_dir() and os.access(named, os.W_OK):
        return
    os.environ.setdefault("WANDB_CACHE_DIR", str(folder))
