"""Grading by nbgrader's own command with our settings: hand-ins, each with a twist."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from course_utils.teaching.class_table import class_rows
from tests.teaching.attacks.ending import HANGS
from tests.teaching.attacks.hand_ins import ATTACKS
from tests.teaching.attacks.notebooks import (
    aged,
    by_grade_id,
    doubled,
    saved_by_colab,
    stripped,
    tampered,
    without,
)
from tests.teaching.grading.class_of import DICE, NAME, RIGHT, answered

pytestmark = pytest.mark.slow  # a kernel for each hand-in

WARNS = (
    RIGHT.replace(
        "    known",
        "    warnings.warn('careful')\n    print('noise', file=sys.stderr)\n    known",
    )
    + "import sys, warnings\nprint('loud', file=sys.stderr)\nwarnings.warn('old')\n"
)
LOUD_TWICE = "import sys\ndef twice(x):\n    print('hm', file=sys.stderr)\n    return 2 * x"

# Attempts to earn the points of a wrong answer; all there are: tests/teaching/attacks.
CHEATS = ("comparisons_patched", "cells_turned_into_pass", "asserts_removed", "reply_forged")
DEAF = f"import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n{HANGS}"
NONSENSE = """
kernel = get_ipython().kernel
kernel.session.send(kernel.iopub_socket, "display_data", {"odd": 1}, parent=kernel.get_parent())
"""


def hand_ins(root):
    """student -> what they hand in: a notebook, or the text or bytes of a file."""

    def make(*texts, language="en", **more):
        return answered(root, language, *(texts or [None]), **more)

    return {
        "right_en": make(RIGHT, essay="Because."),
        "right_ru": make(RIGHT, language="ru", essay="Потому что."),
        "colab": saved_by_colab(make(RIGHT)),
        "blank_en": make(twice=None),
        "blank_ru": make(twice=None, language="ru", essay="\n *Ваш  ответ.* \n\n"),
        "dice_en": make(DICE),
        "dice_ru": make(DICE, language="ru"),
        "warns": make(WARNS, LOUD_TWICE),
        "raises": make(RIGHT, "raise RuntimeError('no time')"),
        "exits": make(RIGHT, "import os\nos._exit(0)"),
        "exits_when_asked": make("import os\ndef jaccard(*a): os._exit(0)"),
        "quits": make(RIGHT, "quit()"),
        "hangs": make(HANGS + RIGHT),
        "deaf": make(RIGHT, DEAF),
        "nonsense": make(RIGHT, NONSENSE),
        "tampered": tampered(make(DICE)),
        "deleted": without(make(RIGHT), "jaccard", "own_test", "essay"),
        "all_deleted": without(make(RIGHT), "jaccard-solution", "jaccard", "essay"),
        "doubled": doubled(make(RIGHT, essay="Because.")),
        "stripped": stripped(make(RIGHT)),
        "aged": aged(make(RIGHT), 1),
        "future": aged(make(RIGHT), 99),
        "html": "<!DOCTYPE html><html></html>",
        "empty": "",
        "utf16": nbformat.writes(make(RIGHT)).encode("utf-16"),
        **{name: ATTACKS[name].files(root)[f"{NAME}.ipynb"] for name in CHEATS},
    }


@pytest.fixture(scope="module")
def graded(released_course, tmp_path_factory):
    """student -> (row of the table, autograded notebook); two gradebooks side by side."""
    work = tmp_path_factory.mktemp("graded")
    running = []
    roots = [work / "one", work / "two"]
    for root in roots:
        shutil.copytree(released_course, root)
    for number, (student, content) in enumerate(hand_ins(released_course).items()):
        folder = roots[number % 2] / "submitted" / student / NAME
        folder.mkdir(parents=True)
        if isinstance(content, nbformat.NotebookNode):
            content = json.dumps(content)
        data = content if isinstance(content, bytes) else content.encode()
        (folder / f"{NAME}.ipynb").write_bytes(data)
        (folder / "torch.py").write_text("raise SystemExit('a file beside the notebook')")
    for root in roots:
        command = [sys.executable, "-m", "nbgrader", "autograde", NAME, "--Judge.timeout=25"]
        with (root / "log.txt").open("w") as log:
            running.append(subprocess.Popen(command, cwd=root, stdout=log, stderr=log))
    for root, process in zip(roots, running, strict=True):
        assert process.wait(timeout=550) == 0, (root / "log.txt").read_text()[-5000:]
    return {
        row.student: (row, _autograded(root, row.student))
        for root in roots
        for row in class_rows(root, NAME)
    }


def _autograded(root: Path, student: str):
    return nbformat.read(root / "autograded" / student / NAME / f"{NAME}.ipynb", as_version=4)


def points(graded, student):
    row = graded[student][0]
    return [row.marks[name].points for name in ("jaccard", "own_test", "essay")]


@pytest.mark.parametrize("student", ["right_en", "right_ru", "doubled"])
def test_right_answers_earn_full_marks_and_the_essay_waits(graded, student):
    assert points(graded, student) == [3, 2, None]
    assert graded[student][0].needs_marking


@pytest.mark.parametrize("student", ["blank_en", "blank_ru"])
def test_a_blank_hand_in_earns_nothing_and_waits_for_nobody(graded, student):
    assert points(graded, student) == [0, 0, 0]
    assert not graded[student][0].needs_marking


def test_a_warning_costs_nobody_a_point(graded):
    assert points(graded, "warns") == [3, 2, 0]


@pytest.mark.parametrize("student", ["colab", "utf16", "aged", "future", "stripped", "deleted"])
def test_however_it_was_saved_it_is_graded_like_the_intact_one(graded, student):
    assert points(graded, student)[:2] == [3, 2]
    assert graded[student][0].state == "graded"


def test_deleted_exercises_are_put_back_and_earn_nothing(graded):
    assert points(graded, "all_deleted") == [0, 2, 0]


@pytest.mark.parametrize(("student", "language"), [("dice_en", "en"), ("dice_ru", "ru")])
def test_a_known_mistake_is_named_in_the_language_of_the_hand_in(graded, student, language):
    row, notebook = graded[student]
    assert row.mistakes == ["jaccard: dice"]
    verdict = by_grade_id(notebook, "jaccard").metadata.course.verdict
    assert (verdict.passed, verdict.language) == (False, language)
    words = "".join(by_grade_id(notebook, "jaccard").outputs[0].data["text/plain"])
    assert verdict.summary in words
    assert bool(set("абвгдежзийклмн") & set(words)) == (language == "ru")


@pytest.mark.parametrize("student", CHEATS)
def test_nothing_done_inside_the_kernel_earns_a_point(graded, student):
    assert points(graded, student)[0] == 0


def test_edited_points_outputs_and_verdicts_count_for_nothing(graded):
    row, notebook = graded["tampered"]
    assert (row.marks["jaccard"].points, row.marks["jaccard"].most) == (0, 3)
    assert row.marks["essay"].most == 4
    assert row.state == "graded"
    assert by_grade_id(notebook, "jaccard").source == 'check("jaccard", jaccard)'


def test_an_exception_in_a_cell_costs_that_cell_alone(graded):
    assert points(graded, "raises") == [3, 0, 0]
    assert graded["raises"][0].state == "graded"


@pytest.mark.parametrize("student", ["exits", "nonsense"])
def test_a_kernel_that_ends_keeps_the_points_before(graded, student):
    row, notebook = graded[student]
    assert points(graded, student) == [3, 0, 0]
    assert row.state == "crashed"
    assert "own_test-solution" in row.reason
    shown = by_grade_id(notebook, "own_test").outputs
    assert [output.output_type for output in shown] == ["error"]
    assert "own_test-solution" in shown[0].evalue


def test_a_kernel_that_ends_under_the_check_is_named_there(graded):
    row = graded["exits_when_asked"][0]
    assert (row.state, row.marks["jaccard"].points) == ("crashed", 0)
    assert "(jaccard)" in row.reason


def test_quitting_loses_no_points(graded):
    assert points(graded, "quits") == [3, 0, 0]


@pytest.mark.parametrize(("student", "expected"), [("hangs", [0, 2, 0]), ("deaf", [3, 0, 0])])
def test_a_cell_that_hangs_is_stopped_and_said(graded, student, expected):
    assert points(graded, student) == expected
    assert graded[student][0].state == "timed_out"


@pytest.mark.parametrize(
    ("student", "reason"), [("html", "the file is HTML"), ("empty", "empty file")]
)
def test_a_file_that_is_no_notebook_ends_as_a_row_with_the_reason(graded, student, reason):
    row, notebook = graded[student]
    assert (row.state, row.total, row.needs_marking) == ("unreadable", 0, False)
    assert reason in row.reason  # in the language in use; the notebook in the course's first
    assert notebook.metadata.course.outcome.reason in notebook.cells[0].source
    assert reason not in notebook.cells[0].source


def test_no_question_seed_or_answer_stays_in_a_notebook(graded):
    for student, (_row, notebook) in graded.items():
        text = nbformat.writes(notebook)
        assert "course_utils.checks.kernel" not in text
        assert student == "reply_forged" or "vnd.course.answers" not in text


def test_the_kernel_sees_no_secret_of_the_environment(released_course, tmp_path, monkeypatch):
    root = tmp_path / "course"
    shutil.copytree(released_course, root)
    notebook = answered(root, "en", "import os\nprint(sorted(os.environ))")
    folder = root / "submitted" / "spy" / NAME
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / f"{NAME}.ipynb")
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "secret")
    command = [sys.executable, "-m", "nbgrader", "autograde", NAME]
    subprocess.run(command, cwd=root, check=True, capture_output=True, timeout=200)
    printed = by_grade_id(_autograded(root, "spy"), "jaccard-solution").outputs[0].text
    assert "'PATH'" in printed
    assert "JUPYTERHUB_API_TOKEN" not in printed
