"""A run directory that somebody sends runs none of its code, and opens if it is sound.

The verbs are those of the command line's own table; the poison stands at every mapping and every
string of a real config.yaml, in its names of scores, and in its recorded commands.
"""

import copy
import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from omegaconf import OmegaConf

from gan_lab.cli.main import VERBS
from gan_lab.common.errors import UsageError
from gan_lab.common.paths import built_in_names
from gan_lab.config.run_config import read_config
from gan_lab.config.trust import refuse_untrusted
from gan_lab.report.commands import _own
from gan_lab.runs.directory import Run
from small_runs import SMALL, USAGE, assert_one_line

NEED_NO_RUN = {"train", "plan", "new"}
LISTS = {"runs", "report", "dashboard"}  # of many runs: they name a bad one and go on
PACKS = {"pack"}  # files alone: nothing is built, so that there is nothing to refuse
OPENS = [verb for verb in VERBS if verb not in NEED_NO_RUN | LISTS | PACKS]
OPTIONS = {
    "evaluate": ("--samples", "60"),
    "modes": ("--samples", "60"),
    "equilibrium": ("--steps", "1", "--fresh-steps", "1"),
}
EVIL = """\
from pathlib import Path

CANARY = Path(__file__).with_name("canary")
CANARY.write_text("imported")


def run(*arguments, **settings):
    CANARY.write_text("called")
"""
Place = tuple[Any, ...]


@pytest.fixture(scope="module")
def sound_run(tmp_path_factory, gan_lab_here_in) -> Path:
    """A run with a target in every group that has one, trained by another person."""
    folder = tmp_path_factory.mktemp("sent")
    groups = ("model=cdcgan", "loss=wgan_gp", "penalty=[r1]", "augment=deluxe")
    settings = [text for text in SMALL if not text.startswith(("hidden_dim", "score_every"))]
    typed = (*settings, *groups, "hidden_dim=4", "score_every=2", "steps=2", "study=sent")
    result = gan_lab_here_in(folder, *typed)
    assert result.returncode == 0, result.stderr
    (directory,) = (folder / "runs" / "sent").iterdir()
    return directory


@pytest.fixture
def evil(tmp_path, sound_run) -> dict[str, Any]:
    """A target whose import and whose call both leave a canary, below a working directory in which
    every config that a name could mean is poisoned, too."""
    (tmp_path / "evil.py").write_text(EVIL)
    poison_project(tmp_path, sound_run)
    return {"_target_": "evil.run", "command": "touch canary", "differentiable": []}


def poison_project(folder: Path, run: Path) -> None:
    """Poison each config of ./conf that a name in a run could mean, and what its code would be."""
    spec = {"_target_": "evil.run"}
    score = {"needs": "samples", "better": "lower", "measure": spec, "in_lists": ["swd"]}
    networks = {"generator": spec, "discriminator": spec}
    poison = {"score": score, "model": networks, "dataset": {"images": spec, "listing": spec}}
    chosen = yaml.safe_load((run / "config.yaml").read_text())["choices"]
    names = {group: name if isinstance(name, list) else [name] for group, name in chosen.items()}
    names["score"] = [*built_in_names("score"), "evil"]
    for group, found in names.items():
        (folder / "conf" / group).mkdir(parents=True, exist_ok=True)
        for name in found:
            text = yaml.safe_dump(poison.get(group, spec))
            (folder / "conf" / group / f"{name}.yaml").write_text(text)
    (folder / "conf" / "config.yaml").write_text(yaml.safe_dump({"defaults": [], **spec}))
    for module in ("my_gan", "models", "losses", "hydra_plugins"):
        (folder / f"{module}.py").write_text(EVIL)


