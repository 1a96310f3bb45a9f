"""The command line: a verb in each file, which parses, calls and prints.

Imported without torch and without Hydra: a verb's file is imported when it is typed.
"""

from gan_lab.cli.main import main, run

__all__ = ["main", "run"]
