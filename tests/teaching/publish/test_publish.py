"""`course publish` on a small course: what is written, updated, kept, removed, refused."""

import json
import os
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from course_utils.teaching import build, cli
from course_utils.teaching.config import load
from course_utils.teaching.errors import CourseError
from course_utils.teaching.publish import destination, leaks
from tests.teaching.small_course import REPOSITORY, edit, make_course

PAGES = {
    f"{folder}/{language}/{name}.ipynb"
    for folder, name in (("lectures", "01_adding"), ("assignments", "sums/sums"))
    for language in ("ru", "en")
}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    root = make_course(tmp_path_factory.mktemp("built") / "course")
    report = build.build(load(root), ["01_adding", "sums"])
    assert not report.problems
    return root


_FOUND: dict[tuple, set[str]] = {}


def remembered(index, text, search=leaks._Index.lines_in):
    """The real search; forty editions ask the same of the same files of the package."""
    secret = vars(index).setdefault("secret", frozenset(index.where))
    if (secret, text) not in _FOUND:
        _FOUND[secret, text] = search(index, text)
    return set(_FOUND[secret, text])


@pytest.fixture
def root(built, tmp_path, monkeypatch):
    monkeypatch.setattr(leaks._Index, "lines_in", remembered)
    subprocess.run(["cp", "-r", str(built), str(tmp_path / "course")], check=True)
    monkeypatch.chdir(tmp_path / "course")
    monkeypatch.setattr(build, "check", lambda course, names: [])  # has tests of its own
    return tmp_path / "course"


