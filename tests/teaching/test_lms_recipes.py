"""docs/handbook/lms.md: the names, commands and the script that it gives do what it says."""

import csv
import re
import subprocess
import sys

import pytest
import typer

from course_utils.teaching.cli import app
from course_utils.teaching.collect.names import claim
from course_utils.teaching.collect.roster import read_roster
from tests.teaching.small_course import REPOSITORY

PAGE = (REPOSITORY / "docs/handbook/lms.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
TEXTS = [text for kind, text in BLOCKS if kind == "text"]
ROSTER = next(text for text in TEXTS if text.startswith("id,"))
NAMES = [line for text in TEXTS if text != ROSTER for line in text.splitlines()]
COMMANDS = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]


@pytest.fixture
def roster(tmp_path):
    path = tmp_path / "roster.csv"
    path.write_text(ROSTER, encoding="utf-8")
    return read_roster(path)


def test_every_name_on_the_page_is_annas(roster):
    assert len(NAMES) == 10
    for name in NAMES:
        found = claim(("download.zip", *name.split("/")), ["fcn"])
        assert roster.who(found).id == "ivanova", name


def test_the_course_commands_on_the_page_exist_with_their_options():
    commands = typer.main.get_command(app).commands
    ours = [line.split("#")[0].split() for line in COMMANDS if line.startswith("course ")]
    assert len(ours) == 3
    for _program, name, *rest in ours:
        known = {option for one in commands[name].params for option in one.opts}
        assert {word for word in rest if word.startswith("--")} <= known
    assert "--roster" in {option for one in commands["collect"].params for option in one.opts}


CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,FCN (5521),U-Net (5530)
    Points Possible,,,,,17,17
"Иванова, Анна",20417,,anna,1,,12
"Smith, John",20533,,john,1,3,11
"Other, Olga",20600,,olga,1,9,
"""
GRADES = (
    "assignment,duedate,timestamp,student_id,last_name,first_name,email,raw_score,"
    "late_submission_penalty,score,max_score\n"
    "fcn,,2026-11-24 10:00:00,ivanova,Иванова,Анна,,12.5,0.0,12.5,17.0\n"
    "fcn,,,smith,Smith,John,,0.0,0.0,0.0,17.0\n"
)


@pytest.fixture
def script(tmp_path):
    """script(column) -> the finished process, in a folder with the three files."""
    (text,) = [text for kind, text in BLOCKS if kind == "python"]
    for name, content in (
        ("to_canvas.py", text),
        ("canvas.csv", "\ufeff" + CANVAS),  # Canvas may write a byte order mark
        ("fcn.csv", GRADES),
        ("roster.csv", ROSTER),
    ):
        (tmp_path / name).write_text(content, encoding="utf-8")

    def run(column):
        command = [sys.executable, "to_canvas.py", column]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)

    return run


def test_the_script_fills_the_marks_that_there_are_and_nothing_else(script, tmp_path):
    done = script("FCN (5521)")
    assert done.returncode == 0, done.stderr
    assert "1 of 1 marks written" in done.stdout
    with (tmp_path / "canvas_with_marks.csv").open(encoding="utf-8", newline="") as file:
        after = list(csv.reader(file))
    expected = list(csv.reader(CANVAS.splitlines()))
    expected[2][5] = "12.5"
    assert after == expected


def test_a_wrong_column_is_named(script, tmp_path):
    done = script("FCN")
    assert done.returncode == 1
    assert "FCN (5521)" in done.stderr
    assert not (tmp_path / "canvas_with_marks.csv").exists()
