"""From a solution to what students get: graded cells, languages, and no line of a solution."""

import json
import os
import shutil
import subprocess
import sys

import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator

from course_utils.essays import STUBS
from course_utils.teaching import assignments, config
from course_utils.teaching.errors import CourseError
from tests.teaching.small_course import ASSIGNMENT, edit, make_course

SECRETS = [
    "answer_of_add = first + second",
    "fsum(numbers) / len(numbers)",
    "коммутативно",
    "addition commutes",
    "Three points for commutativity",
    "BEGIN SOLUTION",
    "MARK SCHEME",
]


@pytest.fixture
def root(tmp_path):
    return make_course(tmp_path / "course")


def plan(root):
    course = config.load(root)
    files = assignments.plan(course, assignments.sources(course)[0])
    return {path.relative_to(root).as_posix(): content for path, content in files.items()}


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    return plan(make_course(tmp_path_factory.mktemp("planned") / "course"))


def released(planned, language):
    text = planned[f"assignments/{language}/sums/sums.ipynb"].decode()
    return nbformat.reads(text, as_version=nbformat.NO_CONVERT)


def graded(found):
    return {
        cell.metadata.nbgrader.grade_id: cell
        for cell in found.cells
        if "nbgrader" in cell.metadata
    }


def test_a_source_gives_one_solution_and_one_release_a_language(planned):
    assert sorted(planned) == [
        "assignments/en/sums/sums.ipynb",
        "assignments/ru/sums/sums.ipynb",
        "solutions/sums/sums.ipynb",
    ]


def test_the_solution_notebook_is_valid_and_bears_the_points(planned):
    text = planned["solutions/sums/sums.ipynb"].decode()
    found = nbformat.reads(text, as_version=nbformat.NO_CONVERT)
    nbformat.validate(found)
    MetadataValidator().validate_nb(found)
    cells = graded(found)
    assert list(cells) == ["add-solution", "add", "mean-solution", "mean", "why"]
    assert cells["mean"].metadata.nbgrader.points == 1.5
    assert cells["why"].metadata.nbgrader.points == 3
    assert "points" not in cells["mean-solution"].metadata.nbgrader
    assert {cell.metadata.get("lang") for cell in found.cells} == {"ru", "en", None}
    assert all(cell.id == cell.metadata.id for cell in found.cells)


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("secret", SECRETS)
def test_nothing_of_a_solution_is_released(planned, language, secret):
    text = json.dumps(json.loads(planned[f"assignments/{language}/sums/sums.ipynb"]))
    assert json.dumps(secret)[1:-1] not in text
    assert secret in planned["solutions/sums/sums.ipynb"].decode(), "or nothing was tested"


@pytest.mark.parametrize(
    ("language", "own", "other"), [("ru", "Сложите.", "Add up."), ("en", "Add up.", "Сложите.")]
)
def test_a_release_speaks_one_language(planned, language, own, other):
    found = released(planned, language)
    text = "\n".join(cell.source for cell in found.cells)
    assert own in text
    assert other not in text
    assert f'session.start("{language}")\ncheck = checks.for_assignment("sums")' in text
    assert found.cells[0].source.startswith("[![")
    assert f"/assignments/{language}/sums/sums.ipynb)" in found.cells[0].source
    assert found.metadata.course == {"language": language, "name": "sums"}
    assert graded(found)["why"].source == STUBS[language]
    assert sum("session.start" in cell.source for cell in found.cells) == 1
    assert all("lang" not in cell.metadata for cell in found.cells)
    nbformat.validate(found)


def test_a_student_gets_the_signature_and_the_stub(planned):
    source = graded(released(planned, "en"))["add-solution"].source
    assert source == (
        'def add(first, second):\n    """The sum of two numbers."""\n'
        "    # YOUR CODE HERE\n    raise NotImplementedError()"
    )


def test_all_languages_are_graded_by_the_same_cells(planned):
    ru, en = graded(released(planned, "ru")), graded(released(planned, "en"))
    assert list(ru) == list(en)
    for name, cell in ru.items():
        assert cell.id == en[name].id
        if name != "why":  # its stub is in words
            assert cell.source == en[name].source
            assert cell.metadata == en[name].metadata
    assert [name for name, cell in ru.items() if cell.metadata.nbgrader.locked] == [
        "add",
        "mean",
    ]


def test_two_builds_are_equal_byte_for_byte(root, planned):
    assert plan(root) == planned


