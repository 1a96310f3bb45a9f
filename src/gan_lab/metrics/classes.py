"""The scores as torchmetrics' classes, for a loop of one's own.

Every `update(x, real=...)` takes features [N, d], logits [N, K], images or points, of real samples
or of generated ones. A class that never looks at real samples takes them and leaves them out, so
that one `MetricCollection` can be fed by one call. Values are float64.

Three of them keep sums: they take as many bytes after 50,000 samples as after 1,000. Three compare
each sample with each other one, which no sum can: they keep the samples, at most `max_rows` of each
side on each process, the first that come. Give them real samples in random order.

Over processes the states are added up, or put one after another, by torchmetrics; each process
must have seen samples of the sides that are used, or the shapes of its states are not known.
"""

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities.data import dim_zero_cat

from gan_lab.metrics.arrays import Array
from gan_lab.metrics.frechet import Moments, frechet, moments_from_sums
from gan_lab.metrics.kid import kid
from gan_lab.metrics.modes import coverage_of_counts, high_quality_counts
from gan_lab.metrics.neighbours import precision_recall_density_coverage
from gan_lab.metrics.predictions import score_from_sums
from gan_lab.metrics.swd import random_directions, sliced_wasserstein, swd

MAX_ROWS = 10_000  # as many as the scores of runs take of each side


class FrechetDistance(Metric):
    """The Fréchet distance of Gaussians fitted to features [N, d], in their squared units.

    Streams: counts, sums and sums of products, 2 (d + 1) d numbers. The pure function
    `frechet_from_features` centres the features before it multiplies, which sums cannot; the two
    agree to rounding, 1e-12 of the distance, unless the features lie thousands of deviations from
    zero. `compute` raises ValueError for fewer than 2 samples of a side.
    Source: Heusel et al. 2017, equation 6. Lower is better.
    """

    is_differentiable = False
    higher_is_better = False
    full_state_update = False
    real_count: Tensor
    real_sum: Tensor
    real_products: Tensor
    fake_count: Tensor
    fake_sum: Tensor
    fake_products: Tensor

    def __init__(self, num_features: int, **kwargs: Any):
        super().__init__(**kwargs)
        if num_features < 1:
            raise ValueError(f"num_features={num_features}: must be at least 1")
        self.num_features = num_features
        for side in ("real", "fake"):
            self.add_state(f"{side}_count", _zeros(), dist_reduce_fx="sum")
            self.add_state(f"{side}_sum", _zeros(num_features), dist_reduce_fx="sum")
            self.add_state(f"{side}_products", _zeros(num_features, num_features),
                           dist_reduce_fx="sum")  # fmt: skip

    def update(self, x: Tensor, real: bool) -> None:
        """Add features [N, d] of real samples, or of generated ones."""
        rows = _numbers(x, "features", 2)
        if rows.shape[1] != self.num_features:
            raise ValueError(f"num_features={self.num_features}, got {rows.shape[1]}")
        if real:
            self.real_count += len(rows)
            self.real_sum += rows.sum(0)
            self.real_products += rows.T @ rows
        else:
            self.fake_count += len(rows)
            self.fake_sum += rows.sum(0)
            self.fake_products += rows.T @ rows

    def compute(self) -> Tensor:
        """Return the distance; a float64 scalar."""
        fake = moments_from_sums(int(self.fake_count), self.fake_sum, self.fake_products)
        return _scalar(frechet(self.real_moments(), fake))

    def real_moments(self) -> Moments:
        """Return the Gaussian of the real samples that this process has seen."""
        return moments_from_sums(int(self.real_count), self.real_sum, self.real_products)


class KernelDistance(Metric):
    """The kernel distance (KID) of features [N, d], on all rows that it keeps.

    Does not stream: it keeps the first `max_rows` of each side, on each process, in their own type.
    It is unbiased, so that a bound on the rows costs precision alone. `compute` raises ValueError
    for fewer than 2 rows of a side.
    Source: Bińkowski et al. 2018, section 4. Lower is better.
    """

    is_differentiable = False
    higher_is_better = False
    full_state_update = False
    real_rows: list[Tensor]
    fake_rows: list[Tensor]

    def __init__(self, max_rows: int = MAX_ROWS, **kwargs: Any):
        super().__init__(**kwargs)
        _add_rows(self, max_rows)

    def update(self, x: Tensor, real: bool) -> None:
        """Keep features [N, d] of real samples, or of generated ones."""
        _keep(self, x, real, (2,))

    def compute(self) -> Tensor:
        """Return the distance; a float64 scalar."""
        return _scalar(kid(*_kept(self)))


