"""`course grade`: what it grades, what it leaves alone, what it says."""

import sqlite3

import nbformat
import pytest
from filelock import FileLock
from nbgrader.api import Gradebook
from rich.console import Console

from course_utils.teaching import config
from course_utils.teaching.class_table import class_rows
from course_utils.teaching.grading.ledger import Ledger
from course_utils.teaching.grading.run import Grading, _Run
from course_utils.teaching.judge import Judge
from tests.teaching.grading.class_of import (
    DICE,
    NAME,
    RIGHT,
    answered,
    course,
    gradebook,
    hand_in,
    scores,
)

pytestmark = pytest.mark.slow  # workers with torch, kernels


def attempts(root, student):
    database = sqlite3.connect(root / "grading" / NAME / "ledger.db")
    rows = database.execute(
        "SELECT stage FROM attempts WHERE student = ? ORDER BY id", (student,)
    )
    return [stage for (stage,) in rows]


def test_a_class_is_asked_the_same_and_the_next_run_something_else(small_course, tmp_path):
    for student in ("anna", "oleg"):
        hand_in(small_course, student, answered(small_course))
    grading = Grading(config.load(small_course), NAME)
    secrets = []
    for number in range(2):
        with Ledger(tmp_path / f"{number}.db").closing() as ledger:
            jobs = _Run(grading, ledger, Console())._jobs(grading._hand_ins(()), {})
            (secret,) = {job.secret for _key, (job,) in jobs}
        secrets.append(secret)
    assert secrets[0] != secrets[1]
    assert min(map(len, secrets)) >= 32


def test_the_judge_draws_from_the_secret_or_for_each_hand_in_anew():
    exercise = NAME, "jaccard"
    same = {Judge(secret="a secret")._seed(*exercise) for _hand_in in range(3)}
    assert len(same) == 1
    assert Judge(secret="another")._seed(*exercise) not in same
    assert len({Judge()._seed(*exercise) for _hand_in in range(3)}) == 3


def test_a_class_is_graded_once_and_again_only_where_something_changed(small_course):
    hand_in(small_course, "anna", answered(small_course, essay="Because."))
    hand_in(small_course, "oleg", answered(small_course, "ru", DICE))
    hand_in(small_course, "vera", "<!DOCTYPE html><html></html>")
    hand_in(small_course, "ilya", answered(small_course), name="hw (1).ipynb")
    hand_in(small_course, "yulia", answered(small_course), name="first.ipynb")
    hand_in(small_course, "yulia", answered(small_course), name="second.ipynb")
    (small_course / "submitted" / "anna" / NAME / "timestamp.txt").write_text("yesterday")
    done = course(small_course, "grade", NAME)
    assert scores(small_course) == {
        "anna": (3, 2),
        "oleg": (0, 2),
        "vera": (0, 0),
        "ilya": (3, 2),
        "yulia": (3, 2),  # of two with answers the later one
    }
    assert "5 graded now, 0 before" in done.stderr
    assert "jaccard: Это мера Дайса" in done.stdout
    rows = {row.student: row for row in class_rows(small_course, NAME)}
    assert rows["anna"].needs_marking
    assert rows["vera"].state == "unreadable"

    with Gradebook(f"sqlite:///{small_course}/gradebook.db") as book:  # a person marks
        grade = book.find_grade("essay", NAME, NAME, "anna")
        grade.manual_score, grade.needs_manual_grade = 3, False
        book.db.commit()
    before = gradebook(small_course)
    hand_in(small_course, "oleg", answered(small_course, "ru", RIGHT))
    done = course(small_course, "grade", NAME)
    assert "1 graded now, 4 before" in done.stderr
    assert scores(small_course)["oleg"] == (3, 2)
    assert attempts(small_course, "oleg") == ["recorded", "recorded"]
    assert attempts(small_course, "anna") == ["recorded"]
    assert {**gradebook(small_course), "oleg": None} == {**before, "oleg": None}

    done = course(
        small_course, "grade", NAME, "--students", "vera,anna", "--rerun", "unreadable"
    )
    assert "1 graded now, 1 before" in done.stderr
    assert attempts(small_course, "vera") == ["recorded", "recorded"]

    (small_course / "gradebook.db").rename(small_course / "lost.db")  # and restored by nobody
    done = course(small_course, "grade", NAME, check=False)
    assert done.returncode == 1
    assert "nbgrader generate_assignment" in done.stderr


