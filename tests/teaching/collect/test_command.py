"""`course collect` as typed, its table, CSV and log; and nbgrader's own zip_collect."""

import csv
import io
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from course_utils.teaching.collect.roster import read_roster
from course_utils.teaching.collect.run import Item
from course_utils.teaching.collect.table import write_csv
from course_utils.teaching.commands import collect as command
from course_utils.teaching.errors import CourseError
from tests.teaching.collect.material import NAME, notebook, pack, zip_bytes

ROOT = Path(__file__).parents[3]


@pytest.fixture
def archive(classroom, monkeypatch):
    """downloaded/<assignment>/archive of the course in the working folder."""
    monkeypatch.chdir(classroom.root)
    folder = classroom.root / "downloaded" / NAME / "archive"
    folder.mkdir(parents=True)
    return folder


def test_everything_in_the_archive_folder_is_collected(classroom, archive, capsys):
    pack(archive / "a.zip", [("ivanova/hw.ipynb", notebook())])
    pack(archive / "b.zip", [("petrov/hw.ipynb", notebook())])
    assert command.run(NAME) == 0
    assert classroom.submitted("ivanova") == classroom.submitted("petrov") == notebook()
    shown = capsys.readouterr().out
    assert "Иванова Анна (ivanova)" in shown
    assert "collected: 2, not handed in: 3" in shown


def test_what_needs_a_person_makes_the_exit_code_1(archive, capsys):
    files = [("ivanova/hw.ipynb", notebook()), ("../petrov/hw.ipynb", notebook())]
    assert command.run(NAME, [pack(archive.parent / "a.zip", files)]) == 1
    assert "leads out of the archive" in capsys.readouterr().out


def test_the_csv_and_the_log_say_the_same(classroom, archive, capsys):
    pack(archive / "a.zip", [("ivanova/hw.ipynb", notebook()), ("x/y.txt", b"")])
    command.run(NAME, as_csv=True)
    printed = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    command.run(NAME, as_csv=True)
    log = classroom.root / "downloaded" / NAME / "collected.csv"
    logged = list(csv.DictReader(log.open(encoding="utf-8", newline="")))
    assert [row["state"] for row in printed] == ["collected", "beside"]
    assert [row["state"] for row in logged] == ["collected", "beside", "unchanged", "beside"]
    assert {row.pop("run")[-3:] for row in logged} == {"UTC"}
    assert logged[:2] == printed


def test_a_dry_run_shows_and_writes_nothing(classroom, archive, capsys):
    pack(archive / "a.zip", [("ivanova/hw.ipynb", notebook())])
    assert command.run(NAME, dry_run=True) == 0
    assert "ivanova" in capsys.readouterr().out
    assert [path.name for path in archive.parent.iterdir()] == ["archive"]


def test_two_at_once_are_one_too_many(classroom, archive):
    pack(archive / "a.zip", [("ivanova/hw.ipynb", notebook())])
    with FileLock(classroom.root / "downloaded" / "lock"):
        with pytest.raises(CourseError, match="Another `course collect` is at work"):
            command.run(NAME)
        assert command.run(NAME, dry_run=True) == 0  # it writes nothing, so it need not wait
        assert classroom.submitted("ivanova") is None
    assert command.run(NAME) == 0
    assert command.run(NAME) == 0  # the first has let go of it
    assert classroom.submitted("ivanova") == notebook()


def test_nothing_to_collect_says_where_to_put_it(archive):
    with pytest.raises(CourseError, match="Put them there"):
        command.run(NAME)
    with pytest.raises(CourseError, match="found no such file"):
        command.run(NAME, [Path("nowhere.zip")])


def test_a_name_is_no_formula():
    file = io.StringIO()
    write_csv([Item("=1+1", "s", '=HYPERLINK("x")', "collected")], file, heading=False)
    assert file.getvalue().startswith("s,\"'=HYPERLINK")


def test_a_name_does_not_command_the_terminal(archive, capsys):
    pack(archive / "a.zip", [("\x1b[2J[red]Чужой Олег/hw.ipynb", notebook())])
    command.run(NAME)
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "[red]Чужой Олег" in shown


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_roster_is_read_as_spreadsheets_save_it(tmp_path, encoding, delimiter):
    rows = [["ID", "Фамилия", "Имя", "canvas_id"], ["a1", "Ёлкин", "Пётр", "77"], []]
    text = "\r\n".join(delimiter.join(row) for row in rows)
    (tmp_path / "r.csv").write_bytes(text.encode(encoding))
    person = read_roster(tmp_path / "r.csv").people["a1"]
    assert (person.name, person.lms_ids) == ("Ёлкин Пётр", ("77",))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name\nx\n", "expected the columns id"),
        ("", "no rows"),
        ("id\n../x\n", "can name a folder"),
        ("id\n..\n", "can name a folder"),
        ("id\nnul\n", "can name a folder"),
        ("id,last_name\n,Ли\n", "can name a folder"),
        ("id\nx\nX\n", "got x twice"),
        ("id,lms_id\nx,1\ny,1\n", "number in the LMS once"),
    ],
)
def test_a_wrong_roster_is_refused(tmp_path, text, words):
    (tmp_path / "r.csv").write_text(text, encoding="utf-8")
    with pytest.raises(CourseError, match=words):
        read_roster(tmp_path / "r.csv")


def test_the_table_speaks_russian(archive, classroom, capsys):
    path = classroom.root / "course.toml"
    text = (
        path.read_text(encoding="utf-8").replace('["en"]', '["ru"]').replace("\nen =", "\nru =")
    )
    path.write_text(text, encoding="utf-8")
    pack(archive / "a.zip", [("ivanova/hw.ipynb", notebook()), ("Кто Он/hw.ipynb", notebook())])
    command.run(NAME)
    shown = capsys.readouterr().out
    assert "собрано" in shown
    assert "нет в списке" in shown


def test_zip_collect_is_as_safe_and_knows_the_same_names(classroom, archive):
    shutil.copy(ROOT / "nbgrader_config.py", classroom.root)
    moodle = "Иванова Анна_123456_assignsubmission_file_"
    pack(
        archive / "a.zip",
        [
            (f"{moodle}hw (1).ipynb", notebook("first"), 1),
            (f"{moodle}hw.ipynb", notebook("second"), 2),
            ("../../evil/hw.ipynb", notebook("evil")),
            ("Пётр Петров/Копия hw.ipynb", notebook("petrov")),
            ("yuliev/hw.zip", zip_bytes([("hw.ipynb", notebook("nested"))])),
        ],
    )
    (archive / "bad.zip").write_bytes(b"PK\3\4 rubbish")
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", "zip_collect", NAME, "--force"],
        cwd=classroom.root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "leads out of the archive" in done.stderr
    assert classroom.submitted("123456") == notebook("second")  # the number, as before
    assert classroom.submitted("petrov") == notebook("petrov")
    assert classroom.submitted("yuliev") == notebook("nested")
    assert {path.name for path in (classroom.root / "submitted").iterdir()} == {
        *("123456", "petrov", "yuliev")
    }
    assert not list(classroom.root.parent.rglob("evil"))


def test_zip_collect_says_of_a_roster_that_is_none_what_course_collect_says(classroom, archive):
    shutil.copy(ROOT / "nbgrader_config.py", classroom.root)
    (classroom.root / "roster.csv").write_text("name\nИванова\n", encoding="utf-8")
    pack(archive / "a.zip", [("ivanova/hw.ipynb", notebook())])
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", "zip_collect", NAME],
        cwd=classroom.root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "expected the columns id, last_name, first_name" in done.stderr
    assert "Traceback" not in done.stderr
