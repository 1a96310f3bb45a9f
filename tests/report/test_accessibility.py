"""The page can be read without seeing it, without a mouse, and in both colour schemes."""

import importlib.util
import re
import shutil
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from gan_lab.common.text import html_heading
from gan_lab.report.collect import collect
from gan_lab.report.documents.html import as_html
from gan_lab.report.documents.parts import Bullets
from gan_lab.report.figures.samples import latents_words
from gan_lab.report.page import TEMPLATE
from study_files import finished, report

VOID = {"meta", "link", "img", "input", "br", "hr"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]
    parents: tuple[str, ...]
    text: str = ""


@dataclass
class Page(HTMLParser):
    """The elements of a page, each with its attributes, the tags around it, and its text."""

    elements: list[Element] = field(default_factory=list)
    _open: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag, attrs):
        element = Element(tag, dict(attrs), tuple(one.tag for one in self._open))
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag):
        while self._open and self._open.pop().tag != tag:
            pass

    def handle_data(self, data):
        for element in self._open:
            element.text += data

    def all(self, *tags: str) -> list[Element]:
        return [element for element in self.elements if element.tag in tags]


def parsed(text: str) -> Page:
    page = Page()
    page.feed(text)
    return page


@pytest.fixture(scope="module")
def page(study, tmp_path_factory) -> Page:
    """The report of one run: with all that a page may have."""
    out = tmp_path_factory.mktemp("page")
    return parsed(report(finished(study)[0], out=out)["report.html"])


def test_the_page_has_a_language_a_title_and_one_main_part(page):
    (html,), (title,) = page.all("html"), page.all("title")
    assert html.attributes["lang"] == "en" and title.text.strip()
    assert len(page.all("main")) == 1
    said = page.all("h1", "h2", "p", "table", "img", "input", "details")
    assert said and all("main" in one.parents for one in said)


def test_headings_say_something_and_go_down_by_one(page):
    headings = page.all("h1", "h2", "h3", "h4", "h5", "h6")
    assert [one.tag for one in headings].count("h1") == 1 and headings[0].tag == "h1"
    assert all(one.text.strip() for one in headings)
    levels = [int(one.tag[1]) for one in headings]
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_name_is_there_once_and_every_link_leads_to_one(page):
    names = [one.attributes["id"] for one in page.elements if one.attributes.get("id")]
    assert len({*names}) == len(names)
    assert {one.attributes["href"] for one in page.all("a")} <= {f"#{name}" for name in names}


def test_a_picture_says_what_is_drawn_over_what_and_of_how_many_runs(page):
    pictures = page.all("img")
    captions = {one.text for one in page.all("figcaption")}
    alternatives = [one.attributes["alt"] for one in pictures]
    assert len(pictures) > 5 and len({*alternatives}) == len(alternatives)
    for words in alternatives:
        assert len(words) > 40 and words not in captions
        assert re.search(
            r"Of 1 run in 1 setting\.$|(?:of|on) the run \S+\.$|^Block diagram of ", words
        )


def test_a_table_has_a_name_and_its_headings_say_what_they_head(page):
    tables = page.all("table")
    assert len(tables) > 3 and all(one.attributes["aria-label"].strip() for one in tables)
    headings = page.all("th")
    assert headings and all(one.attributes["scope"] == "col" for one in headings)
    assert all(one.text.strip() for one in headings)


def test_what_scrolls_can_be_reached_with_the_keyboard(page):
    """axe-core's rule scrollable-region-focusable."""
    css = TEMPLATE.read_text(encoding="utf-8")
    assert re.findall(r"([^\n{}]+)\{[^}]*overflow(?:-x|-y)?:\s*(?:auto|scroll)", css) == [".wide "]
    boxes = [one for one in page.elements if "wide" in (one.attributes.get("class") or "").split()]
    assert len(boxes) == len(page.all("table"))
    for box in boxes:
        assert box.attributes["tabindex"] == "0" and box.attributes["role"] == "region"
        assert box.attributes["aria-label"].strip()


