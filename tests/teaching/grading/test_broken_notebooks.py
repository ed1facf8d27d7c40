"""Whatever a file holds, its hand-in ends in one state, and marks of it can be recorded.

No kernel here: what is under test comes before and after it.
"""

import json
import os
import random
import shutil

import nbformat
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from nbconvert.preprocessors import ExecutePreprocessor

from course_utils.teaching import config
from course_utils.teaching.grading.kit import load_config, make_kit
from course_utils.teaching.grading.recorder import Recorder
from course_utils.teaching.grading.worker import STATES, Job, grade
from course_utils.teaching.judge import Judge
from tests.teaching.grading.class_of import answered, gradebook

NAME = "metrics_and_loss"
EXAMPLES = 1000 if os.environ.get("COURSE_TEST_ALL") else 150
VALUES = [
    None,
    True,
    0,
    -1,
    10**30,
    1.5,
    "",
    "x",
    "\ud800",
    [],
    {},
    [None],
    {"a": None},
    [[[[]]]],
]


def no_kernel(self, notebook, resources, km=None):
    self.nb = notebook
    for index, cell in enumerate(notebook.cells):
        notebook.cells[index], resources = self.preprocess_cell(cell, resources, index)
    return notebook, resources


@pytest.fixture(scope="module")
def graded(released_course, tmp_path_factory):
    """grade(data, record) -> (result, the gradebook's row where it was recorded)."""
    root = tmp_path_factory.mktemp("broken") / "course"
    shutil.copytree(released_course, root)
    settings_of = load_config(root)
    kit = make_kit(config.load(root), NAME, settings_of)
    recorder = Recorder(root, settings_of, NAME)
    (root / "submitted" / "anna" / NAME).mkdir(parents=True)

    def run(data, record):
        result = grade(kit, Job("anna", {f"{NAME}.ipynb": data}, sandbox=False))
        if record:
            recorder.record("anna", result.notebooks)
        return result, gradebook(root)["anna"] if record else None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ExecutePreprocessor, "preprocess", no_kernel)
        patch.setattr(Judge, "execute_cell", lambda self, cell, *a, **k: cell)
        patch.setattr(Judge, "_ask", lambda *a, **k: None)
        yield run


@pytest.fixture(scope="module")
def whole(released_course):
    return json.loads(nbformat.writes(answered(released_course)))


def places(tree, path=()):
    """Every place in a JSON tree, as (container, key)."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in list(items):
        yield tree, key
        if isinstance(value, dict | list):
            yield from places(value)


def damaged(tree, draw):
    """The bytes of a notebook with some damage of a random kind done to it."""
    tree = json.loads(json.dumps(tree))
    for _time in range(draw.randint(0, 4)):
        container, key = draw.choice(list(places(tree)) or [({0: 0}, 0)])
        kind = draw.randrange(4)
        if kind == 0:
            del container[key]
        elif kind == 1:
            container[key] = draw.choice(VALUES)
        elif kind == 2 and isinstance(container, list):
            container.insert(key, json.loads(json.dumps(container[key])))
        else:
            other, place = draw.choice(list(places(tree)) or [({0: 0}, 0)])
            container[key] = json.loads(json.dumps(other[place]))
    data = json.dumps(tree, indent=draw.choice([None, 1])).encode()
    for _time in range(draw.choice([0, 0, 0, 1, 2])):
        at = draw.randrange(len(data) + 1)
        data = draw.choice(
            [data[:at], data[:at] + draw.randbytes(3) + data[at:], data[at:] + data[:at]]
        )
    return data.decode("utf-8", "replace").encode(
        draw.choice(["utf-8"] * 5 + ["utf-16", "cp1251"]), "replace"
    )


@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
@given(seed=st.integers(0, 2**32))
@example(seed=0)
def test_a_damaged_notebook_ends_in_one_state_and_can_be_recorded(graded, whole, seed):
    data = damaged(whole, random.Random(seed))
    result, marks = graded(data, record=seed % 5 == 0)
    assert result.state in STATES
    assert (result.reason == "") == (result.state == "graded")
    notebook = nbformat.reads(result.notebooks[NAME], as_version=4)
    nbformat.validate(notebook)
    names = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells]
    for name in ("jaccard", "own_test", "essay"):
        assert names.count(name) == 1
    if marks is not None:
        assert marks["grades"].keys() == {"jaccard", "own_test", "essay"}
        assert marks["grades"]["jaccard"][0] == 0  # no kernel answered


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 100,
        b"[" * 100_000,
        b'{"cells": ' * 50_000,
        b"<html>",
        b"null",
        b"[1]",
        b"PK\3\4",
    ],
    ids=["empty", "zeros", "lists", "dicts", "html", "null", "list", "zip"],
)
def test_what_is_no_notebook_is_unreadable_with_a_reason(graded, data):
    result, marks = graded(data, record=True)
    assert result.state == "unreadable"
    assert result.reason
    assert [grade[0] for grade in marks["grades"].values()] == [0, 0, 0]
    assert not any(grade[2] for grade in marks["grades"].values())  # nothing to mark by hand


def test_a_failure_in_our_own_steps_costs_one_hand_in_its_marks_not_the_run(graded, whole):
    data = json.dumps(whole).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Judge, "_sources", lambda *a: 1 / 0)
        result, marks = graded(data, record=True)
    assert result.state == "unreadable"
    assert "ZeroDivisionError" in result.reason
    assert marks["grades"]["jaccard"][0] == 0
