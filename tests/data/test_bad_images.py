"""Strange images: each is used rightly, or listed with its reason."""

import os
import struct
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan_lab.data import decode, image_folder

RED = (200, 30, 10)


def save(path: Path, mode: str = "RGB", size: tuple[int, int] = (8, 8), **options) -> Path:
    image = Image.new("RGB", size, RED)
    (image.quantize(4) if mode == "P" else image.convert(mode)).save(path, **options)
    return path


def pixels(path: Path, channels: int = 3) -> torch.Tensor:
    return decode(path, 8, channels)


def is_red(image: torch.Tensor, tolerance: int = 8) -> bool:
    return bool((image.int() - torch.tensor(RED).view(3, 1, 1)).abs().max() <= tolerance)


# --- used rightly --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.bmp", "a.gif", "a.tiff", "a.JPEG"])
def test_every_format(tmp_path, name):
    assert is_red(pixels(save(tmp_path / name)))


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (3, 50), (201, 7)])
def test_every_size(tmp_path, size):
    assert is_red(pixels(save(tmp_path / "a.png", size=size)))


@pytest.mark.parametrize(
    ("mode", "name"), [("CMYK", "a.jpg"), ("CMYK", "a.tif"), ("P", "a.gif"), ("RGBA", "a.png")]
)
def test_modes(tmp_path, mode, name):
    assert is_red(pixels(save(tmp_path / name, mode)), 12)


def test_transparent_parts_are_white(tmp_path):
    image = Image.new("RGBA", (8, 8), (*RED, 255))
    image.paste((0, 0, 0, 0), (0, 0, 8, 4))
    image.save(tmp_path / "a.png")
    shown = pixels(tmp_path / "a.png")
    assert (shown[:, :4] == 255).all() and is_red(shown[:, 4:])
    palette = image.convert("RGB").quantize(4)
    palette.save(tmp_path / "b.png", transparency=palette.getpixel((0, 0)))
    shown = pixels(tmp_path / "b.png")
    assert (shown[:, :4] == 255).all() and is_red(shown[:, 4:], 12)


def test_sixteen_bits_become_eight(tmp_path):
    levels = (np.arange(64, dtype=np.uint16) * 1000).reshape(8, 8)
    Image.fromarray(levels).save(tmp_path / "a.png")
    Image.fromarray(levels).save(tmp_path / "a.tif")
    for name in ("a.png", "a.tif"):
        assert torch.equal(pixels(tmp_path / name)[0], torch.from_numpy(levels // 257).byte())
    deep = np.full((8, 8, 3), 257 * np.array(RED), dtype=">u2")  # RGB of 16 bits, by hand
    rows = b"".join(b"\0" + row.tobytes() for row in deep)
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 16, 2, 0, 0, 0)),
              (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]  # fmt: skip
    (tmp_path / "c.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks))  # fmt: skip
    assert is_red(pixels(tmp_path / "c.png"))


def test_the_first_frame_of_an_animation(tmp_path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, (0, 255, 0), (0, 0, 255))]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:])
    assert is_red(pixels(tmp_path / "a.gif")) and is_red(pixels(tmp_path / "a.webp"), 16)


def test_a_wrong_extension_is_told_by_content(tmp_path):
    save(tmp_path / "a.png").rename(tmp_path / "a.jpg")
    assert is_red(pixels(tmp_path / "a.jpg"))


@pytest.mark.parametrize("turn", range(1, 9))
def test_every_rotation_of_exif_is_undone(tmp_path, turn):
    upright = Image.new("RGB", (8, 8))
    upright.paste((255, 255, 255), (0, 0, 4, 2))  # a white patch at the upper left
    undo = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE",
            6: "ROTATE_90", 7: "TRANSVERSE", 8: "ROTATE_270"}  # fmt: skip
    stored = upright.transpose(getattr(Image.Transpose, undo[turn])) if turn > 1 else upright
    exif = stored.getexif()
    exif[0x0112] = turn
    stored.save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(pixels(tmp_path / "a.png").permute(1, 2, 0).numpy(), np.array(upright))


# --- listed with its reason ----------------------------------------------------------------------


def truncated(path: Path) -> None:
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:600])


def bomb(path: Path) -> None:
    Image.new("1", (30_000, 30_000)).save(path)


