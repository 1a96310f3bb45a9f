"""Which experiments there are in conf/experiment."""

from functools import cache

from omegaconf import OmegaConf

from gan_lab.common.paths import conf_directory
from gan_lab.config.compose import Composed, jobs


def listed(group: str) -> list[str]:
    return sorted(path.stem for path in (conf_directory() / group).glob("*.yaml"))


def is_study(name: str) -> bool:
    """Whether an experiment begins with another one, as a question about it."""
    file = OmegaConf.load(conf_directory() / "experiment" / f"{name}.yaml")
    return isinstance(file.defaults[0], str)


@cache
def commanded(name: str) -> list[Composed]:
    """The runs that an experiment asks for."""
    return jobs([f"experiment={name}"], False)


STUDIES = [name for name in listed("experiment") if is_study(name)]
SYSTEMS = [name for name in listed("experiment") if not is_study(name)]
