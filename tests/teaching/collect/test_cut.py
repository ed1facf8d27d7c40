"""Archives that lost their end on the way: what is whole is collected, the rest is named."""

import gzip
import io
import random
import struct
import tarfile
import zipfile

import pytest

from course_utils.i18n import speaking
from course_utils.teaching.collect.archives import File, Refused, members
from course_utils.teaching.collect.limits import MIB, Limits
from tests.teaching.collect.material import (
    notebook,
    pack,
    reasons,
    states,
    tar_bytes,
    zip_bytes,
)

CLASS = [(f"{name}/hw.ipynb", notebook(name)) for name in ("ivanova", "petrov", "Юльев Юрий")]
NAMES = [f"a.zip/{name}" for name, _data in CLASS]


class OneWay(io.RawIOBase):
    """A file without a way back, as an LMS sends a zip: sizes stand behind the data."""

    def __init__(self):
        self.data = bytearray()

    def writable(self):
        return True

    def write(self, piece):
        self.data += bytes(piece)
        return len(piece)


def written(files, compression=zipfile.ZIP_DEFLATED, *, one_way=False, long=False) -> bytes:
    """A zip. one_way: sizes after the data; long: sizes of 64 bits."""
    held = OneWay() if one_way else io.BytesIO()
    with zipfile.ZipFile(held, "w", compression) as archive:
        for name, data in files:
            info = zipfile.ZipInfo(name, (2024, 5, 1, 12, 0, 0))
            info.compress_type = compression
            with archive.open(info, "w", force_zip64=long) as member:
                member.write(data)
    return bytes(held.data) if one_way else held.getvalue()


WRITERS = {
    "sizes before the data": {},
    "sizes behind the data": {"one_way": True},
    "sizes of 64 bits": {"long": True},
    "sizes of 64 bits behind the data": {"one_way": True, "long": True},
    "stored": {"compression": zipfile.ZIP_STORED},
    "bzip2": {"compression": zipfile.ZIP_BZIP2},
}


def ends(data: bytes) -> list[int]:
    """Where each member's data ends, by the list that the whole zip has."""
    found = []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.infolist():
            lengths = struct.unpack_from("<2H", data, entry.header_offset + 26)
            found.append(entry.header_offset + 30 + sum(lengths) + entry.compress_size)
    return found


@pytest.mark.parametrize("writer", WRITERS)
def test_wherever_it_is_cut_the_members_before_that_are_read(tmp_path, writer):
    data = written(CLASS, **WRITERS[writer])
    path = tmp_path / "a.zip"
    last = ends(data)
    for cut in range(4, len(data), 3):
        path.write_bytes(data[:cut])
        found = list(members(path))
        read = {"/".join(one.parts): one.data for one in found if isinstance(one, File)}
        whole = sum(end <= cut for end in last)
        expected = [(name, data) for name, (_n, data) in zip(NAMES, CLASS, strict=True)][:whole]
        assert list(read.items()) == expected, cut
        assert isinstance(found[-1], Refused)
        assert found[-1].parts == ("a.zip",)
        assert "Download it anew" in found[-1].reason
        broken = ["/".join(one.parts) for one in found[:-1] if isinstance(one, Refused)]
        assert broken == NAMES[whole : whole + 1] or broken == []


def test_the_time_is_that_of_the_member(tmp_path):
    whole, cut = tmp_path / "whole.zip", tmp_path / "cut.zip"
    whole.write_bytes(written(CLASS))
    cut.write_bytes(written(CLASS)[:-30])
    times = [
        [one.time for one in members(path) if isinstance(one, File)] for path in (whole, cut)
    ]
    assert times[0] == times[1]
    assert times[0][0].year == 2024


