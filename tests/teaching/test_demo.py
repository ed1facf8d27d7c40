"""The demo's class, and what it says where the grading disagrees with it."""

import os
import zipfile
from dataclasses import replace
from importlib import import_module

import pytest

from course_utils.checks import grading, kernel
from course_utils.checks.exercise import assignment
from course_utils.teaching import config
from course_utils.teaching.class_table import Mark, Row
from course_utils.teaching.demo import _chosen, _fresh_folder, disagreements
from course_utils.teaching.demo_class import classes, pack
from course_utils.teaching.errors import CourseError
from course_utils.teaching.mistakes import KINDS
from course_utils.teaching.standalone import standalone
from tests.conftest import REPOSITORY

CLASSES = classes(config.load(REPOSITORY).assignments)
ASSIGNMENT = "metrics_and_loss"
STUDENTS, EXERCISES = CLASSES[ASSIGNMENT], assignment(ASSIGNMENT)
PLANTED = sorted(
    {
        (name, exercise, mistake)
        for name, students in CLASSES.items()
        for student in students
        for exercise, mistake in student.mistakes.items()
    }
)
STYLES = sorted(
    {
        (name, student.style)
        for name, students in CLASSES.items()
        for student in students
        if student.style not in ("solution", "blank")
    }
)
heavy = pytest.mark.skipif(
    not os.environ.get("COURSE_TEST_ALL"), reason="takes minutes: make test-all"
)
TRAINED = ("segment", "classify")
OTHER = [
    pytest.param(
        *(name, style, each),
        id=f"{name}-{style}-{each.name}",
        marks=[heavy] if each.function in TRAINED else [],
    )
    for name, style in STYLES
    for each in assignment(name).values()
]
POINTS = dict.fromkeys([*EXERCISES, "essay"], 2)


def verdict(name, exercise, text):
    names = {}
    exec(text, names)
    seed = 20_261_123
    asked = assignment(name)[exercise]
    if asked.function in TRAINED:  # trained in a cell, and not in a check
        names[asked.function](asked.cases(seed)[0].inputs["images"].float() / 255)
    reply = kernel.reply(grading.make_request(name, exercise, seed), names)
    return grading.judge(name, exercise, seed, reply, [text])


def row(student):
    """What the table must hold for this student, by the same rules as the demo's promise."""
    marks = {}
    for name in EXERCISES:
        lost = name in student.mistakes or name in student.zeros
        words = KINDS[student.says[name]] if name in student.says else ""
        marks[name] = Mark(name, 0 if lost else 2, 2, student.mistakes.get(name), words=words)
    marks["essay"] = Mark("essay", None if student.essay else 0, 2)
    return Row(student.id, student.name, student.state, marks=marks)


def test_the_class_holds_what_the_demo_promises():
    assert len(STUDENTS) >= 12
    assert sum(name == ASSIGNMENT for name, _exercise, _mistake in PLANTED) >= 6
    assert {student.language for student in STUDENTS} == {"ru", "en"}
    assert {student.state for student in STUDENTS} == {"graded", "crashed", "unreadable"}
    assert any(student.saved_by == "colab" for student in STUDENTS)
    said = {kind for student in STUDENTS for kind in student.says.values()}
    assert said >= {"syntax", "time"}
    assert len({student.id for student in STUDENTS}) == len(STUDENTS)


def test_every_assignment_has_a_class_of_the_same_people():
    assert set(CLASSES) == set(config.load(REPOSITORY).assignments)
    people = {}
    for name, students in CLASSES.items():
        assert len({student.id for student in students}) == len(students)
        assert any(student.style == "solution" for student in students)
        assert any(student.style == "blank" for student in students)
        assert any(student.mistakes for student in students), name
        for student in students:
            named = (student.last_name, student.first_name, student.language)
            assert people.setdefault(student.id, named) == named


@pytest.mark.parametrize(("name", "style", "exercise"), OTHER)
def test_another_style_is_right_too(name, style, exercise):
    module = import_module(f"course_utils.checks.assignments.{name}.right_styles.{style}")
    text = standalone(getattr(module, exercise.function))
    found = verdict(name, exercise.name, text)
    assert found.passed, found.text()


@pytest.mark.parametrize(("name", "exercise", "mistake"), PLANTED)
def test_a_planted_mistake_is_named(name, exercise, mistake):
    asked = assignment(name)[exercise]
    known = {entry.name: entry.solution for entry in asked.mistakes}
    text = standalone(known[mistake], asked.function)
    assert verdict(name, exercise, text).mistake == mistake


def test_a_table_as_planted_brings_no_complaint():
    assert disagreements([row(student) for student in STUDENTS], STUDENTS, POINTS) == []


def test_each_way_to_disagree_is_said():
    student = next(s for s in STUDENTS if s.mistakes.get("jaccard") == "dice")
    right = row(student)
    marks = right.marks

    def said(**changes):
        return disagreements([replace(right, **changes)], [student], POINTS)

    assert len(said(state="crashed")) == 1
    assert len(said(marks=marks | {"jaccard": Mark("jaccard", 2, 2)})) == 1
    assert "dice" in said(marks=marks | {"jaccard": Mark("jaccard", 0, 2, "recall")})[0]
    assert "softmax" in said(marks=marks | {"softmax": Mark("softmax", 1, 2)})[0]
    assert "essay" in said(marks=marks | {"essay": Mark("essay", None, 2)})[0]
    assert len(disagreements([], [student], POINTS)) == 1
    looping = next(s for s in STUDENTS if "time" in s.says.values())
    marks = row(looping).marks
    silent = {name: replace(mark, words="") for name, mark in marks.items()}
    [words] = disagreements([replace(row(looping), marks=silent)], [looping], POINTS)
    assert "an endless loop?" in words


def test_one_assignment_is_given_unless_others_are_named():
    known = list(CLASSES)
    assert _chosen([], known, False) == [ASSIGNMENT]
    assert _chosen([], known, True) == known
    assert _chosen(["unet", "fcn"], known, False) == ["unet", "fcn"]
    assert _chosen([], ["own"], False) == ["own"]
    with pytest.raises(CourseError, match=r"out of transfer_learning, .*, got 'unett'"):
        _chosen(["unett"], known, False)


def test_the_zip_is_named_as_moodle_names_it(tmp_path):
    pack(ASSIGNMENT, [(STUDENTS[0], "{}")], tmp_path / "moodle.zip")
    with zipfile.ZipFile(tmp_path / "moodle.zip") as archive:
        expected = f"Иванова Анна_410101_assignsubmission_file_{ASSIGNMENT}.ipynb"
        assert archive.namelist() == [expected]


def test_a_folder_with_other_files_is_not_touched(tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    (work / "thesis.txt").write_text("years")
    with pytest.raises(CourseError, match="Choose another one with --keep"):
        _fresh_folder(tmp_path, work, {})
    assert (work / "thesis.txt").read_text() == "years"


def test_a_course_that_is_not_built_names_the_command(tmp_path):
    with pytest.raises(CourseError, match="course build"):
        _fresh_folder(tmp_path, tmp_path / "demo", {})
