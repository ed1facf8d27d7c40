"""Downloads against a server on this machine that cuts, stalls, lies and changes its files."""

import hashlib
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

import pytest

from course_utils import i18n
from course_utils.data import downloads
from course_utils.data.downloads import RemoteFile, Unavailable, fetch
from tests.data.local_server import Served, serving

DATA = random.Random(0).randbytes(300_000)
OTHER = random.Random(1).randbytes(300_000)  # of the same length
PAGE = b"<html>Please log in to the Wi-Fi of our hotel</html>"


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    """A cache of its own, no mirrors of the person who tests, no waiting."""
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("COURSE_MIRRORS", raising=False)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(downloads, "PAUSE", 0.0)
    with i18n.speaking("en"):
        yield


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "archives"


def remote(*urls, data=DATA, digits=64, **options):
    digest = hashlib.sha256(data).hexdigest()[:digits]
    return RemoteFile("a.tar", digest, len(data), urls, **options)


def got(server, folder, *paths, **options):
    """The bytes that `fetch` finds with these mirrors."""
    file = remote(*map(server.url, paths or ["/a.tar"]), **options)
    return fetch(file, folder, progress=False).read_bytes()


def refused(server, folder, *paths, **options):
    """Why `fetch` can't have it."""
    with pytest.raises(Unavailable) as caught:
        got(server, folder, *paths, **options)
    return str(caught.value)


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != ".locks")


def ranges(server):
    """What each request asked for: the Range header or None."""
    return [headers.get("Range") for _path, headers in server.asked]


def test_a_whole_file_comes_once_and_leaves_nothing_beside_it(folder):
    with serving({"/a.tar": Served(DATA)}) as server:
        assert got(server, folder) == DATA
        assert got(server, folder) == DATA
    assert ranges(server) == [None]
    assert names(folder) == ["a.tar"]


def test_a_whole_file_in_a_folder_that_cannot_be_written_is_taken(folder, monkeypatch):
    folder.mkdir()
    (folder / "a.tar").write_bytes(DATA)

    def read_only(*arguments, **options):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", read_only)
    with serving({}) as server:
        assert got(server, folder) == DATA
        (folder / "a.tar").write_bytes(OTHER)
        assert "Read-only file system" in refused(server, folder)


@pytest.mark.parametrize("how", ["other bytes", "half"])
def test_a_damaged_file_is_fetched_again(folder, how):
    folder.mkdir()
    (folder / "a.tar").write_bytes(OTHER if how == "other bytes" else DATA[:1000])
    with serving({"/a.tar": Served(DATA)}) as server:
        assert got(server, folder) == DATA


def test_a_cut_download_goes_on_where_it_ended(folder):
    with serving({"/a.tar": Served(DATA, etag='"1"', cuts=[100_000, 50_000])}) as server:
        assert got(server, folder) == DATA
    assert ranges(server) == [None, "bytes=100000-", "bytes=150000-"]
    assert [headers.get("If-Range") for _path, headers in server.asked] == [None, '"1"', '"1"']


def test_without_range_it_begins_anew_and_is_not_glued(folder):
    with serving({"/a.tar": Served(DATA, ranges=False, cuts=[100_000])}) as server:
        assert got(server, folder) == DATA
    assert ranges(server) == [None, "bytes=100000-"]


def test_a_mirror_that_gets_no_further_is_given_up(folder):
    cut = Served(DATA, ranges=False, cuts=[100_000] * 50)
    with serving({"/a.tar": cut, "/b.tar": Served(DATA)}) as server:
        assert got(server, folder, "/a.tar", "/b.tar") == DATA
    assert [path for path, _headers in server.asked] == ["/a.tar", "/a.tar", "/b.tar"]


def test_another_mirror_goes_on_where_the_first_ended(folder):
    cut = Served(DATA, etag='"a"', cuts=[100_000, 0])
    files = {"/a.tar": cut, "/b.tar": Served(DATA, etag='"b"')}
    with serving(files) as server:
        assert got(server, folder, "/a.tar", "/b.tar") == DATA
    path, headers = server.asked[-1]
    assert (path, headers["Range"], headers.get("If-Range")) == (
        "/b.tar",
        "bytes=100000-",
        None,
    )


def test_the_next_call_goes_on_with_what_the_last_one_left(folder):
    with serving({"/a.tar": Served(DATA, etag='"1"', cuts=[100_000, 0])}) as server:
        assert "cut off after 0.1 MB" in refused(server, folder)
        assert (folder / "a.tar.part").read_bytes() == DATA[:100_000]
        assert got(server, folder) == DATA
    assert ranges(server)[-1] == "bytes=100000-"


