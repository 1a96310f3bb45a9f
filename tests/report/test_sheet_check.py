"""--check: a document that was filled in and saved again passes, a changed number does not."""

import io
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from gan_lab.report.sheets.answer import Asked, blocks_of_runs
from gan_lab.report.sheets.check import check as check_units
from gan_lab.report.sheets.compare import TOKEN, align, differences, is_number, likeness, masked
from gan_lab.report.sheets.place import Place
from gan_lab.report.sheets.reading.document import read_document
from gan_lab.report.sheets.reading.html import read_html
from gan_lab.report.sheets.reading.latex import read_latex
from gan_lab.report.sheets.reading.units import Rows, Text
from sheets_of import NAME
from small_runs import FAILED, USAGE, assert_one_line

FORMS = ("html", "tex", "docx")


def paper(folder: Path, form: str) -> Path:
    if form == "docx":
        pytest.importorskip("docx", reason="python-docx is not installed (the extra `docx`)")
    return folder / f"sheet_{NAME}.{form}"


def document_of(path: Path):
    from docx import Document

    return Document(str(path))


def slots_of(document) -> list:
    return [one for one in document.tables if len(one.rows) == len(one.columns) == 1]


@pytest.fixture
def check(gan_lab_here):
    return lambda path, *more: gan_lab_here("report", *more, "--check", str(path))


@pytest.mark.parametrize("form", FORMS)
def test_it_passes_untouched(check, documents, form):
    result = check(paper(documents, form))
    assert result.returncode == 0, result.stdout
    _, line = result.stdout.splitlines()
    assert line.endswith("agree with the runs") and "blocks" in line


FILLED = {
    "html": ("<td contenteditable=true", "<td contenteditable=true>hidden_dim 9 is 3 % better<p"),
    "tex": (r"\begin{slot}", r"\begin{slot} hidden\_dim 9 is 3\,\% better: 1 & 2 \\ \caption{5}"),
}


@pytest.mark.parametrize("form", ("html", "tex"))
def test_slots_and_added_words_are_free(check, documents, form):
    path = paper(documents, form)
    text = path.read_text(encoding="utf-8")
    text = text.replace(*FILLED[form])
    end = "</body>" if form == "html" else "\\section*{2"
    text = text.replace("Which width is better?", "Which width is better? I say 8.")
    added = "<p>My 17 words.</p><table><tr><td>1</td><td>2</td></tr></table>"
    text = text.replace(end, f"{added if form == 'html' else 'My 17 words.'}\n\n{end}")
    path.write_text(text, encoding="utf-8")
    result = check(path)
    assert result.returncode == 0, result.stdout


def test_a_word_document_is_filled_as_word_saves_it(check, documents):
    """Word divides a paragraph into runs as it likes, also inside a number."""
    path = paper(documents, "docx")
    document = document_of(path)
    (slot,) = slots_of(document)
    slot.cell(0, 0).paragraphs[0].add_run("I take 8, for 3 reasons: latent_dim = 99.")
    slot.cell(0, 0).add_table(2, 2).cell(0, 0).text = "77"
    cells = [cell for table in document.tables for row in table.rows for cell in row.cells]
    paragraphs = [*document.paragraphs, *(one for cell in cells for one in cell.paragraphs)]
    for paragraph in paragraphs:
        if len(paragraph.text) > 2 and paragraph.runs:
            text = paragraph.text
            for run in paragraph.runs:
                run.text = ""
            for letter in text:
                paragraph.add_run(letter)
    document.paragraphs[3].insert_paragraph_before("My 1,234 words.")
    document.save(str(path))
    result = check(path)
    assert result.returncode == 0, result.stdout


def changed_word(path: Path, old: str, new: str) -> None:
    """Change a number in the first paragraph or cell that has it."""
    document = document_of(path)
    cells = [cell for table in document.tables for row in table.rows for cell in row.cells]
    paragraphs = [*(one for cell in cells for one in cell.paragraphs), *document.paragraphs]
    run = next(run for one in paragraphs for run in one.runs if old in run.text)
    run.text = run.text.replace(old, new, 1)
    document.save(str(path))


def changed(path: Path, old: str, new: str) -> None:
    if path.suffix == ".docx":
        changed_word(path, old, new)
    else:
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")


