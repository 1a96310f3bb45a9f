"""How threads wait: ours unless the user has chosen."""

import subprocess
import sys

import pytest

NAMES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, ("passive", "20000")),
        ({"GOMP_SPINCOUNT": "7"}, ("passive", "7")),
        ({"OMP_WAIT_POLICY": "active"}, ("active", "None")),
        ({"OMP_WAIT_POLICY": "passive"}, ("passive", "None")),
    ],
)
def test_the_program_sets_it_before_torch_and_leaves_what_is_set(environment, chosen, expected):
    kept = {name: value for name, value in environment.items() if name not in NAMES}
    program = (
        "import os, sys; from gan_lab import cli; before = 'torch' in sys.modules; cli.run(['-h']);"
        f"print(before, 'torch' in sys.modules, *map(os.environ.get, {NAMES}))"
    )
    command = [sys.executable, "-c", program]
    output = subprocess.check_output(command, env=kept | chosen, text=True)
    assert output.splitlines()[-1].split() == ["False", "False", *expected]


def test_numbers_too_small_to_calculate_with_quickly_count_as_zero():
    """Where a player has won they are everywhere, and a step would take seven times as long."""
    code = """
import torch
from gan_lab.training.device import choose_device
tiny = torch.tensor([1e-30])
before = float(tiny * 1e-10)
choose_device("cpu")
print(before > 0, float(tiny * 1e-10))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.split() == ["True", "0.0"], result.stderr
