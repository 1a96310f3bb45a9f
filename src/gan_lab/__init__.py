"""gan_lab: train, compare and explain GANs.

In a notebook: `gan_lab.load_run("latest")`, `gan_lab.load_dataset("mnist")`,
`gan_lab.load_loss("minimax")`.
"""

from typing import TYPE_CHECKING, Any

from gan_lab.common.version import __version__

if TYPE_CHECKING:
    from gan_lab.api import load_dataset, load_loss, load_run

__all__ = ["__version__", "load_dataset", "load_loss", "load_run"]


def __getattr__(name: str) -> Any:
    # Imported when asked for: they bring torch, which the command line's help does without.
    if name in __all__:
        from gan_lab import api

        return getattr(api, name)
    raise AttributeError(f"module 'gan_lab' has no attribute {name!r}")
