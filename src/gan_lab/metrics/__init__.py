"""Scores of generated samples: pure functions in float64, (real, fake) order throughout."""

from gan_lab.metrics.census import Census, count_modes, sure_classes
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
from gan_lab.metrics.diversity import birthday_size, closest_pairs, nearest_distances, spread
from gan_lab.metrics.frechet import (
    Moments,
    frechet,
    frechet_distance,
    frechet_from_features,
    moments,
)
from gan_lab.metrics.intervals import mean_interval, wilson
from gan_lab.metrics.mixture import (
    Cells,
    cells_for,
    jensen_shannon,
    optimal_discriminator,
    value_of,
)

__all__ = [
    "MNISTCNN_V1",
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
    "frechet",
    "frechet_distance",
    "frechet_from_features",
    "jensen_shannon",
    "load_classifier",
    "load_mnistcnn_v1",
    "mean_interval",
    "moments",
    "nearest_distances",
    "optimal_discriminator",
    "resize",
    "save_classifier",
    "spread",
    "sure_classes",
    "train_classifier",
    "value_of",
    "wilson",
]
