"""The class's table, out of a gradebook prepared by hand."""

import csv
import io
import shutil
from types import SimpleNamespace

import nbformat
import pytest
from nbgrader.api import Gradebook
from rich.console import Console

from course_utils.teaching import class_table
from course_utils.teaching.class_table import class_rows, table, write_csv
from course_utils.teaching.errors import CourseError

VERDICT = {"passed": False, "mistake": "dice", "summary": "That is Dice.", "language": "en"}


def graded_cell(name, verdict=None):
    metadata = {"nbgrader": {"grade_id": name, "grade": True, "points": 3.0}}
    if verdict:
        metadata["course"] = {"verdict": verdict}
    return nbformat.v4.new_code_cell("", metadata=metadata)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A class of seven. Anna: one right, one mistake, the essay unmarked; Boris: marked by
    hand, crashed; Vera: graded by nobody; Gleb: never handed in; Dan: a file of another name;
    Emma: HTML; Zoe: the grading was killed while her notebook ran."""
    tmp_path = tmp_path_factory.mktemp("course")
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as book:
        book.add_assignment("work")
        book.add_notebook("work", "work")
        for name in ("essay", "jaccard", "softmax"):
            book.add_grade_cell(name, "work", "work", max_score=3, cell_type="code")
        scores = {"anna": {"softmax": 3, "jaccard": 0}, "boris": {"softmax": 3, "jaccard": 0}}
        for student, given in scores.items():
            book.add_student(student, first_name=student.title())
            book.add_submission("work", student)
            for grade in book.find_submission_notebook("work", "work", student).grades:
                grade.auto_score = given.get(grade.name)
                grade.needs_manual_grade = grade.name not in given
                if student == "boris" and grade.name == "essay":
                    grade.manual_score, grade.needs_manual_grade = 2.5, False
        book.db.commit()
    outcome = {"state": "crashed", "reason": "Cell 2 ended."}
    ends = {
        "anna": {},
        "boris": {"outcome": outcome},
        "zoe": {"outcome": {"state": "not_graded", "reason": ""}},
    }
    for student, ended in ends.items():
        cells = [graded_cell("softmax"), graded_cell("jaccard", VERDICT), graded_cell("essay")]
        notebook = nbformat.v4.new_notebook(cells=cells, metadata={"course": ended})
        for step in ("submitted", "autograded"):
            folder = tmp_path / step / student / "work"
            folder.mkdir(parents=True)
            nbformat.write(notebook, folder / "work.ipynb")
    text = nbformat.writes(nbformat.v4.new_notebook())
    files = {"vera": ("work", text), "dan": ("work (1)", text), "emma": ("work", "<html>")}
    for student, (name, content) in files.items():
        folder = tmp_path / "submitted" / student / "work"
        folder.mkdir(parents=True)
        (folder / f"{name}.ipynb").write_text(content)
    (tmp_path / "roster.csv").write_text("id,last_name,first_name\ngleb,Orlov,Gleb\n")
    return tmp_path


@pytest.fixture(scope="module")
def rows(root):
    return {row.student: row for row in class_rows(root, "work")}


def test_nobody_is_missing(rows):
    assert sorted(rows) == ["anna", "boris", "dan", "emma", "gleb", "vera", "zoe"]


def test_an_unmarked_essay_waits_and_counts_nothing_yet(rows):
    anna = rows["anna"]
    assert {name: mark.points for name, mark in anna.marks.items()} == {
        "softmax": 3,
        "jaccard": 0,
        "essay": None,
    }
    assert (anna.total, anna.needs_marking, anna.mistakes) == (3, True, ["jaccard: dice"])


def test_a_mark_given_by_hand_counts(rows):
    boris = rows["boris"]
    assert (boris.total, boris.needs_marking, boris.state) == (5.5, False, "crashed")
    assert boris.reason == "Cell 2 ended."


@pytest.mark.parametrize(
    ("student", "state", "reason"),
    [
        ("vera", "not_graded", "run course grade again"),
        ("zoe", "not_graded", "run course grade again"),
        ("dan", "not_graded", "expected the file work.ipynb, got work (1).ipynb"),
        ("emma", "unreadable", "not a notebook: the file is HTML"),
        ("gleb", "absent", ""),
    ],
)
def test_a_hand_in_without_marks_has_a_state_and_a_reason(rows, student, state, reason):
    assert (rows[student].state, rows[student].marks) == (state, {})
    assert reason in rows[student].reason


def test_the_table_shows_marks_and_mistakes_at_any_width(rows):
    for width, heading in ((120, "jaccard"), (70, "2 jaccard")):
        console = Console(width=width, file=io.StringIO())
        console.print(table(list(rows.values()), "Work", width))
        shown = console.file.getvalue()
        assert heading in shown
        assert "jaccard: dice" in shown
        assert "?" in shown


def test_the_csv_can_be_read_back(rows):
    file = io.StringIO()
    write_csv(list(rows.values()), file)
    lines = {line["student"]: line for line in csv.DictReader(io.StringIO(file.getvalue()))}
    assert lines["anna"]["essay"] == ""
    assert lines["boris"]["essay"] == "2.5"
    assert lines["emma"]["reason"] == "not a notebook: the file is HTML"
    assert lines["gleb"]["name"] == "Orlov Gleb"


def test_an_assignment_that_was_never_generated_names_the_command(root, tmp_path):
    with pytest.raises(CourseError, match="nbgrader generate_assignment other"):
        class_rows(root, "other")
    with pytest.raises(CourseError, match="nbgrader generate_assignment work"):
        class_rows(tmp_path / "submitted", "work")


def test_a_roster_without_ids_is_named(root, tmp_path):
    shutil.copy(root / "gradebook.db", tmp_path)
    (tmp_path / "roster.csv").write_text("name\nAnna\n")
    with pytest.raises(CourseError, match="expected a column `id`, got name"):
        class_rows(tmp_path, "work")


def test_the_command_gives_its_reasons_in_the_courses_first_language(root, monkeypatch, capsys):
    assignment = SimpleNamespace(title={"ru": "Работа"})
    course = SimpleNamespace(root=root, languages=("ru",), assignment=lambda name: assignment)
    monkeypatch.setattr(class_table.config, "load", lambda: course)
    class_table.show("work", as_csv=True)
    [vera] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("vera")]
    assert "проверка не завершилась" in vera
