"""Which GPUs the runs of one command may use, and which one each run gets."""

import os
from collections.abc import Sequence

from gan_lab.jobs.job import Job

VISIBLE = "CUDA_VISIBLE_DEVICES"


def visible_gpus() -> list[str]:
    """Return the CUDA devices that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    # Asked through NVML: CUDA itself, once awake, does not survive the fork of a sweep.
    os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")
    import torch  # only now: it takes 2 s

    if not torch.cuda.is_available():
        return []
    count = torch.cuda.device_count()
    named = [name.strip() for name in os.environ.get(VISIBLE, "").split(",") if name.strip()]
    return named[:count] if named else [str(number) for number in range(count)]


def use_gpus(jobs: Sequence[Job]) -> bool:
    """Whether each of the jobs takes whatever GPU it is given, rather than one by its number."""
    return all(job.config.runtime.device in ("auto", "cuda") for job in jobs)


class Places:
    """Places on GPUs, `runs_per_gpu` on each, of which a run holds one as long as it lasts."""

    def __init__(self, gpus: Sequence[str], runs_per_gpu: int):
        # The first on each GPU before the second on any.
        self._free = [gpu for _ in range(runs_per_gpu) for gpu in gpus]
        self._held: dict[int, str] = {}
        self.count = len(self._free)

    def take(self, run: int) -> dict[str, str]:
        """Give a run a place, if there are any, and return the environment that it needs for it."""
        if not self.count:
            return {}
        self._held[run] = self._free.pop(0)
        return {VISIBLE: self._held[run]}

    def give_back(self, run: int) -> None:
        """Free the place of a run that has ended."""
        if self.count:
            self._free.append(self._held.pop(run))
