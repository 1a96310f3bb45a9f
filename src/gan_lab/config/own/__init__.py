"""A user's own configs and code: where they lie, how they are found, what their errors say."""
