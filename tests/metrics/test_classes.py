"""The classes stand in anybody's loop: any batches, copies, collections, processes; few bytes."""

import math
import pickle
import socket
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torchmetrics import Metric, MetricCollection

from gan_lab.metrics import (
    ClassifierScore,
    FrechetDistance,
    KernelDistance,
    ModeCoverage,
    PrecisionRecallDensityCoverage,
    SlicedWasserstein,
    frechet_distance,
    frechet_from_features,
    inception_score,
    kid,
    mode_coverage,
    precision_recall_density_coverage,
    swd,
)

CENTERS = np.array([[math.cos(a), math.sin(a)] for a in np.arange(8) * math.pi / 4])


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def noise(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)


# Of each class: how it is made, its samples (real, fake), and the pure function of both.
FEATURES = (normal(230, 6) + 1, 0.8 * normal(190, 6, seed=1) + 1.3)
POINTS = 0.9 * torch.from_numpy(CENTERS)[torch.arange(400) % 8] + 0.05 * normal(400, 2)
CASES: dict[str, tuple[Callable[[], Any], tuple[Tensor, Tensor], Callable[[Any, Any], Any]]] = {
    "FrechetDistance": (lambda: FrechetDistance(num_features=6), FEATURES, frechet_from_features),
    "KernelDistance": (KernelDistance, FEATURES, kid),
    "ClassifierScore": (
        ClassifierScore,
        (normal(90, 10), 4 * normal(170, 10, seed=1)),
        lambda real, fake: inception_score(fake),
    ),
    "PrecisionRecallDensityCoverage": (
        PrecisionRecallDensityCoverage,
        FEATURES,
        precision_recall_density_coverage,
    ),
    "SlicedWasserstein": (
        SlicedWasserstein,
        (noise(20, 1, 14, 14), noise(18, 1, 14, 14, seed=1) // 2),
        swd,
    ),
    "ModeCoverage": (
        lambda: ModeCoverage(CENTERS, 0.05),
        (POINTS + 5, POINTS),
        lambda real, fake: mode_coverage(fake, CENTERS, 0.05),
    ),
}
each_class = pytest.mark.parametrize("name", CASES)


def feed(metric: Any, real: Tensor, fake: Tensor, size: int, fake_first: bool = False) -> Any:
    sides = [(real, True), (fake, False)]
    for rows, is_real in sides[::-1] if fake_first else sides:
        for part in rows.split(size):
            metric.update(part, real=is_real)
    return metric


def values(found: Any) -> dict[str, float]:
    if isinstance(found, dict):
        return {name: float(value) for name, value in found.items()}
    return {"value": float(found)}


def close(found: Any, expected: Any) -> bool:
    return values(found) == pytest.approx(values(expected), rel=1e-11, abs=1e-12)


@each_class
def test_a_class_is_its_pure_function_in_any_batches(name):
    make, (real, fake), function = CASES[name]
    expected = function(real, fake)
    for size, fake_first in ((1000, False), (7, True), (1, False)):
        found = feed(make(), real, fake, size, fake_first).compute()
        assert close(found, expected)
        found = found if isinstance(found, dict) else {"value": found}
        assert all(value.dtype == torch.float64 and value.ndim == 0 for value in found.values())


@pytest.mark.parametrize("name", [n for n in CASES if n != "SlicedWasserstein"])
def test_the_order_of_samples_does_not_matter(name):
    make, (real, fake), function = CASES[name]
    found = feed(make(), real.flip(0), fake.flip(0), 50).compute()
    assert close(found, function(real, fake))


def test_points_have_a_distance_in_their_own_units_in_any_order():
    shift = torch.tensor([0.3, -0.4], dtype=torch.float64)
    found = feed(SlicedWasserstein(), POINTS, (POINTS + shift).flip(0), 30).compute()
    # The mean of |shift . u| over directions u of the plane is 2 |shift| / pi.
    assert float(found) == pytest.approx(2 * 0.5 / math.pi, rel=0.1)


@each_class
def test_reset_clone_and_pickle(name):
    make, (real, fake), function = CASES[name]
    metric = make()
    half = len(fake) // 2
    feed(metric, real, fake[:half], 40)
    for copied in (metric.clone(), pickle.loads(pickle.dumps(metric))):
        copied.update(fake[half:], real=False)
        assert close(copied.compute(), function(real, fake))
    assert close(metric.compute(), function(real, fake[:half]))  # and is left as it was
    metric.reset()
    assert close(feed(metric, real, fake, 1000).compute(), function(real, fake))


@each_class
def test_states_are_merged(name):
    make, (real, fake), function = CASES[name]
    first, second = make(), make()
    feed(first, real[20:], fake[30:], 25)
    feed(second, real[:20], fake[:30], 25)
    first.merge_state(second)  # those that are merged in stand before
    assert close(first.compute(), function(real, fake))


def test_one_call_feeds_a_collection_in_which_metrics_of_one_state_share_it():
    real, fake = FEATURES
    collection = MetricCollection(
        {
            "fd": FrechetDistance(num_features=6),
            "kd": KernelDistance(),
            "near": PrecisionRecallDensityCoverage(),
            "few": KernelDistance(max_rows=100),
            "score": ClassifierScore(),
        }
    )
    for part in real.split(50):
        collection.update(part, real=True)
    for part in fake.split(50):
        collection.update(part, real=False)
    expected = {
        "fd": frechet_from_features(real, fake),
        "kd": kid(real, fake),
        "few": kid(real[:100], fake[:100]),
        "score": inception_score(fake),
        **precision_recall_density_coverage(real, fake),
    }
    assert close({k.removeprefix("near_"): v for k, v in collection.compute().items()}, expected)
    assert ["kd", "near"] in [sorted(group) for group in collection.compute_groups.values()]


def test_mixtures_that_agree_in_their_first_counts_share_no_state():
    far = POINTS[:5] + 100
    collection = MetricCollection(
        {"narrow": ModeCoverage(CENTERS, 0.05), "wide": ModeCoverage(CENTERS, 1.0)}
    )
    for points in (far, POINTS):
        collection.update(points, real=False)
    found = collection.compute()
    narrow, wide = (found[f"{name}_high_quality"].item() for name in ("narrow", "wide"))
    assert narrow < wide < 1


# --- bytes ---------------------------------------------------------------------------------------


def state_bytes(metric: Metric) -> int:
    total = 0
    for name in metric._defaults:
        state = getattr(metric, name)
        total += sum(one.untyped_storage().nbytes() for one in
                     (state if isinstance(state, list) else [state]))  # fmt: skip
    return total


def fed(metric: Any, sample: Callable[[int], Tensor], count: int) -> Any:
    for start in range(0, count, 1000):
        for real in (True, False):
            metric.update(sample(start)[: count - start], real=real)
    return metric


@pytest.mark.parametrize("name", ["FrechetDistance", "ClassifierScore", "ModeCoverage"])
def test_what_streams_takes_as_many_bytes_after_50_000_samples_as_after_1_000(name):
    make = CASES[name][0]
    features = 2 if name == "ModeCoverage" else 6
    sizes = [
        state_bytes(fed(make(), lambda start: normal(1000, features, seed=start), count))
        for count in (1000, 50_000)
    ]
    assert sizes[0] == sizes[1] < 1000


@pytest.mark.parametrize("name", ["KernelDistance", "PrecisionRecallDensityCoverage",
                                  "SlicedWasserstein"])  # fmt: skip
def test_what_keeps_samples_is_bounded(name):
    make = {"KernelDistance": KernelDistance, "SlicedWasserstein": SlicedWasserstein}.get(
        name, PrecisionRecallDensityCoverage
    )
    for count in (1500, 50_000):
        metric = fed(make(max_rows=1500), lambda start: normal(1000, 6, seed=start), count)
        assert state_bytes(metric) == 2 * 1500 * 6 * 8 + 8  # and the bound itself
    first = torch.cat([normal(1000, 6), normal(1000, 6, seed=1000)])[:1500]
    assert torch.equal(torch.cat(metric.fake_rows), first)


# --- other libraries, and closed forms -----------------------------------------------------------


class Columns(nn.Module):
    """An "Inception" whose features are the numbers of an image."""

    num_features = 6

    def forward(self, images: Tensor) -> Tensor:
        return images.flatten(1)


@pytest.mark.filterwarnings("ignore:Metric `Kernel Inception Distance` will save all")
def test_the_distances_are_torchmetrics():
    from torchmetrics.image.fid import FrechetInceptionDistance
    from torchmetrics.image.kid import KernelInceptionDistance

    real, fake = FEATURES[0][:190], FEATURES[1]
    theirs = FrechetInceptionDistance(feature=Columns()).set_dtype(torch.float64)
    kernel = KernelInceptionDistance(feature=Columns(), subsets=1, subset_size=190)
    kernel = kernel.set_dtype(torch.float64)
    for metric in (theirs, kernel):
        feed(metric, real[:, :, None, None], fake[:, :, None, None], 40)
    ours = feed(FrechetDistance(num_features=6), real, fake, 40)
    # They return float32.
    assert float(ours.compute()) == pytest.approx(float(theirs.compute()), rel=1e-5)
    ours = feed(KernelDistance(), real, fake, 40)
    assert float(ours.compute()) == pytest.approx(float(kernel.compute()[0]), rel=1e-9)


@pytest.mark.filterwarnings("ignore:Metric `InceptionScore` will save all")
@pytest.mark.filterwarnings("ignore:std\\(\\). degrees of freedom")  # of their one split
def test_the_score_is_torchmetrics_on_one_split():
    from torchmetrics.image.inception import InceptionScore

    logits = 4 * normal(170, 10, seed=1)
    theirs = InceptionScore(feature=Columns(), splits=1).set_dtype(torch.float64)
    theirs.update(logits[:, :, None, None])
    ours = ClassifierScore()
    ours.update(logits, real=False)
    assert float(ours.compute()) == pytest.approx(float(theirs.compute()[0]), rel=1e-9)


def test_the_distances_are_torch_fidelitys():
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
    from torch_fidelity.metric_isc import isc_features_to_metric
    from torch_fidelity.metric_kid import kid_features_to_metric
    from torch_fidelity.metric_prc import prc_features_to_metric

    real, fake = FEATURES[0][:190], FEATURES[1]
    sides = [fid_features_to_statistics(side) for side in (real, fake)]
    theirs = fid_statistics_to_metric(*sides, verbose=False)["frechet_inception_distance"]
    ours = feed(FrechetDistance(num_features=6), real, fake, 40)
    assert float(ours.compute()) == pytest.approx(float(theirs), rel=1e-9)
    theirs = kid_features_to_metric(real, fake, kid_subsets=1, kid_subset_size=190, verbose=False)
    ours = feed(KernelDistance(), real, fake, 40)
    assert float(ours.compute()) == pytest.approx(
        theirs["kernel_inception_distance_mean"], rel=1e-9
    )
    theirs = isc_features_to_metric(fake, splits=1, shuffle=False)["inception_score_mean"]
    ours = ClassifierScore()
    ours.update(fake)
    assert float(ours.compute()) == pytest.approx(theirs, rel=1e-9)
    theirs = prc_features_to_metric(
        fake, real, prc_neighborhood=5, prc_batch_size=1000, save_cpu_ram=False, verbose=False
    )
    found = feed(PrecisionRecallDensityCoverage(), real, fake, 40).compute()
    for name in ("precision", "recall"):
        assert float(found[name]) == pytest.approx(theirs[name], abs=1e-6)


def test_a_shift_of_a_singular_gaussian_is_the_squared_shift():
    rows = normal(500, 3)
    flat = torch.cat([rows, rows.sum(1, keepdim=True), torch.ones(500, 1)], dim=1)  # of rank 3
    metric = FrechetDistance(num_features=5)
    feed(metric, flat, flat + torch.tensor([3.0, 0, 0, 0, 4]), 64)
    assert float(metric.compute()) == pytest.approx(25, rel=1e-6)


def test_features_far_from_zero_lose_digits_as_sums_do():
    real, fake = normal(500, 4) + 1e3, 2 * normal(500, 4, seed=1) + 1e3
    found = feed(FrechetDistance(num_features=4), real, fake, 64).compute()
    exact = frechet_distance(
        real.mean(0), np.cov(real.numpy(), rowvar=False), fake.mean(0), np.cov(fake.T.numpy())
    )
    assert float(found) == pytest.approx(exact, rel=1e-7)  # 1e-16 times 1e6, and some


# --- mistakes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda: FrechetDistance(num_features=0), "num_features=0: must be at least 1"),
        (lambda: FrechetDistance(3).update(normal(4, 2), real=True), "num_features=3, got 2"),
        (lambda: FrechetDistance(3).update(normal(4), real=True), r"2 dimensions, got shape \[4\]"),
        (lambda: ClassifierScore().update(normal(4, 3) * math.nan), "logits hold numbers"),
        (lambda: KernelDistance(max_rows=0), "max_rows=0: must be at least 1"),
        (lambda: PrecisionRecallDensityCoverage(k=0), "k=0: must be at least 1"),
        (lambda: SlicedWasserstein().update(normal(2, 1, 16, 16), real=True), "images are uint8"),
        (lambda: ModeCoverage(CENTERS, 0), "a std above 0"),
    ],
)
def test_errors_are_one_line(call, reason):
    with pytest.raises(ValueError, match=reason) as caught:
        call()
    assert "\n" not in str(caught.value)


