"""nbgrader's own `autograde`, with the course's settings: the same attacks earn the same."""

import shutil

import pytest

from course_utils.teaching.class_table import class_rows
from tests.teaching.attacks.attack import lay
from tests.teaching.attacks.hand_ins import ATTACKS
from tests.teaching.attacks.the_class import HONEST, with_places
from tests.teaching.conftest import nbgrader
from tests.teaching.grading.class_of import NAME, gradebook, hand_in
from tests.without_sandbox import why_none

pytestmark = pytest.mark.slow

CHOSEN = [
    name
    for name in (
        *("exits", "comparisons_patched", "reads_the_course"),
        "own_test_turned_into_too_many",
    )
    if not (ATTACKS[name].needs_sandbox and why_none())
]


@pytest.fixture(scope="module")
def graded(released_course, tmp_path_factory):
    root = tmp_path_factory.mktemp("plain") / "course"
    shutil.copytree(released_course, root)
    hand_in(root, "honest_right", HONEST["honest_right"](root))
    for name in CHOSEN:
        folder = root / "submitted" / name / NAME
        lay(folder, with_places(ATTACKS[name].files(root), root))
    done = nbgrader(root, "autograde", NAME)
    assert done.returncode == 0, done.stdout[-3000:]
    return root


def test_it_ends_as_under_course_grade(graded):
    rows = {row.student: row for row in class_rows(graded, NAME)}
    marks = gradebook(graded)
    assert marks["honest_right"]["grades"]["jaccard"][0] == 3
    assert marks["honest_right"]["grades"]["own_test"][0] == 2
    for name in CHOSEN:
        attack = ATTACKS[name]
        assert rows[name].state in attack.states, rows[name].reason
        assert attack.reason in rows[name].reason
        earned = [marks[name]["grades"][exercise][0] for exercise in ("jaccard", "own_test")]
        assert earned == [attack.jaccard, attack.own_test], name
        text = (graded / "autograded" / name / NAME / f"{NAME}.ipynb").read_text()
        assert "REACHED" not in text
