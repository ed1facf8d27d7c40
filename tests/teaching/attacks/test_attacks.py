"""Every attack in one class, graded in one run together with ten honest students."""

import os
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from tests.conftest import REPOSITORY
from tests.once import made_once
from tests.teaching.attacks.attack import REACHED
from tests.teaching.attacks.banned import BANNED
from tests.teaching.attacks.hand_ins import ATTACKS, READ_IN_A_BROWSER
from tests.teaching.attacks.notebooks import by_grade_id
from tests.teaching.attacks.own_tests import OWN_TESTS
from tests.teaching.attacks.the_class import HONEST, graded_class, honest_class
from tests.without_sandbox import why_none

pytestmark = pytest.mark.slow

SLOW = bool(os.environ.get("COURSE_TEST_ALL"))
TRIED = {name: attack for name, attack in ATTACKS.items() if SLOW or not attack.slow}
PRESENT = {
    name: attack for name, attack in TRIED.items() if not (attack.needs_sandbox and why_none())
}
every_attack = pytest.mark.parametrize(
    "attack",
    [
        pytest.param(
            attack, id=name, marks=[pytest.mark.needs_sandbox] if attack.needs_sandbox else []
        )
        for name, attack in TRIED.items()
    ],
)
EXERCISES = ("jaccard", "own_test", "softmax")


@pytest.fixture(scope="module")
def alone(attacked_course, tmp_path_factory):
    return made_once(
        tmp_path_factory, "honest", lambda root: honest_class(attacked_course, root)
    )


@pytest.fixture(scope="module")
def graded(attacked_course, tmp_path_factory):
    return made_once(
        tmp_path_factory,
        "attacked",
        lambda root: graded_class(attacked_course, root, PRESENT.values()),
    )


def test_the_run_ends_well_and_leaves_nobody_out(graded):
    assert graded.log.startswith("0\n"), graded.log[-3000:]
    assert graded.rows.keys() == graded.marks.keys() == {*HONEST, *PRESENT}


@every_attack
def test_an_attack_ends_in_its_state_for_its_reason(graded, attack):
    row = graded.rows[attack.name]
    assert row.state in attack.states, row.reason
    assert bool(row.reason) == (row.state != "graded")
    if row.state != "graded":
        assert attack.reason in row.reason
    assert row.reason.isprintable()


@every_attack
def test_an_attack_earns_no_more_than_its_answers(graded, attack):
    for exercise in EXERCISES:
        expected = getattr(attack, exercise)
        points = graded.points(attack.name, exercise)
        assert points in ((0, 1, 2, 3) if expected is None else (expected,)), exercise


@every_attack
def test_an_attack_reaches_nothing(graded, attack):
    notebook = graded.notebook(attack.name)
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", ())]
    assert REACHED not in repr([out for out in outputs if out.output_type != "error"])
    assert "fromlist=" not in repr(outputs)  # of the question to the kernel


@every_attack
def test_what_was_tried_is_named(graded, attack):
    found = {item["what"] for item in graded.notebook(attack.name).metadata.course.look_at}
    assert found >= set(attack.look_at)


@pytest.mark.parametrize("attack", [a for a in BANNED if a.banned], ids=lambda a: a.name)
def test_what_is_banned_is_named(graded, attack):
    for exercise, name in attack.banned.items():
        check = by_grade_id(graded.notebook(attack.name), exercise)
        assert f"“{name}” may not be used" in check.metadata.course.verdict.summary


@pytest.mark.parametrize("name", [name for name in READ_IN_A_BROWSER if name in PRESENT])
def test_nothing_runs_in_the_browser_of_who_reads_the_feedback(graded, alone, name):
    ours = BeautifulSoup(alone.page("honest_right"), "html.parser")
    page = BeautifulSoup(graded.page(name), "html.parser")
    scripts = {tag.get_text() for tag in ours.find_all(["script", "style"])}
    assert {tag.get_text() for tag in page.find_all(["script", "style"])} <= scripts
    assert not page.find_all(["iframe", "object", "embed", "form", "base", "button", "input"])
    assert len(page.find_all(["meta", "link"])) == len(ours.find_all(["meta", "link"]))
    for tag in page.find_all():
        for name, value in tag.attrs.items():
            assert not name.lower().startswith("on"), tag
            assert not str(value).strip().lower().startswith("javascript:"), tag
            assert "url(" not in str(value).lower() or name != "style", tag