def test_downloaded_anew_the_class_is_complete(classroom, tmp_path):
    data = written(CLASS, one_way=True)
    path = tmp_path / "a.zip"
    path.write_bytes(data[: ends(data)[2] - 3])
    found = classroom.collect(path)
    assert states(found)["petrov/hw.ipynb"] == "collected"
    assert states(found)["Юльев Юрий/hw.ipynb"] == "refused"
    assert "cut off" in reasons(found)["Юльев Юрий/hw.ipynb"]
    assert {item.source: item.student for item in found.items}["a.zip"] == ""
    assert "yuliev" in found.absent
    assert found.needs_person
    path.write_bytes(data)
    again = classroom.collect(path)
    assert not again.needs_person
    assert classroom.submitted("yuliev") == CLASS[2][1]
    assert states(again)["petrov/hw.ipynb"] == "unchanged"


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("2 whole files are left", "Download it anew")),
        ("ru", ("осталось 2 целых файла", "заново")),
    ],
)
def test_it_is_said_in_both_languages(tmp_path, language, words):
    data = written(CLASS)
    (tmp_path / "a.zip").write_bytes(data[: ends(data)[1] + 10])
    with speaking(language):
        said = list(members(tmp_path / "a.zip"))[-1].reason
    assert all(word in said for word in words), said


def test_a_list_that_is_damaged_and_not_lost_costs_nothing(tmp_path):
    """One wrong byte, and `zipfile` opens none of it."""
    data = bytearray(written(CLASS))
    data[data.index(b"PK\1\2") + 6] = 99  # the version that is needed to unpack it
    (tmp_path / "a.zip").write_bytes(data)
    read = [one.data for one in members(tmp_path / "a.zip") if isinstance(one, File)]
    assert read == [notebook for _name, notebook in CLASS]


def test_a_damaged_member_in_a_cut_zip_is_the_only_one_lost(classroom, tmp_path):
    data = bytearray(written(CLASS))
    data[ends(data)[0] - 9] ^= 0xFF
    (tmp_path / "a.zip").write_bytes(data[:-30])
    found = classroom.collect(tmp_path / "a.zip")
    assert "damaged in the archive" in reasons(found)["ivanova/hw.ipynb"]
    assert classroom.submitted("petrov") == CLASS[1][1]
    assert classroom.submitted("yuliev") == CLASS[2][1]


def test_where_the_end_of_a_member_cannot_be_told_the_others_are_named_and_not_taken(
    classroom, tmp_path
):
    data = bytearray(written(CLASS, one_way=True))
    place = data.index(b"PK\3\4", 4) - 20  # in the first member's data or behind it
    data[place : place + 2] = b"\0\0"
    (tmp_path / "a.zip").write_bytes(data[:-30])
    found = classroom.collect(tmp_path / "a.zip")
    told = reasons(found)
    assert "cut off or damaged" in told["ivanova/hw.ipynb"]
    for name in ("petrov/hw.ipynb", "Юльев Юрий/hw.ipynb"):
        assert "a name proves nothing" in told[name]
    assert classroom.submitted("petrov") is None


# --- In another student's name ---
FORGED = ("ivanova/hw.ipynb", notebook("forged"))


@pytest.mark.parametrize("behind", [0, 1, 20])
def test_a_students_zip_at_the_end_is_not_taken_for_the_class(classroom, tmp_path, behind):
    """The list of the stored zip is the only one left, and names another student."""
    files = [("petrov/hw.ipynb", notebook()), ("yuliev/mine.zip", zip_bytes([FORGED]))]
    data = written([*files, ("zz/hw.ipynb", notebook("z"))], zipfile.ZIP_STORED)
    (tmp_path / "a.zip").write_bytes(data[: ends(data)[1] + behind])
    found = classroom.collect(tmp_path / "a.zip")
    assert classroom.submitted("petrov") == notebook()
    assert classroom.submitted("ivanova") is None
    assert "fits several students" in reasons(found)["yuliev/mine.zip/ivanova/hw.ipynb"]


def test_headers_inside_a_students_file_are_its_text(classroom, tmp_path):
    inside = json_around(written([FORGED], zipfile.ZIP_STORED))
    files = [("yuliev/hw.ipynb", inside), ("petrov/hw.ipynb", notebook())]
    data = written(files, zipfile.ZIP_STORED)
    (tmp_path / "a.zip").write_bytes(data[:-30])
    classroom.collect(tmp_path / "a.zip")
    assert classroom.submitted("ivanova") is None
    assert classroom.submitted("petrov") == notebook()
    assert classroom.submitted("yuliev") == inside


