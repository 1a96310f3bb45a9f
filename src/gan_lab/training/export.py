"""A trained generator for other programs: weights with their config, and a program of torch.export.

What is written is read back and compared, so that an export that draws other images is an error.
"""

import copy
import io
import json
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save
from torch import Tensor, nn

from gan_lab.common.errors import RunError
from gan_lab.common.files import new_file, replace_file
from gan_lab.common.typed import Json
from gan_lab.common.version import __version__
from gan_lab.config.run_config import as_content
from gan_lab.models import call
from gan_lab.training import build
from gan_lab.training.trained import TrainedRun

COUNTS = (1, 2, 17)  # of the batches that are compared
TOLERANCE = 1e-5  # of values in [-1, 1]: a thousandth of a grey level


def export_generator(run: TrainedRun, folder: Path, weights: str) -> Path:
    """Write a run's generator to `folder` and return it.

    generator.safetensors  its weights, with names as in its state_dict
    config.json            what it is: the run's config, step, weights, shapes
    generator.pt2          a program: torch.export.load(path).module()(latents), without gan_lab

    Raises RunError if it cannot be exported, or if what was written draws other images.
    """
    generator = copy.deepcopy(run.weights(weights)).cpu().eval()
    generator.to(memory_format=torch.contiguous_format)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.contiguous() for name, tensor in generator.state_dict().items()}
    with new_file(folder / "generator.safetensors") as file:
        file.write(save(tensors, {"format": "pt", "weights": weights}))
    replace_file(folder / "config.json", json.dumps(_description(run, weights), indent=1) + "\n")
    _save_program(run, generator, folder / "generator.pt2")

    again, _ = build.networks(run.config)
    again.load_state_dict(load_file(folder / "generator.safetensors"))
    for name, program in {
        "generator.safetensors": _called(again.eval()),
        "generator.pt2": _load_program(folder / "generator.pt2"),
    }.items():
        difference = largest_difference(run, _called(generator), program)
        if not difference <= TOLERANCE:
            raise RunError(
                f"{folder / name} draws other images than {run.directory}: they differ by up to "
                f"{difference:.2g}, of values in [-1, 1]."
            )
    return folder


@torch.inference_mode()
def largest_difference(
    run: TrainedRun, first: Callable[..., Tensor], second: Callable[..., Tensor]
) -> float:
    """Return the largest difference of two programs' outputs on batches of several sizes."""
    return max(
        float((first(*inputs) - second(*inputs)).abs().max())
        for inputs in (_inputs(run, count) for count in COUNTS)
    )


def _called(generator: nn.Module) -> Callable[..., Tensor]:
    """Return a function of latents, and of labels if there are any."""
    return lambda latents, labels=None: call(generator, latents, labels)


def _inputs(run: TrainedRun, count: int) -> tuple[Tensor, ...]:
    latents, labels = run.latents(count), run.labels(count)
    return (latents,) if labels is None else (latents, labels)


def _save_program(run: TrainedRun, generator: nn.Module, path: Path) -> None:
    inputs = _inputs(run, 2) if getattr(generator, "labelled", False) else _inputs(run, 2)[:1]
    batch = torch.export.Dim("batch", min=1, max=65536)
    try:
        program = torch.export.export(
            generator, inputs, dynamic_shapes=tuple({0: batch} for _ in inputs)
        )
    except Exception as error:
        reason = str(error).strip().splitlines()[0]
        raise RunError(
            f"torch.export cannot follow the generator of {run.directory} ({reason}); its weights "
            f"are in {path.with_suffix('.safetensors')}."
        ) from error
    content = io.BytesIO()  # torch.export closes what it writes to
    torch.export.save(program, content)
    with new_file(path) as file:
        file.write(content.getbuffer())


def _load_program(path: Path) -> Callable[..., Tensor]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about weights on other devices; these are on the CPU
        return torch.export.load(path).module()


def _description(run: TrainedRun, weights: str) -> Mapping[str, Json]:
    inputs: dict[str, Json] = {"latents": ["batch", run.config.latent_dim]}
    if run.labels(1) is not None:
        inputs["labels"] = ["batch"]
    return {
        "run": run.directory.name,
        "step": run.step,
        "weights": weights,
        "inputs": inputs,
        "output": ["batch", *run.config.shape],
        "output_range": [-1, 1],
        "versions": {"gan-lab": __version__, "torch": torch.__version__},
        "config": as_content(run.config),
    }
