"""`course build`: what it makes, and that --check sees every kind of staleness."""

import shutil

import nbformat
import pytest
from rich.console import Console
from typer.testing import CliRunner

from course_utils import __version__
from course_utils.teaching import build as building
from course_utils.teaching import cli, config, notebooks
from course_utils.teaching.execute import Failure
from tests.teaching.small_course import edit, make_course

DERIVED = [
    "assignments/en/sums/sums.ipynb",
    "assignments/ru/sums/sums.ipynb",
    "lectures/en/01_adding.ipynb",
    "lectures/ru/01_adding.ipynb",
    "solutions/sums/sums.ipynb",
]


def pretend(plain, root, *, on_cell=None):
    """In place of a kernel: every cell prints its number."""
    found = nbformat.from_dict(plain)
    for number, cell in enumerate((c for c in found.cells if c.cell_type == "code"), 1):
        cell.execution_count = number
        cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=f"{number}\n")]
    return found, []


def build(root, *names, **options):
    quiet = Console(quiet=True)
    return building.build(config.load(root), names, console=quiet, **options)


def check(root, *names):
    return building.check(config.load(root), names)


def derived(root):
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.ipynb")
    }


@pytest.fixture(scope="module")
def really_built(tmp_path_factory):
    """A course built with real kernels, by the command line."""
    root = make_course(tmp_path_factory.mktemp("built") / "course")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        result = CliRunner().invoke(cli.app, ["build"])
    assert result.exit_code == 0, result.output
    return root, result


@pytest.fixture
def built(really_built, tmp_path, monkeypatch):
    """A copy of the built course, in which nothing is executed any more."""
    monkeypatch.setattr(building, "execute", pretend)
    return shutil.copytree(really_built[0], tmp_path / "course")


def test_a_build_makes_all_that_is_derived_and_lists_it(really_built):
    root, result = really_built
    assert sorted(derived(root)) == DERIVED
    assert sorted(result.stdout.split()) == DERIVED
    assert "5 written, 0 already fresh" in result.stderr


def test_lectures_hold_what_their_code_printed(really_built):
    found = nbformat.read(really_built[0] / DERIVED[2], as_version=nbformat.NO_CONVERT)
    texts = ["".join(o.text for o in c.outputs) for c in found.cells if c.cell_type == "code"]
    assert texts[0].startswith(f"course_utils {__version__}")
    assert texts[1:] == ["4\n", "4\n"]


def test_two_builds_are_equal_byte_for_byte(really_built, tmp_path):
    again = make_course(tmp_path / "elsewhere")
    assert build(again).problems == []
    assert derived(again) == derived(really_built[0])


def test_a_fresh_course_is_silent_and_is_not_built_again(built):
    assert check(built) == []
    before = derived(built)
    report = build(built)
    assert (report.written, report.problems, report.fresh) == ([], [], 5)
    assert derived(built) == before


def test_force_executes_what_is_fresh(built):
    report = build(built, "01_adding", force=True)
    assert sorted(path.name for path in report.written) == ["01_adding.ipynb"] * 2


LECTURE, SOLUTION = "lectures/01_adding.py", "solutions/sums/sums.py"


@pytest.mark.parametrize(
    ("file", "old", "new", "stale"),
    [
        (LECTURE, "Два и два.", "Дважды два.", [DERIVED[3]]),
        (LECTURE, "Two and two.", "Twice two.", [DERIVED[2]]),
        (LECTURE, "2 + 2", "2 * 2", DERIVED[2:4]),
        (LECTURE, "# %%\ntotal", '# %% tags=["hide-input"]\ntotal', DERIVED[2:4]),
        (SOLUTION, "Сложите.", "Посчитайте.", [DERIVED[1], DERIVED[4]]),
        (SOLUTION, "first + second", "second + first", [DERIVED[4]]),
        (SOLUTION, "The sum of two", "The total of two", [*DERIVED[:2], DERIVED[4]]),
        ("course.toml", "add = 2", "add = 5", [*DERIVED[:2], DERIVED[4]]),
        ("course.toml", 'branch = "main"', 'branch = "next"', DERIVED),
        ("course.toml", "someone/some-course", "other/fork", DERIVED),
        ("nbgrader_config.py", 'c.ClearSolutions.text_stub = STUBS[language]',
         'c.ClearSolutions.text_stub = "-"', DERIVED[:2]),
        (DERIVED[0], "Add up.", "Add it up.", [DERIVED[0]]),
        (DERIVED[4], "first + second", "first - second", [DERIVED[4]]),
    ],
)  # fmt: skip
def test_check_names_each_stale_file_and_a_build_cures_it(built, file, old, new, stale):
    edit(built / file, old, new)
    assert sorted(check(built)) == [
        f"{path}: stale. Run `course build {path.split('/')[-1][:-6]}`." for path in stale
    ]
    assert build(built).problems == []
    assert check(built) == []


