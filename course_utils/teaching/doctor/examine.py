"""What is wrong with a hand-in, and the notebook that it should have been.

    doctor = Doctor(course)
    found = doctor.examine(path)
    found.findings, found.notebook      # the mended notebook, None where there is none

Needs the released notebooks and no gradebook. Nothing is written.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from nbformat.notebooknode import NotebookNode

from course_utils.i18n import N_
from course_utils.teaching.collect.contents import (
    assignment_of,
    content_of,
    inspect,
    known_grade_ids,
)
from course_utils.teaching.config import Course
from course_utils.teaching.doctor import scripts
from course_utils.teaching.doctor.findings import Finding
from course_utils.teaching.doctor.known import Known, definitions, grade_id
from course_utils.teaching.doctor.mending import fill_in, mend
from course_utils.teaching.doctor.reading import Reading, read
from course_utils.teaching.doctor.worth import Worth, is_untouched, worth
from course_utils.teaching.hand_in import Unreadable
from course_utils.teaching.release import hand_in_language, released_notebooks, squeezed

__all__ = ["Diagnosis", "Doctor"]

_CHECKSUM = re.compile("[0-9a-f]{32}")
_LANGUAGES = {"ru": N_("Russian"), "en": N_("English")}


@dataclass(frozen=True)
class Diagnosis:
    """assignment: whose notebook it is, "" where that can't be told.

    notebook: the mended one.
    """

    path: Path
    findings: list[Finding]
    assignment: str = ""
    notebook: NotebookNode | None = None

    @property
    def damaged(self) -> bool:
        """Whether there is more than notes."""
        return any(found.level != "note" for found in self.findings)

    @property
    def needs_person(self) -> bool:
        """Whether something stays that no repair puts right."""
        return any(found.level == "person" for found in self.findings)


class Doctor:
    """Examines the hand-ins of one course."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self._releases: dict[str, Known] = {}

    @cached_property
    def grade_ids(self) -> Mapping[str, frozenset[str]]:
        """assignment -> names that only its notebook has."""
        return known_grade_ids(self.course)

    def release(self, assignment: str) -> Known:
        """The assignment as it was released; empty where it was not."""
        if assignment not in self._releases:
            notebooks = released_notebooks(self.course.root, assignment, assignment)
            self._releases[assignment] = Known.of(notebooks)
        return self._releases[assignment]

    def examine(self, path: Path, assignment: str | None = None) -> Diagnosis:
        """Examine one file. assignment: what it should be of, out of course.toml."""
        try:
            reading = read(path)
        except Unreadable as reason:
            finding = Finding("unreadable", values={"reason": str(reason)})
            return Diagnosis(path, [finding])
        found = self._assignment(reading.notebook, path.name, assignment)
        findings = list(reading.findings)
        if assignment and found and found != assignment:
            values = {"other": found, "assignment": assignment}
            return Diagnosis(
                path, [*findings, Finding("other_assignment", values=values)], found
            )
        if not found and assignment and not self.release(assignment).notebooks:
            found = assignment
        if not found:
            return Diagnosis(path, [*findings, Finding("no_assignment")])
        if not self.release(found).notebooks:
            finding = Finding("no_release", values={"assignment": found})
            return Diagnosis(path, [*findings, finding], found)
        findings += self._mended(reading, found)
        return Diagnosis(path, findings, found, reading.notebook)

    def worth(self, path: Path, assignment: str) -> Worth:
        """How much of the assignment the file holds, or, without its release, says."""
        known = self.release(assignment)
        try:
            if known.notebooks:
                return worth(read(path).notebook, known)
        except Unreadable:
            pass
        content = inspect(path.read_bytes())
        said = assignment_of(content, path.name, assignment, self.grade_ids)
        if said != (assignment, "content"):
            return Worth.UNREADABLE if content.unreadable else Worth.OTHER
        return Worth.BROKEN if content.unreadable else Worth.ANSWERED

    def _assignment(self, notebook: NotebookNode, name: str, wanted: str | None) -> str:
        """What the notebook is of: by what its cells say, else by texts that it shares with a
        release, those of `wanted` or of the file's name first; "" if neither."""
        said, how = assignment_of(content_of(notebook), name, wanted or "", self.grade_ids)
        if how == "content":
            return said
        shared = {other: self._shared(notebook, other) for other in self.course.assignments}
        most = max(shared.values(), default=0)
        first = [wanted, said, *shared]
        return next((n for n in first if most and shared.get(n) == most), "")

    def _shared(self, notebook: NotebookNode, assignment: str) -> int:
        """How many cells hold a released text, or define what its exercises ask for."""
        known = self.release(assignment)
        names = set().union(*known.defines.values())
        return sum(
            squeezed(cell.source) in known.by_text or bool(names & definitions(cell.source))
            for cell in notebook.cells
        )

    def _mended(self, reading: Reading, assignment: str) -> list[Finding]:
        """Mend the notebook in place; returns what was found on the way."""
        known, notebook = self.release(assignment), reading.notebook
        prose = known.language_of(notebook.cells) or next(iter(known.notebooks))
        if reading.cut:
            scripts.cut(notebook, known, prose)
        language = hand_in_language(notebook, prose)
        findings = self._language(notebook, known, language)
        language = findings[0].values["key"] if findings else language
        findings += _kernel(notebook, known, language)
        findings += _other_version(notebook, known)
        course = notebook.metadata.get("course")
        if not isinstance(course, dict) or course.get("name") != assignment:
            findings.append(Finding("notebook_marks", values={"assignment": assignment}))
        findings += mend(notebook, known, language)
        fill_in(notebook, known, language)
        kept = next((n for n in (language, *known.notebooks) if n in known.notebooks), "")
        notebook["metadata"] = NotebookNode(known.notebooks[kept].metadata)
        notebook.metadata["course"] = NotebookNode(language=language, name=assignment)
        return findings

    def _language(self, notebook: NotebookNode, known: Known, said: str) -> list[Finding]:
        found = known.language_of(notebook.cells)
        if not found or found == said:
            return []
        values = {"said": _LANGUAGES[said], "found": _LANGUAGES[found], "key": found}
        return [Finding("other_language", values=values)]


