"""How near are samples to each other? `python measure.py FOLDER STUDY_DIR [REFERENCE_RUN]`.

Prints numbers of each setting, and draws nearest.png (what the monitor saw) and samples.png in
FOLDER, from the runs' directories and what `gan-lab modes` left there.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path

from PIL import Image

from gan_lab.figures.style import styled_pyplot
from gan_lab.runs.directory import Run

NAMES = {  # what differs from the run that collapses, in the order of the table
    "none": "no norm: collapses",
    "label_smoothing": "label smoothing 0.1",
    "instance_noise": "instance noise 0.5",
    "pack": "packs of two",
    "spectral_norm": "spectral norm",
    "augment": "DiffAugment",
    "r1": "R1",
    "batch": "batch norm",
    "reference": "reference: lr 1e-4, beta1 0.5",
}


def kind(run: Run) -> str:
    config = run.config()
    if config["beta1"] == 0.5:
        return "reference"
    found = {
        "batch": config["model"]["d_norm"] == "batch",
        "spectral_norm": config["model"]["discriminator"]["spectral_norm"],
        "r1": "r1" in config["penalty"],
        "augment": bool(config["augment"]["differentiable"]),
        "pack": config["pack"] > 1,
        "instance_noise": config["instance_noise"] > 0,
        "label_smoothing": config["label_smoothing"] > 0,
    }
    return next((name for name, is_so in found.items() if is_so), "none")


def shown(values: list[float]) -> str:
    """The values of the seeds, in their order."""
    return ", ".join(f"{value:.2f}" for value in values)


folder, study, *references = map(Path, sys.argv[1:])
looks: dict[str, list[dict[int, float]]] = defaultdict(list)
grids: dict[str, Path] = {}
found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
for directory in [*sorted(study.glob("*-*-s*")), *references]:
    run = Run(directory)
    if run.status()["state"] != "finished":
        continue
    name = kind(run)
    seen = {int(line["step"]): line["monitor/nearest"] for line in run.metrics()
            if "monitor/nearest" in line}  # fmt: skip
    looks[name].append(seen)
    grids.setdefault(name, directory / "samples" / "00000600.png")
    late = [value for step, value in seen.items() if step > 300]
    found[name]["nearest, steps 400 to 600"].append(sum(late) / len(late))
    for weights in ("ema", "raw"):
        modes = json.loads((directory / f"modes_{weights}.json").read_text(encoding="utf-8"))
        found[name][f"nearest, {weights}"].append(
            modes["nearest"]["generated"] / modes["nearest"]["real"]
        )
        found[name][f"two samples, {weights}"].append(
            modes["spread"]["generated"] / modes["spread"]["real"]
        )
        found[name][f"duplicates, {weights}"].append(modes["duplicates"]["share"])

COLUMNS = ("nearest, steps 400 to 600", "two samples, ema", "duplicates, ema", "duplicates, raw")
print("| setting | seeds |", " | ".join(COLUMNS), "|\n|---|---|" + "---|" * len(COLUMNS))
for name, words in NAMES.items():
    if name in found:
        cells = [shown(found[name][column]) for column in COLUMNS]
        print(f"| {words} | {len(looks[name])} |", " | ".join(cells), "|")

with styled_pyplot() as plt:
    drawn, axes = plt.subplots(1, 2, figsize=(10, 4.2), sharey=True, layout="constrained")
    halves = (("none", "label_smoothing", "instance_noise", "pack"),
              ("none", "spectral_norm", "augment", "r1", "batch", "reference"))  # fmt: skip
    for axis, half in zip(axes, halves, strict=True):
        for name in half:
            if name not in looks:
                continue
            steps = sorted(looks[name][0])
            means = [sum(seen[step] for seen in looks[name]) / len(looks[name]) for step in steps]
            style = {"none": {"color": "black"}, "reference": {"color": "grey", "linestyle": "--"}}
            axis.plot(steps, means, marker="o", label=NAMES[name], **style.get(name, {}))
        axis.axhline(0.3, color="grey", linewidth=0.8, linestyle=":")
        axis.set(xlabel="step (generator updates)", ylim=(0, 1))
        axis.legend(loc="upper left", fontsize=9)
    axes[0].set_ylabel("distance to the nearest other sample,\nas a part of that among real faces")
    drawn.savefig(folder / "nearest.png")

with styled_pyplot() as plt:
    drawn, axes = plt.subplots(3, 3, figsize=(9, 5.5), layout="constrained")
    for axis, name in zip(axes.flat, [name for name in NAMES if name in grids], strict=False):
        grid = plt.imread(grids[name])
        axis.imshow(grid[: len(grid) // 2])  # 32 of 64 latents, the same in all
        axis.set_title(NAMES[name], fontsize=10)
    for axis in axes.flat:
        axis.axis("off")
    drawn.savefig(folder / "samples.png")
Image.open(folder / "samples.png").convert("RGB").quantize(128).save(folder / "samples.png")
