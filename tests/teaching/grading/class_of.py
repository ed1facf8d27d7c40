"""Hand-ins to grade, and what the gradebook says of them."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook

from course_utils.teaching.grading.ledger import Ledger
from tests.without_sandbox import grade_options

NAME = "metrics_and_loss"
RIGHT = """
import torch

def jaccard(predicted, truth, num_classes):
    known = truth != 255
    both, either = torch.zeros(num_classes), torch.zeros(num_classes)
    for k in range(num_classes):
        both[k] = ((truth == k) & (predicted == k) & known).sum()
        either[k] = (((truth == k) | (predicted == k)) & known).sum()
    return both / either
"""
DICE = RIGHT.replace("return both / either", "return 2 * both / (both + either)")
TWICE = "def twice(x):\n    return 2 * x"


def answered(root, language="en", jaccard=RIGHT, twice=TWICE, essay=None, **more):
    """The released notebook with these answers; None leaves a cell as released.

    more: for other cells, by their ids with underscores (`softmax_solution=...`).
    """
    path = root / "assignments" / language / NAME / f"{NAME}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    texts = {"jaccard-solution": jaccard, "own_test-solution": twice, "essay": essay}
    texts |= {name.replace("_", "-"): text for name, text in more.items()}
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", cell.metadata.get("id"))
        cell.source = texts.get(name) or cell.source
    return notebook


def hand_in(root, student, content, name=f"{NAME}.ipynb"):
    """Put a hand-in (a notebook, text or bytes) into the course's submitted/."""
    folder = root / "submitted" / student / NAME
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(content, nbformat.NotebookNode):
        content = nbformat.writes(content)
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def course(root, *arguments, check=True, **environment):
    """Run `course` in a folder; returns the finished process.

    Where there can be no sandbox, `course grade` is told to go without.
    """
    if arguments[0] == "grade":
        arguments = (*arguments, *grade_options())
    done = subprocess.run(
        [sys.executable, "-m", "course_utils.teaching.cli", *arguments],
        cwd=root,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def gradebook(root: Path) -> dict[str, dict]:
    """student -> all that the gradebook says of them, but for its own ids."""
    with Gradebook(f"sqlite:///{root}/gradebook.db") as book:
        found = {}
        for submission in book.assignment_submissions(NAME):
            (notebook,) = submission.notebooks
            found[submission.student_id] = {
                "timestamp": submission.timestamp,
                "late": notebook.late_submission_penalty,
                "grades": {
                    g.name: (g.auto_score, g.manual_score, g.needs_manual_grade)
                    for g in notebook.grades
                },
                "comments": {
                    c.name: (c.auto_comment, c.manual_comment) for c in notebook.comments
                },
            }
        return found


def latest_state(root: Path, student: str) -> tuple[str, str]:
    """(stage, state) of the student's last attempt in the ledger."""
    with Ledger(root / "grading" / NAME / "ledger.db").closing() as ledger:
        attempt = ledger.latest()[student]
    return attempt.stage, attempt.state


def scores(root: Path) -> dict[str, tuple]:
    """student -> (jaccard, own_test) as graded automatically."""
    return {
        student: tuple(marks["grades"][name][0] for name in ("jaccard", "own_test"))
        for student, marks in gradebook(root).items()
    }