def json_around(data: bytes) -> bytes:
    return b'{"cells": [], "nbformat": 4, "metadata": {"x": "' + data + b'"}}'


# --- The rules of any archive ---
@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("../ivanova/hw.ipynb", notebook("bad"), "leads out of the archive"),
        ("/etc/ivanova/hw.ipynb", notebook("bad"), "absolute path"),
        ("ivanova/hw.ipynb", bytes(20 * MIB), "a bomb"),
        ("ivanova/hw.ipynb/", b"", "a folder, not a file"),
    ],
)
@pytest.mark.parametrize("one_way", [False, True])
def test_bombs_and_bad_names_are_refused(classroom, tmp_path, name, data, reason, one_way):
    whole = written([CLASS[1], (name, data), CLASS[2]], one_way=one_way)
    (tmp_path / "a.zip").write_bytes(whole[:-30])
    found = classroom.collect(tmp_path / "a.zip")
    assert reason in reasons(found)[name.strip("/")]
    assert classroom.submitted("ivanova") is None
    assert classroom.submitted("petrov") == CLASS[1][1]
    assert classroom.submitted("yuliev") == CLASS[2][1]


def test_too_many_names_and_too_much_to_unpack_end_it(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(written([(f"{n}.txt", b"") for n in range(30)])[:-10])
    (one,) = members(path, Limits(entries=20))
    assert "more than 20 names" in one.reason
    path.write_bytes(written([("a.bin", bytes(10 * MIB)), *CLASS], one_way=True)[:-10])
    (one,) = members(path, Limits(total=MIB))
    assert "unpacks to more than 1 MB" in one.reason


def test_a_students_own_zip_that_is_cut_is_opened_as_far_as_it_goes(classroom, tmp_path):
    own = written([("hw.ipynb", notebook("mine")), ("data.csv", b"1,2\n" * 99)])[:-60]
    found = classroom.collect(pack(tmp_path / "a.zip", [("ivanova/hw.zip", own), *CLASS[1:]]))
    assert classroom.submitted("ivanova") == notebook("mine")
    said = reasons(found)["ivanova/hw.zip"]
    assert "Ask the student for it again" in said
    assert "Download it anew" not in said


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz"])
def test_a_tar_that_is_cut_is_read_as_far_as_it_goes(classroom, tmp_path, name):
    noise = random.Random(7).randbytes(20_000).hex()
    entries = [(tarfile.TarInfo(path), notebook(noise)) for path, _data in CLASS]
    data = tar_bytes(entries)
    if name == "a.tar":
        data = gzip.decompress(data)
    (tmp_path / name).write_bytes(data[: len(data) * 2 // 3])
    found = classroom.collect(tmp_path / name)
    assert states(found)["ivanova/hw.ipynb"] == "collected"
    assert any("Download it anew" in item.reason for item in found.items)


def test_beyond_four_gigabytes_too(tmp_path):
    """A sparse file: a video of 5 GB before a hand-in, then the cut."""
    path, size = tmp_path / "a.zip", 5 * 2**30
    extra = struct.pack("<HHQQ", 1, 16, size, size)
    head = struct.pack(
        "<4s5H3L2H", b"PK\3\4", 45, 0, 0, 0, 33, 0, 2**32 - 1, 2**32 - 1, 9, len(extra)
    )
    hand_in = written(CLASS[:1])
    with path.open("wb") as file:
        file.write(head + b"video.mp4" + extra)
        file.seek(size, io.SEEK_CUR)
        file.write(hand_in[: hand_in.index(b"PK\1\2") + 10])
    found = list(members(path))
    assert [one.data for one in found if isinstance(one, File)] == [CLASS[0][1]]
    assert "2 whole files" in found[-1].reason