@pytest.mark.parametrize("student", HONEST)
def test_honest_marks_are_what_they_are_without_attackers(graded, alone, student):
    assert graded.marks[student] == alone.marks[student]
    assert graded.rows[student] == alone.rows[student]
    assert shown(graded.notebook(student)) == shown(alone.notebook(student))


def shown(notebook):
    """Its cells; where a kernel has a folder of its own for their code, without its name."""
    found = [(cell.cell_type, cell.source, cell.get("outputs")) for cell in notebook.cells]
    return re.sub(r"/\S+/ipykernel_\d+/", "", repr(found))


@pytest.mark.needs_sandbox
def test_who_never_ends_is_graded_only_where_the_check_s_own_limit_got_out(graded):
    """Its alarm may strike between two turns of the loop, where nothing catches it."""
    name = "hangs_when_asked"
    verdict = by_grade_id(graded.notebook(name), "jaccard").metadata.course.verdict
    got_out = "did not finish in" in verdict.summary
    assert got_out == (graded.rows[name].state == "graded")
    assert graded.points(name, "own_test") == 2 or not got_out


def test_honest_students_earn_what_they_should(alone):
    points = {
        student: [alone.points(student, exercise) for exercise in ("jaccard", "own_test")]
        for student in HONEST
    }
    assert points == {
        "honest_right": [3, 2],
        "honest_russian": [3, 2],
        "honest_vectors": [3, 2],
        "honest_dice": [0, 2],
        "honest_zeros": [0, 2],
        "honest_blank": [0, 0],
        "honest_half": [0, 2],
        "honest_warned": [3, 2],
        "honest_raises": [3, 0],
        "honest_colab": [3, 2],
    }


def test_no_process_of_the_run_is_left(graded, alone):
    left = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        except OSError:
            continue
        if any(
            mark in words for mark in (b"98765", graded.marker.encode(), alone.marker.encode())
        ):
            left.append(words[:300])
    assert not left


def test_nothing_was_written_outside_the_course_and_nothing_new_within(graded, alone):
    assert graded.left == alone.left == []
    assert {path.name for path in graded.root.iterdir()} == {
        path.name for path in alone.root.iterdir()
    }
    for folder in ("/tmp", "/dev/shm", "/var/tmp", Path.home(), REPOSITORY, graded.root):
        assert not Path(folder, "left-by-another").exists()
        assert not Path(folder, "left.txt").exists()
    for place in ("solutions", "assignments"):
        for path in (alone.root / place).rglob("*.ipynb"):
            there = graded.root / path.relative_to(alone.root)
            assert there.read_bytes() == path.read_bytes()
    for folder in (graded.root / "autograded", graded.root / "feedback"):
        links = [path for path in folder.rglob("*") if path.is_symlink()]
        assert links == []
        copied = {path.name for path in folder.rglob("*") if path.is_file()}
        assert copied.isdisjoint({"passwd.txt", "book.csv", "other.txt", "zero.bin"})


def test_a_hidden_test_that_was_printed_is_not_shown_to_the_student(graded):
    """It ran in the student's kernel, so it stands in the autograded notebook."""
    assert "twice(21)" in repr(graded.notebook("own_test_printed").cells)
    assert "twice(21)" not in graded.page("own_test_printed")
    assert "secret" not in graded.page("own_test_printed").replace("secret_", "")


@pytest.mark.parametrize("attack", OWN_TESTS, ids=lambda attack: attack.name)
def test_what_earns_the_points_of_an_own_test_is_named(graded, attack):
    """See `own_tests`: a known weakness of tests inside the kernel."""
    assert graded.notebook(attack.name).metadata.course.look_at
