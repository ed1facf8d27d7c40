"""Collect an assignment: every download, every member, every student, to the end.

What can't be taken becomes an `Item` with its reason; nothing stops the others.
"""

import hashlib
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from course_utils.i18n import _
from course_utils.teaching.collect import gradebook
from course_utils.teaching.collect.archives import members
from course_utils.teaching.collect.contents import (
    Content,
    assignment_of,
    inspect,
    known_grade_ids,
    why_elsewhere,
)
from course_utils.teaching.collect.earlier import why_earlier
from course_utils.teaching.collect.kinds import Refused, bare
from course_utils.teaching.collect.limits import Limits
from course_utils.teaching.collect.mending import Mended, mend_collected
from course_utils.teaching.collect.names import Claim, claim
from course_utils.teaching.collect.paths import shown
from course_utils.teaching.collect.roster import Roster, Who
from course_utils.teaching.collect.times import WrongTime, parsed
from course_utils.teaching.collect.tries import Filed, Try, file_tries
from course_utils.teaching.config import Course
from course_utils.teaching.doctor.examine import Doctor
from course_utils.teaching.doctor.worth import Worth
from course_utils.teaching.settings import places

__all__ = ["Collected", "Item", "collect"]

_APART = timedelta(days=1)  # two clocks in other time zones are at most that far apart


@dataclass(frozen=True)
class Item:
    """What became of one file.

    source: its path, the download first. state: "collected", "replaced", "unchanged",
    "earlier", "elsewhere" (another assignment), "refused" or "beside" (no hand-in at all).
    reason: in the language in use; time: ISO 8601 in UTC, or "", with who says so.
    needs_person: somebody has to look at it.
    """

    source: str
    student: str
    name: str
    state: str
    reason: str = ""
    time: str = ""
    time_from: str = ""
    sha: str = ""
    needs_person: bool = False


@dataclass(frozen=True)
class Collected:
    """items: one for each file; warnings: for a person to read; absent: ids of the roster."""

    items: list[Item]
    warnings: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)

    @property
    def needs_person(self) -> bool:
        return any(item.needs_person for item in self.items)


@dataclass(frozen=True)
class _Staged:
    """A file that may be a hand-in. path: a copy of it; folder: where it really lay."""

    parts: tuple[str, ...]
    path: Path
    one: Try
    container: Path
    folder: tuple[str, ...]
    time: datetime | None
    content: Content


