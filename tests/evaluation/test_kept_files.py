"""What the cache keeps is used only if it is whole: damage costs time, and moves no score."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image
from safetensors import safe_open

from gan_lab.common.errors import RunError
from gan_lab.common.files import new_file
from gan_lab.data import image_folder
from gan_lab.evaluation import extractors
from gan_lab.evaluation.classifier import Unfinished, train_classifier
from gan_lab.evaluation.evaluator import Evaluator, Samples
from gan_lab.evaluation.extractors import trained_classifier
from gan_lab.evaluation.reference import Reference
from gan_lab.evaluation.scores import load_score
from gan_lab.runs.lines import ScoreLine
from small_runs import FAILED, SHORT, assert_one_line

EPOCHS = 2
MADE_AGAIN = ": made again"
NEVER_READ = ("bad_images.txt", ".lock")  # a list for people, and files without content


@dataclass(frozen=True)
class Scored:
    """A folder of images, a cache that scoring them has filled, and the scores."""

    images: Path
    cache: Path
    lines: list[ScoreLine]

    def again(self, cache: Path) -> list[ScoreLine]:
        """Score the same images by another cache."""
        return score(self.images, cache)


def score(images: Path, cache: Path) -> list[ScoreLine]:
    """The Fréchet distance of noise by a classifier of the images' own classes."""

    def load(split: str, size: int | None):
        return image_folder(images, None, size or 8, None, split, cache_dir=cache, layout=2)

    classifier = trained_classifier(load, cache, torch.device("cpu"), "noise", 8, EPOCHS, 0.0)
    evaluator = Evaluator("noise", Reference(load, cache), lambda kind: classifier, "none")
    generator = torch.Generator().manual_seed(0)
    noise = torch.randint(0, 256, (40, 3, 8, 8), generator=generator, dtype=torch.uint8)
    samples = Samples(lambda first, last: (noise[first:last], None))
    return evaluator.evaluate(load_score("fd_classifier"), samples, 40, sets=1)


@pytest.fixture(scope="module")
def scored(tmp_path_factory) -> Scored:
    folder = tmp_path_factory.mktemp("scored")
    random = np.random.default_rng(0)
    for index in range(160):  # more than the 64 features
        path = folder / "data" / ("ant" if index < 80 else "bee") / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(path)
    scored = Scored(folder / "data", folder / "cache", score(folder / "data", folder / "cache"))
    add_unfinished(scored)
    return scored


def add_unfinished(scored: Scored) -> None:
    """Lay a training that was killed after its first batch beside the finished one."""
    train = image_folder(scored.images, None, 8, None, layout=2)
    states: list[Path] = []

    def keep(state: Callable[[], Unfinished]) -> None:
        if not states:
            (finished,) = scored.cache.glob("classifier-*.safetensors")
            states.append(finished.with_suffix(".pt"))
            extractors._write_unfinished(states[0], state())

    train_classifier(train.images, train.labels, 2, epochs=EPOCHS, keep=keep)


def kept(cache: Path) -> list[Path]:
    """All files in a cache, by their names below it."""
    return sorted(path.relative_to(cache) for path in cache.rglob("*") if path.is_file())


def copied(scored: Scored, cache: Path, name: Path) -> Path:
    """Copy the cache so that a file of it will be read, and return where that file lies."""
    shutil.rmtree(cache, ignore_errors=True)
    shutil.copytree(scored.cache, cache)
    cache.chmod(0o700)
    if name.suffix == ".pt":  # read only where there is no finished one
        (cache / name).with_suffix(".safetensors").unlink()
    return cache / name


def test_all_kinds_of_files_are_here(scored):
    kinds = {f"{path.name.partition('-')[0]} {path.suffix}" for path in kept(scored.cache)}
    assert kinds >= {
        *("index.json .json", "images.u8 .u8", "headers .json", "real .json", "real .safetensors"),
        *("classifier .safetensors", "classifier .json", "classifier .pt"),
    }


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def random_bytes(path: Path) -> None:
    path.write_bytes(np.random.default_rng(0).bytes(path.stat().st_size))


