"""results.docx says what results.md says, and says so in one line where it cannot be written."""

import json
import re
import sys
import zipfile

import pytest

from study_files import cells_of, finished, report, tables_of

docx = pytest.importorskip("docx", reason="python-docx is not installed (the extra `docx`)")


@pytest.mark.usefixtures("without_figures")
def test_tables_and_headings_are_those_of_the_page(study, tmp_path):
    written = report(study, out=tmp_path / "out")
    path = tmp_path / "out" / "results.docx"
    tables = cells_of(path)
    assert tables == tables_of(written["results.md"]) and len(tables) > 6
    document = docx.Document(path)
    headings = [p.text for p in document.paragraphs if p.style.name.startswith(("Head", "Title"))]
    in_markdown = re.findall("^#+ (.+)$", written["results.md"], re.MULTILINE)
    assert headings == [text.replace("\\", "") for text in in_markdown]
    assert "Networks and training" in headings
    # Two widths make two pairs of networks, whatever the number of seeds.
    (overview,) = [rows for rows in tables if rows[0][0] == "networks"]
    assert len(overview) == 1 + 2 and sum(int(row[-1]) for row in overview[1:]) == 5


@pytest.mark.usefixtures("without_figures")
def test_pictures_have_texts_and_the_file_no_times_and_places(study, tmp_path):
    for name in ("first", "second"):
        report(study, out=tmp_path / name)
    paths = [tmp_path / name / "results.docx" for name in ("first", "second")]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    document = docx.Document(paths[0])
    assert len(document.inline_shapes) == 2
    for shape in document.inline_shapes:
        assert "Layers in the order" in shape._inline.docPr.get("descr")
    captions = [p.text for p in document.paragraphs if p.style.name == "Caption"]
    assert len(captions) == 2
    said = document.core_properties
    assert (said.title, said.author, said.created, said.modified) == (
        *("widths", "gan_lab"), *(None, None)
    )  # fmt: skip
    with zipfile.ZipFile(paths[0]) as parts:
        content = b"".join(map(parts.read, parts.namelist()))
    assert str(tmp_path).encode() not in content


def test_a_strangers_words_do_no_harm(copy, tmp_path, without_figures):
    run = finished(copy)[0]
    status = json.loads((run / "status.json").read_text("utf-8"))
    reason = "=1+1 <w:p/> &amp; \x00\x1b[2J \ufffe\n]]>"
    status |= {"state": "failed", "reason": reason}
    (run / "status.json").write_text(json.dumps(status), encoding="utf-8")
    run.rename(run.with_name("-<b>`$\n\x1b-s0-00000000"))
    report(copy, out=tmp_path / "out")
    cells = {cell for table in cells_of(tmp_path / "out" / "results.docx")
             for row in table for cell in row}  # fmt: skip
    assert "=1+1 <w:p/> &amp; \\x00\\x1b[2J \\ufffe ]]>" in cells
    assert "-<b>`$ \\x1b-s0-00000000" in cells


def test_without_python_docx_one_line_says_what_to_install(
    study, tmp_path, without_figures, monkeypatch, capsys
):
    monkeypatch.setitem(sys.modules, "docx", None)
    report(study, out=tmp_path / "out")
    said = [line for line in capsys.readouterr().out.splitlines() if "docx" in line]
    assert len(said) == 1 and "pip install 'gan-lab[docx]'" in said[0]
    assert not (tmp_path / "out" / "results.docx").exists()
    assert (tmp_path / "out" / "report.html").exists()
