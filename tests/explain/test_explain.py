"""`gan-lab explain`: sources and settings of every config, and tables that add up."""

import inspect
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
from omegaconf import OmegaConf
from PIL import Image

from gan_lab.common.paths import conf_directory
from gan_lab.config.instantiate import locate
from gan_lab.config.spec import Spec
from gan_lab.evaluation.scores import load_score
from gan_lab.training import build
from small_runs import config_of


def listed(group: str) -> list[str]:
    return sorted(path.stem for path in (conf_directory() / group).glob("*.yaml"))


@pytest.fixture
def explain(gan_lab_here):
    def call(*settings: str) -> str:
        result = gan_lab_here("explain", *settings)
        assert (result.returncode, result.stderr) == (0, "")
        return result.stdout

    return call


# --- losses and penalties ------------------------------------------------------------------------


def assert_settings(text: str, spec: Spec) -> None:
    """Every argument of the target, and nothing else, is listed with its value and its default."""
    parameters = inspect.signature(locate(str(spec.target))).parameters
    for name, value in spec.arguments.items():
        if name == "penalties":
            continue
        (line,) = re.findall(rf"^  {name} = (.+)$", text, re.MULTILINE)
        default = parameters[name].default
        assert line.split("   ")[0] == str(value)
        assert (f"default {default}" in line) == (value != default)


@pytest.mark.parametrize("name", listed("loss"))
def test_a_loss_is_explained(explain, name):
    text, spec = explain(f"loss={name}"), config_of(f"loss={name}").loss
    assert text.startswith(f"loss={name}\n")
    assert re.search(r"^Source: .*arXiv \d{4}\.\d{4,5}\)", text, re.MULTILINE)
    own, _, _ = text.partition("\npenalty=")
    for promise in ("D minimises ", "G minimises ", "When it trains: ", "When it fails: "):
        assert len(re.findall(rf"^{promise}", own, re.MULTILINE)) == 1
    assert_settings(text, spec)
    updates = (spec.get("discriminator_steps"), spec.get("generator_steps"))
    rhythm = re.search(r"A step is (\d) update\(s\) of D(?:, .+)?, then (\d) of G\.", text)
    assert rhythm and tuple(map(int, rhythm.groups())) == updates


@pytest.mark.parametrize("name", listed("loss"))
def test_the_curves_of_a_loss_are_named_as_in_the_metrics(explain, name):
    text = explain(f"loss={name}")
    for curve in ("loss/d", "loss/g", "d/real", "d/fake_1", "d/fake_2", "grad_norm/d", "penalty/"):
        assert curve in text
    loss = build.loss(config_of(f"loss={name}"))
    assert ("mean sigmoid(output)" in text) == (loss.output == "probability")
    assert ("mean output" in text) == (loss.output == "score")


# Those that are in no run of the study of losses.
WITHOUT_A_FIGURE = ("wgan_lp", "dragan", "lecam")


@pytest.mark.parametrize("name", listed("loss"))
def test_the_figures_that_are_named_are_there(explain, name):
    figures = re.findall(r"^A real run: (\S+\.png);", explain(f"loss={name}"), re.MULTILINE)
    assert len(figures) == (name not in WITHOUT_A_FIGURE)
    for figure in figures:
        assert Path(figure).name == f"{name}.png" and Path(figure).is_file()
        assert (Path(figure).parent / "README.md").is_file()


@pytest.mark.parametrize("name", listed("penalty"))
def test_a_penalty_is_explained(explain, name):
    text = explain(f"penalty=[{name}]")
    assert text.startswith(f"penalty={name}\n")
    assert re.search(r"^Source: .*arXiv \d{4}\.\d{4,5}\)", text, re.MULTILINE)
    for promise in ("D's loss gains ", "When it trains: ", "When it fails: "):
        assert len(re.findall(rf"^{promise}", text, re.MULTILINE)) == 1
    figures = re.findall(r"^A real run: (\S+\.png);", text, re.MULTILINE)
    assert len(figures) == (name not in WITHOUT_A_FIGURE) and all(
        map(Path.is_file, map(Path, figures))
    )
    assert_settings(text, config_of(f"penalty=[{name}]").penalty[name])


def test_a_loss_is_explained_with_its_own_penalty_and_weight(explain):
    text = explain("loss=wgan_gp", "lambda_gp=3")
    assert text.index("loss=wgan_gp") < text.index("penalty=gradient_penalty")
    assert "  weight = 3.0   (default 10.0, set by lambda_gp=)" in text.splitlines()


@pytest.mark.parametrize("name", listed("optimizer"))
def test_an_optimizer_is_explained(explain, name):
    text, spec = explain(f"optimizer={name}"), config_of(f"optimizer={name}").optimizer_g
    assert text.startswith(f"optimizer={name}\n") and spec.target in text
    assert re.search(r"^(?:Source: |.*\bw <- w - lr )", text, re.MULTILINE)
    for key, value in spec.arguments.items():
        assert f"  {key} = {value}" in text
    assert "eps=1e-08" in text or name == "sgd"


