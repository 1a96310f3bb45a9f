"""A mistake gets one line that says what to do, the right exit code, and loses nothing written."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from gan_lab.config.compose import jobs
from gan_lab.runs.checkpoints import read_checkpoint
from gan_lab.runs.directory import Run, run_directories

QUICK = ("logger=none", "evaluation.samples=200", "evaluation.samples_during=100")
SHORT = (*QUICK, "steps=2")
USAGE, FAILED = 2, 1


def assert_one_line(result: subprocess.CompletedProcess[str], code: int, *pieces: str) -> None:
    """The mistake is answered by one line on stderr that holds all the pieces."""
    assert result.returncode == code, result.stderr
    lines = result.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("gan-lab: "), result.stderr
    assert "Traceback" not in result.stdout
    for piece in pieces:
        assert piece in lines[0]


def the_run(folder: Path) -> Run:
    (directory,) = run_directories(folder / "runs")
    return Run(directory)


def contents(run: Run) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in run.directory.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("command", "pieces"),
    [
        # keys
        ("latent_dmi=3", ["'latent_dmi'", "Did you mean 'latent_dim'"]),
        ("+latent_dmi=3", ["'latent_dmi'", "Did you mean 'latent_dim'"]),
        ("~latent_dmi", ["'latent_dmi'", "Did you mean 'latent_dim'"]),
        ("~latent_dim", ["latent_dim"]),
        ("~model", ["model"]),
        ("modle=dcgan", ["'modle'", "Did you mean 'model'?"]),
        ("wandb.modes=offline", ["'wandb.modes'", "'wandb.mode'"]),
        ("evaluation.sample=9", ["'evaluation.sample'", "'evaluation.samples'"]),
        ("loss.discriminator_stesp=2", ["'loss.discriminator_steps'"]),
        ("model.generator.nrom=batch", ["'model.generator.norm'"]),
        ("+model.generator.nrom=batch", ["'nrom'", "norm"]),
        ("latent_dim 3", ["latent_dim"]),
        ("steps=3 foo", ["'foo'", "KEY=VALUE"]),
        ("--latent_dim=3", ["--latent_dim=3", "KEY=VALUE"]),
        ("steps=3 --restart", ["--restart", "KEY=VALUE"]),
        ("--cfg job latent_dmi=3", ["'latent_dmi'", "Did you mean 'latent_dim'"]),
        # groups and values
        ("model=dcgam", ["'dcgam'", "Did you mean 'dcgan'"]),
        ("loss=minmax", ["'minmax'", "Did you mean 'minimax'"]),
        ("dataset=digit", ["'digit'", "Did you mean 'digits'"]),
        ("experiment=mnist_dgcan", ["Did you mean 'mnist_dcgan'"]),
        ("logger=wanbd", ["Did you mean 'wandb'"]),
        ("penalty=[no_such_term]", ["no penalty called 'no_such_term'"]),
        ("model=null", ["model"]),
        ("loss=", ["loss", "minimax"]),
        ("weight_init=custm", ["custom", "default"]),
        ("wandb.mode=ofline", ["offline"]),
        ("model.generator.norm=bacth", ["norm=bacth", "batch"]),
        ("model.d_norm=bacth", ["bacth", "batch"]),
        ("channels=2", ["channels=2", "1, 3"]),
        ("study=../elsewhere", ["study=../elsewhere"]),
        ("study=", ["study="]),
        # verbs
        ("trian steps=2", ["'trian'", "Did you mean 'train'"]),
        ("evalute latest", ["'evalute'", "Did you mean 'evaluate'"]),
        ("evaluate", ["RUN"]),
        ("evaluate latest --samples few", ["--samples", "few"]),
        ("evaluate latest --scores fud", ["--scores", "fid"]),
        ("runs --stduy=x", ["--stduy"]),
        # types
        ("latent_dim=abc", ["latent_dim=abc", "a whole number"]),
        ("latent_dim=1.5", ["latent_dim=1.5", "a whole number"]),
        ("latent_dim=null", ["latent_dim=null", "cannot be null"]),
        ("batch_size=[16]", ["batch_size=[16]", "a whole number"]),
        ("lr=fast", ["lr=fast", "a number"]),
        ("epochs=some", ["epochs=some", "a number"]),
        ("restart=maybe", ["restart=maybe", "true or false"]),
        ("wandb.tags=one", ["wandb.tags=one", "list"]),
        ("n_critic=1.5", ["discriminator_steps=1.5", "a whole number"]),
        ("n_critic=abc", ["discriminator_steps=abc", "a whole number"]),
        # ranges
        ("seed=-1", ["seed=-1", "at least 0"]),
        ("latent_dim=0", ["latent_dim=0", "at least 1"]),
        ("hidden_dim=0", ["hidden_dim=0", "at least 1"]),
        ("ngf=-4", ["ngf=-4", "at least 1"]),
        ("ndf=0", ["ndf=0", "at least 1"]),
        ("batch_size=0", ["batch_size=0", "at least 1"]),
        ("lr=-1", ["lr=-1", "at least 0"]),
        ("lr_d=nan", ["lr_d=nan"]),
        ("lr_g=-0.1", ["lr_g=-0.1", "at least 0"]),
        ("beta1=1", ["beta1=1", "below 1"]),
        ("beta1=nan", ["beta1=nan"]),
        ("beta2=-0.5", ["beta2=-0.5", "at least 0"]),
        ("ema_decay=1", ["ema_decay=1", "below 1"]),
        ("steps=0", ["steps=0", "at least 1"]),
        ("images=0", ["images=0", "at least 1"]),
        ("epochs=-1", ["epochs=-1", "at least 0"]),
        ("threads=0", ["threads=0", "at least 1"]),
        ("log_every=-1", ["log_every=-1", "at least 0"]),
        ("sample_every=-1", ["sample_every=-1", "at least 0"]),
        ("score_every=-1", ["score_every=-1", "at least 0"]),
        ("checkpoint_every=-1", ["checkpoint_every=-1", "at least 0"]),
        ("evaluation.samples_during=1", ["evaluation.samples_during=1", "at least 2"]),
        ("n_critic=-1", ["discriminator_steps=-1", "at least 0"]),
        ("seed=99999999999999999999", ["seed=99999999999999999999"]),
        ("evaluate latest --samples 1", ["--samples", "at least 2"]),
        # contradictions
        ("nz=10 latent_dim=20", ["nz=10 and latent_dim=20", "keep one"]),
        ("conv_dim=8 hidden_dim=9", ["conv_dim=8 and hidden_dim=9", "keep one"]),
        ("seed=1 seed=2", ["seed=1 and seed=2", "keep one"]),
        ("steps=10 epochs=2", ["steps=10 and epochs=2", "keep one"]),
        ("epochs=2 images=100", ["epochs=2 and images=100", "keep one"]),
        ("steps=null", ["steps=", "epochs=", "images="]),
        # sweeps
        ("latent_dim=10,20", ["latent_dim=10,20", "-m"]),
        ("seed=range(1,3)", ["seed=range(1,3)", "-m"]),
        ("-m lr=interval(0,1)", ["lr=interval(0,1)", "KEY=1,2,3"]),
        ("-m latent_dim=10,abc", ["latent_dim=abc", "a whole number"]),
        # sizes that a stack of halvings does not reach
        ("image_size=33", ["image_size=32 or image_size=40"]),
        ("image_size=100", ["image_size=96 or image_size=112"]),
        ("image_size=4", ["image_size=8"]),
        # what this machine or this dataset does not have
        ("batch_size=5000", ["batch_size=5000", "1438"]),
        ("device=tpu", ["device=tpu", "device=cpu"]),
        ("device=cuda:99", ["device=cuda:99", "device=cpu"]),
        ("device=meta", ["device=meta", "device=cpu"]),
    ],
)
def test_what_cannot_be_done_is_one_line_and_starts_nothing(
    gan_lab_here, tmp_path, command, pieces
):
    arguments = command.split()
    if "=" in command:  # should the mistake be missed, at least the training is short
        keys = {argument.partition("=")[0] for argument in arguments}
        arguments += [setting for setting in QUICK if setting.partition("=")[0] not in keys]
        arguments += [] if keys & {"steps", "epochs", "images"} else ["steps=2"]
    assert_one_line(gan_lab_here(*arguments), USAGE, *pieces)
    assert not list(tmp_path.iterdir())


def test_the_process_itself_exits_with_the_code(gan_lab):
    assert_one_line(gan_lab("latent_dmi=3"), USAGE, "Did you mean 'latent_dim'")


def test_the_same_value_twice_is_no_contradiction(gan_lab_here):
    assert gan_lab_here("nz=3", "latent_dim=3", *SHORT).returncode == 0


def test_every_way_to_write_true_restarts(gan_lab_here):
    for value in ("true", "True", "yes", "on"):
        assert jobs([f"restart={value}"], False)[0].config.restart is True
    assert gan_lab_here(*SHORT).returncode == 0
    assert "step 1/2" in gan_lab_here(*SHORT, "restart=on").stdout


@pytest.mark.slow
def test_one_failing_run_stops_no_other(gan_lab_here, tmp_path):
    result = gan_lab_here("-m", "batch_size=5000,16", *SHORT)
    assert_one_line(result, FAILED, "batch_size=5000")
    assert the_run(tmp_path).status()["state"] == "finished"


# --- datasets ------------------------------------------------------------------------------------

NO_NETWORK = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")


def test_a_missing_dataset_says_what_to_put_where(gan_lab, tmp_path):
    result = gan_lab("dataset=mnist", f"data_root={tmp_path}", *SHORT, **NO_NETWORK)
    assert_one_line(result, FAILED, f"{tmp_path}/MNIST/raw", "dataset=digits")


@pytest.mark.parametrize("content", [b"", b"<html>moved</html>", b"\x1f\x8bcut", b"\0\0\x08\x01"])
def test_a_broken_dataset_file_is_named(gan_lab_here, tmp_path, content):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (raw / f"{name}-ubyte").write_bytes(content)
    result = gan_lab_here("dataset=mnist", f"data_root={tmp_path}", *SHORT)
    assert_one_line(result, FAILED, str(raw / "train-images-idx3-ubyte"), "download it again")


# --- checkpoints ---------------------------------------------------------------------------------


def flip(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize("damage", [flip, lambda content: content[:-9], lambda content: b""])
def test_a_corrupt_checkpoint_falls_back_to_the_one_before(gan_lab_here, tmp_path, damage):
    assert gan_lab_here("steps=4", "checkpoint_every=2", *QUICK).returncode == 0
    run = the_run(tmp_path)
    undisturbed = contents(run)
    newest = run.checkpoint_path(4)

    newest.write_bytes(damage(newest.read_bytes()))
    result = gan_lab_here("steps=6", "checkpoint_every=2", *QUICK)
    assert result.returncode == 0 and not result.stderr
    assert f"{newest.relative_to(tmp_path)} is corrupt" in result.stdout
    assert "going on from step 2" in result.stdout
    assert run.checkpoint_steps() == [4, 6]
    assert newest.read_bytes() != damage(undisturbed[newest])
    assert [line["step"] for line in run.metrics()] == [6]  # of 4, which a resume at 2 cuts


def test_without_a_whole_checkpoint_a_run_starts_anew_and_says_so(gan_lab_here, tmp_path):
    assert gan_lab_here("steps=4", "checkpoint_every=2", *QUICK).returncode == 0
    run = the_run(tmp_path)
    for step in run.checkpoint_steps():
        run.checkpoint_path(step).write_bytes(b"")

    result = gan_lab_here("evaluate", "latest")
    assert_one_line(result, FAILED, "no checkpoint that is whole")
    result = gan_lab_here("steps=6", "checkpoint_every=2", *QUICK)
    assert result.returncode == 0 and not result.stderr
    assert "anew" in result.stdout and "step 1/6" in result.stdout
    assert run.checkpoint_steps() == [4, 6]


def test_a_checkpoint_is_never_unpickled_into_code(gan_lab_here, tmp_path):
    """A stranger's checkpoint may hold tensors and plain values, and nothing that runs."""
    import torch

    class Attack:
        def __reduce__(self):
            return Path.touch, (tmp_path / "attacked",)

    assert gan_lab_here(*SHORT).returncode == 0
    torch.save({"generator": Attack()}, the_run(tmp_path).checkpoint_path(3))
    result = gan_lab_here("evaluate", "latest", "--samples", "100")
    assert "is corrupt" in result.stdout and result.returncode == 0
    assert not (tmp_path / "attacked").exists()


