"""A small sheet about the study that tests of reports share, and what tests do with documents."""

import re
import shutil
from pathlib import Path

import yaml

from gan_lab.common.paths import conf_directory

NAME = "widths"
SETTINGS = "batch_size=16 steps=40 logger=none threads=1"
CONTENT = {
    "title": "A sheet about widths",
    "intro": "The answers come from runs.",
    "words": "A",
    "caption": "latent_dim = {latent_dim}, hidden_dim = {hidden_dim}, num_train_steps = {steps}, "
    "seed {seed}",
    "baseline": {"model": "dcgan", "dataset": "digits", "lr": 0.0002, "steps": 40},
    "questions": [
        {
            "title": "1. Two widths",
            "ask": "Which width is better?",
            "needs": [
                {"run": {"hidden_dim": 4}, "make": f"hidden_dim=4 {SETTINGS}", "seeds": 2},
                {"run": {"conv_dim": 8}, "make": f"hidden_dim=8 {SETTINGS}", "seeds": 2},
            ],
            "analyses": {"modes": "best"},
            "scores": ["fd_classifier", "precision"],
            "show": ["scores", "training", "cost", "samples", "modes"],
            "slot": "Which one would you take?",
        },
        {
            "title": "2. A wide one",
            "ask": "What does a width of 64 change?",
            "needs": [{"run": {"hidden_dim": 64}, "make": "hidden_dim=64 steps=40"}],
            "analyses": {"interpolation": "best"},
            "show": ["interpolation"],
        },
        {
            "title": "3. A long one",
            "ask": "Is longer better?",
            "needs": [{"run": {"hidden_dim": 4, "steps": 1000}, "make": "hidden_dim=4 steps=1000"}],
            "show": ["curves"],
        },
    ],
}


def write_sheet(folder: Path, content: dict, name: str = NAME) -> Path:
    """Write conf/sheet/NAME.yaml below a folder."""
    file = folder / "conf" / "sheet" / f"{name}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return file


def translated(content):
    """Turn each word of a sheet around, names in braces aside; settings and commands stay."""
    if isinstance(content, str):
        return re.sub(r"\{\w+\}|[A-Za-z]+", lambda m: m[0] if m[0][0] == "{" else _turned(m[0]),
                      content)  # fmt: skip
    if isinstance(content, list):
        return [translated(one) for one in content]
    kept = ("needs", "analyses", "show", "scores", "baseline")
    return {key: value if key in kept and not isinstance(value, str) else translated(value)
            for key, value in content.items()}  # fmt: skip


def _turned(word: str) -> str:
    return f"zz{word[::-1]}"


def english_words() -> dict:
    """The words of the form of sheet A."""
    file = conf_directory() / "sheet" / "A.yaml"
    return yaml.safe_load(file.read_text(encoding="utf-8"))["words"]


def copied_sheet(answered: Path, folder: Path) -> Path:
    """Copy an answered sheet, its study and its file; return the folder of the documents."""
    for name in ("runs", "conf"):
        shutil.copytree(answered / name, folder / name)
    return folder / "runs" / "widths" / f"sheet_{NAME}"
