"""What is collected damaged is mended; what the student handed in is kept."""

import json
import shutil

import pytest
from nbgrader.api import Gradebook

from course_utils.teaching import config
from course_utils.teaching.collect.gradebook import due_date, enter
from course_utils.teaching.collect.roster import Roster, read_roster
from course_utils.teaching.collect.run import collect
from course_utils.teaching.collect.tries import put_mended
from tests.teaching.collect.material import ROSTER, pack
from tests.teaching.grading.class_of import NAME, answered


@pytest.fixture
def root(released_course, tmp_path):
    root = tmp_path / "course"
    shutil.copytree(released_course, root)
    (root / "roster.csv").write_text(ROSTER, encoding="utf-8")
    return root


def without_checks(root, essay="Because."):
    notebook = answered(root, "en", essay=essay)
    cells = [cell for cell in notebook.cells if "check(" not in cell.source]
    notebook.cells = cells
    return json.dumps(notebook).encode()


def intact(root, essay="Because."):
    return json.dumps(answered(root, "en", essay=essay)).encode()


def run(root, *files, **options):
    people = read_roster(root / "roster.csv")
    found = collect(config.load(root), NAME, files, people, **options)
    return {item.student: item for item in found.items if item.state != "earlier"}


def zipped(root, data, day=1):
    name = f"Иванова Анна_123456_assignsubmission_file_{NAME}.ipynb"
    return pack(root / f"download_{day}.zip", [(name, data)], day)


def submitted(root):
    return (root / "submitted" / "ivanova" / NAME / f"{NAME}.ipynb").read_bytes()


def originals(root):
    return [p.read_bytes() for p in (root / "downloaded" / NAME / "originals").rglob("*.ipynb")]


def tries(root):
    return [p.read_bytes() for p in (root / "downloaded" / NAME / "tries").rglob("*.ipynb")]


def test_a_damaged_one_is_mended_and_the_table_says_so(root):
    data = without_checks(root)
    item = run(root, zipped(root, data))["ivanova"]
    assert item.state == "collected"
    assert item.reason == ("mended, 1 damage: The check jaccard is missing. It is put back.")
    assert not item.needs_person
    assert originals(root) == [data]
    names = [c["metadata"].get("nbgrader", {}).get("grade_id") for c in cells(submitted(root))]
    assert names.count("jaccard") == 1


def cells(data):
    return json.loads(data)["cells"]


def test_an_intact_one_stays_byte_by_byte(root):
    data = intact(root)
    item = run(root, zipped(root, data))["ivanova"]
    assert item.reason == ""
    assert submitted(root) == data
    assert originals(root) == []


def test_collected_again_it_is_unchanged_and_mended_once(root):
    run(root, zipped(root, without_checks(root)))
    before = submitted(root)
    item = run(root, zipped(root, without_checks(root)))["ivanova"]
    assert (item.state, item.reason) == ("unchanged", "mended when it was collected")
    assert submitted(root) == before
    assert len(originals(root)) == 1
    assert tries(root) == []


def test_a_later_try_takes_its_place_and_the_original_becomes_the_earlier_one(root):
    first, second = without_checks(root, "One."), without_checks(root, "Two.")
    run(root, zipped(root, first, day=1))
    item = run(root, zipped(root, second, day=2))["ivanova"]
    assert item.state == "replaced"
    assert "mended" in item.reason
    assert any("Two." in str(cell["source"]) for cell in cells(submitted(root)))
    assert tries(root) == [first]  # what the student handed in, not what we made of it
    assert sorted(originals(root)) == sorted([first, second])


def test_what_an_instructor_edited_after_that_stays(root):
    archive = zipped(root, without_checks(root))
    run(root, archive)
    path = root / "submitted" / "ivanova" / NAME / f"{NAME}.ipynb"
    edited = path.read_bytes().replace(b"Because.", b"Edited.")
    path.write_bytes(edited)
    item = run(root, archive)["ivanova"]
    assert "edited after it was collected" in item.reason
    assert submitted(root) == edited


def test_a_dry_run_says_so_and_writes_nothing(root):
    item = run(root, zipped(root, without_checks(root)), dry_run=True)["ivanova"]
    assert "mended, 1 damage" in item.reason
    assert not (root / "submitted").exists()
    assert not (root / "downloaded").exists()


def test_in_windows_letters_it_is_no_longer_unreadable(root):
    text = json.dumps(answered(root, "ru", essay="Ответ"), ensure_ascii=False)
    data = text.encode("cp1251", "xmlcharrefreplace")
    item = run(root, zipped(root, data))["ivanova"]
    assert not item.needs_person
    assert "Windows-1251" in item.reason
    assert any("Ответ" in str(cell["source"]) for cell in cells(submitted(root)))


def test_one_cut_off_after_filing_is_mended_the_next_time(root, monkeypatch):
    archive = zipped(root, without_checks(root))
    with monkeypatch.context() as patch:
        patch.setattr(
            "course_utils.teaching.collect.mending.put_mended",
            lambda *_: (_ for _ in ()).throw(KeyboardInterrupt),
        )
        with pytest.raises(KeyboardInterrupt):
            run(root, archive)
    assert originals(root) == []
    assert "mended, 1 damage" in run(root, archive)["ivanova"].reason
    assert put_mended


def test_the_gradebook_is_the_one_that_nbgrader_is_configured_with(root, tmp_path):
    url = f"sqlite:///{tmp_path / 'elsewhere.db'}"
    with (root / "nbgrader_config.py").open("a") as file:
        file.write(f"\nc.CourseDirectory.db_url = {url!r}\n")
    assert due_date(root, NAME) is None
    assert not (tmp_path / "elsewhere.db").exists()  # asking makes none
    enter(root, Roster(), {"anna": "Anna"})
    with Gradebook(url) as book:
        assert [student.id for student in book.students] == ["anna"]
        book.update_or_create_assignment(NAME, duedate="2024-05-01 12:00:00 UTC")
    assert due_date(root, NAME).year == 2024
    with Gradebook(f"sqlite:///{root}/gradebook.db") as book:
        assert book.students == []