class ClassifierScore(Metric):
    """The Inception score's formula, exp E KL(p(y|x) || p(y)), on logits [N, K] of any classifier.

    Streams: a count, K sums of probabilities and a sum of entropies. One number over all samples
    (`splits=1` of `inception_score`), which parts into splits would lower. It never looks at real
    samples and ignores those that it is given. `compute` raises ValueError without a sample.
    Source: Salimans et al. 2016, section 4. Higher is better.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    count: Tensor
    probabilities: Tensor
    negative_entropies: Tensor

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.add_state("count", _zeros(), dist_reduce_fx="sum")
        self.add_state("probabilities", _zeros(), dist_reduce_fx="sum")  # [K], from the first on
        self.add_state("negative_entropies", _zeros(), dist_reduce_fx="sum")

    def update(self, x: Tensor, real: bool = False) -> None:
        """Add logits [N, K] of generated samples; real ones are ignored."""
        if real:
            return
        log_probabilities = _numbers(x, "logits", 2).log_softmax(1)
        probabilities = log_probabilities.exp()
        self.count += len(probabilities)
        self.probabilities = self.probabilities + probabilities.sum(0)
        self.negative_entropies += (probabilities * log_probabilities).sum()

    def compute(self) -> Tensor:
        """Return the score; a float64 scalar."""
        return score_from_sums(self.count, self.probabilities, self.negative_entropies)


class PrecisionRecallDensityCoverage(Metric):
    """Precision, recall, density and coverage of features [N, d], under these names.

    Does not stream: it keeps the first `max_rows` of each side, on each process, in their own type.
    All four depend on the numbers of samples: compare them at the same ones. `compute` raises
    ValueError unless each side has more than k samples.
    Source: Kynkäänniemi et al. 2019; Naeem et al. 2020. Higher is better, density as of real data.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    real_rows: list[Tensor]
    fake_rows: list[Tensor]

    def __init__(self, k: int = 5, max_rows: int = MAX_ROWS, **kwargs: Any):
        super().__init__(**kwargs)
        if k < 1:
            raise ValueError(f"k={k}: must be at least 1")
        self.k = k
        _add_rows(self, max_rows)

    def update(self, x: Tensor, real: bool) -> None:
        """Keep features [N, d] of real samples, or of generated ones."""
        _keep(self, x, real, (2,))

    def compute(self) -> dict[str, Tensor]:
        """Return four float64 scalars by name."""
        real, fake = _kept(self)
        found = precision_recall_density_coverage(real, fake, self.k)
        return {name: _scalar(value) for name, value in found.items()}


class SlicedWasserstein(Metric):
    """The sliced Wasserstein distance of images or points.

    Of images (uint8 [N, C, H, W], sides of at least 14) that of their patches, in thousandths, as
    `swd`; of points [N, d] that of the points, in the units of their space. As many of both sides
    are compared as the smaller has. Does not stream: it keeps the first `max_rows` of each side, on
    each process. Where patches are cut depends on an image's place among the others, so that
    another order gives another value, within what other places give; batches make no difference.
    Source: Karras et al. 2018, section 5. Lower is better.
    """

    is_differentiable = False
    higher_is_better = False
    full_state_update = False
    real_rows: list[Tensor]
    fake_rows: list[Tensor]

    def __init__(self, max_rows: int = MAX_ROWS, **kwargs: Any):
        super().__init__(**kwargs)
        _add_rows(self, max_rows)

    def update(self, x: Tensor, real: bool) -> None:
        """Keep images or points of the real data, or generated ones."""
        if x.ndim == 4 and x.dtype != torch.uint8:
            raise ValueError(f"images are uint8 [N, C, H, W], got {x.dtype}")
        _keep(self, x, real, (2, 4))

    def compute(self) -> Tensor:
        """Return the distance; a float64 scalar."""
        real, fake = _kept(self)
        if real.ndim == 4:
            return _scalar(swd(real, fake))
        count = min(len(real), len(fake))
        directions = random_directions(real.shape[1]).to(real.dtype)
        fake = fake[:count].to(real.dtype)
        return _scalar(sliced_wasserstein(real[:count], fake, directions))


