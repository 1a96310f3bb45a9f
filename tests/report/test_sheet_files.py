"""The sheets of conf/sheet, and mistakes in a sheet of one's own."""

import shlex
from functools import cache

import pytest
import yaml

from gan_lab.common.paths import built_in_names, conf_directory
from gan_lab.config import compose, leaves
from gan_lab.config.overrides import LENGTHS
from gan_lab.report.sheets.evidence import has_settings, needed_settings
from gan_lab.report.sheets.load import CAPTIONED, GROUP, load_sheet
from gan_lab.report.sheets.shows import SHOWS
from sheets_of import CONTENT, write_sheet
from small_runs import USAGE, assert_one_line

SHEETS = built_in_names(GROUP)


@cache
def needs_of(name):
    """Each need of a sheet with its settings and the configs of the runs that its command makes."""
    sheet, found = load_sheet(name), []
    for need in (need for question in sheet.questions for need in question.needs):
        seeds = [f"seeds={need.seeds}"] if need.seeds > 1 else []
        configs = configs_of((*shlex.split(need.make), *seeds))
        found.append((need, needed_settings(sheet, need), configs))
    return found


@cache  # composing takes a tenth of a second
def configs_of(words):
    return [job.config for job in compose.jobs(words, multirun=False)]


def test_the_five_sheets_ship():
    assert SHEETS == ["A", "B", "C", "D", "E"]
    used = {show for name in SHEETS for one in load_sheet(name).questions for show in one.show}
    assert used == {*SHOWS}


@pytest.mark.parametrize("name", SHEETS)
def test_each_command_makes_the_runs_that_its_need_asks_for(name):
    for need, settings, configs in needs_of(name):
        assert len(configs) == need.seeds, need.make
        assert len({config.seed for config in configs}) == need.seeds
        for config in configs:
            assert has_settings(config, settings), need.make
            for length in LENGTHS:  # what is asked for is what is trained
                assert getattr(config.runtime, length) == settings.get(length), need.make


@pytest.mark.parametrize("name", SHEETS)
def test_no_run_answers_another_need(name):
    """In one study lie the runs of the whole sheet."""
    for need, settings, configs in needs_of(name):
        for other, _, others in needs_of(name):
            if has_settings(others[0], settings):
                assert knobs_alike(others[0], configs[0]), (need.make, other.make)


def knobs_alike(first, second) -> bool:
    """Whether two runs are one, but for seeds and lengths."""
    return compare_key(first) == compare_key(second)


def compare_key(config):
    held = leaves.knobs(config) | leaves.deep_arguments(config)
    return {key: value for key, value in held.items() if key not in (*LENGTHS, "study")}


def test_the_four_runs_of_sheet_a():
    question = load_sheet("A").questions[1]
    pairs = {(need.run["latent_dim"], need.run["hidden_dim"]) for need in question.needs}
    assert pairs == {(16, 16), (16, 100), (100, 16), (100, 100)}


MISTAKES = {
    "a key": ({"tilte": "x"}, "tilte is no key of a sheet"),
    "no question": ({"questions": None}, "questions"),
    "a word": ({"words": {"answered": "yes"}}, "words"),
    "another sheet's words": ({"words": "nobody"}, "unknown sheet 'nobody'"),
    "an item": ({"show": ["curvs"]}, "unknown item of show 'curvs'. Did you mean 'curves'?"),
    "a score": ({"scores": ["fd_clasifier"]},
                "unknown score 'fd_clasifier'. Did you mean 'fd_classifier'"),
    "a caption": ({"caption": "width {hiden_dim}"},
                  "caption: unknown name 'hiden_dim'. Did you mean 'hidden_dim'"),
    "an analysis": ({"analyses": {"modus": "each"}}, "unknown analysis 'modus'"),
    "which runs": ({"analyses": {"modes": "all"}}, "Choose from each, best"),
    "a setting": ({"needs": [{"run": {"latent_dims": 3}, "make": "x=1"}]},
                  "latent_dims is no setting of a run. Did you mean 'latent_dim'?"),
    "a verb": ({"needs": [{"make": "runs --trash x"}]}, "runs is no setting; write KEY=VALUE"),
    "no command": ({"needs": [{"run": {"nz": 3}}]}, "needs[0].make is not there"),
    "seeds": ({"needs": [{"run": {"seed": 3}, "make": "seed=3", "seeds": 2}]}, "seed"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line_that_names_the_file(gan_lab_here, tmp_path, mistake):
    change, words = MISTAKES[mistake]
    content = yaml.safe_load(yaml.safe_dump(CONTENT))
    inside = {"show", "scores", "analyses", "needs"} & change.keys()
    (content["questions"][0] if inside else content).update(change)
    file = write_sheet(tmp_path, content)
    result = gan_lab_here("report", "nothing", "--sheet", "widths")
    named = () if "unknown sheet" in words else (str(file.relative_to(tmp_path)),)
    assert_one_line(result, USAGE, words, *named)


def test_what_captions_may_name_is_what_a_run_has():
    (config,) = configs_of(("experiment=mnist_dcgan",))
    held = leaves.choices(config) | leaves.general_knobs(config) | leaves.knobs(config)
    assert {*CAPTIONED} == {*held, "num_train_steps"}


def test_own_sheets_are_found_and_hide_those_of_gan_lab(gan_lab_here, tmp_path):
    write_sheet(tmp_path, {**CONTENT, "title": "mine", "words": "A"}, "B")
    result = gan_lab_here("report", "nothing", "--sheet", "F")
    assert_one_line(result, USAGE, "unknown sheet 'F'", "A, B, C, D, E")
    result = gan_lab_here("report", "nothing", "--sheet", "B")
    assert "1. Two widths" in result.stdout


def test_every_sheet_has_the_comment_that_lists_show():
    for name in SHEETS:
        assert compose.opening_comment(GROUP, name), name
        assert (conf_directory() / GROUP / f"{name}.yaml").is_file()
