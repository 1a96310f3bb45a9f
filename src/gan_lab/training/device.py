"""The device that a run computes on: chosen, set up, and given the data."""

import os
from dataclasses import replace

import torch

from gan_lab.common.errors import UsageError
from gan_lab.config.advice.meanings import meant_value
from gan_lab.config.run_config import RuntimeConfig
from gan_lab.data import ImageDataset


def set_up_device(runtime: RuntimeConfig) -> torch.device:
    """Choose the device of a run and set its threads and determinism. Raises UsageError if the
    device is not there."""
    if runtime.threads:
        # A run that is opened may come from a machine with more cores.
        torch.set_num_threads(min(runtime.threads, _most_threads()))
    if runtime.deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
        torch.backends.cudnn.benchmark = False
    return choose_device(runtime.device)


def check_threads(threads: int | None) -> None:
    """Raise UsageError for more threads than four times the cores: they would only wait."""
    if threads and threads > _most_threads():
        raise UsageError(
            f"threads={threads}: at most {_most_threads()}, four times the cores that there are."
        )


def _most_threads() -> int:
    return 4 * (os.cpu_count() or 1)


def choose_device(name: str) -> torch.device:
    """Return a device by its name or `auto`, on which tiny numbers count as 0.

    Raises UsageError if it is not there.
    """
    # Where a player has won, gradients die away into numbers below 1e-38, with which processors
    # calculate slowly: a step of a run with both rates at 0.1 took 0.86 s in place of 0.13.
    torch.set_flush_denormal(True)
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        chosen = torch.device(name)
    except RuntimeError:
        meant = meant_value("device", name) or " Try device=cpu."
        raise UsageError(f"device={name}: PyTorch has no device of that name.{meant}") from None
    try:
        float(torch.zeros(1, dtype=torch.float64, device=chosen))  # as scores are computed
        return chosen
    except (RuntimeError, AssertionError, TypeError) as error:
        reason = _why_not(chosen, error)
        raise UsageError(
            f"device={name} cannot be used here ({reason}); try device=cpu."
        ) from error


def _why_not(device: torch.device, error: Exception) -> str:
    """Return why a device cannot be used."""
    if device.type != "mps":
        return str(error).splitlines()[0].partition(". ")[0].rstrip(".")
    if not torch.backends.mps.is_built():
        return "this PyTorch is built without MPS"
    if not torch.backends.mps.is_available():
        return "this machine has no MPS"
    return "scores are computed in float64, which MPS does not have"


def has_bf16(device_name: str) -> bool:
    """Whether a device, by its name or `auto`, multiplies in bfloat16 rather than imitates it."""
    processor = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    if processor or device_name not in ("auto", "cpu"):
        return True
    # Asked through NVML: CUDA itself, once awake, does not survive the fork of a sweep.
    os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")
    return device_name == "auto" and torch.cuda.is_available()


def on_device(data: ImageDataset, device: torch.device) -> ImageDataset:
    """Move a dataset to the device, unless it would take more than half of what is free there."""
    size = data.images.numel() * data.images.element_size()
    if device.type == "cuda" and size > torch.cuda.mem_get_info(device)[0] // 2:
        return data
    labels = None if data.labels is None else data.labels.to(device)
    return replace(data, images=data.images.to(device), labels=labels)
