"""The command: where the page goes, in which language, and what stops it."""

import shutil
import sys

import pytest
import typer
from typer.testing import CliRunner

from course_utils.teaching.errors import CourseError
from course_utils.teaching.report.command import report
from course_utils.teaching.report.fingerprints import fingerprint
from tests.teaching.report.small_class import BY_LOOPS, NAME


@pytest.fixture
def run(monkeypatch):
    app = typer.Typer()
    app.command()(report)

    def run(root, *arguments):
        monkeypatch.chdir(root)
        return CliRunner().invoke(app, [NAME, *map(str, arguments)], catch_exceptions=False)

    return run


def test_the_page_goes_to_reports_in_the_courses_first_language(run, two_students):
    done = run(two_students)
    assert done.exit_code == 0
    page = two_students / "reports" / f"{NAME}.html"
    assert str(page) in done.stdout
    assert "Метрики &lt;и&gt; потери" in page.read_text(encoding="utf-8")


def test_file_and_language_can_be_chosen(run, two_students, tmp_path):
    path = tmp_path / "new" / "page.html"
    run(two_students, "--out", path, "--language", "en")
    assert "Metrics &lt;and&gt; loss" in path.read_text(encoding="utf-8")
    assert not (two_students / "reports").exists()


def test_the_same_class_gives_the_same_page(run, two_students, tmp_path):
    for name in ("a.html", "b.html"):
        run(two_students, "--out", tmp_path / name)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_an_unknown_language_or_assignment_is_named(run, two_students, monkeypatch):
    with pytest.raises(CourseError, match="expected a language out of ru, en, got 'de'"):
        run(two_students, "--language", "de")
    with pytest.raises(CourseError, match="expected an assignment out of metrics_and_loss"):
        report("other", None, None)


def test_a_folder_in_place_of_the_file_is_named(run, two_students):
    with pytest.raises(CourseError, match="to be a file, got the folder"):
        run(two_students, "--out", two_students)


def test_nobody_handed_in(run, new_class):
    with pytest.raises(CourseError, match=r"found none.*course collect"):
        run(new_class.grade())


def test_nothing_graded_yet(run, new_class):
    new_class.add("anna", BY_LOOPS, graded=False)
    with pytest.raises(CourseError, match=r"1 handed in and none graded.*course grade"):
        run(new_class.grade())


def test_a_link_in_place_of_a_hand_in_is_not_followed(run, two_students, tmp_path):
    where = two_students / "submitted" / "vera" / NAME
    where.mkdir(parents=True)
    secret = tmp_path / "elsewhere.ipynb"
    source = (two_students / "submitted" / "anna" / NAME / f"{NAME}.ipynb").read_text()
    secret.write_text(source.replace("import torch", "import ctypes as secret"))
    (where / f"{NAME}.ipynb").symlink_to(secret)
    run(two_students)
    page = two_students / "reports" / f"{NAME}.html"
    assert "secret" not in page.read_text(encoding="utf-8")
    (where / f"{NAME}.ipynb").unlink()
    shutil.copy(secret, where / f"{NAME}.ipynb")
    run(two_students)
    assert "secret" in page.read_text(encoding="utf-8")


def test_without_copydetect_the_install_command_is_named(run, two_students, monkeypatch):
    fingerprint.cache_clear()
    monkeypatch.setitem(sys.modules, "copydetect.utils", None)
    with pytest.raises(CourseError, match="pip install"):
        run(two_students)


def test_without_release_and_solution_the_page_says_so(run, two_students):
    shutil.rmtree(two_students / "assignments")
    shutil.rmtree(two_students / "solutions")
    run(two_students, "--language", "en")
    page = (two_students / "reports" / f"{NAME}.html").read_text(encoding="utf-8")
    assert "The released notebook was not found" in page
    assert "The solution was not found" in page
