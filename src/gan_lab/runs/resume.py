"""What a resumed run takes back: all that was written after its checkpoint."""

import shutil

from gan_lab.common.files import read_lines, write_lines
from gan_lab.runs.directory import Run


def cut_after(run: Run, step: int) -> None:
    """Remove lines and samples beyond `step`, which a resumed run will write again."""
    for path in (run.metrics_path, run.evaluations_path):
        if path.exists():
            write_lines(path, [line for line in read_lines(path) if line["step"] <= step])
    for path in run.samples.iterdir():
        if path.suffix != ".png" or (path.stem.isdigit() and int(path.stem) > step):
            path.unlink()
    numbered = sorted(path for path in run.samples.glob("*.png") if path.stem.isdigit())
    if numbered:
        shutil.copyfile(numbered[-1], run.samples / "latest.png")
    else:
        (run.samples / "latest.png").unlink(missing_ok=True)
