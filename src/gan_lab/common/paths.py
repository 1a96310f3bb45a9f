"""Where the packaged configs and figures are."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]  # src/gan_lab, or where it is installed


def conf_directory() -> Path:
    """Return the config tree: beside the code in a wheel, at the top level of a checkout.

    Raises FileNotFoundError if the installation has neither.
    """
    for folder in (PACKAGE / "conf", PACKAGE.parents[1] / "conf"):
        if (folder / "config.yaml").is_file():
            return folder
    raise FileNotFoundError(f"no conf/config.yaml beside {PACKAGE}; install gan_lab again.")


def config_names(group: str) -> list[str]:
    """Return the names of the configs in a group, sorted."""
    return sorted(path.stem for path in (conf_directory() / group).glob("*.yaml"))


def loss_figures() -> Path:
    """Return the folder with a figure of a real run of each loss, packaged like the configs."""
    packaged = PACKAGE / "experiments" / "mnist_losses"
    return packaged if packaged.is_dir() else PACKAGE.parents[1] / "experiments" / "mnist_losses"
