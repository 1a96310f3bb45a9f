"""How samples are scored.

The classifiers that a dataset's config may name are handed on from here, for a run records them.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gan_lab.evaluation.extractors import (
        shipped_classifier,
        stacked_classifier,
        trained_classifier,
    )

__all__ = ["shipped_classifier", "stacked_classifier", "trained_classifier"]


def __getattr__(name: str) -> Any:
    # Imported when asked for: they bring torch, and tables of scores do without.
    if name in __all__:
        from gan_lab.evaluation import extractors

        return getattr(extractors, name)
    raise AttributeError(f"module 'gan_lab.evaluation' has no attribute {name!r}")
