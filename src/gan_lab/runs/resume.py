"""What a resumed run takes back: all that was written after its checkpoint."""

from gan_lab.common.files import write_lines
from gan_lab.runs.directory import Run


def cut_after(run: Run, step: int) -> None:
    """Remove lines and samples beyond `step`, which a resumed run will write again."""
    if run.metrics_path.exists():
        write_lines(run.metrics_path, [line for line in run.metrics() if line["step"] <= step])
    if run.evaluations_path.exists():
        scores = [line for line in run.evaluations() if line.step <= step]
        write_lines(run.evaluations_path, scores)
    run.remove_unfinished()
    for drawn in run.sample_steps():
        if drawn > step:
            run.sample_path(drawn).unlink()
    kept = run.sample_steps()
    if kept:
        run.show_as_latest(kept[-1])
    else:
        (run.samples / "latest.png").unlink(missing_ok=True)
