"""Make command lines by a grammar, right and wrong, and call `gan-lab` with each.

    python tests/torture/fuzz.py [--seed N] [--first N] [--most N] [--only TEXT] [--jobs N]
                                 [--study DIR]

A command that works for more than half a minute is long and no finding; one that waits for nothing
is. Prints a row for each kind of finding and exits with 1 if there is one.
"""

import shlex
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from random import Random

from grid import Judge, arguments_of, prove
from grid_calls import call
from grid_judge import Finding, judge
from grid_study import SETTINGS, Study

SECONDS = 30.0  # after which a command is long
VERBS = ("train", "evaluate", "modes", "equilibrium", "sample", "interpolate", "report", "runs",
         "plan", "verify", "export", "dashboard", "explain", "new", "search", "help")  # fmt: skip
OPTIONS = {
    "evaluate": ("--real", "--fake", "--out", "--samples", "--scores", "--inception-weights",
                 "--inception-sha256", "--device", "--data-root", "--folder", "--trust"),
    "modes": ("--samples", "--weights", "--device", "--data-root", "--folder", "--trust"),
    "equilibrium": ("--steps", "--fresh-steps", "--device", "--data-root", "--trust"),
    "sample": ("--weights", "--out", "--trust", "--seed", "--class", "--layout", "--count",
               "--columns", "--data-root", "--folder"),
    "interpolate": ("--weights", "--out", "--seed", "--class", "--pairs", "--steps", "--slerp",
                    "--beyond", "--plane"),
    "report": ("--out", "--title", "--steps"), "runs": (), "verify": ("--steps", "--folder"),
    "export": ("--weights", "--out", "--trust"), "dashboard": ("--project", "--entity", "--out"),
}  # fmt: skip
SETTINGS_OF = (
    "model", "loss", "penalty", "dataset", "augment", "logger", "experiment", "sweep", "search",
    "launcher", "seeds", "study", "seed", "latent_dim", "hidden_dim", "ngf", "ndf", "image_size",
    "channels", "weight_init", "batch_size", "lr", "lr_g", "lr_d", "beta1", "beta2", "ema_decay",
    "label_smoothing", "lambda_gp", "instance_noise", "pack", "gradient_clip", "lr_decay",
    "precision", "steps", "epochs", "images", "folder", "bad_images", "device", "threads",
    "deterministic", "data_root", "runs_dir", "cache_dir", "log_every", "sample_every",
    "score_every", "checkpoint_every", "stop_on_collapse", "restart", "trials", "n_jobs", "nz",
    "conv_dim", "loss_type", "n_critic", "evaluation.samples", "evaluation.samples_during",
    "dataset.scores", "dataset.images.holdout", "loss.discriminator_steps", "model.generator.ngf",
    "model.generator._target_", "loss._target_", "wandb.mode", "hydra.run.dir", "nothing", "a.b.c",
)  # fmt: skip
RIGHT = ("1", "2", "4", "0.5", "digits", "ring", "grid", "dcgan", "cdcgan", "mlp", "point_mlp",
         "minimax", "hinge", "wgan_gp", "r1", "none", "null", "true", "false", "cpu", "auto", "ema",
         "raw", "fid", "all", "fd_classifier", "class_shares", "losses", "latent", "seeds",
         "parallel", "sequential", "slurm", "tensorboard", "bf16", "cosine", "3", "files", "plane",
         "[1,2]", "{a: 1}", "1,2", "out", "gan_lab.losses.hinge", "mnist_losses")  # fmt: skip
WRONG = ("", " ", "-1", "-0", "0", "1e400", "nan", "inf", "-inf", "1_000", "0x10", "1e9",
         "9" * 30, "9" * 5000, "²", "٣", "ü", "\u202e", "a b", "'", '"', "'open", '"open', "[", "]",
         "{", "}", "[[", "[1,", "{a", "a=b", "=", "==", "a==b", ",", ",,", "1,,2",
         "*", "?", "[a-z]*",
         "..", "../..", "/proc/none/x", "/proc/nothing/runs/a", "~", "~x", "$HOME",
         "${seed}", "${nothing}", "${oc.env:HOME}", "${", "${${", "\\", "\\,", "a:b", "a/b", "%s",
         "%", "{0}", "#", "!", "@", "null,null", "true,1", "range(1,3)", "choice(1,2)", "glob(*)",
         "interval(0,1)", "sort(3,1)", "shuffle(1,2)", "os.system", "x" * 5000, "\x1b[2J", "\n",
         "\udcff", "2025-01-01", "1.5", "1e-400", "!!python/object:os", "&a", "*a")  # fmt: skip
FLAGS = ("-m", "--multirun", "-h", "--help", "--version", "--cfg", "--info", "-c", "job", "all",
         "hydra", "--hydra-help", "-sc", "install=bash", "--", "-", "--nothing", "-x", "--steps",
         "--runs-dir", "--resolve", "-p", "--package", "-cn", "--config-dir", "-cd")  # fmt: skip
