"""What goes to a worker, and what must not."""

import shutil
import sqlite3

import pytest
from nbgrader.api import Gradebook

from course_utils.teaching import config
from course_utils.teaching.errors import CourseError
from course_utils.teaching.grading.kit import load_config, make_kit, unpack
from course_utils.teaching.release import released_cells

NAME = "metrics_and_loss"


def kit_of(root):
    return make_kit(config.load(root), NAME, load_config(root))


def test_the_worker_knows_the_same_cells_and_no_student(small_course, tmp_path):
    with Gradebook(f"sqlite:///{small_course}/gradebook.db") as book:
        book.add_student("anna", last_name="Иванова")
    folder = unpack(kit_of(small_course), tmp_path / "worker")
    theirs, ours = (f"sqlite:///{root}/gradebook.db" for root in (folder, small_course))
    assert released_cells(theirs, NAME, NAME) == released_cells(ours, NAME, NAME)
    assert (
        sqlite3.connect(folder / "gradebook.db").execute("SELECT * FROM student").fetchall()
        == []
    )
    assert "Иванова".encode() not in (folder / "gradebook.db").read_bytes()
    assert not list(folder.rglob("solutions"))


def test_files_released_beside_the_notebook_go_along(small_course):
    (small_course / "solutions" / NAME / "data.csv").write_text("1,2")
    (small_course / "solutions" / NAME / "answers.py").write_text("secret")
    assert [name for name in kit_of(small_course).files if "beside" in name] == [
        "beside/data.csv"
    ]


def test_a_new_release_is_another_one_and_a_setting_is_not(small_course):
    before = kit_of(small_course)
    assert kit_of(small_course).released == before.released
    path = small_course / "nbgrader_config.py"
    path.write_text(path.read_text() + "\nc.Judge.timeout = 7\n")
    assert kit_of(small_course).released == before.released
    assert kit_of(small_course).digest != before.digest
    with Gradebook(f"sqlite:///{small_course}/gradebook.db") as book:
        book.find_grade_cell("jaccard", NAME, NAME).max_score = 30
        book.db.commit()
    assert kit_of(small_course).released != before.released


def test_an_assignment_that_was_never_generated_is_named_with_the_cure(small_course):
    (small_course / "gradebook.db").unlink()
    with pytest.raises(CourseError, match="nbgrader generate_assignment metrics_and_loss"):
        kit_of(small_course)


def test_settings_that_do_not_run_are_an_error_with_the_file(small_course):
    (small_course / "nbgrader_config.py").write_text("1 / 0")
    with pytest.raises(CourseError, match=r"nbgrader_config\.py: ZeroDivisionError"):
        load_config(small_course)
    shutil.rmtree(small_course / "solutions")
    (small_course / "nbgrader_config.py").unlink()
    with pytest.raises(CourseError, match="found no such file"):
        load_config(small_course)
