"""A demo that runs: a small class, the real commands, one language from first word to last."""

import re
import subprocess
import sys

import pytest

from course_utils.teaching import demo
from course_utils.teaching.demo_class import classes
from course_utils.teaching.demo_steps import Command, Steps
from tests.conftest import REPOSITORY

NAME = "metrics_and_loss"
CLASS = ("410108", "410112", "410115", "410116", "410117")  # how differently they end
LOCALE = ("COURSE_LANGUAGE", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


@pytest.mark.slow
def test_the_demo_ends_as_planted_and_speaks_the_locale_s_language_wholly(
    tmp_path, monkeypatch, capsys
):
    students = tuple(s for s in classes([NAME])[NAME] if s.id in CLASS)
    assert len(students) == len(CLASS)
    monkeypatch.chdir(REPOSITORY)
    for name in LOCALE:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")  # the course's first language is Russian
    monkeypatch.setattr(demo, "classes", lambda names: {NAME: students, "another": ()})
    folder = tmp_path / "demo"

    assert demo.run(folder) == 0
    said = capsys.readouterr()
    russian = said.out + said.err
    for word in {word for s in students for word in s.name.split()}:
        russian = russian.replace(word, "")
    assert re.findall("[а-яё]+", russian, re.IGNORECASE) == []
    for words in (
        "cross_entropy: That is the sum over the pixels",
        "crashed: Cell 19 (mean_jaccard-solution) ended the Python process.",
        "unreadable: not a notebook: the file is HTML",
        "cross_entropy: a syntax error, so the cell could not run",
        "pixel_accuracy: does not finish: an endless loop?",
        "make demo ALL=1",
    ):
        assert words in " ".join(said.out.split())
    assert "Publish the assignment (ru)" in said.err  # released in the languages of the class
    assert (folder / "grades.csv").is_file()
    assert len(list(folder.glob(f"feedback/*/{NAME}/{NAME}.html"))) == len(CLASS)


@pytest.fixture
def steps(tmp_path, monkeypatch):
    """Steps whose program runs the Python that it is given."""
    (tmp_path / "logs").mkdir()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "program.py").write_text("import sys\nexec(sys.argv[1])\n")
    monkeypatch.setattr("course_utils.teaching.demo_steps._PROGRAMS", {"course": "program"})
    with Steps(tmp_path) as steps:
        yield steps


def code(text, **more):
    return Command("A step", ("course", text), **more)


def test_steps_that_need_nothing_of_each_other_run_side_by_side(steps):
    begun = "import time; print(time.time()); time.sleep(2); print(time.time())"
    steps.run(code(begun), code(begun))
    (one, its_end), (other, other_end) = (map(float, s.log.split()) for s in steps.ended)
    assert one < other_end
    assert other < its_end
    assert [step.code for step in steps.ended] == [0, 0]


def test_a_step_that_fails_is_quoted_unless_its_code_was_expected(steps):
    steps.run(code("print('ERROR: no such thing\\nand more'); raise SystemExit(3)"))
    [words] = steps.complaints
    assert "exit code 3: ERROR: no such thing" in words
    steps.run(code("raise SystemExit(1)", fine=(0, 1)))
    assert len(steps.complaints) == 1


def test_all_and_a_name_are_not_understood_together():
    done = subprocess.run(
        [sys.executable, "-m", "course_utils.teaching.cli", "demo", "--all", NAME],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "leave their names out" in " ".join(done.stderr.replace("│", " ").split())
