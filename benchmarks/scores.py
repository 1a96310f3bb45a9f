"""How long scores take: the Fréchet step beside the usual matrix square root, and all of MNIST's.

    python benchmarks/scores.py frechet       2,048 features, 500 and 10,000 samples
    python benchmarks/scores.py mnist ROOT    10,000 images of MNIST, every score but Inception's

The usual form (pytorch-fid's) takes the square root of the product of both covariances with
scipy.linalg.sqrtm. The real side is ready in both, as it is when a generator is scored again:
moments and factor in ours, mean and covariance there; from there each goes all the way from the
generated features to the distance. Runs are interleaved, and the fastest of each counts, in
wall-clock and in CPU seconds of all threads.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy.linalg
import torch

from gan_lab.config.run_config import LABELLED
from gan_lab.data import mnist
from gan_lab.evaluation.evaluator import Evaluator, Samples
from gan_lab.evaluation.extractors import shipped_classifier
from gan_lab.evaluation.reference import Reference
from gan_lab.evaluation.scores import load_score
from gan_lab.metrics import frechet, moments

SIZE, REPEATS = 2048, 3


def timed(call: Callable[[], Any]) -> tuple[float, float, Any]:
    began, worked = time.perf_counter(), time.process_time()
    result = call()
    return time.perf_counter() - began, time.process_time() - worked, result


def usual(mean: np.ndarray, covariance: np.ndarray, fake: np.ndarray) -> float:
    fake_mean, fake_covariance = fake.mean(0), np.cov(fake, rowvar=False)
    root = scipy.linalg.sqrtm(covariance @ fake_covariance).real
    traces = np.trace(covariance) + np.trace(fake_covariance)
    return float(((mean - fake_mean) ** 2).sum() + traces - 2 * np.trace(root))


def features(count: int, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    scales = np.arange(1, SIZE + 1) ** -0.75
    return np.abs(generator.standard_normal((count, SIZE))) * scales


def compare(count: int) -> None:
    real, fake = features(count, 0), 1.1 * features(count, 1)
    ready, tensor = moments(real), torch.from_numpy(fake)
    mean, covariance = real.mean(0), np.cov(real, rowvar=False)
    ours, theirs = [], []
    for _ in range(REPEATS):
        ours.append(timed(lambda: frechet(ready, moments(tensor))))
        theirs.append(timed(lambda: usual(mean, covariance, fake)))
    fastest = [[min(run[unit] for run in runs) for runs in (ours, theirs)] for unit in (0, 1)]
    print(f"{count:>6} samples: distances {ours[0][2]:.9f} and {theirs[0][2]:.9f}")
    for unit, (fast, slow) in zip(("wall", "CPU"), fastest, strict=True):
        print(f"    {unit:<5} ours {fast:.3f} s, usual {slow:.2f} s: {slow / fast:.1f} times",
              flush=True)  # fmt: skip


def all_scores(root: str) -> None:
    sides = {size: {split: mnist(root, size, split=split) for split in ("train", "test")}
             for size in (28, 32)}  # fmt: skip
    generator = torch.Generator().manual_seed(0)
    with tempfile.TemporaryDirectory() as cache:
        classifier = shipped_classifier(torch.device("cpu"), "mnistcnn-v1")
        real = Reference(lambda split, size: sides[size or 32][split], Path(cache))
        evaluator = Evaluator("mnist", real, lambda kind: classifier, "none: 1x32x32")
        rows = torch.randint(60_000, (30_000,), generator=generator)
        images = sides[32]["train"].images[rows]
        for attempt in ("first time, with the real side", "again"):
            samples = Samples(lambda first, last: (images[first:last], None))
            total = [0.0, 0.0]
            for name in LABELLED:
                score = load_score(name)
                *seconds, _ = timed(
                    lambda score=score, one=samples: evaluator.evaluate(
                        score, one, 10_000, score.sets
                    )
                )
                total = [sum(pair) for pair in zip(total, seconds, strict=True)]
                print(f"  {name:<20}{_both(seconds)}", flush=True)
            print(f"{attempt}: {_both(total)}", flush=True)


def _both(seconds: Sequence[float]) -> str:
    return f"{seconds[0]:6.1f} s wall {seconds[1]:6.1f} s CPU"


if __name__ == "__main__":
    print(
        f"{torch.get_num_threads()} threads, torch {torch.__version__}, SciPy {scipy.__version__}"
    )
    if sys.argv[1] == "frechet":
        for number in (500, 10_000):
            compare(number)
    else:
        all_scores(sys.argv[2])
