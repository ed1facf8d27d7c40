"""Archives made to harm, and damaged ones: each member is named, and the rest is collected."""

import io
import os
import stat
import tarfile
import zipfile

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from course_utils.teaching.collect.archives import File, Refused, members
from course_utils.teaching.collect.limits import MIB, Limits
from tests.teaching.collect.material import (
    notebook,
    pack,
    patched,
    reasons,
    states,
    tar_bytes,
    zip_bytes,
)

GOOD = [("petrov/hw.ipynb", notebook("good")), ("yuliev/hw.ipynb", notebook("too"))]


def linked(name: str, target: str, mode: int = stat.S_IFLNK) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, (2024, 5, 1, 0, 0, 0))
    info.create_system = 3
    info.external_attr = (mode | 0o777) << 16
    return info


def collects_the_rest(classroom, path, bad: str, reason: str, **options) -> None:
    """`bad` is refused with the reason; the two good hand-ins are there; nothing else is."""
    found = classroom.collect(path, **options)
    told = reasons(found)
    assert reason in told[bad], told
    assert states(found)[bad] == "refused"
    assert found.needs_person
    assert classroom.submitted("petrov") == notebook("good")
    assert classroom.submitted("yuliev") == notebook("too")
    written = {name.split("/")[1] for name in classroom.files() if name.startswith("submitted")}
    assert written == {"petrov", "yuliev"}
    outside = {path.name for path in classroom.root.parent.iterdir()}
    assert outside <= {"course", "a.zip", "a.tar.gz"}


@pytest.mark.parametrize(
    ("name", "listed", "reason"),
    [
        ("../ivanova/hw.ipynb", None, "leads out of the archive"),
        ("ivanova/../../../hw.ipynb", None, "leads out of the archive"),
        ("..\\..\\ivanova\\hw.ipynb", "../../ivanova/hw.ipynb", "leads out of the archive"),
        ("/etc/ivanova/hw.ipynb", "etc/ivanova/hw.ipynb", "absolute path"),
        ("\\\\server\\ivanova\\hw.ipynb", "server/ivanova/hw.ipynb", "absolute path"),
        ("C:\\ivanova\\hw.ipynb", "C:/ivanova/hw.ipynb", "absolute path"),
        ("c:ivanova/hw.ipynb", None, "absolute path"),
        (f"ivanova/{'ы' * 200}.ipynb", None, "too long"),
        ("ivanova/CON.ipynb", None, "device of Windows"),
        ("ivanova/nul.ipynb", None, "device of Windows"),
        ("ivanova/hw.ipynb/", "ivanova/hw.ipynb", "a folder, not a file"),
    ],
)
def test_a_bad_name_is_refused(classroom, tmp_path, name, listed, reason):
    path = pack(tmp_path / "a.zip", [GOOD[0], (name, notebook("bad")), GOOD[1]])
    collects_the_rest(classroom, path, listed or name, reason)


def test_a_backslash_that_leads_nowhere_is_a_folder(classroom, tmp_path):
    classroom.collect(pack(tmp_path / "a.zip", [("ivanova\\hw.ipynb", notebook())]))
    assert classroom.submitted("ivanova") == notebook()


def test_a_zero_byte_hides_no_name(classroom, tmp_path):
    data = zip_bytes([("ivanova/hw.ipynbX../../hw.ipynb", notebook()), *GOOD])
    (tmp_path / "a.zip").write_bytes(data.replace(b"ipynbX..", b"ipynb\0.."))
    found = classroom.collect(tmp_path / "a.zip")
    assert any("zero byte" in item.reason for item in found.items)
    assert classroom.submitted("ivanova") is None
    assert classroom.submitted("petrov") == notebook("good")


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK])
def test_links_and_devices_in_a_zip_are_refused(classroom, tmp_path, mode):
    path = pack(tmp_path / "a.zip", GOOD)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(linked("ivanova/hw.ipynb", "", mode), "/etc/passwd")
    collects_the_rest(classroom, path, "ivanova/hw.ipynb", "a link or a device")


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_in_a_tar_are_refused(classroom, tmp_path, kind):
    bad = tarfile.TarInfo("ivanova/hw.ipynb")
    bad.type, bad.linkname = kind, "petrov/hw.ipynb"
    entries = [(tarfile.TarInfo(name), data) for name, data in GOOD]
    path = tmp_path / "a.tar.gz"
    path.write_bytes(tar_bytes([entries[0], (bad, b""), entries[1]]))
    collects_the_rest(classroom, path, "ivanova/hw.ipynb", "a link or a device")


