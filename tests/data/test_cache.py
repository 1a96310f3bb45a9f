"""The cache of decoded images: bit for bit the transform, built once, whole or not at all."""

import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms.functional import center_crop, pil_to_tensor, resize

from gan_lab import load_dataset
from gan_lab.data import image_folder
from gan_lab.data.files import cache

PROGRAM = """
import sys
from gan_lab.data import image_folder
data = image_folder(sys.argv[1], None, 16, cache_dir=sys.argv[2])
print(len(data), int(data.images.long().sum()))
"""


def write(folder: Path, count: int, size: tuple[int, int] = (21, 16)) -> list[np.ndarray]:
    """Write PNGs of noise in two class folders, and return their pixels in the order of names."""
    random = np.random.default_rng(0)
    pixels = []
    for index in range(count):
        array = random.integers(0, 256, (*size, 3), dtype=np.uint8)
        path = folder / ("ant" if index < count // 2 else "bee") / f"{index:05d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(array).save(path)
        pixels.append(array)
    return pixels


def built(cache_dir: Path) -> list[Path]:
    return sorted(path for path in cache_dir.glob("images-*") if path.is_dir())


def test_the_cache_is_the_direct_transform_bit_for_bit(tmp_path):
    pixels = write(tmp_path / "data", 40)
    for _ in range(2):  # built, and found
        data = image_folder(tmp_path / "data", None, 12, cache_dir=tmp_path / "cache")
        training = [array for index, array in enumerate(pixels) if index % 10 != 9]
        for image, array in zip(data.images, training, strict=True):
            square = center_crop(pil_to_tensor(Image.fromarray(array)), [16, 16])
            assert torch.equal(image, resize(square, [12, 12], antialias=True))
        assert data.labels.tolist() == [0] * 18 + [1] * 18
        assert data.cache == built(tmp_path / "cache")[0]
    direct = image_folder(tmp_path / "data", None, 12)
    assert torch.equal(data.images, direct.images) and direct.cache is None


def test_a_map_holds_what_memory_holds(tmp_path, monkeypatch):
    write(tmp_path / "data", 40)
    whole = image_folder(tmp_path / "data", None, 16, cache_dir=tmp_path / "cache")
    monkeypatch.setattr(cache, "IN_MEMORY", 0)
    mapped = image_folder(tmp_path / "data", None, 16, cache_dir=tmp_path / "cache")
    assert torch.equal(whole.images, mapped.images) and len(built(tmp_path / "cache")) == 1
    maps = Path("/proc/self/maps")
    if maps.exists():
        assert str(mapped.cache / "images.u8") in maps.read_text(encoding="utf-8")


@pytest.mark.parametrize("change", ["size", "channels", "crop", "content", "file"])
def test_whatever_changes_the_images_makes_another_cache(tmp_path, change):
    write(tmp_path / "data", 10)

    def load(**changes) -> torch.Tensor:
        arguments = {"image_size": 16, "cache_dir": tmp_path / "cache"} | changes
        return image_folder(tmp_path / "data", None, **arguments).images

    before, changes = load(), {}
    assert torch.equal(before, load()) and len(built(tmp_path / "cache")) == 1
    if change in ("size", "channels", "crop"):
        changes = {"size": {"image_size": 8}, "channels": {"channels": 1}, "crop": {"crop": 4}}
        changes = changes[change]
    elif change == "content":
        Image.new("RGB", (16, 21)).save(tmp_path / "data/ant/00000.png")
    else:
        Image.new("RGB", (16, 21)).save(tmp_path / "data/ant/00000b.png")
    after = load(**changes)
    assert after.shape != before.shape or not torch.equal(before, after)
    assert len(built(tmp_path / "cache")) == 2


def start(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder / "data"), str(folder / "cache")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"},
    )


@pytest.mark.slow
def test_two_processes_build_one_cache(tmp_path):
    pixels = write(tmp_path / "data", 600)
    with ThreadPoolExecutor(3) as pool:
        processes = [start(tmp_path) for _ in range(3)]
        outputs = list(pool.map(lambda process: process.communicate(timeout=120)[0], processes))
    assert [process.returncode for process in processes] == [0, 0, 0], outputs
    answers = {output.splitlines()[-1] for output in outputs}
    data = image_folder(tmp_path / "data", None, 16)
    assert answers == {f"540 {int(data.images.long().sum())}"} and len(pixels) == 600
    assert sum("decoded in" in output for output in outputs) == 1
    assert len(built(tmp_path / "cache")) == 1


def test_a_killed_build_leaves_nothing_half_valid(tmp_path):
    write(tmp_path / "data", 3000)
    process = start(tmp_path)
    deadline = time.monotonic() + 60
    while not list((tmp_path / "cache").glob("*.tmp/images.u8")):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not [path for path in built(tmp_path / "cache") if path.suffix != ".tmp"]
    output, _ = start(tmp_path).communicate(timeout=120)
    data = image_folder(tmp_path / "data", None, 16)
    assert output.splitlines()[-1] == f"2700 {int(data.images.long().sum())}"
    (folder,) = built(tmp_path / "cache")
    assert folder.suffix == ""
    names = {path.suffix for path in (tmp_path / "cache").iterdir()}
    assert names <= {"", ".json", ".lock"}, "nothing of the killed build is left"


