"""What feedback shows and what it keeps to itself."""

import nbformat
import pytest

from course_utils.teaching.cleaning import clean
from course_utils.teaching.feedback import HideHiddenTests

HIDDEN = "assert f(1) == 2\n### BEGIN HIDDEN TESTS\nassert f(9) == 81\n### END HIDDEN TESTS"


def hidden_tests_removed(source, *, solution, outputs=()):
    metadata = {"nbgrader": {"grade": True, "solution": solution, "grade_id": "f"}}
    cell = nbformat.v4.new_code_cell(source, metadata=metadata, outputs=list(outputs))
    cell, _resources = HideHiddenTests().preprocess_cell(cell, {}, 0)
    return cell


def test_hidden_tests_and_the_traceback_that_quotes_them_are_left_out():
    error = nbformat.v4.new_output(
        "error", ename="AssertionError", evalue="", traceback=["----> assert f(9) == 81"]
    )
    cell = hidden_tests_removed(HIDDEN, solution=False, outputs=[error])
    assert cell.source == "assert f(1) == 2"
    assert "81" not in str(cell.outputs)


@pytest.mark.parametrize("source", [HIDDEN, "### BEGIN HIDDEN TESTS without an end"])
def test_a_student_who_writes_the_mark_does_not_stop_the_feedback(source):
    assert hidden_tests_removed(source, solution=True).source == source


@pytest.mark.parametrize(
    ("page", "gone"),
    [
        ("<script>alert(1)</script>", "<script"),
        ('<img src="x" onerror="alert(1)">', "onerror"),
        ('<a href="javascript:alert(1)">x</a>', "javascript"),
        ('<a href="data:text/html;base64,PHNjcmlwdD4=">x</a>', "data:"),
        ('<img src="data:text/html;base64,PHNjcmlwdD4=">', "data:"),
        ('<iframe src="https://example.org"></iframe>', "iframe"),
        ('<form action="https://example.org"><input></form>', "form"),
        ('<div style="position:fixed;top:0">x</div>', "position"),
        ("<svg><animate onbegin=alert(1)></svg>", "onbegin"),
    ],
)
def test_what_could_run_or_lead_astray_is_taken_out(page, gone):
    assert gone not in clean(page)


@pytest.mark.parametrize(
    "page",
    [
        '<img src="data:image/png;base64,AAAA" alt="a map">',
        '<a href="https://example.org">x</a>',
        "<details><summary>Hint</summary><p>x &lt; y</p></details>",
        '<table class="dataframe"><tbody><tr><td colspan="2">1</td></tr></tbody></table>',
        '<div style="color: red; margin: 4px 0;">x</div>',
    ],
)
def test_pictures_tables_and_hints_stay(page):
    assert clean(page) == page
