"""YAML files of configs: read with mistakes in one line, and where in them a key stands."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from gan_lab.common.errors import UsageError


def shown(path: Path) -> str:
    """Return a path as a person in the working directory would type it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def load_yaml(path: Path) -> DictConfig:
    """Return the content of a config. Raises UsageError, with the line, if it cannot be read."""
    try:
        content = OmegaConf.load(path)
    except yaml.YAMLError as error:
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise UsageError(f"{shown(path)}{line} is no YAML: {problem or error}.") from None
    except OSError as error:
        raise UsageError(f"{shown(path)} cannot be read ({error.strerror or error}).") from None
    except (UnicodeDecodeError, ValueError, RecursionError, OmegaConfBaseException) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"{shown(path)} cannot be read ({reason}).") from None
    if not isinstance(content, DictConfig):
        raise UsageError(f"{shown(path)} is no config: write KEY: VALUE, a line each.")
    return content


def line_of_key(files: Iterable[Path], key: str) -> str | None:
    """Return `FILE, line N` of the first file that sets a dotted key, or one that ends so."""
    return _first(files, lambda path, value: f".{path}".endswith(f".{key}"))


def line_of_target(files: Iterable[Path], target: str) -> str | None:
    """Return `FILE, line N` of the first file that names a `_target_`."""
    return _first(files, lambda path, value: path.endswith("_target_") and value == target)


def _first(files: Iterable[Path], fits: Any) -> str | None:
    for file in files:
        for path, value, line in _keys(file):
            if fits(path, value):
                return f"{shown(file)}, line {line}"
    return None


def _keys(file: Path) -> Iterator[tuple[str, Any, int]]:
    """Yield each key of a file, dotted, with its value if that is a scalar, and its line."""
    try:
        root = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, ValueError, yaml.YAMLError):
        return
    left: list[tuple[str, Any]] = [("", root)]
    seen: set[int] = set()  # a node can be inside itself, by an alias
    while left:
        path, node = left.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            left += [(path, item) for item in node.value]
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                within = f"{path}.{key.value}".lstrip(".")
                scalar = value.value if isinstance(value, yaml.ScalarNode) else None
                yield within, scalar, key.start_mark.line + 1
                left.append((within, value))
