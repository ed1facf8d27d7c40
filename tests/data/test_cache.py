"""Folders made once: whole or not at all, whoever else is making them."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from course_utils.data.cache import cache_folder, made_once


def write(text):
    return lambda folder: (folder / "a.txt").write_text(text)


def test_it_is_made_once(tmp_path):
    first = made_once("set", write("one"), tmp_path)
    second = made_once("set", write("two"), tmp_path)
    assert first == second == tmp_path / "set"
    assert (first / "a.txt").read_text() == "one"
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


@pytest.mark.parametrize("damage", ["changed", "gone", "added", "unsealed", "a file"])
def test_a_damaged_folder_is_made_again(tmp_path, damage):
    folder = made_once("set", write("one"), tmp_path)
    if damage == "changed":
        (folder / "a.txt").write_text("onx")  # of the same length
    elif damage == "gone":
        (folder / "a.txt").unlink()
    elif damage == "added":
        (folder / "b.txt").write_text("")
    elif damage == "unsealed":
        (folder / "digest.txt").unlink()
    else:
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
        folder.write_text("not a folder")
    assert made_once("set", write("two"), tmp_path) == folder
    assert (folder / "a.txt").read_text() == "two"
    assert {path.name for path in folder.iterdir()} == {"a.txt", "digest.txt"}
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_what_fails_half_way_leaves_nothing(tmp_path):
    def fail(folder):
        (folder / "a.txt").write_text("half")
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        made_once("set", fail, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("damaged", [False, True])
def test_two_that_start_at_once_get_the_same_whole_folder(tmp_path, damaged):
    if damaged:
        (tmp_path / "set").mkdir()
        (tmp_path / "set" / "half.txt").write_text("half")
    both = threading.Barrier(4)

    def make(folder):
        both.wait(timeout=20)  # none has renamed yet
        write("whole")(folder)

    results = []
    threads = [
        threading.Thread(target=lambda: results.append(made_once("set", make, tmp_path)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert results == [tmp_path / "set"] * 4
    assert (tmp_path / "set" / "a.txt").read_text() == "whole"
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_two_processes_may_make_it_at_once(tmp_path):
    code = (
        "import pathlib, time\n"
        "from course_utils.data.cache import made_once\n"
        "def make(folder):\n"
        "    (folder / 'a.txt').write_text('whole')\n"
        "    time.sleep(0.5)\n"
        f"folder = made_once('set', make, pathlib.Path({str(tmp_path)!r}))\n"
        "print((folder / 'a.txt').read_text())"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=120)[0] for process in both]
    assert said == ["whole\n", "whole\n"]
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_a_place_that_cannot_be_written_names_the_cure(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="Set COURSE_DATA_DIR to a folder that can be written"):
        made_once("set", write("one"), tmp_path / "file")


def test_the_cache_is_where_the_system_keeps_caches(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.setenv("COURSE_DATA_DIR", "~/somewhere")
    assert cache_folder() == Path.home() / "somewhere"
    monkeypatch.delenv("COURSE_DATA_DIR")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "course_utils"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "course_utils"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache_folder() == Path.home() / "Library" / "Caches" / "course_utils"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    assert cache_folder() == tmp_path / "course_utils"
