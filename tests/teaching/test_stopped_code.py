"""What was refused or ended while a hand-in was judged stands in "code to look at"."""

import linecache

import pytest
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from course_utils.checks import grading, kernel
from course_utils.i18n import speaking
from course_utils.teaching.judge import Judge
from course_utils.teaching.sandbox.limits import Limits, too_much_memory
from course_utils.teaching.stopped_code import stopped
from course_utils.teaching.suspicions import WHAT, LookAt
from tests.teaching.grading.class_of import NAME, RIGHT

FORKS = RIGHT.replace("    known", "    import os\n    os.fork()\n    known", 1)


def judging(*sources):
    judge = Judge()
    judge._imports, judge._language, judge._stopped, judge._timed_out = [], "en", {}, {}
    judge.km, judge._silence = None, None
    cells = [new_code_cell(source) for source in sources]
    judge.nb = new_notebook(cells=cells, metadata={"course": {}})
    return judge


def graded(source):
    """The notebook with jaccard's cell and its check, judged."""
    judge = judging(source, 'check("jaccard", jaccard)')
    check = judge.nb.cells[1]
    check.metadata["nbgrader"] = NotebookNode(grade_id="jaccard", grade=True, solution=False)
    names = {}
    exec(source, names)
    reply = kernel.reply(grading.make_request(NAME, "jaccard", 5), names)
    verdict = grading.judge(NAME, "jaccard", 5, reply, [source])
    judge._write_verdict(check, 1, verdict)
    return judge.nb


def test_a_process_that_was_refused_is_named_with_its_cell_and_line():
    notebook = graded(FORKS)
    notebook.cells[0].source = "\n" + FORKS  # a kernel counts without the empty line
    (place,) = stopped(notebook)
    line = FORKS.splitlines().index("    os.fork()") + 2
    assert (place.cell, place.line, place.code, place.what) == (1, line, "os.fork()", "refused")


@pytest.mark.parametrize("source", [RIGHT, RIGHT.replace("torch.zeros", "undefined")])
def test_what_is_right_or_wrong_and_refused_nothing_is_not_there(source):
    assert stopped(graded(source)) == []


def test_a_python_that_an_exercise_that_trains_started_is_named_with_its_cell_and_line():
    source = """
import subprocess, sys
def segment(images):
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return images[:, 0].byte() * 0
"""
    names = {}
    linecache.cache["<cell>"] = len(source), None, source.splitlines(keepends=True), "<cell>"
    exec(compile(source, "<cell>", "exec"), names)
    reply = kernel.reply(grading.make_request("fcn", "segment", 5), names)
    verdict = grading.judge("fcn", "segment", 5, reply, [source])
    assert verdict.kind == "mistake", verdict.text()  # all is background: it was judged
    judge = judging(source.strip(), 'check("segment", segment)')
    judge._write_verdict(judge.nb.cells[1], 1, verdict)
    (place,) = stopped(judge.nb)
    assert (place.cell, place.line, place.what) == (1, 3, "processes")
    assert place.code.startswith("subprocess.run")


def test_the_cell_in_which_a_limit_ended_the_kernel_is_named():
    judge = judging("x = 1", "\nheld = []\nwhile True: held.append('x')")
    judge._budget = NotebookNode(reason=too_much_memory(Limits()))
    with speaking("en"):
        judge._stop(judge.nb.cells[1], 1, judge._why())
    assert stopped(judge.nb) == [LookAt(2, 2, "held = []", "killed")]
    assert {"refused", "killed"} <= WHAT.keys()
