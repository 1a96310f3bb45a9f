"""Scores of generated samples: pure functions in float64, (real, fake) order throughout."""

from gan_lab.metrics.census import (
    UNSURE,
    Census,
    count_modes,
    familiar_distance,
    is_strange,
    sure_classes,
)
from gan_lab.metrics.classifier import (
    MNISTCNN_V1,
    Classifier,
    accuracy,
    classify,
    load_classifier,
    load_mnistcnn_v1,
    resize,
    save_classifier,
    train_classifier,
)
from gan_lab.metrics.diversity import birthday_size, closest_pairs, nearest_others, spread
from gan_lab.metrics.frechet import (
    Moments,
    frechet,
    frechet_distance,
    frechet_from_features,
    moments,
)
from gan_lab.metrics.intervals import mean_interval, wilson
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
from gan_lab.metrics.similarity import pair_similarities
from gan_lab.metrics.swd import random_directions, sliced_wasserstein, swd, swd_levels

__all__ = [
    "MNISTCNN_V1",
    "UNSURE",
    "Cells",
    "Census",
    "Classifier",
    "Moments",
    "accuracy",
    "birthday_size",
    "cells_for",
    "classify",
    "closest_pairs",
    "count_modes",
    "divergence_from_uniform",
    "familiar_distance",
    "frechet",
    "frechet_distance",
    "frechet_from_features",
    "high_quality_counts",
    "inception_score",
    "is_strange",
    "jensen_shannon",
    "kid",
    "kid_subsets",
    "load_classifier",
    "load_mnistcnn_v1",
    "mean_interval",
    "mode_coverage",
    "moments",
    "nearest_distances",
    "nearest_modes",
    "nearest_others",
    "optimal_discriminator",
    "pair_similarities",
    "pairwise_distances",
    "precision_recall_density_coverage",
    "random_directions",
    "resize",
    "save_classifier",
    "sliced_wasserstein",
    "spread",
    "stacked_mode_coverage",
    "sure_classes",
    "swd",
    "swd_levels",
    "train_classifier",
    "triple_counts",
    "value_of",
    "wilson",
]
