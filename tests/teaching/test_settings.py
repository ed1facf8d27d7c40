"""nbgrader's folders are where its settings say, for every command alike."""

import hashlib
import shutil
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbgrader.api import Gradebook
from traitlets.config import Config

from course_utils.teaching import demo
from course_utils.teaching.class_table import class_rows
from course_utils.teaching.collect.tries import Try, file_tries, original_of
from course_utils.teaching.doctor.worth import Worth
from course_utils.teaching.errors import CourseError
from course_utils.teaching.grading.hand_ins import find_hand_ins
from course_utils.teaching.release import released_notebooks
from course_utils.teaching.report import gather
from course_utils.teaching.settings import places, worker_directory
from tests.conftest import REPOSITORY
from tests.teaching.small_course import COURSE

FOLDERS = {
    "submitted_directory": "in/../work/in",
    "autograded_directory": "work/graded",
    "feedback_directory": "work/back",
    "source_directory": "work/source",
    "directory_structure": "{nbgrader_step}/{assignment_id}/by/{student_id}",
    "db_url": "sqlite:///work/marks.db",
}


def course(root, /, **settings):
    root.mkdir()
    (root / "course.toml").write_text(COURSE, encoding="utf-8")
    lines = [f"c.CourseDirectory.{name} = {value!r}\n" for name, value in settings.items()]
    (root / "nbgrader_config.py").write_text("c = get_config()\n" + "".join(lines))
    return root


def notebook():
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1")])


@pytest.fixture
def root(tmp_path):
    """One hand-in, graded, in folders of other names; nothing under the usual ones."""
    root = course(tmp_path / "course", **FOLDERS)
    for step in ("in", "graded"):
        folder = root / "work" / step / "sums" / "by" / "anna"
        folder.mkdir(parents=True)
        nbformat.write(notebook(), folder / "sums.ipynb")
    (root / "in").mkdir()
    with Gradebook(f"sqlite:///{root}/work/marks.db") as book:
        book.add_assignment("sums")
        book.add_notebook("sums", "sums")
        book.add_grade_cell("add", "sums", "sums", max_score=2, cell_type="code")
        book.add_student("anna")
        book.add_submission("sums", "anna")
        (grade,) = book.find_submission_notebook("sums", "sums", "anna").grades
        grade.auto_score, grade.needs_manual_grade = 2, False
        book.db.commit()
    return root