def test_a_tars_names_are_judged_too(classroom, tmp_path):
    names = ["../ivanova/hw.ipynb", *(name for name, _data in GOOD)]
    data = [notebook("bad"), *(data for _name, data in GOOD)]
    path = tmp_path / "a.tar.gz"
    path.write_bytes(tar_bytes(zip(map(tarfile.TarInfo, names), data, strict=True)))
    collects_the_rest(classroom, path, names[0], "leads out of the archive")


def test_a_link_in_a_folder_is_not_followed(classroom, tmp_path):
    folder = tmp_path / "downloads" / "ivanova"
    folder.mkdir(parents=True)
    (tmp_path / "secret.ipynb").write_bytes(notebook("secret"))
    (folder / "hw.ipynb").symlink_to(tmp_path / "secret.ipynb")
    (tmp_path / "downloads" / "petrov").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe.ipynb")
    found = classroom.collect(tmp_path / "downloads")
    assert set(states(found).values()) == {"refused"}
    assert classroom.submitted("ivanova") is None


def test_a_damaged_member_among_many_is_the_only_one_lost(classroom, tmp_path):
    files = [(f"s{n}/hw.ipynb", notebook(f"{n} {os.urandom(40).hex()}")) for n in range(40)]
    data = bytearray(zip_bytes([*files, *GOOD]))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        info = archive.infolist()[17]
    data[info.header_offset + 30 + len(info.filename) + info.compress_size // 2] ^= 0xFF
    (tmp_path / "a.zip").write_bytes(data)
    found = classroom.collect(tmp_path / "a.zip")
    bad = [item.source for item in found.items if item.state == "refused"]
    assert bad == ["a.zip/s17/hw.ipynb"]
    assert "damaged in the archive" in reasons(found)["s17/hw.ipynb"]
    assert sum(item.state == "collected" for item in found.items) == 41


def test_a_damaged_archive_is_named_and_the_next_one_opened(classroom, tmp_path):
    (tmp_path / "bad.zip").write_bytes(zip_bytes(GOOD)[:-40])
    (tmp_path / "none.zip").write_bytes(b"<html>404</html>")
    (tmp_path / "bad.tar.gz").write_bytes(tar_bytes([(tarfile.TarInfo("a"), b"x" * 999)])[:40])
    files = [tmp_path / name for name in ("bad.zip", "none.zip", "bad.tar.gz")]
    found = classroom.collect(*files, pack(tmp_path / "a.zip", GOOD))
    refused = [item.source for item in found.items if "Download it anew" in item.reason]
    assert refused == ["bad.zip", "none.zip", "bad.tar.gz"]
    assert classroom.submitted("petrov") == notebook("good")


def test_a_students_damaged_zip_among_good_ones(classroom, tmp_path):
    path = pack(tmp_path / "a.zip", [("ivanova/hw.zip", b"PK\3\4 rubbish"), *GOOD])
    collects_the_rest(classroom, path, "ivanova/hw.zip", "a damaged archive")


def test_an_encrypted_member_is_named(classroom, tmp_path):
    data = zip_bytes([("ivanova/hw.ipynb", notebook())])
    data = patched(patched(data, b"PK\1\2", 8, "<H", 1), b"PK\3\4", 6, "<H", 1)
    path = pack(tmp_path / "a.zip", [("ivanova/work.zip", data), *GOOD])
    collects_the_rest(
        classroom,
        path,
        "ivanova/work.zip/hw.ipynb".replace("work.zip/", "work.zip/ivanova/"),
        "encrypted",
    )


@pytest.mark.parametrize("name", ["hw.rar", "hw.7z"])
def test_archives_that_cannot_be_opened_are_named(classroom, tmp_path, name):
    path = pack(tmp_path / "a.zip", [(f"ivanova/{name}", b"Rar!"), *GOOD])
    collects_the_rest(classroom, path, f"ivanova/{name}", "unpack it by hand")


# --- Bombs ---


@pytest.mark.parametrize("size", [0, 100, 2**31])
def test_a_size_that_lies_fools_nobody(classroom, tmp_path, size):
    data = zip_bytes([("hw.ipynb", b" " * 300_000)])
    data = patched(patched(data, b"PK\1\2", 24, "<L", size), b"PK\3\4", 22, "<L", size)
    limits = Limits(file=200_000)
    path = pack(tmp_path / "a.zip", [("ivanova/hw.zip", data), *GOOD])
    found = classroom.collect(path, limits=limits)
    assert states(found)["ivanova/hw.zip/hw.ipynb"] == "refused"
    assert classroom.submitted("ivanova") is None
    assert classroom.submitted("petrov") == notebook("good")


def test_a_file_over_the_limit_is_refused(classroom, tmp_path):
    big = os.urandom(400_000).hex().encode()
    path = pack(tmp_path / "a.zip", [("ivanova/hw.ipynb", big), *GOOD])
    collects_the_rest(
        classroom, path, "ivanova/hw.ipynb", "larger than 0 MB", limits=Limits(file=500_000)
    )


def test_the_limit_of_one_file_is_64_mb(classroom, tmp_path):
    folder = tmp_path / "downloads" / "ivanova"
    folder.mkdir(parents=True)
    with (folder / "hw.ipynb").open("wb") as file:
        file.truncate(64 * MIB + 1)
    (folder / "small.ipynb").write_bytes(notebook())
    found = classroom.collect(tmp_path / "downloads")
    assert "larger than 64 MB" in reasons(found)["ivanova/hw.ipynb"]
    assert classroom.submitted("ivanova") == notebook()


def test_a_member_that_unpacks_to_many_times_its_size_is_a_bomb(classroom, tmp_path):
    path = pack(tmp_path / "a.zip", [("ivanova/hw.ipynb", bytes(20 * MIB)), *GOOD])
    collects_the_rest(classroom, path, "ivanova/hw.ipynb", "a bomb")


def test_a_bomb_in_layers_is_not_opened(classroom, tmp_path):
    layer = bytes(MIB)
    for _depth in range(5):
        layer = zip_bytes([(f"{n}.zip", layer) for n in range(10)])
    path = pack(tmp_path / "a.zip", [("ivanova/hw.zip", layer), *GOOD])
    collects_the_rest(classroom, path, "ivanova/hw.zip/0.zip/0.zip", "not opened")


def test_one_students_bomb_does_not_use_up_the_class(classroom, tmp_path):
    many = zip_bytes([(f"{n}.ipynb", os.urandom(9000)) for n in range(40)])
    path = pack(tmp_path / "a.zip", [("ivanova/hw.zip", many), *GOOD])
    found = classroom.collect(path, limits=Limits(total=500_000, nested=100_000))
    assert "unpacks to more than" in reasons(found)["ivanova/hw.zip"]
    assert classroom.submitted("petrov") == notebook("good")


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_an_archive_over_the_limit_keeps_what_came_before(classroom, tmp_path, kind):
    files = [*GOOD, ("ivanova/hw.ipynb", os.urandom(200_000))]
    path = tmp_path / ("a.zip" if kind == "zip" else "a.tar.gz")
    entries = [(tarfile.TarInfo(name), data) for name, data in files]
    path.write_bytes(zip_bytes(files) if kind == "zip" else tar_bytes(entries))
    collects_the_rest(
        classroom, path, path.name, "unpacks to more than", limits=Limits(total=100_000)
    )


def test_too_many_names_are_refused(classroom, tmp_path):
    many = zip_bytes([(f"{n}.txt", b"") for n in range(30)])
    path = pack(tmp_path / "a.zip", [("ivanova/hw.zip", many), *GOOD])
    limits = Limits(nested_entries=20)
    collects_the_rest(classroom, path, "ivanova/hw.zip", "more than 20 names", limits=limits)


def test_a_long_list_of_names_is_not_even_read(tmp_path):
    (tmp_path / "a.zip").write_bytes(zip_bytes([(f"{n}.txt", b"") for n in range(2000)]))
    found = list(members(tmp_path / "a.zip", Limits(directory=10_000)))
    assert [type(one) for one in found] == [Refused]


def test_what_is_no_notebook_is_not_unpacked(classroom, tmp_path):
    bomb = bytes(30 * MIB)
    path = pack(tmp_path / "a.zip", [("petrov/data.bin", bomb), *GOOD])
    found = classroom.collect(path, limits=Limits(total=MIB))
    assert states(found)["petrov/data.bin"] == "beside"
    assert not found.needs_person


def test_a_student_who_handed_in_something_else_is_listed(classroom, tmp_path):
    path = pack(tmp_path / "a.zip", [("ivanova/hw.pdf", b"%PDF"), *GOOD])
    collects_the_rest(classroom, path, "ivanova/hw.pdf", "not a notebook")


def test_what_systems_leave_behind_is_passed_over(classroom, tmp_path):
    junk = ["__MACOSX/ivanova/._hw.ipynb", "ivanova/.DS_Store"]
    path = pack(tmp_path / "a.zip", [*((name, b"junk") for name in junk), *GOOD])
    assert len(classroom.collect(path).items) == 2


ZIP = zip_bytes([*GOOD, ("Юля/hw.ipynb", notebook())])
ARCHIVES = {
    "a.zip": ZIP,
    "a.tar": tar_bytes([(tarfile.TarInfo("a/hw.ipynb"), b"{}" * 99)], "w"),
    "a.tar.gz": tar_bytes([(tarfile.TarInfo("a/hw.ipynb"), b"{}" * 99)]),
    "a.tar.bz2": tar_bytes([(tarfile.TarInfo("a/hw.ipynb"), b"{}" * 99)], "w:bz2"),
    "a.tar.xz": tar_bytes([(tarfile.TarInfo("a/hw.ipynb"), b"{}" * 99)], "w:xz"),
}
LISTED = ZIP.index(b"PK\1\2")
NAME_LISTED = ZIP.index("Юля".encode(), LISTED)


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    name=st.sampled_from([*ARCHIVES]),
    place=st.integers(0, 20_000),
    value=st.binary(max_size=8),
    cut=st.integers(0, 400),
)
# What `zipfile` and `tarfile` raise beside their own errors, as random damage found them.
@example(name="a.zip", place=LISTED + 6, value=b"\x40", cut=0)  # NotImplementedError: version
@example(name="a.zip", place=NAME_LISTED, value=b"\xff", cut=0)  # UnicodeDecodeError
@example(name="a.zip", place=LISTED + 10, value=b"\x63", cut=0)  # NotImplementedError: method
@example(name="a.zip", place=LISTED + 42, value=b"\xff\xff\xff\x7f", cut=0)  # far outside
@example(name="a.zip", place=0, value=b"PK\1\2", cut=30)  # headers in the wrong places
@example(name="a.tar", place=124, value=b"\xff" * 8, cut=0)  # InvalidHeaderError: negative
@example(name="a.tar", place=156, value=b"L", cut=0)  # a long name that never comes
@example(name="a.tar.gz", place=0, value=b"", cut=20)  # EOFError
@example(name="a.tar.gz", place=20, value=b"\xff\xff", cut=0)  # zlib.error
@example(name="a.tar.bz2", place=20, value=b"\xff\xff", cut=0)  # OSError
@example(name="a.tar.xz", place=20, value=b"\xff\xff", cut=0)  # LZMAError
def test_any_damage_is_survived(tmp_path, name, place, value, cut):
    data = ARCHIVES[name]
    at = place % len(data)
    damaged = data[:at] + value + data[at + len(value) :]
    path = tmp_path / name
    path.write_bytes(damaged[: len(damaged) - cut])
    for found in members(path):
        assert isinstance(found, File | Refused)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=60))
def test_a_member_of_any_name_stays_inside(classroom, tmp_path, name):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(zipfile.ZipInfo(f"{name}/hw.ipynb"), notebook(name))
    (tmp_path / "any.zip").write_bytes(held.getvalue())
    classroom.collect(tmp_path / "any.zip")
    assert {path.name for path in tmp_path.iterdir()} == {"any.zip", "course"}
    top = {path.name for path in classroom.root.iterdir()}
    assert top <= {"course.toml", "roster.csv", "gradebook.db", "submitted", "downloaded"}
