"""The collapse monitor: recorded runs get their verdicts, and a collapsing one is stopped."""

import json
from pathlib import Path

import pytest
import torch

from gan_lab.config.overrides import MINIMAX_NOTE
from gan_lab.data import ImageDataset, PointDataset
from gan_lab.jobs.train_run import remedies
from gan_lab.metrics import Confusion, JudgeErrors
from gan_lab.runs.directory import Run, run_directories
from gan_lab.training.monitor import RULE, VERDICTS, Monitor, judge, replay
from gan_lab.training.steps import _accuracy
from small_runs import FEW_SAMPLES, FEW_SCORES, config_of

RECORDED = Path(__file__).with_name("recorded")
# Seed 7, which no limit was set on: the verdict at each look but the first, by its number.
EXPECTED = {
    "d_rate_too_high": "333",
    "minimax": "322",
    "ring": "0333030333033333333",
    "mlp_fast_generator": "00001",
    "unbounded_critic": "0444",
    "only_d_trained": "222",
    "mnist_dcgan": "0000000",
    "digits_conditional": "0000000",
    "digits_hinge": "0000000",
    "ring_packed": "0000000000000000000",
}


def recorded(name: str) -> list[dict[str, float]]:
    return [json.loads(line) for line in (RECORDED / f"{name}.jsonl").read_text().splitlines()]


def test_every_recorded_run_is_expected():
    assert {path.stem for path in RECORDED.iterdir()} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_recorded_runs_get_their_verdicts(name):
    assert "".join(str(verdict.code) for _, verdict in replay(recorded(name))) == EXPECTED[name]


@pytest.mark.parametrize(
    ("name", "evidence"),
    [
        ("d_rate_too_high", "constant output: two samples differ 0.1"),
        ("minimax", "D won: D ranks 100% of pairs rightly"),
        ("only_d_trained", "D won: D ranks 100% of pairs rightly, and G is not trained"),
        ("mlp_fast_generator", "dropping modes: 5 classes, 50% of the real images, are missing"),
        ("unbounded_critic", "diverged: loss/g is about"),
    ],
)
def test_a_verdict_brings_its_evidence(name, evidence):
    assert str(replay(recorded(name))[-1][1]).startswith(evidence)


@pytest.mark.parametrize(("loss", "noted"), [("bce", True), ("nonsaturating", False)])
def test_the_note_on_the_original_game_comes_when_d_has_won(loss, noted):
    data = ImageDataset(torch.zeros(20, 1, 4, 4, dtype=torch.uint8))
    said: list[str] = []
    monitor = Monitor(data, [], said.append, remedies=remedies(config_of(f"loss={loss}")))
    for line in recorded("minimax"):
        monitor.watch({key: value for key, value in line.items() if key != "monitor/verdict"})
    place = next(number for number, text in enumerate(said) if ": D won: " in text)
    assert (said[place + 1 :] == [f"note      {MINIMAX_NOTE}"]) is noted


def look(**changes: float) -> dict[str, float]:
    names = {"fd": "score/fd_classifier"}
    found = {"monitor/spread": 1.0, "monitor/nearest": 1.0, "score/fd_classifier": 50.0}
    return found | {names.get(key, f"monitor/{key}"): value for key, value in changes.items()}


def test_the_first_look_has_nothing_to_be_judged_by():
    assert judge([look(spread=0.0)]) is None
    assert judge([look(spread=0.0), {"loss/d": 1.0}]) is None


@pytest.mark.parametrize(
    ("before", "now", "verdict"),
    [
        ({"spread": 0.1}, {"spread": 0.1}, "constant output"),
        ({"spread": 0.1}, {"spread": 0.16}, "healthy"),  # young, and wider by more than a half
        ({"spread": 1.0}, {"spread": 0.29}, "constant output"),
        ({"fd": 1000, "spread": 0.1}, {"fd": 800, "spread": 0.1}, "healthy"),  # learning
        ({"nearest": 0.9}, {"nearest": 0.2}, "dropping modes"),  # unlabelled data: duplicates
        (
            {"missing": 0, "lost": 0, "sure": 1, "kl": 0.1},
            {"missing": 2, "lost": 0.2, "sure": 1, "kl": 0.3},
            "dropping modes",
        ),
        (
            {"missing": 0, "lost": 0, "sure": 1, "kl": 0.1},
            {"missing": 1, "lost": 0.1, "sure": 1, "kl": 0.3},
            "healthy",
        ),
        (
            {"missing": 2, "lost": 0.2, "sure": 0.4, "kl": 0.3},
            {"missing": 2, "lost": 0.2, "sure": 0.4, "kl": 0.3},
            "healthy",  # too few have a class
        ),
    ],
)
def test_rules_on_two_looks(before, now, verdict):
    found = judge([look(**before), look(**now)])
    assert found is not None and VERDICTS[found.code] == verdict


