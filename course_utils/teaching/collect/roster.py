"""The class: who is on the roster, and which of them a name on a hand-in is.

roster.csv has the columns id, last_name, first_name and may have middle_name, email and the
student's numbers in LMSs: lms_id, or any column whose name ends in _id (moodle_id, canvas_id).
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from course_utils.i18n import _
from course_utils.teaching.collect.names import Claim, plain_name
from course_utils.teaching.collect.spelling_of_names import exact, joined, reduced, safe_id
from course_utils.teaching.errors import CourseError

__all__ = ["Person", "Roster", "Who", "read_roster"]

_COLUMNS = {
    "last_name": ("last_name", "surname", "family_name", "фамилия"),
    "first_name": ("first_name", "given_name", "имя"),
    "middle_name": ("middle_name", "patronymic", "отчество"),
    "email": ("email", "e-mail", "mail", "почта"),
}
_SAFE = re.compile(r"[^\W_][\w.@+-]{0,99}(?<![.])")
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


@dataclass(frozen=True)
class Person:
    """One student of the roster. lms_ids: numbers in LMSs."""

    id: str
    last_name: str = ""
    first_name: str = ""
    middle_name: str = ""
    email: str = ""
    lms_ids: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.last_name} {self.first_name}".strip() or self.id


@dataclass(frozen=True)
class Who:
    """Whose a file is. id: "" where nobody can be named; known: on the roster.

    doubt: what a person has to look at, in the language in use, or "".
    """

    id: str
    name: str = ""
    known: bool = False
    doubt: str = ""


class Roster:
    """Finds students by what names say of them."""

    def __init__(self, people: Iterable[Person] = ()) -> None:
        self.people = {person.id: person for person in people}
        self._by: dict[str, dict[object, set[str]]] = {}
        for person in self.people.values():
            for kind, key in _keys_of(person):
                self._by.setdefault(kind, {}).setdefault(key, set()).add(person.id)

    def __bool__(self) -> bool:
        return bool(self.people)

    def who(self, found: Claim) -> Who:
        """The student that the claim speaks of: of the roster, or under an id of its own.

        A student's number in the LMS decides before the name, unless that is another
        student's. Several students who fit a name equally well leave it open; a name that fits
        nobody gives an id made of it.
        """
        if found.lms_id and (ids := self._by.get("lms", {}).get(found.lms_id)):
            named = self._named(found.people[0]) if found.people else set()
            if named and not named & ids:
                return self._contradiction(found, ids, named)
            return self._one_of(ids, found.lms_id)
        fits: dict[str, set[str]] = {}
        for name in found.people:
            if ids := self._named(name):
                fits[name] = ids
                if found.sure:
                    break
        if fits:
            named = set.intersection(*fits.values()) or set.union(*fits.values())
            return self._one_of(named, plain_name(next(iter(fits))))
        if not found.people:
            return Who("", doubt=_("no name of a student in the names of file and folders"))
        return self._unknown(found)

    def _contradiction(self, found: Claim, ids: set[str], named: set[str]) -> Who:
        doubt = _("the number {number} is that of {ids}, the name that of {others}").format(
            number=found.lms_id, ids=", ".join(sorted(ids)), others=", ".join(sorted(named))
        )
        return Who("", plain_name(found.people[0]), doubt=doubt)

    def _named(self, name: str) -> set[str]:
        """Ids of those whom the name fits best; none where it fits nobody."""
        for kind, key in (
            ("id", name.strip().casefold()),
            ("email", name.strip().casefold()),
            ("exact", exact(name)),
            ("reduced", reduced(name)),
            ("joined", joined(name)),
        ):
            if key and (ids := self._by.get(kind, {}).get(key)):
                return ids
        words = set(reduced(name))
        if not 3 <= len(words) <= 5:  # a patronymic or a second name too many, or too few
            return set()
        return {
            person.id
            for person in self.people.values()
            if len(own := set(reduced(f"{person.last_name} {person.first_name}"))) > 1
            and own < words
        }

    def _one_of(self, ids: set[str], what: str) -> Who:
        if len(ids) > 1:
            doubt = _("{what} fits several students: {ids}").format(
                what=what, ids=", ".join(sorted(ids))
            )
            return Who("", what, doubt=doubt)
        person = self.people[next(iter(ids))]
        return Who(person.id, person.name, known=True)

    def _unknown(self, found: Claim) -> Who:
        """The LMS's number where it gives one, else the name in Latin letters."""
        name = plain_name(found.people[0])
        own = found.lms_id or (
            name if _SAFE.fullmatch(name) and name.isascii() and " " not in name else ""
        )
        if not own or _DEVICE.match(own):
            own = safe_id(name)
        taken = {other.casefold() for other in self.people}
        if own.casefold() in taken:
            own = f"unknown_{own}"
        if not self.people:
            return Who(own, name)
        hint = sorted(self._by.get("last", {}).get(reduced(name), ()))
        doubt = _("{name} is not on the roster").format(name=name)
        if hint:
            doubt += "; " + _("the last name alone is that of {ids}").format(
                ids=", ".join(hint)
            )
        return Who(own, name, doubt=doubt)


