"""The one writer: puts a judged hand-in into autograded/ and the gradebook.

The steps are nbgrader's own (`Autograde`), with the judged notebook in place of running it, so
that Formgrader, late penalties, feedback and export find what they expect. Recording the same
hand-in again ends in the same gradebook.
"""

import logging
import os
import tempfile
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path

import nbformat
from nbconvert.exporters import NotebookExporter
from nbconvert.writers import FilesWriter
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from course_utils.teaching.gradebook import has_server, told
from course_utils.teaching.grading.gradebooks import written_together
from course_utils.teaching.grading.hand_ins import read_files
from course_utils.teaching.grading.kit import course_directory
from course_utils.teaching.grading.thrift import once_a_process
from course_utils.teaching.grading.worker import steps

__all__ = ["Recorder"]

once_a_process()

_LONGEST_TIME = 1000  # bytes of timestamp.txt
_log = logging.getLogger(__name__)
_steps_log = logging.getLogger(f"{__name__}.nbgrader")
_steps_log.setLevel(logging.ERROR)  # it warns of every notebook that it writes anew


class Recorder:
    """Writes marks of one assignment. Only one may be at work in a course at a time."""

    def __init__(self, root: Path, config: Config, assignment: str) -> None:
        self._root, self._assignment = root, assignment
        directory = course_directory(root, config, assignment)
        directory.__class__ = _Patient
        self._autograde = _Record(coursedir=directory, config=config, force=True)
        self._autograde.log = _steps_log  # nbgrader's steps inherit it

    def record(self, student: str, judged: Mapping[str, str]) -> None:
        """Write the marks. judged: name -> the judged notebook, the text of a file.

        Raises GradebookError where the gradebook or the disk can't be written, else what
        nbgrader raised; then the gradebook is as it was. What two programs wrote to a server's
        at one moment, a new student for instance, is written by a second try.
        """
        try:
            self._record(student, judged)
        except Exception:
            if not has_server(self._autograde.coursedir.db_url):
                raise
            self._record(student, judged)

    def _record(self, student: str, judged: Mapping[str, str]) -> None:
        db_url = self._autograde.coursedir.db_url
        with chdir(self._root), told(db_url), written_together(db_url):
            self._autograde.record(self._assignment, student, judged)


class _Patient(CourseDirectory):
    """A wrong timestamp.txt costs a warning, not the hand-in."""

    def get_existing_timestamp(self, dest_path: str):
        path = Path(dest_path, "timestamp.txt")
        try:
            if path.is_file() and path.stat().st_size > _LONGEST_TIME:
                raise ValueError(f"more than {_LONGEST_TIME} bytes")
            return super().get_existing_timestamp(dest_path)
        except Exception as error:  # dateutil raises whatever it stumbles on
            _log.warning("%s: timestamp.txt is ignored: %s", self.student_id, error)
            return None


class _Record(Autograde):
    """nbgrader's Autograde for one hand-in whose notebooks were run elsewhere.

    nbgrader copies what lies beside a notebook into autograded/, and from there into the
    student's feedback, links followed. So it gets a folder with plain files alone.
    """

    def record(self, assignment: str, student: str, judged: Mapping[str, str]) -> None:
        self._judged = judged
        folder = super()._format_source(assignment, student)
        self.writer = FilesWriter(parent=self, config=self.config)
        self.exporter = NotebookExporter(config=self.config)  # for the names of files alone
        self.coursedir.student_id = student
        self.notebooks = [os.path.join(folder, f"{name}.ipynb") for name in judged]
        with tempfile.TemporaryDirectory(prefix="hand-in-") as place:
            plain = Path(place, assignment)  # nbgrader reads all of the folder above, /tmp else
            plain.mkdir()
            _copy_plain_files(Path(folder), plain, self.coursedir)
            self._plain = str(plain)
            self.init_destination(assignment, student)
            self.init_assignment(assignment, student)
        for path in self.notebooks:
            self.convert_single_notebook(path)
        self.set_permissions(assignment, student)

    def _format_source(self, assignment_id: str, student_id: str, escape: bool = False) -> str:
        """The folder to copy from; where a pattern for paths is asked for, nbgrader's own."""
        if escape:
            return super()._format_source(assignment_id, student_id, escape)
        return self._plain

    def convert_single_notebook(self, notebook_filename: str) -> None:
        resources = self.init_single_notebook_resources(notebook_filename)
        name = resources["nbgrader"]["notebook"]
        notebook = nbformat.reads(self._judged[name], as_version=nbformat.NO_CONVERT)
        for step in steps(self)[1]:
            notebook, resources = step(parent=self, config=self.config)(notebook, resources)
        resources["output_extension"] = ".ipynb"
        self.write_single_notebook(nbformat.writes(notebook), resources)


def _copy_plain_files(source: Path, target: Path, directory: CourseDirectory) -> None:
    files, _large = read_files(source, directory)
    for name, data in files.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
