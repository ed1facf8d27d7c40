"""Every command of README.md, typed in a copy of the course as its reader would.

What takes minutes, or would run these tests, is named with the place where it runs.
"""

import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import nbformat
import pytest

from course_utils.teaching import config
from course_utils.teaching.demo_class import classes, hand_in, pack
from tests.browser.serving import copy_of_the_course, serving
from tests.conftest import REPOSITORY
from tests.without_sandbox import grade_options

pytestmark = pytest.mark.slow

NAME = "metrics_and_loss"
CLASS = 2
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")

# Typed here, in this order: command -> the files that it leaves, or a word that it says.
HERE = {
    "make build": "fresh",
    "course spell": "",
    f".venv/bin/nbgrader generate_assignment {NAME} --force": "gradebook.db",
    f".venv/bin/course collect {NAME}": f"submitted/*/{NAME}/{NAME}.ipynb",
    f".venv/bin/course grade {NAME}": f"autograded/*/{NAME}/{NAME}.ipynb",
    f".venv/bin/course report {NAME}": f"reports/{NAME}.html",
    f".venv/bin/nbgrader generate_feedback {NAME}": f"feedback/*/{NAME}/{NAME}.html",
    ".venv/bin/nbgrader export": "grades.csv",
    f".venv/bin/course marks {NAME}": config.load(REPOSITORY).assignments[NAME].title["ru"],
    ".venv/bin/course publish ../student-edition": "../student-edition/README.md",
    f".venv/bin/course doctor submitted/*/{NAME}/*.ipynb": "",
    ".venv/bin/python -m course_utils.recipes list": "fcn8s",
}
FILES = re.compile(r"[\w./*-]+\.(ipynb|html|csv|db|md)")
# Where the others run: command -> the file and the words in it.
ELSEWHERE = {
    "make check": ("Makefile", "\ntest: check "),  # `make test` begins with it
    "make demo": (".github/workflows/weekly.yml", "make demo"),
    "make test": (".ci/run", " make test "),
    "make test-all": (".github/workflows/weekly.yml", "make test-all"),
    "make site": (".github/workflows/site.yml", "make site"),
    "make bench": (".github/workflows/weekly.yml", "make bench"),
    "make gpu": ("tests/gpu/test_gpu.py", "tests.gpu"),  # but for the GPU
    "make demo ALL=1": (".github/workflows/weekly.yml", "make demo ALL=1"),
    ".venv/bin/python -m course_utils.recipes fcn8s --data voc": (
        "tests/recipes/test_command.py",
        '"course_utils.recipes"',
    ),
    "course build": ("Makefile", "course build --jobs"),
    ".venv/bin/course build --force": ("tests/teaching/test_build.py", "force=True"),
    "apt-get install bubblewrap": (".ci/run", "bubblewrap"),
    "apt-get install chromium": (".ci/run", "chromium"),
    "apt-get install hunspell hunspell-ru hunspell-en-gb": (
        ".ci/run",
        "hunspell hunspell-ru hunspell-en-gb",
    ),
}
PROGRAMS = ("make ", ".venv/bin/", "course ", "nbgrader ", "apt-get ")


def commands(text: str) -> list[str]:
    """The lines of its shell blocks and the commands within its prose, comments left out."""
    blocks = "\n".join(re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE))
    lines = [line.partition(" #")[0].strip() for line in blocks.splitlines()]
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    inline = [code for code in re.findall(r"`([^`\n]+)`", prose) if code.startswith(PROGRAMS)]
    return list(dict.fromkeys([*filter(None, lines), *inline]))


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Path:
    """A clone with its .venv and with what an LMS gave: a class of two."""
    root = copy_of_the_course(tmp_path_factory.mktemp("readme") / "course", without=())
    environment = root / ".venv"
    environment.mkdir()
    for entry in Path(sys.prefix).iterdir():
        if entry.name != ".installed":
            (environment / entry.name).symlink_to(entry)
    (environment / ".installed").touch()  # as `make setup` leaves it
    solved = nbformat.read(root / "solutions" / NAME / f"{NAME}.ipynb", 4)
    files = []
    for student in classes([NAME])[NAME][:CLASS]:
        released = root / "assignments" / student.language / NAME / f"{NAME}.ipynb"
        files.append((student, hand_in(NAME, student, nbformat.read(released, 4), solved)))
    archive = root / "downloaded" / NAME / "archive"
    archive.mkdir(parents=True)
    pack(NAME, files, archive / "moodle.zip")
    return root


@pytest.fixture(scope="module")
def typed(course) -> dict[str, subprocess.CompletedProcess]:
    """command -> how it ended, after those above it."""
    return {command: run(course, here(command)) for command in HERE}


def here(command: str) -> str:
    """As this machine's reader types it: where there can be no sandbox, to grade without."""
    return " ".join([command, *(grade_options() if " grade " in command else ())])


def run(root: Path, command: str) -> subprocess.CompletedProcess:
    own = "" if command.startswith(("make", ".venv")) else ".venv/bin/"
    return subprocess.run(
        own + command,
        shell=True,
        cwd=root,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_no_command_is_forgotten():
    assert set(commands(README)) == {*HERE, *ELSEWHERE, "make lab"}


@pytest.mark.parametrize("command", HERE)
def test_a_command_does_what_stands_there(course, typed, command):
    if command == "course spell" and shutil.which("hunspell") is None:
        pytest.skip("hunspell is absent")
    done, left = typed[command], HERE[command]
    assert done.returncode == 0, done.stdout
    if not FILES.fullmatch(left):
        assert left in done.stdout
    elif "*" in left:
        assert len(list(course.glob(left))) == CLASS
    else:
        assert (course / left).is_file()


def test_the_lab_answers(course, tmp_path):
    with (
        serving(course, tmp_path, make=True) as server,
        urllib.request.urlopen(server.address("lab")) as page,
    ):
        assert "JupyterLab" in page.read().decode()


@pytest.mark.parametrize("command", ELSEWHERE)
def test_what_is_long_runs_where_it_is_said_to(course, command):
    place, words = ELSEWHERE[command]
    assert words in (REPOSITORY / place).read_text(encoding="utf-8")
    if command.startswith("make "):
        done = run(course, command.replace("make", "make --dry-run", 1))
        assert done.returncode == 0, done.stdout


def test_its_addresses_are_the_course_s_own():
    """Who edits the repository in course.toml edits the badges too."""
    course = config.load(REPOSITORY)
    owner, name = course.repository.split("/")
    own = re.compile(rf"/{course.repository}/|^https://{owner}\.github\.io/{name}/$")
    badges = re.findall(r"^\[!\[.+?\]\(\S+\)\]\((https://\S+)\)$", README, re.MULTILINE)
    assert len(badges) == 4
    assert [address for address in badges if not own.search(address)] == []
    opened = [re.search(rf"/{course.branch}(?:\?.*tree)?/(.*)", address) for address in badges]
    files = [match[1] for match in opened if match]
    assert len(files) == 2  # Colab, Binder
    assert [file for file in files if not (REPOSITORY / file).is_file()] == []