def score_of_the_first_run(documents: Path) -> tuple[str, str]:
    """The score of the table's first run, as tables show it, and the run's name."""
    units = read_html(paper(documents, "html").read_text(encoding="utf-8"))
    rows = next(unit.rows for unit in units if isinstance(unit, Rows))
    return rows[1][4].split(" ")[0], rows[1][0]


@pytest.mark.parametrize("form", FORMS)
def test_a_changed_score_is_named_with_its_file(check, documents, form):
    value, run = score_of_the_first_run(documents)
    path = paper(documents, form)
    changed(path, value, "12.34")
    result = check(path)
    assert result.returncode == FAILED
    _, line, count = result.stdout.splitlines()
    assert line.startswith("changed   1. Two widths: The runs that answer the question., row 1")
    assert f"the file says 12.34, runs/widths/{run}/evaluations.jsonl says {value}" in line
    assert count == "1 number differs from the runs"


@pytest.mark.parametrize("form", FORMS)
def test_a_changed_caption_is_named(check, documents, form):
    path = paper(documents, form)
    sign = {"tex": "latent\\_dim = 16"}.get(form, "latent_dim = 16")
    if form == "html":  # not in the words for those who cannot see
        sign = "latent_dim = 16, hidden_dim = 4, num_train_steps = 40, seed 0.</figcaption"
    changed(path, sign, sign.replace("16", "100"))
    result = check(path)
    assert result.returncode == FAILED
    assert "The last samples" in result.stdout and "the file says 100" in result.stdout
    assert "config.yaml says 16" in result.stdout


LONG = " I take this one for its samples, which are less alike than those of 4." * 3


@pytest.mark.parametrize("form", FORMS)
def test_a_caption_is_watched_where_long_words_are_added_to_it(check, documents, form):
    path = paper(documents, form)
    sign = "steps = 40, seed 0."
    # In HTML the words for those who cannot see come first, and are not checked.
    old = f"{sign}</figcaption" if form == "html" else sign
    changed(path, old, old.replace(sign, sign + LONG))
    result = check(path)
    assert result.returncode == 0 and "gone" not in result.stdout, result.stdout
    changed(path, sign + LONG, sign.replace("40", "400") + LONG)
    result = check(path)
    assert result.returncode == FAILED and "the file says 400" in result.stdout


def test_rows_may_be_sorted_and_none_may_be_removed(check, documents):
    path = paper(documents, "docx")
    document = document_of(path)
    rows = [row._tr for row in document.tables[0].rows]
    for row in (rows[2], rows[1], rows[4], rows[3]):
        rows[0].getparent().append(row)
    document.save(str(path))
    assert check(path).returncode == 0
    rows[0].getparent().remove(rows[3])
    document.save(str(path))
    result = check(path)
    assert result.returncode == FAILED and "row 3: the file has no such row" in result.stdout


@pytest.mark.parametrize("form", FORMS)
def test_a_number_that_is_removed_or_put_into_an_empty_cell_is_named(check, documents, form):
    value, _ = score_of_the_first_run(documents)
    path = paper(documents, form)
    changed(path, value, "about the same")
    result = check(path)
    assert result.returncode == FAILED and "the file says nothing" in result.stdout


def test_what_is_gone_is_said_and_no_fault(check, documents):
    path = paper(documents, "html")
    text = path.read_text(encoding="utf-8")
    start = text.index("<p class=caption>Table 3")
    path.write_text(text[:start] + text[text.index("<p class=caption>Table 4") :], "utf-8")
    result = check(path)
    assert result.returncode == 0
    gone = [line for line in result.stdout.splitlines() if line.startswith("gone")]
    assert len(gone) == 3 and "the table 'The training in numbers.'" in gone[1]


def test_what_was_typed_while_changes_were_tracked_counts(check, documents):
    """Word keeps what was removed in w:del, and what was added in w:ins."""
    value, _ = score_of_the_first_run(documents)
    path = paper(documents, "docx")
    with zipfile.ZipFile(path) as parts:
        held = {name: parts.read(name) for name in parts.namelist()}
    xml = held["word/document.xml"].decode("utf-8")
    place = xml.index(f">{value} ")
    start, end = xml.rindex("<w:r>", 0, place), xml.index("</w:r>", place) + len("</w:r>")
    run = xml[start:end]
    removed = run.replace("<w:t", "<w:delText").replace("</w:t>", "</w:delText>")
    tracked = f"<w:del>{removed}</w:del><w:ins>{run.replace(value, '12.34')}</w:ins>"
    held["word/document.xml"] = (xml[:start] + tracked + xml[end:]).encode()
    with zipfile.ZipFile(path, "w") as parts:
        for name, content in held.items():
            parts.writestr(name, content)
    result = check(path)
    assert result.returncode == FAILED and "the file says 12.34" in result.stdout


