"""The leak check: every hiding place that a solution can be put in, and what must not alarm."""

import base64
import gzip
import json
import zlib

import nbformat
import pytest

from course_utils.teaching.config import load
from course_utils.teaching.publish import secrets
from course_utils.teaching.publish.edition import edition
from course_utils.teaching.publish.leaks import find_leaks
from tests.teaching.small_course import REPOSITORY, make_course

LINE = "    answer_of_add = first + second"
ESSAY = "Because addition commutes."
GUIDE = "Three points for commutativity by name."
NOTEBOOK = "assignments/en/sums/sums.ipynb"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4


@pytest.fixture
def known(tmp_path):
    return secrets.find(load(make_course(tmp_path / "course")))


def notebook(source="print('all is well')", output=None, **metadata):
    cell = nbformat.v4.new_code_cell(source)
    cell.outputs = [output] if output else []
    found = nbformat.v4.new_notebook(cells=[cell], metadata=metadata)
    return nbformat.writes(found).encode()


def stream(text):
    return nbformat.v4.new_output("stream", text=text)


def shown(data):
    return nbformat.v4.new_output("display_data", data=data)


def in_base64(text):
    return base64.b64encode(text.encode()).decode()


PADDED = f"# some words before it\n{LINE}\n# and some after it, to make it long"
HIDDEN = {
    "source": notebook(LINE),
    "other white space": notebook("answer_of_add=first  +second"),
    "in a comment": notebook(f"x = 1  # {LINE}"),
    "printed": notebook(output=stream(f"see:\n{LINE}\n")),
    "html": notebook(
        output=shown({"text/html": "<b>answer_of_add</b> = <i>first</i> &#43; second"})
    ),
    "json in a text": notebook(output=stream(json.dumps({"cell": ["\n" + LINE]}))),
    "json twice": notebook(output=stream(json.dumps(json.dumps({"cell": "\n" + LINE})))),
    "unicode escapes": notebook(repr("\n" + LINE).replace("=", "\\u003d")),
    "base64": notebook(f"x = '{in_base64(PADDED)}'"),
    "base64 twice": notebook(f"x = '{in_base64(in_base64(PADDED))}'"),
    "zlib in base64": notebook(
        f"x = '{base64.b64encode(zlib.compress(PADDED.encode())).decode()}'"
    ),
    "gzip in base64": notebook(
        f"x = '{base64.b64encode(gzip.compress(PADDED.encode())).decode()}'"
    ),
    "metadata": notebook(note=LINE),
    "model answer of an essay": notebook(output=stream(ESSAY)),
    "marking guide": notebook(GUIDE),
    "a mark": notebook("### BEGIN SOLUTION"),
    "an instructor's tool": notebook("from course_utils.teaching import judge"),
    "output of an unknown kind": notebook(output=shown({"application/x-thing": "QUJD"})),
    "not JSON": b"{",
    "not UTF-8": b'{"cells": "\xff"}',
}


@pytest.mark.parametrize("name", HIDDEN)
def test_a_secret_is_found_wherever_it_hides(known, name):
    problems = find_leaks({NOTEBOOK: HIDDEN[name]}, known)
    assert problems
    assert all(problem.startswith(NOTEBOOK) for problem in problems)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("README.md", f"Hint: {LINE}".encode()),
        ("README.md", f"| {in_base64(PADDED)} |".encode()),
        ("notes.txt", b"harmless"),
        ("picture.png", b"no picture at all"),
        ("data.bin", b"\0\1\2"),
        ("archive.zip", b"PK\x03\x04"),
        ("course_utils/x.py", b"def broken(:"),
        ("course_utils/x.py", b"from course_utils.checks.grading import judge"),
        ("course_utils/x.py", f"# {ESSAY}".encode()),
        ("course_utils/teaching/x.py", b"x = 1"),
        ("course_utils/checks/assignments/a/right_styles/x.py", b"x = 1"),
        ("course_utils/checks/assignments/a/demo_class.py", b"x = 1"),
        ("tests/x.py", b"x = 1"),
        ("course_utils/locale/ru/LC_MESSAGES/x.mo", b"\xde\x12\x04\x95" + LINE.encode()),
    ],
)
def test_other_files_are_read_too_and_unknown_kinds_are_refused(known, path, content):
    found = find_leaks({path: content}, known)
    # One line of a solution is not enough inside the package: references share some.
    assert found or path.endswith(".mo")


@pytest.mark.parametrize(
    "content",
    [
        notebook(),
        notebook("from math import fsum\n\ndef add(first, second):\n    return 0"),
        notebook(output=shown({"image/png": base64.b64encode(PNG).decode()})),
        notebook(f"# {'a1B2' * 40}"),
    ],
)
def test_what_students_may_have_does_not_alarm(known, content):
    assert find_leaks({NOTEBOOK: content}, known) == []


def test_the_package_may_share_lines_but_not_hold_a_solution(tmp_path):
    body = ["one_line = first + 1", "another_line = one_line * 2", "third_line = another_line"]
    body += ["return third_line - first"]
    text = "\n".join(f"    {line}" for line in body)
    source = (
        '# %% exercise="add"\ndef add(first):\n    ### BEGIN SOLUTION\n'
        f'{text}\n    ### END SOLUTION\n\n# %% check="add"\ncheck("add", add)\n'
    )
    known = secrets.find(load(make_course(tmp_path / "course", assignment=source)))
    some = "def f(first):\n" + "\n".join(f"    {line}" for line in body[:2])
    assert find_leaks({"course_utils/reference/f.py": some.encode()}, known) == []
    whole = f"def f(first):\n{text}\n"
    assert find_leaks({"course_utils/reference/f.py": whole.encode()}, known)


def test_the_course_itself_leaks_nothing_and_each_line_of_it_would_be_seen():
    """Every solution, one line at a time: planted in a released notebook it is found."""
    course = load(REPOSITORY)
    known = secrets.find(course)
    assert set(course.assignments) <= {
        passage.where.split("/")[1] for passage in known.passages
    }
    files = edition(course)
    assert find_leaks(files, known) == []
    for passage in known.passages:
        for line in passage.lines:
            assert find_leaks({"README.md": f"x\n{line}\n".encode()}, known), line
