"""One page of feedback, made by nbgrader's converter out of a graded notebook."""

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.converters import GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from traitlets.config.loader import PyFileConfigLoader

CARD = '<div style="border-left:6px solid red"><b>jaccard</b> That is Dice.</div>'


def cell(make, name, source="", **metadata):
    nbgrader = {"grade_id": name, "locked": False, "schema_version": 3, "task": False}
    return make(source, metadata={"nbgrader": nbgrader | metadata.pop("nbgrader"), **metadata})


def graded_notebook(language):
    new = nbformat.v4
    verdict = {"passed": False, "mistake": "dice", "summary": "s", "language": language}
    check = cell(
        *(new.new_code_cell, "jaccard", 'check("jaccard", jaccard)'),
        nbgrader={"grade": True, "solution": False, "points": 3.0},
        course={"verdict": verdict},
    )
    check.outputs = [
        new.new_output("display_data", {"text/html": CARD, "text/plain": "That is Dice."}),
        new.new_output("error", ename="CheckFailed", evalue="", traceback=["TWICE THE SAME"]),
    ]
    essay = cell(
        *(new.new_markdown_cell, "essay", "My <script>alert(1)</script> **answer**"),
        nbgrader={"grade": True, "solution": True, "points": 4.0},
    )
    own = new.new_code_cell("draw()", outputs=[])
    own.outputs = [
        new.new_output("display_data", {"text/html": "<script>alert(2)</script><b>own</b>"}),
        new.new_output("display_data", {"application/javascript": "alert(3)"}),
        new.new_output("display_data", {"image/png": "AAAA", "text/plain": "figure"}),
        new.new_output("stream", text="<script>alert(4)</script>"),
    ]
    course = {"language": language, "outcome": {"state": "crashed", "reason": "Cell 7 ended."}}
    return new.new_notebook(cells=[own, check, essay], metadata={"course": course})


@pytest.fixture
def page(tmp_path, request):
    root = tmp_path / "course"
    folder = root / "autograded" / "anna" / "work"
    folder.mkdir(parents=True)
    nbformat.write(graded_notebook(request.param), folder / "work.ipynb")
    with Gradebook(f"sqlite:///{root}/gradebook.db") as book:
        book.add_assignment("work")
        book.add_notebook("work", "work")
        book.add_grade_cell("jaccard", "work", "work", max_score=3, cell_type="code")
        book.add_grade_cell("essay", "work", "work", max_score=4, cell_type="markdown")
        book.add_solution_cell("essay", "work", "work")
        book.add_student("anna")
        book.add_submission("work", "anna")
        for grade in book.find_submission_notebook("work", "work", "anna").grades:
            grade.auto_score = 0 if grade.name == "jaccard" else None
            grade.needs_manual_grade = grade.name == "essay"
        book.db.commit()
    here = request.path.parents[2]
    config = PyFileConfigLoader("nbgrader_config.py", path=str(here)).load_config()
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.assignment_id = "work"
    GenerateFeedback(coursedir=CourseDirectory(config=config), config=config).start()
    return (root / "feedback" / "anna" / "work" / "work.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", ["en"], indirect=True)
def test_the_page_shows_the_verdict_once_and_no_script_of_a_student(page):
    assert CARD in page
    assert "TWICE THE SAME" not in page
    for number in (1, 2, 3):
        assert f"<script>alert({number})" not in page
    assert "alert(3)" not in page
    assert "&lt;script&gt;alert(4)" in page
    assert "<strong>answer</strong>" in page
    assert "<b>own</b>" in page
    assert "data:image/png;base64,AAAA" in page


@pytest.mark.parametrize("page", ["en"], indirect=True)
def test_the_page_says_how_the_hand_in_ended_and_what_waits(page):
    assert "Cell 7 ended." in page
    assert "Points: not marked yet / 4.0" in page
    assert "Points: 0.0 / 3.0" in page


@pytest.mark.parametrize("page", ["ru"], indirect=True)
def test_the_page_speaks_the_language_of_the_hand_in(page):
    assert 'lang="ru"' in page
    assert "Ваш" in page or "Развёрнутый ответ" in page
    assert "Points" not in page
