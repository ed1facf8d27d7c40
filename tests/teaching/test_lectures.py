"""Lectures before they are executed: one language each, stable ids, what counts as fresh."""

import re

import nbformat
import pytest

from course_utils.teaching import config, lectures, notebooks
from course_utils.teaching.notebooks import Ids
from tests.teaching.small_course import LECTURE, edit, make_course


@pytest.fixture
def root(tmp_path):
    return make_course(tmp_path / "course")


def plan(root):
    course = config.load(root)
    return {one.language: one for one in lectures.plan(course, lectures.sources(course)[0])}


def pretend_executed(lecture, text="4\n"):
    """Write the notebook as if its code had printed `text`."""
    found = nbformat.from_dict(lecture.plain)
    for number, cell in enumerate((c for c in found.cells if c.cell_type == "code"), 1):
        cell.execution_count = number
        cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)]
    lecture.path.parent.mkdir(exist_ok=True)
    lecture.path.write_text(notebooks.write(found), encoding="utf-8")


def test_a_notebook_speaks_one_language(root):
    both = plan(root)
    prose = {
        language: [cell.source for cell in one.plain.cells[1:] if cell.cell_type == "markdown"]
        for language, one in both.items()
    }
    assert prose == {
        "ru": ["# Сложение\nДва и два.", "Четыре."],
        "en": ["# Adding\nTwo and two.", "Four."],
    }
    assert not re.search("[А-яЁё]", "".join(prose["en"]))


def test_badge_title_and_setup_come_first(root):
    badge, title, setup, *_ = plan(root)["en"].plain.cells
    page = "github/someone/some-course/blob/main/lectures/en/01_adding.ipynb"
    assert f"(https://colab.research.google.com/{page})" in badge.source
    assert badge.source.startswith("[![Open in Colab](")
    assert "/lectures/ru/01_adding.ipynb)" in badge.source
    assert title.source.startswith("# Adding")
    assert setup.source.endswith('session.start("en");')
    assert '"course-utils @ git+https://github.com/someone/some-course@main"' in setup.source
    assert "nbval-ignore-output" in setup.metadata.tags


def test_code_has_the_same_id_in_every_language_and_prose_its_own(root):
    both = plan(root)
    ids = {
        language: {
            kind: [cell.id for cell in one.plain.cells if cell.cell_type == kind]
            for kind in ("code", "markdown")
        }
        for language, one in both.items()
    }
    assert ids["ru"]["code"] == ids["en"]["code"]
    # the badge is the one markdown cell that both share
    assert set(ids["ru"]["markdown"]) & set(ids["en"]["markdown"]) == {ids["ru"]["markdown"][0]}


def test_every_cell_has_its_id_in_two_places_and_no_id_comes_twice(root):
    for one in plan(root).values():
        cells = one.plain.cells
        assert all(cell.id == cell.metadata.id for cell in cells)
        assert all(re.fullmatch("[0-9a-f]{12}", cell.id) for cell in cells)
        assert len({cell.id for cell in cells}) == len(cells)


def test_a_cell_put_in_leaves_the_other_ids_alone(root):
    before = [cell.id for cell in plan(root)["ru"].plain.cells]
    edit(root / "lectures/01_adding.py", "# %%\ntotal", "# %%\nnew = 1\n\n# %%\ntotal")
    after = [cell.id for cell in plan(root)["ru"].plain.cells]
    assert [found for found in after if found in before] == before
    assert len(after) == len(before) + 1


def test_equal_cells_get_different_ids():
    ids = Ids()
    assert ids.give("code", "x") != ids.give("code", "x")
    assert Ids().give("code", "x") == Ids().give("code", "x")


def test_the_notebook_is_valid_and_says_what_it_is(root):
    one = plan(root)["ru"]
    text = notebooks.write(one.plain)
    found = nbformat.reads(text, as_version=nbformat.NO_CONVERT)
    nbformat.validate(found)
    assert (found.nbformat, found.nbformat_minor) == (4, 5)
    assert found.metadata.course.language == "ru"
    assert found.metadata.course.name == "01_adding"
    assert found.metadata.language_info == {"name": "python"}
    assert all("lang" not in cell.metadata for cell in found.cells)


def test_an_executed_notebook_of_this_source_is_fresh(root):
    one = plan(root)["ru"]
    assert not lectures.is_fresh(one)
    pretend_executed(one)
    assert lectures.is_fresh(one)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda cells: cells.pop(),
        lambda cells: cells[1].update(source="# Вычитание"),
        lambda cells: cells[3].update(source="total = 5"),
        lambda cells: cells[3].update(execution_count=None),
        lambda cells: cells[3].metadata.update(tags=["hide-input"]),
        lambda cells: cells[3].update(id="0" * 12),
        lambda cells: cells.append(nbformat.v4.new_code_cell("", id="f" * 12)),
    ],
)
def test_a_notebook_that_differs_from_its_source_is_stale(root, spoil):
    one = plan(root)["ru"]
    pretend_executed(one)
    found = nbformat.read(one.path, as_version=nbformat.NO_CONVERT)
    spoil(found.cells)
    nbformat.write(found, one.path)
    assert not lectures.is_fresh(one)


def test_a_file_that_is_no_notebook_is_stale(root):
    one = plan(root)["ru"]
    one.path.parent.mkdir()
    one.path.write_text("{", encoding="utf-8")
    assert not lectures.is_fresh(one)
    assert lectures.keep_outputs(one) is None


def test_other_prose_keeps_the_outputs(root):
    pretend_executed(plan(root)["ru"], "kept\n")
    edit(root / "lectures/01_adding.py", "# Четыре.", "# Ровно четыре.")
    one = plan(root)["ru"]
    found = lectures.keep_outputs(one)
    assert "Ровно четыре." in [cell.source for cell in found.cells]
    assert [c.outputs[0].text for c in found.cells if c.cell_type == "code"] == ["kept\n"] * 3


@pytest.mark.parametrize(
    ("old", "new"),
    [("2 + 2", "4"), ("# %%\nprint(total)\n", "# %%\nprint(4)\n"), (LECTURE[-19:], "")],
)
def test_other_code_does_not(root, old, new):
    pretend_executed(plan(root)["ru"])
    path = root / "lectures/01_adding.py"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    assert lectures.keep_outputs(plan(root)["ru"]) is None