@pytest.mark.parametrize("path", DERIVED)
def test_check_names_a_missing_file(built, path):
    (built / path).unlink()
    (problem,) = check(built)
    assert problem.startswith(f"{path}: missing. Run `course build ")


@pytest.mark.parametrize("path", [DERIVED[0], DERIVED[2], DERIVED[4]])
def test_check_names_a_file_that_no_source_makes(built, path):
    left = path.replace("01_adding", "02_gone").replace("sums", "gone")
    (built / left).parent.mkdir(exist_ok=True)
    shutil.copy(built / path, built / left)
    (problem,) = check(built)
    assert problem == (
        f"{left}: no source makes this file. Remove it, or bring its source back."
    )


@pytest.mark.parametrize("name", ["sums/left.csv", "sums/sums.py", "sums/other.ipynb"])
def test_check_names_a_file_left_in_a_release(built, name):
    (built / "assignments/ru" / name).write_text("1\n", encoding="utf-8")
    (problem,) = check(built)
    assert problem.startswith(f"assignments/ru/{name}: no source makes this file")


def test_check_executes_nothing_and_writes_nothing(built, monkeypatch):
    def no_kernel(*arguments, **options):
        raise AssertionError("executed")

    monkeypatch.setattr(building, "execute", no_kernel)
    edit(built / LECTURE, "2 + 2", "2 * 2")
    before = derived(built)
    assert len(check(built)) == 2
    assert derived(built) == before


def test_what_course_toml_names_must_be_there(built):
    (built / "lectures/01_adding.py").unlink()
    shutil.rmtree(built / "solutions/sums")
    problems = check(built)
    assert any("expects lectures/01_adding.py, found no such file" in p for p in problems)
    assert any("expects solutions/sums/sums.py, found no such file" in p for p in problems)


def test_a_malformed_source_stops_itself_and_no_other(built):
    edit(built / LECTURE, "2 + 2", "2 +")
    edit(built / SOLUTION, "Сложите.", "Сложите их.")
    report = build(built)
    assert [path.name for path in report.written] == ["sums.ipynb"] * 2
    (problem,) = report.problems
    assert problem.startswith("lectures/01_adding.py:10: cell 3 ('total = 2 +'): not Python")


def test_a_cell_that_raises_is_named_with_the_line_of_the_source(built, monkeypatch):
    def fails(plain, root, *, on_cell=None):
        raise Failure(3, "raised ZeroDivisionError: division by zero")

    monkeypatch.setattr(building, "execute", fails)
    edit(built / LECTURE, "2 + 2", "2 / 0")
    before = derived(built)
    report = build(built, "01_adding")
    assert sorted(report.problems) == [
        f"lectures/01_adding.py:9: cell 3 ('total = 2 / 0'), in '{language}': "
        "raised ZeroDivisionError: division by zero"
        for language in ("en", "ru")
    ]
    assert derived(built) == before, "the last good notebooks stay"


def test_a_setup_that_raises_is_named_as_the_builds_own(built, monkeypatch):
    def fails(plain, root, *, on_cell=None):
        raise Failure(2, "raised ModuleNotFoundError: course_utils")

    monkeypatch.setattr(building, "execute", fails)
    report = build(built, "01_adding", force=True)
    assert all("the set-up cell that the build adds" in problem for problem in report.problems)


def test_outputs_that_cannot_be_published_are_not_written(built, monkeypatch):
    def warns(plain, root, *, on_cell=None):
        return pretend(plain, root)[0], [Failure(3, "writes to stderr")]

    monkeypatch.setattr(building, "execute", warns)
    edit(built / LECTURE, "2 + 2", "2 * 2")
    report = build(built, "01_adding")
    assert report.written == []
    assert len(report.problems) == 2


def test_a_notebook_that_is_too_large_is_named(built):
    edit(built / LECTURE, "# Four.", "# Four." + " Five." * 80_000)
    report = build(built, "01_adding")
    assert [path.parent.name for path in report.written] == ["en"], "to look at what is large"
    (problem,) = report.problems
    assert problem.startswith("lectures/en/01_adding.ipynb: expected at most 400 kB, got 48")
    assert check(built) == [problem]


def test_prose_that_changed_needs_no_kernel(built, monkeypatch):
    monkeypatch.setattr(building, "execute", None)
    edit(built / LECTURE, "Два и два.", "Дважды два.")
    assert build(built).problems == []
    assert check(built) == []


@pytest.mark.parametrize("name", ["01_adding", "lectures/01_adding.py"])
def test_a_name_builds_that_alone(built, name):
    edit(built / LECTURE, "2 + 2", "2 * 2")
    edit(built / SOLUTION, "Сложите.", "Сложите их.")
    build(built, name)
    assert len(check(built)) == 2
    assert check(built, name) == []


def test_no_cell_of_a_built_notebook_names_this_machine(really_built):
    root = really_built[0]
    for path in root.rglob("*.ipynb"):
        assert str(root) not in path.read_text(encoding="utf-8")
        notebooks.write(nbformat.read(path, as_version=nbformat.NO_CONVERT))
