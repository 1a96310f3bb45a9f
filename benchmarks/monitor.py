"""Train eight settings, four of which collapse, and count what the collapse monitor says of them.

    python benchmarks/monitor.py RUNS_DIR [FIRST LAST]

trains seeds FIRST to LAST (0 to 9) into RUNS_DIR, which takes 40 minutes of one core and needs
MNIST under GAN_LAB_DATA, and prints the table of docs/monitor.md. What has finished is only read.
"""

import sys
from pathlib import Path

from gan_lab import cli
from gan_lab.runs.directory import Run, run_directories
from gan_lab.training.monitor import HEALTHY, VERDICTS, replay

COLLAPSING = {
    "d_rate_too_high": "experiment=mnist_dcgan lr_d=0.1 steps=600",
    "minimax": "experiment=mnist_dcgan loss=minimax steps=600",
    "ring": "experiment=ring",
    "mlp_fast_generator": "model=mlp image_size=16 lr_g=2e-3 steps=900",
}
SOUND = {
    "mnist_dcgan": "experiment=mnist_dcgan steps=1200",
    "digits_conditional": "model=cdcgan lr=5e-4 image_size=16 steps=1200",
    "ring_packed": "experiment=ring pack=2",
    "digits_hinge": "loss=hinge lr=5e-4 image_size=16 steps=1200",
}
COMMON = (
    *("logger=none", "threads=1", "log_every=25", "score_every=150", "sample_every=0"),
    *("checkpoint_every=0", "evaluation.samples=100", "evaluation.samples_during=1000"),
)


def main() -> None:
    runs_dir = Path(sys.argv[1])
    first, last = (int(text) for text in sys.argv[2:4]) if len(sys.argv) > 3 else (0, 9)
    print("| setting | last verdicts | misses or false alarms | looks |")
    print("|---|---|---|---|")
    for name, settings in {**COLLAPSING, **SOUND}.items():
        for seed in range(first, last + 1):
            where = (f"seed={seed}", f"study={name}", f"runs_dir={runs_dir}")
            code = cli.run([*settings.split(), *COMMON, *where])
            if code:
                sys.exit(code)
        runs = [Run(path) for path in run_directories(runs_dir, name)]
        wanted = [run for run in runs if first <= run.config().seed <= last]
        print(row(name, settings, [replay(run.metrics()) for run in wanted]))


def row(name: str, settings: str, runs: list) -> str:
    """Count the last verdicts of a setting's runs, and the wrong ones among them and all looks."""
    final = [verdicts[-1][1].code for verdicts in runs]
    words = ", ".join(
        f"{final.count(code)} {VERDICTS[code]}" for code in range(len(VERDICTS)) if code in final
    )
    looks = [verdict.code for verdicts in runs for _, verdict in verdicts]
    wrong = [(name in COLLAPSING and code == HEALTHY) or (name in SOUND and code != HEALTHY)
             for code in final]  # fmt: skip
    bad = sum(code != HEALTHY for code in looks)
    return f"| `{settings}` | {words} | {sum(wrong)} of {len(final)} | {bad} of {len(looks)} bad |"


if __name__ == "__main__":
    main()
