"""Collecting: who handed in, which try counts, what another run changes."""

import json
import os
import tarfile
import unicodedata

import pytest
from nbgrader.api import Gradebook

from course_utils.teaching.collect import run as running
from tests.teaching.collect.material import (
    NAME,
    Class,
    notebook,
    pack,
    plain,
    reasons,
    states,
    tar_bytes,
    without_utf8_mark,
    zip_bytes,
)

MOODLE = "Иванова Анна_123456_assignsubmission_file_"
CANVAS = "ivanovaanna_{}_{}_{}"


@pytest.mark.parametrize(
    "name",
    [
        f"{MOODLE}hw.ipynb",
        f"{MOODLE}/hw.ipynb",
        f"{MOODLE}/deeper/hw (1).ipynb",
        "ivanovaanna_777_67890_hw-1.ipynb",
        "annaivanova_LATE_777_67890_hw.ipynb",
        "Иванова Анна - hw.ipynb",
        "Copy of hw - Анна Иванова.ipynb",
        "Анна Иванова/Копия hw.ipynb",
        "Иванова Анна Сергеевна/hw-копия.ipynb",
        "ivanova/hw.ipynb",
        "IVANOVA/hw.ipynb",
        "anna@example.org/hw.ipynb",
        "Anna Ivanova/hw.ipynb",
        "Ivanova_Anna_hw.ipynb",
        "группа 1/Иванова Анна/hw.ipynb",
        f"{MOODLE}hw.ipynb.txt",
        unicodedata.normalize("NFD", "Юльев Юрий/hw.ipynb"),
        "Yuryi Yulyev/hw.ipynb",
        "Петров Петр/hw.ipynb",
    ],
)
def test_every_way_of_naming_finds_its_student(classroom, tmp_path, name):
    found = classroom.collect(pack(tmp_path / "a.zip", [(name, notebook())]))
    one = unicodedata.normalize("NFC", name).casefold()
    student = "petrov" if "петр" in one else "yuliev" if one[0] in "юy" else "ivanova"
    assert [(item.student, item.state) for item in found.items] == [(student, "collected")]
    assert classroom.submitted(student) == notebook()
    assert not found.needs_person


@pytest.mark.parametrize("encoding", ["cp866", "cp1251", "utf-8"])
def test_a_zip_without_the_utf8_mark_is_collected(classroom, tmp_path, encoding):
    path = without_utf8_mark(tmp_path / "a.zip", f"{MOODLE}дз.ipynb", notebook(), encoding)
    classroom.collect(path)
    assert classroom.submitted("ivanova") == notebook()


@pytest.mark.parametrize("kind", ["folder", "file", "tar"])
def test_folders_single_files_and_tars_are_collected(classroom, tmp_path, kind):
    folder = tmp_path / "downloads"
    (folder / "ivanova").mkdir(parents=True)
    (folder / "ivanova" / "hw.ipynb").write_bytes(notebook())
    path = folder
    if kind == "file":
        path = tmp_path / "Иванова Анна.ipynb"
        path.write_bytes(notebook())
    elif kind == "tar":
        path = tmp_path / "a.tar.gz"
        path.write_bytes(tar_bytes([(tarfile.TarInfo("ivanova/hw.ipynb"), notebook())]))
    classroom.collect(path)
    assert classroom.submitted("ivanova") == notebook()


def test_a_folder_may_be_called_after_its_student(no_roster, tmp_path):
    (tmp_path / "student7").mkdir()
    (tmp_path / "student7" / "hw.ipynb").write_bytes(notebook())
    no_roster.collect(tmp_path / "student7")
    assert no_roster.submitted("student7") == notebook()


def test_a_folder_that_all_share_is_no_student(no_roster, tmp_path):
    files = [(f"class/{name}/hw.ipynb", notebook(name)) for name in ("s1", "s2")]
    no_roster.collect(pack(tmp_path / "a.zip", files))
    assert no_roster.submitted("s1") == notebook("s1")
    assert no_roster.submitted("s2") == notebook("s2")


def test_a_students_own_zip_is_opened(classroom, tmp_path):
    inner = zip_bytes([("my work/hw.ipynb", notebook())])
    classroom.collect(pack(tmp_path / "a.zip", [(f"{MOODLE}hw.zip", inner)]))
    assert classroom.submitted("ivanova") == notebook()


# --- Students ---


def test_without_a_roster_moodles_number_is_the_id(no_roster, tmp_path):
    no_roster.collect(pack(tmp_path / "a.zip", [(f"{MOODLE}hw.ipynb", notebook())]))
    assert no_roster.submitted("123456") == notebook()


