"""What lies in a downloaded zip, tar, folder or file, one member after another.

Nothing is written under a member's own name, and no declared size is believed: members are
read in pieces up to a hard limit. A member that can't be read is a `Refused` with its reason,
and the next one follows. Archives inside an archive are opened, and those inside them, no
deeper. Of an archive that is cut, what stands before the cut is taken.
"""

import bz2
import gzip
import io
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from course_utils.i18n import _, ngettext
from course_utils.teaching.collect.cut_zip import begins_elsewhere, relisted
from course_utils.teaching.collect.kinds import (
    NOTEBOOK,
    START,
    File,
    Refused,
    bare,
    copy_of_jupyter,
    is_archive,
    is_wanted,
    may_be_a_notebook,
    not_a_notebook,
)
from course_utils.teaching.collect.limits import MIB, Allowance, Limits, TooMuch
from course_utils.teaching.collect.paths import is_junk, parts_of, recovered, why_refused
from course_utils.teaching.collect.zip_entries import directory_size, name_of, time_of

__all__ = ["members"]

_PIECE = MIB // 4
_DEEPEST = 2  # archives in the download, and archives in these
_DAMAGE = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, NotImplementedError),
    *(EOFError, OSError, struct.error, ValueError, OverflowError),
)


Found = File | Refused


def members(path: Path, limits: Limits | None = None) -> Iterator[Found]:
    """All files of a folder, an archive, or the one file itself. Never raises for content."""
    limits = limits or Limits()
    path = path.resolve()  # a link that the instructor names is meant; one inside is not
    top = (recovered(path.name),)
    if path.is_dir():
        yield from _folder(path, top, limits)
    else:
        yield from _on_disk(path, top, limits)


def _folder(folder: Path, parts: tuple[str, ...], limits: Limits) -> Iterator[Found]:
    try:
        children = sorted(folder.iterdir())
    except OSError as error:
        yield Refused(parts, _("the folder cannot be read: {error}").format(error=error))
        return
    for child in children:
        inside = (*parts, recovered(child.name))
        if is_junk(inside[-1:]):
            if child.is_dir() and not child.is_symlink():
                copies = sorted(path.name for path in child.glob("*.ipynb"))
                found = [copy_of_jupyter((*inside, recovered(name))) for name in copies]
                yield from (copy for copy in found if copy is not None)
            continue
        if child.is_dir() and not child.is_symlink():
            if NOTEBOOK.search(child.name):
                yield Refused(inside, _("a folder, not a file"))
            yield from _folder(child, inside, limits)
        else:
            yield from _on_disk(child, inside, limits)


def _on_disk(path: Path, parts: tuple[str, ...], limits: Limits) -> Iterator[Found]:
    try:
        facts = path.lstat()
        if not stat.S_ISREG(facts.st_mode):
            yield Refused(parts, _("a link or a device, not a file"))
            return
        if reason := why_refused(parts[-1]):
            yield Refused(parts, reason)
            return
        allowance = Allowance(limits)
        with path.open("rb") as file:
            if is_archive(path.name):
                yield from _archive(file, parts, allowance, 0)
                return
            time = datetime.fromtimestamp(facts.st_mtime, UTC)
            found = _file(file.read, parts, time, "file", allowance, facts.st_size)
            yield from _opened(found, allowance, 0)
    except OSError as error:
        yield Refused(parts, _("it cannot be read: {error}").format(error=error))


def _archive(file, parts: tuple[str, ...], allowance: Allowance, depth: int) -> Iterator[Found]:
    """The members of an open archive; what went wrong with it as a whole comes last.

    depth: 0 for a download, 1 for an archive in it, 2 for one in that.
    """
    is_zip = bare(parts[-1]).lower().endswith(".zip") or not is_archive(parts[-1])
    unpack = _zip if is_zip else _tar
    try:
        yield from unpack(file, parts, allowance, depth)
    except TooMuch as limit:
        yield Refused(
            parts, _("the archive unpacks to more than {limit}: a bomb?").format(limit=limit)
        )
    except _DAMAGE as error:
        words = _("a damaged archive: {error}").format(error=error)
        yield Refused(parts, f"{words}. {_anew(depth)}")