def publish(*arguments):
    done = CliRunner().invoke(cli.app, ["publish", *map(str, arguments)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def files_of(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


def test_the_edition_has_what_students_need_and_nothing_else(root, tmp_path):
    assert publish(tmp_path / "out").exit_code == 0
    files = files_of(tmp_path / "out")
    assert files.keys() >= PAGES
    rest = {path for path in files if not path.startswith("course_utils/")} - PAGES
    assert rest == {
        *("README.md", "LICENSE", "LICENSE-texts", "pyproject.toml", "environment.yml"),
        *(".gitignore", destination.MANIFEST),
    }
    assert "course_utils/session.py" in files
    assert "course_utils/locale/ru/LC_MESSAGES/course_utils.mo" in files
    withheld = ("teaching", "grading", "kernel.py", "right_styles", "/demo_")
    for word in (*withheld, ".po", "__pycache__", "solutions"):
        assert not [path for path in files if word in path.removesuffix("o")], word
    readme = files["README.md"].decode()
    for page in PAGES:
        address = (
            f"https://colab.research.google.com/github/someone/some-course/blob/main/{page}"
        )
        assert address in readme
        assert f"]({page})" in readme
    assert "Сложение" in readme
    assert "Adding" in readme


def test_it_asks_for_what_a_student_needs_and_for_no_tool(root, tmp_path):
    publish(tmp_path / "out")
    project = tomllib.loads((tmp_path / "out/pyproject.toml").read_text())
    ours = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert project["project"]["dependencies"] == ours["dependencies"]
    assert not {"optional-dependencies", "scripts", "entry-points"} & project["project"].keys()
    assert set(project["tool"]) == {"hatch"}
    environment = yaml.safe_load((tmp_path / "out/environment.yml").read_text())
    names = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    bounds = {name.replace("pytorch", "torch").replace("-base", "") for name in names}
    assert bounds >= set(ours["dependencies"])
    text = "\n".join(names)
    assert "nbgrader" not in text
    assert environment["dependencies"][-1] == {"pip": ["-e ."]}


def test_a_second_run_changes_nothing(root, tmp_path):
    publish(tmp_path / "out")
    before = files_of(tmp_path / "out")
    times = {path: (tmp_path / "out" / path).stat().st_mtime_ns for path in before}
    assert publish(tmp_path / "out").exit_code == 0
    assert files_of(tmp_path / "out") == before
    moved = [p for p in before if (tmp_path / "out" / p).stat().st_mtime_ns != times[p]]
    assert moved == [destination.MANIFEST]


def test_a_dry_run_writes_nothing_and_says_what_would_change(root, tmp_path):
    done = publish(tmp_path / "out", "--dry-run")
    assert done.exit_code == 0
    assert "+ lectures/en/01_adding.ipynb" in done.stdout
    assert not (tmp_path / "out").exists()


def test_updates_ours_keeps_theirs_and_removes_what_is_no_longer_published(root, tmp_path):
    out = tmp_path / "out"
    publish(out)
    (out / "syllabus.md").write_text("by the instructor")
    (out / "README.md").write_text("my own words")
    (out / "lectures/en/01_adding.ipynb").write_text("scribbled on")
    edit(root / "lectures/en/01_adding.ipynb", "Two and two.", "Two and three.")
    edit(root / "lectures/ru/01_adding.ipynb", "Два и два.", "Два и три.")
    (root / "assignments/ru/sums/sums.ipynb").unlink()
    done = publish(out)
    assert done.exit_code == 1  # the lecture that both changed
    assert (out / "syllabus.md").read_text() == "by the instructor"
    assert (out / "README.md").read_text() == "my own words"
    assert (out / "lectures/en/01_adding.ipynb").read_text() == "scribbled on"
    assert "! lectures/en/01_adding.ipynb" in done.stdout
    assert "Два и три." in (out / "lectures/ru/01_adding.ipynb").read_text()
    assert "~ lectures/ru/01_adding.ipynb" in done.stdout
    assert not (out / "assignments/ru").exists()
    assert "- assignments/ru/sums/sums.ipynb" in done.stdout
    assert publish(out).exit_code == 1  # still: nobody decided
    (out / "lectures/en/01_adding.ipynb").unlink()
    (out / "README.md").unlink()
    assert publish(out).exit_code == 0
    assert "Two and three." in (out / "lectures/en/01_adding.ipynb").read_text()


def test_a_file_changed_by_hand_is_not_removed(root, tmp_path):
    out = tmp_path / "out"
    publish(out)
    (out / "assignments/ru/sums/sums.ipynb").write_text("annotated")
    (root / "assignments/ru/sums/sums.ipynb").unlink()
    assert publish(out).exit_code == 1
    assert (out / "assignments/ru/sums/sums.ipynb").read_text() == "annotated"


def test_an_unchanged_edition_with_a_file_edited_there_is_no_trouble(root, tmp_path):
    out = tmp_path / "out"
    publish(out)
    (out / "LICENSE").write_text("another licence")
    done = publish(out)
    assert done.exit_code == 0
    assert "= LICENSE" in done.stdout
    assert (out / "LICENSE").read_text() == "another licence"


@pytest.mark.parametrize("inside", [".", "out", "lectures/out"])
def test_refuses_a_folder_in_the_course_or_around_it(root, inside):
    with pytest.raises(CourseError, match="outside"):
        publish(root / inside)
    with pytest.raises(CourseError, match="outside"):
        publish(root.parent)


def test_refuses_a_folder_with_other_things_in_it(root, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/thesis.tex").write_text("years of work")
    with pytest.raises(CourseError, match=r"thesis\.tex"):
        publish(tmp_path / "out")
    assert os.listdir(tmp_path / "out") == ["thesis.tex"]


def test_takes_a_fresh_repository_and_leaves_git_alone(root, tmp_path):
    out = tmp_path / "out"
    subprocess.run(["git", "init", "-q", str(out)], check=True)
    (out / "README.md").write_text("# some-course")
    head = (out / ".git/HEAD").read_bytes()
    done = publish(out)
    assert done.exit_code == 1
    assert "! README.md" in done.stdout
    assert (out / "README.md").read_text() == "# some-course"
    assert (out / ".git/HEAD").read_bytes() == head
    assert files_of(out).keys() >= PAGES


def test_a_link_out_of_the_folder_is_not_followed(root, tmp_path):
    out = tmp_path / "out"
    publish(out)
    subprocess.run(["rm", "-r", str(out / "lectures")], check=True)
    (tmp_path / "elsewhere").mkdir()
    (out / "lectures").symlink_to(tmp_path / "elsewhere")
    assert publish(out).exit_code == 1
    assert not os.listdir(tmp_path / "elsewhere")


@pytest.mark.parametrize("moves", [0, 1, 5])
def test_an_interruption_leaves_whole_files_and_the_next_run_goes_on(
    root, tmp_path, monkeypatch, moves
):
    """Killed after some files were moved, then the course changed: nobody edited by hand."""
    out = tmp_path / "out"
    publish(out)
    old = files_of(out)
    for language, words in (("en", "Two and two."), ("ru", "Два и два.")):
        edit(root / f"lectures/{language}/01_adding.ipynb", words, f"{words} Always.")
    (root / "LICENSE").write_text("A licence of one line.")
    replace, done = os.replace, []

    def killed(source, target):
        if Path(target).name != destination.MANIFEST:
            if len(done) == moves:
                raise KeyboardInterrupt
            done.append(target)
        replace(source, target)

    monkeypatch.setattr(destination.os, "replace", killed)
    if moves < 3:
        with pytest.raises(KeyboardInterrupt):
            destination.apply(destination.plan(out, _edition(root)))
    monkeypatch.setattr(destination.os, "replace", replace)
    new = _edition(root)
    for path, content in files_of(out).items():
        assert path == destination.MANIFEST or content in (old[path], new[path]), path
    (root / "LICENSE").write_text("Yet another.")
    assert publish(out).exit_code == 0
    assert (out / "LICENSE").read_text() == "Yet another."
    assert not list(out.glob(".publishing*"))


def _edition(root):
    from course_utils.teaching.publish.edition import edition

    return edition(load(root))


def test_a_leak_stops_all(root, tmp_path):
    edit(root / "lectures/en/01_adding.ipynb", "Two and two.", "answer_of_add = first + second")
    with pytest.raises(CourseError, match="answer_of_add"):
        publish(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_stale_notebooks_are_not_published(built, tmp_path, monkeypatch):
    subprocess.run(["cp", "-r", str(built), str(tmp_path / "course")], check=True)
    monkeypatch.chdir(tmp_path / "course")
    edit(tmp_path / "course/lectures/01_adding.py", "# Two and two.", "# Two and three.")
    with pytest.raises(CourseError, match="stale"):
        publish(tmp_path / "out")


def test_the_tag_goes_into_the_set_up_cells_only(root, tmp_path):
    publish(tmp_path / "plain")
    publish(tmp_path / "tagged", "--tag", "autumn-26")
    plain, tagged = files_of(tmp_path / "plain"), files_of(tmp_path / "tagged")
    changed = {path for path in plain if plain[path] != tagged[path]}
    assert changed == PAGES | {destination.MANIFEST}
    for page in PAGES:
        text = tagged[page].decode()
        assert "some-course@autumn-26" in text
        assert text.replace("some-course@autumn-26", "some-course@main") == plain[page].decode()
    done = publish(tmp_path / "x", "--tag", "a b")
    assert done.exit_code == 2


def test_an_unknown_file_in_the_package_stops_all(root, tmp_path):
    package = root / "course_utils"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "gradebook.db").write_bytes(b"SQLite")
    (root / "pyproject.toml").write_text("[project]")
    with pytest.raises(CourseError, match=r"gradebook\.db"):
        publish(tmp_path / "out")


def test_a_broken_manifest_is_no_licence_to_overwrite(root, tmp_path):
    out = tmp_path / "out"
    publish(out)
    (out / destination.MANIFEST).write_text("{")
    with pytest.raises(CourseError, match="list of published files"):
        publish(out)
    (out / destination.MANIFEST).write_text(json.dumps({"files": {"../x": ["0"]}}))
    with pytest.raises(CourseError, match="inside"):
        publish(out)