def test_an_unknown_name_is_filed_under_an_id_of_its_own_and_listed(classroom, tmp_path):
    found = classroom.collect(pack(tmp_path / "a.zip", [("Чужой Олег/hw.ipynb", notebook())]))
    assert classroom.submitted("chuzhoi_oleg") == notebook()
    assert found.needs_person
    assert "not on the roster" in found.items[0].reason


def test_a_last_name_alone_is_not_guessed_at(classroom, tmp_path):
    found = classroom.collect(pack(tmp_path / "a.zip", [("Петров/hw.ipynb", notebook())]))
    assert "the last name alone is that of petrov" in found.items[0].reason
    assert found.items[0].student != "petrov"
    assert found.needs_person


def test_namesakes_are_left_to_a_person(classroom, tmp_path):
    found = classroom.collect(pack(tmp_path / "a.zip", [("Иван Сидоров/hw.ipynb", notebook())]))
    assert states(found) == {"Иван Сидоров/hw.ipynb": "refused"}
    assert "sidorov1, sidorov2" in found.items[0].reason
    assert not list(classroom.root.glob("submitted/*"))


def test_a_number_in_the_lms_tells_namesakes_apart(tmp_path):
    roster = "id,last_name,first_name,lms_id\na,Ли,Ян,11\nb,Ли,Ян,22\n"
    course = Class(tmp_path / "course", roster)
    course.collect(
        pack(tmp_path / "a.zip", [("Ли Ян_22_assignsubmission_file_hw.ipynb", notebook())])
    )
    assert course.submitted("b") == notebook()


@pytest.mark.parametrize("row", ["123456,Петрова,Ия,", "petrova,Петрова,Ия,123456"])
def test_a_number_that_is_one_students_and_a_name_that_is_anothers_are_nobodys(tmp_path, row):
    """Moodle's numbers belong to one assignment: in the next they may be a student's id."""
    roster = f"id,last_name,first_name,lms_id\n{row}\nivanova,Иванова,Анна,\n"
    course = Class(tmp_path / "course", roster)
    name = "Иванова Анна_123456_assignsubmission_file_/hw.ipynb"
    found = course.collect(pack(tmp_path / "a.zip", [(name, notebook())]))
    (item,) = found.items
    assert item.state == "refused"
    assert "the number 123456 is that of" in item.reason
    assert "the name that of ivanova" in item.reason
    assert not (course.root / "submitted").exists()


def test_a_name_that_nobody_has_leaves_the_number_to_decide(tmp_path):
    roster = "id,last_name,first_name,lms_id\na,Ли,Ян,11\n"
    course = Class(tmp_path / "course", roster)
    files = [("Ли-Кузнецова Яна_11_assignsubmission_file_hw.ipynb", notebook())]
    course.collect(pack(tmp_path / "a.zip", files))
    assert course.submitted("a") == notebook()


def test_without_a_roster_moodles_numbers_are_warned_of(no_roster, tmp_path):
    moodle = pack(
        tmp_path / "a.zip", [("Ли Ян_22_assignsubmission_file_/hw.ipynb", notebook())]
    )
    canvas = pack(tmp_path / "b.zip", [("liyan_22_33_hw.ipynb", notebook())])
    (warning,) = no_roster.collect(moodle).warnings
    assert "roster.csv" in warning
    assert no_roster.collect(canvas).warnings == []


def test_no_name_at_all_is_listed(classroom, tmp_path):
    found = classroom.collect(pack(tmp_path / "a.zip", [("hw.ipynb", notebook())]))
    assert "no name of a student" in found.items[0].reason
    assert found.needs_person


def test_the_gradebook_gets_the_roster_and_those_who_handed_in(classroom, tmp_path):
    classroom.collect(pack(tmp_path / "a.zip", [("Чужой Олег/hw.ipynb", notebook())]))
    with Gradebook(f"sqlite:///{classroom.root / 'gradebook.db'}") as gradebook:
        names = {s.id: (s.last_name, s.first_name, s.email) for s in gradebook.students}
    assert names["ivanova"] == ("Иванова", "Анна", "anna@example.org")
    assert names["chuzhoi_oleg"] == ("Чужой Олег", None, None)
    assert len(names) == 6


def test_students_without_a_hand_in_are_named(classroom, tmp_path):
    found = classroom.collect(pack(tmp_path / "a.zip", [("ivanova/hw.ipynb", notebook())]))
    assert found.absent == ["petrov", "sidorov1", "sidorov2", "yuliev"]


# --- Assignments ---


