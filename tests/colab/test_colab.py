"""The set-up cell and the hand-in cell of built notebooks in an emulated Colab.

See `emulation` for what the emulation can't show. All notebooks run under COURSE_TEST_ALL=1;
without it one lecture and one assignment, each in one language.
"""

import json
import os
from dataclasses import replace

import nbformat
import pytest

from course_utils.teaching import notebooks
from course_utils.teaching.config import load
from course_utils.teaching.publish.edition import edition
from course_utils.teaching.setup_cell import SETUP_TAG
from tests.teaching.small_course import REPOSITORY

pytestmark = pytest.mark.slow

TOUCHY = ("numpy", "torch", "torchvision", "ipywidgets", "ipython", "matplotlib")
FEW = {
    "lectures/ru/04_segmentation_metrics.ipynb",
    "assignments/en/metrics_and_loss/metrics_and_loss.ipynb",
}
COURSE = load(REPOSITORY)
ALL = {
    path.relative_to(REPOSITORY).as_posix()
    for pattern in ("lectures/*/*.ipynb", "assignments/*/*/*.ipynb")
    for path in REPOSITORY.glob(pattern)
}
PAGES = sorted(ALL if os.environ.get("COURSE_TEST_ALL") == "1" else FEW)
FIRST = 3  # code cells after the set-up


def cells_of(files, path):
    """The code cells of a published notebook."""
    page = nbformat.reads(files[path].decode(), as_version=4)
    return [cell for cell in page.cells if cell.cell_type == "code"]


def first_cells(cells):
    """From the set-up to the first cells of the page's own, before any check."""
    names = [cell.metadata.get("nbgrader", {}) for cell in cells]
    end = next((n for n, found in enumerate(names) if found.get("grade")), len(cells))
    return cells[: min(end, FIRST + 1)]


def said(cell):
    """All that a cell wrote, as text."""
    parts = []
    for output in cell.outputs:
        parts.append(output.get("text", "") or "\n".join(output.get("traceback", ())))
    return "".join(parts)


@pytest.mark.parametrize("path", PAGES)
def test_set_up_and_first_cells_run_and_nothing_preinstalled_changes(
    colab, student_edition, path
):
    versions, files = colab.versions(), colab.files()
    assert "course-utils" not in versions
    cells = first_cells(cells_of(student_edition, path))
    assert SETUP_TAG in cells[0].metadata.tags
    page = colab.run(cells)
    text = said(page.cells[0])
    language = path.split("/")[1]
    for words in {"ru": ("язык: русский", "Устройство", "Данные", "Сменить среду")}.get(
        language, ("language: English", "Device", "Data", "Change runtime type")
    ):
        assert words in text
    assert "restart" not in text.lower()
    after = colab.versions()
    assert after.pop("course-utils")
    assert after == versions
    assert set(TOUCHY) <= after.keys()  # they are there at all
    assert colab.files() == files


def test_the_emulated_versions_are_colabs(colab):
    versions = colab.versions()
    assert versions["ipython"] == "7.34.0"
    assert versions["ipywidgets"] == "7.7.1"
    assert "nbgrader" not in versions


def test_a_second_run_installs_nothing(set_up, student_edition):
    """In a session of its own, where the address leads nowhere any more."""
    setup = cells_of(student_edition, "lectures/en/04_segmentation_metrics.ipynb")[:1]
    page = set_up.run(setup, github=set_up.root / "gone")
    assert "language: English" in said(page.cells[0])


@pytest.mark.parametrize("language", COURSE.languages)
def test_a_wrong_address_or_no_network_is_said_in_a_few_lines(colab, language):
    versions = colab.versions()
    setup = notebooks.setup_cell(COURSE, language)
    page = colab.run([setup], errors=True, github=colab.root / "gone")
    (error,) = [o for o in page.cells[0].outputs if o.output_type == "error"]
    assert error.ename == "SystemExit"
    for words in {"ru": ("сеть", "преподавателю")}.get(language, ("network", "instructor")):
        assert words in error.evalue
    assert len(said(page.cells[0]).splitlines()) <= 25
    assert "Traceback" not in said(page.cells[0]).replace("tracebacks", "")
    assert colab.versions() == versions


def test_outside_colab_nothing_is_installed(colab):
    """The same machine without google.colab: the cell says what to do."""
    setup = notebooks.setup_cell(COURSE, "en")
    outside = nbformat.v4.new_code_cell("import sys; del sys.modules['google.colab']")
    page = colab.run([outside, setup], errors=True)
    (error,) = [o for o in page.cells[1].outputs if o.output_type == "error"]
    assert "%pip install" in error.evalue
    assert "course-utils" not in colab.versions()


def test_a_missing_tag_is_said_too(colab):
    setup = notebooks.setup_cell(replace(COURSE, tag="no-such-tag"), "en")
    page = colab.run([setup], errors=True)
    assert "SystemExit" in [output.get("ename") for output in page.cells[0].outputs]


def test_the_last_cell_downloads_the_notebook_under_its_name(set_up, student_edition):
    path = "assignments/ru/metrics_and_loss/metrics_and_loss.ipynb"
    cells = cells_of(student_edition, path)
    own = nbformat.v4.new_code_cell("answer = 42  # the student's own cell")
    page = set_up.run([cells[0], own, cells[-1]])
    handed_in = set_up.downloads / "metrics_and_loss.ipynb"
    assert "answer = 42" in handed_in.read_text(encoding="utf-8")
    assert len(json.loads(handed_in.read_text(encoding="utf-8"))["cells"]) == 3
    assert "0 из 13" in said(page.cells[-1])


def test_where_the_page_does_not_answer_the_last_cell_says_how_to_download(
    set_up, student_edition
):
    path = "assignments/en/metrics_and_loss/metrics_and_loss.ipynb"
    cells = cells_of(student_edition, path)
    page = set_up.run([cells[0], cells[-1]], page="closed")
    assert "File > Download" in said(page.cells[-1])
    assert not list(set_up.downloads.iterdir())


def test_every_module_of_the_edition_imports_without_the_instructors_packages(set_up):
    """In the emulation, where neither nbgrader nor the rest of the course is."""
    names = sorted(
        path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for path in edition(COURSE)
        if path.startswith("course_utils/") and path.endswith(".py")
    )
    code = f"import importlib\nfor name in {names!r}:\n    importlib.import_module(name)"
    set_up.run([nbformat.v4.new_code_cell(code)])
