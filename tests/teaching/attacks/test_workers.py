"""What a hand-in does to a worker stays with that hand-in."""

import os

import pytest

from course_utils.teaching.grading.hand_ins import MAX_FILES, find_hand_ins, read_files
from course_utils.teaching.grading.kit import course_directory, load_config
from course_utils.teaching.grading.pool import Pool, WorkerEnded
from tests.teaching.grading.class_of import NAME


def test_who_ends_workers_takes_nobody_along():
    """Five end whatever process they run in; their neighbours come to their results."""
    tasks = []
    for number in range(5):
        tasks += [(f"ends-{number}", ("__import__('os')._exit(1)",))]
        tasks += [(f"honest-{number}", (f"__import__('time').sleep(0.1) or {number}",))]
    with Pool(eval, jobs=2) as pool:
        found = {key: (result, error) for key, result, error in pool.each_done(tasks)}
    assert len(found) == 10
    for number in range(5):
        assert found[f"honest-{number}"] == (number, None)
        assert isinstance(found[f"ends-{number}"][1], WorkerEnded)


@pytest.fixture
def hand_in_of(small_course):
    """(folder to fill, what is read of it)"""
    folder = small_course / "submitted" / "anna" / NAME
    folder.mkdir(parents=True)
    directory = course_directory(small_course, load_config(small_course), NAME)

    def read():
        (found,) = find_hand_ins(directory, NAME)
        return read_files(found.folder, directory)[0]

    return folder, read


def test_a_file_that_can_not_be_read_is_left_out(hand_in_of, monkeypatch):
    folder, read = hand_in_of
    (folder / "mine.csv").write_bytes(b"1")
    (folder / "locked.csv").write_bytes(b"2")
    (folder / "locked.csv").chmod(0)
    if os.geteuid() == 0:  # root may read everything
        monkeypatch.setattr("io.open", _refusing(open))
    assert read() == {"mine.csv": b"1"}


def _refusing(opened):
    def refuse(path, *rest, **more):
        if str(path).endswith("locked.csv"):
            raise PermissionError(13, "Permission denied")
        return opened(path, *rest, **more)

    return refuse


def test_folders_in_folders_without_end_stop_nobody(hand_in_of):
    folder, read = hand_in_of
    (folder / "mine.csv").write_bytes(b"1")
    made, here = [], os.open(folder, os.O_RDONLY)
    try:
        for _depth in range(1500):
            os.mkdir("d", dir_fd=here)
            deeper = os.open("d", os.O_RDONLY, dir_fd=here)
            made.append(here)
            here = deeper
            if len(made) > 20:
                os.close(made.pop(0))
        assert read() == {"mine.csv": b"1"}
    finally:
        for handle in (*made, here):
            os.close(handle)
        os.system(f"rm -rf '{folder}/d'")  # shutil.rmtree would be too deep in itself


def test_a_linked_folder_is_nobody_s_hand_in(small_course, hand_in_of):
    folder, _read = hand_in_of
    (folder / f"{NAME}.ipynb").write_bytes(b"{}")
    (small_course / "submitted" / "boris").symlink_to("anna")
    directory = course_directory(small_course, load_config(small_course), NAME)
    files = {
        found.student: read_files(found.folder, directory)[0]
        for found in find_hand_ins(directory, NAME)
    }
    assert files == {"anna": {f"{NAME}.ipynb": b"{}"}, "boris": {}}


def test_so_many_files_are_read_and_the_notebook_among_them(hand_in_of):
    folder, read = hand_in_of
    for number in range(MAX_FILES + 50):
        (folder / f"{number}.csv").write_bytes(b"")
    (folder / "z.ipynb").write_bytes(b"{}")
    found = read()
    assert len(found) == MAX_FILES
    assert "z.ipynb" in found
