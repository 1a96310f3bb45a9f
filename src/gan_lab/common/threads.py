"""How many cores there are, and how OpenMP's threads wait for each other.

Torch reads the latter when it is imported, and never again.
"""

import os

# Below a millisecond. Measured with two threads on two cores, a step of system A (the MNIST DCGAN
# of width 16), 24 ms on one thread, takes 17 ms so and 34 ms or more where threads sleep at once;
# beside two busy processes 44 ms, where those that spin without end take 157 ms.
SPINS = "20000"


def cores() -> int:
    """Return how many cores this process may use; all of them where a system does not tell."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def wait_briefly() -> None:
    """Let threads spin shortly and then sleep, unless the user has set OMP_WAIT_POLICY."""
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ["OMP_WAIT_POLICY"] = "passive"
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
