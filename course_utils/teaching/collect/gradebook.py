"""The class in nbgrader's gradebook: students of the roster, and those who handed in."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from nbgrader.api import MissingEntry, Student

from course_utils.teaching.collect.roster import Roster
from course_utils.teaching.gradebook import is_there, reading, writing
from course_utils.teaching.settings import places

__all__ = ["due_date", "enter"]


def due_date(root: Path, assignment: str) -> datetime | None:
    """When the assignment is due, in UTC; None where nobody said."""
    url = places(root).db_url
    if not is_there(url):
        return None
    with reading(url, assignment) as gradebook:
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
    with writing(places(root).db_url) as gradebook:
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
