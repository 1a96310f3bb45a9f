"""Scores of generated samples: pure functions in float64, (real, fake) order throughout."""

import warnings
from typing import TYPE_CHECKING, Any

from gan_lab.metrics.census import (
    UNSURE,
    Census,
    count_modes,
    familiar_distance,
    is_strange,
    sure_classes,
)
from gan_lab.metrics.confusion import Confusion, JudgeErrors
from gan_lab.metrics.copying import CopyTest, copy_test
from gan_lab.metrics.diversity import (
    birthday_size,
    closest_pairs,
    nearest_others,
    pair_similarities,
    spread,
)
from gan_lab.metrics.frechet import (
    Moments,
    enough_for_errors,
    frechet,
    frechet_at_infinity,
    frechet_distance,
    frechet_error,
    frechet_from_features,
    moments,
)
from gan_lab.metrics.intervals import mean_interval, normal_interval, wilson
from gan_lab.metrics.kid import kid, kid_subsets
from gan_lab.metrics.mixture import (
    Cells,
    cells_for,
    jensen_shannon,
    optimal_discriminator,
    value_of,
)
from gan_lab.metrics.modes import (
    divergence_from_uniform,
    high_quality_counts,
    mode_coverage,
    nearest_modes,
    stacked_mode_coverage,
    triple_counts,
)
from gan_lab.metrics.neighbours import (
    nearest_distances,
    pairwise_distances,
    precision_recall_density_coverage,
)
from gan_lab.metrics.predictions import inception_score
from gan_lab.metrics.spectrum import (
    log_spectral_distance,
    radial_spectrum,
    ring_frequencies,
    ring_numbers,
    rounding_power,
)
from gan_lab.metrics.swd import random_directions, sliced_wasserstein, swd, swd_levels

if TYPE_CHECKING:
    from gan_lab.metrics.classes import (
        ClassifierScore,
        FrechetDistance,
        KernelDistance,
        ModeCoverage,
        PrecisionRecallDensityCoverage,
        SlicedWasserstein,
    )

__all__ = [
    "UNSURE",
    "Cells",
    "Census",
    "ClassifierScore",
    "Confusion",
    "CopyTest",
    "FrechetDistance",
    "JudgeErrors",
    "KernelDistance",
    "ModeCoverage",
    "Moments",
    "PrecisionRecallDensityCoverage",
    "SlicedWasserstein",
    "birthday_size",
    "cells_for",
    "closest_pairs",
    "copy_test",
    "count_modes",
    "divergence_from_uniform",
    "enough_for_errors",
    "familiar_distance",
    "frechet",
    "frechet_at_infinity",
    "frechet_distance",
    "frechet_error",
    "frechet_from_features",
    "high_quality_counts",
    "inception_score",
    "is_strange",
    "jensen_shannon",
    "kid",
    "kid_subsets",
    "log_spectral_distance",
    "mean_interval",
    "mode_coverage",
    "moments",
    "nearest_distances",
    "nearest_modes",
    "nearest_others",
    "normal_interval",
    "optimal_discriminator",
    "pair_similarities",
    "pairwise_distances",
    "precision_recall_density_coverage",
    "radial_spectrum",
    "random_directions",
    "ring_frequencies",
    "ring_numbers",
    "rounding_power",
    "sliced_wasserstein",
    "spread",
    "stacked_mode_coverage",
    "sure_classes",
    "swd",
    "swd_levels",
    "triple_counts",
    "value_of",
    "wilson",
]

# In gan_lab.metrics.classes, imported when asked for: torchmetrics takes longer than torch does.
AS_CLASSES = (
    "ClassifierScore",
    "FrechetDistance",
    "KernelDistance",
    "ModeCoverage",
    "PrecisionRecallDensityCoverage",
    "SlicedWasserstein",
)
# They live in gan_lab.evaluation.classifier; handed on from here until version 0.3.
OF_THE_CLASSIFIER = (
    "MNISTCNN_V1",
    "Classifier",
    "accuracy",
    "classify",
    "load_classifier",
    "load_mnistcnn_v1",
    "resize",
    "save_classifier",
    "train_classifier",
)


def __getattr__(name: str) -> Any:
    if name in AS_CLASSES:
        from gan_lab.metrics import classes

        return getattr(classes, name)
    if name not in OF_THE_CLASSIFIER:
        raise AttributeError(f"module 'gan_lab.metrics' has no attribute {name!r}")
    from gan_lab.evaluation import classifier

    warnings.warn(
        f"gan_lab.metrics.{name} is now gan_lab.evaluation.classifier.{name}; the old name goes "
        "with version 0.3",
        DeprecationWarning,
        stacklevel=2,
    )
    return getattr(classifier, name)
