"""No function takes or returns a mapping of which nobody knows what is in it."""

import collections.abc
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any, get_args, get_origin, get_type_hints

import pytest

import gan_lab

# They read what is in files, and so take it as it is.
READERS = ("gan_lab.config", "gan_lab.runs", "gan_lab.common.typed", "gan_lab.common.files")
MODULES = sorted(
    found.name
    for found in pkgutil.walk_packages(gan_lab.__path__, "gan_lab.")
    if not found.name.startswith(READERS) and not found.name.endswith("__main__")
)


def functions(module: Any) -> Iterator[Any]:
    """The functions of a module, and the methods and properties of its classes."""
    for value in vars(module).values():
        if getattr(value, "__module__", None) != module.__name__:
            continue
        if inspect.isclass(value):
            for member in vars(value).values():
                yield from filter(inspect.isfunction, unwrapped(member))
        else:
            yield from filter(inspect.isfunction, unwrapped(value))


def unwrapped(member: Any) -> list[Any]:
    """What stands behind a property, a class method or a cache."""
    inner = [getattr(member, name, None) for name in ("fget", "func", "__func__", "__wrapped__")]
    return [member, *(found for found in inner if found is not None)]


def is_untyped(hint: Any) -> bool:
    """Whether an annotation has a mapping in it whose values are anything."""
    origin, arguments = get_origin(hint), get_args(hint)
    kind = origin or hint
    mappings = (dict, collections.abc.Mapping, collections.abc.MutableMapping)
    if kind in mappings and (not arguments or arguments[-1] in (Any, object)):
        return True
    inner = [one for found in arguments for one in (found if isinstance(found, list) else [found])]
    return any(map(is_untyped, inner))


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    """All that annotations may name without having imported it but for type checkers."""
    found: dict[str, Any] = {}
    others = ("torch", "torch.nn", "numpy", "pathlib", "argparse", "docx.document", "gan_lab.data")
    for name in (*others, *MODULES):
        found |= {key: value for key, value in vars(importlib.import_module(name)).items()
                  if inspect.isclass(value) or inspect.ismodule(value)}  # fmt: skip
    return found


def test_what_is_untyped_is_seen():
    alias = dict[str, Any]
    seen = (dict, dict[str, Any], list[alias], alias | None, collections.abc.Mapping[str, object])
    assert all(map(is_untyped, seen))
    assert not any(map(is_untyped, (dict[str, float], list[str], Any, dict[str, list[int]])))


@pytest.mark.parametrize("name", MODULES)
def test_no_function_takes_or_returns_an_untyped_mapping(name, names):
    wrong = [
        f"{function.__qualname__}: {argument}"
        for function in functions(importlib.import_module(name))
        for argument, hint in get_type_hints(function, localns=names).items()
        if is_untyped(hint)
    ]
    assert not wrong
