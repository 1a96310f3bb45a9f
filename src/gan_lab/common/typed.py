"""From plain values, as JSON and YAML have them, to typed objects, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    ForwardRef,
    TypeAlias,
    TypeVar,
    Union,
    get_args,
    get_origin,
)

T = TypeVar("T")
if TYPE_CHECKING:
    Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"
else:  # with its module, so that whoever asks for the types of a function can resolve it
    _json = ForwardRef("Json", module=__name__)
    Json = Union[str, int, float, bool, Sequence[_json], Mapping[str, _json], None]  # noqa: UP007

MOST = 10**300  # whole numbers are smaller, so that they have a float
WORDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    NoneType: "null",
}


class Malformed(ValueError):
    """A value is not of the type that its place asks for; one line says where and what."""


def read(kind: type[T], content: object, place: str = "") -> T:
    """Return plain content as a `kind`: a dataclass, tuple, mapping, scalar or one of several.

    Keys that a dataclass does not have are passed over, for a newer version may have written them.
    `place` is where the content stands, for messages. Raises Malformed.
    """
    value: T = _read(kind, content, place)
    return value


def plain(value: Any) -> Any:
    """Return the plain content of a value, as `read` takes it."""
    if hasattr(value, "as_plain"):
        return value.as_plain()
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def _read(kind: Any, content: Any, place: str) -> Any:
    if kind == Json:
        return content
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return _read_one_of(arguments, content, place)
    if origin is tuple:
        if not isinstance(content, list | tuple):
            raise Malformed(_expected(place, "a list", content))
        kinds = [arguments[0]] * len(content) if arguments[-1] is Ellipsis else arguments
        if len(kinds) != len(content):
            raise Malformed(_expected(place, f"a list of {len(kinds)}", content))
        pairs = enumerate(zip(kinds, content, strict=True))
        return tuple(_read(one, item, f"{place}[{number}]") for number, (one, item) in pairs)
    if origin is not None and issubclass(origin, Mapping):
        items = _mapping(content, place).items()
        return {key: _read(arguments[1], item, _within(place, key)) for key, item in items}
    if hasattr(kind, "from_plain"):
        return kind.from_plain(_mapping(content, place), place)
    if isinstance(kind, type) and is_dataclass(kind):
        return read_fields(kind, _mapping(content, place), place)
    if not _is_scalar(kind, content):
        raise Malformed(_expected(place, WORDS[kind], content))
    return content


def read_fields(kind: type[T], content: Mapping[str, Any], place: str) -> T:
    """Return a dataclass of the content of its fields, as `read` does: for a `from_plain` of it."""
    values = {}
    fields_of: Any = _hints  # mypy does not take every type for hashable
    for name, (hint, required) in fields_of(kind).items():
        if name in content:
            values[name] = _read(hint, content[name], _within(place, name))
        elif required:
            raise Malformed(f"{_within(place, name)} is not there")
    return kind(**values)


@cache
def _hints(kind: Any) -> dict[str, tuple[Any, bool]]:
    """Return the type of each field of a dataclass, and whether it has no default."""
    return {
        field.name: (field.type, field.default is field.default_factory is MISSING)
        for field in fields(kind)
    }


def _read_one_of(kinds: Sequence[Any], content: Any, place: str) -> Any:
    """Read the first kind that fits; say what the only one that is no null would have had."""
    if content is None and NoneType in kinds:
        return None
    several = [kind for kind in kinds if kind is not NoneType]
    if len(several) == 1:
        return _read(several[0], content, place)
    for kind in several:
        try:
            return _read(kind, content, place)
        except Malformed:
            continue
    words = " or ".join(WORDS.get(kind, str(kind)) for kind in kinds)
    raise Malformed(_expected(place, words, content))


def _is_scalar(kind: Any, content: Any) -> bool:
    """Whether content is of a kind; a whole number is a number too, and true is neither."""
    if isinstance(content, bool):
        return kind is bool
    if isinstance(content, int) and not -MOST < content < MOST:
        return False
    return isinstance(content, (int, float) if kind is float else kind)


def _mapping(content: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(content, Mapping) or not all(isinstance(key, str) for key in content):
        raise Malformed(_expected(place, "a mapping", content))
    return content


def _within(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _expected(place: str, words: str, content: Any) -> str:
    found = ascii(content)
    shown = found if len(found) <= 40 else f"{found[:37]}..."
    return f"{place or 'the content'} is {shown}, expected {words}"
