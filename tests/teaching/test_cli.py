"""`course`: exit codes, streams, and errors without a traceback."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from course_utils import __version__
from course_utils.teaching import build as building
from course_utils.teaching import cli
from course_utils.teaching.errors import CourseError
from tests.teaching.small_course import make_course


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(make_course(tmp_path / "course"))
    return lambda *arguments: CliRunner().invoke(cli.app, arguments)


def test_the_version_is_told(run):
    result = run("--version")
    assert (result.exit_code, result.stdout) == (0, f"course {__version__}\n")


@pytest.mark.parametrize("arguments", [("--help",), ("build", "--help")])
def test_help_is_a_result(run, arguments):
    result = run(*arguments)
    assert result.exit_code == 0
    assert "build" in result.stdout.lower()


def test_findings_are_the_result_of_a_check_and_exit_with_1(run):
    result = run("build", "--check", "01_adding")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "lectures/ru/01_adding.ipynb: missing. Run `course build 01_adding`.",
        "lectures/en/01_adding.ipynb: missing. Run `course build 01_adding`.",
    ]
    assert result.stderr == ""


def test_a_fresh_check_is_silent_and_exits_with_0(run, monkeypatch):
    monkeypatch.setattr(building, "check", lambda course, names: [])
    result = run("build", "--check")
    assert (result.exit_code, result.output) == (0, "")


@pytest.mark.parametrize(
    "arguments",
    [
        ("build", "no_such_lecture"),
        ("build", "--check", "--force"),
        ("build", "--jobs", "0"),
        ("bild",),
    ],
)
def test_a_command_that_is_not_understood_exits_with_2(run, arguments):
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""


def test_an_unknown_name_lists_those_there_are(run):
    words = " ".join(run("build", "no_such_lecture").stderr.replace("│", " ").split())
    assert "01_adding, sums, messages, glossary, got 'no_such_lecture'" in words


def test_a_problem_of_the_course_comes_without_a_traceback(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["course", "build"])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "Expected course.toml" in said.err.replace("\n", " ")
    assert "Traceback" not in said.err


def test_problems_are_kept_apart():
    assert CourseError("one", ["two", "three"]).problems == ["one", "two", "three"]
    assert str(CourseError("one", "two")) == "one\n\ntwo"


def test_what_only_reads_hand_ins_does_without_torch():
    """It takes two seconds to import; workers alone need it."""
    modules = ("collect.run", "doctor.command", "grading.run", "class_table", "cli")
    names = [f"course_utils.teaching.{name}" for name in modules]
    code = (
        f"import sys\nfor name in {names}: __import__(name)\nsys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