@pytest.mark.filterwarnings("ignore:The ``compute`` method of metric")
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("FrechetDistance", "at least 2 samples, got 0"),
        ("KernelDistance", r"no real samples: update\(x, real=True\)"),
        ("ClassifierScore", "at least 1 sample"),
        ("ModeCoverage", "needs points, got none"),
    ],
)
def test_nothing_seen_is_said(name, reason):
    with pytest.raises(ValueError, match=reason):
        CASES[name][0]().compute()


# --- processes -----------------------------------------------------------------------------------


def of_one_process(rank: int, folder: str, port: int) -> None:
    """Feed every class with every second sample, and write what all processes have together."""
    import torch.distributed as dist

    dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
    found = {}
    for name, (make, (real, fake), _) in CASES.items():
        found[name] = feed(make(), real[rank::2], fake[rank::2], 20 + rank).compute()
    torch.save(found, f"{folder}/{rank}.pt")
    dist.destroy_process_group()


@pytest.mark.slow  # two processes import torch and torchmetrics
def test_two_processes_have_the_score_of_all_samples(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    torch.multiprocessing.spawn(of_one_process, (str(tmp_path), port), nprocs=2)
    for name, (_, (real, fake), function) in CASES.items():
        dealt = [torch.cat([side[0::2], side[1::2]]) for side in (real, fake)]
        for rank in range(2):
            found = torch.load(tmp_path / f"{rank}.pt", weights_only=True)[name]
            assert close(found, function(*dealt)), name