@pytest.fixture
def _elsewhere(tmp_path, monkeypatch):
    """A relative address is the course's, wherever the command was given."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("_elsewhere")
def test_marks_are_found(root):
    (row,) = class_rows(root, "sums")
    assert (row.student, row.state, row.total) == ("anna", "graded", 2)


@pytest.mark.usefixtures("_elsewhere")
def test_the_report_reads_the_same(root, monkeypatch):
    seen = []
    monkeypatch.setattr(
        gather, "own_code", lambda notebook, _known: seen.append(notebook) or []
    )
    found = gather.gather(root, "sums", "Sums")
    assert [row.student for row in found.handed_in] == ["anna"]
    assert len(seen) == 1


def test_grading_finds_the_hand_ins(root):
    (found,) = find_hand_ins(places(root).directory, "sums")
    assert (found.student, found.folder) == ("anna", root / "work/in/sums/by/anna")


def test_tries_are_put_there(root):
    data = nbformat.writes(notebook()).encode() + b" "
    (root / "new.ipynb").write_bytes(data)
    one = Try(hashlib.sha256(data).hexdigest(), "new", "2026-01-02T00:00:00+00:00", "zip")
    for student in ("oleg", "anna"):
        new = [(one, root / "new.ipynb")]
        filed = file_tries(root, "sums", student, new, lambda _file: Worth.ANSWERED)
        assert filed.stands.sha == one.sha or student == "anna"
    assert (root / "work/in/sums/by/oleg/sums.ipynb").read_bytes() == data
    assert not (root / "submitted").exists()
    assert original_of(root, "sums", "oleg") is None


@pytest.mark.parametrize("absolute", [False, True])
def test_the_release_is_read_where_nbgrader_writes_it(tmp_path, absolute):
    where = tmp_path / "out" if absolute else Path("out")
    root = course(tmp_path / "course")
    with (root / "nbgrader_config.py").open("a") as file:
        file.write("import os\nlanguage = os.environ.get('COURSE_LANGUAGE')\n")
        file.write(f"c.CourseDirectory.release_directory = f'{where}/{{language}}'\n")
    for place in ((root / where) / "en" / "sums", root / "assignments" / "ru" / "sums"):
        place.mkdir(parents=True)
        nbformat.write(notebook(), place / "sums.ipynb")
    assert set(released_notebooks(root, "sums", "sums")) == {"en", "ru"}


def test_an_absolute_folder_outside_the_course_is_one_too(tmp_path):
    root = course(tmp_path / "course", submitted_directory=str(tmp_path / "share [1]" / "in"))
    folder = tmp_path / "share [1]" / "in" / "anna" / "sums"
    folder.mkdir(parents=True)
    assert places(root).hand_ins("sums") == {"anna": folder}
    assert [row.student for row in find_hand_ins(places(root).directory, "sums")] == ["anna"]


def test_the_folder_of_all_may_be_another(tmp_path):
    root = course(tmp_path / "course", root=str(tmp_path / "data"))
    found = places(root)
    assert found.submitted("anna", "sums") == tmp_path / "data/submitted/anna/sums"
    assert found.db_url == f"sqlite:///{tmp_path}/data/gradebook.db"


def test_settings_that_change_are_read_again(tmp_path):
    root = course(tmp_path / "course")
    assert places(root).submitted("a", "b") == root / "submitted/a/b"
    with (root / "nbgrader_config.py").open("a") as file:
        file.write("c.CourseDirectory.submitted_directory = 'other'\n")
    assert places(root).submitted("a", "b") == root / "other/a/b"


def test_a_worker_has_all_in_its_own_folder(tmp_path):
    config = Config({"CourseDirectory": FOLDERS | {"root": "/srv", "ignore": ["x"]}})
    found = worker_directory(tmp_path, config, "sums")
    assert found.db_url == f"sqlite:///{tmp_path}/gradebook.db"
    assert found.format_path(found.submitted_directory, "a", "b") == f"{tmp_path}/submitted/a/b"
    assert found.ignore == ["x"]


@pytest.mark.parametrize("address", ["p@ss:w/rd", "postgresql://u:p@ss:w/rd@host:x/y"])
def test_an_address_that_is_none_is_told_without_its_text(tmp_path, address):
    root = course(tmp_path / "course", db_url=address)
    with pytest.raises(CourseError, match="expected db_url to be an address") as caught:
        places(root)
    assert "w/rd" not in str(caught.value)


@pytest.fixture
def given(tmp_path):
    """A course to run the demo of, with settings beside its own."""

    def make(**settings):
        root = course(tmp_path / "course", **settings)
        (root / "solutions/sums").mkdir(parents=True)
        nbformat.write(notebook(), root / "solutions/sums/sums.ipynb")
        return root

    return make


def test_the_demo_works_in_the_folders_that_are_named(given):
    root = given(**FOLDERS)
    folder = demo._fresh_folder(root, root / "demo", {"sums": ()})
    assert (folder / "work/source/sums/by/sums.ipynb").is_file()
    demo._require_own_gradebook(places(folder).db_url, {})


@pytest.mark.parametrize("setting", ["submitted_directory", "autograded_directory", "root"])
def test_the_demo_s_class_never_gets_among_a_real_one(given, tmp_path, setting):
    root = given(**{setting: str(tmp_path / "real")})
    with pytest.raises(CourseError, match="real"):
        demo._fresh_folder(root, root / "demo", {"sums": ()})
    assert not (tmp_path / "real").exists()


def test_the_demo_takes_no_gradebook_with_work_of_yours(tmp_path):
    url = f"sqlite:///{tmp_path}/marks.db"
    ours = {"sums": [SimpleNamespace(id="410101")]}
    with Gradebook(url) as book:
        demo._require_own_gradebook(url, ours)
        book.add_student("410101")
        demo._require_own_gradebook(url, ours)
        book.add_student("anna")
    with pytest.raises(CourseError, match="an earlier demo's"):
        demo._require_own_gradebook(url, ours)


def test_the_repository_s_own_settings_are_the_usual_folders(tmp_path):
    shutil.copy(REPOSITORY / "nbgrader_config.py", tmp_path)
    shutil.copy(REPOSITORY / "course.toml", tmp_path)
    found = places(tmp_path)
    for step in ("submitted", "autograded", "feedback"):
        assert getattr(found, step)("anna", "unet") == tmp_path / step / "anna" / "unet"
    assert found.source("unet") == tmp_path / "solutions" / "unet"
