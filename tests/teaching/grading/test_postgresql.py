"""A gradebook on a PostgreSQL server: the same marks, for one program and for two at once."""

import io
import os
import shutil
import subprocess
import sys

import nbformat
import pytest
from nbgrader.api import Gradebook
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from course_utils.i18n import speaking
from course_utils.teaching import demo
from course_utils.teaching.class_table import class_rows, write_csv
from course_utils.teaching.collect import gradebook as class_list
from course_utils.teaching.collect.roster import Roster
from course_utils.teaching.config import load
from course_utils.teaching.demo_class import classes
from course_utils.teaching.errors import CourseError
from course_utils.teaching.gradebook import GradebookError, reading, shown
from course_utils.teaching.grading.kit import make_kit
from course_utils.teaching.grading.recorder import Recorder
from course_utils.teaching.grading.run import Grading
from course_utils.teaching.report.gather import gather
from course_utils.teaching.settings import load_config, places
from tests.conftest import REPOSITORY
from tests.postgresql import PASSWORD, copied, created, server
from tests.teaching.grading.class_of import NAME, answered, hand_in

POINTS = {"anna": 3, "oleg": 0}


@pytest.fixture(scope="module")
def postgresql():
    with server() as url:
        yield url


def with_gradebook(root, url):
    """The course in `root`, its gradebook elsewhere, nothing of it in a file."""
    with (root / "nbgrader_config.py").open("a", encoding="utf-8") as file:
        file.write(f"\nc.CourseDirectory.db_url = {url!r}\n")
    (root / "gradebook.db").unlink(missing_ok=True)


@pytest.fixture
def there(small_course, postgresql, request):
    """The small course with its gradebook on the server."""
    name = request.node.name[:50]
    url = copied(f"sqlite:///{small_course}/gradebook.db", postgresql, name)
    with_gradebook(small_course, url)
    return small_course


def record(root, points=POINTS):
    recorder = Recorder(root, load_config(root), NAME)
    for student, earned in points.items():
        hand_in(root, student, answered(root))
        notebook = answered(root, essay="Because.")
        for cell in notebook.cells:
            if cell.metadata.get("nbgrader", {}).get("grade_id") == "jaccard" and not earned:
                failed = nbformat.v4.new_output("error", ename="E", evalue="", traceback=[])
                cell.outputs = [failed]
        recorder.record(student, {NAME: nbformat.writes(notebook)})


def table(root):
    file = io.StringIO()
    with speaking("en"):
        write_csv(class_rows(root, NAME), file)
    return file.getvalue()


def test_marks_and_report_are_those_of_sqlite(small_course, postgresql, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(small_course, other)
    url = copied(f"sqlite:///{small_course}/gradebook.db", postgresql, "same")
    with_gradebook(other, url)
    for root in (small_course, other):
        record(root)
        class_list.enter(root, Roster({}), {"vera": "Vera"})
    assert table(other) == table(small_course)
    assert "anna" in table(other)
    with speaking("en"):
        ours, theirs = (gather(root, NAME, "Work") for root in (small_course, other))
    assert (ours.mean, ours.rows) == (theirs.mean, theirs.rows)
    assert not (other / "gradebook.db").exists()
    assert class_list.due_date(other, NAME) is None


def test_a_hand_in_is_one_transaction_though_the_address_holds_a_password(there):
    url = places(there).db_url
    recorder = Recorder(there, load_config(there), NAME)
    hand_in(there, "anna", answered(there))
    with pytest.raises(Exception, match="no notebook"):
        recorder.record("anna", {NAME: "no notebook"})
    with reading(url) as book:
        assert book.students == []


def test_a_worker_gets_neither_the_address_nor_its_password(there):
    kit = make_kit(load(there), NAME, load_config(there))
    everything = b"".join(kit.files.values())
    for secret in (PASSWORD, places(there).db_url, "p%40ss"):
        assert secret.encode() not in everything


def test_two_programs_record_a_class_that_neither_knew_at_once(there, tmp_path):
    second = tmp_path / "second"
    shutil.copytree(there, second)
    with Gradebook(places(there).db_url) as book:
        book.update_or_create_assignment("another")
        book.update_or_create_notebook(NAME, "another", kernelspec="{}")
        for cell in book.find_notebook(NAME, NAME).source_cells:
            fields = {
                f: getattr(cell, f) for f in ("cell_type", "source", "checksum", "locked")
            }
            book.update_or_create_source_cell(cell.name, NAME, "another", **fields)
        for cell in book.find_notebook(NAME, NAME).grade_cells:
            fields = {"max_score": cell.max_score, "cell_type": cell.cell_type}
            book.update_or_create_grade_cell(cell.name, NAME, "another", **fields)
        for cell in book.find_notebook(NAME, NAME).solution_cells:
            book.update_or_create_solution_cell(cell.name, NAME, "another")
    students = [f"s{number}" for number in range(8)]
    code = (
        "import sys, pathlib\n"
        "from tests.teaching.grading import test_postgresql as here\n"
        "here.record_as(pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:])\n"
    )
    for root in (there, second):
        for student in students:
            hand_in(root, student, answered(root))
    for student in students:
        (second / "submitted" / student / NAME).rename(
            second / "submitted" / student / "another"
        )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(root), name, *students],
            cwd=REPOSITORY,
            env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        )
        for root, name in ((there, NAME), (second, "another"))
    ]
    assert [process.wait(timeout=300) for process in running] == [0, 0]
    with reading(places(there).db_url) as book:
        for name in (NAME, "another"):
            marks = {s.student_id: s.score for s in book.assignment_submissions(name)}
            assert marks == dict.fromkeys(students, 3 + 2)


