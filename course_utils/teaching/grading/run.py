"""`course grade`: every hand-in of an assignment, to the marks in the gradebook.

A run may end at any moment, in any way; the next one goes on where it was. What lies in
grading/<assignment>/: the ledger of attempts, and the judged notebooks of each student.
"""

import hashlib
import logging
import os
import secrets
import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout
from nbgrader.api import MissingEntry
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from course_utils.teaching.config import Course
from course_utils.teaching.errors import CourseError
from course_utils.teaching.gradebook import GradebookError, has_server, reading
from course_utils.teaching.grading.faults import right_hand_in, tried_again
from course_utils.teaching.grading.hand_ins import HandIn, find_hand_ins, nameless, read_files
from course_utils.teaching.grading.kit import Kit, course_directory, load_config, make_kit
from course_utils.teaching.grading.ledger import Attempt, Ledger
from course_utils.teaching.grading.places import Places, cores
from course_utils.teaching.grading.processes import begun
from course_utils.teaching.grading.recorder import Recorder
from course_utils.teaching.grading.worker import STATES, Job, Result
from course_utils.teaching.judge import Judge
from course_utils.teaching.patience import grading_seconds, wall_seconds
from course_utils.teaching.plain_text import PlainConsole
from course_utils.teaching.sandbox.bubblewrap import require

__all__ = ["FOLDER", "Grading", "Summary"]

FOLDER = "grading"
_log = logging.getLogger(__name__)


@dataclass
class Summary:
    """What a run did. states: how many hand-ins ended so; problems: what needs a person."""

    graded: int = 0
    before: int = 0
    states: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


class Grading:
    """The grading of one assignment of a course.

    sandbox: whether student code is kept in bubblewrap.
    Raises CourseError where the assignment was never generated.
    """

    def __init__(self, course: Course, assignment: str, *, sandbox: bool = True) -> None:
        self.course, self.assignment, self.sandbox = course, assignment, sandbox
        self.config = load_config(course.root, sandbox=sandbox)
        self.directory = course_directory(course.root, self.config, assignment)
        self.folder = course.root / FOLDER / assignment
        self.log_file = self.folder / "log.txt"
        self.kit: Kit = make_kit(course, assignment, self.config)

    def run(
        self,
        students: Collection[str] = (),
        *,
        jobs: int | None = None,
        scheduler: str | None = None,
        certificates: Path | None = None,
        rerun: Collection[str] = (),
        console: Console | None = None,
    ) -> Summary:
        """Grade what is new, changed or not yet done.

        students: only these; all, if empty. jobs: workers of this machine; one a core, if None.
        scheduler: address of a Dask scheduler in place of them; certificates: the folder with
        those that it is spoken to with; certificates/ of the course, if None.
        rerun: states (see worker.STATES) whose hand-ins are graded anew, or "all".
        Raises CourseError for an unknown student or state, where another run is at work, where
        the sandbox can't be had, or where this machine turns out to be at fault.
        """
        for state in rerun:
            if state not in (*STATES, "all"):
                raise CourseError(
                    f"Expected a state out of {', '.join(STATES)}, got {state!r}."
                )
        hand_ins = self._hand_ins(students)
        if self.sandbox and not scheduler:
            require()
        with (
            nullcontext()
            if scheduler
            else begun(self.course.root, self.assignment, sandbox=self.sandbox),
            self._alone(),
            Ledger(self.folder / "ledger.db").closing() as ledger,
            _logged(self.log_file),
        ):
            places = Places(
                jobs or cores(), scheduler, certificates or self.course.root / "certificates"
            )
            summary = _Run(self, ledger, console or PlainConsole(stderr=True)).over(
                hand_ins, rerun, places
            )
        summary.problems += () if students else nameless(self.directory, self.assignment)
        return summary

    def seconds(self) -> int:
        """Within which a process must have graded a hand-in."""
        timeout = Judge(config=self.config).timeout
        wall = wall_seconds(self.config, self.course.root, self.assignment, timeout)
        return grading_seconds(wall, len(self.kit.notebooks))

    def _hand_ins(self, students: Collection[str]) -> list[HandIn]:
        found = find_hand_ins(self.directory, self.assignment)
        known = {hand_in.student for hand_in in found}
        unknown = sorted(set(students) - known)
        if unknown:
            raise CourseError(
                f"Expected hand-ins of {', '.join(unknown)} in "
                f"{self.directory.submitted_directory}/, found none. "
                f"There are {len(known)}: {', '.join(sorted(known)[:10])}"
                f"{', ...' if len(known) > 10 else ''}."
            )
        if not found:
            raise CourseError(
                *nameless(self.directory, self.assignment),
                f"Expected hand-ins in {self.directory.submitted_directory}/*/"
                f"{self.assignment}, found none. Collect them first.",
            )
        return [hand_in for hand_in in found if not students or hand_in.student in students]

    def _alone(self) -> FileLock:
        """A file for a gradebook has one writer, a server's one an assignment. The lock goes
        with the process, however it ends."""
        several = has_server(self.directory.db_url)
        lock = FileLock((self.folder if several else self.course.root / FOLDER) / "lock")
        Path(lock.lock_file).parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise CourseError(
                f"Another `course grade` is at work in {Path(lock.lock_file).parent}. "
                "Wait until it has ended."
            ) from None
        return lock