def read_roster(path: Path) -> Roster:
    """The roster out of a CSV: commas, semicolons or tabs, in UTF-8, UTF-16 or cp1251.

    Raises CourseError, with all that is wrong, for a file that is no roster.
    """
    try:
        rows = _rows(path)
    except (OSError, csv.Error, UnicodeError) as error:
        raise CourseError(
            f"{path}: expected a roster in CSV, got an error: {error}. Save it as CSV in UTF-8."
        ) from None
    if not rows or "id" not in rows[0]:
        got = ", ".join(rows[0]) if rows else "no rows"
        raise CourseError(
            f"{path}: expected the columns id, last_name, first_name and students below, "
            f"got {got}. Name the columns so."
        )
    people, problems = [], []
    for line, row in enumerate(rows, start=2):
        person = _person(row)
        if not _SAFE.fullmatch(person.id) or _DEVICE.match(person.id):
            problems.append(
                f"{path}, student {line - 1}: expected an id that can name a folder, "
                f"of letters, digits, _ . @ + -, got {person.id!r}. Change it."
            )
        people.append(person)
    for kind, ids in (
        ("id", [person.id.casefold() for person in people]),
        ("number in the LMS", [i for person in people for i in set(person.lms_ids)]),
    ):
        for twice in sorted({i for i in ids if ids.count(i) > 1}):
            problems.append(
                f"{path}: expected each {kind} once, got {twice} twice. Correct it."
            )
    if problems:
        raise CourseError(problems)
    return Roster(people)


def _rows(path: Path) -> list[dict[str, str]]:
    data = path.read_bytes()
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1251")
    heading, _end, rest = text.partition("\n")
    if excel := re.fullmatch(r'"?sep=(.)"?\s*', heading):  # Excel's own line before the first
        delimiter, text = excel[1], rest
    else:
        delimiter = max(",;\t", key=heading.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows = []
    for row in reader:
        named = {
            (key or "").strip().casefold(): (value or "").strip()
            for key, value in row.items()
            if isinstance(value, str)
        }
        if any(named.values()):
            rows.append(named)
    return rows


def _person(row: dict[str, str]) -> Person:
    def taken(names: Sequence[str]) -> str:
        return next((row[name] for name in names if row.get(name)), "")

    fields = {field: taken(names) for field, names in _COLUMNS.items()}
    numbers = [row[key] for key in row if key.endswith("_id") and row[key]]
    return Person(row["id"], **fields, lms_ids=tuple(dict.fromkeys(numbers)))


def _keys_of(person: Person) -> Iterable[tuple[str, object]]:
    """(kind, key): everything that the student may be found by."""
    yield "id", person.id.casefold()
    for number in {person.id, *person.lms_ids}:
        yield "lms", number
    if person.email:
        yield "email", person.email.casefold()
        yield "email", person.email.casefold().partition("@")[0]
    if not (person.last_name and person.first_name):
        return
    names = [f"{person.last_name} {person.first_name}"]
    if person.middle_name:
        names.append(f"{names[0]} {person.middle_name}")
    for name in names:
        yield "exact", exact(name)
        yield "reduced", reduced(name)
    yield "joined", joined(person.last_name, person.first_name)
    yield "joined", joined(person.first_name, person.last_name)
    yield "last", reduced(person.last_name)