class ModeCoverage(Metric):
    """How points [N, d] cover a mixture of Gaussians with centers [K, d] and one std.

    `high_quality`, `modes` and `reverse_kl` as in `mode_coverage`. Streams: K counts. It knows the
    modes and never looks at real samples: it ignores those that it is given. `compute` raises
    ValueError without a point.
    Source: Srivastava et al. 2017 (VEEGAN); Lin et al. 2018 (PacGAN). Higher is better, the KL
    lower.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    count: Tensor
    hits: Tensor
    centers: Tensor
    std: Tensor

    def __init__(self, centers: Array, std: float, **kwargs: Any):
        super().__init__(**kwargs)
        places = torch.as_tensor(centers, dtype=torch.float64)
        if places.ndim != 2 or not len(places) or not std > 0:
            raise ValueError(f"needs centers [K, d] and a std above 0, got std {std}")
        # They are states because a collection shares states that are equal after one update; of
        # mixtures that agree by chance in their counts it must not.
        self.add_state("centers", places, dist_reduce_fx="max")
        self.add_state("std", torch.tensor(std, dtype=torch.float64), dist_reduce_fx="max")
        self.add_state("count", _zeros(), dist_reduce_fx="sum")
        self.add_state("hits", _zeros(len(places)), dist_reduce_fx="sum")

    def update(self, x: Tensor, real: bool = False) -> None:
        """Count generated points [N, d]; real ones are ignored."""
        if real:
            return
        points = _numbers(x, "points", 2)
        self.hits += high_quality_counts(points, self.centers, float(self.std))
        self.count += len(points)

    def compute(self) -> dict[str, Tensor]:
        """Return three float64 scalars by name."""
        found = coverage_of_counts(self.hits.cpu(), int(self.count))
        return {name: _scalar(value) for name, value in found.items()}


def _zeros(*shape: int) -> Tensor:
    return torch.zeros(shape, dtype=torch.float64)


def _scalar(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


def _numbers(x: Tensor, name: str, dimensions: int) -> Tensor:
    """Return x in float64 where it lies. Raises ValueError as `as_float64` does."""
    if x.ndim != dimensions:
        raise ValueError(f"{name} must have {dimensions} dimensions, got shape {list(x.shape)}")
    numbers = x.detach().double()
    if not numbers.isfinite().all():
        raise ValueError(f"{name} hold numbers that are not finite (nan or inf)")
    return numbers


def _add_rows(metric: Metric, max_rows: int) -> None:
    """Give a metric two lists of rows and their bound.

    The bound is a state because a collection shares states that are equal after one update, and
    must not where one metric would go on keeping.
    """
    if max_rows < 1:
        raise ValueError(f"max_rows={max_rows}: must be at least 1")
    metric.add_state("max_rows", torch.tensor(max_rows), dist_reduce_fx="max")
    metric.add_state("real_rows", [], dist_reduce_fx="cat")
    metric.add_state("fake_rows", [], dist_reduce_fx="cat")


def _keep(metric: Any, x: Tensor, real: bool, dimensions: tuple[int, ...]) -> None:
    if x.ndim not in dimensions:
        allowed = " or ".join(map(str, dimensions))
        raise ValueError(f"samples must have {allowed} dimensions, got shape {list(x.shape)}")
    rows = metric.real_rows if real else metric.fake_rows
    room = int(metric.max_rows) - sum(map(len, rows))
    if room > 0:
        rows.append(x.detach()[:room].clone())  # a view would keep all of a batch


def _kept(metric: Any) -> tuple[Tensor, Tensor]:
    """Return the real and the generated rows. Raises ValueError if there are none of a side."""
    for name in ("real", "fake"):
        if not len(getattr(metric, f"{name}_rows")):
            raise ValueError(f"no {name} samples: update(x, real={name == 'real'}) adds some")
    return dim_zero_cat(metric.real_rows).cpu(), dim_zero_cat(metric.fake_rows).cpu()
