"""Which experiments there are in conf/experiment."""

from omegaconf import OmegaConf

from gan_lab.common.paths import conf_directory


def listed(group: str) -> list[str]:
    return sorted(path.stem for path in (conf_directory() / group).glob("*.yaml"))


def is_study(name: str) -> bool:
    """Whether an experiment begins with another one, as a question about it (test_studies.py)."""
    file = OmegaConf.load(conf_directory() / "experiment" / f"{name}.yaml")
    return isinstance(file.defaults[0], str)


STUDIES = [name for name in listed("experiment") if is_study(name)]
SYSTEMS = [name for name in listed("experiment") if not is_study(name)]
