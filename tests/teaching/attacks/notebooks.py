"""Files that are no notebook, damaged notebooks, and notebooks edited to earn more."""

import json

import nbformat

from tests.teaching.attacks.attack import FILE, ZEROS, Attack
from tests.teaching.grading.class_of import DICE, RIGHT, TWICE, answered

__all__ = [
    "NOTEBOOKS",
    "aged",
    "by_grade_id",
    "doubled",
    "saved_by_colab",
    "stripped",
    "tampered",
    "without",
]

WRONG_TWICE = "def twice(x):\n    return 2"


def by_grade_id(notebook, name):
    return next(
        cell
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id") == name
    )


def without(notebook, *names):
    notebook.cells = [
        cell
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id") not in names
    ]
    return notebook


def saved_by_colab(notebook):
    """Two-space indent, nbformat 4.0, no root ids, its own metadata, no trailing spaces."""
    content = json.loads(json.dumps(notebook))
    content["nbformat_minor"] = 0
    content["metadata"] |= {"colab": {"provenance": []}, "accelerator": "GPU"}
    for cell in content["cells"]:
        cell.pop("id", None)
        cell["source"] = [line.rstrip() + "\n" for line in cell["source"].split("\n")]
        if cell["cell_type"] == "code":
            cell["metadata"] |= {
                "colab": {"base_uri": "https://localhost:8080/"},
                "outputId": "1",
            }
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["hi"]}]
    return json.dumps(content, ensure_ascii=False, indent=2)


def tampered(notebook):
    """Points, type and text of the check edited, outputs and a verdict of one's own."""
    check = by_grade_id(notebook, "jaccard")
    check.metadata.nbgrader.update(points=100, grade=False, locked=False, solution=True)
    check.source = "1 + 1"
    check.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "3.0"})]
    check.metadata["course"] = {"verdict": {"passed": True, "mistake": None, "summary": "ok"}}
    notebook.metadata["course"]["outcome"] = {"state": "crashed", "reason": "forged"}
    by_grade_id(notebook, "essay").metadata.nbgrader["points"] = 0
    return notebook


def doubled(notebook):
    for name in ("jaccard", "jaccard-solution"):
        place = notebook.cells.index(by_grade_id(notebook, name))
        notebook.cells.insert(place + 1, nbformat.from_dict(dict(notebook.cells[place])))
    return notebook


def stripped(notebook):
    for cell in notebook.cells:
        cell["metadata"] = nbformat.NotebookNode()
        cell.pop("id", None)
    notebook.nbformat_minor = 4
    return notebook


def aged(notebook, version):
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader["schema_version"] = version
    return notebook


def _checks_as(kind):
    """The checks turned into cells that are not run, or not by themselves."""

    def change(notebook):
        for name in ("jaccard", "own_test"):
            cell = by_grade_id(notebook, name)
            cell["cell_type"] = kind
            cell.pop("outputs", None)
            cell.pop("execution_count", None)
        return notebook

    return change


def _tagged(*tags):
    """Tags that tell nbclient to pass a cell over, or to let it fail."""

    def change(notebook):
        for cell in notebook.cells:
            cell.metadata["tags"] = list(tags)
        return notebook

    return change


def _metadata(key, value):
    def change(notebook):
        for cell in notebook.cells:
            cell.metadata[key] = value
        notebook.metadata[key] = value
        return notebook

    return change


def _of_another_assignment(notebook):
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader["grade_id"] = f"other-{cell.metadata.nbgrader.grade_id}"
        cell.metadata.pop("id", None)
        cell.pop("id", None)
    return notebook


def _odd_names(notebook):
    for number, cell in enumerate(notebook.cells):
        odd = [[], {"a": 1}, None, 7, "x" * 10**6][number % 5]
        cell.metadata["nbgrader"] = {"grade_id": odd, "points": odd, "grade": True}
        cell.metadata["id"] = odd
        cell["id"] = f"cell-{number}"
    return notebook


def _same_ids(notebook):
    for cell in notebook.cells:
        cell["id"] = cell.metadata["id"] = "cell-jaccard"
    return notebook


def _upside_down(notebook):
    notebook.cells.reverse()
    return notebook


def _other_kernel(notebook):
    notebook.metadata["kernelspec"] = {
        "name": "bash",
        "display_name": "; touch left",
        "language": "x",
    }
    notebook.metadata["language_info"] = {"name": "../../etc/passwd"}
    return notebook


def _many_cells(notebook):
    empty = nbformat.v4.new_markdown_cell("x")
    for number in range(100_000):
        notebook.cells.append(nbformat.NotebookNode({**empty, "id": f"c{number}"}))
    return notebook


def _old_outputs(notebook):
    text = nbformat.v4.new_output("stream", text="x" * 2**20)
    by_grade_id(notebook, "own_test").outputs = [text] * 55
    return notebook


def _file(content):
    return lambda root: {FILE: content(root) if callable(content) else content}


def _edited(change, jaccard=RIGHT, twice=TWICE):
    def files(root):
        changed = change(answered(root, jaccard=jaccard, twice=twice))
        text = changed if isinstance(changed, str) else json.dumps(changed)
        return {FILE: text.encode("utf-8", "surrogatepass")}

    return files


def _edit(name, does, change, jaccard=3, own_test=2, answer=RIGHT, twice=TWICE, **more):
    return Attack(
        name, does, _edited(change, answer, twice), **more, jaccard=jaccard, own_test=own_test
    )


