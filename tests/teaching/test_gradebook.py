"""A gradebook or a ledger that can't be used: one sentence with the cure, and nothing lost."""

import errno
import io
import itertools
import os
import sqlite3
import subprocess
import sys
from contextlib import contextmanager, suppress

import nbformat
import pytest
from nbgrader import api
from nbgrader.api import Gradebook
from rich.console import Console
from sqlalchemy import event
from sqlalchemy.engine import Engine

from course_utils.teaching import cli, config
from course_utils.teaching.class_table import class_rows
from course_utils.teaching.collect import gradebook as class_list
from course_utils.teaching.collect.roster import Roster
from course_utils.teaching.errors import CourseError, disk_trouble
from course_utils.teaching.gradebook import GradebookError, reading, writing
from course_utils.teaching.grading.kit import make_kit
from course_utils.teaching.grading.ledger import Ledger
from course_utils.teaching.grading.places import Places
from course_utils.teaching.grading.run import Grading, _Run
from course_utils.teaching.grading.worker import Result
from course_utils.teaching.report.gather import gather
from course_utils.teaching.settings import load_config
from tests.teaching.grading.class_of import NAME, answered, gradebook, hand_in


def one_sentence(error: CourseError) -> str:
    (said,) = error.problems
    assert "\n" not in said
    for word in ("Traceback", "sqlalche", "[SQL", "OperationalError"):
        assert word not in said
    return said


@contextmanager
def locked(path):
    """Another process writes to the database and does not end."""
    code = (
        "import sqlite3, sys\n"
        "held = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "held.execute('BEGIN EXCLUSIVE')\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "held\n"
        try:
            yield
        finally:
            process.stdin.close()


@contextmanager
def garbage(path):
    kept = path.read_bytes()
    path.write_bytes(b"no database at all " * 500)
    try:
        yield
    finally:
        path.write_bytes(kept)


@contextmanager
def read_only(path):
    """As a disk that is mounted so; root may write to any file."""

    def forbid(connection, _record):
        connection.execute("PRAGMA query_only = ON")

    with on_connect(forbid):
        yield


@contextmanager
def full(path):
    """SQLite's own word for no room on the disk, as the file may not grow and has no gaps."""

    def forbid(connection, _record=None):
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")

    filling = sqlite3.connect(path, isolation_level=None)
    forbid(filling)
    for size in (200, 20, 4):
        with suppress(sqlite3.OperationalError):
            for number in itertools.count():
                name = f"{number:0{size}}"
                filling.execute("INSERT INTO student (id) VALUES (?)", (name,))
    filling.close()
    with on_connect(forbid):
        yield


@contextmanager
def on_connect(function):
    event.listen(Engine, "connect", function)
    try:
        yield
    finally:
        event.remove(Engine, "connect", function)


@pytest.fixture
def impatient(small_course):
    """The small course, with a gradebook that is not waited for."""
    url = f"sqlite:///{small_course}/gradebook.db?timeout=0.05"
    with (small_course / "nbgrader_config.py").open("a", encoding="utf-8") as file:
        file.write(f"\nc.CourseDirectory.db_url = {url!r}\n")
    hand_in(small_course, "anna", answered(small_course))
    api.create_engine.cache_clear()  # connections of an earlier test
    yield small_course
    api.create_engine.cache_clear()


LOOKS = [
    lambda root: class_rows(root, NAME),
    lambda root: gather(root, NAME, "Work"),
    lambda root: make_kit(config.load(root), NAME, load_config(root)),
    lambda root: class_list.due_date(root, NAME),
]


@pytest.mark.parametrize(
    ("trouble", "cure"),
    [(locked, "in use by another program"), (garbage, "is damaged.*copy from before")],
)
@pytest.mark.parametrize("look", LOOKS, ids=["marks", "report", "grade", "collect"])
def test_what_reads_the_gradebook_says_what_is_wrong_with_it(impatient, look, trouble, cure):
    before = (impatient / "gradebook.db").read_bytes()
    with trouble(impatient / "gradebook.db"), pytest.raises(GradebookError, match=cure) as said:
        look(impatient)
    assert "gradebook.db" in one_sentence(said.value)
    assert (impatient / "gradebook.db").read_bytes() == before


@pytest.mark.parametrize(
    ("trouble", "cure"),
    [
        (locked, "in use by another program"),
        (garbage, "is damaged"),
        (read_only, "may only be read"),
        (full, "disk is full. Make room"),
    ],
)
def test_a_class_is_entered_by_the_same_command_after_the_cure(impatient, trouble, cure):
    students = {f"student{number:04}": "N" * 100 for number in range(300)}
    with trouble(impatient / "gradebook.db"), pytest.raises(GradebookError, match=cure) as said:
        class_list.enter(impatient, Roster({}), students)
    one_sentence(said.value)
    assert class_list.enter(impatient, Roster({}), students) == 300


@pytest.fixture
def judged(impatient):
    """A run with one hand-in judged, and what the next run is."""
    grading = Grading(config.load(impatient), NAME)
    text = nbformat.writes(answered(impatient, essay="Because. " * 3000))

    @contextmanager
    def run():
        with Ledger(grading.folder / "ledger.db").closing() as ledger:
            yield _Run(grading, ledger, Console(file=io.StringIO()))

    with run() as first:
        (hand,) = grading._hand_ins(())
        attempt = first.ledger.begin("anna", first._key(hand))
        first.attempts["key"] = attempt
        yield grading, first, run, Result("anna", "graded", "", {NAME: text}, 1)


@pytest.mark.parametrize(
    ("trouble", "cure"),
    [
        (locked, "in use by another program"),
        (garbage, "is damaged"),
        (read_only, "may only be read"),
        (full, "disk is full"),
    ],
)
def test_a_judged_hand_in_waits_for_its_gradebook(impatient, judged, trouble, cure):
    grading, first, run, result = judged
    with trouble(impatient / "gradebook.db"):
        first._keep("key", result.student, result)
        first._record_what_waits()
    (problem,) = first.summary.problems
    assert problem.startswith("Judged and kept, but not yet in the gradebook: 1.")
    assert cure in problem
    assert first.ledger.latest()["anna"].stage == "judged"
    assert "sqlalche" not in problem
    with run() as second:
        summary = second.over(grading._hand_ins(()), (), Places(1, None, impatient))
    assert (summary.graded, summary.problems) == (1, [])
    assert gradebook(impatient)["anna"]["grades"]["jaccard"] is not None


def test_a_gradebook_that_comes_back_under_way_gets_all_at_the_end(impatient, judged):
    _grading, first, _run, result = judged
    with locked(impatient / "gradebook.db"):
        first._keep("key", result.student, result)
    first._record_what_waits()
    assert (first.summary.graded, first.summary.problems) == (1, [])
    assert first.ledger.latest()["anna"].stage == "recorded"


def test_a_disk_that_is_full_when_a_hand_in_is_kept_stops_the_run(judged, monkeypatch):
    _grading, first, run, result = judged
    monkeypatch.setattr("os.fsync", raises(OSError(errno.ENOSPC, "No space left on device")))
    with pytest.raises(OSError, match="No space") as caught:
        first._keep("key", result.student, result)
    assert "Make room" in disk_trouble(caught.value)
    monkeypatch.undo()
    with run() as second:
        assert second.ledger.lose_begun() == 1  # and so it is graded again
        assert second._to_do(_grading._hand_ins(()), ())[0]


def raises(error):
    def function(*_anything, **_more):
        raise error

    return function


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS])
def test_a_command_ends_with_a_sentence_where_the_disk_is_at_fault(monkeypatch, capsys, code):
    trouble = OSError(code, os.strerror(code), "/srv/course/reports")
    monkeypatch.setattr(cli, "app", raises(trouble))
    monkeypatch.setattr(cli, "require_one_package", lambda: None)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr().err
    assert ended.value.code == 1
    assert "same command again" in said
    assert "/srv/course/reports" in said
    assert "Traceback" not in said


