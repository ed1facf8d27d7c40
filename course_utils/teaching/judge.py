"""Grade a hand-in: run its cells as nbgrader does, judge its answers outside its kernel.

A graded check cell is not executed. The student's kernel gets fresh hidden cases, and what it
answers is judged in this process, so that nothing the student's code does to its own
interpreter can earn a point. The verdict goes where nbgrader looks for it, into the outputs:
a shown message for full points, an error for none (`nbgrader.utils.determine_grade`).

Whatever happens to the kernel, the hand-in ends graded, and
`notebook.metadata.course.outcome` says how: graded, timed_out, crashed, unreadable.
"""

import importlib
import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import nbformat
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat.notebooknode import NotebookNode
from nbgrader import utils
from nbgrader.converters import Autograde
from traitlets import Integer, Unicode

from course_utils.checks.processes import REFUSED
from course_utils.i18n import LANGUAGES, N_, _, speaking
from course_utils.teaching import config
from course_utils.teaching.beforehand import ends_the_command, require_gradebook
from course_utils.teaching.doctor.known import Known
from course_utils.teaching.errors import CourseError
from course_utils.teaching.grading.hand_ins import notebook_bytes, read_files
from course_utils.teaching.guarded import GuardedExecute
from course_utils.teaching.hand_in import HandInExporter, Unreadable, notebook_in, text_in
from course_utils.teaching.missing_names import Stop, cell_name, why_missing
from course_utils.teaching.release import hand_in_language, squeezed
from course_utils.teaching.released_imports import lost_imports
from course_utils.teaching.sandbox.channels import MESSAGE_BYTES
from course_utils.teaching.sandbox.limits import Reason
from course_utils.teaching.settings import Places
from course_utils.teaching.within_limits import TooMuch, within

__all__ = ["Judge", "JudgedHandInExporter"]

_SECONDS, _MEMORY = 120, 2**30  # to judge one answer
_HIDDEN_TESTS = "BEGIN HIDDEN TESTS"


