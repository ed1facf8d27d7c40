"""The judge with its sandbox, by nbgrader's own commands: limits end as reasons."""

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from course_utils.teaching.class_table import class_rows
from tests.bare.without import without
from tests.teaching.conftest import NAME, RIGHT, nbgrader

pytestmark = pytest.mark.slow

TWICE = "def twice(x):\n    return 2 * x"
ENDLESS = "while True:\n    print('x' * 10_000)"
GIGANTIC = "print('x' * (200 * 2**20))"
HIDDEN_GIGANTIC = (
    "from IPython.display import publish_display_data\n"
    "for _ in range(50):\n    publish_display_data({'text/plain': 'x' * (30 * 2**20)})"
)
GROWS = (
    "kept = []\nwhile True:\n    try: kept.append(bytearray(2**24))\n    except MemoryError: 0"
)
BOMB = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"
TALKATIVE = "for _ in range(30):\n    print('x' * 100_000, flush=True)\n"
PRYING = (
    f"NAME = {NAME!r}"
    + """
import os, socket
names = {"gradebook.db", "solutions", "submitted", "course.toml", f"{NAME}.ipynb"}
found = []
for place, folders, files in os.walk("/"):
    found += [os.path.join(place, name) for name in names & {*folders, *files}]
    folders[:] = [name for name in folders if name not in ("proc", "usr", "lib")]
print("found:", found)
try:
    socket.create_connection(("127.0.0.1", 1), 1)
except OSError as error:
    print(type(error).__name__)
print(open("table.csv").read(), os.path.exists("torch.py"))
"""
)
# student -> (the exercise, the cell after it)
STUDENTS = {
    "honest": (RIGHT, TWICE),
    "endless": (RIGHT, ENDLESS),
    "gigantic": (RIGHT, GIGANTIC),
    "hidden_gigantic": (RIGHT, HIDDEN_GIGANTIC),
    "grows": (RIGHT, GROWS),
    "bomb": (RIGHT, BOMB),
    "talkative": (RIGHT, TALKATIVE + TWICE),
    "prying": (RIGHT, PRYING + TWICE),
}


def hand_in(root, student, texts):
    path = root / "assignments" / "en" / NAME / f"{NAME}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    answers = dict(zip(("jaccard-solution", "own_test-solution"), texts, strict=True))
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell.source = answers.get(name, cell.source)
    folder = root / "submitted" / student / NAME
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / f"{NAME}.ipynb")
    (folder / "table.csv").write_text("a,b")
    (folder / "torch.py").write_text("raise SystemExit")


@pytest.fixture(scope="module")
def graded(released_course, tmp_path_factory):
    """(rows by student, folder, log, greatest memory of the grader in bytes)."""
    root = tmp_path_factory.mktemp("graded") / "course"
    shutil.copytree(released_course, root)
    for student, texts in STUDENTS.items():
        hand_in(root, student, texts)
    options = ["--SandboxProvisioner.memory=1600000000", "--SandboxProvisioner.processes=200"]
    command = [sys.executable, "-m", "nbgrader", "autograde", NAME, "--Judge.timeout=120"]
    with (root / "log.txt").open("w") as log:
        process = subprocess.Popen([*command, *options], cwd=root, stdout=log, stderr=log)
        greatest = 0
        while process.poll() is None:  # not wait4: that counts the kernels it has reaped, too
            greatest = max(greatest, greatest_memory(process.pid))
            time.sleep(0.1)
    text = (root / "log.txt").read_text()
    assert process.returncode == 0, text[-4000:]
    return {row.student: row for row in class_rows(root, NAME)}, root, text, greatest


def greatest_memory(pid):
    """Bytes: the most that the process itself has held so far; 0 if it has ended."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0


def points(row):
    return [row.marks[name].points for name in ("jaccard", "own_test")]


def output(root, student):
    path = root / "autograded" / student / NAME / f"{NAME}.ipynb"
    cells = nbformat.read(path, as_version=4).cells
    cell = next(
        cell
        for cell in cells
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "own_test-solution"
    )
    return "".join(output.get("text", "") for output in cell.outputs)


@pytest.mark.parametrize("student", ["honest", "talkative", "prying"])
def test_right_answers_earn_full_marks(graded, student):
    assert points(graded[0][student]) == [3, 2]
    assert graded[0][student].state == "graded"


@pytest.mark.parametrize(
    ("student", "reason"),
    [
        ("endless", " MiB"),
        ("gigantic", "more than 32 MiB at once"),
        ("hidden_gigantic", "printed more than 20 MiB"),
        ("grows", "used more than 1.49 GiB of memory"),
        ("bomb", "more than 200 processes"),
    ],
)
def test_a_limit_ends_the_kernel_with_a_reason_and_the_points_before(graded, student, reason):
    row = graded[0][student]
    assert points(row) == [3, 0]
    assert row.state == "crashed"
    assert reason in row.reason
    assert "own_test-solution" in row.reason


def test_the_graders_own_memory_does_not_grow_with_what_is_printed(graded):
    assert 2e8 < graded[3] < 1.2e9  # torch and the rest take half of it


def test_what_one_cell_prints_is_kept_up_to_a_limit(graded):
    text = output(graded[1], "talkative")
    assert 0.9e6 < len(text) < 1.1e6
    assert text.rstrip().endswith("the rest is left out.]")


def test_a_hand_in_finds_nothing_and_nobody(graded):
    text = output(graded[1], "prying")
    assert "found: []" in text
    assert "ConnectionRefusedError" in text
    assert "a,b False" in text


def test_without_bubblewrap_nothing_is_graded_or_written(small_course):
    hand_in(small_course, "honest", STUDENTS["honest"])
    before = {path: path.stat().st_mtime_ns for path in small_course.rglob("*")}
    with without("bwrap", wheel=False) as environment:
        done = nbgrader(small_course, "autograde", NAME, **environment)
    assert done.returncode == 1
    assert "apt-get install bubblewrap" in done.stdout
    assert "Traceback" not in done.stdout
    after = {path: path.stat().st_mtime_ns for path in small_course.rglob("*")}
    assert {path.name for path in set(after) ^ set(before)} <= {".nbgrader.log"}
    assert not (small_course / "autograded").exists()
    again = nbgrader(small_course, "autograde", NAME)
    assert again.returncode == 0
    (row,) = class_rows(small_course, NAME)
    assert points(row) == [3, 2]


def test_no_sandbox_is_possible_and_loud(small_course, tmp_path):
    hand_in(small_course, "honest", (RIGHT, "import os\nprint(os.getcwd())\n" + TWICE))
    done = nbgrader(small_course, "autograde", NAME, "--Judge.sandbox=False")
    assert done.returncode == 0, done.stdout
    assert "NO SANDBOX" in done.stdout
    (row,) = class_rows(small_course, NAME)
    assert points(row) == [3, 2]
    assert str(small_course) in output(small_course, "honest")


def test_validate_in_the_courses_folder_runs_in_a_sandbox(small_course):
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("import os\nassert os.getcwd() == '/hand_in'")],
        metadata={"kernelspec": {"name": "python3", "display_name": "", "language": "python"}},
    )
    nbformat.write(notebook, small_course / "mine.ipynb")
    done = nbgrader(small_course, "validate", "mine.ipynb")
    assert "Success" in done.stdout, done.stdout