# --- disks ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_checkpoint_that_does_not_fit_leaves_the_one_before(gan_lab, gan_lab_here, tmp_path):
    assert gan_lab_here("steps=2", *QUICK).returncode == 0
    run = the_run(tmp_path)
    before = contents(run)
    checkpoint = run.checkpoint_path(2)

    # A file may not grow beyond 100 blocks of 512 bytes: what small files need.
    limited = ("sh", "-c", 'ulimit -f 100; exec "$0" "$@"')
    result = gan_lab("steps=4", *QUICK, prefix=limited)
    assert_one_line(result, FAILED, "cannot write", "make room", "goes on")
    assert run.status()["state"] == "failed"
    assert run.checkpoint_steps() == [2]
    assert checkpoint.read_bytes() == before[checkpoint]
    assert not list(run.directory.rglob("*.tmp"))

    result = gan_lab_here("steps=4", *QUICK)
    assert result.returncode == 0 and "going on from step 2" in result.stdout
    assert run.checkpoint_steps() == [4]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 4 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_loses_nothing_and_the_same_command_goes_on(gan_lab_here, tmp_path, small_disk):
    def train(steps: int):
        return gan_lab_here(
            f"steps={steps}", f"runs_dir={small_disk / 'runs'}", "log_every=1", *QUICK
        )

    assert train(2).returncode == 0
    run = the_run(small_disk)
    before = contents(run)
    ballast = small_disk / "ballast"
    with ballast.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(bytes(4096))

    assert_one_line(train(4), FAILED, "cannot write", "make room", "goes on")
    for path in before.keys() - {run.status_path}:
        assert path.read_bytes() == before[path], path
    ballast.unlink()
    assert train(4).returncode == 0
    assert [line["step"] for line in run.metrics()] == [1, 2, 3, 4]