def test_the_slider_has_a_label_and_is_one_that_the_keyboard_moves(page):
    (slider,) = page.all("input")
    assert slider.attributes["type"] == "range" and "tabindex" not in slider.attributes
    labels = [one for one in page.all("label") if one.attributes["for"] == slider.attributes["id"]]
    assert [one.text for one in labels] == ["Step of the training"]
    (shown,) = page.all("output")
    assert shown.attributes["for"] == slider.attributes["id"]
    for button in page.all("button"):
        assert button.text.strip() and button.attributes["type"] == "button"


def test_each_run_is_told_in_words(page):
    (line, *_) = [one for one in page.all("li") if "The run has" in one.text]
    assert "The run has finished its 40 steps of batch 16" in line.text
    assert "Next: gan-lab " in line.text and "`" not in line.text


def test_a_stranger_s_words_stay_words():
    (line,) = parsed(as_html([Bullets(["<b>: one `<script>`"])])).all("li")
    assert line.text == "<b>: one <script>"


@pytest.mark.parametrize(
    ("title", "name"),
    [("Training in numbers", "training-in-numbers"), ("图像 2", "图像-2"), ("!?", "other")],
)
def test_a_heading_has_a_name_in_any_script(title, name):
    (heading,) = parsed(html_heading(title)).all("h2")
    assert heading.attributes["id"] == name and heading.text == title


# --- colours -------------------------------------------------------------------------------------


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
              for part in parts]  # fmt: skip
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def schemes() -> list[dict[str, str]]:
    """The colours of the page, by name: light, then dark."""
    css = TEMPLATE.read_text(encoding="utf-8")
    return [dict(re.findall(r"--(\w+):\s*(#\w{6})", line))
            for line in css.splitlines() if "--ink:" in line]  # fmt: skip


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)  # just too pale


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ink", ["ink", "pale", "accent"])
@pytest.mark.parametrize("ground", ["paper", "band"])
def test_letters_can_be_told_from_their_ground(scheme, ink, ground):
    colours = schemes()[scheme]
    assert contrast(colours[ink], colours[ground]) >= 4.5


# --- grids beside each other ---------------------------------------------------------------------


def test_it_is_said_whether_grids_are_of_the_same_latents(study):
    data = collect([str(finished(study)[0])], study.parent).runs[0]
    other = replace(data, config=replace(data.config, seed=3, latent_dim=7))
    assert latents_words([data, data]) == (
        f"The same place of every grid has the same latent, of seed {data.seed}."
    )
    sizes = ", ".join(map(str, sorted([7, data.config.latent_dim])))
    assert latents_words([other, data]) == (
        f"The grids are not all of the same latents: their seeds are {data.seed}, 3; their "
        f"latent_dim is {sizes}."
    )


# --- axe-core ------------------------------------------------------------------------------------

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
MISSING = [name for name in ("playwright", "axe_playwright_python")
           if importlib.util.find_spec(name) is None]  # fmt: skip
REASON = f"no {' and no '.join([*MISSING, *([] if BROWSER else ['chromium'])])} here"


# A mark, not a call of pytest.skip: that would come after the study was trained for nothing.
@pytest.mark.skipif(bool(MISSING) or not BROWSER, reason=REASON)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(study, tmp_path: Path, scheme):
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    report(finished(study)[0], out=tmp_path)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        opened = browser.new_page(color_scheme=scheme)
        opened.goto((tmp_path / "report.html").as_uri())
        found = Axe().run(opened)
        slider = opened.locator("#step")
        slider.focus()
        before = opened.locator("#shown").inner_text()
        opened.keyboard.press("ArrowLeft")
        after = opened.locator("#shown").inner_text()
        browser.close()
    assert found.violations_count == 0, found.generate_report()
    assert before == "step 40" and after != before
