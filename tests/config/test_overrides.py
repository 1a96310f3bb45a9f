"""A synonym is the setting that it stands for, in every run that it names."""

import pytest

from gan_lab.config import compose, overrides
from gan_lab.config.identity import result_hash
from gan_lab.jobs.sweep import compose_runs
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


@pytest.mark.parametrize(
    ("typed", "noted"),
    [
        ("loss=bce", True),
        ("loss_type=bce", True),
        ("loss='bce'", True),
        ("-m loss=hinge,bce", True),
        ("-m loss=choice(bce,wgan)", True),
        ("loss=bce experiment=mnist_dcgan sweep=capacity", True),
        ("loss=minimax", False),
        ("loss=log_d", False),
        ("study=bce", False),
    ],
)
def test_bce_says_first_which_loss_it_is(capsys, typed, noted):
    compose_runs(typed.split())
    first, *_ = [*capsys.readouterr().out.splitlines(), ""]
    assert (first == f"note      {overrides.BCE_NOTE}") is noted


def test_the_note_says_what_both_losses_do():
    for loss, game in (("minimax", "log(1 - D(G(z)))"), ("nonsaturating", "log D(G(z))")):
        assert f"loss={loss}" in overrides.BCE_NOTE and game in overrides.BCE_NOTE


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
