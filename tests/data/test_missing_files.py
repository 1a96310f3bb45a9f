"""A dataset that is missing or broken is one line that says which file to put where."""

import pytest

from small_runs import FAILED, SHORT, assert_one_line

NO_NETWORK = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")


def test_a_missing_dataset_says_what_to_put_where(gan_lab_here, monkeypatch, tmp_path):
    for name, address in NO_NETWORK.items():
        monkeypatch.setenv(name, address)
    result = gan_lab_here("dataset=mnist", f"data_root={tmp_path}", *SHORT)
    assert_one_line(result, FAILED, f"{tmp_path}/MNIST/raw", "dataset=digits")


@pytest.mark.parametrize("content", [b"", b"<html>moved</html>", b"\x1f\x8bcut", b"\0\0\x08\x01"])
def test_a_broken_dataset_file_is_named(gan_lab_here, tmp_path, content):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (raw / f"{name}-ubyte").write_bytes(content)
    result = gan_lab_here("dataset=mnist", f"data_root={tmp_path}", *SHORT)
    assert_one_line(result, FAILED, str(raw / "train-images-idx3-ubyte"), "download it again")