@pytest.mark.parametrize("setting", ["runs_dir=file/runs", "runs_dir=file", "runs_dir=/proc/runs"])
def test_a_folder_that_cannot_be_written(gan_lab_here, tmp_path, setting):
    (tmp_path / "file").touch()
    assert_one_line(gan_lab_here(setting, *SHORT), FAILED, "cannot write", setting[9:], "runs_dir=")


def test_a_cache_that_cannot_be_written(gan_lab_here, tmp_path):
    (tmp_path / "file").touch()
    result = gan_lab_here("cache_dir=file/cache", *SHORT)
    assert_one_line(result, FAILED, "cannot write", "file/cache")
    assert the_run(tmp_path).checkpoint_steps() == [2]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(gan_lab_here, tmp_path):
    folder = tmp_path / "theirs"
    folder.mkdir(mode=0o500)
    result = gan_lab_here(f"runs_dir={folder}", *SHORT)
    assert_one_line(result, FAILED, "Permission denied", "runs_dir=")


# --- runs ----------------------------------------------------------------------------------------


def test_a_run_of_another_process_is_left_alone(gan_lab, gan_lab_here, tmp_path):
    assert gan_lab_here(*SHORT).returncode == 0
    run = the_run(tmp_path)
    run.take()
    before = contents(run)
    result = gan_lab(*QUICK, "steps=4")
    run.release()
    assert_one_line(result, FAILED, "by another process")
    assert contents(run) == before


