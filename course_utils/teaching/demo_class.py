"""A class to try the teaching cycle on: what each of its students hands in, as a file.

Right answers come from the solution and from `right_styles`; wrong ones are the mistakes that
the checks themselves catalogue, so that a mistake is written down in one place.
"""

import copy
import json
import zipfile
from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from nbformat.notebooknode import NotebookNode

from course_utils.checks import exercise as exercises
from course_utils.checks.assignments.demo_student import WARNS, Student
from course_utils.teaching.errors import CourseError
from course_utils.teaching.standalone import standalone

__all__ = ["classes", "hand_in", "pack"]

_CLASS = "course_utils.checks.assignments.{}.demo_class"
_STYLE = "course_utils.checks.assignments.{}.right_styles.{}"


def classes(names: Iterable[str]) -> dict[str, tuple[Student, ...]]:
    """Assignment -> its hand-ins, for those of `names` that have a class."""
    found = {}
    for name in names:
        if name in exercises.assignments() and find_spec(_CLASS.format(name)):
            found[name] = import_module(_CLASS.format(name)).STUDENTS
    return found


def hand_in(
    assignment: str, student: Student, released: NotebookNode, solved: NotebookNode
) -> str:
    """The text of the file that the student hands in.

    released: the student version in the student's language; solved: the solution notebook.
    """
    if student.saved_by == "html":
        title = f"<title>{assignment}.ipynb</title>"
        return f"<!DOCTYPE html>\n<html><head>{title}</head></html>\n"
    answers = {} if student.style == "blank" else _answers(assignment, student, solved)
    notebook = copy.deepcopy(released)
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if name in answers:
            cell.source = answers[name]
        elif cell.cell_type == "markdown" and name and student.essay:
            cell.source = student.essay
    return _as_colab_saves(notebook) if student.saved_by == "colab" else _dumped(notebook, 1)


def pack(assignment: str, files: Iterable[tuple[Student, str]], path: Path) -> None:
    """One zip of the whole class's files, named as Moodle names them."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for student, text in files:
            start = f"{student.name}_{student.id}_assignsubmission_file_"
            archive.writestr(f"{start}{assignment}.ipynb", text)


def _answers(assignment: str, student: Student, solved: NotebookNode) -> dict[str, str]:
    """Text of every solution cell: grade_id -> source."""
    known = exercises.assignment(assignment)
    found = {}
    for name in known:
        if name in student.mistakes:
            found[f"{name}-solution"] = _wrong(known[name], student.mistakes[name])
        elif student.style == "solution":
            found[f"{name}-solution"] = _solved(solved, f"{name}-solution")
        else:
            style = import_module(_STYLE.format(assignment, student.style))
            found[f"{name}-solution"] = standalone(getattr(style, known[name].function))
    for name, text in student.broken.items():
        right = found[f"{name}-solution"]
        found[f"{name}-solution"] = f"{right}\n{text}" if text is WARNS else text
    return found


def _wrong(exercise, mistake: str) -> str:
    """A catalogued mistake as a student would have written it."""
    by_name = {entry.name: entry for entry in exercise.mistakes}
    if mistake not in by_name:
        raise CourseError(
            f"Expected a mistake of {exercise.name} ({', '.join(by_name)}), got {mistake!r}. "
            "Correct the demo's class."
        )
    return standalone(by_name[mistake].solution, exercise.function)


def _solved(solved: NotebookNode, name: str) -> str:
    for cell in solved.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == name:
            lines = cell.source.splitlines()
            return "\n".join(
                x for x in lines if "BEGIN SOLUTION" not in x and "END SOLUTION" not in x
            )
    raise CourseError(f"Expected a cell {name} in the solution. Run: course build")


def _as_colab_saves(notebook: NotebookNode) -> str:
    """Two spaces of indent, nbformat 4.0, ids in metadata alone, Colab's own metadata."""
    notebook = copy.deepcopy(notebook)
    notebook.nbformat_minor = 0
    notebook.metadata["colab"] = {"provenance": []}
    notebook.metadata["accelerator"] = "GPU"
    for number, cell in enumerate(notebook.cells):
        cell.metadata.setdefault("id", cell.pop("id", f"colab{number:07d}"))
        cell.pop("id", None)
        cell.source = "\n".join(line.rstrip() for line in cell.source.splitlines())
        if cell.cell_type == "code":
            cell.metadata["colab"] = {"base_uri": "https://localhost:8080/"}
            cell.metadata["outputId"] = f"{number:08x}-0000-4000-8000-000000000000"
            cell.metadata["executionInfo"] = {"status": "ok", "elapsed": 12, "user_tz": -180}
            cell["execution_count"] = number
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["done\n"]}]
    return _dumped(notebook, 2)


def _dumped(notebook: NotebookNode, indent: int) -> str:
    return json.dumps(notebook, ensure_ascii=False, indent=indent) + "\n"
