"""One's own code, which lies beside one's own configs: how it is imported, and its hashes.

The folder is on Python's path while the code is imported and called, and not a moment longer:
else an optional package that is not installed would be taken from a stranger's folder.
"""

import ast
import hashlib
import importlib
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType

from gan_lab.common.errors import UsageError
from gan_lab.common.paths import own_folders
from gan_lab.config.own.yaml_files import shown

DIGITS = 16  # of the hash of a file
# Where own code was found, by the first part of its name: who trains from a notebook may ask for it
# again when the folder is not in use any more.
_homes: dict[str, Path] = {}
# The hashes of the files behind what was imported, and the names of the modules.
_imported: dict[str, tuple[dict[Path, str], list[str]]] = {}


def is_own(target: str) -> bool:
    """Whether a `_target_` may be code of the user's own."""
    return not target.startswith(("gan_lab.", "torch."))


def home_of(target: str) -> Path | None:
    """Return the folder in which the code of a target lies: that which holds a folder of configs,
    or the working directory. None of an installed package."""
    first = target.partition(".")[0]
    places = [folder.parent for folder in own_folders()]
    known = [_homes[first]] if first in _homes else []
    return next((place for place in (*places, Path.cwd(), *known) if _has(place, first)), None)


def _has(folder: Path, name: str) -> bool:
    if not name.isidentifier():
        return False
    return (folder / f"{name}.py").is_file() or any((folder / name).glob("*.py"))


def import_own(target: str) -> ModuleType:
    """Import the module of a target, anew if its files have changed since.

    Raises UsageError for one that has the name of another package, and whatever its code raises.
    """
    module_name = target.rpartition(".")[0]
    first, home = module_name.partition(".")[0], home_of(target)
    if home is None:
        return importlib.import_module(module_name)
    hashes = {path: _hash(path) for path in _files(home, [module_name])}
    if first not in _imported:  # the program may have, and nobody knows what the files were then
        _forget(_modules_of(home, hashes))
    elif _imported[first][0] != hashes:
        _forget(_imported.pop(first)[1])
    if first in sys.modules or module_name in sys.modules:
        _refuse_other(sys.modules[first], first, home)
    _homes[first] = home
    with within(home):
        before = set(sys.modules)
        try:
            module = importlib.import_module(module_name)
            _import_what_waits(home, hashes)
            return module
        finally:
            loaded = [name for name in set(sys.modules) - before if _is_of(name, home)]
            names = [*_imported.get(first, ({}, []))[1], *loaded]
            if names:
                _imported[first] = (hashes, names)


def _import_what_waits(home: Path, files: Iterable[Path]) -> None:
    """Import what own code imports only when a function of it is called: then the folder is not on
    Python's path any more. What fails here fails there as well, where it is said."""
    for file in files:
        if (name := _module_name(home, file)) not in sys.modules:
            with suppress(Exception):
                importlib.import_module(name)


def _forget(names: Iterable[str]) -> None:
    """Let modules be imported anew, but for the program itself."""
    for name in names:
        if name != "__main__":
            sys.modules.pop(name, None)


def _modules_of(home: Path, files: Iterable[Path]) -> Iterator[str]:
    """Yield the names of the modules that have been imported from files of a folder."""
    for path in files:
        name = _module_name(home, path)
        file = getattr(sys.modules.get(name), "__file__", None)
        if file and Path(file).resolve() == path.resolve():
            yield name


def _module_name(home: Path, file: Path) -> str:
    parts = file.relative_to(home).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _refuse_other(module: ModuleType, name: str, home: Path) -> None:
    """Raise UsageError if a module that is imported is not that of a folder."""
    file = getattr(module, "__file__", None)
    if not (file and Path(file).resolve().is_relative_to(home.resolve())):
        raise UsageError(
            f"{shown(home)}/{name}.py has the name of another package ({file or 'of Python'}): "
            "give it another name."
        )


def _is_of(name: str, home: Path) -> bool:
    file = getattr(sys.modules[name], "__file__", None)
    return bool(file) and Path(str(file)).is_relative_to(home)


def place_in_own_code(error: BaseException | None) -> str:
    """Return `FILE, line N` of where an error went through one's own code last; else nothing."""
    if isinstance(error, SyntaxError) and error.filename and _is_in_a_home(error.filename):
        return f"{shown(Path(error.filename))}, line {error.lineno}"
    frames = traceback.extract_tb(error.__traceback__) if error else []
    places = [
        f"{shown(Path(frame.filename))}, line {frame.lineno}"
        for frame in frames
        if _is_in_a_home(frame.filename)
    ]
    return places[-1] if places else ""


def _is_in_a_home(file: str) -> bool:
    """Whether a file lies where own code was found; a virtual environment may lie there as well."""
    path = Path(file)
    return not {"site-packages", "dist-packages"} & {*path.parts} and any(
        path.is_relative_to(home) for home in _homes.values()
    )


@contextmanager
def within(home: Path | None) -> Iterator[None]:
    """Let modules of a folder be imported, and leave no compiled files there."""
    if home is None:
        yield
        return
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    sys.path.insert(0, str(home))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.dont_write_bytecode = before
        if str(home) in sys.path:
            sys.path.remove(str(home))


def source_hashes(targets: Iterable[str]) -> dict[str, str]:
    """Return the hash of each file behind those of the targets that are one's own code, by its
    path below its folder."""
    found: dict[str, str] = {}
    for target in sorted(set(filter(is_own, targets))):
        if home := home_of(target):
            files = _files(home, [target.rpartition(".")[0]])
            found |= {str(path.relative_to(home)): _hash(path) for path in files}
    return found


def changed_sources(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Return in one line which files have changed; nothing if none has."""
    names = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
    return f"{', '.join(names)} changed" if names else ""


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:DIGITS]


def _files(home: Path, modules: Iterable[str]) -> list[Path]:
    """Return the files of modules in a folder, and of what they import from there, by their text:
    none of it is run."""
    found: dict[Path, None] = {}
    left = list(modules)
    seen: set[str] = set()
    while left:
        name = left.pop()
        parts = name.split(".")
        if name in seen or not all(part.isidentifier() for part in parts):
            continue
        seen.add(name)
        # `a.b` runs a/__init__.py too; of `from a import b`, b may be a module or no file at all.
        for depth in range(1, len(parts) + 1):
            path = home.joinpath(*parts[:depth])
            for file in (path.with_suffix(".py"), path / "__init__.py"):
                if file.is_file() and file not in found:
                    found[file] = None
                    package = parts[:depth] if file.name == "__init__.py" else parts[: depth - 1]
                    left += _imports(file, package)
    return sorted(found)


def _imports(file: Path, package: list[str]) -> Iterator[str]:
    """Yield the dotted names that a file of a package imports."""
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            start = [*above, *([node.module] if node.module else [])]
            yield ".".join(start)
            yield from (".".join([*start, alias.name]) for alias in node.names)