def _broken(name, does, content, reason):
    return Attack(name, does, _file(content), ("unreadable",), 0, 0, reason)


def _text(root):
    return nbformat.writes(answered(root, essay="Ответ «да»."))


def _halves(raw):
    """Halves of characters: as JSON may escape them, or raw, which is no UTF-8."""

    def change(notebook):
        by_grade_id(notebook, "essay").source = "half \ud800 of a character"
        return json.dumps(notebook, ensure_ascii=not raw)

    return change


def _nested(notebook):
    notebook.metadata["deep"] = "DEEP"
    deep = "[" * 100_000 + "]" * 100_000
    return json.dumps(notebook).replace('"DEEP"', deep)


NOTEBOOKS = (
    _edit(
        "locked_cells_edited",
        "edits the points, type, text and outputs of the check",
        *(tampered, 0),
        answer=DICE,
    ),
    _edit("cell_copied", "holds a check and its answer twice", doubled),
    _edit(
        "checks_deleted",
        "holds no check at all",
        lambda found: without(found, "jaccard", "own_test", "essay"),
    ),
    _edit(
        "checks_deleted_by_one_who_cannot",
        "deletes the checks of wrong answers",
        lambda found: without(found, "jaccard", "own_test"),
        *(0, 0, ZEROS, WRONG_TWICE),
    ),
    _edit("metadata_stripped", "lost nbgrader's metadata and all ids", stripped),
    _edit("schema_1", "says that its metadata is of version 1", lambda n: aged(n, 1)),
    _edit("schema_99", "says that its metadata is of version 99", lambda n: aged(n, 99)),
    _edit("schema_of_words", "gives a list for that version", lambda n: aged(n, ["x"])),
    _edit(
        "checks_as_markdown",
        "turns the checks of wrong answers into prose",
        *(_checks_as("markdown"), 0, 0, ZEROS, WRONG_TWICE),
    ),
    _edit(
        "checks_as_raw",
        "turns the checks of wrong answers into raw cells",
        *(_checks_as("raw"), 0, 0, ZEROS, WRONG_TWICE),
    ),
    _edit(
        "checks_to_be_passed_over",
        "tags the checks of wrong answers as cells that nbclient does not run",
        *(_tagged("skip-execution"), 0, 0, ZEROS, WRONG_TWICE),
    ),
    _edit(
        "checks_that_may_fail",
        "tags the checks of wrong answers as cells that may raise exceptions",
        *(_tagged("raises-exception", "remove-output"), 0, 0, ZEROS, WRONG_TWICE),
    ),
    _edit("tags_of_numbers", "gives a number for the tags", _metadata("tags", 7)),
    _edit(
        "of_another_assignment",
        "holds the cells of another assignment",
        *(_of_another_assignment, 0, 0, ZEROS, WRONG_TWICE),
    ),
    _edit("names_of_odd_types", "gives lists and numbers for names", _odd_names, None, None),
    _edit("same_ids", "gives one id to all cells", _same_ids, None, None),
    _edit("upside_down", "has its cells in the opposite order", _upside_down, None, None),
    _edit("other_kernel", "asks for another kernel", _other_kernel),
    _edit(
        "metadata_of_30_mb", "carries 30 MB of metadata", _metadata("note", "x" * (2**21) * 2)
    ),
    _edit(
        "widgets_of_20_mb", "carries the state of widgets", _metadata("widgets", "x" * 2**21)
    ),
    _edit("many_cells", "has a hundred thousand cells more", _many_cells, slow=True),
    _edit("old_outputs", "carries 55 MB of outputs", _old_outputs),
    _edit("half_characters", "holds halves of characters", _halves(raw=False)),
    _edit(
        "half_characters_raw",
        "is written with halves of characters",
        *(_halves(raw=True), None, None),
        states=("graded", "unreadable"),
    ),
    Attack(
        "utf_16",
        "is written in UTF-16",
        _file(lambda root: _text(root).encode("utf-16")),
    ),
    Attack(
        "byte_order_mark",
        "begins with a byte order mark",
        _file(lambda root: _text(root).encode("utf-8-sig")),
    ),
    _broken(
        "cp_1251",
        "is written in another encoding, with Russian letters in it",
        lambda root: _text(root).encode("cp1251"),
        "UTF-8",
    ),
    _broken(
        "number_of_10000_digits",
        "holds a number of ten thousand digits",
        lambda root: b'{"nbformat": ' + b"9" * 10_000 + b"}",
        "",
    ),
    _broken("truncated", "ends half-way", lambda root: _text(root).encode()[:900], "JSON"),
    _broken("empty", "is empty", b"", ""),
    _broken("html", "is a web page", b"<!DOCTYPE html><html></html>", "HTML"),
    _broken("zip", "is an archive", b"PK\3\4" + bytes(100), ""),
    _broken("lists_only", "is lists, 100,000 levels deep", b"[" * 100_000, ""),
    Attack(
        "deep_metadata",
        "holds lists 100,000 levels deep in its metadata",
        _edited(_nested),
        ("graded", "unreadable"),
        None,
        None,
    ),
    _broken(
        "many_empty_lists",
        "is two million empty lists",
        lambda root: (
            b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [], "x": ['
            + b"[]," * 2_000_000
            + b"[]"
        ),
        "",
    ),
    _broken(
        "too_large", "has 70 MB", lambda root: _text(root).encode() + b" " * 70 * 2**20, ""
    ),
)
