"""The class in nbgrader's gradebook: students of the roster, and those who handed in."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry, Student

from course_utils.teaching.collect.roster import Roster
from course_utils.teaching.grading.kit import CONFIG, course_directory, load_config

__all__ = ["due_date", "enter"]


def due_date(root: Path, assignment: str) -> datetime | None:
    """When the assignment is due, in UTC; None where nobody said."""
    url = _url(root)
    file = url.removeprefix("sqlite:///")
    if file != url and not (root / file).is_file():  # to open it would make one
        return None
    with Gradebook(url) as gradebook:
        try:
            due = gradebook.find_assignment(assignment).duedate
        except MissingEntry:
            return None
    return due.replace(tzinfo=UTC) if due else None


def enter(root: Path, roster: Roster, handed_in: Mapping[str, str]) -> int:
    """Enter the roster, and id -> name of those who handed in; returns how many were changed.

    What the gradebook says of a student stays where the roster says nothing.
    """
    wanted = {
        person.id: {
            field: value
            for field in ("last_name", "first_name", "email")
            if (value := getattr(person, field))
        }
        for person in roster.people.values()
    }
    changed = 0
    with Gradebook(_url(root)) as gradebook:
        present = {student.id: student for student in gradebook.students}
        for student, name in handed_in.items():
            if student not in present:
                wanted.setdefault(student, {"last_name": name} if name != student else {})
        for student, fields in wanted.items():
            there = present.get(student)
            if there and all(getattr(there, key) == value for key, value in fields.items()):
                continue
            if there:
                for key, value in fields.items():
                    setattr(there, key, value)
            else:
                gradebook.db.add(Student(id=student, **fields))
            changed += 1
        gradebook.db.commit()  # once: update_or_create_student writes to the disk for each
    return changed


def _url(root: Path) -> str:
    """The gradebook that nbgrader_config.py names; without that file, nbgrader's usual one."""
    if not (root / CONFIG).is_file():
        return f"sqlite:///{root / 'gradebook.db'}"
    return course_directory(root, load_config(root), "").db_url
