"""A graded class without kernels: notebooks, verdicts and a gradebook written by hand."""

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.api import Gradebook

NAME = "metrics_and_loss"
POINTS = {"jaccard": 3.0, "softmax": 2.0, "essay": 4.0}
EVIL = "<script>alert(1)</script>"

COURSE = """
[course]
repository = "someone/small"
branch = "main"
languages = ["ru", "en"]
[course.title]
ru = "Курс"
en = "Course"
[assignments.metrics_and_loss]
lectures = []
[assignments.metrics_and_loss.title]
ru = "Метрики <и> потери"
en = "Metrics <and> loss"
[assignments.metrics_and_loss.points]
jaccard = 3
softmax = 2
essay = 4
"""

STUB = """
def jaccard(predicted, truth, num_classes):
    # YOUR CODE HERE
    raise NotImplementedError()
"""

BY_LOOPS = '''
def jaccard(predicted, truth, num_classes):
    """IoU of each class."""
    both, either = [0] * num_classes, [0] * num_classes
    for p, t in zip(predicted.flatten().tolist(), truth.flatten().tolist(), strict=True):
        if t == 255:  # void
            continue
        either[t] += 1
        if p == t:
            both[t] += 1
        else:
            either[p] += 1
    return torch.tensor([b / e if e else math.nan for b, e in zip(both, either, strict=True)])
'''
# The same with other names, comments and layout.
RENAMED = r"""
def jaccard(output, target, count):
    # count the hits
    hits, unions = [0] * count, \
        [0] * count
    for mine, real in zip(output.flatten().tolist(), target.flatten().tolist(), strict=True):
        if real == 255: continue

        unions[real] += 1
        if mine == real: hits[real] += 1
        else: unions[mine] += 1
    # done
    return torch.tensor([x / y if y else math.nan for x, y in zip(hits, unions, strict=True)])
"""
BY_HISTOGRAM = """
def jaccard(predicted, truth, num_classes):
    labelled = truth != VOID
    y, a = truth[labelled].long(), predicted[labelled].long()
    cells = torch.bincount(y * num_classes + a, minlength=num_classes**2)
    counts = cells.reshape(num_classes, num_classes)
    both = counts.diagonal()
    either = counts.sum(dim=0) + counts.sum(dim=1) - both
    return both / either
"""
BY_MASKS = """
def jaccard(predicted, truth, num_classes):
    known = truth != 255
    scores = []
    for k in range(num_classes):
        inside = ((truth == k) & (predicted == k) & known).sum().item()
        outside = (((truth == k) | (predicted == k)) & known).sum().item()
        scores.append(inside / outside if outside > 0 else float("nan"))
    return torch.as_tensor(scores)
"""

DICE = {"passed": False, "mistake": "dice", "summary": "Dice.", "language": "ru"}
UNKNOWN = {"passed": False, "mistake": "new_one", "summary": EVIL, "language": "ru"}


def graded_notebook(jaccard, verdicts=None, extra=(), **course):
    """A hand-in whose answer to `jaccard` is this; verdicts: exercise -> verdict."""
    cells = [
        new_code_cell("import torch"),
        new_code_cell(
            jaccard, metadata={"nbgrader": _nbgrader("jaccard-solution", solution=True)}
        ),
    ]
    for name, most in POINTS.items():
        metadata = {"nbgrader": _nbgrader(name, points=most)}
        if name in (verdicts or {}):
            metadata["course"] = {"verdict": verdicts[name]}
        cells.append(new_code_cell(f'check("{name}", {name})', metadata=metadata))
    cells += [new_code_cell(source) for source in extra]
    return new_notebook(cells=cells, metadata={"course": course} if course else {})


def _nbgrader(name, *, solution=False, points=None):
    fields = {"grade_id": name, "schema_version": 3, "task": False, "solution": solution}
    fields |= {"grade": points is not None, "locked": not solution}
    return fields | ({"points": points} if points is not None else {})


class Class:
    """Writes a course's folder: `add` for each student, then `grade` once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._scores = {}
        (root / "course.toml").write_text(COURSE, encoding="utf-8")
        self._write(graded_notebook(STUB), "assignments", "ru", NAME)
        self._write(graded_notebook(BY_HISTOGRAM), "solutions", NAME)

    def add(self, student, jaccard, scores=None, *, name="", graded=True, **fields):
        """scores: exercise -> points; an exercise left out waits for a person."""
        notebook = graded_notebook(jaccard, **fields)
        self._write(notebook, "submitted", student, NAME)
        if graded:
            self._write(notebook, "autograded", student, NAME)
            self._scores[student] = (name, scores or {})

    def grade(self):
        """Put the marks of all students into a new gradebook; returns the folder."""
        with Gradebook(f"sqlite:///{self.root}/gradebook.db") as book:
            book.add_assignment(NAME)
            book.add_notebook(NAME, NAME)
            for name, most in POINTS.items():
                book.add_grade_cell(name, NAME, NAME, max_score=most, cell_type="code")
            book.add_solution_cell("jaccard-solution", NAME, NAME)
            for student, (name, scores) in self._scores.items():
                book.add_student(student, last_name=name)
                book.add_submission(NAME, student)
                for grade in book.find_submission_notebook(NAME, NAME, student).grades:
                    grade.auto_score = scores.get(grade.name)
                    grade.needs_manual_grade = grade.name not in scores
            book.db.commit()
        return self.root

    def _write(self, notebook, *folders):
        folder = self.root.joinpath(*folders)
        folder.mkdir(parents=True)
        nbformat.write(notebook, folder / f"{NAME}.ipynb")
