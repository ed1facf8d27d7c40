"""The student's whole road, in both languages, in the emulated Colab of tests/colab.

Badge, set-up, edit, check, the file to hand in, the LMS's zip, `course collect`,
`course grade`, nbgrader's feedback: the page that comes back has the verdict of the check.
One student writes the essay into the cell of its question, the other writes none.
"""

import csv
import io
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from urllib.parse import urlparse

import nbformat
import pytest
from nbgrader.api import Gradebook

from course_utils.i18n import speaking
from course_utils.teaching.config import load
from course_utils.teaching.publish.edition import edition
from tests.colab import emulation
from tests.teaching.small_course import REPOSITORY
from tests.without_sandbox import grade_options

pytestmark = pytest.mark.slow

NAME = "metrics_and_loss"
COURSE = load(REPOSITORY)
ACCURACY = """\
def pixel_accuracy(predicted, truth):
    known = truth != 255
    return (predicted[known] == truth[known]).float().mean()
"""
DICE = """\
def jaccard(predicted, truth, num_classes):
    known = truth != 255
    rows = []
    for k in range(num_classes):
        mine, right = (predicted == k) & known, (truth == k) & known
        rows.append(2 * (mine & right).sum() / (mine.sum() + right.sum()))
    return torch.stack(rows)
"""
ESSAY = "Фон занимает почти весь кадр, и точность говорит о нём, а не о дефектах."
# language -> the person's name, Moodle's number, the id on the roster, the file's name
STUDENTS = {
    "ru": ("Иванова Анна", "101", "ivanova", "Копия metrics_and_loss.ipynb"),
    "en": ("Smith John", "102", "smith", "metrics_and_loss (1).ipynb"),
}
ROSTER = "id,last_name,first_name\nivanova,Иванова,Анна\nsmith,Smith,John\n"


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory):
    """language -> the file that the student's browser downloaded, as bytes."""
    found = {}
    folder = emulation.shared_folder(tmp_path_factory)
    files = edition(COURSE, tag=emulation.TAG)
    for language in STUDENTS:
        with emulation.machine(folder, COURSE, files) as machine:
            colab = machine.without_the_course()
            page = open_from_readme(colab, language)
            write_answers(page, language)
            done = colab.run(page, errors=True)
            look_at_what_the_student_saw(done, language)
            (file,) = colab.downloads.iterdir()
            assert file.name == f"{NAME}.ipynb"
            found[language] = file.read_bytes()
    return found


def open_from_readme(colab, language):
    """The notebook behind a Colab badge of README.md, as Colab would fetch it."""
    readme = (colab.github / "README.md").read_text(encoding="utf-8")
    addresses = re.findall(r"\((https://colab\.research\.google\.com/github/[^)]+)\)", readme)
    (address,) = [a for a in addresses if a.endswith(f"{language}/{NAME}/{NAME}.ipynb")]
    prefix = f"/github/{COURSE.repository}/blob/{COURSE.branch}/"
    path = urlparse(address).path
    assert path.startswith(prefix)
    page = nbformat.read(colab.github / path.removeprefix(prefix), as_version=4)
    assert address in page.cells[0].source  # the notebook's own badge leads to itself
    return page


def write_answers(page, language):
    for above, cell in itertools.pairwise(page.cells):
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name == "pixel_accuracy-solution":
            cell.source = ACCURACY
        elif name == "jaccard-solution":
            cell.source = DICE
        elif name == "essay" and language == "ru":
            above.source += f"\n\n{ESSAY}"


def look_at_what_the_student_saw(page, language):
    texts = {
        cell.metadata.get("nbgrader", {}).get("grade_id", str(number)): json.dumps(
            cell.get("outputs", []), ensure_ascii=False
        )
        for number, cell in enumerate(page.cells)
    }
    assert "✓ pixel_accuracy" in texts["pixel_accuracy"]
    assert "✗ jaccard" in texts["jaccard"]
    with speaking(language):
        assert mistake() in texts["jaccard"]
    last = texts[str(len(page.cells) - 1)]
    for words in {
        "ru": ("дают 1 из 13", "Ответ на вопрос (essay) не написан"),
        "en": ("give 1 of 13", "The answer to essay is not written"),
    }[language]:
        assert words in last
    assert f"{NAME}.ipynb" in last


