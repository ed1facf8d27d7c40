"""Archives: nothing leaves the folder, and the folder is whole or not there."""

import hashlib
import io
import os
import resource
import shutil
import signal
import subprocess
import sys
import tarfile
from collections import namedtuple

import pytest

from course_utils import i18n
from course_utils.data import cache, downloads
from course_utils.data.downloads import RemoteFile, Unavailable
from course_utils.data.unpacking import unpacked_once
from tests.data.local_server import Served, serving

ROOM = 10**6


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("COURSE_MIRRORS", raising=False)
    monkeypatch.setattr(downloads, "PAUSE", 0.0)
    with i18n.speaking("en"):
        yield


def packed(*members, mode="w"):
    """A tar of TarInfos and of (name, bytes)."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as tar:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                tar.addfile(member)
            else:
                name, data = member
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    return file.getvalue()


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


GOOD = packed(special("set", tarfile.DIRTYPE), ("set/a.txt", b"one"), ("set/b/c.txt", b"two"))


def is_whole(folder):
    return (folder / "set" / "a.txt").is_file()


def unpacked(server, data, **options):
    digest = hashlib.sha256(data).hexdigest()
    remote = RemoteFile("a.tar", digest, len(data), (server.url("/a.tar"),))
    options = {"room": ROOM, "is_whole": is_whole, "progress": False} | options
    return unpacked_once(remote, "set", **options)


def refused(data, **options):
    with (
        serving({"/a.tar": Served(data)}) as server,
        pytest.raises(Unavailable) as caught,
    ):
        unpacked(server, data, **options)
    return str(caught.value)


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != ".locks")


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_it_is_downloaded_and_unpacked_once_and_the_archive_goes(tmp_path, mode):
    data = packed(("set/a.txt", b"one"), ("set/b/c.txt", b"two"), mode=mode)
    with serving({"/a.tar": Served(data)}) as server:
        root = unpacked(server, data)
        assert unpacked(server, data) == root == tmp_path / "cache" / "set"
    assert len(server.asked) == 1
    assert (root / "set" / "b" / "c.txt").read_bytes() == b"two"
    assert names(tmp_path / "cache") == ["archives", "set"]
    assert names(tmp_path / "cache" / "archives") == []


def test_an_archive_that_was_put_there_by_hand_is_taken_and_left(tmp_path):
    archives = tmp_path / "cache" / "archives"
    archives.mkdir(parents=True)
    (archives / "a.tar").write_bytes(GOOD)
    with serving({}) as server:
        assert is_whole(unpacked(server, GOOD))
    assert names(archives) == ["a.tar"]
    assert server.asked == []


EVIL = {
    "dots": ("../evil.txt", b"x"),
    "dots in the middle": ("set/../../evil.txt", b"x"),
    "dots of Windows": ("set\\..\\..\\evil.txt", b"x"),
    "absolute": ("/tmp/evil.txt", b"x"),
    "link out": special("set/evil", tarfile.SYMTYPE, "/etc"),
    "link inside": special("set/evil", tarfile.SYMTYPE, "a.txt"),
    "hard link": special("set/evil", tarfile.LNKTYPE, "set/a.txt"),
    "device": special("set/evil", tarfile.CHRTYPE),
    "block device": special("set/evil", tarfile.BLKTYPE),
    "pipe": special("set/evil", tarfile.FIFOTYPE),
}


@pytest.mark.parametrize("evil", EVIL.values(), ids=EVIL)
def test_what_would_leave_the_folder_stops_all(tmp_path, evil):
    data = packed(("set/a.txt", b"one"), evil)
    name = evil.name if isinstance(evil, tarfile.TarInfo) else evil[0]
    assert f"{name} must not be in an archive" in refused(data)
    assert names(tmp_path / "cache") == ["archives"]
    assert not list(tmp_path.rglob("*evil*"))


def test_modes_that_open_a_file_to_all_are_not_kept():
    info = tarfile.TarInfo("set/a.txt")
    info.mode = 0o6777
    data = packed(info)
    with serving({"/a.tar": Served(data)}) as server:
        root = unpacked(server, data)
    assert (root / "set" / "a.txt").stat().st_mode & 0o7777 == 0o755


def test_an_archive_that_holds_more_than_it_may_is_refused(tmp_path):
    data = packed(("set/a.txt", b"one"), ("set/b.txt", bytes(2 * ROOM)), mode="w:gz")
    assert "more than 1000000 bytes" in refused(data)
    assert names(tmp_path / "cache") == ["archives"]


@pytest.mark.parametrize("data", [b"no archive at all" * 100, GOOD[:700]])
def test_what_is_no_archive_is_refused(tmp_path, data):
    assert "a.tar can't be had" in refused(data)
    assert names(tmp_path / "cache") == ["archives"]


def test_an_archive_without_what_is_needed_is_refused(tmp_path):
    assert "files are missing in a.tar" in refused(packed(("set/b.txt", b"one")))
    assert names(tmp_path / "cache") == ["archives"]


def test_room_for_the_archive_and_for_its_files_is_asked_for_first(monkeypatch):
    usage = namedtuple("usage", "total used free")
    free = usage(10**9, 0, downloads._MARGIN + ROOM + len(GOOD) - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: free)
    with serving({"/a.tar": Served(GOOD)}) as server:
        with pytest.raises(Unavailable, match="room for 1 MB, and 2 MB are needed"):
            unpacked(server, GOOD)
        assert server.asked == []
        free = free._replace(free=free.free + 1)
        assert is_whole(unpacked(server, GOOD))


def test_a_disk_that_fills_up_while_unpacking_leaves_no_half(tmp_path):
    data = packed(("set/a.txt", b"one"), ("set/b.txt", bytes(200_000)), mode="w:gz")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with serving({"/a.tar": Served(data)}) as server:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        try:
            with pytest.raises(Unavailable, match="File too large"):
                unpacked(server, data)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert names(tmp_path / "cache") == ["archives"]
        assert is_whole(unpacked(server, data))
    assert len(server.asked) == 1  # the archive was whole: it is not fetched again


@pytest.mark.parametrize("damage", ["changed", "gone", "seal"])
def test_a_damaged_folder_is_made_anew(tmp_path, damage):
    with serving({"/a.tar": Served(GOOD)}) as server:
        root = unpacked(server, GOOD)
        if damage == "changed":
            (root / "set" / "b" / "c.txt").write_bytes(b"tw")
        elif damage == "gone":
            (root / "set" / "b" / "c.txt").unlink()
        else:
            (root / "files.txt").write_text("nonsense\n")
        unpacked(server, GOOD)
    assert (root / "set" / "b" / "c.txt").read_bytes() == b"two"
    assert names(tmp_path / "cache") == ["archives", "set"]


def test_a_file_that_somebody_added_does_no_harm():
    with serving({"/a.tar": Served(GOOD)}) as server:
        root = unpacked(server, GOOD)
        (root / "set" / ".DS_Store").write_text("")
        unpacked(server, GOOD)
    assert len(server.asked) == 1


def test_a_copy_of_ones_own_is_taken_as_it_is_and_half_a_one_is_moved_aside(tmp_path):
    own = tmp_path / "cache" / "set"
    (own / "set").mkdir(parents=True)
    (own / "set" / "mine.txt").write_text("mine")
    with serving({"/a.tar": Served(GOOD)}) as server:
        unpacked(server, GOOD)
        assert (own / "set" / "a.txt").read_bytes() == b"one"
        aside = tmp_path / "cache" / "set-not-whole" / "set" / "mine.txt"
        assert aside.read_text() == "mine"
        shutil.rmtree(own)
        (own / "set").mkdir(parents=True)
        (own / "set" / "a.txt").write_text("mine too")
        unpacked(server, GOOD)
    assert len(server.asked) == 1
    assert (own / "set" / "a.txt").read_text() == "mine too"


UNPACK = """
import os, signal, sys, tarfile
from course_utils.data.downloads import RemoteFile
from course_utils.data.unpacking import unpacked_once
if sys.argv[4] == "killed":
    kept = tarfile.data_filter
    def filtered(member, path):
        if member.name.endswith("c.txt"):
            os.kill(os.getpid(), signal.SIGKILL)
        return kept(member, path)
    tarfile.data_filter = filtered