class Judge(GuardedExecute):
    """In place of nbgrader's Execute in `Autograde.autograde_preprocessors`."""

    timeout = Integer(60, help="Seconds for one cell.", allow_none=True).tag(config=True)

    secret = Unicode(
        "",
        help="What the hidden cases are drawn from: hand-ins judged with the same secret are "
        "asked the same. Where it is empty, each is asked something else.",
    ).tag(config=True)

    def preprocess(self, nb: NotebookNode, resources, km=None):
        """Runs in the course's folder, where nbgrader's converters change to."""
        names = resources["nbgrader"]
        self._assignment = names["assignment"]
        self._exercises = _exercises(names["assignment"])
        self._language = hand_in_language(nb, _first_language())
        # Sentences by language: the class's table may speak another one than the hand-in.
        self._timed_out: dict[str, str] = {}  # the first cell that took too long
        self._stopped: dict[str, str] = {}  # why no further cell is run
        self._unexplained = False  # whether the kernel ended for no reason of the hand-in's
        self._stops: dict[int, Stop] = {}  # index of a cell -> the error that ended it
        known = Known.for_grading(names)
        self._imports = lost_imports(nb, known, self._language)
        self._to_import = bool(self._imports)
        _mark_blank_answers(nb, known)
        course = nb.metadata.setdefault("course", NotebookNode())
        with speaking(self._language):
            if course.get("outcome", {}).get("state") in ("unreadable", "crashed", "timed_out"):
                self._refuse(nb)
                return nb, resources
            nb, resources = super().preprocess(nb, resources, km)
            nb.metadata["course"]["outcome"] = self._outcome()
        nb.metadata.pop("widgets", None)
        return nb, resources

    def preprocess_cell(self, cell, resources, index):
        """Runs the cell, or judges it; nothing that a kernel does gets past this method."""
        exercise = self._exercise(cell)
        if self._stopped:
            self._leave_unrun(cell)
            return cell, resources
        answers = None
        try:
            if self._to_import:
                self._import_released(index)
            if exercise is None:
                self.execute_cell(cell, index, store_history=True)
                _no_price_for_warnings(cell)
            else:
                seed = self._seed(*exercise)
                answers = self._ask(cell, index, _grading().make_request(*exercise, seed))
        except CellTimeoutError:  # it did not heed the interrupt either
            reason = N_("ran too long and could not be interrupted")
            self._stop(cell, index, self._why() or Reason(reason, state="timed_out"))
        except DeadKernelError:
            why = self._why()
            self._unexplained = why is None or why.ours
            self._stop(cell, index, why or Reason(N_("ended the Python process")))
        except Exception as error:
            # nbclient trusts messages that a tampered kernel may send in any form
            self.log.warning("The kernel sent no Jupyter message", exc_info=True)
            reason = N_("sent a message that is not Jupyter's ({error})")
            said = Reason(reason, {"error": type(error).__name__})
            self._stop(cell, index, self._why() or said)
        else:
            if exercise is not None:
                verdict = self._judged(index, exercise, seed, answers)
                self._write_verdict(cell, index, self._explained(verdict, index))
        return cell, resources

    def on_cell_executed(self, **kwargs):
        super().on_cell_executed(**kwargs)
        content = kwargs["execute_reply"]["content"]
        if content["status"] == "error" and not self._asking:
            self._stops[kwargs["cell_index"]] = Stop.of(content)
        if content["status"] == "error" and content["ename"] == self.error_on_timeout["ename"]:
            reason = Reason(N_("took longer than {seconds} s"), {"seconds": self.timeout})
            self._timed_out = self._timed_out or self._sentences(kwargs["cell_index"], reason)

    def _exercise(self, cell: NotebookNode) -> tuple[str, str] | None:
        """(assignment, exercise) where this cell is the check of an exercise that we know."""
        if cell.cell_type != "code" or not utils.is_grade(cell) or utils.is_solution(cell):
            return None
        name = cell.metadata.nbgrader.grade_id
        return (self._assignment, name) if name in self._exercises else None

    def _seed(self, *exercise: str) -> int:
        return _grading().seed_from(self.secret or secrets.token_hex(16), *exercise)

    def _ask(self, cell: NotebookNode, index: int, request: bytes) -> bytes | None:
        """Put the hidden cases to the kernel; its reply, None where it gave none.

        The cell's own text is run too where an instructor added hidden tests of nbgrader's.
        """
        cell.outputs = []
        if _HIDDEN_TESTS in cell.source:
            self.execute_cell(cell, index, store_history=True)
            _no_price_for_warnings(cell)
        spent, limit = self._budget.spent, self._budget.limit
        self._budget.limit += MESSAGE_BYTES  # an answer costs nothing
        self.kc.shell_channel.attachment = request
        try:
            question = self._execute_our_own(_grading().kernel_code(), index)
        finally:
            self.kc.shell_channel.attachment = None
            self._budget.limit = limit
            self._budget.spent = spent
        return _grading().find_reply(question.outputs)

    def _judged(self, index: int, exercise: tuple[str, str], seed: int, answers: bytes | None):
        """The verdict; where it takes too much to get one, that it does."""
        grading = _grading()
        try:
            with within(_SECONDS, _MEMORY):
                return grading.judge(*exercise, seed, answers, self._sources(index))
        except TooMuch as error:
            return grading.not_judged(*exercise, error)

    def _execute_our_own(self, source: str, index: int) -> NotebookNode:
        """Run a cell of the grader's in place of the one with this index, which stays."""
        cell, own = self.nb.cells[index], nbformat.v4.new_code_cell(source)
        self._asking = True
        try:
            self.execute_cell(own, index, store_history=False)
        finally:
            self.nb.cells[index] = cell  # nbclient put its own there
            self._asking = False
        return own

    def _import_released(self, index: int) -> None:
        """Before the hand-in's first cell: whatever that cell makes of a name counts."""
        self._to_import = False
        self._execute_our_own("\n".join(self._imports), index)

    def _sources(self, index: int) -> list[str]:
        """The hand-in's own code above a check, where its function was written."""
        own = [
            cell.source
            for cell in self.nb.cells[:index]
            if cell.cell_type == "code" and not utils.is_grade(cell)
        ]
        return [*self._imports, *own]

    def _explained(self, verdict, index: int):
        """The verdict, with the reason why a name was not there."""
        if not verdict.missing:
            return verdict
        functions = _grading().functions(self._assignment)
        cells = self.nb.cells
        why = why_missing(verdict.missing, index, cells, self._stops, functions)
        return replace(verdict, lines=(*verdict.lines, *why))

    def _write_verdict(self, cell: NotebookNode, index: int, verdict) -> None:
        shown = nbformat.v4.new_output(
            "display_data", {"text/plain": verdict.text(), "text/html": verdict.html()}
        )
        kept = [output for output in cell.outputs if output.output_type == "error"]
        cell.outputs = [shown, *kept]
        cell.execution_count = None
        if not verdict.passed:
            cell.outputs.append(_error(verdict.summary(), verdict.text()))
        passed = verdict.passed and not kept
        self._note(cell, passed, verdict.mistake, verdict.summary(), verdict.kind)
        for what, place in (("refused", _refused_at(verdict)), ("processes", verdict.started)):
            if place:
                line, code = place
                cell.metadata.course[what] = NotebookNode(line=line, code=code)

    def _note(
        self, cell, passed: bool, mistake: str | None, summary: str, kind: str = "not run"
    ) -> None:
        cell.metadata["course"] = NotebookNode(
            verdict=NotebookNode(
                passed=passed,
                mistake=mistake,
                summary=summary,
                kind=kind,
                language=self._language,
            )
        )

    def _stop(self, cell: NotebookNode, index: int, reason: Reason) -> None:
        """From this cell on nothing is run; graded cells say why they earn nothing."""
        self._stopped = self._sentences(index, reason)
        if reason.state == "timed_out":
            self._timed_out = self._stopped
        if self._why():
            self.nb.metadata["course"]["killed_in"] = index + 1
        self.nb.cells[index] = cell
        cell.outputs = [_error(said := self._stopped[self._language], said)]
        if utils.is_grade(cell):
            self._leave_unrun(cell)

    def _leave_unrun(self, cell: NotebookNode) -> None:
        if cell.cell_type == "code" and utils.is_grade(cell) and not utils.is_solution(cell):
            said = self._stopped[self._language]
            cell.outputs = [_error(said, said)]
            self._note(cell, False, None, said)

    def _sentences(self, index: int, reason: Reason) -> dict[str, str]:
        name = cell_name(self.nb.cells[index])
        return _in_all_languages(
            lambda: _("Cell {number} ({name}) {reason}.").format(
                number=index + 1, name=name, reason=reason
            )
        )

    def _outcome(self) -> NotebookNode:
        if self._timed_out:
            return NotebookNode(state="timed_out", **self._reason(self._timed_out))
        if self._stopped:
            why = self._reason(self._stopped)
            return NotebookNode(state="crashed", **why, unexplained=self._unexplained)
        return NotebookNode(state="graded", reason="")

    def _reason(self, sentences: dict[str, str]) -> dict:
        return {"reason": sentences[self._language], "reasons": NotebookNode(sentences)}

    def _refuse(self, nb: NotebookNode) -> None:
        """A file that is no notebook: every check says what came instead."""
        outcome = nb.metadata.course.outcome
        why = Unreadable(outcome.reason, **outcome.pop("values", {}))
        outcome |= self._reason(_in_all_languages(lambda: str(why)))
        sentence = (
            N_("This hand-in cannot be read: {reason}.")
            if outcome.state == "unreadable"
            else N_("This hand-in could not be graded: {reason}.")
        )
        self._stopped = _in_all_languages(lambda: _(sentence).format(reason=why))
        said = self._stopped[self._language]
        nb.cells.insert(0, nbformat.v4.new_markdown_cell(f"**{said}**"))
        for cell in nb.cells:
            self._leave_unrun(cell)


