"""Which file of a submission stands, and what a student gets who sent something else."""

import json
import shutil
import tarfile

import pytest

from course_utils.teaching import config
from course_utils.teaching.collect.archives import File, members
from course_utils.teaching.collect.plugins import SafeExtractor
from course_utils.teaching.collect.roster import Roster
from course_utils.teaching.collect.run import collect
from tests.teaching.collect.material import (
    notebook,
    pack,
    reasons,
    states,
    tar_bytes,
    zip_bytes,
)
from tests.teaching.doctor.damages import own
from tests.teaching.grading.class_of import NAME, RIGHT, answered

MOODLE = "Иванова Анна_123456_assignsubmission_file_/"
EMPTY = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}).encode()


@pytest.fixture
def root(released_course, tmp_path):
    return shutil.copytree(released_course, tmp_path / "course")


def run(root, *files):
    return collect(config.load(root), NAME, files, Roster())


def stands(root, student="123456"):
    path = root / "submitted" / student / NAME / f"{NAME}.ipynb"
    return path.read_bytes() if path.is_file() else None


def dumped(notebook):
    return json.dumps(notebook).encode()


def solved(root, **more):
    return dumped(answered(root, **more))


def untouched(root, language="en"):
    return dumped(answered(root, language, jaccard=None, twice=None))


def run_in_colab(root):
    found = json.loads(untouched(root))
    for cell in found["cells"]:
        cell["metadata"].pop("nbgrader", None)
        cell["source"] = cell["source"].rstrip() + "\n"
    return dumped(found)


def of_an_older_release(root):
    """Other words in the stub, with the mark that nbgrader gave them."""
    from nbgrader.utils import compute_checksum

    found = answered(root, jaccard=None, twice=None)
    for cell in found.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source += "\n# An older word"
            cell.metadata.nbgrader["checksum"] = compute_checksum(cell)
    return dumped(found)


def scratch(root):
    """A function of the exercise, tried out, with its cell's mark from the clipboard."""
    cell = next(c for c in answered(root).cells if "def jaccard" in c.source)
    return dumped(json.loads(EMPTY) | {"cells": [dict(cell), own("jaccard(1, 2, 3)")]})


WORSE = {
    f"{NAME}_task.ipynb": untouched,
    f"Копия блокнота {NAME}.ipynb": untouched,
    f"{NAME} (3).ipynb": untouched,
    "release/ru.ipynb": lambda root: untouched(root, "ru"),
    "in_colab.ipynb": run_in_colab,
    "older.ipynb": of_an_older_release,
    "scratch.ipynb": scratch,
    "zz.ipynb": lambda root: EMPTY,
    "cut.ipynb": lambda root: solved(root)[:-400],
}


@pytest.mark.parametrize("day", [1, 9])
@pytest.mark.parametrize("name", WORSE)
def test_the_file_with_the_answers_stands_wherever_and_whenever(root, tmp_path, name, day):
    right, other = solved(root, essay="Because."), WORSE[name](root)
    files = [(f"{MOODLE}{NAME}.ipynb", right, 5), (f"{MOODLE}{name}", other, day)]
    found = run(root, pack(tmp_path / "a.zip", files))
    assert stands(root) == right
    assert states(found)[f"{MOODLE}{name}"] == "earlier"
    assert reasons(found)[f"{MOODLE}{name}"]
    found = run(root, pack(tmp_path / "b.zip", files[1:]))
    assert stands(root) == right  # and stays in the next run


def test_the_table_says_why_a_file_was_not_taken(root, tmp_path):
    files = [
        ("task.ipynb", untouched(root)),
        ("scratch.ipynb", EMPTY),
        ("s2.ipynb", scratch(root)),
    ]
    files = [(f"{MOODLE}{name}", data, 9) for name, data in files]
    files.append((f"{MOODLE}hw.ipynb", solved(root), 1))
    told = reasons(run(root, pack(tmp_path / "a.zip", files)))
    assert told == {
        f"{MOODLE}task.ipynb": "it holds no answer, and the other try does",
        f"{MOODLE}scratch.ipynb": "no notebook of the assignment, as the other try is",
        f"{MOODLE}s2.ipynb": "a part of the assignment, of which the other try holds more",
        f"{MOODLE}hw.ipynb": "",
    }


