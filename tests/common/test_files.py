"""Files that are made whole: what a kill leaves of them, and what it must not take."""

import signal
import subprocess
import sys

from gan_lab.common.files import new_file

WRITING = """
import sys
from pathlib import Path
from gan_lab.common.files import new_file
with new_file(Path(sys.argv[1])) as file:
    file.write(b"from another process")
    print("half", flush=True)
    sys.stdin.read()
"""


def _writer(path) -> subprocess.Popen[bytes]:
    """A process that has begun a file and waits for the end of its input to finish it."""
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, "-c", WRITING, path], stdin=pipe, stdout=pipe)
    assert process.stdout.readline() == b"half\n"
    return process


def _make(path) -> None:
    with new_file(path) as file:
        file.write(b"mine")


def test_the_next_new_file_removes_what_a_kill_has_left(tmp_path):
    process = _writer(tmp_path / "a.txt")
    process.send_signal(signal.SIGKILL)
    with process:  # closes its pipes
        process.wait()
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".gan-lab-")
    (tmp_path / ".gan-lab-mine.txt").touch()  # not of that form: somebody else's
    _make(tmp_path / "b.txt")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".gan-lab-mine.txt", "b.txt"]


def test_a_file_that_another_process_is_writing_stays_until_it_is_whole(tmp_path):
    process = _writer(tmp_path / "a.txt")
    _make(tmp_path / "b.txt")
    process.communicate()
    assert process.returncode == 0
    assert (tmp_path / "a.txt").read_bytes() == b"from another process"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "b.txt"]