def mistake():
    """The sentence that names Dice's coefficient, in the language in use."""
    from course_utils.checks.exercise import assignment
    from course_utils.i18n import _

    (found,) = [m for m in assignment(NAME)["jaccard"].mistakes if m.name == "dice"]
    return _(found.sentence)


@pytest.fixture(scope="module")
def graded(handed_in, tmp_path_factory):
    """The instructor's folder, after collecting, grading and feedback."""
    root = tmp_path_factory.mktemp("instructor")
    for name in ("course.toml", "nbgrader_config.py"):
        shutil.copy(REPOSITORY / name, root)
    shutil.copytree(REPOSITORY / "solutions" / NAME, root / "solutions" / NAME)
    for language in STUDENTS:
        shutil.copytree(
            REPOSITORY / "assignments" / language / NAME,
            root / "assignments" / language / NAME,
        )
    (root / "roster.csv").write_text(ROSTER, encoding="utf-8")
    run(root, "nbgrader", "generate_assignment", NAME, "--force")
    archive = root / "downloaded" / NAME / "archive" / "CV-metrics_and_loss-1234.zip"
    archive.parent.mkdir(parents=True)
    with zipfile.ZipFile(archive, "w") as moodle:
        for language, (person, number, _id, file) in STUDENTS.items():
            folder = f"{person}_{number}_assignsubmission_file"
            moodle.writestr(f"{folder}/{file}", handed_in[language])
    told = run(root, "course_utils.teaching.cli", "collect", NAME, "--csv").stdout
    rows = {row["student"]: row for row in csv.DictReader(io.StringIO(told))}
    assert {row["state"] for row in rows.values()} == {"collected"}
    assert "стоит в ячейке самого вопроса" in rows["ivanova"]["reason"]
    assert rows["smith"]["reason"] == ""
    run(root, "course_utils.teaching.cli", "grade", NAME, "--jobs", "1", *grade_options())
    run(root, "nbgrader", "generate_feedback", NAME)
    return root


def run(root, *command):
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=root,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.mark.parametrize("language", STUDENTS)
def test_the_mark_is_what_the_checks_gave(graded, language):
    student = STUDENTS[language][2]
    with Gradebook(f"sqlite:///{graded}/gradebook.db") as book:
        hand_in = book.find_submission_notebook(NAME, NAME, student)
        scores = {grade.name: grade.score for grade in hand_in.grades}
    points = COURSE.assignment(NAME).points
    assert scores.pop("pixel_accuracy") == points["pixel_accuracy"]
    assert set(scores.values()) == {0}
    assert scores.keys() == points.keys() - {"pixel_accuracy"}


@pytest.mark.parametrize("language", STUDENTS)
def test_the_feedback_names_the_mistake_in_the_students_language(graded, language):
    student = STUDENTS[language][2]
    page = (graded / "feedback" / student / NAME / f"{NAME}.html").read_text(encoding="utf-8")
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    with speaking(language):
        assert " ".join(mistake().split()) in text
    assert "✓ pixel_accuracy" in text


@pytest.mark.parametrize("language", STUDENTS)
def test_the_file_has_what_colab_leaves_of_a_notebook(handed_in, language):
    page = json.loads(handed_in[language])
    assert page["nbformat_minor"] == 0
    assert "colab" in page["metadata"]
    assert not any("id" in cell for cell in page["cells"])


def autograded(graded, language):
    path = graded / "autograded" / STUDENTS[language][2] / NAME / f"{NAME}.ipynb"
    return nbformat.read(path, as_version=4)


@pytest.mark.parametrize(("language", "text"), [("ru", ESSAY), ("en", "*Your answer.*")])
def test_an_essay_waits_for_a_person_where_there_is_one(graded, language, text):
    """Out of the question's cell it came to where Formgrader shows it for marking."""
    cells = autograded(graded, language).cells
    names = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in cells]
    assert cells[names.index("essay")].source == text
    assert ESSAY not in cells[names.index("essay") - 1].source
    with Gradebook(f"sqlite:///{graded}/gradebook.db") as book:
        hand_in = book.find_submission_notebook(NAME, NAME, STUDENTS[language][2])
        assert hand_in.needs_manual_grade == (language == "ru")


@pytest.mark.parametrize("language", STUDENTS)
def test_the_hand_in_cell_stays_silent_while_the_hand_in_is_graded(graded, language):
    page = autograded(graded, language)
    (cell,) = [cell for cell in page.cells if cell.source.startswith("checks.hand_in(")]
    assert cell.outputs == []
