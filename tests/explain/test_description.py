"""What is said of a run: layers, numbers, formulas and costs, of one run and of several."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from PIL import Image

from gan_lab.config.run_config import RunConfig, with_presumed_data
from gan_lab.config.spec import Spec
from gan_lab.explain.description import (
    UNREAD,
    Effort,
    Fact,
    describe,
    facts_of,
    formulas_of,
    with_networks_of,
)
from gan_lab.explain.drawing import MOST_BOXES, draw_networks, drawing_name
from gan_lab.explain.layers import Layer, Player
from gan_lab.runs.directory import Run
from gan_lab.runs.lines import Start
from small_runs import SHORT, assert_one_line, config_of, the_run

SMALL = ("model=dcgan", "image_size=16", "hidden_dim=4", "latent_dim=2", "batch_size=10")
EFFORT = Effort(3, 61.0, 3600.0, (Start(device="cpu", processor="x86_64", threads=1),))


def known(*settings: str) -> RunConfig:
    """A config with the facts of 50 grey images."""
    return replace(with_presumed_data(config_of(*SMALL, *settings)), image_count=50)


def texts(facts: list[Fact]) -> dict[str, str]:
    return {fact.name: fact.text for fact in facts}


# --- one run -------------------------------------------------------------------------------------


def test_parameters_are_those_counted_by_hand():
    players = describe(known(), EFFORT).players
    assert players is not None
    generator, discriminator = players
    # Kernels of 4 x 4: 2 latents to 8 planes, 8 to 4, 4 to 1; two numbers a plane of batch norm.
    by_hand = (2 * 8 * 16 + 2 * 8) + (8 * 4 * 16 + 2 * 4) + 4 * 16
    assert generator.parameters == by_hand == 856
    # 1 plane to 4, 4 to 8, 8 to the logit; batch norm on 8 planes.
    assert discriminator.parameters == 4 * 16 + (4 * 8 * 16 + 2 * 8) + 8 * 16 == 720
    assert [layer.shape for layer in generator.layers if layer.arithmetic] == [
        *("8x4x4", "4x8x8", "1x16x16")
    ]


def test_facts_have_the_numbers_of_the_run():
    config = known("loss=wgan_gp", "penalty=[r1]", "lambda_gp=3", "lr_g=1e-3", "optimizer_d=sgd")
    found = texts(facts_of([describe(config, EFFORT)]))
    assert found["loss"] == "wgan_gp (discriminator_steps 5, generator_steps 1)"
    assert found["wgan_gp: D minimises"] == "mean(fake) - mean(real)"
    assert found["wgan_gp: G minimises"] == "-mean(fake)"
    assert found["gradient_penalty: D's loss gains"].startswith("weight * mean((norm(gradient(u *")
    assert found["r1: D's loss gains"] == "weight / 2 * mean(norm(gradient(real)) ** 2)"
    assert found["penalty"] == "gradient_penalty (weight 3, two_sided True) and r1 (weight 1)"
    assert found["optimizer of G"] == "adam, lr 0.001, betas [0.5, 0.999]"
    assert found["optimizer of D"].startswith("sgd, lr 0.0002")
    # Three steps of five updates on ten images; the data have fifty.
    assert found["length"].endswith("steps, 150 images shown to D, 3 epochs")
    assert found["data"].startswith("digits: 50 images of 1x16x16")
    assert found["hardware"] == "cpu (x86_64), 1 thread"
    assert (found["training time"], found["time in all"]) == ("1 min 1 s", "1 h 0 min")


@pytest.mark.parametrize(
    ("target", "formulas"),
    [
        ("gan_lab.losses.hinge", {"D minimises": "mean(relu(1 - real)) + mean(relu(1 + fake))",
                                  "G minimises": "-mean(fake)"}),
        ("gan_lab.losses.R2", {"D's loss gains": "weight / 2 * mean(norm(gradient(fake)) ** 2)"}),
        ("builtins.dict", {}),
    ],
)  # fmt: skip
def test_formulas_are_those_of_the_docstrings(target, formulas):
    assert formulas_of(Spec(target)) == formulas


@pytest.mark.parametrize("part", ["model", "loss", "penalty"])
def test_code_of_ones_own_is_named_and_not_imported(part, tmp_path, monkeypatch):
    (tmp_path / "evil.py").write_text("raise SystemExit('imported')\n")
    monkeypatch.syspath_prepend(tmp_path)
    config, evil = known(), Spec("evil.run")
    changes = {
        "model": {"model": replace(config.model, generator=evil)},
        "loss": {"loss": evil},
        "penalty": {"penalty": {"mine": evil}},
    }
    described = describe(replace(config, **changes[part]), EFFORT)
    assert (described.players is None) == (part == "model")
    assert (UNREAD in described.obstacle) == (part == "model")
    unread = [term.name for term in (described.loss, *described.penalties) if term.unread]
    assert unread == {"model": [], "loss": ["nonsaturating"], "penalty": ["mine"]}[part]


@pytest.mark.parametrize("arguments", [{"no_such": 1}, {"ngf": -3}, {"ngf": "many"}])
def test_networks_that_cannot_be_built_are_said(arguments):
    config = known()
    generator = config.model.generator.with_arguments(**arguments)
    described = describe(replace(config, model=replace(config.model, generator=generator)), EFFORT)
    assert described.players is None and "cannot be built" in described.obstacle


def test_networks_that_no_memory_holds_are_described_all_the_same():
    config = known()
    generator = config.model.generator.with_arguments(ngf=400_000)
    huge = replace(config, model=replace(config.model, generator=generator))
    players = describe(huge, EFFORT).players
    assert players is not None and players[0].parameters > 10**11


def test_a_run_that_saw_no_data_says_so():
    described = describe(replace(known(), shape=()), EFFORT)
    assert described.players is None and "before it had seen its data" in described.obstacle


# --- several runs --------------------------------------------------------------------------------


def test_runs_with_the_same_networks_share_what_they_agree_in():
    first = describe(known(), EFFORT)
    others = [
        with_networks_of(first, known(f"lr={rate}", "loss=hinge"), replace(EFFORT, step=7))
        for rate in (1, 2, 3, 4)
    ]
    found = texts(facts_of([first, *others]))
    assert found["batch size"] == "10"
    assert found["loss"].startswith("nonsaturating (") and "; or hinge (" in found["loss"]
    assert "hinge: D minimises" in found and "nonsaturating: D minimises" in found
    assert found["optimizer of G"].endswith("; or 1 other")
    assert found["training time"] == "1 min 1 s a run"
    slower = replace(others[0], effort=replace(EFFORT, training_seconds=90.0))
    assert texts(facts_of([first, slower]))["training time"] == "1 min 1 s to 1 min 30 s a run"


# --- the drawing ---------------------------------------------------------------------------------


def test_networks_are_drawn_as_png_and_pdf(tmp_path):
    players = describe(known(), EFFORT).players
    assert players is not None
    path = draw_networks(players, tmp_path / drawing_name("dcgan"))
    with Image.open(path) as image:
        assert image.width > image.height > 300
    assert path.with_suffix(".pdf").read_bytes()[:4] == b"%PDF"
    again = draw_networks(players, tmp_path / "again.png")
    assert again.read_bytes() == path.read_bytes()


def test_a_network_of_thousands_of_layers_has_a_drawing_of_bounded_height(tmp_path):
    layers = (
        Layer("Linear, bias $x^{", "3", 12, "", True),
        *[Layer("ReLU", "3", 0, "", False)] * 50,
    ) * 100
    player = Player("generator", "3 latents", 1200, 0, layers, "as PyTorch sets them")
    with Image.open(draw_networks([player], tmp_path / "long.png")) as image:
        assert image.height < 160 * 2 * (MOST_BOXES + 3)


def test_the_name_of_a_drawing_leads_nowhere():
    assert drawing_name("../a b") == "architecture_.._a_b.png"
    assert drawing_name("dcgan", 2) == "architecture_dcgan_2.png"


# --- gan-lab explain RUN -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(made_once, gan_lab_here_in) -> Path:
    def train(folder: Path) -> None:
        result = gan_lab_here_in(folder, *SHORT, "loss=hinge", "study=told")
        assert result.returncode == 0, result.stderr

    return made_once("told", train)


def test_a_run_is_explained_without_its_checkpoints_and_data(gan_lab_here, trained, tmp_path):
    shutil.copytree(trained / "runs", tmp_path / "runs")
    run = the_run(tmp_path)
    shutil.rmtree(run.directory / "checkpoints")
    for reference in ("latest", run.directory.name, str(run.directory)):
        result = gan_lab_here("explain", reference, "--runs-dir", "runs")
        assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert "hinge: G minimises" in result.stdout and "2 steps" in result.stdout
    players = describe(run.config(), EFFORT).players
    assert players is not None
    for player in players:
        assert f"{player.name}: {player.parameters:,} parameters" in lines
    assert lines[-1].endswith("figures/architecture_dcgan.png")
    assert (tmp_path / lines[-1]).is_file()


def test_a_run_with_code_of_its_own_needs_trust(gan_lab_here, trained, tmp_path):
    shutil.copytree(trained / "runs", tmp_path / "runs")
    run = the_run(tmp_path)
    content = yaml.safe_load(run.config_path.read_text())
    content["model"]["generator"]["_target_"] = "my_gan.Generator"
    run.config_path.write_text(yaml.safe_dump(content))
    assert_one_line(gan_lab_here("explain", "latest"), 2, "my_gan.Generator", "--trust")


@pytest.mark.parametrize(
    ("command", "code", "pieces"),
    [
        ("nosuch", 1, ["nosuch"]),
        ("latest loss=hinge", 2, ["loss=hinge", "not both"]),
        ("loss=hinge latest", 2, ["loss=hinge", "not both"]),
        ("latest other", 2, ["other"]),
        ("latest --config-dir conf", 2, ["--trust"]),
    ],
)
def test_a_mistake_about_a_run_is_one_line(gan_lab_here, command, code, pieces):
    assert_one_line(gan_lab_here("explain", *command.split()), code, *pieces)


def test_a_start_that_an_older_version_recorded_has_what_it_has(tmp_path):
    (tmp_path / "environment.json").write_text(json.dumps([{"command": "gan-lab"}]))
    (start,) = Run(tmp_path).environment()
    found = texts(facts_of([describe(known(), Effort(0, None, None, (start,)))]))
    assert not {"hardware", "training time", "time in all"} & found.keys()
