"""A corrupt checkpoint costs the steps since the one before it, and runs no code."""

from pathlib import Path

import pytest

from gan_lab.runs.directory import Run
from small_runs import FAILED, QUICK, SHORT, assert_one_line, the_run


def contents(run: Run) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in run.directory.rglob("*") if path.is_file()}


def flip(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        flip,
        pytest.param(lambda content: content[:-9], marks=pytest.mark.slow),
        pytest.param(lambda content: b"", marks=pytest.mark.slow),
    ],
)
def test_a_corrupt_checkpoint_falls_back_to_the_one_before(gan_lab_here, tmp_path, damage):
    assert gan_lab_here("steps=4", "checkpoint_every=2", *QUICK).returncode == 0
    run = the_run(tmp_path)
    undisturbed = contents(run)
    newest = run.checkpoint_path(4)

    newest.write_bytes(damage(newest.read_bytes()))
    result = gan_lab_here("steps=6", "checkpoint_every=2", *QUICK)
    assert result.returncode == 0 and not result.stderr
    assert f"{newest.relative_to(tmp_path)} is corrupt" in result.stdout
    assert "going on from step 2" in result.stdout
    assert run.checkpoint_steps() == [4, 6]
    assert newest.read_bytes() != damage(undisturbed[newest])
    assert [line["step"] for line in run.metrics()] == [6]  # of 4, which a resume at 2 cuts


def test_without_a_whole_checkpoint_a_run_starts_anew_and_says_so(gan_lab_here, tmp_path):
    assert gan_lab_here("steps=4", "checkpoint_every=2", *QUICK).returncode == 0
    run = the_run(tmp_path)
    for step in run.checkpoint_steps():
        run.checkpoint_path(step).write_bytes(b"")

    result = gan_lab_here("evaluate", "latest")
    assert_one_line(result, FAILED, "no checkpoint that is whole")
    result = gan_lab_here("steps=6", "checkpoint_every=2", *QUICK)
    assert result.returncode == 0 and not result.stderr
    assert "anew" in result.stdout and "step 1/6" in result.stdout
    assert run.checkpoint_steps() == [4, 6]


def test_a_checkpoint_is_never_unpickled_into_code(gan_lab_here, tmp_path):
    """A stranger's checkpoint may hold tensors and plain values, and nothing that runs."""
    import torch

    class Attack:
        def __reduce__(self):
            return Path.touch, (tmp_path / "attacked",)

    assert gan_lab_here(*SHORT).returncode == 0
    torch.save({"generator": Attack()}, the_run(tmp_path).checkpoint_path(3))
    result = gan_lab_here("evaluate", "latest", "--samples", "100")
    assert "is corrupt" in result.stdout and result.returncode == 0
    assert not (tmp_path / "attacked").exists()
