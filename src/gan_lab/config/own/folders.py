"""Which folders of one's own configs a command uses, and what is said of them."""

import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf

from gan_lab.common.errors import UsageError
from gan_lab.common.paths import built_in_names, conf_directory, expanded, names_in, own_folders
from gan_lab.config.overrides import EVERY_GROUP, split
from gan_lab.config.own.yaml_files import load_yaml, shown

FLAGS = ("--config-dir", "-cd")  # Hydra's
SEARCH_PATH = "hydra.searchpath"  # Hydra's


def folders_named(arguments: Sequence[str]) -> tuple[list[str], list[Path]]:
    """Return the arguments without those that name folders of configs, and these folders.

    They are named by --config-dir DIR, or -cd DIR, and by hydra.searchpath=[DIR,...]. Raises
    UsageError for a flag without a folder, and for a folder that has no configs.
    """
    rest: list[str] = []
    flagged: list[str] = []
    searched: list[str] = []
    left = list(arguments)
    while left:
        argument = left.pop(0)
        flag, sign, folder = argument.partition("=")
        if flag in FLAGS:
            if not sign and not left:
                raise UsageError(f"{flag} which folder? {flag} DIR, with DIR/model and the like.")
            flagged.append(folder if sign else left.pop(0))
        elif flag.lstrip("+") == SEARCH_PATH:
            from gan_lab.config.own.search_path import searched as places  # only now: Hydra

            searched += places(argument)
        else:
            rest.append(argument)
    return rest, list(dict.fromkeys(map(_folder, [*flagged, *searched])))


def _folder(place: str) -> Path:
    """Return the folder that was named. Raises UsageError unless it has configs."""
    scheme, sign, rest = place.partition("://")
    folder = expanded(rest if sign else place).resolve()
    if sign and scheme == "pkg":
        try:
            found = importlib.util.find_spec(rest)
        except (ImportError, ValueError):
            found = None
        folder = Path(next(iter((found and found.submodule_search_locations) or [place])))
    elif sign and scheme != "file":
        raise UsageError(f"{place}: give a folder, file://FOLDER or pkg://PACKAGE.")
    if not folder.is_dir():
        raise UsageError(f"there is no folder of configs {place}.")
    if not is_folder_of_configs(folder):
        groups = ", ".join(EVERY_GROUP)
        raise UsageError(f"{place} has no configs: they are GROUP/NAME.yaml, GROUP from {groups}.")
    return folder


def folder_here() -> list[Path]:
    """Return ./conf, if there is such a folder with configs, and it is not gan_lab's own."""
    here = Path.cwd() / "conf"
    is_own = here.is_dir() and not here.samefile(conf_directory())
    return [here] if is_own and is_folder_of_configs(here) else []


def is_folder_of_configs(folder: Path) -> bool:
    """Whether a folder has a config in any of gan_lab's groups."""
    return any(names_in(folder, group) for group in EVERY_GROUP)


def remarks() -> list[str]:
    """Return a line for each folder in use: that it is, and which configs of gan_lab it hides."""
    return [f"configs   {shown(folder)}{_hidden(folder)}" for folder in own_folders()]


def _hidden(folder: Path) -> str:
    hidden = [
        f"{group}={name}"
        for group in EVERY_GROUP
        for name in names_in(folder, group)
        if name in built_in_names(group)
        and (folder / group / f"{name}.yaml").read_bytes()
        != (conf_directory() / group / f"{name}.yaml").read_bytes()
    ]
    return f": its {', '.join(hidden)} {_stand(hidden)} in place of gan_lab's" if hidden else ""


def _stand(hidden: Sequence[str]) -> str:
    return "stands" if len(hidden) == 1 else "stand"


def own_files() -> list[Path]:
    """Return the files of all of one's own configs that are in use."""
    return [
        file
        for folder in own_folders()
        for group in EVERY_GROUP
        for file in sorted((folder / group).glob("*.yaml"))
    ]


def chosen_files(settings: Sequence[str]) -> list[Path]:
    """Return the files of one's own configs that settings choose, and what these begin with."""
    found: dict[Path, None] = {}
    for text in settings:
        _, group, value = split(text)
        for name in str(value or "").strip("[]").split(","):
            _add(found, group, name.strip())
    return list(found)


def _add(found: dict[Path, None], group: str, name: str) -> None:
    for folder in own_folders() if group in EVERY_GROUP and name else ():
        file = folder / group / f"{name}.yaml"
        if not file.is_file():
            continue
        if file not in found:
            found[file] = None
            for within, base in _defaults(file, group):
                _add(found, within, base)
        return


def _defaults(file: Path, group: str) -> Iterator[tuple[str, str]]:
    """Yield the group and the name of each config in the defaults list of a file."""
    try:
        defaults: Any = load_yaml(file).get("defaults", [])
    except UsageError:
        return
    for entry in defaults if isinstance(defaults, ListConfig) else ():
        if isinstance(entry, str):
            yield group, entry
        elif isinstance(entry, DictConfig):
            for key, value in OmegaConf.to_container(entry).items():  # type: ignore[union-attr]
                for name in value if isinstance(value, list) else [value]:
                    yield str(key).split()[-1].strip("/"), str(name)
