"""Scores of what a classifier says of samples."""

from itertools import pairwise

import torch
from torch import Tensor

from gan_lab.metrics.arrays import Array, as_float64

CONFIDENT = 0.9


def inception_score(logits: Array, splits: int = 1) -> float:
    """Return exp E KL(p(y|x) || p(y)) of logits [N, classes]: 1 to the number of classes.

    With `splits`, the mean over that many consecutive parts of the rows; nothing is shuffled.
    Salimans et al. 2016. On another network than Inception this is its classifier score. Raises
    ValueError for fewer rows than splits.
    """
    logits = as_float64(logits, "logits", 2)
    if not logits.shape[1]:
        raise ValueError("the logits are of no class")
    if splits < 1 or len(logits) < splits:
        raise ValueError(f"{len(logits)} samples cannot be parted into {splits} splits")
    edges = [index * len(logits) // splits for index in range(splits + 1)]
    parts = [logits[first:last] for first, last in pairwise(edges)]
    return torch.stack([_information(part.log_softmax(1)).exp() for part in parts]).mean().item()


def score_from_sums(count: Tensor, probabilities: Tensor, negative_entropies: Tensor) -> Tensor:
    """Return the score of `count` samples from sums over them: of p(y|x) [classes] and of
    E log p(y|x), a scalar. Raises ValueError for no samples."""
    if not count > 0:
        raise ValueError("a score needs at least 1 sample, got none")
    marginal = probabilities / count
    entropy: Tensor = -torch.special.xlogy(marginal, marginal).sum()
    return (entropy + negative_entropies / count).exp()


def _information(log_probabilities: Tensor) -> Tensor:
    probabilities = log_probabilities.exp()
    marginal = probabilities.mean(0)
    # In xlogy 0 log 0 = 0, where the difference of two logarithms would be nan.
    entropy: Tensor = -torch.special.xlogy(marginal, marginal).sum()
    return entropy + (probabilities * log_probabilities).sum(1).mean()
