"""Print the smallest share of a class that its dataset's classifier tells from none.

    python benchmarks/smallest_shares.py digits mnist flowers stacked_mnist

needs the data under GAN_LAB_DATA. The first time classifiers are trained, and all training images
are looked at, which takes minutes. The samples of the census are as many as a run's final ones, and
in the shares that the classifier gives to real images.
"""

import sys
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import torch

from gan_lab.analysis.modes import sort
from gan_lab.config import compose
from gan_lab.evaluation.evaluator import Samples
from gan_lab.evaluation.run_evaluator import RunEvaluator
from gan_lab.metrics import Census, JudgeErrors
from gan_lab.runs.directory import Run
from gan_lab.training import build

SAMPLES = 10_000
ASKED = 50  # real images that are sorted, for the errors of who sorts


def main() -> None:
    print("| dataset | right on | images for errors, for checks | smallest share | of the real |")
    print("|---|---|---|---|---|")
    for name in sys.argv[1:]:
        errors, real_shares = judge(name)
        expected = Census((1,) * len(real_shares), 0, real_shares, errors).expected_shares
        counts = tuple(round(SAMPLES * share) for share in expected)
        smallest = Census(counts, 0, real_shares, errors).smallest_shares
        parts = [share / real for share, real in zip(smallest, real_shares, strict=True)]
        right = errors.check.agreement @ torch.tensor(real_shares).double().numpy()
        print(
            f"| {name} | {100 * right:.1f} % | {errors.estimate.images:,}, {errors.check.images:,} "
            f"| {spread(smallest)} | {spread(parts)} |",
            flush=True,
        )


def judge(name: str) -> tuple[JudgeErrors, tuple[float, ...]]:
    """Return how a dataset's classifier errs, and the shares of its classes in training data."""
    (job,) = compose.jobs([f"dataset={name}"], multirun=False)
    train = build.dataset(job.config)
    assert train.labels is not None
    config = replace(job.config, shape=tuple(train.shape))
    with TemporaryDirectory() as folder:
        evaluator = RunEvaluator(config, Run(Path(folder)), torch.device("cpu"))
        drawn = Samples(lambda first, last: (train.images[first:last], None))
        order = sort(evaluator, drawn, ASKED)
    assert order is not None and order.errors is not None
    counts = train.labels.bincount(minlength=len(train.classes)).double()
    return order.errors, tuple((counts / counts.sum()).tolist())


def spread(values) -> str:
    """Return the middle of several shares, and their ends."""
    middle, low, high = (f"{100 * one:.3g}" for one in (median(values), min(values), max(values)))
    return f"{middle} % ({low} to {high})"


if __name__ == "__main__":
    main()
