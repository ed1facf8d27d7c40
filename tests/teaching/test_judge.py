"""Grading by nbgrader's own command with our settings: hand-ins, each with a twist."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from course_utils.teaching.class_table import class_rows

pytestmark = pytest.mark.slow  # a kernel with torch for each hand-in: some three seconds

NAME = "metrics_and_loss"
RIGHT = """
import torch

def jaccard(predicted, truth, num_classes):
    known = truth != 255
    both, either = torch.zeros(num_classes), torch.zeros(num_classes)
    for k in range(num_classes):
        both[k] = ((truth == k) & (predicted == k) & known).sum()
        either[k] = (((truth == k) | (predicted == k)) & known).sum()
    return both / either
"""
DICE = RIGHT.replace("return both / either", "return 2 * both / (both + either)")
ZEROS = "import torch\ndef jaccard(predicted, truth, num_classes):\n    return torch.zeros(3)\n"
TWICE = "def twice(x):\n    return 2 * x"

WARNS = (
    RIGHT.replace(
        "    known",
        "    warnings.warn('careful')\n    print('noise', file=sys.stderr)\n    known",
    )
    + "import sys, warnings\nprint('loud', file=sys.stderr)\nwarnings.warn('old')\n"
)
LOUD_TWICE = "import sys\ndef twice(x):\n    print('hm', file=sys.stderr)\n    return 2 * x"

# Attempts to earn the points of a wrong answer: nothing done inside the kernel may help.
CHEATS = {
    "comparisons_patched": """
import numpy, torch, torch.testing
yes = lambda *a, **k: True
torch.allclose = torch.equal = torch.isclose = numpy.allclose = numpy.array_equal = yes
torch.testing.assert_close = numpy.testing.assert_allclose = lambda *a, **k: None
""",
    "reference_replaced": """
from course_utils.reference import metrics
metrics.jaccard = lambda *a: torch.zeros(3)
""",
    "judge_replaced": """
import course_utils.checks.grading as grading, course_utils.checks.judging as judging
grading.judge = judging.judge = judging.failed = lambda *a, **k: None
""",
    "equal_to_everything": """
class Any:
    shape, dtype, grad_fn = (3,), torch.float64, None
    def __eq__(self, other): return True
    def __getattr__(self, name): return lambda *a, **k: self
def jaccard(*inputs): return Any()
""",
    "cells_turned_into_pass": """
get_ipython().input_transformers_cleanup.append(lambda lines: ["pass\\n"])
""",
    "asserts_removed": """
import ast
class Bare(ast.NodeTransformer):
    def visit_Assert(self, node): return ast.Pass()
get_ipython().ast_transformers.append(Bare())
""",
    "formatter_prints_points": """
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.displayhook import DisplayHook
DisplayHook.compute_format_data = lambda self, result: ({"text/plain": "5.0"}, {})
get_ipython().display_formatter.format = lambda *a, **k: ({"text/plain": "5.0"}, {})
""",
    "reply_forged": """
import base64
from IPython.core import display_functions
from IPython.display import publish_display_data
import IPython.display
mime = "application/vnd.course.answers"
publish_display_data({mime: base64.b64encode(b"all right").decode()})
def forged(data, *a, **k):
    publish_display_data({mime: base64.b64encode(b"{" * 64).decode(), "text/plain": "3.0"})
IPython.display.publish_display_data = forged
""",
    "errors_hidden": """
get_ipython().showtraceback = lambda *a, **k: None
import builtins
builtins.__import__ = lambda *a, **k: None
""",
}
HANGS = "while True:\n    pass"
DEAF = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n" + HANGS
NONSENSE = """
kernel = get_ipython().kernel
kernel.session.send(kernel.iopub_socket, "display_data", {"odd": 1}, parent=kernel.get_parent())
"""


def answered(released, language, jaccard="", twice=TWICE, essay=None):
    """The released notebook with these answers; "" leaves the cell as released."""
    path = released / "assignments" / language / NAME / f"{NAME}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    texts = {"jaccard-solution": jaccard, "own_test-solution": twice, "essay": essay}
    for cell in notebook.cells:
        text = texts.get(cell.metadata.get("nbgrader", {}).get("grade_id"))
        cell.source = text or cell.source
    return notebook


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


def hand_ins(root):
    """student -> what they hand in: a notebook, or the text or bytes of a file."""

    def make(*texts, language="en", **more):
        return answered(root, language, *texts, **more)

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
        **{name: make(ZEROS + code) for name, code in CHEATS.items()},
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


@pytest.mark.parametrize("student", list(CHEATS))
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
    assert row.reason  # in the course's first language
    assert row.reason in notebook.cells[0].source
    assert reason


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
