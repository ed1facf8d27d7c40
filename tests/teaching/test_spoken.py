"""Which language a command speaks: the wish, COURSE_LANGUAGE, the locale, the first."""

from types import SimpleNamespace

import pytest

from course_utils.teaching import config
from course_utils.teaching.errors import CourseError
from course_utils.teaching.language import chosen_language
from course_utils.teaching.spoken import spoken_language
from tests.conftest import REPOSITORY

COURSE = config.load(REPOSITORY)  # ru, en
NAMES = ("COURSE_LANGUAGE", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


@pytest.fixture(autouse=True)
def _unset(monkeypatch):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "ru"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "en"}, "en"),
        ({"LANG": "EN_us"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ru_RU"}, "ru"),
        ({"LANG": "ru_RU.UTF-8", "LC_MESSAGES": "ru_RU", "LC_ALL": "en_US@euro"}, "en"),
        ({"LANG": "en_US", "LC_ALL": ""}, "en"),  # empty is unset
        ({"LANG": "C"}, "ru"),
        ({"LANG": "en_US", "LC_ALL": "C.UTF-8"}, "ru"),
        ({"LANG": "en_US", "LC_ALL": "POSIX", "LANGUAGE": "en"}, "ru"),
        ({"LANG": "ru_RU", "LANGUAGE": "de:en:ru"}, "en"),
        ({"LANGUAGE": "en"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "ru"),
        ({"LANG": "en_US", "COURSE_LANGUAGE": "ru"}, "ru"),
        ({"LANG": "ru_RU", "COURSE_LANGUAGE": "en"}, "en"),
        ({"COURSE_LANGUAGE": ""}, "ru"),
    ],
)
def test_the_locale_is_asked_in_gettext_s_order(monkeypatch, environment, expected):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert spoken_language(COURSE) == expected
    assert spoken_language(COURSE, "en") == "en"


def test_the_course_s_own_first_language_is_the_last_word(monkeypatch):
    course = SimpleNamespace(languages=("en", "ru"))
    assert spoken_language(course) == "en"
    monkeypatch.setenv("LC_ALL", "ru_RU.UTF-8")
    assert spoken_language(course) == "ru"


def test_a_language_that_the_course_lacks_is_refused_where_it_was_asked_for(monkeypatch):
    with pytest.raises(CourseError, match="'de'"):
        spoken_language(COURSE, "de")
    monkeypatch.setenv("COURSE_LANGUAGE", "de")
    with pytest.raises(CourseError, match="'de'"):
        spoken_language(COURSE)


def test_the_locale_never_chooses_what_is_released(monkeypatch):
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    assert (spoken_language(COURSE), chosen_language(COURSE)) == ("en", "ru")