def _kernel(notebook: NotebookNode, known: Known, language: str) -> list[Finding]:
    released = known.notebooks.get(language) or next(iter(known.notebooks.values()))
    wanted = released.metadata.get("kernelspec", {}).get("name")
    kernel = notebook.metadata.get("kernelspec")
    name = kernel.get("name") if isinstance(kernel, dict) else None
    if name in (wanted, None):
        return []
    return [Finding("kernel", values={"kernel": str(name)[:40]})]


def _other_version(notebook: NotebookNode, known: Known) -> list[Finding]:
    """Cells that a release made, though not this one: nbgrader's checksum says who made them.

    A check that another release made holds no text of the student's: this release's is put
    in its place.
    """
    checksums = {
        cell.metadata.nbgrader.get("checksum")
        for cells in known.released.values()
        for cell in cells.values()
        if "nbgrader" in cell.metadata
    }
    others = []
    for cell in notebook.cells:
        name = grade_id(cell)
        checksum = cell.metadata.nbgrader.get("checksum") if name is not None else None
        if not isinstance(checksum, str) or not _CHECKSUM.fullmatch(checksum):
            continue
        if checksum in checksums:
            continue
        if name not in known.cells:
            others.append(name)
        elif known.cells[name].check and squeezed(cell.source) not in known.texts[name]:
            others.append(name)
            if is_untouched(cell):
                cell["source"] = known.cells[name].source
    if not others:
        return []
    return [Finding("other_version", values={"cells": ", ".join(dict.fromkeys(others))[:200]})]
