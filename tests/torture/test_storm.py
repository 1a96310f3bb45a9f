"""Work that is killed at any moment ends as if nothing had been, once it may end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROW = "| all | "


@pytest.mark.slow
def test_a_short_storm_takes_and_changes_nothing():
    command = ["storm.py", "--kills", "8", "--only", "digits,points", "--seed", "7"]
    result = subprocess.run(
        [sys.executable, str(HERE / command[0]), *command[1:]],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([*sys.path, str(HERE.parent)])},
    )
    assert result.returncode == 0, result.stdout + result.stderr
    (row,) = [line for line in result.stdout.splitlines() if line.startswith(ROW)]
    kills, _, compared, lost, different = map(int, row.removeprefix(ROW).strip(" |").split(" | "))
    assert kills >= 8 and compared >= 2
    assert lost == different == 0
