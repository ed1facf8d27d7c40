"""A zip that has lost its end, as a download that broke off leaves it: its list made anew.

A zip's list of members stands at its end. Each member also has a header of its own before its
data, and these follow one another from the first byte on. `relisted` walks along them as far
as it gets and puts a new list behind what is there, so that `zipfile` reads the members, by
the same rules as those of any archive.

The walk never looks for headers in the midst of data: a student's file may hold what looks
like one, in another student's name. What is found beyond a damaged place is only listed.

Formats: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3.7 (local header), 4.3.9 (data descriptor),
4.3.12 (central directory), 4.3.14-16 (its end), 4.5.3 (zip64).
"""

import io
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from course_utils.teaching.collect.limits import MIB, Allowance, TooMuch

__all__ = ["Relisted", "begins_elsewhere", "relisted"]

_SIGN = b"PK\3\4"  # of a member's own header
_LOCAL = struct.Struct("<4s5H3L2H")
_PIECE = MIB // 4
_BIG = 0xFFFFFFFF  # in a field of 32 bits: the value stands in the zip64 field
_SIZES_LATER, _UTF8 = 0x8, 0x800  # bits of the flags
_STORED, _DEFLATED = 0, 8
_LONGEST_NAME = 4096  # bytes, of a name that is listed from beyond a damaged place


@dataclass
class _Entry:
    """A member by its own header. at: of its header; size: unpacked."""

    at: int
    flags: int
    method: int
    when: tuple[int, int]
    crc: int
    packed: int
    size: int
    name: bytes
    extra: bytes

    @property
    def data_at(self) -> int:
        return self.at + _LOCAL.size + len(self.name) + len(self.extra)


@dataclass(frozen=True)
class Relisted:
    """file: for `zipfile` to open; whole: how many members stand in its new list.

    broken: names of members whose data is cut or damaged; beyond: names found after that, by
    a search, which prove nothing.
    """

    file: BinaryIO
    whole: int
    broken: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()


@dataclass
class _Walk:
    entries: list[_Entry] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    lost_at: int | None = None  # where the next header could not be told any more


def begins_elsewhere(file: BinaryIO, offsets: list[int]) -> bool:
    """Whether a list of members at these offsets cannot be that of this file.

    A zip's first member stands at its first byte. Where the end is cut behind a zip that a
    student handed in, `zipfile` takes that one's list for the whole one's.
    """
    file.seek(0)
    return file.read(4) == _SIGN and min(offsets, default=1) > 0


def relisted(file: BinaryIO, allowance: Allowance) -> Relisted | None:
    """The zip with a new list of the members that are there; None where there are none.

    Raises TooMuch where names, or what had to be unpacked to find its end, go over the limits.
    """
    size = file.seek(0, io.SEEK_END)
    found = _walk(file, size, allowance)
    if not found.entries and not found.broken:
        return None
    beyond = ()
    if found.lost_at is not None:
        beyond = tuple(_search(file, found.lost_at, allowance))
    whole = io.BufferedReader(_Joined(file, size, _central_directory(found.entries, size)))
    return Relisted(whole, len(found.entries), tuple(found.broken), beyond)


def _walk(file: BinaryIO, size: int, allowance: Allowance) -> _Walk:
    found, at, names = _Walk(), 0, 0
    while (entry := _header(file, at)) is not None:
        allowance.take_entry()
        names += 46 + len(entry.name) + len(entry.extra)
        if names > allowance.limits.directory:
            raise TooMuch(f"{allowance.limits.entries} names")
        at = _end_of(file, entry, allowance)
        if at is None or at > size:
            found.broken.append(_text(entry))
            found.lost_at = entry.data_at if at is None else None
            break
        found.entries.append(entry)
    return found


def _header(file: BinaryIO, at: int) -> _Entry | None:
    """The member's header at that place, or None where no whole one stands."""
    file.seek(at)
    head = file.read(_LOCAL.size)
    if len(head) < _LOCAL.size or not head.startswith(_SIGN):
        return None
    _sign, _version, flags, method, *when, crc, packed, size, long, more = _LOCAL.unpack(head)
    name, extra = file.read(long), file.read(more)
    if (len(name), len(extra)) != (long, more):
        return None
    if _BIG in (packed, size):
        packed, size = _zip64(extra, packed, size)
    return _Entry(at, flags, method, tuple(when), crc, packed, size, name, extra)


def _end_of(file: BinaryIO, entry: _Entry, allowance: Allowance) -> int | None:
    """Where the next header stands; beyond the file where the data is cut. None: can't tell.

    Fills in sizes and checksum where they stand behind the data.
    """
    if not entry.flags & _SIZES_LATER:
        return entry.data_at + entry.packed
    if entry.method == _DEFLATED:
        return _after_deflated(file, entry, allowance)
    if entry.method == _STORED and entry.name.endswith(b"/"):
        return _after_descriptor(file, entry, 0, 0, 0)
    return None  # nothing in the data says where it ends


