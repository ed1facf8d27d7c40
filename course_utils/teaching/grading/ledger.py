"""Which hand-in got how far: a small database that outlives any way a run may end.

An attempt is `begun` when a worker gets it, `judged` when its notebooks lie in the run's
folder, `recorded` when the gradebook has its marks. A run that finds `begun` attempts of a run
that is no more calls them `lost` and makes new ones; `judged` ones it only records.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from course_utils.teaching.errors import CourseError

__all__ = ["Attempt", "Ledger"]

_TABLE = """
CREATE TABLE IF NOT EXISTS attempts (
    id INTEGER PRIMARY KEY,
    student TEXT NOT NULL,
    digest TEXT NOT NULL,
    stage TEXT NOT NULL CHECK (stage IN ('begun', 'lost', 'judged', 'recorded')),
    state TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '',
    seconds REAL NOT NULL DEFAULT 0,
    began TEXT NOT NULL,
    ended TEXT
)
"""
_SELECT = "SELECT id, student, digest, stage, state, reason, seconds FROM attempts "
_JUDGED = (
    "UPDATE attempts SET stage = 'judged', state = ?, reason = ?, seconds = ?, ended = ? "
    "WHERE id = ?"
)

_KEPT = "Then give the same command again: no mark is lost."
_OTHER = "Look at the file and its disk."
_CURES = (  # what SQLite says -> what to do
    ("locked", "Another program holds it: wait until it has ended, or end it."),
    ("full", "Make room on its disk."),
    ("not a database", "Move it away: hand-ins are judged anew, marks given by hand stay."),
    ("malformed", "Move it away: hand-ins are judged anew, marks given by hand stay."),
    ("no such column", "Move it away: hand-ins are judged anew, marks given by hand stay."),
    ("readonly", "Make it and its folder writable for you."),
    ("unable to open", "Its folder has to be there, and yours to write to."),
)


@dataclass(frozen=True)
class Attempt:
    """One try at a hand-in. digest: of what was handed in and of the release it answers."""

    id: int
    student: str
    digest: str
    stage: str
    state: str
    reason: str
    seconds: float


class Ledger:
    """The attempts of one assignment, in the file `path`; every call is durable.

    Each raises CourseError, with the cure, where the file can't be read or written.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        with self._told():
            self._db = sqlite3.connect(path, isolation_level=None)
        for said in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", _TABLE):
            self._do(said)

    def close(self) -> None:
        self._db.close()

    def latest(self) -> dict[str, Attempt]:
        """The last attempt of each student."""
        rows = self._do(_SELECT + "ORDER BY id")
        return {row[1]: Attempt(*row) for row in rows}

    def begin(self, student: str, digest: str) -> int:
        """A worker gets the hand-in; returns the attempt's id."""
        return self._do(
            "INSERT INTO attempts (student, digest, stage, began) VALUES (?, ?, 'begun', ?)",
            (student, digest, _now()),
        ).lastrowid

    def judged(self, attempt: int, state: str, reason: str, seconds: float) -> None:
        """Its notebooks are safe on disk."""
        self._do(_JUDGED, (state, reason, seconds, _now(), attempt))

    def recorded(self, attempt: int) -> None:
        """The gradebook has its marks."""
        self._do("UPDATE attempts SET stage = 'recorded' WHERE id = ?", (attempt,))

    def lose_begun(self) -> int:
        """Attempts of a run that is no more; returns how many there were."""
        return self._do(
            "UPDATE attempts SET stage = 'lost', ended = ? WHERE stage = 'begun'", (_now(),)
        ).rowcount

    def attempts(self, student: str) -> list[Attempt]:
        """All tries at a student's hand-ins, the first first."""
        rows = self._do(_SELECT + "WHERE student = ? ORDER BY id", (student,))
        return [Attempt(*row) for row in rows]

    def _do(self, said: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        with self._told():
            return self._db.execute(said, values)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            low = str(error).lower()
            cure = next((cure for sign, cure in _CURES if sign in low), _OTHER)
            raise CourseError(f"The ledger {self._path}: {error}. {cure} {_KEPT}") from error

    @contextmanager
    def closing(self) -> Iterator["Ledger"]:
        """Closes it at the end of a `with` block."""
        try:
            yield self
        finally:
            self.close()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