def test_of_two_with_answers_the_later_counts_though_it_has_fewer(root, tmp_path):
    fewer = solved(root, twice=None)
    files = [(f"{MOODLE}a.ipynb", fewer, 9), (f"{MOODLE}b.ipynb", solved(root), 1)]
    run(root, pack(tmp_path / "a.zip", files))
    assert stands(root) == fewer


def test_a_draft_goes_before_an_untouched_release_and_a_broken_one_before_a_scratch(
    root, tmp_path
):
    draft, broken = scratch(root), solved(root)[:-400]
    files = [(f"{MOODLE}a.ipynb", draft, 1), (f"{MOODLE}b.ipynb", untouched(root), 9)]
    files += [("Bob Two_2_assignsubmission_file_/x.ipynb", broken, 1)]
    files += [("Bob Two_2_assignsubmission_file_/y.ipynb", EMPTY, 9)]
    found = run(root, pack(tmp_path / "a.zip", files))
    assert b"both[k]" in stands(root)  # mended: the rest of the release is put back
    assert stands(root, "2") == broken
    assert found.needs_person


def test_without_a_release_what_says_its_assignment_goes_first(no_roster, tmp_path):
    files = [(f"{MOODLE}hw.ipynb", notebook(), 1), (f"{MOODLE}scratch.ipynb", EMPTY, 9)]
    no_roster.collect(pack(tmp_path / "a.zip", files))
    assert no_roster.submitted("123456") == notebook()


def test_an_untouched_one_alone_is_said_and_a_script_beside_it_needs_a_person(root, tmp_path):
    path = pack(tmp_path / "a.zip", [(f"{MOODLE}hw.ipynb", untouched(root))])
    found = run(root, path)
    assert reasons(found) == {f"{MOODLE}hw.ipynb": "it holds no answer"}
    assert not found.needs_person
    files = [(f"{MOODLE}hw.ipynb", untouched(root)), (f"{MOODLE}hw.py", RIGHT.encode())]
    found = run(root, pack(tmp_path / "b.zip", files))
    assert found.needs_person
    assert "course doctor --repair" in reasons(found)[f"{MOODLE}hw.py"]


# --- Something else in a notebook's place ---


@pytest.mark.parametrize("roster", ["classroom", "no_roster"])
@pytest.mark.parametrize("where", [MOODLE, "Иванова Анна/", "Ivanova_Anna/deep/"])
@pytest.mark.parametrize("kind", ["zip", "folder"])
def test_who_sent_checkpoints_alone_has_a_row(request, tmp_path, roster, where, kind):
    room = request.getfixturevalue(roster)
    name = f"{where}.ipynb_checkpoints/hw-checkpoint.ipynb"
    files = [(name, notebook()), ("Петров Пётр/hw.ipynb", notebook("2"))]
    files += [("Петров Пётр/.ipynb_checkpoints/hw-checkpoint.ipynb", notebook("3"))]
    path = tmp_path / "a"
    if kind == "folder":
        for file, data in files:
            (path / file).parent.mkdir(parents=True, exist_ok=True)
            (path / file).write_bytes(data)
    else:
        path = pack(tmp_path / "a.zip", files)
    found = room.collect(path)
    (row,) = [item for item in found.items if item.state == "refused"]
    assert row.student
    assert row.source.endswith(name)
    assert "Jupyter's own copy" in row.reason
    assert row.needs_person
    assert [item.state for item in found.items].count("beside") == 1  # who sent a notebook too


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("hw.py", "a script, not a notebook: `course doctor --repair`"),
        ("hw.html", "a web page, not a notebook: `course doctor --repair`"),
    ],
)
def test_what_the_doctor_can_make_a_notebook_of_is_said(classroom, tmp_path, name, words):
    path = pack(tmp_path / "a.zip", [(f"{MOODLE}{name}", b"def jaccard(a, b, c): return 1")])
    found = classroom.collect(path)
    assert words in reasons(found)[f"{MOODLE}{name}"]
    assert found.needs_person