def _anew(depth: int) -> str:
    if depth:
        return _("Ask the student for it again.")
    return _("Download it anew and collect again.")


def _zip(file, parts, allowance: Allowance, depth: int) -> Iterator[Found]:
    try:
        if directory_size(file) > allowance.limits.directory:
            raise zipfile.BadZipFile(_("its list of names is too long"))
        archive = zipfile.ZipFile(file)
        if begins_elsewhere(file, [entry.header_offset for entry in archive.infolist()]):
            raise zipfile.BadZipFile(_("its list of names is another archive's"))
    except _DAMAGE as error:
        yield from _zip_without_list(file, parts, allowance, depth, error)
        return
    with archive:
        yield from _zip_members(archive, parts, allowance, depth)


def _zip_without_list(file, parts, allowance: Allowance, depth: int, error) -> Iterator[Found]:
    """What is whole in a zip that lost its end, then what is not."""
    found = relisted(file, Allowance(allowance.limits))
    if found is None:
        raise zipfile.BadZipFile(error)
    with zipfile.ZipFile(found.file) as archive:
        yield from _zip_members(archive, parts, allowance, depth)
    for names, reason in (
        (found.broken, _("it is cut off or damaged in the archive")),
        (found.beyond, _("it stands behind a damaged place, where a name proves nothing")),
    ):
        for name in map(recovered, names):
            inside = (*parts, *parts_of(name))
            if not is_junk(inside) and is_wanted(inside[-1]):
                yield Refused(inside, reason)
    words = ngettext(
        "the archive is cut or damaged, its list of files lost; {number} whole file is left.",
        "the archive is cut or damaged, its list of files lost; {number} whole files are left.",
        found.whole,
    )
    yield Refused(parts, f"{words.format(number=found.whole)} {_anew(depth)}")


def _zip_members(archive, parts, allowance: Allowance, depth: int) -> Iterator[Found]:
    entries = archive.infolist()
    if len(entries) > allowance.entries_left:
        raise TooMuch(f"{allowance.limits.entries} names")
    for entry in entries:
        allowance.take_entry()
        name = name_of(entry)
        inside = (*parts, *parts_of(name))
        if is_junk(inside):
            if (copy := copy_of_jupyter(inside)) is not None:
                yield copy
            continue
        kind = stat.S_IFMT(entry.external_attr >> 16) if entry.create_system == 3 else 0
        if entry.filename.endswith(("/", "\\")):
            if reason := why_refused(name):
                yield Refused(inside, reason)
            elif NOTEBOOK.search(inside[-1]):
                yield Refused(inside, _("a folder, not a file"))
        elif reason := why_refused(name):
            yield Refused(inside, reason)
        elif kind not in (0, stat.S_IFREG):
            yield Refused(inside, _("a link or a device, not a file"))
        elif entry.flag_bits & 0x1 and is_wanted(inside[-1]):
            yield Refused(inside, _("it is encrypted with a password"))
        else:
            yield from _zip_member(archive, entry, inside, allowance, depth)


def _zip_member(archive, entry, inside, allowance: Allowance, depth: int) -> Iterator[Found]:
    try:
        with archive.open(entry) as stream:
            found = _file(
                *(stream.read, inside, time_of(entry), "zip", allowance),
                *(entry.compress_size, depth > 0),
            )
    except NotImplementedError as error:
        found = Refused(inside, _("packed in an unknown way: {error}").format(error=error))
    except TooMuch:
        raise
    except (RuntimeError, *_DAMAGE) as error:
        found = Refused(inside, _("damaged in the archive: {error}").format(error=error))
    if isinstance(found, Refused) and not is_wanted(inside[-1]):
        found = not_a_notebook(inside)  # whatever else is wrong with it
    yield from _opened(found, allowance, depth)


