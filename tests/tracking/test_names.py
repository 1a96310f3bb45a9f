"""A run is called by its settings where people look for it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from gan_lab.runs.directory import Run
from gan_lab.tracking.base import census_rows
from gan_lab.tracking.names import display_name, setting_words
from small_runs import config_of, the_run


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ([], ["latent 16", "hidden 16", "seed 0"]),
        (["latent_dim=8", "hidden_dim=12"], ["latent 8", "hidden 12", "seed 0"]),
        (["ngf=8", "seed=3"], ["latent 16", "ngf 8", "ndf 16", "seed 3"]),
        (["lr=1e-3"], ["latent 16", "hidden 16", "lr 0.001", "seed 0"]),
        (["lr_d=1e-3"], ["latent 16", "hidden 16", "lr_d 0.001", "seed 0"]),
        (["penalty=[r1]", "augment=flip"], ["latent 16", "hidden 16", "r1", "flip", "seed 0"]),
    ],
)
def test_what_is_always_said_and_what_only_where_it_is_unusual(settings, words):
    assert setting_words(config_of(*settings)) == words


def test_the_name_begins_with_model_and_loss():
    assert display_name(config_of("model=mlp", "loss=hinge")) == (
        "mlp hinge, latent 16, hidden 16, seed 0"
    )


def test_wandb_gets_the_name_once_and_a_run_that_had_another_keeps_it(gan_lab_here, tmp_path):
    quick = ("hidden_dim=4", "image_size=16", "threads=1", "wandb.mode=offline",
             "dataset.scores=[]", "dataset.scores_during_training=[]")  # fmt: skip
    assert gan_lab_here("steps=1", *quick).returncode == 0
    run = the_run(tmp_path)
    link = json.loads(run.tracker_path.read_text("utf-8"))
    assert link["name"] == "dcgan nonsaturating, latent 16, hidden 4, image_size 16, seed 0"
    del link["name"]  # as version 0.1 wrote it
    run.tracker_path.write_text(json.dumps(link), encoding="utf-8")
    assert gan_lab_here("steps=2", *quick).returncode == 0
    after = json.loads(run.tracker_path.read_text("utf-8"))
    assert (after["id"], after["name"]) == (link["id"], run.directory.name)


# --- a census of samples without classes ---------------------------------------------------------


def test_where_no_sample_has_a_class_trackers_get_no_shares():
    (old,) = (Path(__file__).parents[1] / "old_run").glob("*/")
    found = Run(old).modes("ema").found
    first = found.classes[0]
    assert census_rows(found)[0][2:5] == [first.share, *first.interval]
    none = replace(found, classes=tuple(replace(one, count=0) for one in found.classes))
    assert [row[1:5] for row in census_rows(none)] == [[0, None, None, None]] * 10
    assert census_rows(none)[0][5] == first.real_share