@pytest.mark.parametrize("if_range", [True, False])
@pytest.mark.parametrize("marked", ["etag", "modified", "neither"])
def test_a_file_that_changed_between_two_tries_is_not_glued(
    folder, marked, if_range, monkeypatch
):
    """The old file was another one: what has come of it must go, whatever the server says."""
    checked, digest = [], downloads._digest
    monkeypatch.setattr(downloads, "_digest", lambda *a: checked.append(1) or digest(*a))

    def served(data, version, **options):
        marks = {"etag": {"etag": f'"{version}"'}, "modified": {"modified": dates[version]}}
        return Served(data, if_range=if_range, **marks.get(marked, {}), **options)

    dates = {1: "Mon, 01 Jan 2024 00:00:00 GMT", 2: "Tue, 02 Jan 2024 00:00:00 GMT"}
    with serving({"/a.tar": served(OTHER, 1, cuts=[100_000, 0])}) as server:
        refused(server, folder)
        assert (folder / "a.tar.part").read_bytes() == OTHER[:100_000]
        server.files["/a.tar"] = served(DATA, 2)
        asked = len(server.asked)
        assert got(server, folder) == DATA
    if marked != "neither" and if_range:
        assert len(server.asked) == asked + 1  # the server itself begins anew
    else:
        assert len(server.asked) == asked + 2
    # A mark that differs tells it before all has come, and not only the checksum.
    assert len(checked) == (2 if marked == "neither" else 1)


def test_bytes_whose_origin_is_not_known_are_not_gone_on_with(folder):
    folder.mkdir()
    (folder / "a.tar.part").write_bytes(DATA[:100_000])
    with serving({"/a.tar": Served(DATA)}) as server:
        assert got(server, folder) == DATA
    assert ranges(server) == [None]


def test_a_part_that_is_whole_is_not_asked_for_again(folder):
    with serving({"/a.tar": Served(DATA)}) as server:
        file = remote(server.url("/a.tar"))
        downloads.download(file, folder, progress=False)  # killed before it gets its name
        assert got(server, folder) == DATA
    assert ranges(server) == [None]


def test_a_part_longer_than_the_file_begins_anew(folder):
    """Of a file whose length is known only roughly; the server answers 416."""
    longer, shorter = DATA + b"12345", DATA
    options = {"data": DATA, "exact": False}
    with serving({"/a.tar": Served(longer, cuts=[len(longer) - 1, 0])}) as server:
        refused(server, folder, **options)
        server.files["/a.tar"] = Served(shorter)
        assert got(server, folder, **options) == DATA
    assert ranges(server)[-2:] == [f"bytes={len(longer) - 1}-", None]


def test_silence_in_the_middle_ends_and_the_next_try_goes_on(folder, monkeypatch):
    monkeypatch.setattr(downloads, "STALL", 2.0)
    with serving({"/a.tar": Served(DATA, cuts=[100_000], stalls=True)}) as server:
        assert got(server, folder) == DATA
    assert ranges(server) == [None, "bytes=100000-"]


def test_silence_from_the_first_byte_is_told_in_words(folder, monkeypatch):
    monkeypatch.setattr(downloads, "STALL", 1.0)
    with serving({"/a.tar": Served(DATA, cuts=[0], stalls=True)}) as server:
        assert "nothing came for 1 seconds" in refused(server, folder)


def test_drops_too_slow_to_be_of_use_count_as_silence(folder, monkeypatch):
    monkeypatch.setattr(downloads, "STALL", 2.0)
    drops = Served(DATA, pieces=1, delay=0.05)
    with serving({"/a.tar": drops, "/b.tar": Served(DATA)}) as server:
        assert got(server, folder, "/a.tar", "/b.tar") == DATA
    assert server.asked[-1][0] == "/b.tar"


@pytest.mark.parametrize("declared", [200_000, 400_000])
def test_a_server_that_lies_about_the_length_is_not_believed(folder, declared):
    with serving({"/a.tar": Served(DATA, declared=declared)}) as server:
        assert f"another length ({declared} bytes)" in refused(server, folder)


def test_less_than_was_declared_is_a_cut(folder):
    """The file on the server is half; the length it declares is the right one."""
    short = Served(DATA[:150_000], ranges=False, declared=len(DATA))
    with serving({"/a.tar": short}) as server:
        assert "cut off after 0.1 MB" in refused(server, folder)


