"""What a resumed run takes back: all that was written after its checkpoint."""

import shutil

from gan_lab.common.files import write_lines
from gan_lab.runs.directory import Run


def cut_after(run: Run, step: int) -> None:
    """Remove lines and samples beyond `step`, which a resumed run will write again."""
    if run.metrics_path.exists():
        write_lines(run.metrics_path, [line for line in run.metrics() if line["step"] <= step])
    if run.evaluations_path.exists():
        scores = [line for line in run.evaluations() if line.step <= step]
        write_lines(run.evaluations_path, scores)
    for path in run.samples.iterdir():
        if path.suffix != ".png" or (path.stem.isdigit() and int(path.stem) > step):
            path.unlink()
    numbered = sorted(path for path in run.samples.glob("*.png") if path.stem.isdigit())
    if numbered:
        shutil.copyfile(numbered[-1], run.samples / "latest.png")
    else:
        (run.samples / "latest.png").unlink(missing_ok=True)
