"""Reading a student's folder without trusting it."""

import os

import nbformat
import pytest

from course_utils.teaching import config
from course_utils.teaching.class_table import class_rows
from course_utils.teaching.errors import CourseError
from course_utils.teaching.grading import hand_ins, worker
from course_utils.teaching.grading.hand_ins import find_hand_ins, nameless, read_files
from course_utils.teaching.grading.kit import course_directory, load_config
from course_utils.teaching.grading.run import Grading
from course_utils.teaching.grading.worker import Job
from course_utils.teaching.hand_in import Unreadable
from tests.teaching.attacks.attack import FILE
from tests.teaching.attacks.several import SEVERAL
from tests.teaching.grading.class_of import NAME, TWICE, answered, course, hand_in, scores

EMPTY = b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}'


def directory_of(root):
    return course_directory(root, load_config(root), NAME)


def folder_of(root, student):
    folder = root / "submitted" / student / NAME
    folder.mkdir(parents=True)
    return folder


def test_every_folder_is_found_and_its_digest_follows_its_files(small_course):
    folder = folder_of(small_course, "Анна-1")
    (folder / "a.ipynb").write_text("1")
    folder_of(small_course, "oleg")
    (small_course / "submitted" / "vera").mkdir()
    (small_course / "submitted" / "note.txt").write_text("not a student")
    directory = directory_of(small_course)
    found = find_hand_ins(directory, NAME)
    assert [hand_in.student for hand_in in found] == ["oleg", "Анна-1"]
    (folder / "a.ipynb").rename(folder / "b.ipynb")
    again = find_hand_ins(directory, NAME)
    assert again[0].digest == found[0].digest
    assert again[1].digest != found[1].digest


def test_links_pipes_modules_and_what_is_outside_are_not_read(small_course):
    folder = folder_of(small_course, "anna")
    (folder / "mine.csv").write_text("1")
    (folder / "torch.py").write_text("raise SystemExit")
    (folder / "fast.so").write_bytes(b"\x7fELF")
    secret = small_course / "gradebook.db"
    (folder / "link.ipynb").symlink_to(secret)
    (folder / "folder").symlink_to(small_course / "solutions")
    os.mkfifo(folder / "pipe.ipynb")
    files, large = read_files(folder, directory_of(small_course))
    assert (files, large) == ({"mine.csv": b"1"}, {})
    assert find_hand_ins(directory_of(small_course), NAME)[0].student == "anna"


def test_what_is_too_large_is_said_and_notebooks_come_first(small_course, monkeypatch):
    monkeypatch.setattr(hand_ins, "MAX_BYTES", 10)
    folder = folder_of(small_course, "anna")
    (folder / "a.csv").write_bytes(b"12345678")
    (folder / "z.ipynb").write_bytes(b"123456789")
    files, large = read_files(folder, directory_of(small_course))
    assert (list(files), large) == (["z.ipynb"], {"a.csv": 8})


def test_a_file_of_a_tebibyte_is_named_and_not_read(small_course):
    folder = folder_of(small_course, "anna")
    (folder / "a.ipynb").write_text("1")
    with (folder / "sparse.bin").open("wb") as file:
        file.truncate(2**40)
    directory = directory_of(small_course)
    before = find_hand_ins(directory, NAME)[0].digest
    assert read_files(folder, directory) == ({"a.ipynb": b"1"}, {"sparse.bin": 2**40})
    os.utime(folder / "sparse.bin", (0, 0))
    assert find_hand_ins(directory, NAME)[0].digest != before


def read(root, files):
    folder = folder_of(root, "anna")
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return read_files(folder, directory_of(root))


@pytest.mark.parametrize("attack", SEVERAL, ids=lambda attack: attack.name)
def test_the_notebook_with_the_answers_has_the_assignments_name(small_course, attack):
    files = attack.files(small_course)
    found, large = read(small_course, files)
    assert b"both[k]" in found[FILE]
    assert sorted(found.values()) == sorted(files.values())  # nothing is lost
    assert large == {}


def test_of_two_with_answers_the_named_one_is_graded_else_the_later(small_course):
    solved, fewer = (
        nbformat.writes(answered(small_course, twice=twice)).encode() for twice in (TWICE, None)
    )
    found, _large = read(small_course, {FILE: fewer, "z.ipynb": solved})
    assert found == {FILE: fewer, "z.ipynb": solved}
    folder = small_course / "submitted" / "anna" / NAME
    (folder / FILE).rename(folder / "a.ipynb")
    os.utime(folder / "z.ipynb", (1, 1))
    found, _large = read_files(folder, directory_of(small_course))
    assert found == {FILE: fewer, "z.ipynb": solved}


def test_notebooks_that_are_none_of_the_assignment_are_left_as_they_are(small_course):
    files = {"one.ipynb": b"{}", "two.ipynb": EMPTY, "three.ipynb": b"<html>"}
    assert read(small_course, files) == (files, {})


def test_an_untouched_one_beside_one_too_large_is_not_graded_for_it(small_course, monkeypatch):
    untouched = nbformat.writes(answered(small_course, jaccard=None, twice=None)).encode()
    monkeypatch.setattr(hand_ins, "MAX_BYTES", len(untouched))
    found, large = read(small_course, {FILE: untouched, "solved.ipynb": b" " * 10**5})
    assert found == {}
    assert large == {FILE: 10**5, "solved.ipynb": 10**5}


def test_a_folder_whose_name_stops_nbgrader_is_named_and_left_out(small_course):
    for student in ("anna", "boris\nb", "vera\udcff"):
        folder_of(small_course, student)
    directory = directory_of(small_course)
    assert [hand_in.student for hand_in in find_hand_ins(directory, NAME)] == ["anna"]
    boris, vera = nameless(directory, NAME)
    assert "'submitted/boris\\nb' has a name that is no plain text. Rename it" in boris
    assert "'submitted/vera\\udcff'" in vera


def test_it_has_a_row_that_can_be_printed_and_says_what_to_do(small_course):
    for student in ("boris\nb", "vera\udcff"):
        folder_of(small_course, student)
    boris, vera = class_rows(small_course, NAME)
    assert (boris.student, boris.state) == ("boris\ufffdb", "not_graded")
    assert (vera.name, vera.state) == ("vera\ufffd", "not_graded")
    assert "rename it" in boris.reason


def test_where_no_other_is_there_grading_says_so_of_it(small_course):
    folder_of(small_course, "boris\nb")
    with pytest.raises(CourseError, match="Rename it"):
        Grading(config.load(small_course), NAME).run()


@pytest.mark.slow
def test_it_is_a_problem_of_the_run_that_grades_the_others(small_course):
    folder_of(small_course, "boris\nb")
    hand_in(small_course, "anna", answered(small_course))
    done = course(small_course, "grade", NAME, "-q", check=False)
    assert done.returncode == 1
    assert "Not graded, and not lost: the folder 'submitted/boris\\nb'" in done.stderr
    assert scores(small_course) == {"anna": (3, 2)}
    report = course(small_course, "report", NAME, "--language", "en")
    assert "rename it" in (small_course / "reports" / f"{NAME}.html").read_text(), report.stderr


@pytest.mark.parametrize(("name", "cure"), [(f"{NAME}.py", True), ("notes.txt", False)])
def test_a_script_in_place_of_the_notebook_names_what_mends_it(name, cure):
    with pytest.raises(Unreadable, match=f"expected the file {FILE}, got {name}") as caught:
        worker._read(Job("anna", {name: b"x = 1"}), NAME)
    assert ("`course doctor --repair`" in str(caught.value)) == cure
