"""Help, and what was mistyped, are answered before torch is imported, which takes two seconds."""

import json
import subprocess
import sys

import pytest

from gan_lab.cli.main import VERBS

# In one process that never computes: each case must leave torch where it is.
PROGRAM = """
import contextlib, io, json, sys
from gan_lab import cli

answers = []
for arguments in json.load(sys.stdin):
    out, error = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
        try:
            code = cli.run(arguments)
        except SystemExit as end:
            code = end.code or 0
    heavy = [name for name in ("torch", "numpy", "matplotlib", "wandb") if name in sys.modules]
    answers.append([code, out.getvalue(), error.getvalue(), heavy])
print(json.dumps(answers))
"""
MISTAKES = [
    # (what is typed, a part of the answer)
    ("latent_dmi=3", "Did you mean 'latent_dim'"),
    ("loss.discriminator_stesp=2", "Did you mean 'loss.discriminator_steps'"),
    ("model.generator.nrom=batch", "nrom"),
    ("lr=abc", "expected a number"),
    ("batch_size=-1", "at least 1"),
    ("weight_init=foo", "choose from custom, default"),
    ("seeds=0", "at least 1"),
    ("loss=nope", "nonsaturating"),
    ("-m loss=hinge,nope", "nonsaturating"),
    ("sweep=nope", "capacity"),
    ("search=nope", "losses"),
    ("launcher=nope", "parallel"),
    ("steps=3 epochs=2", "two lengths"),
    ("--nope", "no flag --nope"),
    ("evalute", "Did you mean 'evaluate'"),
    ("plan bath_size=3", "Did you mean 'batch_size'"),
    ("plan --nope", "no flag --nope"),
    ("explain loss=nope", "nonsaturating"),
    ("explain score=nope", "fd_classifier"),
    ("explain --nope", "loss=NAME"),
    ("evaluate x --scores fdd", "Did you mean 'fid'"),
    ("evaluate x --samples many", "whole number"),
    ("interpolate x --from a", "not a number"),
    ("sample x --layout circle", "choose from"),
    *[(f"{verb} --nope", "--help") for verb in VERBS if verb not in ("train", "plan", "explain")],
    *[(f"{verb} nosuch", "nosuch") for verb in VERBS
      if verb not in ("train", "plan", "dashboard", "new")],
]  # fmt: skip


def answers(folder, cases: list[list[str]]) -> list[tuple[int, str, str, list[str]]]:
    """Exit code, output, errors and heavy modules after each of some commands."""
    run = [sys.executable, "-c", PROGRAM]
    text = json.dumps(cases)
    done = subprocess.run(run, input=text, capture_output=True, text=True, cwd=folder, check=True)
    return json.loads(done.stdout)


def test_every_verb_has_help_with_a_whole_command(tmp_path):
    verbs = [*VERBS, "search"]
    found = answers(tmp_path, [[verb, "--help"] for verb in verbs])
    for verb, (code, out, error, heavy) in zip(verbs, found, strict=True):
        assert (code, error, heavy) == (0, "", []), verb
        assert [line for line in out.splitlines() if line.startswith(f"gan-lab {verb}")], verb


@pytest.fixture(scope="module")
def mistaken(tmp_path_factory):
    cases = [typed.split() for typed, _ in MISTAKES]
    return answers(tmp_path_factory.mktemp("mistaken"), cases)


@pytest.mark.parametrize("place", range(len(MISTAKES)), ids=[typed for typed, _ in MISTAKES])
def test_what_was_mistyped_is_answered_in_one_line(mistaken, place):
    code, _, error, heavy = mistaken[place]
    assert code in (1, 2) and len(error.splitlines()) == 1 and error.startswith("gan-lab: ")
    assert MISTAKES[place][1] in error
    assert heavy == []