def test_looking_for_a_gradebook_makes_none(tmp_path):
    for name in ("absent.db", "no folder/absent.db"):
        with pytest.raises(GradebookError, match="generate_assignment work"):
            class_list_of(tmp_path / name)
    sqlite3.connect(tmp_path / "empty.db").close()
    (tmp_path / "empty.db").touch()
    with pytest.raises(GradebookError, match=r"tables.*found none.*generate_assignment work"):
        class_list_of(tmp_path / "empty.db")
    assert (tmp_path / "empty.db").stat().st_size == 0
    assert [path.name for path in tmp_path.iterdir()] == ["empty.db"]


def class_list_of(path):
    with reading(f"sqlite:///{path}", "work") as book:
        return book.students


def test_an_older_gradebook_names_nbgraders_own_cure(tmp_path):
    with Gradebook(f"sqlite:///{tmp_path}/old.db"):
        pass
    old = sqlite3.connect(tmp_path / "old.db")
    old.execute("ALTER TABLE student DROP COLUMN lms_user_id")
    old.close()
    with pytest.raises(GradebookError, match="nbgrader db upgrade"):
        class_list_of(tmp_path / "old.db")


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with (
        pytest.raises(GradebookError, match="folder has to be there"),
        writing(f"sqlite:///{tmp_path}/absent/marks.db"),
    ):
        pass


def test_a_mistake_of_ours_stays_one(tmp_path):
    with (
        pytest.raises(ZeroDivisionError),
        writing(f"sqlite:///{tmp_path}/marks.db"),
    ):
        1 / 0  # noqa: B018


@contextmanager
def ledger_read_only(path, monkeypatch):
    monkeypatch.setattr(
        "sqlite3.connect",
        lambda file, **more: _CONNECT(f"file:{file}?mode=ro", uri=True, **more),
    )
    yield
    monkeypatch.undo()


@contextmanager
def ledger_full(path, monkeypatch):
    def connect(file, **more):
        found = _CONNECT(file, **more)
        found.execute("PRAGMA max_page_count = 1")
        return found

    monkeypatch.setattr("sqlite3.connect", connect)
    yield
    monkeypatch.undo()


@contextmanager
def ledger_locked(path, monkeypatch):
    monkeypatch.setattr("sqlite3.connect", lambda f, **more: _CONNECT(f, timeout=0.05, **more))
    with locked(path):
        yield
    monkeypatch.undo()


@contextmanager
def ledger_garbage(path, monkeypatch):
    with garbage(path):
        yield


_CONNECT = sqlite3.connect


@pytest.mark.parametrize(
    ("trouble", "cure"),
    [
        (ledger_locked, "Another program holds it"),
        (ledger_garbage, "Move it away"),
        (ledger_read_only, "writable for you"),
        (ledger_full, "Make room"),
    ],
)
def test_a_ledger_says_its_cure_and_goes_on_after_it(tmp_path, monkeypatch, trouble, cure):
    path = tmp_path / "ledger.db"
    with Ledger(path).closing() as ledger:
        attempt = ledger.begin("anna", "d")
        ledger._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with trouble(path, monkeypatch), pytest.raises(CourseError, match=cure) as said:
        _fill(path)
    assert str(path) in one_sentence(said.value)
    with Ledger(path).closing() as ledger:
        assert ledger.latest()["anna"].id == attempt
        ledger.judged(attempt, "graded", "", 1)


def _fill(path):
    with Ledger(path).closing() as ledger:
        for number in range(200):
            ledger.begin(f"student{number}", "d" * 1000)
