"""The journal of a search: what a kill leaves of an entry is cut off, other damage is one line."""

import pytest

from gan_lab.common.errors import RunError
from gan_lab.jobs.journal import held, open_study

optuna = pytest.importorskip("optuna", reason="optuna is not installed (the extra `optuna`)")


@pytest.fixture
def journal(tmp_path):
    """A journal with two trials, of which one is finished."""
    path = tmp_path / "search-1.journal"
    with held(path):
        study = open_study(optuna, path, direction="minimize")
        study.tell(study.ask(), 3.0)
        study.ask()
    return path


def test_half_an_entry_is_cut_off_and_the_search_goes_on(journal):
    whole = journal.read_bytes()
    last = whole.splitlines(keepends=True)[-1]
    for length in (1, len(last) // 2, len(last) - 1):
        journal.write_bytes(whole + last[:length])
        with held(journal):
            study = open_study(optuna, journal, direction="minimize")
            assert [trial.value for trial in study.trials] == [3.0, None]
            study.tell(1, 2.0)
            study.tell(study.ask(), 1.0)
        with held(journal):
            study = open_study(optuna, journal, direction="minimize")
            assert [trial.value for trial in study.trials] == [3.0, 2.0, 1.0]
        journal.write_bytes(whole)


@pytest.mark.parametrize(
    ("line", "how"),
    [
        (b"\x00\xff\x01\n", "broken in line 1"),
        (b"3\n", "broken in line 1"),
        (b"[" * 100_000 + b"\n", "broken in line 1"),
        (b'{"op_code": 99}\n', "holds what is no search"),
        (b'{"op_code": 4, "worker_id": "a"}\n', "holds what is no search"),
    ],
)
def test_another_damage_is_one_line_that_names_the_file(journal, line, how):
    content = line + journal.read_bytes()
    journal.write_bytes(content)
    with pytest.raises(RunError, match=how) as error, held(journal):
        open_study(optuna, journal, direction="minimize")
    assert str(journal) in str(error.value) and "move it away" in str(error.value)
    assert journal.read_bytes() == content


def test_a_journal_has_one_search_at_a_time_and_is_no_link(journal, tmp_path):
    with held(journal), pytest.raises(RunError, match="by another process"), held(journal):
        pass
    link = tmp_path / "search-2.journal"
    link.symlink_to(journal)
    with pytest.raises(RunError, match="is a link"), held(link):
        pass
