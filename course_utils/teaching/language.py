"""One language of an assignment: an nbgrader preprocessor, first in GenerateAssignment.

The solution notebook holds the prose of every language. `PickLanguage` keeps one, adds the
badge, and starts the session in that language. It touches no graded cell: the assignments of
all languages are graded by the same grade_ids.
"""

import os

from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Unicode

from course_utils.teaching import notebooks
from course_utils.teaching.config import Course, load
from course_utils.teaching.errors import CourseError
from course_utils.teaching.setup_cell import SETUP_TAG
from course_utils.teaching.spoken import VARIABLE

__all__ = ["VARIABLE", "PickLanguage", "chosen_language"]


def chosen_language(course: Course) -> str:
    """The language that nbgrader's commands publish: COURSE_LANGUAGE, else the course's first.

    The locale has no say in it; in what commands say it has, see `spoken`.
    Raises CourseError for a language that the course does not have.
    """
    return course.require_language(os.environ.get(VARIABLE) or course.languages[0])


class PickLanguage(NbGraderPreprocessor):
    """Keep the prose of one language, and say in the notebook which one that is."""

    language = Unicode(help="The language to keep, one of course.toml's.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        course = load()  # nbgrader works in the folder of the course
        language = course.require_language(self.language or course.languages[0])
        name = resources["nbgrader"]["assignment"]
        kept = [cell for cell in nb.cells if self._is_kept(cell, language, course)]
        setup = notebooks.setup_cell(course, language, name)
        for number, cell in enumerate(kept):
            cell.metadata.pop("lang", None)
            if SETUP_TAG in cell.metadata.get("tags", []):
                kept[number] = setup
        if setup not in kept:
            kept.insert(1, setup)  # below the title
        badge = notebooks.badge_cell(course, language, "assignments", f"{name}/{name}.ipynb")
        nb.cells = [badge, *kept]
        nb.metadata.course = {"language": language, "name": name}
        return nb, resources

    @staticmethod
    def _is_kept(cell: NotebookNode, language: str, course: Course) -> bool:
        own = cell.metadata.get("lang")
        if own is not None and own not in course.languages:
            raise CourseError(
                f"Expected prose in {', '.join(course.languages)}, got a cell in {own!r}: "
                f"{cell.source[:60]!r}. Run `course build`."
            )
        return own in (None, language)
