"""From the LMS's archive to the marks: what is hostile is refused by name, the rest graded."""

import zipfile

import nbformat
import pytest

from tests.teaching.grading.class_of import NAME, answered, course, scores

pytestmark = pytest.mark.slow

MOODLE = "assignsubmission_file_"


def link(name, target):
    """(member, content) of a symbolic link in a zip."""
    member = zipfile.ZipInfo(name)
    member.create_system, member.external_attr = 3, 0o120777 << 16
    return member, target


def test_hostile_archives_cost_nobody_else_a_mark(small_course, tmp_path):
    right = nbformat.writes(answered(small_course))
    good, bad = tmp_path / "class.zip", tmp_path / "damaged.zip"
    with zipfile.ZipFile(good, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (
            (f"Anna One_1_{MOODLE}{NAME}.ipynb", right),
            (f"Boris Two_2_{MOODLE}hw (1).ipynb", right),
            (f"Vera Three_3_{MOODLE}/Копия {NAME}.ipynb", right),
            (f"Vera Three_3_{MOODLE}/timestamp.txt", "yesterday"),
            (f"Eve Four_4_{MOODLE}/../../../left.ipynb", right),
            ("/tmp/left-by-a-zip.ipynb", right),
            link(f"Eve Four_4_{MOODLE}{NAME}.ipynb", "../../gradebook.db"),
            (f"Mallory Five_5_{MOODLE}{NAME}.ipynb", b" " * 200 * 2**20),
        ):
            archive.writestr(name, content)
    bad.write_bytes(good.read_bytes()[:2000])
    done = course(small_course, "collect", NAME, str(bad), str(good), check=False)
    assert "Traceback" not in done.stderr, done.stderr
    print(done.stdout, done.stderr)
    course(small_course, "grade", NAME, "-q")
    marks = scores(small_course)
    assert [marks[student] for student in "123"] == [(3, 2)] * 3
    assert marks.get("4", (0, 0)) == marks.get("5", (0, 0)) == (0, 0)
    assert not list(tmp_path.rglob("left*"))