remote = RemoteFile("a.tar", sys.argv[1], int(sys.argv[2]), (sys.argv[3],))
whole = lambda folder: (folder / "set" / "a.txt").is_file()
root = unpacked_once(remote, "set", room=10**6, is_whole=whole, progress=False)
print((root / "set" / "b" / "c.txt").read_text())
"""


def another_process(server, how="whole"):
    digest = hashlib.sha256(GOOD).hexdigest()
    arguments = [digest, str(len(GOOD)), server.url("/a.tar"), how]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", UNPACK, *arguments], **pipes)


def test_of_two_processes_that_start_at_once_one_downloads_and_unpacks():
    with serving({"/a.tar": Served(GOOD, pieces=2000, delay=0.2)}) as server:
        processes = [another_process(server) for _ in range(2)]
        said = [process.communicate(timeout=100)[0] for process in processes]
    assert said == ["two\n", "two\n"]
    assert len(server.asked) == 1


def test_after_one_that_was_killed_while_unpacking_the_next_goes_on(tmp_path):
    with serving({"/a.tar": Served(GOOD)}) as server:
        killed = another_process(server, "killed")
        killed.communicate(timeout=100)
        assert killed.returncode == -signal.SIGKILL
        assert ".set-fresh" in os.listdir(tmp_path / "cache")
        assert "set" not in os.listdir(tmp_path / "cache")
        assert is_whole(unpacked(server, GOOD))
    assert names(tmp_path / "cache") == ["archives", "set"]
    assert names(tmp_path / "cache" / "archives") == []
    assert len(server.asked) == 1


@pytest.mark.parametrize("how", ["COURSE_DATA_DIR", "a folder course_utils"])
def test_google_drive_keeps_the_archive_and_the_machine_its_files(tmp_path, monkeypatch, how):
    drive = tmp_path / "drive"
    monkeypatch.setattr(cache, "_DRIVE", drive)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "local"))
    if how == "COURSE_DATA_DIR":
        kept = drive / "MyDrive" / "lectures"
        (drive / "MyDrive").mkdir(parents=True)
        monkeypatch.setenv("COURSE_DATA_DIR", str(kept))
    else:
        kept = drive / "MyDrive" / "course_utils"
        kept.mkdir(parents=True)
        monkeypatch.delenv("COURSE_DATA_DIR")
    with serving({"/a.tar": Served(GOOD)}) as server:
        root = unpacked(server, GOOD)
        assert root == tmp_path / "local" / "course_utils" / "set"
        assert names(kept) == ["a.tar"]
        shutil.rmtree(root)  # a new runtime: the disk is empty again
        assert is_whole(unpacked(server, GOOD))
    assert len(server.asked) == 1
    assert names(kept) == ["a.tar"]


def test_a_drive_that_is_not_mounted_is_not_written_to(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "_DRIVE", tmp_path / "drive")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "local"))
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path / "drive" / "MyDrive" / "lectures"))
    with serving({"/a.tar": Served(GOOD)}) as server:
        assert is_whole(unpacked(server, GOOD))
    assert not (tmp_path / "drive").exists()