def test_a_damaged_cache_is_built_again(tmp_path):
    write(tmp_path / "data", 10)
    first = image_folder(tmp_path / "data", None, 16, cache_dir=tmp_path / "cache")
    expected = first.images.clone()
    with (first.cache / "images.u8").open("r+b") as file:
        file.truncate(100)
    again = image_folder(tmp_path / "data", None, 16, cache_dir=tmp_path / "cache")
    assert torch.equal(again.images, expected)


def test_a_flipped_byte_is_seen(tmp_path, capsys):
    write(tmp_path / "data", 10)
    first = image_folder(tmp_path / "data", None, 16, cache_dir=tmp_path / "cache")
    expected, path = first.images.clone(), first.cache / "images.u8"
    content = bytearray(path.read_bytes())
    content[5000] ^= 1
    path.write_bytes(content)
    capsys.readouterr()
    again = image_folder(tmp_path / "data", None, 16, cache_dir=tmp_path / "cache")
    assert torch.equal(again.images, expected)
    assert f"{path} is damaged: made again" in capsys.readouterr().out


@pytest.mark.parametrize("place", [0, 7679, 2560])
def test_blocks_of_a_large_array_are_hashed(tmp_path, monkeypatch, capsys, place):
    write(tmp_path / "data", 10)
    monkeypatch.setattr(cache, "HASHED_WHOLE", 1000)
    monkeypatch.setattr(cache, "BLOCK", 16)
    monkeypatch.setattr(cache, "BLOCKS", 4)  # of 7,680 bytes: from 0, 2554, 5109 and 7664
    first = image_folder(tmp_path / "data", None, 16, cache_dir=tmp_path / "cache")
    expected, path = first.images.clone(), first.cache / "images.u8"
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    capsys.readouterr()
    again = image_folder(tmp_path / "data", None, 16, cache_dir=tmp_path / "cache")
    assert torch.equal(again.images, expected)
    assert f"{path} is damaged: made again" in capsys.readouterr().out


def test_images_of_an_older_version_are_decoded_again(tmp_path, capsys):
    write(tmp_path / "data", 10)
    first = image_folder(tmp_path / "data", None, 16, cache_dir=tmp_path / "cache")
    path = first.cache / "index.json"
    path.write_text(json.dumps({"shape": [10, 3, 16, 16], "bad": {}, "source": "data"}))
    capsys.readouterr()
    again = image_folder(tmp_path / "data", None, 16, cache_dir=tmp_path / "cache")
    assert torch.equal(again.images, first.images)
    expected = f"{path} is of a version that kept no hash: made again"
    assert expected in capsys.readouterr().out


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_a_cache_of_root_is_read_by_everybody():
    with tempfile.TemporaryDirectory() as place:  # nobody may not enter pytest's own
        folder = Path(place)
        folder.chmod(0o755)
        write(folder / "data", 10)
        first = image_folder(folder / "data", None, 16, cache_dir=folder / "cache")
        (folder / "cache").chmod(0o755)
        os.seteuid(65_534)
        try:
            again = image_folder(folder / "data", None, 16, cache_dir=folder / "cache")
        finally:
            os.seteuid(0)
        assert torch.equal(again.images, first.images) and again.cache == first.cache


def test_a_full_disk_says_so_before_it_starts(tmp_path, monkeypatch):
    write(tmp_path / "data", 10)
    usage = cache.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda path: usage._replace(free=1000))
    with pytest.raises(
        OSError, match=r"need 7\.7 kB and .* has 1\.0 kB left.*cache_dir="
    ) as caught:
        image_folder(tmp_path / "data", None, 16, cache_dir=tmp_path / "cache")
    assert "\n" not in str(caught.value) and not built(tmp_path / "cache")


def test_a_disk_that_fills_meanwhile_leaves_nothing(tmp_path, monkeypatch):
    write(tmp_path / "data", 10)

    def full(*arguments: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(cache.os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space left"):
        image_folder(tmp_path / "data", None, 16, cache_dir=tmp_path / "cache")
    assert not built(tmp_path / "cache")


def test_a_run_shows_the_cache_and_its_size(gan_lab_here, tmp_path, environment):
    write(tmp_path / "data", 40)
    settings = ("dataset=image_folder", "folder=data", "data_root=.", "steps=2", "logger=none",
                "batch_size=4", "evaluation.samples=8", "channels=3", "hidden_dim=4")  # fmt: skip
    result = gan_lab_here(*settings)
    assert result.returncode == 0, result.stderr
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("cache ")]
    assert environment["GAN_LAB_CACHE"] in line and "kB" in line
    assert "decoding 40 images" in result.stdout
    again = gan_lab_here(*settings, "seed=1")
    assert "decoding" not in again.stdout, "the second run found the cache"


def test_datasets_by_name_use_the_cache_of_the_environment(tmp_path, monkeypatch):
    write(tmp_path / "data", 10)
    monkeypatch.setenv("GAN_LAB_CACHE", str(tmp_path / "cache"))
    data = load_dataset("image_folder", tmp_path / "data", image_size=16)
    assert data.shape == (3, 16, 16) and data.cache == built(tmp_path / "cache")[0]
