"""What a config says of one object: its constructor by name, and the arguments."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gan_lab.common.typed import Malformed, plain


@dataclass(frozen=True)
class Spec:
    """A `_target_` and the keys beside it. Without a target nothing is built (logger=none)."""

    target: str | None
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_plain(cls, content: Mapping[str, Any], place: str = "") -> "Spec":
        """Read the mapping of a config. Raises Malformed for a `_target_` that is no name."""
        target = content.get("_target_")
        if "_target_" not in content or not isinstance(target, str | None):
            raise Malformed(f"{place}._target_ is not the name of a constructor".lstrip("."))
        return cls(target, {key: item for key, item in content.items() if key != "_target_"})

    def as_plain(self) -> dict[str, Any]:
        """Return the mapping that `from_plain` reads."""
        return {"_target_": self.target, **plain(self.arguments)}

    def get(self, argument: str, default: Any = None) -> Any:
        """Return an argument; `default` if the config leaves it to the constructor."""
        return self.arguments.get(argument, default)

    def with_arguments(self, **changes: Any) -> "Spec":
        """Return the same with other arguments."""
        return replace(self, arguments={**self.arguments, **changes})