def test_a_score_that_doubles_twice_in_a_row_is_divergence():
    lines = [look(fd=value) for value in (100, 30, 70, 80)]
    assert [VERDICTS[verdict.code] for _, verdict in replay([{"step": 0, **one} for one in lines])][
        -2:
    ] == ["healthy", "diverged"]


def test_half_as_bright_images_have_half_the_spread():
    images = torch.randint(0, 256, (600, 1, 4, 4), generator=torch.Generator().manual_seed(0))
    monitor = Monitor(ImageDataset((images // 2 * 2).to(torch.uint8)), [], print)
    evidence = monitor.look((images // 2).to(torch.uint8))
    assert evidence["monitor/spread"] == pytest.approx(0.5, abs=0.02)  # 500 of 600 are drawn
    same = monitor.look((images[:1].expand(600, -1, -1, -1)).to(torch.uint8))
    assert same == {"monitor/spread": 0, "monitor/nearest": 0}


def test_modes_are_missed_by_name_of_their_centres():
    centers = torch.tensor([[0.0, 0], [0, 9], [9, 0], [9, 9]])
    labels = torch.arange(400) % 4
    data = PointDataset(centers[labels], labels, tuple("abcd"), centers=centers, std=0.1)
    evidence = Monitor(data, [], print).look(centers[labels[labels < 3]] + 0.2)
    assert (evidence["monitor/missing"], evidence["monitor/lost"]) == (1, 0.25)
    # Shares of 1/3 against 1/4: KL is log(4/3).
    assert evidence["monitor/kl"] == pytest.approx(0.28768, abs=1e-5)


@pytest.mark.parametrize("modes", [100, 1000])
def test_nine_modes_of_ten_are_missed_however_many_there_are(modes):
    """2,000 samples leave 0.999^2000 = 13.5 % of 1000 modes unseen, and show all of 100."""
    centers = torch.stack([torch.arange(modes) * 9.0, torch.zeros(modes)], 1)
    labels = torch.arange(10 * modes) % modes
    data = PointDataset(
        centers[labels], labels, tuple(map(str, range(modes))), centers=centers, std=0.1
    )
    monitor = Monitor(data, [], print)
    drawn = torch.randint(0, modes, (2000,), generator=torch.Generator().manual_seed(0))
    every = monitor.look(centers[drawn])
    assert (every.get("monitor/missing"), every["monitor/lost"]) == (0 if modes == 100 else None, 0)
    evidence = monitor.look(centers[torch.arange(2000) * 10 % modes])
    absent = 0.999**2000 if modes == 1000 else 0.0
    assert evidence["monitor/lost"] == pytest.approx((0.9 - absent) / (1 - absent), abs=1e-3)
    now = look(missing=evidence["monitor/missing"], lost=evidence["monitor/lost"], sure=1, kl=2.3)
    found = judge([look(missing=0, lost=0, sure=1, kl=0.1), now])
    assert found is not None and VERDICTS[found.code] == "dropping modes"


def test_of_noise_no_number_of_missing_classes_is_said():
    data = ImageDataset(
        torch.zeros(10, 1, 2, 2, dtype=torch.uint8), torch.arange(10), tuple("abcdefghij")
    )
    logits = torch.zeros(100, 10)
    logits[:40, 3] = 9.0
    evidence = Monitor(data, [], print).look(torch.zeros(100, 1, 2, 2, dtype=torch.uint8), logits)
    assert evidence["monitor/sure"] == 0.4 and "monitor/missing" not in evidence


def test_a_class_whose_samples_are_errors_is_missing():
    """3 % of the other images are taken for d, and 60 of 2,000 samples."""
    images, labels = torch.zeros(40, 1, 2, 2, dtype=torch.uint8), torch.arange(40) % 4
    data = ImageDataset(images, labels, tuple("abcd"))
    rows = 970 * torch.eye(4, 5, dtype=torch.int64)
    rows[:, 3] += 30
    table = Confusion(tuple(map(tuple, rows.tolist())))
    order = torch.arange(2000)
    predicted = (order % 3).where(order >= 60, 3)
    logits = torch.nn.functional.one_hot(predicted, 4) * 9.0
    samples = torch.zeros(2000, 1, 2, 2, dtype=torch.uint8)
    assert Monitor(data, [], print).look(samples, logits)["monitor/missing"] == 0
    monitor = Monitor(data, [], print, errors=lambda: JudgeErrors(table, table))
    evidence = monitor.look(samples, logits)
    assert (evidence["monitor/missing"], evidence["monitor/lost"]) == (1, 0.25)


def test_only_a_change_is_said_and_two_bad_verdicts_stop():
    lines = recorded("minimax")
    data = ImageDataset(torch.zeros(4, 1, 2, 2, dtype=torch.uint8))
    said: list[str] = []
    monitor = Monitor(data, [], said.append, stop_on_collapse=True)
    watched, stops = [], []
    for line in lines:
        watched.append(monitor.watch(line))
        stops.append(monitor.stops)
    assert [text.split(":")[1].strip() for text in said] == ["constant output", "D won"]
    assert not any(stops[: lines.index(next(x for x in lines if x["step"] == 450))])
    assert stops[[line["step"] for line in lines].index(450)]
    # A monitor that takes over in the middle goes on as if it had been there.
    later = Monitor(data, watched[:15], said.append)
    assert [later.watch(line) for line in lines[15:]] == watched[15:]


def test_accuracy_counts_pairs_ranked_rightly():
    real, fake = torch.tensor([1.0, 3.0]), torch.tensor([2.0, 0.0])
    assert _accuracy(real, fake).item() == 0.75  # of (1, 2), (1, 0), (3, 2), (3, 0)
    assert _accuracy(real, real).item() == 0.5  # ties count half


TINY = (
    *("image_size=16", "hidden_dim=4", "batch_size=16", "logger=none", "log_every=1"),
    *("score_every=2", "steps=20", *FEW_SAMPLES, FEW_SCORES),
)


def test_a_collapse_stops_the_run_when_asked_and_the_same_command_goes_on(gan_lab_here, tmp_path):
    only_d = (*TINY, "generator_steps=0")
    result = gan_lab_here(*only_d, "stop_on_collapse=true")
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1 and "has collapsed: " in result.stderr
    (directory,) = run_directories(tmp_path / "runs")
    run = Run(directory)
    # Looks at 2, 4, 6: the first is not judged, and the second bad verdict stops.
    assert run.checkpoint_steps() == [6]
    assert run.status().state == "diverged" and "step 6" in run.status().reason
    assert [line.get("monitor/verdict", 0) > 0 for line in run.metrics()] == [
        False, False, False, True, False, True]  # fmt: skip

    result = gan_lab_here(*only_d)  # not part of the hash: the same run
    assert result.returncode == 0 and "going on from step 6" in result.stdout
    starts = json.loads(run.environment_path.read_text())
    assert [start["monitor_rule"] for start in starts] == [RULE, RULE]
    assert run_directories(tmp_path / "runs") == [directory]
    assert run.status().state == "finished"


@pytest.mark.slow
def test_a_collapsed_run_of_a_sweep_goes_on_only_without_stop_on_collapse(gan_lab_here, tmp_path):
    both = ("-m", "seed=0,1", *TINY, "generator_steps=0")
    stopped = gan_lab_here(*both, "stop_on_collapse=true")
    assert stopped.returncode == 1
    runs = [Run(path) for path in run_directories(tmp_path / "runs")]
    assert [run.status().state for run in runs] == ["diverged"] * 2
    assert all(run.status().reason.startswith("collapsed: ") for run in runs)

    settled = gan_lab_here(*both, "stop_on_collapse=true")
    assert settled.returncode == 1
    assert settled.stderr.count("stop_on_collapse=false goes on") == 2
    assert [len(run.environment()) for run in runs] == [1, 1]

    result = gan_lab_here(*both)
    assert result.returncode == 0, result.stderr
    assert [run.status().state for run in runs] == ["finished"] * 2
    assert [run.status().step for run in runs] == [20, 20]
    assert [len(run.environment()) for run in runs] == [2, 2]
