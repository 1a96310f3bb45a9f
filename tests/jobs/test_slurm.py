"""Slurm: the script that would be submitted, and real jobs where a Slurm is running."""

import shutil
import subprocess

import pytest

from small_runs import SMALL, assert_one_line, runs_in, states

pytest.importorskip("submitit", reason="submitit is not installed (the extra `slurm`)")
TINY = [*SMALL, "steps=20", "launcher=slurm"]


def slurm_runs() -> bool:
    return (
        bool(shutil.which("sinfo"))
        and subprocess.run(["sinfo"], capture_output=True).returncode == 0
    )


needs_slurm = pytest.mark.skipif(not slurm_runs(), reason="no Slurm is running here")


def test_a_dry_run_prints_the_script_and_submits_nothing(gan_lab_here, tmp_path):
    result = gan_lab_here(
        *("seeds=3", *TINY, "launcher.dry_run=true", "n_jobs=2", "launcher.partition=main"),
        *("launcher.timeout_min=30", "launcher.cpus_per_task=4", "launcher.mem_gb=8"),
    )
    assert result.returncode == 0, result.stderr
    asked = ("--array=0-2%2", "--partition=main", "--time=30", "--cpus-per-task=4", "--mem=8GB")
    for option in asked:
        assert f"#SBATCH {option}\n" in result.stdout
    assert "#!/bin/bash\n" in result.stdout and "\nsrun " in result.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(slurm_runs(), reason="a Slurm is running here")
def test_without_slurm_it_is_one_line(gan_lab_here, tmp_path):
    assert_one_line(gan_lab_here("seeds=2", *TINY), 2, "no Slurm here", "dry_run=true")


@needs_slurm
def test_real_jobs_finish_and_are_not_submitted_again(gan_lab, tmp_path):
    result = gan_lab("seeds=2", *TINY)
    assert result.returncode == 0, result.stderr
    assert states(tmp_path) == ["finished"] * 2
    assert "2 Slurm jobs" in result.stdout
    result = gan_lab("seeds=3", *TINY)
    assert result.returncode == 0 and "1 Slurm jobs" in result.stdout
    assert states(tmp_path) == ["finished"] * 3


@needs_slurm
def test_real_jobs_that_fail_or_die_are_told(gan_lab, tmp_path):
    (tmp_path / "bad_gan.py").write_text(BAD_GAN)
    settings = ("-m", "latent_dim=2,3,4", "model.generator._target_=bad_gan.Generator", *TINY)
    result = gan_lab(*settings)
    assert result.returncode == 1
    found = {run.config().latent_dim: run for run in runs_in(tmp_path).values()}
    assert {latents: run.status().state for latents, run in found.items()} == {
        **{2: "finished", 3: "failed", 4: "killed"}
    }
    failed, killed = result.stderr.splitlines()
    assert "latent_dim=3" in failed and "on purpose" in failed
    assert "latent_dim=4" in killed and "killed" in killed
    assert "bad_gan.py" in found[3].error_path.read_text()


@needs_slurm
def test_a_refusal_is_one_line(gan_lab, tmp_path):
    result = gan_lab("seeds=2", *TINY, "launcher.partition=nowhere")
    assert result.returncode == 1 and "Traceback" not in result.stderr
    assert result.stderr.splitlines()[-1].startswith("gan-lab: Slurm refuses: ")  # after its own
    assert "partition" in result.stderr.splitlines()[-1]


BAD_GAN = """
import os
from torch import nn

turns = 0

class Generator(nn.Module):
    def __init__(self, latent_dim, image_size, channels):
        super().__init__()
        self.latent_dim, self.shape = latent_dim, (channels, image_size, image_size)
        self.layers = nn.Sequential(nn.Linear(latent_dim, channels * image_size**2), nn.Tanh())

    def forward(self, latents, labels=None):
        global turns
        turns += 1
        if turns > 20 and self.latent_dim == 3:
            raise ArithmeticError("on purpose")
        if turns > 20 and self.latent_dim == 4:
            os.kill(os.getpid(), 9)
        return self.layers(latents).unflatten(1, self.shape)
"""
