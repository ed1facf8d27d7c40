"""Classes to report on."""

import shutil

import pytest

from tests.teaching.report.small_class import (
    BY_HISTOGRAM,
    BY_LOOPS,
    BY_MASKS,
    DICE,
    EVIL,
    RENAMED,
    STUB,
    UNKNOWN,
    Class,
)


@pytest.fixture
def new_class(tmp_path):
    """A released assignment that nobody has handed in, without a gradebook yet."""
    return Class(tmp_path)


@pytest.fixture(scope="session")
def _two_graded(tmp_path_factory):
    made = Class(tmp_path_factory.mktemp("two"))
    made.add("anna", BY_LOOPS, {"jaccard": 3, "softmax": 2})
    made.add("boris", BY_MASKS, {"jaccard": 0, "softmax": 2})
    return made.grade()


@pytest.fixture
def two_students(_two_graded, tmp_path):
    """The folder of a course with two different hand-ins, to work in."""
    return shutil.copytree(_two_graded, tmp_path / "two")


@pytest.fixture(scope="session")
def graded_class(tmp_path_factory):
    """Anna and Boris made the same mistake, and Boris copied; Vera has a mistake of no
    catalogue and code to look at; Gleb crashed; Dan was not graded; Emma is right."""
    made = Class(tmp_path_factory.mktemp("graded"))
    right = {"jaccard": 3, "softmax": 2}
    wrong = {"jaccard": 0, "softmax": 2}
    made.add("anna", BY_LOOPS, wrong, name="Anna", verdicts={"jaccard": DICE})
    made.add("boris", RENAMED, wrong, name="Boris", verdicts={"jaccard": DICE})
    made.add(
        *("vera", BY_MASKS, {"jaccard": 1, "softmax": 0, "essay": 4}),
        name=f"Vera {EVIL}",
        verdicts={"softmax": UNKNOWN},
        extra=[f"import os\nos.system('ls')  # {EVIL}"],
    )
    made.add(
        *("gleb", STUB, {"jaccard": 0, "softmax": 0}),
        name="Gleb",
        outcome={"state": "crashed", "reason": f"Cell 2 ended. {EVIL}"},
        look_at=[{"cell": 7, "line": 8, "code": f"noted {EVIL}", "what": "ends"}],
    )
    made.add("emma", BY_HISTOGRAM, right | {"essay": 0}, name="Emma")
    made.add("dan", STUB, graded=False)
    (made.root / "roster.csv").write_text("id,last_name,first_name\nzoe,Absent,Zoe\n")
    return made.grade()
