"""How samples are scored.

The classifiers that a dataset's config may name are handed on from here, for a run records them.
"""

from gan_lab.evaluation.extractors import (
    shipped_classifier,
    stacked_classifier,
    trained_classifier,
)

__all__ = ["shipped_classifier", "stacked_classifier", "trained_classifier"]
