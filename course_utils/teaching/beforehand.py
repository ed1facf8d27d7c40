"""What a command of nbgrader's own refuses before it begins, in the words that `course` has.

nbgrader makes our exporters before it touches a hand-in. What they raise then as an error of
nbgrader's ends the command; later, all that it does not know is a traceback in its log.
"""

import contextlib
from collections.abc import Iterator
from logging import Logger

from nbgrader.converters import BaseConverter, NbGraderException

from course_utils.teaching.errors import CourseError
from course_utils.teaching.gradebook import reading, require_writable

__all__ = ["ends_the_command", "require_gradebook"]


@contextlib.contextmanager
def ends_the_command(log: Logger) -> Iterator[None]:
    """A CourseError within is logged, each problem by itself, and ends nbgrader's command."""
    try:
        yield
    except CourseError as error:
        for problem in error.problems:
            log.critical(problem)
        raise NbGraderException(str(error)) from error


def require_gradebook(converter: BaseConverter, *, to_write: bool) -> None:
    """Raise GradebookError where the converter's gradebook can't be used now."""
    directory = converter.coursedir
    with contextlib.chdir(directory.root):  # as nbgrader opens it
        if to_write:
            require_writable(directory.db_url, directory.assignment_id)
        else:
            with reading(directory.db_url, directory.assignment_id):
                pass