def test_the_content_says_which_assignment_it_is(classroom, tmp_path):
    files = [("ivanova/metrics_and_loss.ipynb", notebook(exercise="double_conv"))]
    found = classroom.collect(pack(tmp_path / "a.zip", files))
    assert states(found) == {"ivanova/metrics_and_loss.ipynb": "elsewhere"}
    assert "unet, by its content" in found.items[0].reason
    assert found.needs_person  # she has handed in nothing else
    assert classroom.submitted("ivanova") is None


def test_the_courses_own_mark_says_it_too(classroom, tmp_path):
    data = notebook(exercise="", course={"name": "unet"})
    found = classroom.collect(pack(tmp_path / "a.zip", [("ivanova/hw.ipynb", data)]))
    assert [item.state for item in found.items] == ["elsewhere"]


def test_a_name_counts_where_the_content_is_silent(classroom, tmp_path):
    files = [("ivanova/unet.ipynb", plain("a")), ("ivanova/hw.ipynb", plain("b"))]
    found = classroom.collect(pack(tmp_path / "a.zip", files))
    assert states(found) == {"ivanova/unet.ipynb": "elsewhere", "ivanova/hw.ipynb": "collected"}
    assert not found.needs_person


def test_content_goes_before_a_misleading_name(classroom, tmp_path):
    classroom.collect(pack(tmp_path / "a.zip", [("ivanova/unet.ipynb", notebook())]))
    assert classroom.submitted("ivanova") == notebook()


# --- Tries ---


@pytest.mark.parametrize(
    ("files", "by"),
    [
        ([("ivanova/b.ipynb", 1, 2), ("ivanova/a.ipynb", 2, 9)], "time"),
        ([("ivanova/hw.ipynb", 1, 5), ("ivanova/hw (1).ipynb", 2, 5)], "copy"),
        ([("ivanova/a.ipynb", 1, 5), ("ivanova/b.ipynb", 2, 5)], "place"),
        (
            [
                (CANVAS.format(7, 200, "hw.ipynb"), 1, 9),
                (CANVAS.format(7, 300, "hw-1.ipynb"), 2, 1),
            ],
            "LMS's own numbers",
        ),
    ],
)
def test_the_latest_try_counts_and_the_others_are_kept(classroom, tmp_path, files, by):
    packed = [(name, notebook(f"try {number}"), day) for name, number, day in files]
    found = classroom.collect(pack(tmp_path / "a.zip", packed))
    assert classroom.submitted("ivanova") == notebook("try 2")
    assert classroom.tries("ivanova") == [notebook("try 1")]
    assert sorted(item.state for item in found.items) == ["collected", "earlier"]
    assert by in "".join(item.reason for item in found.items if item.state == "earlier")
    assert not found.needs_person


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_collecting_again_never_goes_back(classroom, tmp_path, order):
    for day in order:
        files = [("ivanova/hw.ipynb", notebook(f"day {day}"), day)]
        found = classroom.collect(pack(tmp_path / f"{day}.zip", files))
    assert classroom.submitted("ivanova") == notebook("day 2")
    assert classroom.tries("ivanova") == [notebook("day 1")]
    assert found.items[0].state == ("replaced" if order == (1, 2) else "earlier")
    assert classroom.timestamp("ivanova").startswith("2024-05-02")


def test_the_same_download_again_changes_nothing(classroom, tmp_path):
    files = [(f"ivanova/{day}.ipynb", notebook(str(day)), day) for day in (3, 1, 2)]
    path = pack(tmp_path / "a.zip", [*files, ("petrov/hw.ipynb", notebook())])
    classroom.collect(path)
    before = classroom.files()
    found = classroom.collect(path)
    assert classroom.files() == before
    assert sorted(item.state for item in found.items) == [
        *("earlier", "earlier", "unchanged", "unchanged")
    ]


def test_a_new_download_with_new_times_makes_nobody_late(classroom, tmp_path):
    files = [("ivanova/hw.ipynb", notebook())]
    classroom.collect(pack(tmp_path / "a.zip", files, day=1))
    before = classroom.files()
    found = classroom.collect(pack(tmp_path / "b.zip", files, day=20))
    assert [item.state for item in found.items] == ["unchanged"]
    assert classroom.files() == before