def test_an_id_tells_nothing_of_the_solution(root, planned):
    edit(root / "solutions/sums/sums.py", "first + second", "second + first")
    assert (
        plan(root)["assignments/ru/sums/sums.ipynb"]
        == (planned["assignments/ru/sums/sums.ipynb"])
    )


def test_building_touches_no_gradebook_and_leaves_nothing_behind(root):
    before = sorted(path for path in root.rglob("*"))
    plan(root)
    assert sorted(path for path in root.rglob("*")) == before


@pytest.mark.parametrize(("language", "link"), [("ru", "[Словарь]"), ("en", "[Glossary]")])
def test_nbgraders_own_command_makes_the_same_bytes(root, language, link):
    """With all that a page looks for in the course's folder, the glossary."""
    (root / "docs").mkdir()
    (root / "docs/glossary.toml").touch()
    planned = plan(root)
    (root / "solutions/sums/sums.ipynb").write_bytes(planned["solutions/sums/sums.ipynb"])
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", "sums", "--force"]
    environment = os.environ | {"COURSE_LANGUAGE": language}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    folder = root / "assignments" / language / "sums"
    assert [path.name for path in folder.iterdir()] == ["sums.ipynb"], "no source beside it"
    made = (folder / "sums.ipynb").read_bytes()
    assert made == planned[f"assignments/{language}/sums/sums.ipynb"]
    assert link in made.decode()


def test_a_file_that_an_assignment_needs_goes_with_it(root):
    (root / "solutions/sums/table.csv").write_text("1,2\n", encoding="utf-8")
    assert plan(root)["assignments/ru/sums/table.csv"] == b"1,2\n"


def test_a_source_that_nbgrader_would_copy_stops_the_build(root):
    edit(root / "nbgrader_config.py", '    "*.py",\n', "")
    with pytest.raises(CourseError) as caught:
        plan(root)
    assert any("sums.py: would publish a source" in words for words in caught.value.problems)
    assert any("line of the solution" in words for words in caught.value.problems)


def test_a_file_with_a_line_of_a_solution_stops_the_build(root):
    notes = "Hint:\n\tanswer_of_add  =  first + second\n"
    (root / "solutions/sums/notes.txt").write_text(notes, encoding="utf-8")
    with pytest.raises(CourseError, match=r"ru/sums/notes.txt: would publish a line"):
        plan(root)


def test_settings_that_keep_solutions_stop_the_build(root):
    path = root / "nbgrader_config.py"
    text = path.read_text(encoding="utf-8") + (
        "\nfrom nbgrader.preprocessors import ClearMarkScheme, ClearSolutions\n"
        "c.GenerateAssignment.preprocessors.remove(ClearMarkScheme)\n"
        "c.GenerateAssignment.preprocessors.remove(ClearSolutions)\n"
    )
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CourseError, match=r"would publish a line of the solution: 'answer_of"):
        plan(root)


def test_what_nbgrader_says_is_passed_on(root):
    path = root / "nbgrader_config.py"
    path.write_text(
        path.read_text(encoding="utf-8") + "\nc.ClearSolutions.code_stub = {}\n",
        encoding="utf-8",
    )
    with pytest.raises(CourseError, match=r"generate the assignment: ValueError: language"):
        plan(root)


def test_missing_settings_are_named(root):
    (root / "nbgrader_config.py").unlink()
    with pytest.raises(CourseError, match=r"Expected nbgrader's settings in .*nbgrader_config"):
        plan(root)


def test_an_assignment_that_course_toml_lacks_is_named(root):
    shutil.copytree(root / "solutions/sums", root / "solutions/products")
    (root / "solutions/products/sums.py").rename(root / "solutions/products/products.py")
    course = config.load(root)
    with pytest.raises(CourseError, match="out of sums, got 'products'"):
        assignments.plan(course, root / "solutions/products/products.py")


def test_an_unknown_language_for_nbgrader_is_refused(root, planned, monkeypatch):
    from course_utils.teaching.language import chosen_language

    course = config.load(root)
    monkeypatch.delenv("COURSE_LANGUAGE", raising=False)
    assert chosen_language(course) == "ru"
    monkeypatch.setenv("COURSE_LANGUAGE", "fr")
    with pytest.raises(CourseError, match="got 'fr'"):
        chosen_language(course)


def test_the_samples_hold_the_secrets():
    assert all(secret in ASSIGNMENT for secret in SECRETS)
