"""The version of gan_lab, which pyproject.toml repeats."""

__version__ = "0.1.0"
