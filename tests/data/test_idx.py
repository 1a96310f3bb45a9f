"""IDX files are read whatever their dtype and zipping, and a damaged one is named in one line."""

import gzip
import struct

import numpy as np
import pytest

from gan_lab.data.files.idx import read_idx


def idx(code: int, shape: tuple[int, ...], data: bytes) -> bytes:
    return struct.pack(f">2x2B{len(shape)}I", code, len(shape), *shape) + data


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_bytes_by_content_not_by_name(tmp_path, pack):
    path = tmp_path / "images.bin"
    path.write_bytes(pack(idx(0x08, (2, 1, 3), bytes([0, 1, 2, 253, 254, 255]))))
    array = read_idx(path)
    assert array.dtype == np.uint8 and array.flags.writeable
    assert array.tolist() == [[[0, 1, 2]], [[253, 254, 255]]]


@pytest.mark.parametrize(
    ("code", "letter", "dtype"),
    [(0x09, "b", "i1"), (0x0B, "h", "i2"), (0x0C, "i", "i4"), (0x0D, "f", "f4"), (0x0E, "d", "f8")],
)
def test_big_endian_numbers_become_native(tmp_path, code, letter, dtype):
    path = tmp_path / "numbers"
    path.write_bytes(idx(code, (3,), struct.pack(f">3{letter}", -2, 0, 100)))
    array = read_idx(path)
    assert array.dtype == np.dtype(dtype) and array.dtype.isnative
    assert array.tolist() == [-2, 0, 100]


GOOD = idx(0x08, (4,), b"abcd")
ZIPPED = gzip.compress(GOOD, mtime=0)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "not an IDX file", id="empty"),
        pytest.param(b"<html>moved</html>", "not an IDX file", id="html"),
        pytest.param(b"\0\0\x07\x01" + GOOD[4:], "not an IDX file", id="no such dtype"),
        pytest.param(GOOD[:6], "header ends", id="half a header"),
        pytest.param(GOOD[:-1], "3 bytes of data where the header says 4", id="too short"),
        pytest.param(GOOD + b"e", "5 bytes of data where the header says 4", id="too long"),
        pytest.param(ZIPPED[:-6], "damaged gzip", id="cut gzip"),
        pytest.param(ZIPPED[:-8] + bytes(8), "damaged gzip", id="wrong checksum"),
        pytest.param(b"\x1f\x8bnot really", "damaged gzip", id="only the gzip magic"),
    ],
)
def test_damage_is_one_line_with_the_file_and_the_remedy(tmp_path, content, reason):
    path = tmp_path / "labels"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=reason) as caught:
        read_idx(path)
    message = str(caught.value)
    assert str(path) in message and "download it again" in message and "\n" not in message


def test_a_missing_file_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_idx(tmp_path / "nothing")
