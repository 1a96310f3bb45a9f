"""Whatever is typed is answered, or is one line."""

import pytest

from grid_judge import CLASS, CODES
from grid_proof import assert_no_finding

ODD = (
    ("steps=" + "9" * 5_000,),
    ("latent_dim=${nothing}",),
    ("model=dcgan", "lr=nan"),
    ("+x@y=1",),
    ("runs", "\u202e", "--runs-dir", ""),
    ("sample", "'", "--count", "²"),
    ("evaluate", "[a-z]*", "--scores", ",,"),
)


@pytest.mark.parametrize("arguments", ODD, ids=range(len(ODD)))
def test_odd_words_are_a_mistake_in_one_line(gan_lab_here, arguments):
    result = gan_lab_here(*arguments)
    assert result.returncode in CODES[1:3]
    (line,) = result.stderr.splitlines()
    assert line.startswith("gan-lab: ")
    assert not CLASS.search(line) and "should not happen" not in line


@pytest.mark.slow
def test_a_sample_of_command_lines_finds_nothing():
    assert_no_finding("fuzz.py", 200)
