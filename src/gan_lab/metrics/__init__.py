"""Scores of generated samples: pure functions in float64, (real, fake) order throughout."""

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
from gan_lab.metrics.frechet import (
    Moments,
    frechet,
    frechet_distance,
    frechet_from_features,
    moments,
)

__all__ = [
    "MNISTCNN_V1",
    "Classifier",
    "Moments",
    "accuracy",
    "classify",
    "frechet",
    "frechet_distance",
    "frechet_from_features",
    "load_classifier",
    "load_mnistcnn_v1",
    "moments",
    "resize",
    "save_classifier",
    "train_classifier",
]
