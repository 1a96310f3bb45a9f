"""`python -m gan_lab`: the same as `gan-lab`."""

import sys
from pathlib import Path

# Python puts the working directory first for -m: a file yaml.py there would be taken for the
# library. What PYTHONPATH names stands further behind, and stays.
if not sys.flags.safe_path and sys.path[0] != str(Path(__file__).resolve().parents[1]):
    del sys.path[0]

from gan_lab.cli import main

main()