BAD = {
    "truncated.jpg": (truncated, "[Tt]runcated"),
    "truncated.png": (truncated, "[Tt]runcated|broken"),
    "empty.jpg": (lambda path: path.write_bytes(b""), "cannot identify"),
    "text.jpg": (lambda path: path.write_text("no picture"), "cannot identify"),
    "bomb.png": (bomb, "absurdly many|decompression bomb"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_what_cannot_be_used_has_a_reason(tmp_path, name):
    make, reason = BAD[name]
    make(tmp_path / name)
    with pytest.raises(ValueError, match=reason) as caught:
        decode(tmp_path / name, 8, 3)
    assert "\n" not in str(caught.value)


@contextmanager
def as_an_ordinary_user() -> Iterator[None]:
    """Give up root's right to read everything; nothing to do for anybody else."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65_534)  # nobody
    try:
        yield
    finally:
        os.seteuid(0)


def test_an_image_without_permission_is_listed_with_its_reason():
    with tempfile.TemporaryDirectory() as place:  # nobody may not enter pytest's own
        folder = Path(place)
        for index in range(30):
            save(folder / f"{index:02d}.png")
        arguments = {"image_size": 8, "cache_dir": folder / "cache", "bad_images": "skip"}
        image_folder(folder, None, **arguments)  # imports what nobody may not read either
        (folder / "07.png").chmod(0)
        folder.chmod(0o755)
        if os.geteuid() == 0:
            os.chown(folder / "cache", 65_534, 65_534)
        with as_an_ordinary_user():
            with pytest.raises(ValueError, match="no permission to read it"):
                decode(folder / "07.png", 8, 3)
            data = image_folder(folder, None, **arguments)
        assert len(data) == 26  # of 27 in the training split
        line, *_ = (data.cache / "bad_images.txt").read_text().splitlines()  # and the cache's own
        assert line == f"{folder / '07.png'}\tno permission to read it"
        (folder / "07.png").chmod(0o644)
        with as_an_ordinary_user():
            assert len(image_folder(folder, None, **arguments)) == 27


def test_a_name_need_not_be_utf8(tmp_path):
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    (tmp_path / "tea").mkdir()
    save(folder / os.fsdecode(b"\xff\xfe.png"))
    save(tmp_path / "tea/a.png")
    data = image_folder(tmp_path, None, 8, cache_dir=tmp_path / "cache")
    assert len(data) == 2 and data.classes == ("caf\\xe9", "tea")
    (folder / os.fsdecode(b"\xfd.png")).write_text("no picture")
    data = image_folder(tmp_path, None, 8, cache_dir=tmp_path / "cache", bad_images="skip")
    assert "\\xfd.png" in (data.cache / "bad_images.txt").read_text()


# --- how many are too many -----------------------------------------------------------------------


def folder_with_bad(folder: Path, good: int, bad: int) -> Path:
    for index in range(good):
        place = folder / ("even" if index % 2 == 0 else "odd") / f"{index:04d}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (index % 256, 0, 255 * (index % 2))).save(place)
    for index in range(bad):
        (folder / f"even/{index:04d}-bad.jpg").write_text("no picture")
    return folder


def test_one_percent_is_passed_over_and_listed(tmp_path, capsys):
    folder_with_bad(tmp_path / "data", 198, 2)
    data = image_folder(tmp_path / "data", None, 8, cache_dir=tmp_path / "cache")
    test = image_folder(tmp_path / "data", None, 8, cache_dir=tmp_path / "cache", split="test")
    assert len(data) + len(test) == 198
    for split in (data, test):  # odd ones are blue: labels stayed with their images
        assert torch.equal(split.images[:, 2, 0, 0] == 255, split.labels == 1)
    lines = (data.cache / "bad_images.txt").read_text().splitlines()
    assert sorted(Path(line.split("\t")[0]).name for line in lines) == [
        "0000-bad.jpg",
        "0001-bad.jpg",
    ]
    assert all("cannot identify" in line.split("\t")[1] for line in lines)
    assert "2 of 200 images cannot be used and are left out" in capsys.readouterr().out


def test_more_stop_with_the_path_of_the_list_unless_told_to_go_on(gan_lab_here, tmp_path):
    folder_with_bad(tmp_path / "data", 197, 3)
    command = ["dataset=image_folder", "folder=data", "data_root=.", "steps=1", "logger=none",
               "hidden_dim=4", "evaluation.samples=8"]  # fmt: skip
    result = gan_lab_here(*command)
    (line,) = result.stderr.splitlines()
    assert result.returncode == 1 and "3 of 200 images" in line and "bad_images=skip" in line
    path = next(word for word in line.split() if word.endswith("bad_images.txt"))
    assert len(Path(path).read_text(encoding="utf-8").splitlines()) == 3
    skipped = gan_lab_here(*command, "bad_images=skip")
    assert skipped.returncode == 0, skipped.stderr
    assert "decoding" not in skipped.stdout, "what was decoded before it stopped is used"


def test_a_format_for_which_pillow_starts_a_program_is_no_image(tmp_path):
    path = tmp_path / "a.png"
    Image.new("RGB", (8, 8)).save(path, "EPS")
    with pytest.raises(ValueError, match="cannot identify"):
        decode(path, 8, 3)
