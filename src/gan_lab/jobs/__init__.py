"""The runs of one command: one from beginning to end, a sweep, a search, a plan."""
