"""One hand-in, from the files that came to the notebook with its verdicts.

    result = grade(kit, Job(student, files))

Runs anywhere that has the course's package: knows no gradebook and no other hand-in. The steps
are nbgrader's own, as nbgrader_config.py lists them, up to the one that writes the gradebook;
that one and those after it are the recorder's.
"""

import contextlib
import gc
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path

import nbformat
from nbconvert.exporters.exporter import ResourcesDict
from nbformat.notebooknode import NotebookNode
from nbgrader.converters import Autograde
from nbgrader.preprocessors import SaveAutoGrades
from nbgrader.utils import setenv
from traitlets.config import Config, Configurable
from traitlets.utils.importstring import import_item

from course_utils.i18n import N_
from course_utils.teaching.doctor.known import Known
from course_utils.teaching.errors import CourseError
from course_utils.teaching.grading.gradebooks import kept_open
from course_utils.teaching.grading.kit import Kit, load_config, unpack
from course_utils.teaching.grading.thrift import once_a_process
from course_utils.teaching.hand_in import MAX_BYTES, Unreadable, read_hand_in
from course_utils.teaching.programs import require_one_package
from course_utils.teaching.sandbox.bubblewrap import require
from course_utils.teaching.settings import worker_directory

__all__ = ["STATES", "Job", "Result", "grade", "steps"]

once_a_process()

_MENDED = (".py", ".html", ".htm")
STATES = ("graded", "timed_out", "crashed", "unreadable")  # from the best to the worst


@dataclass(frozen=True)
class Job:
    """One hand-in to grade. files: path below its folder -> bytes; large: path -> size.

    secret: what its hidden cases are drawn from, see `Judge.secret`.
    refused: why no cell of it is run.
    """

    student: str
    files: Mapping[str, bytes]
    large: Mapping[str, int] = field(default_factory=dict)
    sandbox: bool = True
    secret: str = ""
    refused: Unreadable | None = None


@dataclass(frozen=True)
class Result:
    """How a hand-in ended. notebooks: name -> the judged notebook, the text of a file.

    state: one of STATES, the worst of its notebooks'; seconds: on the wall.
    """

    student: str
    state: str
    reason: str
    notebooks: Mapping[str, str]
    seconds: float


def grade(kit: Kit, job: Job) -> Result:
    """Run and judge every notebook of the assignment. Whatever came ends in a state.

    Raises CourseError where this machine has no sandbox and there must be one, or where
    kernels would import another package than this process.
    """
    _required(job.sandbox)
    return _ended(kit, job)


def steps(autograde: Autograde) -> tuple[list, list]:
    """(run by the worker, run by the recorder): nbgrader's preprocessors, as configured."""
    before, after = [], []
    chosen = [_class(step) for step in autograde.sanitize_preprocessors]
    for step in map(_class, autograde.autograde_preprocessors):
        (after if after or issubclass(step, SaveAutoGrades) else before).append(step)
    return chosen + before, after


def _ended(kit: Kit, job: Job) -> Result:
    began = time.monotonic()
    root = _workplace(kit)
    notebooks, worst = {}, ("graded", "")
    with contextlib.chdir(root), setenv(NBGRADER_EXECUTION="autograde"):
        for name in kit.notebooks:
            notebook = _judged(root, kit, job, name)
            if _unexplained(notebook):  # the student's doing, or somebody killed the kernel
                again = _judged(root, kit, job, name)
                notebook = max(again, notebook, key=_progress)
            notebooks[name] = nbformat.writes(notebook)
            outcome = notebook.metadata.course.outcome
            ended = outcome.state, outcome.get("reason", "")
            worst = max(worst, ended, key=lambda pair: STATES.index(pair[0]))
    return Result(job.student, *worst, notebooks, time.monotonic() - began)


def _unexplained(notebook: NotebookNode) -> bool:
    return notebook.metadata.course.outcome.pop("unexplained", False)


def _progress(notebook: NotebookNode) -> tuple[int, int]:
    """How far a run came: its state, then the checks it passed."""
    verdicts = [cell.metadata.get("course", {}).get("verdict", {}) for cell in notebook.cells]
    passed = sum(bool(verdict.get("passed")) for verdict in verdicts)
    return -STATES.index(notebook.metadata.course.outcome.state), passed


def _judged(root: Path, kit: Kit, job: Job, name: str) -> NotebookNode:
    with tempfile.TemporaryDirectory(prefix="hand-in-") as place:
        folder = Path(place)
        try:
            notebook, reason = _read(folder, job, name), None
        except Unreadable as error:
            notebook, reason = nbformat.v4.new_notebook(), error
        _write_beside(folder, kit, job)
        try:
            return _through_all(root, kit, job, name, folder, notebook, reason)
        except (CourseError, ImportError, MemoryError, NameError, OSError):
            raise  # ours or this machine's: the hand-in waits for a better day
        except Exception as error:
            if reason is not None:
                raise  # nothing of the student's was in that notebook: the fault is ours
            problem = Unreadable(
                N_("it can't be processed: {error}"), error=f"{type(error).__name__}: {error}"
            )
            empty = nbformat.v4.new_notebook()
            return _through_all(root, kit, job, name, folder, empty, problem)