def test_without_a_declared_length_the_end_is_the_end(folder):
    with serving({"/a.tar": Served(DATA, declared=0)}) as server:
        assert got(server, folder) == DATA


@pytest.mark.parametrize("data", [DATA + b"more" * 1000, DATA[:-1]])
def test_without_a_declared_length_a_wrong_one_is_seen(folder, data):
    with serving({"/a.tar": Served(data, declared=0, ranges=False)}) as server:
        reason = refused(server, folder)
    assert ("another length" if len(data) > len(DATA) else "cut off") in reason


@pytest.mark.parametrize("kind", ["text/html", "text/html; charset=utf-8"])
def test_a_web_page_with_status_200_is_no_file_and_what_came_before_stays(folder, kind):
    with serving({"/a.tar": Served(DATA, cuts=[100_000, 0])}) as server:
        refused(server, folder)
        server.files["/a.tar"] = Served(PAGE, ranges=False, kind=kind)
        assert "a web page instead of the file" in refused(server, folder)
        server.files["/a.tar"] = Served(PAGE, ranges=False, kind="application/x-tar")
        assert f"another length ({len(PAGE)} bytes)" in refused(server, folder)
    assert (folder / "a.tar.part").read_bytes() == DATA[:100_000]


def test_a_wrong_file_of_the_right_length_is_seen_and_the_next_mirror_asked(folder):
    with serving({"/a.tar": Served(OTHER), "/b.tar": Served(DATA)}) as server:
        assert got(server, folder, "/a.tar", "/b.tar") == DATA
        (folder / "a.tar").unlink()
        assert "checksum" in refused(server, folder)
    assert names(folder) == []


@pytest.mark.parametrize("status", [403, 404, 429, 500, 503])
def test_a_status_is_said(folder, status):
    with serving({"/a.tar": Served(status=status)}) as server:
        assert refused(server, folder) == f"a.tar can't be had (127.0.0.1: status {status})."


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_followed_and_a_cut_behind_one_goes_on(folder, status):
    files = {
        "/a.tar": Served(status=status, location="/there.tar"),
        "/there.tar": Served(DATA, cuts=[100_000]),
    }
    with serving(files) as server:
        assert got(server, folder) == DATA
    assert ranges(server)[-1] == "bytes=100000-"


def test_redirects_in_a_circle_end(folder):
    with serving({"/a.tar": Served(status=302, location="/a.tar")}) as server:
        assert "status 302" in refused(server, folder)


def test_only_the_third_mirror_works(folder):
    files = {"/b.tar": Served(OTHER), "/c.tar": Served(DATA)}
    with serving(files) as server:
        assert got(server, folder, "/a.tar", "/b.tar", "/c.tar") == DATA


def test_where_nothing_works_every_mirror_is_named_with_its_reason(folder):
    with serving({"/b.tar": Served(OTHER)}) as server:
        urls = (
            "http://nowhere.invalid/a.tar",
            server.url("/a.tar"),
            server.url("/b.tar"),
            "no address",
        )
        file = remote(*urls)
        with pytest.raises(Unavailable) as caught:
            fetch(file, folder, progress=False)
    assert caught.value.reason == (
        "nowhere.invalid: no such address, or no network; 127.0.0.1: status 404; "
        "127.0.0.1: another file (its checksum differs); no address: "
        "ValueError: unknown url type: 'no address'"
    )
    assert str(caught.value) == f"a.tar can't be had ({caught.value.reason})."
    with (
        i18n.speaking("ru"),
        pytest.raises(Unavailable, match=r"не удалось.*адрес не найден"),
    ):
        fetch(remote(urls[0]), folder, progress=False)


def test_a_refused_connection_is_said(folder):
    with serving({}) as server:
        pass  # closed again: nobody listens there
    assert "refused" in refused(server, folder)


@pytest.mark.parametrize("own", ["server", "folder"])
def test_ones_own_mirror_goes_in_front(folder, tmp_path, monkeypatch, own):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "a.tar").write_bytes(DATA)
    with serving({"/own/a.tar": Served(DATA), "/a.tar": Served(DATA)}) as server:
        mirror = server.url("/own/") if own == "server" else str(tmp_path / "own")
        monkeypatch.setenv("COURSE_MIRRORS", f"http://nowhere.invalid {mirror}")
        assert got(server, folder) == DATA
    assert [path for path, _headers in server.asked] == ["/own/a.tar"] * (own == "server")


