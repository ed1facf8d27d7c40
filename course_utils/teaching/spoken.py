"""Which language a command speaks to the person at the keyboard.

The locale may choose it. What is released to students it never chooses: see `language`.
"""

import os
import re

from course_utils.teaching.config import Course

__all__ = ["VARIABLE", "spoken_language"]

VARIABLE = "COURSE_LANGUAGE"


def spoken_language(course: Course, wanted: str | None = None) -> str:
    """The one that the person asked for, else COURSE_LANGUAGE, else the locale's, in gettext's
    order, else the course's first.

    The locale C or POSIX chooses nothing, nor does one of a language that the course lacks.
    Raises CourseError where what was asked for is no language of the course.
    """
    wanted = wanted or os.environ.get(VARIABLE)
    if wanted:
        return course.require_language(wanted)
    for name in _of_the_locale():
        if name in course.languages:
            return name
    return course.languages[0]


def _of_the_locale() -> list[str]:
    """Languages in the order in which the locale asks for them: "ru" for ru_RU.UTF-8."""
    names = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = next(filter(None, names), "")
    if _base(locale) in ("c", "posix"):
        return []
    listed = filter(None, os.environ.get("LANGUAGE", "").split(":"))
    return [_base(name) for name in (*listed, locale)]


def _base(locale: str) -> str:
    return re.split(r"[_.@-]", locale)[0].lower()