@pytest.mark.parametrize(
    "name",
    [
        *("hw.ipynb ", "hw.ipynb .", "hw.ipynb\N{NO-BREAK SPACE}", "hw.ipynb\n", "hw.zip "),
        *("hw", "hw.", "hw (1)", "hw.txt", "hw.ipynb.txt ", "№1 решение. Итог"),
    ],
)
@pytest.mark.parametrize("kind", ["zip", "folder", "tar"])
def test_a_notebook_is_known_by_its_content(tmp_path, name, kind):
    data = zip_bytes([("hw.ipynb", notebook())]) if name.startswith("hw.zip") else notebook()
    path = tmp_path / "a.zip"
    if kind == "zip":
        pack(path, [(f"{MOODLE}{name}", data)])
    elif kind == "tar":
        path = tmp_path / "a.tar"
        path.write_bytes(tar_bytes([(tarfile.TarInfo(f"{MOODLE}{name}"), data)], "w"))
    else:
        path = tmp_path / "a"
        (path / MOODLE).mkdir(parents=True)
        (path / MOODLE / name).write_bytes(data)
    (found,) = members(path)
    assert isinstance(found, File)
    assert found.data == notebook()


@pytest.mark.parametrize(
    ("outer", "inner"), [("hw.zip", "hw.zip"), ("hw.ipynb", "hw.ipynb"), ("hw", "hw.zip")]
)
def test_a_notebook_zipped_twice_is_collected(tmp_path, outer, inner):
    twice = zip_bytes([(inner, zip_bytes([("hw.ipynb", notebook())]))])
    (found,) = members(pack(tmp_path / "a.zip", [(f"{MOODLE}{outer}", twice)]))
    assert (found.data, found.nested) == (notebook(), True)


def test_a_document_of_words_called_a_notebook_keeps_its_reason(classroom, tmp_path):
    document = zip_bytes([("word/document.xml", b"<w/>"), ("[Content_Types].xml", b"<t/>")])
    found = classroom.collect(pack(tmp_path / "a.zip", [(f"{MOODLE}hw.ipynb", document)]))
    assert "a zip archive or an office document" in found.items[0].reason


def test_settings_and_data_in_json_are_no_notebooks(classroom, tmp_path):
    files = [(f"{MOODLE}hw.ipynb", notebook()), (f"{MOODLE}notes", b'{"cells": 1}')]
    files += [(f"{MOODLE}model.bin", b"{" + bytes(9000)), (f"{MOODLE}a.json", b"{}")]
    found = classroom.collect(pack(tmp_path / "a.zip", files))
    assert sorted(states(found).values()) == ["beside", "beside", "beside", "collected"]
    assert not found.needs_person


def test_a_line_break_in_a_folders_name_costs_nothing(no_roster, tmp_path):
    files = [
        ("Иванова\nАнна/hw.ipynb", notebook()),
        ("student\n7/my\nwork/hw.ipynb", notebook("2")),
    ]
    found = no_roster.collect(pack(tmp_path / "a.zip", files))
    assert no_roster.submitted("ivanova_anna") == notebook()
    assert {item.state for item in found.items} == {"collected"}
    assert all("\n" not in text for item in found.items for text in (item.source, item.name))


@pytest.mark.parametrize("name", ["hw.ipynb ", "hw", "hw.ipynb.txt", "hw.ipynb"])
def test_zip_collect_gets_it_under_a_notebooks_name(tmp_path, name):
    archives = tmp_path / "archive"
    archives.mkdir()
    pack(archives / "a.zip", [(f"{MOODLE}{name}", notebook()), (f"{MOODLE}a.py", b"1")])
    SafeExtractor().extract(str(archives), str(tmp_path / "out"))
    (found,) = (path for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert (found.name, found.read_bytes()) == ("hw.ipynb", notebook())
