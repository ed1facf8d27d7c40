"""course.toml: read whole, and every mistake in it named with its cure."""

import dataclasses

import pytest

from course_utils.teaching.config import find_root, load
from course_utils.teaching.errors import CourseError
from tests.teaching.small_course import COURSE


@pytest.fixture
def read(tmp_path):
    def read_text(text):
        (tmp_path / "course.toml").write_text(text, encoding="utf-8")
        return load(tmp_path)

    return read_text


def problems_of(read, old, new):
    assert COURSE.count(old) == 1
    with pytest.raises(CourseError) as caught:
        read(COURSE.replace(old, new))
    return caught.value.problems


def test_a_sound_file_becomes_a_frozen_course(read, tmp_path):
    course = read(COURSE)
    assert (course.repository, course.branch) == ("someone/some-course", "main")
    assert course.languages == ("ru", "en")
    assert course.title["ru"] == "Курс"
    sums = course.assignment("sums")
    assert sums.points == {"add": 2, "mean": 1.5, "why": 3}
    assert sums.total == 6.5
    assert sums.lectures == ("01_adding",)
    assert course.root == tmp_path
    with pytest.raises(dataclasses.FrozenInstanceError):
        course.branch = "other"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('branch = "main"\n', "", "expected `course.branch`"),
        ("add = 2", "add = 0", "`assignments.sums.points.add` to be a number above 0, got 0"),
        ("add = 2", "add = -1", "a number above 0, got -1"),
        ("add = 2", "add = true", "a number above 0, got True"),
        ("add = 2", "add = nan", "a number above 0, got nan"),
        ("add = 2", "add = inf", "a number above 0, got inf"),
        ("add = 2", 'add = "2"', "a number above 0, got '2'"),
        ('["ru", "en"]', '["ru", "de"]', "languages out of ru, en, got 'de'"),
        ('["ru", "en"]', '["ru", "ru"]', "each once, got ['ru', 'ru']"),
        ('["ru", "en"]', "[]", "each once, got []"),
        ("someone/some-course", "some-course", "owner/name on GitHub, got 'some-course'"),
        ('en = "Sums"\n', "", "expected `assignments.sums.title.en`"),
        ("[assignments.sums.points]", "[assignments.sums.pionts]", "unknown key"),
        ('lectures = ["01_adding"]', 'lectures = "01_adding"', "a list of lectures, got"),
        ('branch = "main"', 'branch = "main"\nbranche = 1', "unknown key `course.branche`"),
    ],
)
def test_a_mistake_is_named_with_file_key_and_value(read, old, new, expected):
    problems = problems_of(read, old, new)
    assert any(expected in problem for problem in problems), problems
    assert all("course.toml" in problem for problem in problems)


def test_all_mistakes_of_a_file_are_told_at_once(read):
    text = COURSE.replace("add = 2", "add = 0").replace("mean = 1.5", "mean = -3")
    with pytest.raises(CourseError) as caught:
        read(text)
    assert len(caught.value.problems) == 2


def test_a_file_that_is_not_toml_names_the_line(read):
    with pytest.raises(CourseError, match=r"expected a TOML file.*line 2"):
        read("[course]\nrepository = \n")


def test_an_unknown_assignment_names_those_there_are(read):
    with pytest.raises(CourseError, match="out of sums, got 'products'"):
        read(COURSE).assignment("products")


def test_an_unknown_language_names_those_there_are(read):
    with pytest.raises(CourseError, match="out of ru, en, got 'fr'"):
        read(COURSE).require_language("fr")


def test_the_root_is_found_from_a_folder_below(tmp_path, monkeypatch):
    (tmp_path / "course.toml").write_text(COURSE, encoding="utf-8")
    below = tmp_path / "lectures/ru"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert find_root() == tmp_path
    assert load().root == tmp_path


def test_no_course_above_says_where_it_looked(tmp_path):
    with pytest.raises(CourseError, match=r"Expected course.toml in .* or a folder above"):
        find_root(tmp_path)
