"""A class in which every attacker hands in together with ten honest students."""

import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from course_utils.teaching.class_table import Row, class_rows
from tests.conftest import REPOSITORY
from tests.teaching.attacks.attack import FILE, ZEROS, Attack, lay
from tests.teaching.attacks.hand_ins import READ_IN_A_BROWSER
from tests.teaching.attacks.notebooks import saved_by_colab
from tests.teaching.attacks.reaching import SECRET_PLACES
from tests.teaching.conftest import nbgrader
from tests.teaching.grading.class_of import (
    DICE,
    NAME,
    RIGHT,
    answered,
    course,
    gradebook,
    hand_in,
)

__all__ = ["HONEST", "Graded", "graded_class", "honest_class", "with_places"]

LIMITS = """
c.Judge.timeout = 15  # less than the time limits of all cases of an exercise together
c.SandboxProvisioner.memory = 3 * 2**29
c.SandboxProvisioner.wall_seconds = 90
"""
_LOUD = (
    RIGHT.replace("    known", "    print('noise', file=sys.stderr)\n    known")
    + "import sys, warnings\nwarnings.warn('old')\nprint('loud', file=sys.stderr)\n"
)
_VECTORS = """
import torch

def jaccard(predicted, truth, num_classes):
    known = truth != 255
    pairs = truth[known].long() * num_classes + predicted[known].long()
    table = torch.bincount(pairs, minlength=num_classes**2).reshape(num_classes, -1)
    hits = table.diagonal()
    return hits / (table.sum(0) + table.sum(1) - hits)
"""


def _answers(**more):
    return lambda root: nbformat.writes(answered(root, **more))


HONEST = {
    "honest_right": _answers(essay="Because."),
    "honest_russian": _answers(language="ru", essay="Потому что."),
    "honest_vectors": _answers(jaccard=_VECTORS),
    "honest_dice": _answers(jaccard=DICE, essay="Perhaps."),
    "honest_zeros": _answers(language="ru", jaccard=ZEROS),
    "honest_blank": _answers(jaccard=None, twice=None),
    "honest_half": _answers(jaccard=None, essay="Only this."),
    "honest_warned": _answers(jaccard=_LOUD),
    "honest_raises": _answers(twice="raise RuntimeError('no time')"),
    "honest_colab": lambda root: saved_by_colab(answered(root, "ru")),
}


@dataclass
class Graded:
    """A graded course. left: what the run left in its folder for temporary files."""

    root: Path
    log: str
    marker: str
    left: list[str] = field(default_factory=list)
    rows: dict[str, Row] = field(default_factory=dict)
    marks: dict[str, dict] = field(default_factory=dict)

    def notebook(self, student: str):
        return nbformat.read(self.root / "autograded" / student / NAME / FILE, as_version=4)

    def points(self, student: str, exercise: str) -> float | None:
        return self.marks[student]["grades"][exercise][0]

    def page(self, student: str) -> str:
        path = self.root / "feedback" / student / NAME / f"{NAME}.html"
        return path.read_text(encoding="utf-8")


def with_places(files: dict, root: Path) -> dict:
    """The files with the real folders of this machine for SECRET_PLACES."""
    places = json.dumps(repr([str(root), str(REPOSITORY)]))[1:-1].encode()
    if isinstance(files.get(FILE), bytes):
        files[FILE] = files[FILE].replace(SECRET_PLACES.encode(), places)
    return files


def honest_class(released: Path, root: Path) -> Graded:
    """The ten honest students by themselves."""
    return graded_class(released, root, ())


def graded_class(
    released: Path, root: Path, attacks: Iterable[Attack], jobs: int = 5
) -> Graded:
    """Grade the honest students and the attackers in one run; then write the feedback of
    those for whom the page is of interest."""
    attacks = list(attacks)
    shutil.copytree(released, root)
    config = root / "nbgrader_config.py"
    config.write_text(config.read_text(encoding="utf-8") + LIMITS, encoding="utf-8")
    for student, content in HONEST.items():
        hand_in(root, student, content(root))
    for attack in attacks:
        folder = root / "submitted" / attack.name / NAME
        lay(folder, with_places(attack.files(root), root))
    marker = secrets.token_hex(8)
    temporary = tempfile.mkdtemp(prefix="a-")
    try:
        done = course(
            *(root, "grade", NAME, "-q", "--jobs", str(jobs)),
            check=False,
            COURSE_TEST_RUN=marker,
            TMPDIR=temporary,
            JUPYTERHUB_API_TOKEN="secret",
        )
        left = sorted(os.listdir(temporary))
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    unread = {attack.name for attack in attacks} - {*READ_IN_A_BROWSER}
    left_out = f"--CourseDirectory.student_id_exclude={','.join(sorted(unread))}"
    pages = nbgrader(root, "generate_feedback", NAME, *([left_out] if unread else []))
    return Graded(
        root,
        f"{done.returncode}\n{done.stdout}{done.stderr}\n{pages.returncode}\n{pages.stdout}",
        marker,
        left,
        {row.student: row for row in class_rows(root, NAME)},
        gradebook(root),
    )
