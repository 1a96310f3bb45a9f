"""Exports draw the images of the run, without the run's code where they say so."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, safe_open, save_file

from gan_lab import load_run
from gan_lab.common.errors import RunError
from gan_lab.config.run_config import read_config
from gan_lab.models import call
from gan_lab.training import build
from gan_lab.training import export as exporting
from small_runs import FEW_SAMPLES, FEW_SCORES

QUICK = ("logger=none", "steps=3", "hidden_dim=8", "threads=1", *FEW_SAMPLES, FEW_SCORES)


@pytest.fixture(scope="module")
def runs(tmp_path_factory, gan_lab_here_in) -> Path:
    folder = tmp_path_factory.mktemp("export")
    for model in ("dcgan", "cdcgan"):
        result = gan_lab_here_in(folder, f"model={model}", f"study={model}", *QUICK)
        assert result.returncode == 0, result.stderr
    return folder / "runs"


@pytest.mark.parametrize("model", [pytest.param("dcgan", marks=pytest.mark.slow), "cdcgan"])
def test_both_exports_draw_the_images_of_the_run(gan_lab_here, runs, tmp_path, model):
    result = gan_lab_here("export", f"{model}/latest", "--runs-dir", f"{runs}", "--out", "here")
    assert result.returncode == 0, result.stderr
    folder = tmp_path / result.stdout.splitlines()[-1]
    run = load_run(f"{model}/latest", runs)
    latents, labels = run.latents(5), run.labels(5)
    with torch.no_grad():
        expected = call(run.generator, latents, labels)
        description = json.loads((folder / "config.json").read_text())
        network, _ = build.networks(read_config(description["config"]))
        network.load_state_dict(load_file(folder / "generator.safetensors"))
        assert torch.allclose(call(network.eval(), latents, labels), expected, atol=1e-5)
    assert description["inputs"]["latents"] == ["batch", 16]
    assert ("labels" in description["inputs"]) == (model == "cdcgan")
    assert description["output"] == ["batch", 1, 32, 32] and description["weights"] == "ema"
    with safe_open(folder / "generator.safetensors", "pt") as file:
        assert file.metadata()["weights"] == "ema"
    # The program runs where gan_lab cannot be imported, at another batch size than it was made at.
    asked = {} if labels is None else {"labels": labels}
    save_file({"latents": latents, "expected": expected, **asked}, tmp_path / "case.safetensors")
    program = f"""
        import sys
        sys.modules["gan_lab"] = None
        import torch
        from safetensors.torch import load_file
        case = load_file("case.safetensors")
        inputs = [case[name] for name in ("latents", "labels") if name in case]
        images = torch.export.load("{folder}/generator.pt2").module()(*inputs)
        print(float((images - case["expected"]).abs().max()))
    """
    lines = "\n".join(line.strip() for line in program.strip().splitlines())
    command = [sys.executable, "-W", "ignore", "-c", lines]
    answer = subprocess.check_output(command, cwd=tmp_path, text=True)
    assert float(answer) < 1e-5


def test_raw_weights_are_others(gan_lab_here, runs, tmp_path):
    for weights in ("ema", "raw"):
        result = gan_lab_here(
            *("export", "dcgan/latest", "--runs-dir", f"{runs}"),
            *("--weights", weights, "--out", weights),
        )
        assert result.returncode == 0, result.stderr
    averaged, raw = (
        load_file(tmp_path / weights / "generator.safetensors") for weights in ("ema", "raw")
    )
    assert averaged.keys() == raw.keys()
    assert any(not torch.equal(averaged[name], raw[name]) for name in raw)


def test_an_export_that_draws_other_images_is_an_error(runs, tmp_path, monkeypatch):
    run = load_run("dcgan/latest", runs)
    written = exporting.save

    def damaged(tensors, metadata):
        first = next(name for name in tensors if name.endswith("weight"))
        return written(tensors | {first: tensors[first] + 0.1}, metadata)

    monkeypatch.setattr(exporting, "save", damaged)
    with pytest.raises(RunError, match="draws other images"):
        exporting.export_generator(run, tmp_path, "ema")