@pytest.mark.parametrize(
    ("command", "pieces"),
    [
        ("evaluate latest", ["no run 'latest'", "runs"]),
        ("evaluate best", ["no run"]),
        ("evaluate 1234abcd", ["no run '1234abcd'"]),
        ("evaluate latest --runs-dir elsewhere", ["elsewhere"]),
        ("runs", ["no runs under runs"]),
        ("runs no_such_study", ["no_such_study"]),
    ],
)
def test_runs_that_are_not_there(gan_lab_here, command, pieces):
    assert_one_line(gan_lab_here(*command.split()), FAILED, *pieces)


@pytest.mark.slow
def test_runs_that_cannot_be_told_apart_or_read(gan_lab_here, tmp_path):
    assert gan_lab_here("-m", "seed=0,1", *SHORT).returncode == 0
    first, second = run_directories(tmp_path / "runs")
    assert_one_line(gan_lab_here("evaluate", ""), FAILED, "which run?")
    shutil.copytree(first, tmp_path / "runs/copies" / first.name)
    assert_one_line(
        gan_lab_here("evaluate", first.name), FAILED, "names 2 runs", "copies", "scratch"
    )
    shutil.rmtree(tmp_path / "runs/copies")
    assert gan_lab_here("evaluate", "best", "--samples", "100").returncode == 0

    Run(second).checkpoint_path(2).unlink()
    assert_one_line(gan_lab_here("evaluate", second.name), FAILED, "no checkpoint yet")
    config = (first / "config.yaml").read_text()
    (first / "config.yaml").write_text(re.sub(r"ngf: \d+", "ngf: 5", config))
    assert_one_line(gan_lab_here("evaluate", first.name), FAILED, "does not fit", "config.yaml")
    assert_one_line(gan_lab_here("sample", first.name), FAILED, "does not fit", "config.yaml")
    (first / "config.yaml").write_text("runtime: [")
    assert_one_line(gan_lab_here("evaluate", first.name), FAILED, "config.yaml cannot be read")


