"""Essays that nobody has written: the hand-in cell says so while there is time."""

import json
from pathlib import Path

import pytest

from course_utils import essays
from course_utils.i18n import speaking

REPOSITORY = Path(__file__).parents[1]
PAGES = sorted(REPOSITORY.glob("assignments/*/*/*.ipynb"))


def page(*texts, name="essay"):
    """A notebook with a question and these answers to it."""
    question = {"cell_type": "markdown", "metadata": {}, "source": "## Why?"}
    answers = [
        {"cell_type": "markdown", "metadata": {"nbgrader": {"grade_id": name}}, "source": text}
        for text in texts
    ]
    return {"nbformat": 4, "metadata": {}, "cells": [question, *answers]}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: "/".join(path.parts[-3:-1]))
def test_every_released_essay_is_known_for_untouched(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    (sentence,) = essays.warnings(notebook, ["essay"])
    assert "essay" in sentence
    cell = next(c for c in notebook["cells"] if "".join(c["source"]) in essays.STUBS.values())
    cell["source"] = "The background is large."
    assert essays.warnings(notebook, ["essay"]) == []


@pytest.mark.parametrize("stub", essays.STUBS.values())
@pytest.mark.parametrize("change", ["{}", " {}\n", "{}\n\n"])
def test_white_space_is_no_answer(stub, change):
    (sentence,) = essays.warnings(page(change.format(stub)), ["essay"])
    assert sentence.startswith(
        f"The answer to essay is not written: its cell, 2, still says “{stub[1:-1]}"
    )


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_cell_is_no_answer(text):
    assert "is empty" in essays.warnings(page(text), ["essay"])[0]


@pytest.mark.parametrize("text", ["No.", "*Your answer.* Because", ["a\n", "b"]])
def test_anything_else_is_an_answer(text):
    assert essays.warnings(page(text), ["essay"]) == []


def test_one_copy_with_an_answer_is_enough():
    assert essays.warnings(page(essays.STUBS["en"], "Because"), ["essay"]) == []


def test_a_cell_that_is_gone_is_named():
    assert "is not there" in essays.warnings(page("x", name="other"), ["essay"])[0]


def test_without_marks_the_stub_tells():
    for text, count in ((essays.STUBS["ru"], 1), ("Потому что", 0)):
        notebook = page(text)
        for cell in notebook["cells"]:
            cell["metadata"] = {}
        assert len(essays.warnings(notebook, ["essay"])) == count


@pytest.mark.parametrize(
    "broken", [{"source": None}, {"metadata": 3}, {}, {"metadata": {"nbgrader": 1}}]
)
def test_odd_cells_are_passed_over(broken):
    assert essays.warnings({"cells": [broken]}, ["essay"]) == []


def test_no_notebook_no_essay_no_word():
    assert essays.warnings(None, ["essay"]) == []
    assert essays.warnings(page(""), []) == []


def test_it_is_said_in_russian():
    with speaking("ru"):
        (sentence,) = essays.warnings(page(essays.STUBS["ru"]), ["essay"])
    assert sentence.startswith("Ответ на вопрос (essay) не написан: в его ячейке, 2, всё ещё")
