"""The page: one HTML file with its pictures, style and script inside, which asks no network."""

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from PIL import Image

from gan_lab.common.files import replace_file
from gan_lab.common.text import html_text
from gan_lab.common.typed import plain
from gan_lab.figures.style import PRINT_DPI
from gan_lab.report.collect import RunData
from gan_lab.report.figures.samples import as_webp, frame_steps, latents_words, picture_at
from gan_lab.report.settings import Settings

TEMPLATE = Path(__file__).with_name("page.html")
SCREEN_DPI = 106  # so that letters are as large in all figures, and 11 inches fill the page
HEADING = re.compile(r'<h2 id="([^"]+)">(.*?)</h2>')
MANY = 12  # more settings have fewer tiles each in the slider


@dataclass(frozen=True)
class Figure:
    """A figure with its title and its words.

    `drawn`: lines on white, which may be turned dark. `shows` says what is drawn, over what and of
    how many runs, to those who cannot see it.
    """

    path: Path
    title: str
    words: str
    drawn: bool = True
    shows: str = ""

    @property
    def alternative(self) -> str:
        """The text in place of the picture."""
        return self.shows or f"{self.title}. {self.words}"


@dataclass(frozen=True)
class Panel:
    """The samples of a setting in the slider: a picture, as a data URL, by the step it is of."""

    label: str
    frames: dict[int, str]


@dataclass(frozen=True)
class Slider:
    """What the script of the page moves through."""

    steps: list[int]
    panels: list[Panel]


def figure_html(figure: Figure) -> str:
    """Return a figure with its picture inside."""
    return picture_html(figure.path, figure.alternative, figure.words, figure.drawn)


def picture_html(path: Path, alt: str, caption: str, drawn: bool) -> str:
    """Return a picture with its caption. `drawn`: lines on white, which may be turned dark."""
    data = base64.b64encode(path.read_bytes()).decode()
    kind = "gif" if path.suffix == ".gif" else "png"
    with Image.open(path) as image:
        width = round(image.width / PRINT_DPI * SCREEN_DPI)
    return (
        f'<figure class="{"drawn" if drawn else "pictures"}">'
        f'<img alt="{html_text(alt)}" width={width} '
        f'src="data:image/{kind};base64,{data}">'
        f"<figcaption>{html_text(caption)}</figcaption></figure>"
    )


def slider_html(chosen: Sequence[RunData], settings: Settings) -> str:
    """Return the samples of each setting with a slider over the training; nothing if there is but
    one step to see.

    Every setting shows what it last drew at or before the slider's step.
    """
    steps = frame_steps(chosen) if chosen else []
    if len(steps) < 2:
        return ""
    panels = []
    for data in chosen:
        frames: dict[int, str] = {}
        for step in steps:
            at, pixels = picture_at(data, step, few=len(chosen) > MANY)
            if at not in frames:
                encoded = base64.b64encode(as_webp(pixels)).decode()
                frames[at] = f"data:image/webp;base64,{encoded}"
        label = settings.label(settings.of_run[data.name])
        panels.append(Panel(f"{label}, seed {data.seed}", frames))
    return (
        f"<p class=remark>{html_text(latents_words(chosen))}</p>"
        "<div class=film><div class=slider><button id=play type=button>Play</button>"
        "<label for=step>Step of the training</label>"
        f"<input id=step type=range min=0 max={len(steps) - 1} value={len(steps) - 1} step=1>"
        "<output id=shown for=step></output></div>"
        "<div id=panels></div></div>"
        f"<script type=application/json id=frames>{_json(Slider(steps, panels))}</script>"
    )


def _json(slider: Slider) -> str:
    # Escaped so that nothing in it ends the script.
    return json.dumps(plain(slider)).replace("<", "\\u003c")


def write_page(path: Path, title: str, parts: Sequence[str]) -> Path:
    """Write the page, with a list of its headings after the first part, and return its path."""
    template = Template(TEMPLATE.read_text(encoding="utf-8"))
    first, *others = parts
    body = "\n".join([first, _contents(others), *others])
    replace_file(path, template.substitute(title=html_text(title), body=body))
    return path


def _contents(parts: Sequence[str]) -> str:
    """Return links to the headings of parts; nothing if there are less than three."""
    found = [pair for part in parts for pair in HEADING.findall(part)]
    links = "".join(f'<li><a href="#{place}">{words}</a></li>' for place, words in found)
    return f'<nav aria-label="contents"><ul>{links}</ul></nav>' if len(found) > 2 else ""