def _after_deflated(file: BinaryIO, entry: _Entry, allowance: Allowance) -> int | None:
    file.seek(entry.data_at)
    packed = size = crc = 0
    unpack, rest = zlib.decompressobj(-zlib.MAX_WBITS), b""
    limits = allowance.limits
    while not unpack.eof:
        if not rest:
            rest = file.read(_PIECE)
            packed += len(rest)
            if not rest:
                return entry.data_at + packed + 1  # cut: its end lies beyond the file's
        try:
            piece = unpack.decompress(rest, _PIECE)
        except zlib.error:
            return None
        rest = unpack.unconsumed_tail
        size += len(piece)
        crc = zlib.crc32(piece, crc)
        allowance.take(len(piece))
        if size > max(limits.file, limits.ratio_from, limits.ratio * packed):
            return None  # a bomb: not to be followed to its end
    return _after_descriptor(file, entry, crc, packed - len(unpack.unused_data), size)


def _after_descriptor(
    file: BinaryIO, entry: _Entry, crc: int, packed: int, size: int
) -> int | None:
    """Behind the data stand checksum and sizes: with or without a signature, short or long."""
    end = entry.data_at + packed
    file.seek(end)
    there = file.read(24)
    for sizes in ("<LLL", "<LQQ"):
        if max(packed, size) > _BIG and sizes == "<LLL":
            continue
        for signature in (b"PK\7\x08", b""):
            wanted = signature + struct.pack(sizes, crc, packed, size)
            if there[: len(wanted)] == wanted[: len(there)]:  # it may be cut itself
                entry.crc, entry.packed, entry.size = crc, packed, size
                return min(end + len(wanted), end + len(there))
    return None


def _zip64(extra: bytes, packed: int, size: int) -> tuple[int, int]:
    for kind, body in _fields(extra):
        if kind == 1 and len(body) >= 16:
            size, packed = struct.unpack_from("<QQ", body)
    return packed, size


def _fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        yield kind, extra[4 : 4 + length]
        extra = extra[4 + length :]


def _search(file: BinaryIO, start: int, allowance: Allowance) -> Iterator[str]:
    """Names in whatever looks like a header from there on."""
    file.seek(start)
    held, before = b"", start
    while piece := file.read(_PIECE):
        held += piece
        for sign in re.finditer(re.escape(_SIGN), held):
            entry = _header(file, before + sign.start())
            if entry and 0 < len(entry.name) <= _LONGEST_NAME and not entry.name.endswith(b"/"):
                allowance.take_entry()
                yield _text(entry)
        kept = min(len(held), 3)
        before += len(held) - kept
        held = held[-kept:]
        file.seek(before + kept)


def _text(entry: _Entry) -> str:
    """The name, as `zipfile` would give it."""
    if entry.flags & _UTF8:
        return entry.name.decode("utf-8", "replace")
    return entry.name.decode("cp437")


def _central_directory(entries: list[_Entry], start: int) -> bytes:
    """The list of the members and the end of the zip, to stand at `start`."""
    rows = b"".join(map(_row, entries))
    count = len(entries)
    end = b""
    if start >= _BIG:
        sizes = (44, 45, 45, 0, 0, count, count, len(rows), start)
        end += struct.pack("<4sQ2H2L4Q", b"PK\6\6", *sizes)
        end += struct.pack("<4sLQL", b"PK\6\7", 0, start + len(rows), 1)
    sizes = (0, 0, count, count, len(rows), min(start, _BIG), 0)
    return rows + end + struct.pack("<4s4H2LH", b"PK\5\6", *sizes)


def _row(entry: _Entry) -> bytes:
    values = (entry.size, entry.packed, entry.at)
    long = b"".join(struct.pack("<Q", value) for value in values if value >= _BIG)
    extra = b"".join(
        struct.pack("<HH", kind, len(body)) + body
        for kind, body in _fields(entry.extra)
        if kind == 0x7075  # a name in UTF-8; the others say nothing that is asked for
    )
    if long:
        extra = struct.pack("<HH", 1, len(long)) + long + extra
    size, packed, at = (min(value, _BIG) for value in values)
    flags = entry.flags
    try:
        entry.name.decode("utf-8")
    except UnicodeDecodeError:  # then it is in no UTF-8, whatever it says
        flags &= ~_UTF8
    head = (b"PK\1\2", 20, 20, flags, entry.method, *entry.when, entry.crc, packed, size)
    tail = (len(entry.name), len(extra), 0, 0, 0, 0, at)
    return struct.pack("<4s6H3L5H2L", *head, *tail) + entry.name + extra


class _Joined(io.RawIOBase):
    """The first `size` bytes of a file, and behind them others."""

    def __init__(self, file: BinaryIO, size: int, tail: bytes) -> None:
        self._file, self._size, self._tail, self._at = file, size, tail, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        from_ = (0, self._at, self._size + len(self._tail))[whence]
        self._at = max(0, from_ + offset)
        return self._at

    def readinto(self, buffer) -> int:
        room = memoryview(buffer)
        if self._at < self._size:
            self._file.seek(self._at)
            count = self._file.readinto(room[: self._size - self._at])
        else:
            piece = self._tail[self._at - self._size :][: len(room)]
            room[: len(piece)], count = piece, len(piece)
        self._at += count
        return count
