"""nbgrader's steps on one gradebook: the marks are nbgrader's, and on the disk all or none."""

import sqlite3
from contextlib import nullcontext

import nbformat
import pytest
from nbgrader import api
from nbgrader.converters import autograde
from nbgrader.preprocessors import latesubmissions, overwritecells, saveautogrades
from sqlalchemy import event

from course_utils.teaching.grading import gradebooks, recorder
from course_utils.teaching.grading.gradebooks import kept_open, written_together
from course_utils.teaching.grading.kit import load_config
from course_utils.teaching.grading.recorder import Recorder
from tests.teaching.grading.class_of import NAME, answered, gradebook, hand_in


@pytest.fixture
def url(tmp_path):
    url = f"sqlite:///{tmp_path}/gradebook.db"
    with api.Gradebook(url):
        pass
    return url


def students(url):
    """What somebody else reads from the disk."""
    database = sqlite3.connect(url.removeprefix("sqlite:///"))
    try:
        return [name for (name,) in database.execute("SELECT id FROM student ORDER BY id")]
    finally:
        database.close()


def test_steps_see_what_they_wrote_and_others_see_it_when_all_is_done(url):
    with written_together(url):
        with autograde.Gradebook(url) as first:
            first.add_student("anna")
        with latesubmissions.Gradebook(url, "default_course") as second:
            assert second.find_student("anna").id == "anna"
            second.add_student("oleg")
        assert students(url) == []
    assert students(url) == ["anna", "oleg"]


def test_a_step_that_raises_leaves_nothing(url):
    def add_and_raise():
        with autograde.Gradebook(url) as book:
            book.add_student("anna")
        raise KeyError("late")

    with pytest.raises(KeyError), written_together(url):
        add_and_raise()
    assert students(url) == []


def test_a_step_that_takes_something_back_leaves_nothing_and_says_so(url):
    def twice():
        with autograde.Gradebook(url) as book:
            book.add_student("anna")
        with autograde.Gradebook(url) as book:
            book.add_student("oleg")
            book.db.rollback()

    with pytest.raises(RuntimeError, match="took back"), written_together(url):
        twice()
    assert students(url) == []
    with api.Gradebook(url) as book:  # nothing is locked
        book.add_student("vera")
    assert students(url) == ["vera"]


def test_afterwards_the_steps_open_gradebooks_as_ever(url):
    with written_together(url), kept_open(url):
        assert autograde.Gradebook is not api.Gradebook
    modules = (autograde, saveautogrades, latesubmissions, overwritecells)
    assert {module.Gradebook for module in modules} == {api.Gradebook}


def test_another_gradebook_is_another_one(url, tmp_path):
    other = f"sqlite:///{tmp_path}/other.db"
    with written_together(url), kept_open(url):
        for module in (autograde, overwritecells):
            with module.Gradebook(other) as book:
                assert str(book.engine.url) == other


def judged(root, student, points):
    """A judged notebook as a worker sends it: the check passed, or it did not."""
    hand_in(root, student, answered(root))
    notebook = answered(root, essay="Because.")
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "jaccard":
            failed = nbformat.v4.new_output("error", ename="E", evalue="", traceback=[])
            cell.outputs = [] if points else [failed]
    return {NAME: nbformat.writes(notebook)}


def recorded(root):
    """Record a class, each hand-in twice, late ones and all; the gradebook."""
    book = Recorder(root, load_config(root), NAME)
    for student, points in (("anna", 3), ("oleg", 0), ("anna", 3), ("vera", 3)):
        notebooks = judged(root, student, points)
        if student == "vera":
            path = root / "submitted" / "vera" / NAME / "timestamp.txt"
            path.write_text("2026-01-01 10:00:00 UTC")
        book.record(student, notebooks)
    return gradebook(root)


def test_the_gradebook_is_what_nbgrader_writes_step_by_step(small_course, monkeypatch):
    ours = recorded(small_course)
    (small_course / "gradebook.db").rename(small_course / "ours.db")
    kept = sqlite3.connect(small_course / "ours.db")
    kept.executescript(
        "".join(f"DELETE FROM {table};" for table in ("grade", "comment", "submitted_notebook"))
        + "DELETE FROM submitted_assignment; DELETE FROM student;"
    )
    kept.close()
    (small_course / "ours.db").rename(small_course / "gradebook.db")
    monkeypatch.setattr(recorder, "written_together", lambda _url: nullcontext())
    assert recorded(small_course) == ours
    assert ours["anna"]["grades"]["jaccard"] == (3, None, False)
    assert ours["oleg"]["grades"]["jaccard"] == (0, None, False)
    assert ours["vera"]["timestamp"].year == 2026


def test_a_hand_in_costs_one_commit(small_course, monkeypatch):
    book = Recorder(small_course, load_config(small_course), NAME)
    book.record("anna", judged(small_course, "anna", 3))
    commits = []
    engine = api.create_engine(book._autograde.coursedir.db_url, echo=False, future=True)
    event.listen(engine, "commit", commits.append)
    book.record("oleg", judged(small_course, "oleg", 3))
    assert len(commits) <= 2  # opening it is one
    commits.clear()
    monkeypatch.setattr(recorder, "written_together", lambda _url: nullcontext())
    book.record("vera", judged(small_course, "vera", 3))
    assert len(commits) > 5


def test_grades_are_found_at_once_and_what_is_missing_is_missing(small_course):
    url = f"sqlite:///{small_course}/gradebook.db"
    Recorder(small_course, load_config(small_course), NAME).record(
        "anna", judged(small_course, "anna", 3)
    )
    whose = NAME, NAME, "anna"
    with api.Gradebook(url) as book:
        grade = book.find_grade("jaccard", *whose).id
        comment = book.find_comment("jaccard-solution", *whose).id
    with written_together(url), saveautogrades.Gradebook(url) as book:
        assert book.find_grade("jaccard", *whose).id == grade
        assert book.find_comment("jaccard-solution", *whose).id == comment
        for find in (book.find_grade, book.find_comment):
            with pytest.raises(api.MissingEntry):
                find("nothing", *whose)
            with pytest.raises(api.MissingEntry):
                find("jaccard", NAME, NAME, "nobody")


def test_a_release_is_asked_once(small_course):
    url = f"sqlite:///{small_course}/gradebook.db"
    engine = api.create_engine(url, echo=False, future=True)
    asked = []
    event.listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    for _hand_in in range(3):
        with kept_open(url), overwritecells.Gradebook(url) as book:
            cell = book.find_source_cell("jaccard", NAME, NAME)
            assert cell.locked
            assert book.find_graded_cell("jaccard", NAME, NAME).max_score == 3
            assert "jaccard" in {c.name for c in book.find_notebook(NAME, NAME).source_cells}
            with pytest.raises(api.MissingEntry):
                book.find_source_cell("nothing", NAME, NAME)
        counted, asked[:] = len(asked), []
    assert counted == 1  # what is missing is asked for again
    gradebooks._kept.cache_clear()