LIMITS = ("steps=1", "evaluation.samples=60", "evaluation.samples_during=60", "batch_size=16",
          "image_size=16", "hidden_dim=4", "logger=none", "threads=1")  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A command line."""

    arguments: tuple[str, ...]

    @property
    def name(self) -> str:
        shown = [one if len(one) < 200 else f"{one[:20]}...{len(one)}" for one in self.arguments]
        return f"gan-lab {shlex.join(shown)}".encode("utf-8", "backslashreplace").decode()


class Grammar:
    """Makes command lines about the runs of a study."""

    def __init__(self, study: Study, seed: int):
        self.random = Random(seed)
        name = study.run
        self.references = (
            *(name, str(study.victim), name[-8:], name[-3:], name[:6], "latest", "best"),
            *("torture", "torture/latest", "torture/best", "torture/", "/latest", "nothing"),
            *(
                "runs",
                ".",
                f"{study.victim}/config.yaml",
                f"runs/torture/{name}x",
                "*",
                "torture/*",
            ),
        )

    def line(self) -> Case:
        """Return the next command line."""
        chance = self.random.random()
        if chance < 0.45:
            return Case(self._train())
        if chance < 0.95:
            return Case(self._examine())
        words = [*VERBS, *FLAGS, *self.references, *WRONG]
        return Case(tuple(self.random.choices(words, k=self.random.randint(0, 4))))

    def _value(self) -> str:
        return self.random.choice(RIGHT if self.random.random() < 0.5 else WRONG)

    def _setting(self) -> str:
        key, value = self.random.choice(SETTINGS_OF), self._value()
        forms = (f"{key}={value}",) * 8
        odd = (f"+{key}={value}", f"++{key}={value}", f"~{key}", f"~{key}={value}", key, f"{key}=",
               f"{key}@x={value}", f"{key}={value},{self._value()}", f"{key}=[{value}]",
               f"{key} ={value}", f"{key}.{value}={value}", f"={value}")  # fmt: skip
        return self.random.choice((*forms, *odd))

    def _train(self) -> tuple[str, ...]:
        # Short: what is typed last holds, or is an error that must be one line.
        start = self.random.choice((["plan"], ["train"], [], ["explain"], ["--cfg", "job"], []))
        own = [self._setting() for _ in range(self.random.randint(1, 3))]
        typed = {text.lstrip("+").split("=")[0] for text in own}
        wanted = [*LIMITS, *(SETTINGS[:1] if self.random.random() < 0.3 else ())]
        limits = [text for text in wanted if text.split("=")[0] not in typed]
        if self.random.random() < 0.1:
            limits += self.random.choices(FLAGS, k=1)
        many = ["-m"] if self.random.random() < 0.15 else []
        return (*start, *many, *limits, *own)

    def _examine(self) -> tuple[str, ...]:
        verb = self.random.choice(list(OPTIONS))
        words = [
            self.random.choice(self.references) for _ in range(self.random.choice((0, 1, 1, 1, 2)))
        ]
        if OPTIONS[verb]:
            for option in self.random.choices(OPTIONS[verb], k=self.random.randint(0, 3)):
                form = self.random.random()
                if option in ("--trust", "--slerp") or form < 0.05:
                    words.append(option)
                elif form < 0.5:
                    words.append(f"{option}={self._value()}")
                else:
                    words += [option, self._value()]
        if self.random.random() < 0.1:
            words.append(self.random.choice((*FLAGS, *WRONG)))
        if verb in ("evaluate", "modes") and "--samples" not in " ".join(words):
            words += ["--samples", "40"]
        if verb == "equilibrium":
            words += ["--steps", "2", "--fresh-steps", "2"]
        return (verb, *words)


class Fuzz:
    """The study, and command lines about it."""

    def __init__(self, study: Study):
        self.study = study

    def judge(self, case: Case) -> list[Finding]:
        """Call `gan-lab` with a command line and return what is wrong with its answer."""
        if any("\0" in argument for argument in case.arguments):
            return []
        with tempfile.TemporaryDirectory(prefix="gan-lab-fuzz-") as scratch:
            folder = Path(scratch, "study")
            shutil.copytree(self.study.folder, folder)
            answer = call(folder, case.arguments, self.study.environment, SECONDS)
            found = judge(case.name, answer, long_is_wrong=False)
            lines = answer.err.strip().splitlines()
            if answer.code == 2 and (len(lines) != 1 or not lines[0].startswith("gan-lab: ")):
                found.append(Finding("a mistake is not one line", case.name, " | ".join(lines[:3])))
            return found


def main() -> int:
    """Judge the command lines."""
    options = arguments_of(__doc__, 5000)

    def work(study: Study) -> tuple[list[Case], Judge]:
        grammar = Grammar(study, options.seed)
        return [grammar.line() for _ in range(max(options.most, 5000))], Fuzz(study).judge

    return prove(options, "command lines", work)


if __name__ == "__main__":
    sys.exit(main())