def _tar(file, parts, allowance: Allowance, depth: int) -> Iterator[Found]:
    stream = _Capped(_decompressed(file), allowance)
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for entry in archive:
            allowance.take_entry()
            name = recovered(entry.name)
            inside = (*parts, *parts_of(name))
            if is_junk(inside):
                if (copy := copy_of_jupyter(inside)) is not None:
                    yield copy
                continue
            if reason := why_refused(name):
                if name.strip("./") or not entry.isdir():  # "./", as `tar c .` writes
                    yield Refused(inside, reason)
            elif entry.isdir():
                if NOTEBOOK.search(inside[-1]):
                    yield Refused(inside, _("a folder, not a file"))
            elif not entry.isreg() or entry.sparse is not None:
                yield Refused(inside, _("a link or a device, not a file"))
            else:
                time = None
                if 0 < entry.mtime < 4e9:
                    time = datetime.fromtimestamp(entry.mtime, UTC)
                content = archive.extractfile(entry)
                free = Allowance(allowance.limits)  # the stream itself counts
                packed = entry.size
                found = _file(content.read, inside, time, "tar", free, packed, depth > 0)
                yield from _opened(found, allowance, depth)


def _opened(found: Found, allowance: Allowance, depth: int) -> Iterator[Found]:
    """The member itself, or what is in it where it is an archive."""
    if isinstance(found, Refused) or not _is_to_open(found, allowance):
        yield found
    elif depth >= _DEEPEST:
        yield Refused(found.parts, _("archives in archives, too deep: not opened"))
    else:
        # An allowance of its own: one student's bomb doesn't eat what the class may unpack.
        own = allowance if depth else Allowance(allowance.limits.of_nested())
        yield from _archive(io.BytesIO(found.data), found.parts, own, depth + 1)


def _is_to_open(found: File, allowance: Allowance) -> bool:
    """Whether it is an archive: by its name, or a zip with a notebook under any other."""
    if is_archive(found.parts[-1]):
        return True
    if not found.data.startswith(b"PK\3\4"):
        return False
    file = io.BytesIO(found.data)
    try:
        if directory_size(file) > allowance.limits.directory:
            return False
        with zipfile.ZipFile(file) as archive:
            return any(map(is_wanted, archive.namelist()))
    except _DAMAGE:
        return False


def _file(
    read: Callable[[int], bytes],
    parts: tuple[str, ...],
    time: datetime | None,
    time_from: str,
    allowance: Allowance,
    packed: int,
    nested: bool = False,
) -> Found:
    """Read one file in pieces, and stop where it is more than a hand-in may be.

    Under another name than a notebook's only what holds one is read on.
    """
    wanted = is_wanted(parts[-1])
    limits = allowance.limits
    pieces, size, start = [], 0, _PIECE if wanted else START
    while piece := read(_PIECE if pieces else start):
        if not pieces and not wanted and not may_be_a_notebook(parts[-1], piece):
            return not_a_notebook(parts)
        pieces.append(piece)
        size += len(piece)
        allowance.take(len(piece))
        if size > limits.file:
            reason = _("larger than {size} MB").format(size=limits.file // MIB)
            return Refused(parts, reason)
        if size > max(limits.ratio_from, limits.ratio * packed):
            return Refused(
                parts,
                _("it unpacks to {ratio} times its size: a bomb?").format(
                    ratio=size // max(packed, 1)
                ),
            )
    data = b"".join(pieces)
    if not (wanted or data.startswith(b"PK") or (b'"cells"' in data and b'"nbformat"' in data)):
        return not_a_notebook(parts)
    return File(parts, data, time, time_from, nested)


def _decompressed(file):
    start = file.read(6)
    file.seek(0)
    if start.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=file)
    if start.startswith(b"BZh"):
        return bz2.BZ2File(file)
    if start.startswith(b"\xfd7zXZ\0"):
        return lzma.LZMAFile(file)
    return file


class _Capped:
    """Reads on until the allowance is used up: a tar is unpacked whole to be listed."""

    def __init__(self, stream, allowance: Allowance) -> None:
        self.stream, self.allowance = stream, allowance

    def read(self, size: int = -1) -> bytes:
        piece = self.stream.read(_PIECE if size < 0 else size)
        self.allowance.take(len(piece))
        return piece
