"""Where configs and figures are: those of the package, and folders of the user's own configs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from gan_lab.common.errors import UsageError

PACKAGE = Path(__file__).resolve().parents[1]  # src/gan_lab, or where it is installed
# Folders of the user's own configs, the strongest first. There are none unless a verb or a function
# that composes a run from what was typed says so: a run that is opened must not find any.
_own: ContextVar[tuple[Path, ...]] = ContextVar("own_folders", default=())


def conf_directory() -> Path:
    """Return the config tree: beside the code in a wheel, at the top level of a checkout.

    Raises FileNotFoundError if the installation has neither.
    """
    for folder in (PACKAGE / "conf", PACKAGE.parents[1] / "conf"):
        if (folder / "config.yaml").is_file():
            return folder
    raise FileNotFoundError(f"no conf/config.yaml beside {PACKAGE}; install gan_lab again.")


def expanded(place: str | Path) -> Path:
    """Return a path in which `~` and `~NAME` are home folders. Raises UsageError where there are
    none."""
    try:
        return Path(place).expanduser()
    except RuntimeError:
        raise UsageError(f"{place}: there is no such home folder; write the whole path.") from None


def own_folders() -> tuple[Path, ...]:
    """Return the folders of the user's own configs that are in use, the strongest first."""
    return _own.get()


def use_folders(folders: Sequence[Path]) -> None:
    """Use these folders of own configs from now on."""
    _own.set(tuple(folders))


@contextmanager
def using_folders(folders: Sequence[Path]) -> Iterator[None]:
    """Use these folders of own configs for a while."""
    before = _own.set(tuple(folders))
    try:
        yield
    finally:
        _own.reset(before)


def config_names(group: str) -> list[str]:
    """Return the names of the configs in a group, one's own among them, sorted."""
    return sorted({name for folder in own_folders() for name in names_in(folder, group)}
                  | {*built_in_names(group)})  # fmt: skip


def built_in_names(group: str) -> list[str]:
    """Return the names of the configs in a group that come with gan_lab, sorted."""
    return names_in(conf_directory(), group)


def names_in(folder: Path, group: str) -> list[str]:
    """Return the names of the configs in a group of one folder, sorted."""
    return sorted(path.stem for path in (folder / group).glob("*.yaml"))


def config_file(group: str, name: str) -> Path:
    """Return the file of a config: one's own, or else that which comes with gan_lab."""
    files = [folder / group / f"{name}.yaml" for folder in (*own_folders(), conf_directory())]
    return next((file for file in files[:-1] if file.is_file()), files[-1])


def template_directory() -> Path:
    """Return the folder that `gan-lab new` copies, packaged like the configs."""
    packaged = PACKAGE / "template"
    return packaged if packaged.is_dir() else PACKAGE.parents[1] / "template"


def glossary_file() -> Path:
    """Return the file that explains the words of reports, packaged like the configs."""
    packaged = PACKAGE / "glossary.md"
    return packaged if packaged.is_file() else PACKAGE.parents[1] / "docs" / "glossary.md"


def loss_figures() -> Path:
    """Return the folder with a figure of a real run of each loss, packaged like the configs."""
    packaged = PACKAGE / "experiments" / "mnist_losses"
    return packaged if packaged.is_dir() else PACKAGE.parents[1] / "experiments" / "mnist_losses"
