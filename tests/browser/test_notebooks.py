"""Lectures and assignments as their readers have them: in JupyterLab, by mouse and keyboard."""

import os

import nbformat
import pytest

from course_utils.i18n import LANGUAGES, _, speaking
from tests.browser.jupyter import no_trouble, open_notebook
from tests.browser.serving import ROOT, copy_of_the_course, keep_picture, serving
from tests.teaching.grading.class_of import DICE, RIGHT

pytestmark = pytest.mark.slow

# The one that takes least time, in Russian: its labels are the longer ones; all of them under
# COURSE_TEST_ALL=1.
QUICK = ["lectures/ru/05_segmentation_loss.ipynb"]
ALL = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("lectures/*/*.ipynb"))
LECTURES = ALL if os.environ.get("COURSE_TEST_ALL") else QUICK
ASSIGNMENT = "assignments/en/metrics_and_loss/metrics_and_loss.ipynb"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    root = copy_of_the_course(tmp_path_factory.mktemp("course"))
    with serving(root, tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("path", LECTURES)
def test_a_lecture_runs_to_its_end_and_all_that_moves_redraws(server, page, path):
    notebook = open_notebook(page, server, path)
    assert notebook.run_all() == []
    figures = notebook.figures(moving_figures(path))
    assert len(figures) == moving_figures(path)
    name = path.removesuffix(".ipynb").replace("/", "_")
    for number, figure in enumerate(figures, start=1):
        assert figure.move_all() == [], f"figure {number}: these change nothing"
        assert figure.enlarged() <= 1, f"figure {number} is stretched, and so blurred"
        figure.bring_in_sight()
        keep_picture(page, f"{name}_figure_{number}")
    no_trouble(page)
    notebook.shut_down()


def test_a_check_shows_the_mistake_with_its_picture_and_then_that_it_is_right(server, page):
    notebook = open_notebook(page, server, ASSIGNMENT)
    notebook.run(notebook.cell("find_spec"))
    notebook.run(notebook.cell("from course_utils.data import VOC_CLASSES, VOID"))
    answer, check = notebook.cell("def jaccard("), notebook.cell('check("jaccard", jaccard)')

    notebook.write(answer, DICE)
    notebook.run(answer)
    notebook.run(check)
    said = notebook.said(check, "✗ jaccard", "Dice")
    assert width_of(said.locator("img")) > 100
    said.locator("img").scroll_into_view_if_needed()
    keep_picture(page, "check_failing")

    notebook.write(answer, RIGHT)
    notebook.run(answer)
    notebook.run(check)
    said = notebook.said(check, "✓ jaccard")
    assert "✗" not in said.text_content()
    said.scroll_into_view_if_needed()
    keep_picture(page, "check_passing")

    # The last cell: what the marks would be, what was not run, and the file to hand in.
    notebook.save()
    last = notebook.cell('checks.hand_in("metrics_and_loss"')
    notebook.run(last)
    path = f"Hand in this file: {server.root / ASSIGNMENT}"
    notebook.said(last, "✓ jaccard", "✗ softmax", "3 / 3", path)
    last.scroll_into_view_if_needed()
    keep_picture(page, "hand_in")
    saved = nbformat.read(server.root / ASSIGNMENT, as_version=4)
    assert any(RIGHT.strip() in cell.source for cell in saved.cells)
    no_trouble(page)
    notebook.shut_down()


def moving_figures(path: str) -> int:
    """As many figures as the lecture was built with: each left its static twin."""
    twins = set()
    for language in LANGUAGES:
        with speaking(language):
            twins.add(_("Without a kernel: chosen frames of the figure above."))
    lecture = nbformat.read(ROOT / path, as_version=4)  # JupyterLab saves the copy
    return sum(
        "".join(output.get("data", {}).get("text/plain", "")) in twins
        for cell in lecture.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    )


def width_of(image) -> int:
    """Of the picture itself, in pixels; 0 where it can't be shown."""
    return image.evaluate("image => image.naturalWidth")
