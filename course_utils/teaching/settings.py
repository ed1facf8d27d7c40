"""nbgrader's settings of this course, as all commands read them: folders and the gradebook.

places(root).submitted("anna", "unet")   a student's folder, whatever it is called
places(root).db_url                      of the gradebook, a file or a server
"""

import glob
import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from nbgrader.coursedir import CourseDirectory
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from traitlets.config import Config, PyFileConfigLoader

from course_utils.i18n import LANGUAGES
from course_utils.teaching.errors import CourseError
from course_utils.teaching.spoken import VARIABLE

__all__ = [
    "CONFIG",
    "Places",
    "course_directory",
    "load_config",
    "places",
    "released_folders",
    "worker_directory",
]

CONFIG = "nbgrader_config.py"
_RELEASED = "assignments"  # where `course build` writes, a folder a language


def load_config(root: Path, *, sandbox: bool | None = None) -> Config:
    """nbgrader's settings in a folder. Raises CourseError where they can't be read.

    sandbox: what a run was told, for all that it configures; None: as the file says.
    """
    if not (root / CONFIG).is_file():
        raise CourseError(f"Expected {root / CONFIG}, found no such file.")
    try:
        found = PyFileConfigLoader(CONFIG, path=str(root)).load_config()
    except CourseError:
        raise
    except Exception as error:
        raise CourseError(f"{root / CONFIG}: {type(error).__name__}: {error}") from error
    if sandbox is not None:
        found.Judge.sandbox = sandbox
    return found


def course_directory(root: Path, config: Config, assignment: str) -> CourseDirectory:
    """nbgrader's own idea of the folders and the gradebook of the course in `root`.

    What the settings say of either relative to a folder is so to `root`, wherever this runs.
    Raises CourseError for an address of a gradebook that is none.
    """
    found = CourseDirectory(config=config)
    if "root" not in config.CourseDirectory:
        found.root = str(root)
    elif not Path(config.CourseDirectory.root).is_absolute():
        found.root = str(root / config.CourseDirectory.root)
    found.assignment_id = assignment
    found.db_url = _absolute(found.db_url, root)
    return found


def worker_directory(root: Path, config: Config, assignment: str) -> CourseDirectory:
    """The same of a kit that was unpacked in `root`: all is there, whatever the course uses."""
    own = Config({**config, "CourseDirectory": {}})
    for name in ("course_id", "ignore"):
        if name in config.CourseDirectory:
            own.CourseDirectory[name] = config.CourseDirectory[name]
    return course_directory(root, own, assignment)


@dataclass(frozen=True)
class Places:
    """Where a course's work lies. directory: as nbgrader sees it, in absolute paths."""

    directory: CourseDirectory

    @property
    def db_url(self) -> str:
        """The gradebook's address. It may hold a password: `gradebook.shown` shows it."""
        return self.directory.db_url

    def submitted(self, student: str, assignment: str) -> Path:
        return self._at(self.directory.submitted_directory, student, assignment)

    def autograded(self, student: str, assignment: str) -> Path:
        return self._at(self.directory.autograded_directory, student, assignment)

    def feedback(self, student: str, assignment: str) -> Path:
        return self._at(self.directory.feedback_directory, student, assignment)

    def source(self, assignment: str) -> Path:
        return self._at(self.directory.source_directory, ".", assignment)

    def hand_ins(self, assignment: str) -> dict[str, Path]:
        """student -> folder in submitted, by student."""
        return self._by_student(self.directory.submitted_directory, assignment)

    def graded(self, assignment: str) -> dict[str, Path]:
        """student -> folder in autograded, by student."""
        return self._by_student(self.directory.autograded_directory, assignment)

    def fed_back(self, assignment: str) -> dict[str, Path]:
        """student -> folder in feedback, by student."""
        return self._by_student(self.directory.feedback_directory, assignment)

    def _at(self, step: str, student: str, assignment: str) -> Path:
        return Path(os.path.normpath(self.directory.format_path(step, student, assignment)))

    def _by_student(self, step: str, assignment: str) -> dict[str, Path]:
        home, structure = self.directory.root, self.directory.directory_structure

        def path(quoted, student: str) -> str:
            parts = {"nbgrader_step": quoted(step), "assignment_id": quoted(assignment)}
            return os.path.join(quoted(home), structure.format(student_id=student, **parts))

        here = re.compile(path(re.escape, r"(?P<student>[^/\\]+)"))
        found = glob.glob(path(glob.escape, "*"), include_hidden=True)
        matches = [(here.fullmatch(each), Path(os.path.normpath(each))) for each in found]
        rows = [(match["student"], place) for match, place in matches if match]
        return {student: place for student, place in sorted(rows) if place.is_dir()}


def places(root: Path) -> Places:
    """Where nbgrader_config.py in `root` has everything; without that file, the usual places.

    Raises CourseError where it can't be read.
    """
    root = root.resolve()
    try:
        stat = (root / CONFIG).stat()
    except FileNotFoundError:
        usual = {"CourseDirectory": {"source_directory": "solutions"}}
        return Places(course_directory(root, Config(usual), ""))
    return _read(root, (stat.st_mtime_ns, stat.st_size), os.environ.get(VARIABLE))


def released_folders(root: Path, assignment: str) -> dict[str, list[Path]]:
    """language -> where the student version may lie: nbgrader's, then `course build`'s."""
    return {
        language: [
            *_released_by_nbgrader(root, assignment, language),
            root / _RELEASED / language / assignment,
        ]
        for language in LANGUAGES
    }


def _released_by_nbgrader(root: Path, assignment: str, language: str) -> list[Path]:
    """None where the course has no such language: its settings then refuse it."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = language
    try:
        found = places(root)
    except CourseError:
        return []
    finally:
        del os.environ[VARIABLE]
        if before is not None:
            os.environ[VARIABLE] = before
    return [found._at(found.directory.release_directory, ".", assignment)]


@lru_cache(maxsize=8)
def _read(root: Path, _version: tuple[int, int], _language: str | None) -> Places:
    return Places(course_directory(root, load_config(root), ""))


def _absolute(db_url: str, root: Path) -> str:
    try:
        url = make_url(db_url)
    except (ArgumentError, ValueError):  # its text may hold a password
        raise CourseError(
            f"{root / CONFIG}: expected db_url to be an address like sqlite:////srv/marks.db "
            "or postgresql+psycopg://user@host/name, got one that can't be read. Signs like "
            "@ : / in a password are written %40 %3A %2F."
        ) from None
    file = url.database if url.get_backend_name() == "sqlite" else None
    if not file or file.startswith(("/", ":", "file:")) or Path(file).is_absolute():
        return db_url
    return url.set(database=str(root / file)).render_as_string(hide_password=False)
