"""What a zip says of itself and of its members, doubted where writers of zips differ."""

import io
import struct
import zipfile
from datetime import UTC, datetime

from course_utils.teaching.collect.paths import recovered

__all__ = ["directory_size", "name_of", "time_of"]

_NO_TIME = (1980, 1, 1, 0, 0, 0)  # what a zip says where its writer gave none


def name_of(entry: zipfile.ZipInfo) -> str:
    """The member's name: Info-ZIP's UTF-8 field, the UTF-8 mark, or a guess at the encoding."""
    extra = entry.extra
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        if kind == 0x7075 and size > 5:
            try:
                return extra[9 : 4 + size].decode("utf-8")
            except UnicodeDecodeError:
                break
        extra = extra[4 + size :]
    return entry.orig_filename if entry.flag_bits & 0x800 else recovered(entry.orig_filename)


def time_of(entry: zipfile.ZipInfo) -> datetime | None:
    """A zip's times are local ones, of the machine that wrote it: taken as this machine's."""
    if entry.date_time <= _NO_TIME:
        return None
    try:
        return datetime(*entry.date_time).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def directory_size(file) -> int:
    """Bytes of the zip's list of names, as `zipfile` will read it; 0 where it finds none."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - 65_557 - 20))
    tail = file.read()
    place = tail.rfind(b"PK\5\6")
    if place < 0 or len(tail) < place + 22:
        return 0
    listed = struct.unpack("<I", tail[place + 12 : place + 16])[0]
    if tail[max(place - 20, 0) : place].startswith(b"PK\6\7"):  # zip64: sizes stand before it
        file.seek(struct.unpack("<Q", tail[place - 12 : place - 4])[0] % max(size, 1))
        record = file.read(56)
        if record.startswith(b"PK\6\6") and len(record) == 56:
            listed = struct.unpack("<Q", record[40:48])[0]
        else:  # zipfile looks for it right before its locator
            listed = size
    return min(listed, size)
