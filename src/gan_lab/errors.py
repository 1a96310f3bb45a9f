"""Errors that a user can mend: one line that says what is wrong, where, and what to do."""


class UsageError(Exception):
    """What was typed cannot be done (exit code 2)."""


class RunError(Exception):
    """A run could not go on (exit code 1)."""


class Taken(RunError):
    """Another process is at work in the run's directory."""


class Interrupted(Exception):
    """A signal asked the program to stop."""

    def __init__(self, number: int):
        super().__init__(f"signal {number}")
        self.number = number
        self.exit_code = 128 + number
