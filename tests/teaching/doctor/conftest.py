"""A small course, sample hand-ins, and what grading sees of a notebook."""

import contextlib
import copy
import json

import nbformat
import pytest
from nbgrader.preprocessors import OverwriteCells
from traitlets.config import Config

from course_utils.teaching import config
from course_utils.teaching.doctor.examine import Doctor
from course_utils.teaching.hand_in import read_hand_in
from course_utils.teaching.restore import RestoreRelease
from tests.teaching.doctor.damages import own
from tests.teaching.grading.class_of import DICE, NAME, RIGHT, answered

ESSAY = {"en": "Because of the background.\n\nIt is large.", "ru": "Потому что фон велик."}
HELPER = "def helper(x):\n    return x  # mine"


def samples(root):
    """name -> intact hand-in, as the JSON of its file."""
    found = {
        f"{name}_{language}": answered(root, language, jaccard, essay=essay and ESSAY[language])
        for language in ("en", "ru")
        for name, jaccard, essay in (("right", RIGHT.strip(), True), ("mistake", DICE, True))
    }
    found["blank_ru"] = answered(root, "ru", None, None)
    found["own_cells_en"] = with_own_cells(found["right_en"])
    found["own_cells_ru"] = with_own_cells(found["mistake_ru"])
    return {name: json.loads(json.dumps(one)) for name, one in found.items()}


def with_own_cells(notebook):
    """A helper above the first solution, an experiment and a note below its check."""
    notebook = copy.deepcopy(notebook)
    at = next(n for n, cell in enumerate(notebook.cells) if "def jaccard" in cell.source)
    notebook.cells.insert(at, nbformat.from_dict(own(HELPER)))
    notebook.cells.insert(at + 3, nbformat.from_dict(own("x = helper(3)\nprint(x)")))
    notebook.cells.insert(at + 4, nbformat.from_dict(own("A *note* of mine", "markdown")))
    return notebook


@pytest.fixture(scope="session")
def intact(released_course):
    return samples(released_course)


@pytest.fixture(scope="session")
def doctor(released_course):
    return Doctor(config.load(released_course))


@pytest.fixture
def examined(doctor, tmp_path):
    """examine(bytes) -> Diagnosis, of a file with these bytes."""

    def run(data, name=f"{NAME}.ipynb", assignment=None):
        path = tmp_path / name
        path.write_bytes(data)
        return doctor.examine(path, assignment)

    return run


@pytest.fixture(scope="session")
def seen(released_course, tmp_path_factory):
    """grade_id -> (type, text, nbgrader's metadata), after grading's own first steps."""
    folder = tmp_path_factory.mktemp("seen")
    url = f"sqlite:///{released_course}/gradebook.db"

    def look(data):
        path = folder / f"{NAME}.ipynb"
        path.write_bytes(data if isinstance(data, bytes) else nbformat.writes(data).encode())
        notebook = read_hand_in(path)
        names = {"db_url": url, "assignment": NAME, "notebook": NAME, "student": "anna"}
        resources = {"nbgrader": names}
        with contextlib.chdir(released_course):
            for step in (RestoreRelease(), OverwriteCells(config=Config())):
                notebook, resources = step(notebook, resources)
        cells = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
        assert len({cell.metadata.nbgrader.grade_id for cell in cells}) == len(cells)
        return {
            cell.metadata.nbgrader.grade_id: (
                cell.cell_type,
                cell.source,
                dict(cell.metadata.nbgrader),
            )
            for cell in cells
        }, [cell.metadata.nbgrader.grade_id for cell in cells if cell.cell_type == "code"]

    return look