class _Run:
    """One run: what is to do, and doing it."""

    def __init__(self, grading: Grading, ledger: Ledger, console: Console) -> None:
        self.grading, self.ledger, self.console = grading, ledger, console
        self.recorder = Recorder(grading.course.root, grading.config, grading.assignment)
        self.summary = Summary()
        self.secret = secrets.token_hex(16)  # the whole class is asked the same
        self.attempts: dict[str, int] = {}  # key of a job -> its attempt
        self.waiting: list[tuple[int, str, str]] = []  # judged, for the gradebook
        self.trouble: GradebookError | None = None

    def over(
        self, hand_ins: Sequence[HandIn], rerun: Collection[str], places: Places
    ) -> Summary:
        lost = self.ledger.lose_begun()
        if lost:
            self._say(f"{lost} hand-ins were under way when an earlier run ended.")
        to_run, to_record = self._to_do(hand_ins, rerun)
        self.summary.before = len(hand_ins) - len(to_run) - len(to_record)
        with _shown(self.console) as progress:
            bar = progress.add_task(self.grading.assignment, total=len(to_run) + len(to_record))
            for attempt in to_record:
                self._record(attempt.id, attempt.student, attempt.state)
                progress.advance(bar)
            if to_run:
                for _done in self._graded(to_run, places):
                    progress.advance(bar)
        self._record_what_waits()
        return self.summary

    def _to_do(
        self, hand_ins: Sequence[HandIn], rerun: Collection[str]
    ) -> tuple[list[HandIn], list[Attempt]]:
        latest, marked = self.ledger.latest(), self._marked()
        to_run, to_record = [], []
        for hand_in in hand_ins:
            last = latest.get(hand_in.student)
            known = (
                last is not None
                and last.digest == self._key(hand_in)
                and last.stage in ("judged", "recorded")
                and self._notebooks(hand_in.student) is not None
            )
            if not known or "all" in rerun or last.state in rerun:
                to_run.append(hand_in)
            elif last.stage == "judged" or hand_in.student not in marked:
                to_record.append(last)
            else:
                self._count(last.state)
        return to_run, to_record

    def _marked(self) -> set[str]:
        """Students with marks in the gradebook and their notebooks in autograded/."""
        grading = self.grading
        with reading(grading.directory.db_url, grading.assignment) as gradebook:
            try:
                submissions = gradebook.assignment_submissions(grading.assignment)
            except MissingEntry:
                return set()
            students = [submission.student_id for submission in submissions]
        return {student for student in students if self._autograded(student).is_dir()}

    def _autograded(self, student: str) -> Path:
        directory = self.grading.directory
        path = directory.format_path(
            directory.autograded_directory, student, self.grading.assignment
        )
        return Path(path)

    def _graded(self, hand_ins: Sequence[HandIn], places: Places) -> Iterator[str]:
        """Grade and record, yielding each student as it is done.

        Those with whom something went wrong come again at the end.
        Raises CourseError where this machine turns out to be at fault.
        """
        kit, by_key, failed = self.grading.kit, {}, []
        with places.opened(kit, len(hand_ins), self.grading.seconds()) as each:
            for key, result, error in each(self._jobs(hand_ins, by_key)):
                if error is not None:
                    _log.error("%s: is tried again", by_key[key].student, exc_info=error)
                    failed.append(key)
                    continue
                self._keep(key, by_key.pop(key).student, result)
                yield key
            for key in failed:
                job = by_key.pop(key)
                right = right_hand_in(kit, self.grading.directory, job)
                self._keep(key, job.student, tried_again(each, key, job, right))
                yield key

    def _jobs(self, hand_ins: Sequence[HandIn], by_key: dict[str, Job]):
        for hand_in in hand_ins:
            files, large = read_files(hand_in.folder, self.grading.directory)
            job = Job(hand_in.student, files, large, self.grading.sandbox, self.secret)
            attempt = self.ledger.begin(hand_in.student, self._key(hand_in))
            key = f"grade-{attempt}-{hand_in.student}"
            self.attempts[key] = attempt
            by_key[key] = job
            yield key, (job,)

    def _keep(self, key: str, student: str, result: Result) -> None:
        """The judged notebooks to disk, then the marks to the gradebook.

        Names are those of the job and of the kit: a reply is not believed where to write.
        """
        folder = self._judged(student)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name in self.grading.kit.notebooks:
            _write(folder / f"{name}.ipynb", result.notebooks[name])
        attempt = self.attempts.pop(key)
        self.ledger.judged(attempt, result.state, result.reason, result.seconds)
        self._record(attempt, student, result.state)

    def _record(self, attempt: int, student: str, state: str) -> None:
        if self.waiting:  # each try may wait for a lock
            self.waiting.append((attempt, student, state))
            return
        try:
            self.recorder.record(student, self._notebooks(student))
        except GradebookError as error:
            self.trouble = error
            self.waiting.append((attempt, student, state))
            return
        except Exception as error:
            self._problem(student, error)
            return
        self.ledger.recorded(attempt)
        self.summary.graded += 1
        self._count(state)

    def _record_what_waits(self) -> None:
        """Once more; what still can't be recorded is the next run's: one problem for all."""
        waiting, self.waiting = self.waiting, []
        for attempt, student, state in waiting:
            self._record(attempt, student, state)
        if self.waiting:
            self.summary.problems.append(
                f"Judged and kept, but not yet in the gradebook: {len(self.waiting)}. "
                f"{self.trouble}"
            )

    def _count(self, state: str) -> None:
        self.summary.states[state] = self.summary.states.get(state, 0) + 1

    def _problem(self, student: str, error: BaseException) -> None:
        _log.error("%s", student, exc_info=error)
        self.summary.problems.append(
            f"{student}: not graded, and not lost: {type(error).__name__}: {error}. "
            f"The next run tries again; the whole story is in {self.grading.log_file}."
        )

    def _judged(self, student: str) -> Path:
        return self.grading.folder / "judged" / student

    def _notebooks(self, student: str) -> dict[str, str] | None:
        """The judged notebooks of a student; None where one is missing."""
        folder = self._judged(student)
        try:
            return {
                name: (folder / f"{name}.ipynb").read_text(encoding="utf-8")
                for name in self.grading.kit.notebooks
            }
        except FileNotFoundError:
            return None

    def _key(self, hand_in: HandIn) -> str:
        text = f"{self.grading.kit.released}/{hand_in.digest}"
        return hashlib.sha256(text.encode()).hexdigest()

    def _say(self, words: str) -> None:
        self.console.print(words)


@contextmanager
def _logged(path: Path) -> Iterator[None]:
    """What goes wrong in our own code, with its traceback, goes to a file."""
    logger = logging.getLogger("course_utils")
    handler = logging.FileHandler(path, encoding="utf-8", delay=True)
    handler.handleError = lambda _record: None  # a full disk: said where it stops the run
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()


def _shown(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
        console=console,
    )


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    partial = path.with_suffix(".partial")
    with partial.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