def test_divergence_is_one_line_and_the_last_good_checkpoint_is_kept(gan_lab_here, tmp_path):
    result = gan_lab_here("lr=1e30", "checkpoint_every=1", "log_every=1", *QUICK, "steps=20")
    assert_one_line(result, FAILED, "diverged", "lr_g or lr_d")
    run = the_run(tmp_path)
    assert run.status()["state"] == "diverged"
    assert all(read_checkpoint(run.checkpoint_path(step)) for step in run.checkpoint_steps())


# --- code that is not the library's --------------------------------------------------------------

MY_GAN = """
    from torch import nn

    class Generator(nn.Module):
        def __init__(self, latent_dim, image_size, channels):
            super().__init__()
            self.shape = channels, image_size, image_size
            self.layers = nn.Sequential(nn.Linear(latent_dim, channels * image_size**2), nn.Tanh())

        def forward(self, latents, labels=None):
            return self.layers(latents).unflatten(1, self.shape)

    class Flat(Generator):
        def forward(self, latents, labels=None):
            return self.layers(latents)

    class Mismatched(Generator):
        def forward(self, latents, labels=None):
            return latents @ self.layers[0].weight

    class Endless(Generator):
        def forward(self, latents, labels=None):
            if len(latents) == 8:  # a batch of training, not the check of shapes
                return latents.new_empty(len(latents), 1 << 45)
            return super().forward(latents)

    class ColumnOfLogits(nn.Module):
        def __init__(self, image_size, channels):
            super().__init__()
            self.layer = nn.Linear(channels * image_size**2, 1)

        def forward(self, images, labels=None):
            return self.layer(images.flatten(1))
    """


@pytest.fixture
def my_gan(tmp_path):
    (tmp_path / "my_gan.py").write_text(textwrap.dedent(MY_GAN))
    yield
    sys.modules.pop("my_gan", None)  # the next test's is another file


@pytest.mark.usefixtures("my_gan")
def test_what_takes_more_memory_than_there_is_says_what_takes_less(gan_lab_here, tmp_path):
    endless = "model.generator._target_=my_gan.Endless"
    result = gan_lab_here(endless, "batch_size=8", *SHORT)
    assert_one_line(result, FAILED, "more memory than there is", "batch_size")
    assert the_run(tmp_path).status()["state"] == "failed"
    result = gan_lab_here("latent_dim=1000000000000", *SHORT)
    assert_one_line(result, USAGE, "DCGANGenerator does not fit into memory")