def test_a_moved_document_is_checked_where_its_studies_are_named(check, documents, tmp_path):
    moved = tmp_path / "sent" / "mine.html"
    moved.parent.mkdir()
    shutil.copy(paper(documents, "html"), moved)
    assert_one_line(check(moved), FAILED, "no runs in", "STUDY ... --check")
    assert check(moved, "widths").returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("form", ("docx", "html"))
def test_libreoffice_saves_it_and_it_passes(check, documents, tmp_path, form):
    office = shutil.which("soffice")
    if not office:
        pytest.skip("LibreOffice is not installed")
    path = paper(documents, form)
    way = {"docx": ("odt", "docx"), "html": ("html:HTML (StarWriter)",)}[form]
    saved = path
    for kind in way:
        typed = [office, f"-env:UserInstallation=file://{tmp_path}/office", "--headless",
                 "--convert-to", kind, "--outdir", str(tmp_path / "saved"), str(saved)]  # fmt: skip
        subprocess.run(typed, check=True, capture_output=True, timeout=200)
        saved = tmp_path / "saved" / f"{path.stem}.{kind.partition(':')[0]}"
    shutil.copy(saved, path)
    result = check(path)
    assert result.returncode == 0 and "gone" not in result.stdout, result.stdout


def bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("word/document.xml", b" " * 2**27)
    return packed.getvalue()