def places(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Yield every mapping and every string of a config, and where it stands."""
    if isinstance(value, Mapping | str):
        yield place, value
    if isinstance(value, Mapping | list):
        for key, item in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from places(item, (*place, key))


def planted(config: Any, place: Place, value: Any) -> Any:
    """Return a config with another value at a place."""
    if not place:
        return value
    changed = copy.copy(config)
    changed[place[0]] = planted(config[place[0]], place[1:], value)
    return changed


def poisoned(config: dict[str, Any], evil: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a name and a config for each way to plant the poison at each place."""
    for place, found in places(config):
        name = ".".join(map(str, place)) or "all"
        if isinstance(found, str):
            yield f"{name} instead", planted(config, place, evil)
            continue
        yield f"{name} within", planted(config, place, {**found, "poison": evil})
        yield f"{name} target", planted(config, place, {**found, "_target_": "evil.run"})
        yield f"{name} in a list", planted(config, place, {**found, "poison": [[evil]]})
        if place:  # a config that is a target and nothing else is no run
            yield f"{name} instead", planted(config, place, evil)


def test_no_place_of_a_config_may_hold_a_target(sound_run, tmp_path, evil, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = yaml.safe_load((sound_run / "config.yaml").read_text())
    refuse_untrusted(config)
    count = 0
    for name, changed in poisoned(config, evil):
        with pytest.raises(UsageError, match=r"evil\.run.*--trust"):
            refuse_untrusted(changed)
            pytest.fail(f"not refused: {name}")
        count += 1
    assert count > 100
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize(
    "target",
    [
        "os.system",
        "torch.nn.modules.module.register_module_forward_hook",
        "torch.nn.init.os",
        "torch.hub.load",
        "gan_lab.data.files.cache._build",
        "gan_lab.data.mnist.torch",
        "gan_lab.cli.main",
        "gan_lab.jobs.launchers.sequential",
        "evil.Generator",
        "Generator",
        "",
        7,
        None,
        {"_target_": "os.system"},
    ],
)
@pytest.mark.parametrize("group", ["model", "loss", "penalty", "dataset", "augment", "runtime"])
def test_what_conf_does_not_name_is_refused(target, group):
    with pytest.raises(UsageError, match="--trust"):
        refuse_untrusted({group: {"deep": [{"_target_": target}]}})


def test_what_conf_names_and_the_networks_of_torch_are_allowed():
    refuse_untrusted({"model": {"generator": {"_target_": "torch.nn.Identity"}}})
    refuse_untrusted({"optimizer": {"_target_": "torch.optim.RMSprop"}})
    refuse_untrusted({"loss": {"_target_": "gan_lab.losses.wasserstein"}})
    with pytest.raises(UsageError, match="at augment"):  # of another group
        refuse_untrusted({"augment": {"_target_": "gan_lab.losses.wasserstein"}})


@pytest.mark.parametrize("verb", OPENS)
def test_every_verb_that_opens_a_run_refuses_the_poison(
    gan_lab_here, sound_run, tmp_path, evil, verb
):
    config = yaml.safe_load((sound_run / "config.yaml").read_text())
    where = tmp_path / "sent" / sound_run.name
    shutil.copytree(sound_run, where)
    for group in ("augment", "model", "loss", "penalty", "dataset", "runtime", "choices"):
        changed = planted(config, (group,), {**config[group], "poison": evil})
        (where / "config.yaml").write_text(yaml.safe_dump(changed))
        result = gan_lab_here(verb, str(where))
        assert result.returncode == 2, (group, result.stdout, result.stderr)
        assert "evil.run" in result.stderr and "--trust" in result.stderr
    assert not (tmp_path / "canary").exists()


@pytest.mark.usefixtures("without_figures")
def test_lists_of_runs_run_nobodys_code(gan_lab_here, sound_run, tmp_path, evil):
    config = yaml.safe_load((sound_run / "config.yaml").read_text())
    typed = json.dumps(f"+dataset.listing={{_target_: evil.run, root: {tmp_path}}}")
    for number, (name, changed) in enumerate(poisoned(config, evil)):
        if name.endswith(" instead") or (number % 30 and not name.startswith(("dataset", "loss"))):
            continue  # what is no run any more, and more runs than a report draws in a minute
        where = tmp_path / "runs" / "sent" / f"{number:04d}{sound_run.name}"
        ignored = shutil.ignore_patterns("checkpoints", "figures")
        shutil.copytree(sound_run, where, ignore=ignored)
        (where / "config.yaml").write_text(yaml.safe_dump(changed))
        for quote in ("'", '"', ""):
            commands = [{"command": f"gan-lab {quote}{json.loads(typed)}{quote}"}]
            (where / "environment.json").write_text(json.dumps(commands))
    for verb in sorted(LISTS):
        result = gan_lab_here(verb, "sent")
        assert result.returncode == 0, result.stderr
        assert not (tmp_path / "canary").exists(), verb


@pytest.mark.usefixtures("without_figures")
def test_a_recorded_command_is_never_composed(gan_lab_here, sound_run, tmp_path, evil):
    sent = tmp_path / "runs" / "sent"
    starts = json.loads((sound_run / "environment.json").read_text())
    typed = f"{starts[-1]['command']} '+dataset.listing={{_target_: evil.run, folder: x}}'"
    for number, command in enumerate((typed, f"rm -rf {typed}", "gan-lab 'unbalanced", "")):
        where = sent / f"{number:04d}{sound_run.name}"
        shutil.copytree(sound_run, where, ignore=shutil.ignore_patterns("checkpoints", "figures"))
        (where / "environment.json").write_text(json.dumps([{**starts[-1], "command": command}]))
    result = gan_lab_here("report", "sent")
    assert result.returncode == 0, result.stderr
    page = (sent / "report" / "results.md").read_text()
    assert page.count(sound_run.name) >= 4  # all of them are reported
    assert "evil" not in page and "rm -rf" not in page
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("key", ["scores", "scores_during_training"])
def test_a_name_of_a_score_is_looked_up_and_never_a_path(
    gan_lab_here, sound_run, tmp_path, evil, key
):
    score = {"needs": "samples", "better": "lower", "measure": evil}
    (tmp_path / "evil.yaml").write_text(yaml.safe_dump(score))
    where = tmp_path / "sent" / sound_run.name
    shutil.copytree(sound_run, where)
    config = yaml.safe_load((sound_run / "config.yaml").read_text())
    for name in (str(tmp_path / "evil"), "../../evil", "evil", evil):
        changed = planted(config, ("dataset",), {**config["dataset"], key: [name]})
        (where / "config.yaml").write_text(yaml.safe_dump(changed))
        for verb in ("evaluate", "verify"):
            result = gan_lab_here(verb, str(where))
            assert "should not happen" not in result.stderr
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("place", [("choices", "dataset"), ("runtime", "study")])
def test_a_choice_that_leads_out_of_a_folder_is_refused(sound_run, place):
    config = yaml.safe_load((sound_run / "config.yaml").read_text())
    for name in ("../outside", "/outside", "a/b", "..", ""):
        with pytest.raises(UsageError, match="not a name"):
            refuse_untrusted(planted(config, place, name))


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in NEED_NO_RUN])
def test_a_sound_run_of_another_person_opens_with_every_verb(
    gan_lab_here, sound_run, tmp_path, verb
):
    (tmp_path / "evil.py").write_text(EVIL)
    poison_project(tmp_path, sound_run)
    where = tmp_path / "runs" / "sent" / sound_run.name
    shutil.copytree(sound_run, where)
    config = yaml.safe_load((where / "config.yaml").read_text())
    theirs = dict.fromkeys(("data_root", "runs_dir", "cache_dir"), "/home/somebody/gan")
    changed = planted(config, ("runtime",), {**config["runtime"], **theirs})
    (where / "config.yaml").write_text(yaml.safe_dump(changed))
    named = "sent" if verb in LISTS else str(where)
    result = gan_lab_here(verb, named, *OPTIONS.get(verb, ()))
    assert result.returncode == 0, result.stderr
    assert "configs   " not in result.stdout
    assert not Path("/home/somebody").exists()
    assert not (tmp_path / "canary").exists()


