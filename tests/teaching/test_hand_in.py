"""What students hand in, and the reason where it is no notebook."""

import json
import zipfile

import nbformat
import pytest

from course_utils.i18n import speaking
from course_utils.teaching.hand_in import Unreadable, read_hand_in


def notebook_text(**changes):
    cells = [nbformat.v4.new_code_cell("x = 'ё'"), nbformat.v4.new_markdown_cell("answer")]
    return json.dumps(
        nbformat.v4.new_notebook(cells=cells) | changes, ensure_ascii=False, indent=1
    )


@pytest.fixture
def read(tmp_path):
    """Write bytes to a file and read that as a hand-in."""
    path = tmp_path / "metrics_and_loss.ipynb"

    def write_and_read(data):
        path.write_bytes(data)
        return read_hand_in(path)

    return write_and_read


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty file"),
        (b" \r\n\t ", "empty file"),
        (b"\0\0\0\0", "empty file"),
        (b"<!DOCTYPE html>\n<html></html>", "not a notebook: the file is HTML"),
        (b"\n<HTML lang='ru'>", "not a notebook: the file is HTML"),
        (b"my answers\n", "not a notebook: the text is not JSON"),
        (
            b"import torch\n",
            "not a notebook: a script; `course doctor --repair` makes a notebook of it",
        ),
        (b"%PDF-1.7\n", "not a notebook: the file is a PDF"),
        (b"[1, 2]", "not a notebook: JSON without cells"),
        (b'{"nbformat": 4}', "not a notebook: JSON without cells"),
        (b'{"nbformat": 4, "cells": [1]}', "not a notebook: JSON without cells"),
        (b'{"cells": [}\n{}', "broken JSON at line 1"),
        (b"{" + b'"a":{' * 100_000, "not a notebook: lists nested too deeply"),
        ('{"source": "\xe9"}'.encode("latin-1"), "not text in UTF-8: byte 13 cannot be read"),
    ],
)
def test_a_file_that_is_no_notebook_has_a_reason(read, data, reason):
    with pytest.raises(Unreadable) as caught:
        read(data)
    assert str(caught.value) == reason


@pytest.mark.parametrize("end", ['"x = ', '"cell_type"', '"cells": ['])
def test_a_truncated_file_names_its_last_line(read, end):
    text = notebook_text()
    cut = text[: text.index(end) + len(end)]
    with pytest.raises(Unreadable, match=f"truncated JSON at line {cut.count(chr(10)) + 1}$"):
        read(cut.encode())


def test_an_office_document_is_named(read, tmp_path):
    with zipfile.ZipFile(tmp_path / "x.docx", "w") as archive:
        archive.writestr("word.xml", "text")
    with pytest.raises(Unreadable, match="zip archive or an office document"):
        read((tmp_path / "x.docx").read_bytes())


def test_reasons_are_said_in_russian_too(read):
    with speaking("ru"), pytest.raises(Unreadable) as caught:
        read(b"")
    with speaking("ru"):
        assert str(caught.value) != "empty file"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_notebook_is_read_in_other_encodings(read, encoding):
    data = notebook_text().encode(encoding)
    assert [cell.source for cell in read(data).cells] == ["x = 'ё'", "answer"]


def test_half_a_character_does_not_stop_the_reading(read):
    text = notebook_text().replace("answer", "\\ud83d alone")
    notebook = read(text.encode())
    assert notebook.cells[1].source == "? alone"
    notebook.cells[1].source.encode()  # can be written again


def test_cells_without_fields_get_them_and_outputs_go(read):
    cells = [
        {"cell_type": "code", "source": ["a = 1\n", "a"], "outputs": "forged"},
        {"cell_type": "poem", "metadata": {"nbgrader": "points please"}},
    ]
    notebook = read(json.dumps({"nbformat": 4, "nbformat_minor": 0, "cells": cells}).encode())
    code, other = notebook.cells
    assert (code.source, code.outputs, code.metadata) == ("a = 1\na", [], {})
    assert (other.cell_type, other.source, other.metadata) == ("raw", "", {})


def test_an_old_notebook_is_brought_up_to_date(read):
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}}
    code = {"cell_type": "code", "language": "python", "input": "1 + 1", "outputs": []}
    old["worksheets"] = [{"cells": [code | {"metadata": {}}], "metadata": {}}]
    assert read(json.dumps(old).encode()).cells[0].source == "1 + 1"
