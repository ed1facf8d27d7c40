"""The class's table, out of a gradebook prepared by hand."""

import csv
import io
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbgrader.api import Gradebook
from rich.console import Console

from course_utils.checks import exercise as assignments
from course_utils.checks import judging
from course_utils.i18n import speaking
from course_utils.teaching import class_table
from course_utils.teaching.class_table import Mark, Row, class_rows, table, write_csv
from course_utils.teaching.errors import CourseError
from course_utils.teaching.mistakes import KINDS, errors_of_cells, mistakes_in_words

VERDICT = {"passed": False, "mistake": "dice", "summary": "That is Dice.", "language": "en"}
REASONS = {"en": "Cell 2 ended.", "ru": "Ячейка 2 закончилась."}


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
    outcome = {"state": "crashed", "reason": REASONS["ru"], "reasons": REASONS}
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
        assert "jaccard: That is Dice." in shown
        assert "Cell 2 ended." in shown
        assert "?" in shown


def failed(kind, **verdict):
    return {"passed": False, "kind": kind, "mistake": None, "language": "ru", **verdict}


@pytest.mark.parametrize(
    ("verdict", "english", "russian"),
    [
        (failed("mistake", mistake="dice"), "That is Dice's coefficient", "Это мера Дайса"),
        (failed("time"), "an endless loop?", "бесконечный цикл?"),
        (failed("blank"), "not written", "не написано"),
        (failed("accuracy"), "not the right answer", "неверный ответ"),  # an exercise's own
        (failed("not run", summary="Ячейка 2"), "", ""),  # the reason of the hand-in says it
        ({"passed": True, "kind": "right"}, "", ""),
        ({}, "", ""),
        ({"passed": False, "summary": "Мера", "language": "ru"}, "", "Мера"),  # an older one
    ],
)
def test_what_is_wrong_is_said_in_the_language_in_use(verdict, english, russian):
    words = mistakes_in_words("metrics_and_loss")
    for language, expected in (("en", english), ("ru", russian)):
        with speaking(language):
            found = words("jaccard", verdict)
        assert found.startswith(expected.split(",")[0]) or expected in found
        assert bool(found) == bool(expected)


def test_a_sentence_is_cut_at_its_end_and_not_in_a_number_or_an_abbreviation():
    with speaking("ru"):
        for exercise in assignments.assignment("metrics_and_loss").values():
            for mistake in exercise.mistakes:
                verdict = failed("mistake", mistake=mistake.name)
                found = mistakes_in_words("metrics_and_loss")(exercise.name, verdict)
                assert found[-1] in ".)"
                assert len(found) < 170


def test_every_kind_of_verdict_that_the_checks_give_has_words():
    package = Path(judging.__file__).parent
    names = ("judging.py", "compare.py")
    text = "".join((package / name).read_text(encoding="utf-8") for name in names)
    calls = (
        r'(?:failed\(exercise, |_unlike\(\s*|Difference\(\s*|exercise\.name, False, )"([\w ]+)"'
    )
    found = set(re.findall(calls, text)) - {"not run"}
    assert len(found) > 10
    assert found <= set(KINDS)


def test_a_cell_that_leaves_no_function_says_why():
    cells = []
    for name, error in (
        ("jaccard", "SyntaxError"),
        ("softmax", "RuntimeError"),
        ("mean", None),
    ):
        cell = nbformat.v4.new_code_cell(
            "", metadata={"nbgrader": {"grade_id": f"{name}-solution"}}
        )
        if error:
            cell.outputs = [nbformat.v4.new_output("error", ename=error)]
        cells.append(cell)
    notebook = nbformat.v4.new_notebook(cells=cells)
    assert errors_of_cells(notebook) == {"jaccard": "syntax", "softmax": "stopped"}


def test_equal_words_stand_once(rows):
    marks = {name: Mark(name, 0, 2, words="not written") for name in ("a", "b")}
    console = Console(width=120, file=io.StringIO())
    console.print(table([Row("1", "Anna", "graded", marks=marks)], width=120))
    assert "a, b: not written" in console.file.getvalue()


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
    with pytest.raises(CourseError, match=r"expected the columns id, .* got name"):
        class_rows(tmp_path, "work")


def test_the_command_gives_its_reasons_in_the_language_of_the_locale(root, monkeypatch, capsys):
    assignment = SimpleNamespace(title={"ru": "Работа"})
    known = ("en", "ru")
    course = SimpleNamespace(root=root, languages=known, assignment=lambda name: assignment)
    monkeypatch.setattr(class_table.config, "load", lambda: course)
    monkeypatch.setenv("LC_ALL", "ru_RU.UTF-8")
    class_table.show("work", as_csv=True)
    lines = capsys.readouterr().out.splitlines()
    assert "проверка не завершилась" in next(line for line in lines if line.startswith("vera"))
    assert REASONS["ru"] in next(line for line in lines if line.startswith("boris"))