def test_completion_and_the_list_of_settings_run_nobodys_code(
    gan_lab_here, sound_run, tmp_path, monkeypatch
):
    (tmp_path / "evil.py").write_text(EVIL)
    poison_project(tmp_path, sound_run)
    for line in ("gan-lab model=", "gan-lab score", "gan-lab model=cdcgan model.gen"):
        monkeypatch.setenv("COMP_LINE", line)
        monkeypatch.setenv("COMP_POINT", str(len(line)))
        assert gan_lab_here("-sc", "query=bash").returncode == 0
    assert gan_lab_here("--cfg", "job").returncode == 0
    assert not (tmp_path / "canary").exists()


TOUCH = {"command": "touch attacked"}
ATTACKS = {
    "plain": {"_target_": "os.system", **TOUCH},
    "builtin": {"_target_": "builtins.exec", "source": "open('attacked', 'w')"},
    "through a module of the library": {"_target_": "gan_lab.training.build.os.system", **TOUCH},
    "a name that the library imported": {"_target_": "gan_lab.runs.directory.shutil", **TOUCH},
    "a name that torch imported": {"_target_": "torch.nn.functional.warnings.os.system", **TOUCH},
    "no dots": {"_target_": "eval", "source": "open('attacked', 'w')"},
    "a lookalike": {"_target_": "gan_lab_evil.attack"},
    "an import": {"_target_": "gan_lab.config.instantiate.locate", "target": "gan_lab_evil.attack"},
    "nested": {
        "_target_": "gan_lab.config.instantiate.instantiate",
        "spec": {"_target_": "os.system", **TOUCH},
    },
    "nested in a list": {
        "_target_": "gan_lab.models.DCGANGenerator",
        "layers": [{"_target_": "os.system", **TOUCH}],
    },
    "the command line": {
        "_target_": "gan_lab.cli.run",
        "arguments": [
            "model.generator._target_=os.system",
            "+model.generator.command=touch attacked",
        ],
    },
}


