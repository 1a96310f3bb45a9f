"""Where the packaged configs are."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def conf_directory() -> Path:
    """Return the config tree: beside the code in a wheel, at the top level of a checkout.

    Raises FileNotFoundError if the installation has neither.
    """
    for folder in (PACKAGE / "conf", PACKAGE.parents[1] / "conf"):
        if (folder / "config.yaml").is_file():
            return folder
    raise FileNotFoundError(f"no conf/config.yaml beside {PACKAGE}; install gan_lab again.")
