"""The verbs that look at finished runs, and the files by which they are known to have done so."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gan_lab.analysis.interpolation import places
from gan_lab.common.files import read_json
from gan_lab.common.typed import Malformed, read
from gan_lab.report.collect import RunData
from gan_lab.runs.equilibrium import Equilibrium

WHICH = ("each", "best")  # of the finished runs of a question
IMAGES = 10  # of a strip from z1 to z2: K = 9
BEYOND = (-0.5, 1.5)  # where strips begin and end that go on beyond them


@dataclass(frozen=True)
class Analysis:
    """What is typed after `gan-lab`, with RUN in the place of the run, what it has left in the
    run's directory (None if it has not run), and whether it can be had of a run."""

    words: tuple[str, ...]
    done: Callable[[RunData], Path | None]
    suits: Callable[[RunData], bool] = lambda data: True


def modes_done(data: RunData) -> Path | None:
    """The census of the last averaged generator."""
    file = data.run.modes("ema")
    return data.run.modes_path("ema") if file and file.origin.step == data.step else None


def equilibrium_of(data: RunData) -> Equilibrium | None:
    """The numbers of `gan-lab equilibrium` at the run's last step; None if there are none."""
    try:
        found = read(Equilibrium, read_json(data.run.equilibrium_path, {}))
    except Malformed:
        return None
    return found if found.step == data.step else None


def interpolation_picture(data: RunData) -> Path:
    """What `gan-lab interpolate RUN` draws."""
    return data.run.figures / f"interpolation_ema_seed{data.seed}.png"


def extrapolation_picture(data: RunData) -> Path:
    """What `gan-lab interpolate RUN --from -0.5 --to 1.5` draws."""
    fractions = places(IMAGES, *BEYOND)
    first, last = round(fractions[0], 3), round(fractions[-1], 3)
    return data.run.figures / f"interpolation_{first:g}to{last:g}_ema_seed{data.seed}.png"


def classes_picture(data: RunData) -> Path:
    """What `gan-lab sample RUN --layout classes` draws."""
    return data.run.figures / f"classes_ema_seed{data.seed}.png"


def _there(picture_of: Callable[[RunData], Path]) -> Callable[[RunData], Path | None]:
    return lambda data: path if (path := picture_of(data)).is_file() else None


def _modes_drawn(data: RunData) -> Path | None:
    # The scores of a training count the classes, too, and draw none of the samples.
    return modes_done(data) if data.run.modes_samples("ema").is_file() else None


def _fid(data: RunData) -> Path | None:
    scored = any(line.score == "fid" and line.step == data.step for line in data.evaluations)
    return data.run.evaluations_path if scored else None


def _is_conditional(data: RunData) -> bool:
    return data.config.is_conditional


ANALYSES = {
    "modes": Analysis(("modes", "RUN"), _modes_drawn),
    "equilibrium": Analysis(
        ("equilibrium", "RUN"),
        lambda data: data.run.equilibrium_path if equilibrium_of(data) else None,
    ),
    "interpolation": Analysis(("interpolate", "RUN"), _there(interpolation_picture)),
    "extrapolation": Analysis(
        ("interpolate", "RUN", "--from", str(BEYOND[0]), "--to", str(BEYOND[1])),
        _there(extrapolation_picture),
    ),
    "classes": Analysis(
        ("sample", "RUN", "--layout", "classes"), _there(classes_picture), _is_conditional
    ),
    "fid": Analysis(("evaluate", "RUN", "--scores", "fid"), _fid),
}