def test_marks_lost_with_the_gradebook_are_recorded_again_without_a_kernel(small_course):
    hand_in(small_course, "anna", answered(small_course))
    saved = (small_course / "gradebook.db").read_bytes()
    course(small_course, "grade", NAME, "-q")
    marks = gradebook(small_course)
    (small_course / "gradebook.db").write_bytes(saved)
    done = course(small_course, "grade", NAME, "-q")
    assert "1 graded now" in done.stderr
    assert gradebook(small_course) == marks
    assert attempts(small_course, "anna") == ["recorded"]


def test_nbgraders_feedback_and_export_work_on_its_marks(small_course):
    hand_in(small_course, "anna", answered(small_course, jaccard=DICE))
    folder = hand_in(small_course, "oleg", answered(small_course))
    (folder / "timestamp.txt").write_text("2026-01-02 10:00:00 UTC")
    with Gradebook(f"sqlite:///{small_course}/gradebook.db") as book:
        book.update_or_create_assignment(NAME, duedate="2026-01-01 10:00:00")
    config = small_course / "nbgrader_config.py"
    plugin = (
        "\nfrom nbgrader.plugins import BasePlugin\n"
        "class Late(BasePlugin):\n"
        "    def late_submission_penalty(self, student, score, seconds):\n"
        "        return 1\n"
        "c.AssignLatePenalties.plugin_class = Late\n"
    )
    config.write_text(config.read_text() + plugin)
    course(small_course, "grade", NAME, "-q")
    assert gradebook(small_course)["oleg"]["late"] == 1
    from tests.teaching.conftest import nbgrader

    assert nbgrader(small_course, "generate_feedback", NAME).returncode == 0
    page = (small_course / "feedback" / "anna" / NAME / f"{NAME}.html").read_text()
    assert "Dice" in page
    assert nbgrader(small_course, "export").returncode == 0
    lines = (small_course / "grades.csv").read_text().splitlines()
    head = lines[0].split(",")
    rows = {row.split(",")[head.index("student_id")]: row.split(",") for row in lines[1:]}
    assert float(rows["oleg"][head.index("score")]) == 4
    assert float(rows["anna"][head.index("score")]) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sums"], "expected an assignment out of metrics_and_loss"),
        ([NAME], "Collect them first"),
        ([NAME, "--students", "nobody"], "Expected hand-ins of nobody"),
        ([NAME, "--rerun", "broken"], "Expected a state out of graded"),
        (
            [NAME, "--scheduler", "tcp://127.0.0.1:9", "--students", "anna"],
            "begins with tls://",
        ),
    ],
)
def test_what_can_not_be_done_is_said_with_the_cure(small_course, arguments, words):
    if "--students" in arguments or "--rerun" in arguments:
        hand_in(small_course, "anna", answered(small_course))
    done = course(small_course, "grade", *arguments, check=False)
    assert done.returncode == 1
    assert words in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr


def test_two_runs_at_once_are_one_too_many(small_course):
    hand_in(small_course, "anna", answered(small_course))
    (small_course / "grading").mkdir()
    with FileLock(small_course / "grading" / "lock"):
        done = course(small_course, "grade", NAME, check=False)
    assert done.returncode == 1
    assert "Another `course grade` is at work" in done.stderr


def test_the_judged_notebook_is_what_students_handed_in_with_verdicts(small_course):
    notebook = answered(small_course, jaccard=DICE)
    hand_in(small_course, "anna", notebook)
    course(small_course, "grade", NAME, "-q")
    path = small_course / "autograded" / "anna" / NAME / f"{NAME}.ipynb"
    graded = nbformat.read(path, as_version=4)
    theirs = [cell.source for cell in notebook.cells if "nbgrader" not in cell.metadata]
    assert [c.source for c in graded.cells if "nbgrader" not in c.metadata] == theirs
    assert DICE in [cell.source for cell in graded.cells]
    verdicts = [
        cell.metadata.course.verdict for cell in graded.cells if "course" in cell.metadata
    ]
    assert [verdict.mistake for verdict in verdicts] == ["dice"]