def collect(
    course: Course,
    assignment: str,
    files: Sequence[Path],
    roster: Roster,
    *,
    dry_run: bool = False,
    limits: Limits | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Collected:
    """Collect the assignment out of the files; returns what became of each member.

    files: archives, folders or notebooks. dry_run: nothing is written.
    progress(step, done, of): called as it goes; step is "read" or "file", of is 0 if unknown.
    """
    with tempfile.TemporaryDirectory(prefix="course_collect_") as folder:
        run = _Run(course, assignment, roster, Path(folder), progress or (lambda *_: None))
        for path in files:
            run.read(path, limits or Limits())
        run.sort_out()
        run.file(dry_run)
        return run.result(dry_run)


class _Run:
    def __init__(self, course: Course, assignment, roster, folder: Path, progress) -> None:
        self.course, self.assignment, self.roster = course, assignment, roster
        self.folder, self.progress = folder, progress
        self.known = known_grade_ids(course)
        self.doctor = Doctor(course)
        own = course.assignments[assignment]
        self.words = [assignment, *own.title.values()]
        self.staged: list[_Staged] = []
        self.refused: list[tuple[Path, Refused]] = []
        self.stamps: dict[tuple[tuple[str, ...], str], datetime] = {}
        self.by_student: dict[str, list[tuple[_Staged, Who]]] = {}
        self.items: list[Item] = []
        self.warnings: list[str] = []
        self.entered: dict[str, str] = {}
        self.blank: set[str] = set()  # students whose notebook holds no answer
        self.done = 0

    def read(self, path: Path, limits: Limits) -> None:
        """Take all members of one download; hand-ins are copied, to be sorted out later."""
        stamps, first = [], len(self.staged)
        for found in members(path, limits):
            self.done += 1
            self.progress("read", self.done, 0)
            if isinstance(found, Refused):
                self.refused.append((path, found))
            elif bare(found.parts[-1]).lower().endswith("timestamp.txt"):
                stamps.append(found)
            elif (
                not bare(found.parts[-1]).lower().endswith(".json") or b'"cells"' in found.data
            ):
                self._stage(path, found)
            else:
                reason = _("not a notebook (.ipynb)")
                self.refused.append((path, Refused(found.parts, reason, harmless=True)))
        self.staged[first:] = _without_common_folder(self.staged[first:])
        for stamp in stamps:
            self._note_stamp(path, stamp)

    def _stage(self, container: Path, found) -> None:
        path = self.folder / str(len(self.staged))
        path.write_bytes(found.data)
        content = inspect(found.data)
        one = Try(
            sha=hashlib.sha256(found.data).hexdigest(),
            source=_source(found.parts),
            time_from=found.time_from if found.time else "",
            readable=not content.unreadable,
        )
        self.staged.append(
            _Staged(found.parts, path, one, container, found.parts[:-1], found.time, content)
        )

    def _note_stamp(self, container: Path, stamp) -> None:
        """timestamp.txt of a folder; out of a student's own archive it proves nothing."""
        source = _source(stamp.parts)
        if stamp.nested:
            self.warnings.append(
                _("{file}: ignored, it comes from the student").format(file=source)
            )
            return
        try:
            time = parsed(stamp.data.decode("utf-8", "replace"))
        except WrongTime as error:
            self.warnings.append(
                _("{file}: ignored, no possible time: {text}").format(
                    file=source, text=shown(error.text)
                )
            )
            return
        lms_id = self._claim(container, stamp.parts).lms_id
        if lms_id or len(stamp.parts) > 2 or container.is_dir():
            self.stamps[stamp.parts[:-1], lms_id] = time

    def sort_out(self) -> None:
        """Find for every file the student and the assignment."""
        numbered = False
        for staged in self.staged:
            found = self._claim(staged.container, staged.parts)
            numbered |= found.lms == "Moodle"
            who = self.roster.who(found)
            name, how = assignment_of(staged.content, found.file, self.assignment, self.known)
            if name != self.assignment:
                self._item(staged, who, "elsewhere", why_elsewhere(name, how))
            elif not who.id:
                self._item(staged, who, "refused", who.doubt, needs_person=True)
            else:
                dated = self._dated(staged, found)
                self.by_student.setdefault(who.id, []).append((dated, who))
                if not who.known or who.id not in self.entered:
                    self.entered[who.id] = who.name
        if numbered and not self.roster:
            self.warnings.append(
                _(
                    "Moodle numbers students anew for each assignment: without a roster nobody "
                    "keeps an id. Write roster.csv with the columns id, last_name, first_name."
                )
            )

    def file(self, dry_run: bool) -> None:
        """Bring every student's tries to submitted/ and to the others."""
        due = gradebook.due_date(self.course.root, self.assignment)
        for place, (student, rows) in enumerate(sorted(self.by_student.items()), start=1):
            new = [(staged.one, staged.path) for staged, _who in rows]
            last = max((one for one, _path in new), key=lambda one: one.order or 0)
            in_time = last.late is False and due is not None and last.time > due.isoformat()
            try:
                filed = file_tries(
                    *(self.course.root, self.assignment, student, new, self._worth),
                    dry_run=dry_run,
                    in_time=in_time,
                )
            except OSError as error:
                reason = _("it cannot be written: {error}").format(error=error)
                for staged, who in rows:
                    self._item(staged, who, "refused", reason, needs_person=True)
            else:
                self.warnings += filed.warnings
                mended = self._mend(student, rows, filed, dry_run)
                self.blank |= {student} if mended.blank else set()
                self._note_filed(rows, filed, mended)
            self.progress("file", place, len(self.by_student))

    def _worth(self, path: Path) -> Worth:
        return self.doctor.worth(path, self.assignment)

    def _mend(self, student: str, rows, filed: Filed, dry_run: bool) -> Mended:
        """Mend the file that now stands in submitted/; an instructor's edits are left alone."""
        if filed.stands.edited or filed.stands.sha not in filed.states:
            return Mended()
        staged = next(staged for staged, _who in rows if staged.one.sha == filed.stands.sha)
        return mend_collected(
            self.doctor, self.assignment, student, staged.path, dry_run=dry_run
        )

    def _note_filed(
        self, rows: Sequence[tuple[_Staged, Who]], filed: Filed, mended: Mended
    ) -> None:
        shown_once = set()
        for staged, who in rows:
            state = filed.states[staged.one.sha]
            notes = [who.doubt] if who.doubt else []
            if staged.one.sha in shown_once:
                state = "unchanged"
                notes.append(_("the same file again"))
            shown_once.add(staged.one.sha)
            if state == "edited":
                state = "unchanged"
                notes.append(_("it was edited after it was collected; the edited one stays"))
            if state == "earlier":
                notes.append(why_earlier(filed, staged.one.sha))
            stands = staged.one.sha == filed.stands.sha
            unreadable = staged.content.unreadable and not (stands and mended.done)
            if unreadable:
                notes.append(staged.content.unreadable)
            if stands and mended.note:
                notes.append(mended.note)
            self._item(
                *(staged, who, state, "; ".join(notes)),
                needs_person=bool(who.doubt or unreadable or (stands and mended.needs_person)),
            )

    def result(self, dry_run: bool) -> Collected:
        """Add what was refused, enter the class in the gradebook, and sum up."""
        there = set(self.by_student)
        there |= places(self.course.root).hand_ins(self.assignment).keys()
        for container, refused in self.refused:
            who = self.roster.who(self._claim(container, refused.parts))
            if len(refused.parts) == 1 and not who.known:
                who = Who("")  # a download's own name is nobody's
            if refused.harmless:
                sure = who.known or (who.id and self._claim(container, refused.parts).sure)
                nothing = who.id not in there or (refused.work and who.id in self.blank)
                needs = bool((sure or (refused.work and who.id)) and nothing)
                state = "refused" if needs else "beside"
            else:
                needs, state = True, "refused"
            self.items.append(
                Item(
                    *(_source(refused.parts), who.id, shown(who.name), state),
                    reason=shown(refused.reason),
                    needs_person=needs,
                )
            )
        self.items = [
            replace(item, needs_person=item.student not in there)
            if item.state == "elsewhere"
            else item
            for item in self.items
        ]
        if not dry_run:
            gradebook.enter(self.course.root, self.roster, self.entered)
        absent = sorted(set(self.roster.people) - there)
        return Collected(self.items, self.warnings, absent)

    def _claim(self, container: Path, parts: tuple[str, ...]) -> Claim:
        trust = container.is_dir() or self.roster.who(claim((*parts[:1],))).known
        return claim(parts, self.words, trust_first=trust)

    def _dated(self, staged: _Staged, found: Claim) -> _Staged:
        """With its time: of the archive; else of timestamp.txt; a file's own comes last."""
        stamp = self.stamps.get((staged.folder, found.lms_id))
        time, time_from = staged.time, staged.one.time_from
        if stamp and (time is None or time_from == "file"):
            time, time_from = stamp, "timestamp.txt"
        elif stamp and abs(stamp - time) > _APART:
            self.warnings.append(
                _(
                    "{file}: timestamp.txt says {stamp}, the archive {time}, which is taken"
                ).format(
                    file=staged.one.source,
                    stamp=f"{stamp:%Y-%m-%d %H:%M}",
                    time=f"{time:%Y-%m-%d %H:%M}",
                )
            )
        one = replace(
            staged.one,
            time=time.astimezone(UTC).isoformat() if time else "",
            time_from=time_from if time else "",
            order=found.order,
            copy=found.copy,
            late=found.late,
        )
        return replace(staged, one=one)

    def _item(
        self, staged: _Staged, who: Who, state: str, reason: str, *, needs_person: bool = False
    ) -> None:
        one = staged.one
        self.items.append(
            Item(
                *(one.source, who.id, shown(who.name), state, shown(reason)),
                *(one.time, one.time_from, one.sha, needs_person),
            )
        )


def _source(parts: Sequence[str]) -> str:
    return shown("/".join(parts))


def _without_common_folder(rows: list[_Staged]) -> list[_Staged]:
    """Drop the folder that all hand-ins of a download share, where students' lie inside it."""
    while rows:
        inside = {row.parts[1:3] for row in rows if len(row.parts) > 3}
        if len(inside) < 2 or any(len(row.parts) < 4 for row in rows):
            return rows
        if len({first for first, _second in inside}) > 1:
            return rows
        rows = [replace(row, parts=(row.parts[0], *row.parts[2:])) for row in rows]
    return rows
