"""Answers in cells of the student's own, several in one: both roads credit all of them."""

import contextlib
import copy
import json
import random
import re
from dataclasses import replace

import nbformat
import pytest

from course_utils.teaching import config
from course_utils.teaching.doctor.examine import Doctor
from course_utils.teaching.doctor.known import Known
from course_utils.teaching.doctor.mending import mend
from course_utils.teaching.release import released_notebooks
from tests.conftest import REPOSITORY
from tests.teaching.doctor.damages import named, own, place

NAME = "metrics_and_loss"
_TOLD_APART = re.compile(r"^(def|class|check|jaccard)\b", re.MULTILINE)  # no data, no session
EXERCISES = ("voc_statistics", "pixel_accuracy", "jaccard", "mean_jaccard", "softmax")
SIX = (*EXERCISES, "cross_entropy")


def known_of(assignment=NAME):
    return Known.of(released_notebooks(REPOSITORY, assignment, assignment))


def released(assignment=NAME, language="en"):
    return json.loads(json.dumps(known_of(assignment).notebooks[language]))


def answers(*names):
    return "\n\n\n".join(f"def {name}(*given):\n    return 'mine'" for name in names)


def as_graded(notebook, assignment=NAME, seed=0):
    """What grading makes of it: its gradebook promises no order of the cells."""
    known = known_of(assignment)
    cells = list(known.cells.items())
    random.Random(seed).shuffle(cells)
    mended = nbformat.from_dict(copy.deepcopy(notebook))
    mend(mended, replace(known, cells=dict(cells)), "en")
    return mended


def as_mended(notebook, assignment, tmp_path):
    """What `course doctor --repair` makes of it."""
    path = tmp_path / f"{assignment}.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return Doctor(config.load(REPOSITORY)).examine(path, assignment).notebook


def credited(notebook):
    """Exercises whose check, run in its turn, is given the student's own function."""
    asked = {}

    def check(exercise, *given):
        with contextlib.suppress(NotImplementedError):
            asked[exercise] = given[0]()

    names = {"check": check}
    for cell in notebook.cells:
        if cell.cell_type == "code" and _TOLD_APART.search(cell.source):
            with contextlib.suppress(Exception):
                exec(cell.source, names)
    return {name for name, said in asked.items() if said == "mine"}


def at_top(notebook, cell):
    notebook["cells"].insert(0, cell)


def at_bottom(notebook, cell):
    notebook["cells"].append(cell)


def above_the_stubs(notebook, cell):
    notebook["cells"].insert(place(notebook, "voc_statistics-solution"), cell)


def in_the_first_answer(notebook, cell):
    named(notebook, "voc_statistics-solution")["source"] = cell["source"]


def in_the_last_answer(notebook, cell):
    named(notebook, "cross_entropy-solution")["source"] = cell["source"]


def in_a_copy_of_an_answer(notebook, cell):
    at = place(notebook, "jaccard-solution")
    notebook["cells"].insert(at, copy.deepcopy(notebook["cells"][at]) | cell)
    notebook["cells"][at]["metadata"] = notebook["cells"][at + 1]["metadata"]


@pytest.mark.parametrize("exercises", [SIX[:2], SIX[3:5], SIX], ids=len)
@pytest.mark.parametrize(
    "put",
    [
        *(at_top, at_bottom, above_the_stubs),  # in a cell of the student's own
        *(in_the_first_answer, in_the_last_answer, in_a_copy_of_an_answer),
    ],
)
def test_every_answer_in_one_cell_is_credited_in_both_ways(tmp_path, put, exercises):
    notebook = released()
    put(notebook, own(answers(*exercises)))
    graded = [as_graded(notebook, seed=seed) for seed in range(3)]
    mended = as_mended(notebook, NAME, tmp_path)
    assert [credited(one) for one in (*graded, mended)] == [set(exercises)] * 4
    sources = [[cell.source for cell in one.cells] for one in (*graded, mended)]
    assert sources[1:] == sources[:1] * 3
    assert as_mended(json.loads(nbformat.writes(mended)), NAME, tmp_path) == mended
    assert sum("def jaccard" in source for source in sources[0]) == 1


def test_of_answers_written_twice_the_last_that_runs_is_the_one(tmp_path):
    notebook = released()
    at_top(notebook, own(answers("jaccard").replace("mine", "old")))
    at_top(notebook, own(answers("softmax").replace("mine", "old")))
    at_bottom(notebook, own(answers("jaccard", "softmax")))
    for one in (as_graded(notebook), as_mended(notebook, NAME, tmp_path)):
        assert credited(one) == {"jaccard", "softmax"}


MINE = "def my_jaccard(*given):\n    return 'mine'\n\n"
LAMBDA = "jaccard = lambda *given: 'mine'"
WRAPPED = "def wrap(f):\n    return f\n\n@wrap\ndef jaccard(*given):\n    return 'mine'"


@pytest.mark.parametrize(
    "code",
    [f"{MINE}jaccard = my_jaccard", LAMBDA, WRAPPED],
    ids=["another name", "lambda", "decorated"],
)
@pytest.mark.parametrize("put", [at_top, at_bottom])
def test_a_function_given_a_name_is_an_answer_too(tmp_path, code, put):
    notebook = released()
    put(notebook, own(code))
    for one in (as_graded(notebook), as_mended(notebook, NAME, tmp_path)):
        assert credited(one) == {"jaccard"}


@pytest.mark.parametrize("assignment", ["fcn", "unet", "dilated"])
@pytest.mark.parametrize("put", [at_top, at_bottom])
def test_what_the_check_asks_for_is_enough(tmp_path, assignment, put):
    """The stub defines a function for the training as well; the check never asks for it."""
    notebook = released(assignment)
    put(notebook, own(answers("my_training", "segment")))
    for one in (as_graded(notebook, assignment), as_mended(notebook, assignment, tmp_path)):
        assert credited(one) == {"segment"}


def test_an_untouched_notebook_and_an_experiment_keep_every_stub(tmp_path):
    notebook = released()
    at_bottom(notebook, own("jaccard_of_mine = 3\nsoftmax = softmax_values = [1, 2]"))
    for one in (as_graded(notebook), as_mended(notebook, NAME, tmp_path)):
        assert [cell.source for cell in one.cells] == [c["source"] for c in notebook["cells"]]


def test_the_repair_says_what_it_dropped_and_where_the_answers_stand(tmp_path):
    notebook = released()
    at_bottom(notebook, own(answers(*SIX)))
    mended = nbformat.from_dict(notebook)
    found = [(f.kind, f.values.get("name")) for f in mend(mended, known_of(), "en")]
    assert sum(kind == "blank_copy" for kind, _name in found) == 6
    assert {name for kind, name in found if kind == "answer_shared"} == {
        f"{name}-solution" for name in SIX[1:]
    }
