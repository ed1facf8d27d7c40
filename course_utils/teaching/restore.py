"""Give a hand-in back what the release says, before anything of it is run.

Students copy, delete and move cells; editors and Drive strip metadata; some write points of
their own. nbgrader restores locked cells (`OverwriteCells`), but stops at the rest. This comes
before it in `Autograde.sanitize_preprocessors`: after it every released cell that earns points
is there exactly once, with nbgrader's own metadata. The rules are those of `course doctor`.
"""

from nbformat.notebooknode import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from course_utils.i18n import speaking
from course_utils.teaching.doctor.known import Known
from course_utils.teaching.doctor.mending import mend
from course_utils.teaching.release import hand_in_language

__all__ = ["RestoreRelease"]

_KEPT = {"kernelspec"}  # of a notebook's metadata; overwritten after this


class RestoreRelease(NbGraderPreprocessor):
    """Restores cells and metadata out of the gradebook, whatever the hand-in says of itself."""

    def preprocess(self, nb: NotebookNode, resources):
        """Runs in the course's folder, where nbgrader's converters change to."""
        known = Known.for_grading(resources["nbgrader"])
        prose = known.language_of(nb.cells) or next(iter(known.notebooks), "")
        self.language = hand_in_language(nb, prose)
        self._forget_our_own_marks(nb, resources.get("unreadable"))
        with speaking("en"):  # the log is the instructor's
            for found in mend(nb, known, self.language):
                if not resources.get("unreadable"):
                    self.log.warning("Cell %s: %s", found.where(), found.wrong())
        return nb, resources

    def _forget_our_own_marks(self, nb: NotebookNode, unreadable) -> None:
        """`metadata.course` holds verdicts after grading; a hand-in brings none of its own."""
        for unknown in nb.metadata.keys() - _KEPT:
            del nb.metadata[unknown]
        nb.metadata["course"] = NotebookNode()
        if self.language:
            nb.metadata.course["language"] = self.language
        outcome = NotebookNode(state="not_graded", reason="")  # until `judge` has its say
        if unreadable:
            outcome.update(
                state=unreadable.state, reason=unreadable.message, values=unreadable.values
            )
        nb.metadata.course["outcome"] = outcome
        for cell in nb.cells:
            cell["metadata"] = NotebookNode(
                {key: cell.metadata[key] for key in ("id", "nbgrader") if key in cell.metadata}
            )
