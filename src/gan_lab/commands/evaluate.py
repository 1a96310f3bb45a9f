"""`gan-lab evaluate RUN ...`: score runs."""

import os
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from gan_lab.commands.arguments import at_least, parser
from gan_lab.evaluate import evaluate_run
from gan_lab.lookup import find_run


def main(arguments: list[str]) -> int:
    """Score runs, on the averaged and the raw generator."""
    takes = parser("evaluate", "Score runs on their averaged (EMA) and raw generators.")
    takes.add_argument("runs", metavar="RUN", nargs="+", help="path, name, hash, latest or best")
    takes.add_argument("--samples", type=at_least(2), help="images to generate (default: 10000)")
    takes.add_argument("--scores", choices=("fd", "fid", "all"), help="default: what can be had")
    takes.add_argument("--inception-weights", metavar="FILE", help="a local file for FID")
    takes.add_argument("--inception-sha256", metavar="HEX", help="its hash, if it is your own")
    takes.add_argument("--device", help="default: as the run was trained")
    takes.add_argument("--data-root", help="where the datasets are")
    takes.add_argument("--trust", action="store_true", help="allow the config's own code")
    options = takes.parse_args(arguments)
    extractors = {"fd": ["classifier"], "fid": ["inception"], "all": ["classifier", "inception"]}
    failed = False
    for reference in options.runs:
        run = find_run(reference, Path(options.runs_dir))
        record: Any = OmegaConf.to_container(run.config())
        runtime = record["runtime"]
        runtime["device"] = options.device or runtime["device"]
        runtime["data_root"] = (
            options.data_root or os.environ.get("GAN_LAB_DATA") or runtime["data_root"]
        )
        for key in ("inception_weights", "inception_sha256"):
            runtime["evaluation"][key] = getattr(options, key) or runtime["evaluation"][key]
        chosen = extractors.get(options.scores)
        records = evaluate_run(run, record, options.samples, chosen, options.trust)
        failed = failed or not records
        print(run.evaluations_path)
    return 1 if failed else 0
