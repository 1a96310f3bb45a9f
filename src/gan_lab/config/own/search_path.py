"""How Hydra finds one's own configs: in their folders first, and only in gan_lab's groups."""

from pathlib import Path

from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.plugins.config_source import ConfigResult
from hydra.plugins.search_path_plugin import SearchPathPlugin

from gan_lab.common.errors import UsageError
from gan_lab.common.paths import own_folders
from gan_lab.config.overrides import EVERY_GROUP
from gan_lab.config.own.yaml_files import load_yaml


class OwnConfigs(FileConfigSource):
    """A folder of one's own configs, GROUP/NAME.yaml.

    All else in it is another program's: a config.yaml there would take the place of gan_lab's.
    """

    @staticmethod
    def scheme() -> str:
        return "own"

    def is_group(self, config_path: str) -> bool:
        return config_path in ("", *EVERY_GROUP) and super().is_group(config_path)

    def is_config(self, config_path: str) -> bool:
        group, _, name = config_path.partition("/")
        return group in EVERY_GROUP and "/" not in name and super().is_config(config_path)

    def load_config(self, config_path: str) -> ConfigResult:
        load_yaml(Path(self.path) / self._normalize_file_name(config_path))  # says file and line
        return super().load_config(config_path)


class OwnSearchPath(SearchPathPlugin):
    """Puts the folders in use before gan_lab's own, so that their configs hide those."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        for folder in reversed(own_folders()):
            search_path.prepend("own", f"own://{folder}")


def register() -> None:
    """Let Hydra ask the two, from the next composition on."""
    for plugin in (OwnConfigs, OwnSearchPath):
        Plugins.instance().register(plugin)


def searched(setting: str) -> list[str]:
    """Return the places of `hydra.searchpath=[PLACE,...]`. Raises UsageError for another value."""
    try:
        value = OverridesParser.create().parse_override(setting).value()
    except HydraException:
        value = None
    if not isinstance(value, list) or not all(isinstance(place, str) for place in value):
        raise UsageError(f"{setting}: give it a list of folders, as in hydra.searchpath=[my/conf].")
    return [str(place) for place in value]
