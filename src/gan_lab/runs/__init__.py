"""The run directory: its files, checkpoints and environment, and how a run is found."""