def test_what_nbgrader_collected_before_is_not_lost(classroom, tmp_path):
    folder = classroom.root / "submitted" / "ivanova" / NAME
    folder.mkdir(parents=True)
    (folder / f"{NAME}.ipynb").write_bytes(notebook("old"))
    (folder / "timestamp.txt").write_text("2024-05-01 10:00:00 UTC")
    found = classroom.collect(
        pack(tmp_path / "a.zip", [("ivanova/hw.ipynb", notebook("new"))], day=9)
    )
    assert [item.state for item in found.items] == ["replaced"]
    assert classroom.submitted("ivanova") == notebook("new")
    assert classroom.tries("ivanova") == [notebook("old")]


def test_what_a_person_mended_stays(classroom, tmp_path):
    path = pack(tmp_path / "a.zip", [("ivanova/hw.ipynb", notebook())])
    classroom.collect(path)
    mended = classroom.root / "submitted" / "ivanova" / NAME / f"{NAME}.ipynb"
    mended.write_bytes(notebook("mended"))
    found = classroom.collect(path)
    assert classroom.submitted("ivanova") == notebook("mended")
    assert classroom.tries("ivanova") == [notebook()]
    assert found.items[0].state == "unchanged"
    newer = pack(tmp_path / "b.zip", [("ivanova/hw.ipynb", notebook("newer"))], day=9)
    classroom.collect(newer)
    assert classroom.submitted("ivanova") == notebook("newer")
    assert classroom.tries("ivanova") == sorted([notebook(), notebook("mended")])


def test_a_file_that_cannot_be_read_is_collected_where_it_is_the_only_one(classroom, tmp_path):
    found = classroom.collect(pack(tmp_path / "a.zip", [("ivanova/hw.ipynb", b"{ broken")]))
    assert classroom.submitted("ivanova") == b"{ broken"
    assert "broken JSON" in found.items[0].reason
    assert found.needs_person


def test_a_file_that_cannot_be_read_gives_way_to_one_that_can(classroom, tmp_path):
    files = [("ivanova/hw.ipynb", notebook(), 1), ("ivanova/hw (1).ipynb", b"", 2)]
    found = classroom.collect(pack(tmp_path / "a.zip", files))
    assert classroom.submitted("ivanova") == notebook()
    assert states(found)["ivanova/hw (1).ipynb"] == "earlier"
    assert "empty file" in reasons(found)["ivanova/hw (1).ipynb"]


def test_a_run_killed_half_way_ends_as_one_that_was_not(tmp_path, monkeypatch):
    whole, cut = Class(tmp_path / "whole"), Class(tmp_path / "cut")
    files = [
        (f"{student}/hw{copy}.ipynb", notebook(f"{student} {copy}"), day)
        for student in ("ivanova", "petrov", "yuliev", "чужой")
        for copy, day in ((1, 1), (2, 3), (3, 2))
    ]
    path = pack(tmp_path / "a.zip", files)
    whole.collect(path)
    expected = whole.files()
    for stop in range(1, 60):  # between any two files written
        left = stop
        replace = os.replace

        def killed(source, target, replace=replace):
            nonlocal left
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
            replace(source, target)

        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", killed)
            try:
                cut.collect(path)
            except KeyboardInterrupt:
                pass
            else:
                break
        cut.collect(path)
        assert cut.files() == expected
        for name in cut.files():
            (cut.root / name).unlink()
    assert stop > 10


def test_one_student_who_cannot_be_written_stops_nobody(classroom, tmp_path):
    (classroom.root / "submitted" / "ivanova" / NAME / f"{NAME}.ipynb").mkdir(parents=True)
    files = [("ivanova/hw.ipynb", notebook()), ("petrov/hw.ipynb", notebook())]
    found = classroom.collect(pack(tmp_path / "a.zip", files))
    assert states(found) == {"ivanova/hw.ipynb": "refused", "petrov/hw.ipynb": "collected"}
    assert found.needs_person


def test_a_dry_run_writes_nothing(classroom, tmp_path):
    found = classroom.collect(
        pack(tmp_path / "a.zip", [("ivanova/hw.ipynb", notebook())]), dry_run=True
    )
    assert states(found) == {"ivanova/hw.ipynb": "collected"}
    assert classroom.files() == {}
    with Gradebook(f"sqlite:///{classroom.root / 'gradebook.db'}") as gradebook:
        assert gradebook.students == []


def test_without_a_gradebook_one_is_made(classroom, tmp_path):
    (classroom.root / "gradebook.db").unlink()
    classroom.collect(pack(tmp_path / "a.zip", [("ivanova/hw.ipynb", notebook())]))
    with Gradebook(f"sqlite:///{classroom.root / 'gradebook.db'}") as gradebook:
        assert len(gradebook.students) == 5


# --- Times ---


