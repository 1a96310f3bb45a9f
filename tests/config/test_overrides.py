"""A synonym is the setting that it stands for, in every run that it names."""

import pytest

from gan_lab.config import compose, overrides
from gan_lab.config.identity import result_hash
from small_runs import config_of

VALUES = {"loss": "minimax", "channels": "3", "augment": "flip", "model.condition_d": "true"}


@pytest.mark.parametrize("key", ["penalty", "augment", "logger", "launcher"])
def test_null_is_the_choice_of_nothing(key):
    assert config_of(f"{key}=null") == config_of(f"{key}={overrides.NOTHING[key]}")


@pytest.mark.parametrize("key", ["search", "experiment"])
def test_null_where_nothing_is_chosen_anyway_is_a_mistake(key):
    with pytest.raises(compose.UsageError, match=f"{key}=null: leave it out"):
        config_of(f"{key}=null")


@pytest.mark.parametrize(("synonym", "key"), overrides.SYNONYMS.items())
def test_a_synonym_sets_its_knob(synonym, key):
    value = VALUES.get(key, "2")
    assert config_of(f"{synonym}={value}") == config_of(f"{key}={value}") != config_of()


@pytest.mark.parametrize(
    ("typed", "loss"),
    [
        ("loss=bce", "minimax"),
        ("loss_type=saturating", "minimax"),
        ("loss=log_d", "nonsaturating"),
        ("loss_type=default", "nonsaturating"),
        ("loss_type=minimax", "minimax"),
    ],
)
def test_losses_have_the_names_of_tutorials(typed, loss):
    assert config_of(typed) == config_of(f"loss={loss}")


@pytest.mark.parametrize(("typed", "noted"), [("bce", True), ("minimax", False), ("log_d", False)])
def test_bce_says_which_loss_it_is(gan_lab_here, typed, noted):
    result = gan_lab_here(f"loss={typed}", "batch_size=5000")  # which ends before the training
    assert result.returncode == 2
    assert (overrides.BCE_NOTE in result.stdout) is noted


@pytest.mark.parametrize(
    ("earlier", "today"),
    [
        ("experiment=mnist_b", "experiment=mnist_baseline"),
        ("launcher=order", "launcher=sequential"),
        ("search=objective", "search=losses"),
    ],
)
def test_names_of_earlier_versions_are_understood(earlier, today):
    ours, theirs = (compose.jobs([text], multirun=False) for text in (earlier, today))
    assert ours == theirs
    assert result_hash(config_of(earlier)) == result_hash(config_of(today))