@pytest.mark.usefixtures("my_gan")
def test_ones_own_model_lies_in_the_working_directory(gan_lab, gan_lab_here):
    result = gan_lab("model.generator._target_=my_gan.Generator", *SHORT)
    assert result.returncode == 0, result.stderr
    evaluate = ("evaluate", "latest", "--samples", "100")
    assert_one_line(gan_lab_here(*evaluate), USAGE, "my_gan.Generator", "--trust")
    assert gan_lab_here(*evaluate, "--trust").returncode == 0


@pytest.mark.usefixtures("my_gan")
@pytest.mark.parametrize(
    ("target", "pieces"),
    [
        ("generator._target_=my_gan.Flat", ["[2, 1024]", "[2, 1, 32, 32]"]),
        ("generator._target_=my_gan.Mismatched", ["generator", "cannot be multiplied"]),
        ("discriminator._target_=my_gan.ColumnOfLogits", ["[2, 1]", "one logit an image"]),
        ("discriminator._target_=my_gan.Missing", ["my_gan.Missing", "cannot be imported"]),
        ("generator._target_=no_gan.Generator", ["no_gan.Generator", "cannot be imported"]),
        ("generator._target_=Generator", ["Generator", "cannot be imported"]),
        ("generator._target_=torch.nn.Identity", ["[2, 16]", "[2, 1, 32, 32]"]),
    ],
)
def test_a_model_of_wrong_shape_or_place_is_one_line(gan_lab_here, target, pieces):
    assert_one_line(gan_lab_here(f"model.{target}", *SHORT), USAGE, *pieces)


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


@pytest.fixture(scope="module")
def finished_run(tmp_path_factory, environment):
    """A run directory to change copies of."""
    from gan_lab import cli

    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_LAB_CACHE", environment["GAN_LAB_CACHE"])
        assert cli.run([f"runs_dir={folder / 'runs'}", *SHORT]) == 0
    return the_run(folder)


@pytest.mark.parametrize("place", ["model.generator", "dataset.images", "dataset.classifier"])
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=list(ATTACKS))
def test_a_strangers_config_runs_no_code(gan_lab_here, tmp_path, finished_run, attack, place):
    (tmp_path / "gan_lab_evil.py").write_text("open('attacked', 'w')\ndef attack(): pass\n")
    shutil.copytree(finished_run.directory, tmp_path / "stranger")
    stranger = Run(tmp_path / "stranger")
    config = stranger.config()
    OmegaConf.update(config, place, attack, merge=False)
    stranger.write_config(config)

    result = gan_lab_here("evaluate", "stranger", "--samples", "100")
    assert not (tmp_path / "attacked").exists()
    assert_one_line(result, USAGE)


# --- Weights & Biases ----------------------------------------------------------------------------


@pytest.mark.slow
def test_an_unreachable_server_is_one_line_and_the_run_goes_on_offline(gan_lab, tmp_path):
    result = gan_lab(
        "wandb.mode=online",
        *SHORT[1:],
        WANDB_API_KEY="0123456789" * 4,
        WANDB_BASE_URL="http://127.0.0.1:9",
        WANDB_INIT_TIMEOUT="3",
    )
    assert result.returncode == 0, result.stderr
    said = [line for line in result.stdout.splitlines() if "cannot be reached" in line]
    assert len(said) == 1 and "offline" in said[0]
    assert "Traceback" not in result.stderr
    assert the_run(tmp_path).status()["state"] == "finished"
    assert list((tmp_path / "runs" / "wandb").glob("offline-run-*/run-*.wandb"))


@pytest.mark.parametrize(
    ("written", "pieces"),
    [("format: 3", ["config.yaml has format 3", "up to 2"]), ("format: x", ["cannot be read"])],
)
def test_a_config_of_another_format_is_one_line(gan_lab_here, tmp_path, written, pieces):
    folder = tmp_path / "runs" / "scratch" / "dcgan-minimax-digits-s0-00000000"
    folder.mkdir(parents=True)
    content = f"{written}\nruntime: {{study: scratch}}\nchoices: {{dataset: digits}}\n"
    (folder / "config.yaml").write_text(content)
    for verb in ("evaluate", "verify", "sample", "report"):
        assert_one_line(gan_lab_here(verb, "00000000"), FAILED, *pieces)
    assert (folder / "config.yaml").read_text() == content