def test_the_optimizers_of_two_players_are_explained_apart(explain):
    text = explain("optimizer_d=sgd", "optimizer_d.momentum=0.9", "beta1=0")
    assert re.findall(r"^optimizer\w*=\w+", text, re.MULTILINE) == [
        *("optimizer_g=adam", "optimizer_d=sgd")
    ]
    assert "  momentum = 0.9   (default 0)" in text
    assert "  betas = [0.0, 0.999]   (default (0.9, 0.999), set by beta1= and beta2=)" in text


def test_several_are_explained_at_once(explain):
    text = explain("loss=rpgan", "penalty=[r1,r2]", "model=mlp")
    headings = re.findall(r"^(?:loss|penalty|model)=\w+", text, re.MULTILINE)
    assert sorted(headings) == ["loss=rpgan", "model=mlp", "penalty=r1", "penalty=r2"]


# --- scores --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", listed("score"))
def test_a_score_is_explained(explain, name):
    text, score = explain(f"score={name}"), load_score(name)
    assert text.startswith(f"score={name}\n")
    for promise in ("Better: ", "It is measured on: ", "Samples: "):
        assert len(re.findall(rf"^{promise}", text, re.MULTILINE)) == 1
    assert "_empty" not in text
    for key, value in score.settings().items():
        assert f"  {key} = {value}" in text.splitlines()
    assert (f"{score.count:,}" in text) if score.count else ("evaluation.samples" in text)


# --- models --------------------------------------------------------------------------------------

ROW = re.compile(r"^  (\S.*?) +([\dx]+|-) +([\d,]+)(?: {3}(.+))?$")
SHAPES = [(1, 28), (3, 64)]
IMAGE_MODELS = [name for name in listed("model") if not name.startswith("point_")]


def number(text: str) -> int:
    return int(text.replace(",", ""))


@pytest.mark.parametrize(("channels", "image_size"), SHAPES)
@pytest.mark.parametrize("name", IMAGE_MODELS)
def test_the_layers_of_a_model_add_up_and_their_arithmetic_is_true(
    explain, name, channels, image_size
):
    settings = (f"model={name}", f"channels={channels}", f"image_size={image_size}")
    title, *players = explain(*settings).strip().split("\n\n")
    image = f"{channels}x{image_size}x{image_size}"
    shape = (channels, image_size, image_size)
    config = replace(config_of(*settings), shape=shape, class_counts=(1,) * 10)
    assert title.splitlines()[0] == f"model={name}"
    assert f"for images {image} of 10 classes;" in title
    roles, inside = ("generator", "discriminator"), ("16 latents", f"image {image}")
    for text, network, role, given, made in zip(
        players, build.networks(config), roles, inside,
        (image, "1"), strict=True,
    ):  # fmt: skip
        heading, inputs, *lines, weights = text.splitlines()
        total = sum(parameter.numel() for parameter in network.parameters())
        assert heading == f"{role}: {total:,} parameters"
        assert inputs.startswith(f"  in: {given}") and weights.startswith("  starting weights: ")
        rows = [ROW.match(line) for line in lines]
        assert all(rows), lines
        kinds, shapes, counts, sums = zip(*(row.groups() for row in rows if row), strict=True)
        assert sum(map(number, counts)) == total
        assert shapes[-1] == made
        for kind, shape, arithmetic in zip(kinds, shapes, sums, strict=True):
            assert bool(arithmetic) == ("Conv" in kind)
            if arithmetic:
                formula, _, side = arithmetic.partition(" = ")
                names = {"__builtins__": {}, "floor": math.floor}
                assert eval(formula, names) == int(side) == int(shape.rpartition("x")[2])


@pytest.mark.parametrize("name", ["dcgan", "mlp", "resnet_nf"])
def test_switches_show_in_the_table(explain, name):
    plain = explain(f"model={name}")
    assert "in: image 1x32x32\n" in plain and "in: 16 latents\n" in plain
    assert "in: 3 images 1x32x32 at once\n" in explain(f"model={name}", "pack=3")
    wider = explain(f"model={name}", "model.condition_g=true", "model.condition_d=true")
    counts = [re.findall(r"([\d,]+) parameters", text) for text in (plain, wider)]
    assert all(number(a) < number(b) for a, b in zip(*counts, strict=True))


def test_networks_are_those_of_the_data_that_are_named(explain, tmp_path):
    for colour in ("red", "green", "blue"):
        (tmp_path / colour).mkdir()
        for index in range(12):
            Image.new("RGB", (32, 32), colour).save(tmp_path / colour / f"{index}.png")
    conditional = ("model=dcgan", "model.condition_g=true", "latent_dim=16", "ngf=16")
    text = explain(*conditional, "dataset=image_folder", f"folder={tmp_path}")
    assert "in: image 3x32x32\n" in text and "dataset=NAME takes" not in text
    made = [
        number(re.search(r"generator: ([\d,]+) parameters", words)[1])
        for words in (text, explain(*conditional))
    ]
    # Three classes in place of ten enter 64 kernels of 4x4; 16 such kernels make each new channel.
    assert made[0] - made[1] == (3 - 10) * 64 * 16 + (3 - 1) * 16 * 16