def _through_all(
    root: Path,
    kit: Kit,
    job: Job,
    name: str,
    folder: Path,
    notebook: NotebookNode,
    reason: Unreadable | None,
) -> NotebookNode:
    config = load_config(root, sandbox=job.sandbox)
    config.Judge.secret = job.secret
    directory = worker_directory(root, config, kit.assignment)
    autograde = Autograde(coursedir=directory, config=config)
    resources = ResourcesDict(
        unique_key=name,
        metadata=ResourcesDict(name=name, path=str(folder)),
        nbgrader={
            "student": job.student,
            "assignment": kit.assignment,
            "notebook": name,
            "db_url": directory.db_url,
            "known": _known(kit.assignment, name, directory.db_url),
        },
    )
    if reason is not None:
        resources["unreadable"] = reason
    with kept_open(directory.db_url):
        for step in _preprocessors(steps(autograde)[0], autograde, config):
            notebook, resources = step(notebook, resources)
    from course_utils.teaching import stopped_code, suspicions  # late: it brings torch

    found = [*suspicions.find(notebook, restored=True), *stopped_code.stopped(notebook)]
    notebook.metadata.course["look_at"] = [NotebookNode(vars(item)) for item in found]
    return notebook


def _preprocessors(
    classes: list, parent: Configurable, config: Config
) -> Iterator[Configurable]:
    for step in classes:
        yield step(parent=parent, config=config)


def _read(folder: Path, job: Job, name: str) -> NotebookNode:
    """The notebook called `name`, or the only one that there is. Raises Unreadable."""
    if job.refused is not None:
        raise job.refused
    expected = f"{name}.ipynb"
    others = sorted(path for path in (*job.files, *job.large) if path.endswith(".ipynb"))
    chosen = expected if expected in others or len(others) != 1 else others[0]
    if chosen in job.large:
        raise Unreadable(
            N_("the file has {size} MB, more than the {most} MB that are read"),
            size=job.large[chosen] >> 20,
            most=MAX_BYTES >> 20,
        )
    if chosen not in job.files:
        there = sorted({*job.files, *job.large})
        words = N_("expected the file {expected}, got {others}")
        if any(name.endswith(_MENDED) for name in there):
            words = N_(
                "expected the file {expected}, got {others}; `course doctor --repair` makes "
                "notebooks of scripts and web pages"
            )
        raise Unreadable(words, expected=expected, others=", ".join(there[:5]) or "-")
    path = folder / expected
    path.write_bytes(job.files[chosen])
    try:
        return read_hand_in(path)
    finally:
        path.unlink()


def _write_beside(folder: Path, kit: Kit, job: Job) -> None:
    """What lies beside the notebook: the student's other files, then the released ones."""
    theirs = {
        name: data for name, data in job.files.items() if not name.endswith((".ipynb", ".py"))
    }
    ours = {
        name.removeprefix("beside/"): data
        for name, data in kit.files.items()
        if name.startswith("beside/")
    }
    for name, data in (theirs | ours).items():
        path = folder / name
        with contextlib.suppress(OSError):  # a file where the release has a folder
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


def _class(step):
    return import_item(step) if isinstance(step, str) else step


@cache
def _required(sandbox: bool) -> None:
    require_one_package()
    if sandbox:
        require()


@lru_cache(maxsize=1)
def _unpacked(digest: str) -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix=f"course-kit-{digest[:8]}-", dir=_own_folder())


def _own_folder() -> str | None:
    """The folder that goes with this Dask worker, however it ends; None where it is none."""
    if "distributed" not in sys.modules:
        return None
    from distributed import get_worker

    try:
        return get_worker().local_directory
    except ValueError:
        return None


@lru_cache(maxsize=8)
def _known(assignment: str, notebook: str, db_url: str) -> Known:
    """What was released. The address is that of a kit's own gradebook, which never changes."""
    return Known.for_grading({"assignment": assignment, "notebook": notebook, "db_url": db_url})


def _workplace(kit: Kit) -> Path:
    """The kit's files, unpacked once in this process."""
    folder = Path(_unpacked(kit.digest).name)
    if not (folder / "course.toml").is_file():
        unpack(kit, folder)
        gc.collect()
        gc.freeze()  # the libraries' objects stay: no collection need look at them again
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    return folder
