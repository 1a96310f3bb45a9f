"""What tests of trackers share: W&B in this process, ended with each call."""

import pytest


@pytest.fixture
def wandb_here(gan_lab_here):
    """Run `gan-lab` in this process, and end W&B's own, which may write on after a run's end."""
    import wandb

    def call(*arguments: str):
        try:
            return gan_lab_here(*arguments)
        finally:
            wandb.teardown()

    return call
