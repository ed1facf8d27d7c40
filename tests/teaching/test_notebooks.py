"""The set-up cell and the hand-in cell that the build adds."""

import ast
from dataclasses import replace

import nbformat
import pytest

from course_utils.teaching import notebooks, suspicions
from course_utils.teaching.config import load
from course_utils.teaching.errors import CourseError
from course_utils.teaching.setup_cell import is_setup
from tests.teaching.small_course import REPOSITORY, edit, make_course


@pytest.fixture
def root(tmp_path):
    return make_course(tmp_path / "course")


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("assignment", [None, "sums"])
def test_a_set_up_cell_is_known_again_and_nothing_but_it(root, language, assignment):
    text = notebooks.setup_cell(load(root), language, assignment).source
    assert is_setup(text)
    assert is_setup(text + "\n")
    assert not is_setup(text + "\nimport os")
    assert not is_setup(text.replace("someone/some-course", 'x" evil "'))
    assert not is_setup(text.replace("--no-deps", "--upgrade"))
    for line in text.split("\n"):
        assert not is_setup(text.replace(line, f"{line} or quit()", 1)), line


def test_the_set_up_cell_is_python_but_for_its_one_command(root):
    text = notebooks.setup_cell(load(root), "ru", "sums").source
    commands = [line for line in text.split("\n") if line.lstrip().startswith("!")]
    assert len(commands) == 1
    ast.parse(text.replace(commands[0].strip(), "pass"))
    assert "--no-deps" in commands[0]
    assert "--no-input" in commands[0]


def test_the_cell_installs_the_tag_where_course_toml_has_one(root):
    assert "some-course@main" in notebooks.setup_cell(load(root), "en").source
    edit(root / "course.toml", 'branch = "main"', 'branch = "main"\ntag = "autumn-26"')
    course = load(root)
    assert "some-course@autumn-26" in notebooks.setup_cell(course, "en").source
    assert "blob/main" in notebooks.badge_cell(course, "en", "lectures", "x.ipynb").source


@pytest.mark.parametrize("tag", ['"a b"', '"-x"', '"x; rm"', "3", '""'])
def test_a_tag_that_git_or_pip_would_misread_is_refused(root, tag):
    edit(root / "course.toml", 'branch = "main"', f'branch = "main"\ntag = {tag}')
    with pytest.raises(CourseError, match=r"course\.tag"):
        load(root)


def test_the_hand_in_cell_holds_course_tomls_points(root):
    cell = notebooks.hand_in_cell(load(root), "sums")
    call = ast.parse(cell.source).body[0].value
    assert ast.literal_eval(call.args[0]) == "sums"
    assert ast.literal_eval(call.args[1]) == {"add": 2, "mean": 1.5, "why": 3}
    assert "nbgrader" not in cell.metadata


@pytest.mark.parametrize("path", sorted(REPOSITORY.glob("assignments/*/*/*.ipynb")), ids=str)
def test_every_released_assignment_ends_with_it_and_looks_innocent(path):
    page = nbformat.read(path, as_version=4)
    last = page.cells[-1]
    course = load(REPOSITORY)
    assert last.source == notebooks.hand_in_cell(course, path.stem).source
    assert notebooks.HAND_IN_TAG in last.metadata.tags
    setup = [cell for cell in page.cells if is_setup(cell.source)]
    assert len(setup) == 1
    page.cells = [*setup, last]
    assert suspicions.find(page) == []


def test_an_edited_set_up_cell_is_worth_a_look(root):
    course = replace(load(root), repository="someone/else")
    cell = notebooks.setup_cell(course, "en", "sums")
    cell.source += "\nimport socket"
    page = nbformat.v4.new_notebook(cells=[cell])
    assert {place.what for place in suspicions.find(page)} >= {"network"}
