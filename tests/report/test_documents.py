"""results.tex compiles as it is and fits its pages; no table is wider than a page."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gan_lab.common.paths import glossary_file
from gan_lab.report.collect import collect
from gan_lab.report.documents.html import linked
from gan_lab.report.documents.latex import as_latex, code
from gan_lab.report.documents.parts import Bullets, Commands, Heading, Paragraph, Section
from gan_lab.report.glossary import terms, used
from gan_lab.report.result import result_words
from gan_lab.report.study import Study
from gan_lab.report.tables import MOST_COLUMNS, Table, in_parts, turned
from gan_lab.runs.directory import Run
from study_files import edit_lines, finished, many, report

needs_latex = pytest.mark.skipif(not shutil.which("pdflatex"), reason="pdflatex is not installed")


def compiled(path: Path) -> str:
    """Compile a file twice, for its labels, and return what pdflatex said the second time."""
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", path.name]
    for _ in range(2):
        said = subprocess.run(command, cwd=path.parent, capture_output=True, text=True,
                              encoding="utf-8", errors="replace", check=False)  # fmt: skip
        assert said.returncode == 0, said.stdout[-2000:]
    return said.stdout


@needs_latex
def test_any_words_compile_and_fit_the_page(tmp_path):
    odd = r"\input{/etc/passwd} $x_1^2$ %& #{}~ 100% -- ''``,, <b> [a] *b* 漢字 σ→∞ ±"
    word = "unbreakable" * 12
    rows = [[odd, word, "12.34 ± 1.2 (sd 0.8)"], ["[1, 2]", "a-b_c.d/e=f" * 9, "*"]]
    rows += [[f"row {index}", "x", "1.5"] for index in range(90)]
    parts = [
        Heading(odd), Paragraph(f"{odd} {word}"), Bullets([odd, "[x]", word]),
        Commands([f"gan-lab 'penalty=[r1]' {'a.b.c=1 ' * 40}{word}"]),
        Section("more", [Table(odd, ["a", odd, word], rows, [odd]), Table(odd, ["x"], [["y"]])]),
    ]  # fmt: skip
    path = tmp_path / "odd.tex"
    path.write_text(as_latex(odd, parts), encoding="utf-8")
    said = compiled(path)
    assert "Overfull" not in said and "undefined" not in said
    labels = re.findall(r"\\label\{(.+?)\}", path.read_text("utf-8"))
    assert len(labels) == len({*labels}) == 2


@needs_latex
@pytest.mark.slow
def test_a_report_compiles_and_fits_its_pages(study, tmp_path):
    report(many(study, tmp_path / "runs" / "forty", 40), out=tmp_path / "forty")
    report(study, out=tmp_path / "few")
    for name in ("few", "forty"):
        said = compiled(tmp_path / name / "results.tex")
        assert "Overfull" not in said and "undefined" not in said
        text = (tmp_path / name / "results.tex").read_text("utf-8")
        drawn = {path.stem for path in (tmp_path / name / "figures").glob("*.png")}
        shown = {Path(path).stem for path in re.findall(r"\\includegraphics\[.*?\]\{(.+?)\}", text)}
        assert shown == drawn and text.count(r"\caption") == text.count(r"\label")


@pytest.mark.usefixtures("without_figures")
def test_no_table_is_wider_than_a_page(study, tmp_path):
    forty = Study(collect([str(many(study, tmp_path / "forty", 40))], Path("nowhere")))
    few = Study(collect([str(study)], Path("nowhere")))
    for made in (forty, few):
        for table in made.main_tables():
            assert len(table.headings) <= MOST_COLUMNS, table.title
        for table in made.all_tables():
            assert all(len(row) == len(table.headings) for row in table.rows)
            if table.title != "Collapse and mode coverage":  # two columns and three a judge
                assert len(table.headings) <= MOST_COLUMNS, table.title


def test_a_wide_table_is_cut_and_a_long_one_turned():
    wide = Table("t", ["score", *"abcdefg"], [["x", *"1234567"]], ["remark"])
    first, second = in_parts(wide)
    assert (first.title, first.headings, first.rows, first.remarks) == (
        "t (1 of 2)", ["score", *"abcde"], [["x", *"12345"]], []
    )  # fmt: skip
    assert (second.headings, second.rows, second.remarks) == (
        ["score", "f", "g"], [["x", "6", "7"]], ["remark"]
    )  # fmt: skip
    narrow = turned(wide)
    assert narrow.headings == ["score", "x"] and narrow.rows[0] == ["a", "1"]
    assert turned(narrow) == wide and in_parts(narrow) == [narrow]


@pytest.mark.usefixtures("without_figures")
def test_the_first_paragraph_has_the_result_and_its_numbers(copy):
    def result() -> str:
        return result_words(Study(collect([str(copy)], Path("nowhere"))))

    for directory in finished(copy):
        wide = Run(directory).config().hidden_dim > 4
        value = (50.0 if wide else 15.0) + (5 if Run(directory).config().seed else -5)
        edit_lines(
            directory / "evaluations.jsonl",
            lambda _, line, value=value: line | {"value": value}
            if line["score"] == "fd_classifier" else line,
        )  # fmt: skip
    words = result()
    assert words.startswith("The lowest FD-digitscnn-")
    assert "15 (10, 20) (2 seeds)" in words and "50 (45, 55) (2 seeds)" in words
    assert "no difference between settings can be told from the luck of the seeds" in words
    for directory in finished(copy)[1:]:
        shutil.rmtree(directory)
    alone = result()
    assert re.search("is (10|20|45|55); real", alone) and "collapse monitor" in alone
    (finished(copy)[0] / "evaluations.jsonl").unlink()
    assert result() == "No run has finished with a score that ranks it."


# --- words ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("without_figures")
def test_words_of_the_glossary_are_explained_and_linked_once(study, tmp_path):
    written = report(study, out=tmp_path / "out")
    page = written["report.html"]
    places = re.findall(r'<dt id="(word-.+?)"', page)
    links = re.findall(r'<a class=term href="#(.+?)">', page)
    assert {*links} <= {*places} and len(links) == len({*links}) > 8  # some are only in headings
    assert {"word-setting", "word-ema", "word-fd", "word-seed"} <= {*places}
    for name in ("results.md", "results.tex"):
        assert written[name].count("differ by luck alone") == 1  # of `seed`


def test_every_entry_of_the_glossary_is_read():
    text = glossary_file().read_text("utf-8")
    assert [term.word for term in terms()] == re.findall("^### (.+)$", text, re.MULTILINE)
    assert len(terms()) >= 20 and all(term.meaning.endswith(".") for term in terms())


def test_a_word_is_linked_in_sentences_only():
    parts = ["<h2>The floor</h2><pre>floor</pre><p title='floor'>Not floors, but a floor.</p>"]
    (term,) = [one for one in terms() if one.word == "floor"]
    link = '<a class=term href="#word-floor">floors</a>'
    assert linked(parts, [term]) == [
        f"<h2>The floor</h2><pre>floor</pre><p title='floor'>Not {link}, but a floor.</p>"
    ]
    assert used(["flooring, seeds"]) == [one for one in terms() if one.word == "seed"]


def test_a_command_in_latex_keeps_both_of_two_dashes():
    assert code("gan-lab evaluate RUN --scores fid") == "gan-lab evaluate RUN -{}-scores fid"
