"""Words that somebody chose are words in each form of output, and do nothing there."""

import csv
import io
from html.parser import HTMLParser

import pytest

from gan_lab.common.text import (
    csv_cell,
    figure_text,
    html_text,
    latex,
    markdown,
    markdown_block,
    printable,
)

EVIL = (
    'a|b`c`<img src=x onerror="y">\n# ![p](http://x.y/z) [q](r)'
    "\x1b[2J\u202e& &lt; $x^{ \\input{/etc}"
)


@pytest.mark.parametrize(
    "text", ["12 [11, 13]", "0.5 ± 0.1", "a_b-c*d (EMA)", "1/2: D(x), -0.5", ""]
)
def test_what_is_harmless_stays_as_it_is_in_markdown(text):
    assert markdown(text) == text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a|b", r"a\|b"),
        (r"a\|b", r"a\\\|b"),
        ("<b>", "&lt;b>"),
        ("&lt;", r"\&lt;"),
        ("`c`", r"\`c\`"),
        ("![p](q)", r"![p\](q)"),
        ("[p][q] [p]: q", r"[p\][q] [p\]: q"),
        ("one\ntwo\tthree", "one two three"),
        ("~~~", r"\~\~~"),
        ("http://x.y www.x.y", r"http\://x.y www\.x.y"),
        ("ends in \\", "ends in \\\\"),
        ("\x1b[31m", r"\\x1b[31m".replace("\\\\", "\\")),
    ],
)
def test_markdown_takes_no_orders(text, written):
    assert markdown(text) == written


def test_a_block_of_code_ends_where_it_should():
    fence, *lines, end = markdown_block(["one", "two\n```\nthree", "````"])
    assert fence == end == "`````"
    assert lines == ["one", "two ``` three", "````"]


def test_latex_has_no_command_and_no_line_end_of_a_stranger():
    written = latex(EVIL)
    assert "\n" not in written and "\x1b" not in written
    assert r"\input" not in written and r"\textbackslash{}input\{" in written
    assert latex("50% & a_b #1 $x$ ~ ^") == (
        r"50\% \& a\_b \#1 \$x\$ \textasciitilde{} \textasciicircum{}"
    )
    # `\\` takes an argument in brackets and a star, also from the next row.
    assert (latex("[2cm]"), latex("*a"), latex("12 [11, 13]")) == ("{[}2cm]", "{*}a", "12 [11, 13]")


@pytest.mark.parametrize("text", ["=1+1", "+1+1", "-a", "@sum", "\t=1", "\r=1", "\n=1", " =1"])
def test_a_spreadsheet_computes_no_text(text):
    cell = csv_cell(text)
    assert cell.startswith("'") and cell[1:].strip() == text.strip()


@pytest.mark.parametrize("value", [-0.5, 3, None, "-0.5", "+1e3", "-inf", "a=b", "gan-lab"])
def test_numbers_and_plain_words_stay_as_they_are_in_a_spreadsheet(value):
    assert csv_cell(value) == value


def test_a_cell_is_one_line_of_the_file():
    text = io.StringIO()
    csv.writer(text).writerow([csv_cell(EVIL)])
    assert len(text.getvalue().splitlines()) == 1


def test_html_has_no_tag_of_a_stranger():
    found = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.append((tag, dict(attrs)))

    Tags().feed(f'<p title="{html_text(EVIL)}">{html_text(EVIL)}</p>')
    ((tag, attributes),) = found
    assert tag == "p" and attributes.keys() == {"title"}
    assert "\x1b" not in html_text(EVIL) and "\u202e" not in html_text(EVIL)


def test_a_figure_with_a_strangers_dollars_is_drawn(tmp_path):
    from matplotlib.figure import Figure

    figure = Figure()
    axis = figure.subplots()
    for text in (r"$\frac{", "$x^{", r"\$a$", EVIL):
        axis.set_title(figure_text(text))
        figure.savefig(tmp_path / "drawn.png")
    assert axis.title._preprocess_math(figure_text("$x^{"))[0] == "$x^{"


def test_a_terminal_gets_one_line():
    assert printable("a\nb\tc\x1b[2J\u202e é") == r"a\nb\tc\x1b[2J\u202e é"
