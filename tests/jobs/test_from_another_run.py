"""A run that begins with another's weights: what is taken, whose it is, and what it needs later."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest
import torch

from gan_lab.config import compose
from gan_lab.runs.checkpoints import read_checkpoint, write_checkpoint
from gan_lab.runs.directory import Run
from gan_lab.runs.initial import content_hash, read_initial, taken_of
from small_runs import FAILED, QUICK, USAGE, assert_one_line, config_of, runs_in, the_run

TINY = (*QUICK, "hidden_dim=4", "log_every=1", "batch_size=16")
STILL = ("lr=0", "steps=1")  # nothing is learned, so that what was taken is left
EVIL = "from pathlib import Path\nPath(__file__).with_name('canary').touch()\n"


@pytest.fixture(scope="module")
def trained(made_once, gan_lab_here_in) -> Path:
    """A folder with one run of four steps, with checkpoints of steps 2 and 4."""

    def train(folder: Path) -> None:
        result = gan_lab_here_in(folder, *TINY, "steps=4", "checkpoint_every=2", "study=first")
        assert result.returncode == 0, result.stderr

    return made_once("another_run", train)


@pytest.fixture
def first(trained, tmp_path) -> Run:
    """A copy of that run, in the folder where the test works."""
    shutil.copytree(trained / "runs", tmp_path / "runs")
    return the_run(tmp_path)


@pytest.fixture
def train(gan_lab_here, tmp_path):
    """Train a run of the study `next`, and return it."""

    def call(*settings: str) -> Run:
        before = set(second_runs(tmp_path))
        result = gan_lab_here(*TINY, "study=next", *settings)
        assert result.returncode == 0, (result.stdout, result.stderr)
        made = second_runs(tmp_path)
        (name,) = set(made) - before or {Path(result.stdout.splitlines()[-1]).name}
        return made[name]

    return call


def second_runs(folder: Path) -> dict[str, Run]:
    return {
        name: run for name, run in runs_in(folder).items() if run.directory.parent.name == "next"
    }


def parameters(run: Run, step: int, player: str) -> dict[str, torch.Tensor]:
    weights = read_checkpoint(run.checkpoint_path(step))[player]
    return {name: one for name, one in weights.items() if "running" not in name and one.ndim}


def assert_same(ours: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor]) -> None:
    assert ours.keys() == theirs.keys() and ours
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def numbers(run: Run) -> list[dict[str, float]]:
    return [{**line, "seconds": 0} for line in run.metrics()]


# --- what is taken -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reference", "step"),
    [("first/latest", 4), ("first/latest@2", 2), ("{name}@2", 2), ("{hash}", 4), ("{path}", 4)],
)
def test_a_run_begins_with_the_weights_of_another(first, train, reference, step):
    words = {"name": first.directory.name, "hash": first.directory.name[-8:],
             "path": first.directory.resolve()}  # fmt: skip
    run = train(*STILL, "loss=hinge", f"from={reference.format(**words)}")
    for player in ("generator", "discriminator"):
        assert_same(parameters(run, 1, player), parameters(first, step, player))
    initial = run.config().initial
    assert (initial.run, initial.step) == (first.directory.name, step)
    taken = run.initial(initial.content)
    assert "optimizer_g" not in taken
    average = read_checkpoint(first.checkpoint_path(step))["average"]
    torch.testing.assert_close(taken["average"], average, rtol=0, atol=0)


def test_the_state_of_its_optimizers_is_taken_if_asked_for(first, train):
    """Adam has counted 4 steps there, and counts on."""
    for settings, count in (((), 1), (("from_optimizers=true",), 5)):
        run = train(*STILL, "from=first/latest", *settings)
        state = read_checkpoint(run.checkpoint_path(1))["optimizer_g"]["state"]
        assert {int(one["step"]) for one in state.values()} == {count}
    assert len(second_runs(run.directory.parents[2])) == 2  # other content is another run


def test_one_player_learns_after_steps_of_both(first, train):
    run = train("steps=2", "from=first/latest@2", "generator_steps=0")
    assert_same(parameters(run, 2, "generator"), parameters(first, 2, "generator"))
    ours, theirs = (parameters(one, 2, "discriminator") for one in (run, first))
    assert not all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_the_hash_is_of_the_content_and_not_of_its_name(first, train, tmp_path):
    named = train(*STILL, f"from={first.directory.name}")
    shutil.copytree(first.directory, tmp_path / "sent")
    assert train(*STILL, "from=sent").directory == named.directory
    assert train(*STILL, "from=first/latest@4").directory == named.directory
    others = {train(*STILL, *settings).directory for settings in
              ((), ("from=first/latest@2",), ("from=first/latest", "seed=1"))}  # fmt: skip
    assert len({named.directory, *others}) == 4


def test_names_shapes_and_bytes_are_hashed():
    def made(name: str = "w", **changes: torch.Tensor):
        part = {name: torch.arange(6.0).reshape(2, 3), **changes}
        return {"generator": part, "discriminator": {}, "average": {}}

    hashes = [
        content_hash(weights)
        for weights in (
            made(),
            made("v"),
            made(w=torch.arange(6.0).reshape(3, 2)),
            made(w=torch.arange(6.0).reshape(2, 3) + 2**-20),
            made(w=torch.arange(6.0).reshape(2, 3).double()),
            {**made(), "discriminator": made()["generator"]},
        )
    ]
    assert len(set(hashes)) == len(hashes)
    assert content_hash(made()) == hashes[0]
    strided = torch.arange(6.0).reshape(2, 3).T.contiguous().T  # the same numbers, laid otherwise
    assert content_hash(made(w=strided)) == hashes[0]


# --- resuming ------------------------------------------------------------------------------------


def test_a_run_goes_on_when_the_other_is_gone(first, train, gan_lab_here, tmp_path):
    settings = ("from=first/latest", "loss=hinge", "checkpoint_every=1")
    undisturbed = numbers(train(*settings, "steps=4"))
    shutil.rmtree(tmp_path / "runs" / "next")
    begun = train(*settings, "steps=2")
    shutil.rmtree(first.directory)
    for extra in ((), ("restart=true",)):
        run = train(*settings, "steps=4", *extra)
        assert run.directory == begun.directory
        assert numbers(run) == undisturbed
    verified = gan_lab_here("verify", str(run.directory), "--steps", "2")
    assert verified.returncode == 0 and "no difference" in verified.stdout


def test_latest_is_found_once(first, train, gan_lab_here):
    """The second time, the latest run is that which the first command has begun."""
    settings = ("from=latest", "loss=hinge")
    begun = train(*settings, "steps=1")
    assert begun.config().initial.run == first.directory.name
    assert train(*settings, "steps=2").directory == begun.directory
    assert train("from=latest", "loss=wgan", "steps=1").config().initial.run == begun.directory.name


def test_a_run_that_has_learned_more_begins_another(first, train, gan_lab_here):
    begun = train(*STILL, "from=first/latest@4")
    more = gan_lab_here(*TINY, "steps=6", "checkpoint_every=2", "study=first")
    assert more.returncode == 0
    assert train(*STILL, f"from={first.directory.name}").directory != begun.directory


def test_all_runs_of_a_sweep_begin_alike(first, gan_lab, tmp_path):
    settings = (*TINY, "study=next", "-m", "loss=hinge,lsgan", "from=latest")
    for steps in (1, 2):  # the second time, the runs of the first are later
        result = gan_lab(*settings, f"steps={steps}")
        assert result.returncode == 0, result.stderr
        made = second_runs(tmp_path)
        assert len(made) == 2
        assert {run.config().initial.run for run in made.values()} == {first.directory.name}
        assert {run.config().initial.content for run in made.values()} == {
            content_hash(taken_of(read_checkpoint(first.checkpoint_path(4)), False))
        }


def test_a_hash_that_looks_like_a_number_is_a_name():
    assert config_of("from=12e45678").runtime.from_run == "12e45678"
    assert config_of("from_run=0012").runtime.from_run == "0012"
    assert config_of("from='a run@2'").runtime.from_run == "a run@2"
    made = compose.jobs(["from=null"], multirun=False)
    assert made[0].config.runtime.from_run is None


# --- what does not fit ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "pieces"),
    [
        ("ndf=6", ("discriminator: ", " has shape [4, 1, 4, 4], not [6, 1, 4, 4]")),
        ("ngf=6", ("generator: ", "not [")),
        ("latent_dim=3", ("generator: ", "16", "not [", "3")),
        ("model.d_norm=none", ("discriminator: ",)),
    ],
)
def test_other_networks_are_refused_with_the_layer_and_both_shapes(
    first, gan_lab_here, tmp_path, setting, pieces
):
    typed = [text for text in TINY if not text.startswith(setting.partition("=")[0])]
    result = gan_lab_here(*typed, "study=next", "steps=1", "from=first/latest", setting)
    assert_one_line(result, USAGE, "from=first/latest does not fit", *pieces)
    assert not (tmp_path / "runs" / "next").exists()


@pytest.mark.parametrize(
    ("settings", "code", "pieces"),
    [
        (("from=nothing",), FAILED, ("no run 'nothing'",)),
        (("from=first/latest@3",), FAILED, ("no whole checkpoint of step 3", "2, 4")),
        (("from=",), FAILED, ("which run?",)),
        (("from_optimizers=true",), USAGE, ("add from=RUN",)),
        (("from=first/latest", "from_optimizers=true", "optimizer=sgd", "optimizer.momentum=0.9"),
         USAGE, ("another optimizer",)),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_one_line(first, gan_lab_here, tmp_path, settings, code, pieces):
    result = gan_lab_here(*TINY, "study=next", "steps=1", *settings)
    assert_one_line(result, code, *pieces)
    assert not (tmp_path / "runs" / "next").exists()


# --- somebody else's run, and what may be sent ---------------------------------------------------


def test_nothing_of_the_other_run_is_executed(first, train, tmp_path):
    (tmp_path / "evil.py").write_text(EVIL, encoding="utf-8")
    content = first.config_path.read_text("utf-8")
    assert "gan_lab.models.DCGANGenerator" in content
    first.config_path.write_text(
        content.replace("gan_lab.models.DCGANGenerator", "evil.Generator"), encoding="utf-8"
    )
    run = train(*STILL, f"from={first.directory}")
    assert_same(parameters(run, 1, "generator"), parameters(first, 4, "generator"))
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("content", ["pickle", "damaged", "link"])
def test_what_is_no_checkpoint_is_not_taken(first, gan_lab_here, tmp_path, content):
    path = first.checkpoint_path(4)
    if content == "pickle":
        torch.save({**read_checkpoint(path), "average": Path("of a class")}, path)
    elif content == "damaged":
        path.write_bytes(path.read_bytes()[:-100])
    else:
        path.rename(tmp_path / "elsewhere.pt")
        path.symlink_to(tmp_path / "elsewhere.pt")
    result = gan_lab_here(*TINY, "study=next", "steps=1", "from=first/latest@4")
    piece = "is a link" if content == "link" else "no whole checkpoint of step 4"
    assert_one_line(result, FAILED, piece)


def test_a_damaged_copy_is_written_anew_or_named(first, train, gan_lab_here):
    run = train("from=first/latest", "steps=1")
    content = run.config().initial.content
    whole = run.initial_path.read_bytes()
    run.initial_path.write_bytes(whole[:-100])
    assert run.initial(content) is None
    train("from=first/latest", "steps=1", "restart=true")
    assert run.initial_path.read_bytes() == whole
    shutil.rmtree(first.directory)
    run.initial_path.unlink()
    listed = gan_lab_here("runs", "next")
    assert f"{run.directory.name}/initial.pt, which the run begins with" in listed.stdout
    assert_one_line(gan_lab_here("verify", str(run.directory)), FAILED, "initial.pt", "gone")
    train("from=first/latest", "steps=2")  # a checkpoint stands for it
    again = gan_lab_here(*TINY, "study=next", "from=first/latest", "steps=2", "restart=true")
    assert_one_line(again, FAILED, "initial.pt is gone or damaged", "put one of them back")
    assert run.checkpoint_steps() == [2]  # nothing was removed


@pytest.mark.parametrize("content", [{}, {"generator": {}}, [1], "text"])
def test_a_copy_that_holds_something_else_is_none(tmp_path, content):
    path = tmp_path / "initial.pt"
    torch.save(content, path)
    assert read_initial(path, "0" * 64) is None
    sparse = {"w": torch.eye(2).to_sparse()}
    write_checkpoint(path, {"generator": sparse, "discriminator": {}, "average": {}})
    assert read_initial(path, "0" * 64) is None


def test_a_link_in_its_place_is_not_followed(first, train, gan_lab_here, tmp_path):
    run = train("from=first/latest", "steps=1")
    run.initial_path.rename(tmp_path / "outside.pt")
    run.initial_path.symlink_to(tmp_path / "outside.pt")
    assert run.initial(run.config().initial.content) is None
    for command in (("verify", str(run.directory)),
                    (*TINY, "study=next", "from=first/latest", "steps=2")):  # fmt: skip
        assert_one_line(gan_lab_here(*command), FAILED, "initial.pt", "is a link")


def test_it_is_packed_without_the_place_of_the_other(first, train, gan_lab_here, tmp_path):
    run = train("steps=1", f"from={first.directory.resolve()}@4")
    packed = gan_lab_here("pack", str(run.directory), "--out", "run.zip")
    assert packed.returncode == 0, packed.stderr
    with zipfile.ZipFile(tmp_path / "run.zip") as archive:
        contents = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
        archive.extractall(tmp_path / "away")
    assert contents["initial.pt"] == run.initial_path.read_bytes()
    for name, content in contents.items():
        assert str(tmp_path).encode() not in content, name
    command = json.loads(contents["environment.json"])[0]["command"]
    assert f"from={first.directory.name}@4" in command
    shutil.rmtree(first.directory)
    sent = tmp_path / "away" / run.directory.name
    assert gan_lab_here("verify", str(sent)).returncode == 0


def test_a_report_says_whose_weights_they_are(first, train, gan_lab_here, tmp_path):
    train(*STILL, "from=first/latest")
    train(*STILL, "from=first/latest@2")
    result = gan_lab_here("report", "next")
    assert result.returncode == 0, result.stderr
    table = (tmp_path / "runs/next/report/results.md").read_text("utf-8")
    name = first.directory.name
    assert f"{name}@2" in table and f"{name}@4" in table
    page = (tmp_path / "runs/next/report/report.html").read_text("utf-8")
    assert f"from={name}@2" in page  # the command that makes it again
