"""Imports go down three floors: pure torch, assembly, entry points."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gan_lab.common.paths import PACKAGE

LEAVES = {"errors", "paths", "threads"}  # anybody may import them
FLOORS = [
    {"losses", "models", "data", "metrics", "ema", "position", "spread", "augment"},
    LEAVES | {"__init__", "build", "steps", "parts", "inputs", "runs", "files", "checkpoints",
              "tracking", "wandb_environment", "sampling",
              "extractors", "loading", "schema", "figures", "record", "lookup", "captions",
              "instantiate", "scores", "measures", "score_lists", "protocols", "real_side", "judge",
              "monitor", "modes", "trust", "census_words", "mode_figures", "equilibrium",
              "equilibrium_figures", "optimal", "interpolation", "latent_figures"},
    {"cli", "commands", "overrides", "synonyms", "precedence", "mistakes", "checks", "train",
     "evaluate", "sweep", "runner", "announce",
     "console", "signals", "explain", "expand", "child", "task", "launchers", "measure", "plan",
     "verify", "search", "slurm", "score_tables", "folders", "report", "export", "dashboard",
     "datasheet", "streamed"},
]  # fmt: skip
SCRIPTS = {PACKAGE / "evaluation/weights/train_mnistcnn.py"}  # run by hand, imported by nobody
FILES = sorted(set(PACKAGE.rglob("*.py")) - SCRIPTS)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def part(path: Path) -> str:
    """The package or module directly under gan_lab that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def floor(name: str) -> int:
    return next(number for number, names in enumerate(FLOORS) if name in names)


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield the dotted name of everything that a file imports, and whether a function does it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, FUNCTIONS)]
    inside = {id(node) for function in functions for node in ast.walk(function)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: write the import in full"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from ((name, id(node) in inside) for name in names)


def ours(path: Path) -> set[str]:
    """The packages and modules directly under gan_lab that a file imports."""
    names = [name.split(".") for name, _ in imports(path)]
    known = set.union(*FLOORS)
    return {
        parts[1] if len(parts) > 1 and parts[1] in known else "__init__"
        for parts in names
        if parts[0] == "gan_lab"
    }


def theirs(path: Path) -> set[str]:
    """The other packages that a file imports; tensorboard by whichever way."""
    names = {name for name, _ in imports(path)}
    tensorboard = {"tensorboard" for name in names if "tensorboard" in name.lower()}
    return {name.split(".")[0] for name in names} | tensorboard


def ids(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def test_every_module_has_its_floor():
    names = [name for names in FLOORS for name in names]
    assert sorted(names) == sorted({part(path) for path in FILES})


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_imports_go_down(path):
    name = part(path)
    if floor(name) == 0:
        assert ours(path) <= {name} | LEAVES
    elif name in LEAVES:
        assert not ours(path)
    else:
        assert max(map(floor, ours(path)), default=0) <= floor(name)


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_configuration_stays_upstairs(path):
    forbidden = [{"omegaconf", "hydra", "wandb", "tensorboard"}, {"hydra"}, set()]
    assert not theirs(path) & forbidden[floor(part(path))]


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_trackers_are_imported_by_tracking_alone_when_used(path):
    trackers = {(name, inside) for name, inside in imports(path)
                if name.startswith(("wandb", "tensorboard")) or ".tensorboard" in name}  # fmt: skip
    if part(path) == "tracking":
        assert trackers and all(inside for _, inside in trackers)
    elif part(path) == "dashboard":  # the panels of W&B, an extra
        assert all(name.startswith("wandb_workspaces") and inside for name, inside in trackers)
    else:
        assert not trackers


def test_the_rules_see_something():
    """The reading of imports, on files of which each does what others may not."""
    assert "omegaconf" in theirs(PACKAGE / "record.py")
    assert "hydra" in theirs(PACKAGE / "overrides.py")
    assert {"losses", "models", "data"} <= ours(PACKAGE / "build.py")
    assert ours(PACKAGE / "__init__.py") == {"loading"}


def test_help_waits_for_neither_torch_nor_hydra():
    code = "import sys, gan_lab.cli; print({'torch', 'hydra', 'omegaconf'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
