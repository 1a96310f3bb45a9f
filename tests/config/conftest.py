"""What tests of settings share: an experiment of their own."""

import shutil

import pytest

from gan_lab.common import paths
from gan_lab.common.paths import conf_directory
from gan_lab.config import compose


@pytest.fixture
def experiment(tmp_path, monkeypatch):
    """Write conf/experiment/NAME.yaml into a copy of the config tree, which is then used."""
    copied = tmp_path / "conf"
    shutil.copytree(conf_directory(), copied)
    for module in (compose, paths):
        monkeypatch.setattr(module, "conf_directory", lambda: copied)

    def write(text: str, name: str = "trial") -> None:
        path = copied / "experiment" / f"{name}.yaml"
        path.write_text(f"# @package _global_\n{text}")

    return write
