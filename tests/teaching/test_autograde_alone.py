"""nbgrader's own commands with the course's settings say and choose what `course` does."""

import nbformat
import pytest
from nbconvert.exporters.exporter import ResourcesDict
from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.converters.base import NbGraderException

from course_utils.teaching.feedback import FeedbackExporter
from course_utils.teaching.grading.kit import course_directory, load_config
from course_utils.teaching.judge import JudgedHandInExporter
from tests.teaching.conftest import nbgrader
from tests.teaching.grading.class_of import NAME, RIGHT, answered, hand_in
from tests.teaching.test_gradebook import garbage, locked

FILE = f"{NAME}.ipynb"


@pytest.fixture
def exporter(small_course):
    """Makes the reader of hand-ins as `nbgrader autograde` does."""
    config = load_config(small_course)
    directory = course_directory(small_course, config, NAME)

    def make():
        converter = Autograde(coursedir=directory, config=config)
        return JudgedHandInExporter(parent=converter, config=config)

    return make


def read(exporter, path):
    """The sources of the cells that are graded of this file, and why there are none."""
    names = {"student": "anna", "assignment": NAME, "notebook": NAME}
    resources = ResourcesDict(nbgrader=names)
    text, resources = exporter.from_filename(str(path), resources=resources)
    cells = nbformat.reads(text, as_version=4).cells
    return [cell.source for cell in cells], str(resources.get("unreadable", ""))


@pytest.mark.parametrize(
    ("trouble", "cure"),
    [(locked, "in use by another program"), (garbage, "is damaged.*copy from before")],
)
def test_a_gradebook_that_can_not_be_written_is_refused_first(
    exporter, small_course, trouble, cure
):
    with trouble(small_course / "gradebook.db"), pytest.raises(NbGraderException, match=cure):
        exporter()
    exporter()


def test_without_a_gradebook_the_command_that_makes_one_is_named(exporter, small_course):
    (small_course / "gradebook.db").unlink()
    with pytest.raises(NbGraderException, match=f"nbgrader generate_assignment {NAME}"):
        exporter()
    assert not (small_course / "gradebook.db").exists()


@pytest.mark.parametrize(
    ("trouble", "cure"),
    [(locked, "in use by another program"), (garbage, "is damaged.*copy from before")],
)
def test_feedback_needs_one_that_can_be_read(small_course, trouble, cure):
    config = load_config(small_course)
    directory = course_directory(small_course, config, NAME)
    converter = GenerateFeedback(coursedir=directory, config=config)
    with trouble(small_course / "gradebook.db"), pytest.raises(NbGraderException, match=cure):
        FeedbackExporter(parent=converter, config=converter.config)
    FeedbackExporter(parent=converter, config=converter.config)


@pytest.mark.slow
def test_the_command_says_it_in_one_sentence(small_course):
    hand_in(small_course, "anna", answered(small_course))
    with locked(small_course / "gradebook.db"):
        done = nbgrader(small_course, "autograde", NAME)
    assert done.returncode == 1
    assert "is in use by another program. Wait until it has ended" in done.stdout
    assert "Traceback" not in done.stdout
    assert not (small_course / "autograded").exists()


def test_an_untouched_file_of_the_right_name_does_not_go_before_the_answers(
    exporter, small_course
):
    hand_in(small_course, "anna", answered(small_course), "Копия.ipynb")
    folder = hand_in(small_course, "anna", answered(small_course, jaccard=None, twice=None))
    sources, reason = read(exporter(), folder / FILE)
    assert RIGHT in sources
    assert reason == ""


def test_the_copy_that_is_being_graded_is_read_as_it_is(exporter, small_course):
    hand_in(small_course, "anna", answered(small_course))
    copy = small_course / "autograded" / "anna" / NAME / FILE
    copy.parent.mkdir(parents=True)
    nbformat.write(answered(small_course, jaccard="# the copy"), copy)
    assert "# the copy" in read(exporter(), copy)[0]


def test_what_is_unreadable_says_why(exporter, small_course):
    folder = hand_in(small_course, "anna", b"PK\x03\x04")
    assert "zip archive" in read(exporter(), folder / FILE)[1]