def record_as(root, assignment, students):
    """Record a right hand-in of each, as a program of its own does."""
    recorder = Recorder(root, load_config(root), assignment)
    text = nbformat.writes(answered(root, essay="Because."))
    for student in students:
        recorder.record(student, {NAME: text})


def test_two_assignments_may_be_graded_at_once_and_one_not_twice(there):
    first = Grading(load(there), NAME)
    second = Grading(load(there), NAME)
    second.folder = first.folder.parent / "another"
    with (
        first._alone(),
        second._alone(),
        pytest.raises(Exception, match="Another `course grade`"),
    ):
        Grading(load(there), NAME)._alone()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password": "wrong"}, "password authentication failed"),
        ({"database": "absent"}, 'database "absent" does not exist'),
        ({"query": {"host": "/nowhere"}}, "Is its server running"),
        ({"drivername": "postgresql+nothing"}, "Can't load plugin"),
        ({"database": "postgres"}, "generate_assignment work"),  # no tables, and none are made
    ],
)
def test_a_server_that_gives_no_gradebook_is_told_in_a_sentence(postgresql, change, words):
    url = make_url(postgresql).set(**change).render_as_string(hide_password=False)
    with pytest.raises(GradebookError) as caught, reading(url, "work"):
        pass
    (said,) = caught.value.problems
    assert words in said
    assert "\n" not in said
    for secret in (PASSWORD, "p%40ss", "wrong@", "Traceback"):
        assert secret not in said


def test_looking_makes_no_tables(postgresql):
    with pytest.raises(GradebookError), reading(postgresql):
        pass
    engine = create_engine(postgresql)
    with engine.connect() as connection:
        tables = connection.execute(text("SELECT 1 FROM pg_tables WHERE schemaname='public'"))
        assert tables.all() == []
    engine.dispose()


def test_a_server_that_ends_under_way_loses_nothing(there):
    url = places(there).db_url
    record(there, {"anna": 3})
    with pytest.raises(GradebookError, match="nothing is lost"):
        _ask_a_server_that_ends(url)
    record(there, {"oleg": 3})
    with reading(url) as book:
        assert len(book.students) == 2


def _ask_a_server_that_ends(url):
    with reading(url) as book:
        name = make_url(url).database
        other = create_engine(
            make_url(url).set(database="postgres"), isolation_level="AUTOCOMMIT"
        )
        with other.connect() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :n"
                ),
                {"n": name},
            )
        other.dispose()
        assert book.students


def test_an_address_is_shown_without_its_password(postgresql):
    assert shown(postgresql) == "postgresql+psycopg://marker:***@/postgres"


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("COURSE_TEST_ALL"), reason="minutes: make test-all")
def test_the_demo_s_cycle_gives_the_marks_that_sqlite_gives(
    tmp_path, monkeypatch, postgresql, capsys
):
    students = tuple(classes([NAME])[NAME])[:6]
    monkeypatch.setattr(demo, "classes", lambda names: {NAME: students})
    marks = []
    for where in ("sqlite", "server"):
        course = tmp_path / where
        (course / "solutions" / NAME).mkdir(parents=True)
        for name in ("nbgrader_config.py", "course.toml", f"solutions/{NAME}/{NAME}.ipynb"):
            shutil.copy(REPOSITORY / name, course / name)
        if where == "server":
            with_gradebook(course, created(postgresql, "demo"))
        monkeypatch.chdir(course)
        assert demo.run(course / "demo", "en") == 0
        marks.append((course / "demo" / f"marks_{NAME}.csv").read_text())
        assert (course / "demo" / "gradebook.db").exists() == (where == "sqlite")
        for log in (course / "demo" / "logs").iterdir():
            assert "p%40ss" not in log.read_text()
    assert marks[0] == marks[1]
    with reading(places(tmp_path / "server").db_url) as book:
        assert len(book.students) == len(students)
    with Gradebook(places(tmp_path / "server").db_url) as book:
        book.add_student("a student of yours")
    with pytest.raises(CourseError, match="an earlier demo's"):
        demo.run(tmp_path / "server" / "demo", "en")
