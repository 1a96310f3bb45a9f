"""What is printed steers no terminal, whoever wrote it."""

import pytest

from gan_lab.common.console import say
from gan_lab.common.errors import complain
from gan_lab.common.text import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain: é, ±, 字", "plain: é, ±, 字"),
        ("two\nlines", "two\\nlines"),
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("back\rwards\x08", "back\\rwards\\x08"),
        ("right to \u202eleft", "right to \\u202eleft"),
        ("a byte \udcff of a name", "a byte \\udcff of a name"),
    ],
)
def test_a_terminal_shows_what_is_written(capsys, text, shown):
    assert printable(text) == shown
    say(text)
    complain(text)
    out, err = capsys.readouterr()
    assert (out, err) == (f"{shown}\n", f"gan-lab: {shown}\n")


def test_the_reason_of_somebody_elses_run_is_shown_as_text(gan_lab_here, tmp_path):
    folder = tmp_path / "runs" / "sent" / "run"
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text("{}")
    reason = '{"state": "failed", "step": 1, "reason": "\\u001b[31mred"}'
    (folder / "status.json").write_text(reason)
    result = gan_lab_here("runs")
    assert result.returncode == 0 and "\\x1b[31mred" in result.stdout
    assert "\x1b" not in result.stdout
