"""A run in words: a rule for each sentence, on numbers written by hand, and what a run leaves."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gan_lab.analysis import summary
from gan_lab.analysis.summary import Outcome, outcome_of, sentences, summarise, with_settings
from gan_lab.analysis.summary_facts import Beside, Course, Knobs, Looks, RunFacts, facts_of
from gan_lab.analysis.summary_figures import _same_places, early_and_late
from gan_lab.data import ImageDataset
from gan_lab.figures.pictures import picture
from gan_lab.jobs import train_run
from gan_lab.runs.census import Beside as Both
from gan_lab.runs.census import (
    ChiSquare,
    ClassCensus,
    ClassCount,
    Diversity,
    Judge,
    Share,
    Supports,
)
from gan_lab.runs.checkpoints import read_checkpoint
from gan_lab.runs.directory import MONITOR, Run
from gan_lab.runs.lines import Status
from gan_lab.training import loop
from gan_lab.training.monitor import (
    CONSTANT_OUTPUT,
    D_WON,
    DIVERGED,
    DROPPING_MODES,
    HEALTHY,
)
from small_runs import QUICK, SHORT, the_run

OLD_RUN = next((Path(__file__).parents[1] / "old_run").glob("cdcgan-*"))
COMMAND = "gan-lab dataset=mnist lr=1e-3 num_train_steps=2000 logger=none"
WHOLE = (0.0, 1.0)


def facts(*verdicts: int, scores=(9.0, 4.0, 4.0), **changes) -> RunFacts:
    """A run of 2,000 steps with looks every 500: sound, unless something is said."""
    values = tuple((500 * (index + 1), value) for index, value in enumerate(scores))
    found = RunFacts(
        status=Status("finished", 2000, ""),
        planned=2000,
        shown=128_000.0,
        images=60_000,
        looks=Looks(len(verdicts) + 1, verdicts, spread=0.12, lost=0.5),
        course=Course("FD", values),
        final=Beside(2000, 4.0, 2.0, 10_000),
        confident=None,
        agreement=None,
        census=None,
        knobs=Knobs(
            batch_size=64, lr_g=1e-3, lr_d=1e-3, packable=True, scored=True, minimax=False,
            decays=False, points=False,
        ),
    )  # fmt: skip
    return replace(found, **changes)


def census(missing: int | None, named: str = "", unsure: float = 0.0, undecided: str = ""):
    entry = ClassCount("0", 1, 1.0, WHOLE, 0.1)
    return ClassCensus(
        judge=Judge("cnn"), samples=1000, classes=(entry,) * 10,
        unsure=Share(round(1000 * unsure), 1000, unsure, WHOLE), missing=tuple(named),
        undecided=tuple(undecided), missing_number=missing, chi_square=ChiSquare(0, None, 9),
        kl=None, kl_by_chance=0.0, conclusion="",
    )  # fmt: skip


def stopped(state: str, step: int, by: str = "") -> Status:
    return Status(state, step, "loss/d is not finite at step 43", by)


# --- the rules -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "outcome", "words"),
    [
        (facts(0, 0, 0), Outcome.SOUND, "It is sound: all of its 3 verdicts are healthy."),
        (
            facts(0, CONSTANT_OUTPUT, 0),
            Outcome.SOUND,
            "It is sound at its end: the last of 3 verdicts is healthy, 1 before it is bad "
            "(constant output).",
        ),
        (
            facts(0, CONSTANT_OUTPUT),
            Outcome.COLLAPSED,
            "It collapsed (constant output): two samples differ 0.12 times as much as two real "
            "ones.",
        ),
        (
            facts(0, DROPPING_MODES),
            Outcome.COLLAPSED,
            "It collapsed (dropping modes): classes of 50% of the real data are missing.",
        ),
        (
            facts(looks=Looks(2, (DROPPING_MODES,), spread=0.9)),
            Outcome.COLLAPSED,
            "It collapsed (dropping modes): samples are crowded closer together than real ones.",
        ),
        (
            facts(D_WON),
            Outcome.D_WON,
            "The discriminator has won: it tells nearly all samples from real ones, and the "
            "generator learns nothing more from it.",
        ),
        (
            facts(DIVERGED),
            Outcome.DIVERGED,
            "It diverged: a loss or its score is far above what it was.",
        ),
        (
            facts(status=stopped("diverged", 43)),
            Outcome.DIVERGED,
            "It diverged: loss/d is not finite at step 43.",
        ),
        (
            facts(looks=Looks(0)),
            Outcome.NO_LOOK,
            "It has no verdict: nothing looked at its samples while it was trained.",
        ),
        (
            facts(),
            Outcome.ONE_LOOK,
            "It has no verdict: the monitor has looked once, and judges each look beside those "
            "before it.",
        ),
        (
            facts(CONSTANT_OUTPUT, status=Status("finished", 499, "")),
            Outcome.SHORT,
            "It is too short to tell what becomes of it: in its first 500 steps a generator that "
            "learns looks like a collapsed one (last verdict: constant output).",
        ),
        (
            facts(0, 0, scores=(9.0, 4.0, 3.5)),
            Outcome.SHORT,
            "It was still learning: at the last look FD was 3.5, the least before was 4.",
        ),
    ],
)
def test_what_became_of_a_run(found, outcome, words):
    assert outcome_of(found) is outcome
    assert summary.outcome(found) == words


def test_a_verdict_by_which_a_run_was_stopped_stands_however_young_it_is():
    young = facts(0, D_WON, status=stopped("diverged", 300, by=MONITOR))
    assert outcome_of(young) is Outcome.D_WON
    assert summary.length(young).startswith("The run was stopped by the monitor at step 300 of 2")


def test_a_tenth_less_is_learning_and_a_little_more_is_not():
    assert outcome_of(facts(0, 0, scores=(9.0, 4.0, 3.59))) is Outcome.SHORT
    assert outcome_of(facts(0, 0, scores=(9.0, 4.0, 3.61))) is Outcome.SOUND
    assert outcome_of(facts(0, D_WON, scores=(9.0, 4.0, 1.0))) is Outcome.D_WON


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (Status("finished", 2000, ""), "The run has finished its 2,000 steps of batch 64"),
        (stopped("interrupted", 43), "The run was interrupted at step 43 of 2,000"),
        (stopped("killed", 43), "The run was killed after step 43 of 2,000"),
        (stopped("failed", 43), "The run failed at step 43 of 2,000"),
        (stopped("diverged", 43), "The run ended at step 43 of 2,000"),
        (stopped("running", 43), "The run is being trained and is at step 43 of 2,000"),
    ],
)
def test_how_long_it_was_trained(status, words):
    seen = "; D has seen the 60,000 training images 2.13 times."  # 128,000 of them
    assert summary.length(facts(status=status)) == words + seen


def test_a_length_says_no_more_than_is_known():
    bare = facts(shown=None, planned=None, status=stopped("killed", 1))
    assert summary.length(bare) == "The run was killed after step 1."
    assert summary.length(facts(status=Status("new", 0, ""))) == "The run has not begun."


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ((), "FD, which chooses the best step, was not measured on the way."),
        ((9.0,), "FD (less is better) was measured once on the way: 9 at step 500."),
        (
            (9.0, 4.0),
            "FD (less is better) was 9 at step 500 and best at the last look, 4 at step 1,000.",
        ),
        (
            (4.0, 9.0),
            "FD (less is better) was 4 at step 500, its best, and 9 at the last look, step 1,000.",
        ),
        (
            (9.0, 4.0, 5.0),
            "FD (less is better) was 9 at step 500, best at step 1,000 with 4, and 5 at step "
            "1,500.",
        ),
    ],
)
def test_how_the_selection_score_moved(scores, words):
    assert summary.course(facts(scores=scores)) == words


def test_the_last_score_stands_beside_that_of_as_many_real_data():
    assert summary.against_real(facts()) == (
        "Of 10,000 samples at step 2,000 it is 4, of as many real test data 2: 2 times as much."
    )
    negative = facts(final=Beside(2000, 4.0, -1.0, 500))  # KID's estimate may be
    assert summary.against_real(negative).endswith("of as many real test data -1.")
    alone = facts(final=Beside(2000, 4.0, None, 500))
    assert summary.against_real(alone).endswith("real test data have no score of as many.")
    assert summary.against_real(facts(final=None)) == ""


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (census(0), "No class is missing among 1,000 samples."),
        (census(1, "3"), "1 of 10 classes is missing among 1,000 samples: 3."),
        (census(2, "37"), "2 of 10 classes are missing among 1,000 samples: 3, 7."),
        (census(9), "About 9 of 10 classes are missing among 1,000 samples."),
        (census(None), "Whether classes are missing cannot be told among 1,000 samples."),
        (
            census(None, undecided="38"),
            "Whether classes are missing cannot be told among 1,000 samples (3, 8).",
        ),
        (
            census(0, unsure=0.996),
            "Which classes are missing cannot be told: 99.6% of 1,000 samples look like no class.",
        ),
        (None, ""),
    ],
)
def test_which_classes_are_missing(found, words):
    assert summary.classes(facts(census=found)) == words


def test_without_classes_duplicates_are_told():
    share = Share(60, 2000, 0.03, WHOLE)
    found = Diversity(
        samples=2000, spread=Both(1, 1), nearest=Both(1, 1), duplicate_distance=0.1,
        duplicates=share, real_duplicates=replace(share, share=0.01), birthday=Supports(1, 1),
        closest_pairs=(), conclusion="",
    )  # fmt: skip
    assert summary.classes(facts(census=found)) == (
        "There are no classes to count; 3.0% of 2,000 samples are nearly the same as another (of "
        "real ones 1.0%)."
    )


def test_a_sure_classifier_is_held_against_samples_that_look_like_no_class():
    sure = Beside(2000, 1.0, 0.983, 1000)
    found = facts(confident=sure, census=census(0, unsure=0.05))
    assert summary.certainty(found) == (
        "The classifier gives a class a probability over 0.9 for 100% of the samples (real test "
        "data: 98.3%)."
    )
    noise = replace(found, census=census(None, unsure=0.992))
    assert summary.certainty(noise).endswith(
        "(real test data: 98.3%); but 99.2% look like no class."
    )
    asked = replace(found, agreement=Beside(2000, 0.9996, None, 1000))
    assert summary.certainty(asked).endswith(", and takes >99.9% for the class that was asked for.")
    assert summary.certainty(facts()) == ""


@pytest.mark.parametrize(
    ("found", "ending"),
    [
        (facts(0, 0), "gan-lab sample runs/a --layout nearest"),
        (facts(), "gan-lab dataset=mnist lr=1e-3 logger=none steps=4000"),
        (
            facts(CONSTANT_OUTPUT, status=Status("finished", 60, "")),
            "gan-lab dataset=mnist lr=1e-3 logger=none steps=500",
        ),
        (facts(0, DROPPING_MODES), f"{COMMAND} pack=2"),
        (facts(D_WON), f"{COMMAND} lr_d=0.00025"),
        (facts(DIVERGED), "gan-lab dataset=mnist num_train_steps=2000 logger=none lr=0.0001"),
        (facts(status=stopped("killed", 43)), COMMAND),
    ],
)
def test_what_comes_next_is_a_whole_command(found, ending):
    assert f"`{ending}`, " in summary.next_step(found, "runs/a", COMMAND)


@pytest.mark.parametrize(
    ("verdict", "knobs", "words"),
    [
        (D_WON, {"minimax": True}, "loss=nonsaturating"),
        (CONSTANT_OUTPUT, {"lr_d": 0.1}, "lr_d=0.001"),
        (CONSTANT_OUTPUT, {"lr_g": 0.1}, "lr_g=0.001"),
        (CONSTANT_OUTPUT, {"packable": False}, "--layout nearest"),
        (HEALTHY, {"points": True}, "gan-lab equilibrium runs/a"),
        (DIVERGED, {"lr_g": 1e30}, "lr=0.0002"),
    ],
)
def test_what_comes_next_goes_by_the_settings(verdict, knobs, words):
    found = facts(0, verdict)
    found = replace(found, knobs=replace(found.knobs, **knobs))
    assert words in summary.next_step(found, "runs/a", COMMAND)


def test_a_run_without_looks_gets_some():
    found = facts(looks=Looks(0))
    found = replace(found, knobs=replace(found.knobs, scored=False))
    assert "steps=4000 score_every=100`" in summary.next_step(found, "runs/a", COMMAND)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("gan-lab -m seed=0,1 epochs=3 restart=true", "gan-lab -m seed=0,1 steps=9"),
        ("gan-lab 'penalty=[r1, r2]' +images=7", "gan-lab 'penalty=[r1, r2]' steps=9"),
        ("gan-lab a=1; rm -r x", "gan-lab 'a=1;' rm -r x steps=9"),  # one command, and all words
        ("gan-lab 'a=1", None),
        ("rm -r x", None),
        ("gan-lab a=\x1b[2J", None),
    ],
)
def test_a_command_is_taken_apart_and_joined_again(command, expected):
    assert with_settings(command, {"steps": "9"}) == expected


def test_without_a_command_the_settings_are_said():
    assert summary.next_step(facts(D_WON), "runs/a", None) == (
        "Next: the command that made it and lr_d=0.00025, with a slower discriminator."
    )


@pytest.mark.parametrize("found", [facts(0, 0), facts(), facts(status=stopped("diverged", 43))])
def test_there_are_four_to_seven_sentences(found):
    told = sentences(replace(found, census=census(0)), "runs/a", COMMAND)
    assert 4 <= len(told) <= 7 and all(text.endswith(".") for text in told)


# --- from a run's files --------------------------------------------------------------------------


def test_an_old_run_is_told_in_words():
    """Of version 0.1; the numbers are those of its files."""
    run = Run(OLD_RUN)
    found = facts_of(run, run.config())
    assert found.looks == Looks(2, (HEALTHY,), found.looks.spread, found.looks.lost)
    assert [step for step, _ in found.course.values] == [30, 60]
    (line,) = [one for one in run.evaluations()
               if (one.score, one.step, one.weights, one.generated_count)
               == ("fd_classifier", 60, "ema", 200)]  # fmt: skip
    assert found.final == Beside(60, line.value, line.floor, 200)
    told = " ".join(summarise(run, run.config(), None))
    assert "finished its 60 steps of batch 32; D has seen the 1,438 training images 1.34" in told
    assert "7 of 10 classes are missing among 200 samples: 1, 2, 3, 4, 5, 6, 7." in told


def test_a_census_of_an_earlier_step_tells_nothing_of_a_later_one(tmp_path):
    run = Run(shutil.copytree(OLD_RUN, tmp_path / "run"))
    scores = [json.loads(text) for text in run.evaluations_path.read_text("utf-8").splitlines()]
    later_on = "".join(json.dumps({**line, "step": line["step"] + 30}) + "\n" for line in scores)
    run.evaluations_path.write_text(later_on, encoding="utf-8")
    later = facts_of(run, run.config(), Status("interrupted", 90, ""))
    assert later.final is not None and later.final.step == 90
    assert later.census is None


@pytest.mark.parametrize("name", ["metrics.jsonl", "evaluations.jsonl", "status.json",
                                  "modes_ema.json"])  # fmt: skip
@pytest.mark.parametrize("content", [None, "\0", '{"step": 60, "score/fd_classifier": NaN}\n'])
def test_what_a_damaged_file_does_not_tell_is_left_out(tmp_path, name, content):
    run = Run(shutil.copytree(OLD_RUN, tmp_path / "run"))
    (run.directory / name).unlink()
    if content is not None:
        (run.directory / name).write_text(content, encoding="utf-8")
    assert 3 <= len(summarise(run, run.config(), None)) <= 7


# --- figures -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "shown"),
    [
        ([0, 20], [0, 20]),
        ([0, 10, 20], [0, 10, 20]),
        ([0, 100, 200, 300, 400, 500, 1000, 2000], [0, 200, 2000]),
        ([100, 500, 1000, 1500], [100, 500, 1500]),  # of a run that began before step 0 was drawn
    ],
)
def test_early_is_a_tenth_of_the_training(steps, shown):
    assert early_and_late(steps) == shown


def test_a_real_image_stands_where_one_of_its_class_is_generated():
    images = torch.arange(6, dtype=torch.uint8).view(6, 1, 1, 1)
    real = ImageDataset(images, torch.tensor([0, 1, 0, 1, 0, 1]), ("even", "odd"))
    shown = _same_places(real, torch.tensor([0, 0, 1, 1, 1, 1])).flatten().tolist()
    assert {value % 2 for value in shown[:2]} == {0} and len({*shown[:2]}) == 2
    assert sorted(shown[2:]) == [1, 3, 5, 255]  # there is no fourth


# --- the whole -----------------------------------------------------------------------------------

DRAWN = ("sample_every=1", "score_every=1", "checkpoint_every=1", "log_every=1")


def test_a_run_ends_with_its_words_and_pictures(gan_lab_here, tmp_path):
    result = gan_lab_here(*SHORT, *DRAWN, "model=cdcgan")
    assert result.returncode == 0, result.stderr
    run = the_run(tmp_path)
    told = run.summary_path.read_text(encoding="utf-8").splitlines()
    begin = result.stdout.splitlines().index(f"summary   {told[0]}")
    assert result.stdout.splitlines()[begin + 1 : begin + len(told)] == [
        f"{'':<10}{sentence}" for sentence in told[1:]
    ]
    assert told == summarise(run, run.config(), run.environment()[-1].command)
    for name in ("real_and_generated", "early_and_late"):
        assert picture(run.figures / f"{name}.png").shape[1] > 400
        assert (run.figures / f"{name}.pdf").read_bytes()[:4] == b"%PDF"
    assert run.sample_steps() == [0, 1, 2]
    untrained = picture(run.sample_path(0))
    assert not np.array_equal(untrained, picture(run.sample_path(2)))
    assert gan_lab_here(*SHORT, *DRAWN, "model=cdcgan", "restart=true").returncode == 0
    assert np.array_equal(picture(run.sample_path(0)), untrained)


def test_a_run_that_diverges_is_told_too(gan_lab_here, tmp_path):
    result = gan_lab_here(*SHORT, *DRAWN, "lr=1e30")
    assert result.returncode == 1
    assert "It diverged: " in the_run(tmp_path).summary_path.read_text(encoding="utf-8")


def test_a_run_that_draws_nothing_on_the_way_has_one_picture(gan_lab_here, tmp_path):
    assert gan_lab_here(*SHORT, "sample_every=0").returncode == 0
    run = the_run(tmp_path)
    assert run.sample_steps() == [2]
    assert not (run.figures / "early_and_late.png").exists()


@pytest.mark.parametrize("model", ["dcgan", "cdcgan"])
def test_all_bits_are_those_of_a_run_without_words_and_pictures(
    gan_lab_here, tmp_path, monkeypatch, model
):
    """Of checkpoints, metrics, scores and samples: nothing of it draws from a training stream."""
    settings = (*QUICK, *DRAWN, f"model={model}", "hidden_dim=4", "steps=3", "instance_noise=0.1")
    assert gan_lab_here(*settings, "study=with").returncode == 0
    monkeypatch.setattr(loop, "draw_samples", _only_on_the_way(loop.draw_samples))
    monkeypatch.setattr(train_run, "show_beside", lambda *arguments: None)
    monkeypatch.setattr(train_run, "write_summary", lambda *arguments: [])
    assert gan_lab_here(*settings, "study=without").returncode == 0
    (told,), (silent,) = ([Run(path) for path in (tmp_path / "runs" / study).iterdir()]
                          for study in ("with", "without"))  # fmt: skip
    assert told.summary_path.exists() and not silent.summary_path.exists()
    assert [0, *silent.sample_steps()] == told.sample_steps() == [0, 1, 2, 3]
    assert [_content(told, step) for step in (1, 2, 3)] == [
        _content(silent, step) for step in (1, 2, 3)
    ]
    assert _lines(told) == _lines(silent)
    assert told.evaluations() == silent.evaluations()


def _only_on_the_way(draw):
    return lambda state, run, step: draw(state, run, step) if step else None


def _content(run: Run, step: int) -> list[object]:
    """The samples of a step to the bit, and every tensor and number of its checkpoint."""
    found: list[object] = [run.sample_path(step).read_bytes()]
    stack: list[object] = [read_checkpoint(run.checkpoint_path(step))]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            stack += [item for key, item in sorted(value.items(), key=str) if key != "seconds"]
        elif isinstance(value, list | tuple):
            stack += value
        else:
            found.append(value.tolist() if isinstance(value, torch.Tensor) else value)
    return found


def _lines(run: Run) -> str:
    return json.dumps([{**line, "seconds": 0} for line in run.metrics()])
