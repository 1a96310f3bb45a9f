"""The proofs as tests call them: each a process of its own, for they fork what computed nothing."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def assert_no_finding(script: str, most: int) -> None:
    """A sample of a proof's cases finds nothing."""
    result = subprocess.run(
        [sys.executable, str(HERE / script), "--most", str(most), "--seed", "7"],
        capture_output=True,
        text=True,
        env=dict(os.environ),
    )
    assert result.returncode == 0, result.stdout + result.stderr
