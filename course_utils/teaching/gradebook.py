"""nbgrader's gradebook, a file of SQLite's or a database of a server, opened with care.

Looking makes no database and changes none. What the database or the disk has to say comes as
a sentence with its cure, without passwords.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from nbgrader import api
from nbgrader.api import Gradebook
from sqlalchemy import inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    NoSuchModuleError,
    SQLAlchemyError,
)
from sqlalchemy.orm import scoped_session, sessionmaker

from course_utils.teaching.errors import CourseError, disk_trouble

__all__ = [
    "GradebookError",
    "has_server",
    "is_there",
    "reading",
    "require_writable",
    "shown",
    "told",
    "writing",
]

_AGAIN = "Then give the same command again: nothing is lost."


class GradebookError(CourseError):
    """The gradebook can't be read or written now; what was to be recorded is kept."""


@contextmanager
def reading(db_url: str, assignment: str = "NAME") -> Iterator[Gradebook]:
    """The gradebook to look into; nothing is written.

    assignment: to name in the cure where there is none.
    Raises GradebookError where there is none or it can't be read.
    """
    file = _file(db_url)
    if file is not None and not file.is_file():
        raise GradebookError(
            f"Expected the gradebook {file}, found no such file. "
            f"Run: nbgrader generate_assignment {assignment}"
        )
    with told(db_url):
        gradebook = _Looking(db_url)
        try:
            if not inspect(gradebook.engine).has_table("assignment"):
                raise GradebookError(
                    f"Expected nbgrader's tables in the gradebook {shown(db_url)}, found none. "
                    f"Run: nbgrader generate_assignment {assignment}"
                )
            yield gradebook
        finally:
            _close(gradebook)


def require_writable(db_url: str, assignment: str) -> None:
    """Raise GradebookError where marks can't be recorded now: there is no gradebook, it is
    damaged, in use or on a full disk."""
    with reading(db_url, assignment) as gradebook:
        if not has_server(db_url):
            gradebook.db.execute(text("BEGIN IMMEDIATE"))  # SQLite's word for "as if to write"
            gradebook.db.rollback()


@contextmanager
def writing(db_url: str) -> Iterator[Gradebook]:
    """The gradebook to write to, made where there is none. Raises GradebookError."""
    with told(db_url):
        gradebook = Gradebook(db_url)
        try:
            yield gradebook
        finally:
            _close(gradebook)


@contextmanager
def told(db_url: str) -> Iterator[None]:
    """What the database or the disk raises within becomes a GradebookError."""
    api.app_log.disabled = True  # nbgrader's own log of it is a traceback
    try:
        yield
    except CourseError:
        raise
    except ModuleNotFoundError as error:
        if error.name != make_url(db_url).get_driver_name():
            raise
        raise GradebookError(
            f"Expected the driver {error.name} for the gradebook {shown(db_url)}, found none. "
            "Install it: pip install 'course-utils[postgresql]'"
        ) from error
    except Exception as error:
        words = _words(error, db_url)
        if words is None:
            raise
        raise GradebookError(words) from error
    finally:
        api.app_log.disabled = False


def is_there(db_url: str) -> bool:
    """Whether somebody has made the gradebook. Raises GradebookError where none can say."""
    file = _file(db_url)
    if file is not None and not file.is_file():
        return False
    with told(db_url):
        engine = api.create_engine(db_url, echo=False, future=True)
        try:
            return inspect(engine).has_table("assignment")
        finally:
            engine.dispose()


def shown(db_url: str) -> str:
    """The gradebook as a person is told of it: a file's path, or an address, no password."""
    file = _file(db_url)
    if file is not None:
        return str(file)
    return make_url(db_url).set(query={}).render_as_string(hide_password=True)


def has_server(db_url: str) -> bool:
    """Whether several programs may write to it at once."""
    return make_url(db_url).get_backend_name() != "sqlite"


class _Looking(Gradebook):
    """nbgrader's questions without what its own makes on the way: a file, tables, a course."""

    def __init__(self, db_url: str) -> None:
        self.engine = api.create_engine(db_url, echo=False, future=True)
        self.db = scoped_session(sessionmaker(autoflush=False, bind=self.engine, future=True))
        self.course_id, self.authenticator = "default_course", None


def _close(gradebook: Gradebook) -> None:
    """A connection that broke can't be given back; the first error is the one to tell."""
    with suppress(SQLAlchemyError):
        gradebook.close()


def _file(db_url: str) -> Path | None:
    url = make_url(db_url)
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    name = url.database
    if name.startswith("file:"):
        name = name.removeprefix("file:").partition("?")[0]
        return None if url.query.get("mode") == "memory" else Path(name)
    return Path(name)


def _words(error: Exception, db_url: str) -> str | None:
    """A sentence with the cure; None where the fault is neither the database's nor the disk's.

    nbgrader raises an error of its own for one of the database's, which stands behind it.
    """
    behind: BaseException | None = error
    while behind is not None:
        if isinstance(behind, OSError) and (words := disk_trouble(behind)):
            return words
        if isinstance(behind, DBAPIError):
            refused = isinstance(behind, DataError | IntegrityError)  # of what was written
            return None if refused else _plain(str(behind.orig), db_url)
        behind = behind.__cause__ or behind.__context__
    known = isinstance(error, NoSuchModuleError)
    return _plain(str(error), db_url) if known else None


def _plain(said: str, db_url: str) -> str:
    where, low = shown(db_url), said.lower()
    for signs, cure in _CURES:
        if any(sign in low for sign in signs):
            return f"The gradebook {where} {cure} {_AGAIN}"
    if has_server(db_url):
        first = _without_password(said, db_url)
        return (
            f"The gradebook {where} can't be reached: {first}. Is its server running, does the "
            f"database exist, and may this user log in? {_AGAIN}"
        )
    first = " ".join(said.split())
    return (
        f"The gradebook {where} can't be used: {first}. Look at the file and its disk. {_AGAIN}"
    )


_CURES = (
    (
        ("database is locked", "lock timeout", "locknotavailable", "deadlock"),
        "is in use by another program. Wait until it has ended, or end it: Formgrader, a "
        "command of nbgrader, a program that shows databases.",
    ),
    (
        ("disk is full", "no space left", "diskfull", "could not extend file"),
        "can't grow: its disk is full. Make room there.",
    ),
    (
        ("not a database", "malformed", "is encrypted"),
        "is damaged: SQLite can't read it. Put a copy from before in its place; without one "
        "move it away and run nbgrader generate_assignment NAME: the next course grade NAME "
        "records its marks anew, those given by hand have to be given again.",
    ),
    (
        ("readonly", "read-only"),
        "may only be read. Make it writable for you, with its folder.",
    ),
    (
        ("unable to open database",),
        "can't be opened. Its folder has to be there, and yours to write to.",
    ),
    (
        ("no such column", "no such table", "undefinedcolumn", "undefinedtable"),
        "is of another version of nbgrader. Keep a copy, then run: nbgrader db upgrade.",
    ),
    (
        ("disk i/o error",),
        "can't be written or read: the disk fails, or a limit is reached. Look at the disk's "
        "room and at ulimit -f.",
    ),
)


def _without_password(said: str, db_url: str) -> str:
    password = make_url(db_url).password
    first = " ".join(said.split()).rstrip(".")
    return first.replace(str(password), "***") if password else first