def huge(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(2**32)  # takes no room


def in_place(make: Callable[[Path], object], path: Path) -> None:
    path.unlink()
    make(path)


def with_text(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(text, encoding="utf-8")


DAMAGES: dict[str, Callable[[Path], object]] = {
    "flipped": flip,
    "random": random_bytes,
    "cut": lambda path: os.truncate(path, path.stat().st_size // 2),
    "empty": lambda path: os.truncate(path, 0),
    "huge": huge,
    "{}": with_text("{}"),
    "null": with_text("null"),
    "list": with_text("[1, 2]"),
    "nested": with_text("[" * 100_000),
    "types": with_text('{"sha256": 3, "content": {"shape": null, "channels": []}}'),
    "pipe": partial(in_place, os.mkfifo),
    "folder": partial(in_place, Path.mkdir),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_made_again_and_the_score_stays(scored, tmp_path, capsys, damage):
    for name in kept(scored.cache):
        path = copied(scored, tmp_path / "cache", name)
        if name.name.endswith(NEVER_READ) and damage == "flipped":
            continue  # there is nothing to flip
        DAMAGES[damage](path)
        capsys.readouterr()
        assert scored.again(tmp_path / "cache") == scored.lines, name
        said = [line for line in capsys.readouterr().out.splitlines() if MADE_AGAIN in line]
        if name.name.endswith(NEVER_READ):
            assert not said, name
            continue
        (line,) = said
        assert line.startswith("cache ") and str(path) in line, name
        assert scored.again(tmp_path / "cache") == scored.lines
        assert MADE_AGAIN not in capsys.readouterr().out, name


def test_another_mean_in_a_valid_file_is_seen(scored, tmp_path, capsys):
    (name,) = [name for name in kept(scored.cache) if name.match("real-*.safetensors")]
    path = copied(scored, tmp_path / "cache", name)
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    tensors = safetensors.torch.load_file(path)
    mean = tensors["mean"]
    tensors["mean"] = tensors["mean"] + 3.0
    safetensors.torch.save_file(tensors, path, metadata)
    capsys.readouterr()
    assert scored.again(tmp_path / "cache") == scored.lines
    assert f"{path} is damaged{MADE_AGAIN}" in capsys.readouterr().out
    with safe_open(path, "pt") as file:
        assert torch.equal(file.get_tensor("mean"), mean)


def test_another_floor_in_a_valid_file_is_seen(scored, tmp_path):
    (name,) = [name for name in kept(scored.cache) if name.match("real-*.json")]
    path = copied(scored, tmp_path / "cache", name)
    sealed = json.loads(path.read_text("utf-8"))
    for floors in sealed["content"].values():
        floors["fd"] = 0.0
    path.write_text(json.dumps(sealed), encoding="utf-8")
    assert scored.again(tmp_path / "cache") == scored.lines


def test_a_file_under_the_name_of_another_is_not_taken_for_it(scored, tmp_path, capsys):
    (name,) = [name for name in kept(scored.cache) if name.match("real-*.safetensors")]
    other = tmp_path / "other"
    shutil.copytree(scored.images, other)
    (other / "ant/0.png").write_bytes((other / "bee/100.png").read_bytes())
    lines = score(other, tmp_path / "cache")
    (real,) = (tmp_path / "cache").glob("real-*.safetensors")
    real.write_bytes((scored.cache / name).read_bytes())
    capsys.readouterr()
    assert score(other, tmp_path / "cache") == lines != scored.lines
    assert f"{real} is damaged{MADE_AGAIN}" in capsys.readouterr().out


@pytest.mark.parametrize("pattern", ["real-*.safetensors", "real-*.json", "headers-*.json"])
def test_a_cache_of_an_older_version_is_made_again(scored, tmp_path, capsys, pattern):
    (name,) = [name for name in kept(scored.cache) if name.match(pattern)]
    path = copied(scored, tmp_path / "cache", name)
    if path.suffix == ".json":
        path.write_text(
            json.dumps(json.loads(path.read_text("utf-8"))["content"]), encoding="utf-8"
        )
    else:
        tensors = safetensors.torch.load_file(path)
        safetensors.torch.save_file(tensors, path, {"count": "144"})
    capsys.readouterr()
    assert scored.again(tmp_path / "cache") == scored.lines
    expected = f"{path} is of a version that kept no hash{MADE_AGAIN}"
    assert expected in capsys.readouterr().out


# --- links ---------------------------------------------------------------------------------------


@pytest.fixture
def canary(tmp_path) -> Iterator[Path]:
    """A file that nothing may read or change."""
    path = tmp_path / "canary"
    path.write_text("sings", encoding="utf-8")
    yield path
    assert path.read_text("utf-8") == "sings"


@pytest.mark.parametrize("link", [Path.symlink_to, Path.hardlink_to])
def test_links_in_an_empty_cache_lead_nowhere(scored, tmp_path, canary, link):
    cache = tmp_path / "cache"
    cache.mkdir(mode=0o700)
    for name in kept(scored.cache):
        place = cache / name.parts[0]
        for planted in (place, place.with_suffix(".tmp"), place.with_suffix(f".{os.getpid()}.tmp")):
            if not planted.is_symlink() and not planted.exists():
                link(planted, canary)
    assert scored.again(cache) == scored.lines


def test_links_inside_a_decoded_folder_lead_nowhere(scored, tmp_path, canary):
    for name in kept(scored.cache):
        path = copied(scored, tmp_path / "cache", name)
        path.unlink()
        path.symlink_to(canary)
        assert scored.again(tmp_path / "cache") == scored.lines


def test_a_link_to_a_folder_of_images_is_not_followed(scored, tmp_path):
    copied(scored, tmp_path / "cache", kept(scored.cache)[0])
    (folder,) = [path for path in (tmp_path / "cache").glob("images-*") if path.is_dir()]
    elsewhere = folder.rename(tmp_path / folder.name)
    before = {path: path.read_bytes() for path in elsewhere.iterdir()}
    folder.symlink_to(elsewhere)
    assert scored.again(tmp_path / "cache") == scored.lines
    assert not folder.is_symlink()
    assert {path: path.read_bytes() for path in elsewhere.iterdir()} == before


# --- whose folder it is --------------------------------------------------------------------------


def test_a_new_cache_is_the_users_alone(scored):
    assert scored.cache.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o757, 0o1777, 0o777])
def test_a_cache_that_others_may_write_to_is_refused(scored, tmp_path, mode):
    cache = tmp_path / "cache"
    copied(scored, cache, kept(scored.cache)[0])
    cache.chmod(mode)
    with pytest.raises(RunError, match=rf"can be written by others.*chmod go-w {cache}") as caught:
        scored.again(cache)
    assert "\n" not in str(caught.value)
    with pytest.raises(RunError, match="by others"):
        Reference(lambda split, size: None, cache)
    with pytest.raises(RunError, match="by others"):
        image_folder(scored.images, None, 8, cache_dir=cache)
    cache.chmod(0o755)
    assert scored.again(cache) == scored.lines


def test_the_program_refuses_it_in_one_line(gan_lab_here, tmp_path):
    cache = tmp_path / "shared"
    cache.mkdir()
    cache.chmod(0o777)
    result = gan_lab_here(f"cache_dir={cache}", *SHORT)
    assert_one_line(result, FAILED, str(cache), "by others", "chmod go-w", "GAN_LAB_CACHE=")
    assert not list(cache.iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a folder away")
def test_a_cache_of_another_user_is_refused(scored, tmp_path):
    cache = tmp_path / "cache"
    copied(scored, cache, kept(scored.cache)[0])
    os.chown(cache, 65_534, 65_534)
    with pytest.raises(RunError, match=r"belongs to another user.*GAN_LAB_CACHE="):
        scored.again(cache)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a folder to any group")
@pytest.mark.parametrize(("group", "refused"), [(0, False), (65_534, True), (64_999, True)])
def test_a_group_may_write_only_if_it_is_the_users_alone(scored, tmp_path, group, refused):
    cache = tmp_path / "cache"
    copied(scored, cache, kept(scored.cache)[0])
    os.chown(cache, 0, group)
    cache.chmod(0o770)
    if refused:
        with pytest.raises(RunError, match="by others"):
            scored.again(cache)
    else:
        assert scored.again(cache) == scored.lines


def test_what_a_kill_has_left_is_removed_and_what_is_being_written_is_not(scored, tmp_path):
    (name,) = [name for name in kept(scored.cache) if name.match("headers-*.json")]
    cache = tmp_path / "cache"
    copied(scored, cache, name).unlink()
    left, other = cache / ".gan-lab-1.tmp", cache / "my.tmp"
    left.touch()
    other.touch()
    with new_file(cache / "another.json") as file:
        file.write(b"[]")
        assert scored.again(cache) == scored.lines
    assert not left.exists() and other.exists() and (cache / "another.json").exists()
