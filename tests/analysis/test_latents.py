"""Samples and the ways between latents: exact ends, and pictures that depend on nothing else."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan_lab import load_dataset, load_run
from gan_lab.analysis import latents
from gan_lab.analysis.interpolation import arc, line, places, plane
from gan_lab.analysis.latents import nearest, strips
from gan_lab.models import DCGANGenerator, MLPGenerator, initialise
from gan_lab.training.sampling import generate, generate_each, sample_latents
from gan_lab.training.trained import TrainedRun
from small_runs import FEW_SAMPLES, FEW_SCORES

QUICK = ("logger=none", "steps=3", "hidden_dim=8", "threads=1", *FEW_SAMPLES)


def small_generators():
    torch.manual_seed(0)
    yield DCGANGenerator(latent_dim=5, ngf=8, image_size=32, channels=1)
    yield MLPGenerator(latent_dim=5, widths=[64, 128], image_size=28, channels=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, gan_lab_here_in):
    """A folder with a run that draws digits and one that draws the digit it is asked for."""
    folder = tmp_path_factory.mktemp("latents")
    for name, settings in {"plain": ["model=dcgan"], "conditional": ["model=cdcgan"]}.items():
        result = gan_lab_here_in(folder, *settings, f"study={name}", *QUICK, FEW_SCORES)
        assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture(scope="module")
def plain(folder) -> TrainedRun:
    return load_run("plain/latest", folder / "runs")


@pytest.fixture(scope="module")
def conditional(folder) -> TrainedRun:
    return load_run("conditional/latest", folder / "runs")


# --- the mathematics -----------------------------------------------------------------------------


def test_places_hold_both_ends_and_go_beyond_in_the_same_steps():
    assert places(5) == [0, 0.25, 0.5, 0.75, 1]
    assert places(5, -0.5, 1.5) == [-0.5, -0.25, 0, 0.25, 0.5, 0.75, 1, 1.25, 1.5]
    assert len(places(10, -0.5, 1.5)) == 18 and {0, 1} <= set(places(10, -0.5, 1.5))
    assert places(11, 0.3, 0.6) == [0.3, 0.4, 0.5, 0.6]


@pytest.mark.parametrize("between", [line, arc])
def test_ends_are_exact(between):
    for first, second in sample_latents(1, 40, 7).unflatten(0, (20, 2)):
        points = between(first, second, places(10))
        assert torch.equal(points[0], first) and torch.equal(points[-1], second)


def test_a_line_has_its_middle_and_goes_straight_on():
    first, second = torch.tensor([0.0, 2.0]), torch.tensor([4.0, 0.0])
    points = line(first, second, [0.5, 1.5, -0.5])
    assert torch.equal(points, torch.tensor([[2.0, 1.0], [6.0, -1.0], [-2.0, 3.0]]))


def test_an_arc_keeps_the_length_and_turns_evenly():
    east, north = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 2.0])
    points = arc(east, north, [1 / 3, 1.5])
    degrees = [math.degrees(math.atan2(y, x)) for x, y in points.tolist()]
    assert degrees == pytest.approx([30, 135], abs=1e-4)
    assert points.norm(dim=1) == pytest.approx([2, 2], abs=1e-6)


def test_latents_in_one_direction_have_no_arc():
    latent = torch.tensor([1.0, 1.0])
    assert torch.equal(arc(latent, 3 * latent, [0.5]), torch.tensor([[2.0, 2.0]]))
    assert torch.equal(arc(latent, -latent, [0.5]), torch.tensor([[0.0, 0.0]]))


def test_a_plane_has_three_latents_at_its_corners():
    origin, right, down = sample_latents(2, 3, 9)
    square = plane(origin, right, down, 4)
    assert torch.equal(square[0, 0], origin)
    assert torch.equal(square[0, -1], right) and torch.equal(square[-1, 0], down)
    torch.testing.assert_close(square[1, 2], origin + 2 / 3 * (right - origin)
                               + 1 / 3 * (down - origin))  # fmt: skip


def test_the_nearest_image_is_found_at_its_distance():
    training = load_dataset("digits").images
    images = training[[7, 300]].clone()
    images[1] = (images[1].float() * 0 + 255).to(torch.uint8) - training[300]
    distances, indices = nearest(images, training, 3)
    assert indices[0, 0] == 7 and distances[0, 0] == 0
    by_hand = (training.float() - images[1].float()).square().mean(dim=(1, 2, 3)).sqrt()
    assert distances[1].tolist() == pytest.approx(by_hand.sort().values[:3].tolist(), rel=1e-5)
    white, black = torch.full((1, 1, 2, 2), 255, dtype=torch.uint8), torch.zeros(3, 1, 2, 2)
    assert nearest(white, black.to(torch.uint8), 1)[0].item() == 255


# --- a picture depends on its latent alone -------------------------------------------------------


@pytest.mark.parametrize("generator", [*small_generators()], ids=["dcgan", "mlp"])
def test_an_image_is_the_same_whatever_it_is_asked_for_with(generator):
    initialise(generator, "default")
    latents = sample_latents(3, 100, 5)
    images = generate_each(generator, latents)
    for rows in (slice(17, 18), slice(17, 20), slice(0, 64), slice(None, None, 3)):
        assert torch.equal(generate_each(generator, latents[rows]), images[rows])
    assert (images.float() - generate(generator, latents).float()).abs().max() <= 1


def test_image_17_of_a_seed_is_one_picture(plain):
    ours = plain.sample(18, seed=5)[17]
    for count in (25, 64, 500):
        assert torch.equal(plain.sample(count, seed=5)[17], ours)
    assert not torch.equal(plain.sample(18, seed=6)[17], ours)


@pytest.mark.parametrize("spherical", [False, True], ids=["line", "arc"])
def test_end_points_of_a_strip_are_the_samples_themselves(plain, spherical):
    samples = plain.sample(6, seed=4)
    fractions = places(7, -0.5, 1.5)
    images = strips(plain.generator, plain.latents(6, 4), None, fractions, spherical)
    assert torch.equal(images[:, fractions.index(0)], samples[::2])
    assert torch.equal(images[:, fractions.index(1)], samples[1::2])


def test_a_strip_of_a_conditional_run_keeps_its_class(conditional):
    latents, labels = conditional.latents(4, 0), conditional.labels(4, 0, 7)
    images = strips(conditional.weights("raw"), latents, labels, places(3))
    sevens = conditional.sample(4, seed=0, label=7, weights="raw")
    assert torch.equal(images[:, 0], sevens[::2]) and torch.equal(images[:, -1], sevens[1::2])
    assert not torch.equal(sevens, conditional.sample(4, seed=0, label=1, weights="raw"))


# --- the verbs -----------------------------------------------------------------------------------


def test_every_layout_is_written_where_it_says(gan_lab_here, folder):
    runs = ("--runs-dir", f"{folder / 'runs'}")
    for reference, layouts in {
        "plain/latest": ("grid", "plane", "nearest"),
        "conditional/latest": ("grid", "plane", "nearest", "classes"),
    }.items():
        for layout in layouts:
            result = gan_lab_here("sample", reference, "--layout", layout, "--count", "3", *runs)
            assert result.returncode == 0, result.stderr
            written = result.stdout.splitlines()[-1]
            assert "figures" in written and np.asarray(Image.open(written)).std() > 10
            assert Path(written).with_suffix(".pdf").read_bytes()[:4] == b"%PDF"
            assert Path(written).with_suffix(".pdf").name in result.stdout


def test_single_files_are_the_images_bit_for_bit(gan_lab_here, folder, plain, tmp_path):
    result = gan_lab_here(
        *("sample", "plain/latest", "--layout", "files", "--count", "20", "--seed", "9"),
        *("--weights", "raw", "--out", "singles", "--runs-dir", f"{folder / 'runs'}"),
    )
    assert result.stdout.splitlines()[-1] == "singles"
    files = sorted((tmp_path / "singles").iterdir())
    assert [path.name for path in files][::19] == ["000000.png", "000019.png"]
    images = np.stack([np.asarray(Image.open(path))[..., 0] for path in files])
    assert np.array_equal(images, plain.sample(20, seed=9, weights="raw")[:, 0].numpy())


def test_interpolate_writes_its_strips(gan_lab_here, folder, tmp_path):
    runs = ("--runs-dir", f"{folder / 'runs'}")
    for more in ([], ["--slerp"], ["--from", "-0.5", "--to", "1.5"], ["--weights", "raw"]):
        result = gan_lab_here("interpolate", "plain/latest", "--out", "here", *runs, *more)
        assert result.returncode == 0, result.stderr
        assert (tmp_path / result.stdout.splitlines()[-1]).is_file()
    assert len(list((tmp_path / "here").glob("*.png"))) == 4
    result = gan_lab_here("interpolate", "plain/latest", "--out", "mine.png", *runs)
    assert "mine.png, and mine.pdf beside it" in result.stdout
    assert (tmp_path / "mine.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["sample", "plain/latest", "--layout", "classes"], 2, "not conditional"),
        (["sample", "plain/latest", "--class", "3"], 2, "not conditional"),
        (["sample", "conditional/latest", "--class", "10"], 2, "0 to 9"),
        (["sample", "nowhere"], 1, "no run 'nowhere'"),
        (["sample", "plain/latest", "--count", "none"], 2, "whole number"),
        (["interpolate", "plain/latest", "--images", "1"], 2, "at least 2"),
        (["interpolate", "plain/latest", "--from", "2", "--to", "1.9"], 2, "no image lies"),
        (["interpolate", "plain/latest", "--pairs", "0"], 2, "at least 1"),
        (["interpolate", "plain/latest", "--to", "inf"], 2, "from -10 to 10"),
        (["interpolate", "plain/latest", "--from", "nan"], 2, "from -10 to 10"),
    ],
)
def test_mistakes_are_answered_in_one_line(gan_lab_here, folder, arguments, code, expected):
    result = gan_lab_here(*arguments, "--runs-dir", f"{folder / 'runs'}")
    assert result.returncode == code
    assert len(result.stderr.splitlines()) == 1 and expected in result.stderr


# --- points --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ring(tmp_path_factory, gan_lab_here_in) -> Path:
    folder = tmp_path_factory.mktemp("ring")
    result = gan_lab_here_in(folder, "dataset=ring", "model=point_mlp", "study=ring", *QUICK)
    assert result.returncode == 0, result.stderr
    return folder / "runs"


def test_points_have_the_same_tools(gan_lab_here, ring, tmp_path):
    runs = ("--runs-dir", f"{ring}", "--out", "here")
    for arguments in (["sample"], ["sample", "--layout", "plane"], ["interpolate"]):
        result = gan_lab_here(arguments[0], "latest", *arguments[1:], *runs)
        assert result.returncode == 0, result.stderr
        assert np.asarray(Image.open(tmp_path / result.stdout.splitlines()[-1])).std() > 5
    result = gan_lab_here("sample", "latest", "--layout", "nearest", *runs)
    assert result.returncode == 2 and "points" in result.stderr


def test_the_words_below_ways_of_points_name_their_ends(ring, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        latents, "draw_points", lambda points, path, joined, words: drawn.append(words)
    )
    (run,) = (ring / "ring").glob("point_mlp*")
    latents.draw_strips(load_run(run), tmp_path / "w.png", 2, [-0.5, 0.5], 0, None, "ema")
    assert "from the ring (t = -0.5) to the dot (t = 0.5)" in drawn[0] and "column" not in drawn[0]


def test_single_points_are_lines_of_one_file(gan_lab_here, ring, tmp_path):
    runs = ("--runs-dir", f"{ring}", "--out", "here")
    result = gan_lab_here("sample", "latest", "--layout", "files", "--count", "20", *runs)
    assert result.returncode == 0, result.stderr
    heading, *lines = (tmp_path / "here" / "points.csv").read_text().splitlines()
    expected = load_run("latest", ring).sample(20)
    assert heading == "x,y"
    points = [[float(number) for number in line.split(",")] for line in lines]
    assert torch.equal(torch.tensor(points), expected)