def test_what_a_label_adds_to_the_inputs_is_counted(explain):
    text = explain("model=cdcgan")
    assert "in: 16 latents and the label as 10 more numbers (one-hot): 26\n" in text
    assert "in: image 1x32x32 and the label as 10 more planes (one-hot): 11x32x32\n" in text
    assert "one of 10 classes" in explain("model=dcgan_projection")
    assert "label" not in explain("model=dcgan")


def test_a_layer_tells_what_its_class_alone_does_not(explain):
    text = explain("model=dcgan")
    assert "LeakyReLU, slope 0.2" in text and "no bias" in text
    assert text.count("N(0, 0.02)") == 2
    assert "as PyTorch sets them (weight_init=default)" in explain(
        "model=dcgan", "weight_init=default"
    )
    assert "starting weights: as its class sets them" in explain("model=resnet_nf")


# --- augmentation, experiments --------------------------------------------------------------------


@pytest.mark.parametrize("name", listed("augment"))
def test_an_augmentation_is_explained(explain, name):
    text, spec = explain(f"augment={name}"), config_of(f"augment={name}").augment
    assert text.startswith(f"augment={name}\n") and "DiffAugment" in text
    for key, value in (spec.arguments if spec else {}).items():
        assert f"  {key} = {value}" in text


def test_an_experiment_is_explained_without_its_data(explain, monkeypatch):
    def load(*arguments, **changes):
        raise AssertionError("nobody asked for the data")

    monkeypatch.setattr(build, "dataset", load)
    text = explain("experiment=mnist_losses")
    assert "dataset=mnist\n" in text and "licence" in text and "generator: " in text


# --- mistakes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "pieces"),
    [
        ("loss=hnige", ["'hnige'", "Did you mean 'hinge'"]),
        ("model=dcgna", ["'dcgna'", "Did you mean 'dcgan'"]),
        ("penalty=[r3]", ["'r3'", "r1", "r2"]),
        ("model=dcgan image_size=33", ["image_size=32 or image_size=40"]),
        ("model=dcgan latent_dim=0", ["latent_dim=0", "at least 1"]),
        ("", ["loss=NAME", "penalty=[NAME]", "model=NAME"]),
        ("hinge", ["no run", "Did you mean loss=hinge?"]),
        ("seed=1", ["loss=NAME", "dataset=NAME"]),
        ("loss=hinge --all", ["loss=NAME"]),
        ("score=fidd", ["'fidd'", "Did you mean 'fid'?", "kid, "]),
        ("experiment=mnist_loses", ["'mnist_loses'", "mnist_losses"]),
    ],
)
def test_what_cannot_be_explained_is_one_line(gan_lab_here, command, pieces):
    result = gan_lab_here("explain", *command.split())
    (line,) = result.stderr.splitlines()
    assert result.returncode == 2 and not result.stdout
    assert line.startswith("gan-lab: ") and all(piece in line for piece in pieces)


@pytest.mark.slow
def test_an_experiment_is_explained_by_the_parts_of_its_runs_each_once(explain):
    def named(text: str) -> list[str]:
        return re.findall("^((?:model|loss|penalty|dataset)=.+)$", text, re.MULTILINE)

    # Its packs of two make a discriminator of their own, explained beside that of single points.
    assert named(explain("experiment=ring_grid")) == [
        *("model=point_maxout", "loss=nonsaturating", "dataset=ring"),
        *("model=point_maxout", "dataset=grid"),
    ]
    assert named(explain("experiment=ring_grid", "loss=hinge")) == ["loss=hinge"]


def test_a_short_name_of_scores_explains_each_of_them(explain):
    text = explain("score=fd")
    assert text.startswith("score=fd_classifier\n") and "\n\nscore=class_shares\n" in text


def test_help_is_no_mistake(gan_lab_here):
    for flag in ("--help", "-h"):
        result = gan_lab_here("explain", flag)
        assert (result.returncode, result.stderr) == (0, "")
        assert all(f"{kind}=" in result.stdout for kind in ("loss", "penalty", "model", "score"))


def test_what_bce_is_taken_for_is_said(explain):
    assert explain("loss=bce").startswith("note: loss=bce means loss=minimax.")
    assert "loss=bce" not in explain("loss=minimax")


@pytest.mark.parametrize(
    ("typed", "name"), [("loss=saturating", "minimax"), ("loss_type=default", "nonsaturating")]
)
def test_synonyms_are_explained_by_their_own_name(explain, typed, name):
    assert explain(typed).startswith(f"loss={name}\n")


@pytest.mark.parametrize("name", listed("loss"))
def test_a_file_lists_every_argument_of_its_loss(name):
    """So that `explain` and `--cfg job` show all there is to set."""
    file = OmegaConf.load(conf_directory() / "loss" / f"{name}.yaml")
    optional = {"clip", "penalties"}  # wgan has the one, wgan_gp the other
    assert inspect.signature(locate(file["_target_"])).parameters.keys() - file.keys() <= optional