class JudgedHandInExporter(HandInExporter):
    """What `nbgrader autograde` reads hand-ins with (`Autograde.exporter_class`).

    It is made before the first hand-in is touched, so this is where a machine that can't make
    sandboxes is refused, a judge that is of another package than the kernels, and a gradebook
    that can't be written.
    """

    def __init__(self, config=None, **kwargs):
        super().__init__(config=config, **kwargs)
        with ends_the_command(self.log):
            Judge(config=self.config, log=self.log).require_sandbox()
            if isinstance(self.parent, Autograde):
                require_gradebook(self.parent, to_write=True)

    def read(self, path: Path, resources) -> NotebookNode:
        """Of what a student handed in the notebook with the answers, as for `course grade`."""
        if not isinstance(self.parent, Autograde):
            return super().read(path, resources)
        directory, names = self.parent.coursedir, resources["nbgrader"]
        folder = Places(directory).submitted(names["student"], names["assignment"])
        if path.parent.resolve() != folder.resolve():  # nbgrader's copy in autograded/
            return super().read(path, resources)
        files, large = read_files(folder, directory)
        return notebook_in(text_in(notebook_bytes(files, large, path.stem)))


def _grading() -> ModuleType:
    """`checks.grading`, which brings torch: a program that only records does without."""
    return importlib.import_module("course_utils.checks.grading")


def _exercises(assignment: str) -> set[str]:
    """The names of the exercises that can be judged; none where the assignment is not ours."""
    from course_utils.checks import exercise as exercises  # late: it brings torch

    try:
        return set(exercises.assignment(assignment))
    except ValueError:
        return set()


def _first_language() -> str:
    try:
        return config.load(Path.cwd()).languages[0]
    except CourseError:
        return LANGUAGES[0]


def _in_all_languages(words: Callable[[], str]) -> dict[str, str]:
    """language -> what `words` says in it."""
    found = {}
    for language in LANGUAGES:
        with speaking(language):
            found[language] = words()
    return found


def _mark_blank_answers(nb: NotebookNode, known: Known) -> None:
    """Make an untouched answer's checksum match, so that nbgrader gives it 0 by itself.

    The gradebook knows the blank text of one language only; a blank essay in the other would
    wait for a person to mark it.
    """
    blanks = known.blanks
    for cell in nb.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if squeezed(cell.source) in blanks.get(name, ()):
            cell.metadata.nbgrader["checksum"] = utils.compute_checksum(cell)


def _no_price_for_warnings(cell: NotebookNode) -> None:
    """Show what a graded cell wrote to stderr without nbgrader taking it for a failure."""
    if utils.is_grade(cell):
        for output in cell.get("outputs", ()):
            if output.output_type == "stream":
                output["name"] = "stdout"


def _refused_at(verdict) -> tuple[int, str] | None:
    """Line and code where an exercise's function started a process, which was refused."""
    if verdict.kind == "banned" and verdict.headline.values.get("name") in REFUSED:
        for said in verdict.lines:
            if "line" in said.values:
                return said.values["line"], str(said.values["code"])
    return None


def _error(summary: str, text: str) -> NotebookNode:
    return nbformat.v4.new_output(
        "error", ename="CheckFailed", evalue=summary, traceback=text.splitlines()
    )
