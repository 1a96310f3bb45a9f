"""gan_lab: train, compare and explain GANs.

In a notebook or a program: `gan_lab.train("experiment=mnist_dcgan", latent_dim=100)`,
`gan_lab.sweep(...)`, `gan_lab.evaluate(run)`, `gan_lab.write_report("scratch")`,
`gan_lab.list_runs()`, `gan_lab.load_run("latest")`, `gan_lab.load_dataset("mnist")`,
`gan_lab.load_loss("minimax")`.
"""

from typing import TYPE_CHECKING, Any

from gan_lab.common.version import __version__

if TYPE_CHECKING:
    from gan_lab.api import (
        RunError,
        TrainedRun,
        UsageError,
        evaluate,
        list_runs,
        load_dataset,
        load_loss,
        load_run,
        sweep,
        train,
        write_report,
    )

__all__ = [
    "RunError",
    "TrainedRun",
    "UsageError",
    "__version__",
    "evaluate",
    "list_runs",
    "load_dataset",
    "load_loss",
    "load_run",
    "sweep",
    "train",
    "write_report",
]


def __getattr__(name: str) -> Any:
    # Imported when asked for: they bring torch, which the command line's help does without.
    if name in __all__:
        from gan_lab import api

        return getattr(api, name)
    raise AttributeError(f"module 'gan_lab' has no attribute {name!r}")