@pytest.mark.parametrize("place", ["model.generator", "dataset.images", "dataset.classifier"])
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=list(ATTACKS))
def test_a_strangers_config_runs_no_code(gan_lab_here, tmp_path, sound_run, attack, place):
    (tmp_path / "gan_lab_evil.py").write_text("open('attacked', 'w')\ndef attack(): pass\n")
    shutil.copytree(sound_run, tmp_path / "stranger")
    stranger = Run(tmp_path / "stranger")
    config = OmegaConf.load(stranger.config_path)
    OmegaConf.update(config, place, attack, merge=False)
    OmegaConf.save(config, stranger.config_path)

    result = gan_lab_here("evaluate", "stranger", "--samples", "100")
    assert not (tmp_path / "attacked").exists()
    assert_one_line(result, USAGE)


def test_a_runs_folder_is_not_where_packages_are_looked_for(gan_lab_here, sound_run, tmp_path):
    """Optional packages that are not installed are looked for while a run is read and drawn."""
    shutil.copytree(sound_run, tmp_path / "runs" / "sent" / sound_run.name)
    (tmp_path / "hydra_plugins").mkdir()
    for name in ("hydra_plugins/anything", "olefile", "psutil", "pandas", "gmpy2", "lxml", "docx"):
        (tmp_path / f"{name}.py").write_text(EVIL)
    (tmp_path / "hydra_plugins" / "__init__.py").write_text(EVIL)
    before = list(sys.path)
    for verb in ("evaluate", "sample", "report"):
        result = gan_lab_here(
            verb, "sent" if verb == "report" else "latest", *OPTIONS.get(verb, ())
        )
        assert result.returncode == 0, result.stderr
    assert sys.path == before
    assert not list(tmp_path.rglob("canary"))


@pytest.mark.parametrize(
    ("place", "key", "word"),
    [
        ("runtime", "hydra", "hydra.searchpath=[pkg://evil]"),
        ("choices", "hydra/launcher", "hydra/launcher=evil"),
        ("runtime", "logger", "logger.path=${oc.env:HOME}"),
    ],
)
def test_a_recorded_word_counts_only_for_a_setting_that_there_is(
    sound_run, tmp_path, evil, place, key, word
):
    config = yaml.safe_load((sound_run / "config.yaml").read_text())
    held = {
        "hydra": {"searchpath": ["pkg://evil"]},
        "logger": {"_target_": None, "path": "${oc.env:HOME}"},
    }
    changed = planted(config, (place,), {**config[place], key: held.get(key, "evil")})
    assert word not in _own([word, "seed=0"], read_config(changed)).values()


@pytest.mark.parametrize("key", ["root", "cache_dir", "dataset_name", "load_split", "device"])
@pytest.mark.parametrize("part", ["images", "classifier"])
def test_a_config_does_not_set_the_readers_places(sound_run, part, key):
    config = yaml.safe_load((sound_run / "config.yaml").read_text())
    spec = {**config["dataset"][part], key: "/somewhere/else"}
    with pytest.raises(UsageError, match=rf"{key} at dataset\.{part}"):
        refuse_untrusted(planted(config, ("dataset", part), spec))