def archive(text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as parts:
        parts.writestr("word/document.xml", text)
    return packed.getvalue()


BAD = {
    "bomb.docx": (bomb(), "unpacks to more than"),
    "cut.docx": (b"PK\x03\x04 and no more", "it is damaged, or no Word document"),
    "other.docx": (archive("").replace(b"document", b"workbook"), "it is no Word document"),
    "broken.docx": (archive("<w:document"), "its text is damaged"),
    "entities.docx": (archive('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), "entities"),
    "deep.docx": (archive("<a>" * 3000 + "</a>" * 3000), "nested too deep"),
    "empty.html": (b"", "no HTML page"),
    "essay.html": (b"<p>An essay.</p>", "is no document of a sheet, or its last line"),
    "thesis.html": (b"<p>A thesis.</p>", "does not say which runs it is made of"),
    "essay.tex": (b"An essay.", r"it has no \begin{document}"),
    "endless.html": (b"<!--" * 2**17, "a tag or a comment in it has no end"),
    "endless.tex": (
        rb"\begin{document}" + rb"\begin{slot}\caption{\label[" * 2**16,
        "does not say",
    ),
    "strange.html": (b"<p>gan-lab report .. --sheet ../../etc</p>", "unknown sheet"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_is_no_sheet_is_one_line(check, tmp_path, name):
    content, words = BAD[name]
    (tmp_path / name).write_bytes(content)
    code = USAGE if name.startswith("strange") else FAILED
    assert_one_line(check(tmp_path / name), code, words)


def test_every_number_is_watched(documents, monkeypatch, tmp_path):
    """Each number of the page is changed in turn: its last digit is another one."""
    monkeypatch.chdir(tmp_path)
    asked = Asked(["widths"], tmp_path / "runs", [tmp_path / "conf"])
    sheet, units = asked.sheet(NAME), read_document(paper(documents, "html"))
    blocks = blocks_of_runs(sheet, Place([documents.parent], NAME, tmp_path / "runs"))
    missed, count = [], 0
    for place, unit in enumerate(units):
        for change in _changes(unit) if "gan-lab" not in str(unit) else ():
            count += 1
            if not check_units(sheet, blocks, [*units[:place], change, *units[place + 1 :]]).faults:
                missed.append(change)
    assert count > 150 and not missed


def _changes(unit):
    """Yield a unit with each of its numbers changed, those of tables and figures aside."""
    rows = [[unit.text]] if isinstance(unit, Text) else [list(row) for row in unit.rows]
    for row, cells in enumerate(rows):
        for column, text in enumerate(cells):
            for found in TOKEN.finditer(text):
                if is_number(found[0]) and text[: found.start()] not in ("Table ", "Figure "):
                    last = max(place for place in range(*found.span()) if text[place].isdigit())
                    digit = str((int(text[last]) + 1) % 10)
                    changed = [list(cells) for cells in rows]
                    changed[row][column] = text[:last] + digit + text[last + 1 :]
                    yield (
                        Text(changed[0][0])
                        if isinstance(unit, Text)
                        else Rows(tuple(map(tuple, changed)))
                    )


def test_other_mistakes_are_one_line(gan_lab_here, check, documents, tmp_path):
    assert_one_line(check(tmp_path / "no.docx"), FAILED, "no.docx cannot be read")
    assert_one_line(check(tmp_path / "essay.pdf"), USAGE, "unknown kind of document '.pdf'")
    both = gan_lab_here("report", "widths", "--sheet", NAME, "--check", "x.html")
    assert_one_line(both, USAGE, "leave out --sheet")
    assert_one_line(gan_lab_here("report"), USAGE, "report what?")
    assert_one_line(gan_lab_here("report", "widths", "--run"), USAGE, "--sheet NAME")
    run = next(path for path in documents.parent.iterdir() if path.name.startswith("dcgan"))
    into = gan_lab_here("report", str(run), "--sheet", NAME, "--run")
    assert_one_line(into, USAGE, "is a run", "needs a study")
    titled = gan_lab_here("report", "widths", "--sheet", NAME, "--title", "x")
    assert_one_line(titled, USAGE, "not of a sheet")
    link = documents.parent / "other"
    documents.rename(link)
    documents.symlink_to(link)
    result = gan_lab_here("report", "widths", "--sheet", NAME)
    assert_one_line(result, FAILED, "is a link")


def test_numbers_are_compared_and_words_are_not():
    def found(wanted, there, strict=False):
        return [(one.wanted, one.found) for one in differences(wanted, there, strict)]

    assert found("FD 55.3 of 10,000", "FD 55.3 of 10,000 samples, and I like 7") == []
    assert found("FD 55.3", "FD 5.3") == [("55.3", "5.3")]
    assert found("FD 55.3", "FD -55.3") == [("55.3", "-55.3")]
    assert found("1e-4 and 2", "1e-5 and 2") == [("1e-4", "1e-5")]
    assert found("12 %", "13 %") == [("12", "13")]
    assert found("12%", "") == [("12%", "")]
    assert found("–", "7") == [] and found("–", "7", strict=True) == [("", "7")]
    assert masked("latent_dim = 16, seed 0.") == "latent_dim = # , seed # ."


def test_a_changed_text_is_found_among_others_that_differ_in_numbers_alone():
    ours = ["a 1", "a 2", "a 3", "b"]
    theirs = ["a 1", "mine", "a 9", "a 3", "b"]
    pairs = align(ours, theirs, (lambda text: text, masked), lambda first, second: 0.0)
    assert pairs == [0, 2, 3, 4]
    assert align(["x 1"], ["y"], (masked,), lambda first, second: 0.4) == [None]


def test_a_text_is_found_among_words_that_were_added():
    mine = "and here are twenty more words of my own, " * 5
    assert likeness("seed 0, 40 steps", f"{mine} seed 0, 400 steps {mine}") == 1.0
    assert likeness("Scores", f"{mine} Scores {mine}") == 0.0  # a word may stand anywhere


def test_latex_is_read_as_it_is_printed():
    text = r"""\begin{document} \section*{A \& B} % no
Half of it: 5\,\% of \allowbreak{}x\_y, \emph{and} $<$ 3.

\begin{slot} 1 \end{slot}
\begin{longtable}{@{}l>{\raggedright\arraybackslash}p{0.1\linewidth}@{}}
\caption{T}\label{tab:1}\\ \toprule a & b \\ \midrule \endfirsthead
\toprule a & b \\ \midrule \endhead \bottomrule \endfoot
1 \& 2 & $\pm$ 3 \\
\end{longtable}
\end{document} 7"""
    assert read_latex(text) == [
        Text("A & B"), Text("Half of it: 5 % of x_y, and < 3."), Text("T"),
        Rows((("a", "b"), ("1 & 2", "± 3"))),
    ]  # fmt: skip
