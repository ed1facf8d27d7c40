"""nbgrader's gradebook, opened once for all of nbgrader's steps on a hand-in.

Each step opens the gradebook anew and commits cell by cell: some thirty commits a hand-in, each
of them a wait for the disk. Here the steps share one. While `written_together` lasts, what they
commit is visible to them alone; it is on the disk whole when the block has been left, or not
at all. `kept_open` is for reading, where nothing is ever written.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from nbgrader import api
from nbgrader.converters import autograde
from nbgrader.preprocessors import (
    latesubmissions,
    overwritecells,
    overwritekernelspec,
    saveautogrades,
)
from sqlalchemy.orm import Session

__all__ = ["kept_open", "written_together"]

_WRITERS = (autograde, saveautogrades, latesubmissions)
_READERS = (overwritecells, overwritekernelspec)


@contextmanager
def written_together(db_url: str) -> Iterator[None]:
    """While this lasts, nbgrader's steps that record a hand-in write one transaction.

    Leaving by an exception, or after a step has rolled something back, writes nothing.
    Raises RuntimeError in the second case.
    """
    gradebook = _Joint(db_url)
    try:
        with _instead(_WRITERS, gradebook):
            yield
        gradebook.db.write()
    finally:
        gradebook.db.end()
        gradebook.engine.dispose()


@contextmanager
def kept_open(db_url: str) -> Iterator[None]:
    """While this lasts, nbgrader's steps that read the release ask a gradebook that stays open
    in this process and remembers its answers. db_url: of one that never changes."""
    with _instead(_READERS, _kept(db_url)):
        yield


class _Joint(api.Gradebook):
    """A gradebook whose users commit and close it as they like."""

    def __init__(self, db_url: str) -> None:
        super().__init__(db_url)
        self.address = db_url
        self.db.remove()
        self.db = _JointSession(autoflush=True, bind=self.engine, future=True)
        self._by_cell: dict[tuple, dict[str, Any]] = {}

    def close(self) -> None:
        self.db.flush()
        self.db.expunge_all()  # as with a session of its own: the next user reads again
        self._by_cell.clear()

    def find_grade(self, grade_cell: str, *notebook: str) -> api.Grade:
        """Raises MissingEntry. notebook: names of notebook, assignment and student."""
        return self._of(api.Grade, notebook).get(grade_cell) or super().find_grade(
            grade_cell, *notebook
        )

    def find_comment(self, solution_cell: str, *notebook: str) -> api.Comment:
        """Raises MissingEntry. notebook: names of notebook, assignment and student."""
        return self._of(api.Comment, notebook).get(solution_cell) or super().find_comment(
            solution_cell, *notebook
        )

    def _of(self, kind: type, notebook: tuple[str, ...]) -> dict[str, Any]:
        """All grades or comments of a student's notebook by their cells: asked for at once."""
        if (kind, *notebook) not in self._by_cell:
            submitted = self.find_submission_notebook(*notebook)
            rows = self.db.query(api.BaseCell.name, kind)
            rows = rows.join(api.BaseCell, api.BaseCell.id == kind.cell_id)
            rows = rows.filter(kind.notebook_id == submitted.id)
            self._by_cell[kind, *notebook] = dict(rows.tuples())
        return self._by_cell[kind, *notebook]


class _JointSession(Session):
    """What is committed waits until `write`, or until a query would have to see it."""

    _rolled_back = False

    def commit(self) -> None:
        pass

    def rollback(self) -> None:
        self._rolled_back = True
        super().rollback()

    def write(self) -> None:
        if self._rolled_back:
            raise RuntimeError("A step took back what it had written to the gradebook.")
        super().commit()

    def end(self) -> None:
        super().rollback()
        super().close()


class _Kept(api.Gradebook):
    """A gradebook that is only read, and answers a question once."""

    def __init__(self, db_url: str) -> None:
        super().__init__(db_url)
        self.address = db_url
        for name in ("find_notebook", "find_source_cell", "find_graded_cell"):
            setattr(self, name, cache(getattr(self, name)))

    def close(self) -> None:
        pass  # the next hand-in asks again


@cache
def _kept(db_url: str) -> _Kept:
    return _Kept(db_url)


@contextmanager
def _instead(modules: tuple, gradebook: api.Gradebook) -> Iterator[None]:
    """The modules' `Gradebook` opens this one, which is not closed by its users."""

    def opened(db_url: str, *_course) -> api.Gradebook:
        if db_url != gradebook.address:  # an engine's own has *** for a password
            return api.Gradebook(db_url, *_course)
        return gradebook

    for module in modules:
        module.Gradebook = opened
    try:
        yield
    finally:
        for module in modules:
            module.Gradebook = api.Gradebook