def test_the_first_digits_of_a_digest_and_a_rough_length_do(folder):
    options = {"data": DATA, "digits": 8, "exact": False}
    with serving({"/a.tar": Served(DATA, cuts=[100_000])}) as server:
        assert got(server, folder, **options) == DATA
        (folder / "a.tar").unlink()
        server.files["/a.tar"] = Served(OTHER)
        assert "checksum" in refused(server, folder, **options)


def test_no_room_is_said_before_anything_is_asked_for(folder, monkeypatch):
    usage = namedtuple("usage", "total used free")
    free = usage(10**9, 0, downloads._MARGIN + 200_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: free)
    with serving({"/a.tar": Served(DATA)}) as server:
        assert f"{folder} has room for 0 MB, and 1 MB are needed" in refused(server, folder)
    assert server.asked == []


def test_room_is_asked_for_what_is_missing_alone(folder, monkeypatch):
    usage = namedtuple("usage", "total used free")
    with serving({"/a.tar": Served(DATA, cuts=[150_000, 0])}) as server:
        refused(server, folder)
        free = usage(10**9, 0, downloads._MARGIN + 200_000)
        monkeypatch.setattr(shutil, "disk_usage", lambda path: free)
        assert got(server, folder) == DATA


def test_a_disk_that_fills_up_meanwhile_is_said(folder):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with serving({"/a.tar": Served(DATA)}) as server:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        try:
            reason = refused(server, folder)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert reason == f"a.tar can't be had ({folder}: {os.strerror(27)})."
        assert got(server, folder) == DATA
    assert ranges(server)[-1] == "bytes=100000-"


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with serving({"/a.tar": Served(DATA)}) as server:
        assert "Not a directory" in refused(server, tmp_path / "file" / "archives")


FETCH = """
import sys
from pathlib import Path
from course_utils.data import downloads
file = downloads.RemoteFile("a.tar", sys.argv[1], {size}, (sys.argv[2],))
print(len(downloads.fetch(file, Path(sys.argv[3]), progress=False).read_bytes()))
"""


def another_process(server, folder):
    arguments = [hashlib.sha256(DATA).hexdigest(), server.url("/a.tar"), str(folder)]
    code = FETCH.format(size=len(DATA))
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", code, *arguments], **pipes)


def test_of_three_processes_that_start_at_once_one_downloads(folder):
    with serving({"/a.tar": Served(DATA, pieces=10_000, delay=0.1)}) as server:
        processes = [another_process(server, folder) for _ in range(3)]
        said = [process.communicate(timeout=100) for process in processes]
    assert [out for out, _err in said] == [f"{len(DATA)}\n"] * 3
    assert ranges(server) == [None]
    assert any("waiting" in err for _out, err in said)


def test_after_a_killed_process_the_next_goes_on(folder):
    part = folder / "a.tar.part"
    served = Served(DATA, etag='"1"', pieces=10_000, delay=0.05)
    with serving({"/a.tar": served}) as server:
        process = another_process(server, folder)
        wait_for(lambda: part.is_file() and part.stat().st_size > 50_000, process)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=100)
        there = part.stat().st_size
        served.delay = 0.0
        assert there < len(DATA)
        assert got(server, folder) == DATA
    assert ranges(server) == [None, f"bytes={there}-"]
    assert names(folder) == ["a.tar"]


def wait_for(condition, process):
    for _ in range(2000):
        if condition():
            return
        if process.poll() is not None:
            pytest.fail(process.communicate()[1])
        time.sleep(0.02)
    pytest.fail("It did not come so far.")


def test_an_interrupt_leaves_what_has_come_and_no_lock(folder, monkeypatch):
    def interrupted(path, progress):
        raise KeyboardInterrupt

    with serving({"/a.tar": Served(DATA)}) as server:
        with monkeypatch.context() as patch:
            patch.setattr(downloads, "_digest", interrupted)
            with pytest.raises(KeyboardInterrupt):
                got(server, folder)
        assert got(server, folder) == DATA
    assert ranges(server) == [None]


@pytest.mark.parametrize("progress", [True, False])
def test_a_bar_is_shown_where_it_is_asked_for(folder, capsys, monkeypatch, progress):
    monkeypatch.setattr(downloads, "_BAR_DELAY", 0)
    with serving({"/a.tar": Served(DATA, pieces=50_000, delay=0.1, cuts=[100_000])}) as server:
        fetch(remote(server.url("/a.tar")), Path(folder), progress=progress)
    said = capsys.readouterr()
    assert said.out == ""
    assert ("a.tar" in said.err) == progress