def test_nbgrader_reads_the_time_that_the_archive_gives(classroom, tmp_path):
    from nbgrader.coursedir import CourseDirectory

    classroom.collect(pack(tmp_path / "a.zip", [("ivanova/hw.ipynb", notebook())], day=7))
    folder = classroom.root / "submitted" / "ivanova" / NAME
    time = CourseDirectory().get_existing_timestamp(str(folder))
    assert (time.year, time.month, time.day) == (2024, 5, 7)


def test_a_folders_timestamp_goes_before_the_files_own_time(classroom, tmp_path):
    folder = tmp_path / "downloads" / "ivanova"
    folder.mkdir(parents=True)
    (folder / "hw.ipynb").write_bytes(notebook())
    (folder / "timestamp.txt").write_text("2024-03-04 10:00:00 UTC")
    classroom.collect(tmp_path / "downloads")
    assert classroom.timestamp("ivanova").startswith("2024-03-04 10:00:00")


def test_a_files_own_time_makes_nobody_late(classroom, tmp_path):
    (tmp_path / "Иванова Анна.ipynb").write_bytes(notebook())
    classroom.collect(tmp_path / "Иванова Анна.ipynb")
    assert classroom.timestamp("ivanova") is None


@pytest.mark.parametrize("text", ["yesterday", "", "\0\xff", "2999-01-01 00:00:00", "1" * 5000])
def test_a_wrong_timestamp_is_ignored_with_a_warning(classroom, tmp_path, text):
    folder = tmp_path / "downloads" / "ivanova"
    folder.mkdir(parents=True)
    (folder / "hw.ipynb").write_bytes(notebook())
    (folder / "timestamp.txt").write_text(text)
    found = classroom.collect(tmp_path / "downloads")
    assert classroom.submitted("ivanova") == notebook()
    assert "timestamp.txt: ignored" in found.warnings[0]
    assert classroom.timestamp("ivanova") is None


def test_a_timestamp_of_the_students_own_proves_nothing(classroom, tmp_path):
    inner = zip_bytes([("hw.ipynb", notebook()), ("timestamp.txt", b"2024-01-01 00:00:00 UTC")])
    found = classroom.collect(pack(tmp_path / "a.zip", [(f"{MOODLE}hw.zip", inner)]))
    assert "it comes from the student" in found.warnings[0]
    assert not (classroom.timestamp("ivanova") or "").startswith("2024-01-01")


def test_a_wrong_timestamp_in_submitted_does_not_stop_nbgrader(classroom, tmp_path):
    path = pack(tmp_path / "a.zip", [("ivanova/hw.ipynb", notebook())])
    classroom.collect(path)
    stamp = classroom.root / "submitted" / "ivanova" / NAME / "timestamp.txt"
    stamp.write_text("rubbish")
    found = classroom.collect(path)
    assert "rubbish" in found.warnings[0]
    assert classroom.timestamp("ivanova").startswith("2024-05-01")


@pytest.mark.parametrize(("late", "written"), [("", False), ("LATE_", True)])
def test_canvas_knows_better_than_a_zips_times_who_is_late(classroom, tmp_path, late, written):
    with Gradebook(f"sqlite:///{classroom.root / 'gradebook.db'}") as gradebook:
        gradebook.add_assignment(NAME, duedate="2024-05-03 00:00:00 UTC")
    name = f"ivanovaanna_{late}7_200_hw.ipynb"
    classroom.collect(pack(tmp_path / "a.zip", [(name, notebook())], day=20))
    assert (classroom.timestamp("ivanova") is not None) == written


def test_the_list_of_tries_may_be_damaged(classroom, tmp_path):
    files = [(f"ivanova/{day}.ipynb", notebook(str(day)), day) for day in (1, 2)]
    path = pack(tmp_path / "a.zip", files)
    classroom.collect(path)
    index = classroom.root / "downloaded" / NAME / "tries" / "ivanova" / "tries.json"
    index.write_text(json.dumps({"tries": [{"wrong": 1}]}))
    found = classroom.collect(path)
    assert "Begun anew" in found.warnings[0]
    assert classroom.submitted("ivanova") == notebook("2")
    assert classroom.tries("ivanova") == [notebook("1")]


def test_progress_is_told_of_every_file(classroom, tmp_path):
    told = []
    files = [("ivanova/hw.ipynb", notebook()), ("petrov/hw.ipynb", notebook())]
    classroom.collect(pack(tmp_path / "a.zip", files), progress=lambda *news: told.append(news))
    assert told == [("read", 1, 0), ("read", 2, 0), ("file", 1, 2), ("file", 2, 2)]
    assert running.__all__
