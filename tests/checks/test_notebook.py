"""The check in a real notebook: cards, pictures, one line in place of a traceback."""

# ruff: noqa: E501  small cells in one line each

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from course_utils.checks.kernel import MIME

SETUP = """
from course_utils import checks, session
session.start("en")
check = checks.for_assignment("metrics_and_loss")
import torch
import torch.nn.functional as F
"""
RIGHT = """
import sys, warnings

def counted(predicted, truth):
    return (predicted == truth)[truth != 255]

def pixel_accuracy(predicted, truth):
    warnings.warn("a warning")
    print("to stderr", file=sys.stderr)
    return counted(predicted, truth).float().mean()
"""
WRONG = """
def jaccard(predicted, truth, num_classes):
    print("<b>trace</b>")
    keep = truth != 255
    rows = [(predicted[keep] == k, truth[keep] == k) for k in range(num_classes)]
    return torch.stack([2 * (p & t).sum() / (p.sum() + t.sum()) for p, t in rows])
"""
CELLS = {
    "setup": SETUP,
    "right": RIGHT,
    "check right": 'check("pixel_accuracy", pixel_accuracy)',
    "wrong": WRONG,
    "check wrong": 'check("jaccard", jaccard)',
    "blank": "def mean_jaccard(batches, num_classes):\n    # YOUR CODE HERE\n    raise NotImplementedError()",
    "check blank": 'check("mean_jaccard", mean_jaccard)',
    "raises": "def voc_statistics(root, image_set):\n    names = open(root + '/names.txt')\n    return names",
    "check raises": 'check("voc_statistics", voc_statistics)',
    "first helper": "def helper(scores):\n    return F.softmax(scores, dim=1)",
    "banned": "def softmax(scores):\n    return helper(scores)",
    "check banned": 'check("softmax", softmax)',
    "mended helper": "def helper(s):\n    e = (s - s.amax(1, keepdim=True)).exp()\n    return e / e.sum(1, keepdim=True)",
    "check mended": 'check("softmax", softmax)',
    "compare": "own = softmax(torch.rand(1, 2, 3, 3))\nF.softmax(own, 1).shape",
    "check again": 'check("softmax", softmax)',
    "undefined": 'check("cross_entropy", cross_entropy)',
}  # fmt: skip


@pytest.fixture(scope="module")
def outputs():
    """What every cell of the notebook shows, by the cell's name; one kernel runs them all."""
    notebook = new_notebook(cells=[new_code_cell(source) for source in CELLS.values()])
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "",
        "language": "python",
    }
    client = NotebookClient(notebook, timeout=120, allow_errors=True)
    client.execute()
    nbformat.validate(notebook)
    return {name: cell.outputs for name, cell in zip(CELLS, notebook.cells, strict=True)}


def error(outputs):
    return next((output for output in outputs if output.output_type == "error"), None)


def shown(outputs, kind):
    return [output.data[kind] for output in outputs if kind in output.get("data", {})]


def test_a_right_answer_shows_a_green_card_and_nothing_on_stderr(outputs):
    cell = outputs["check right"]
    assert error(cell) is None
    assert [output.output_type for output in cell] == ["display_data"]
    assert "#2e7d32" in shown(cell, "text/html")[0]
    assert "✓ pixel_accuracy" in shown(cell, "text/plain")[0]


def test_a_wrong_answer_shows_a_card_a_picture_and_one_line_of_error(outputs):
    cell = outputs["check wrong"]
    assert "Dice" in shown(cell, "text/html")[0]
    assert len(shown(cell, "image/png")) == 1
    assert all("text/plain" in output.data for output in cell if "data" in output)
    assert error(cell).traceback == [f"✗ jaccard: {error(cell).evalue.splitlines()[0][11:]}"]
    assert error(cell).ename == "CheckFailed"
    assert not [output for output in cell if output.output_type == "stream"]


def test_what_a_student_printed_stands_escaped_in_the_card(outputs):
    html = shown(outputs["check wrong"], "text/html")[0]
    assert "&lt;b&gt;trace" in html
    assert "<b>trace" not in html


@pytest.mark.parametrize("name", ["check blank", "check raises", "check banned"])
def test_no_failing_check_shows_a_traceback(outputs, name):
    text = "\n".join(error(outputs[name]).traceback)
    assert len(text.splitlines()) == 1
    assert "Traceback" not in text


def test_a_blank_cell_is_not_written_yet(outputs):
    assert "not written yet" in error(outputs["check blank"]).traceback[0]


def test_an_exception_names_the_line_of_the_cell(outputs):
    text = shown(outputs["check raises"], "text/plain")[0]
    assert "FileNotFoundError" in text
    assert "In line 2 of your cell: names = open(root + '/names.txt')" in text


def test_a_ban_follows_the_helper_to_its_cell(outputs):
    text = shown(outputs["check banned"], "text/plain")[0]
    assert "torch.nn.functional.softmax" in text
    assert "line 2 of your cell: return F.softmax(scores, dim=1)" in text


def test_a_mended_helper_and_a_comparison_elsewhere_are_free(outputs):
    assert error(outputs["check mended"]) is None
    assert error(outputs["check again"]) is None


def test_the_request_of_a_hidden_test_is_answered_in_a_kernel(outputs):
    from course_utils.checks import grading

    source = grading.kernel_code(grading.make_request("metrics_and_loss", "pixel_accuracy", 9))
    cells = [new_code_cell("import torch\n" + RIGHT), new_code_cell(source)]
    notebook = new_notebook(cells=cells)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    (output,) = notebook.cells[1].outputs
    assert list(output.data) == [MIME]
    reply = grading.find_reply(notebook.cells[1].outputs)
    verdict = grading.judge("metrics_and_loss", "pixel_accuracy", 9, reply, [RIGHT])
    assert verdict.passed, verdict.text()
