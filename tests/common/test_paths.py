"""A path that begins with a home folder."""

from pathlib import Path

import pytest

from gan_lab.common.errors import UsageError
from gan_lab.common.paths import expanded


def test_a_home_folder_is_found_or_the_path_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expanded("~/images") == tmp_path / "images" and expanded("images") == Path("images")
    with pytest.raises(UsageError, match="~nobody_of_this_name/a: there is no such home folder"):
        expanded("~nobody_of_this_name/a")
