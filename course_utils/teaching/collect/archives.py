"""What lies in a downloaded zip, tar, folder or file, one member after another.

Nothing is written under a member's own name, and no declared size is believed: members are
read in pieces up to a hard limit. A member that can't be read is a `Refused` with its reason,
and the next one follows. Archives inside an archive are opened, those inside them are not. Of
an archive that is cut, what stands before the cut is taken.
"""

import bz2
import gzip
import io
import lzma
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from course_utils.i18n import _, ngettext
from course_utils.teaching.collect.cut_zip import begins_elsewhere, relisted
from course_utils.teaching.collect.limits import MIB, Allowance, Limits, TooMuch
from course_utils.teaching.collect.paths import is_junk, parts_of, recovered, why_refused
from course_utils.teaching.collect.zip_entries import directory_size, name_of, time_of

__all__ = ["File", "Refused", "is_archive", "members"]

_ARCHIVE = re.compile(r"\.(zip|tar|tgz|tbz2?|txz|tar\.(gz|bz2|xz))$", re.IGNORECASE)
_CLOSED = re.compile(r"\.(rar|7z|zipx|gz|bz2|xz|zst)$", re.IGNORECASE)  # that Python can't open
_NOTEBOOK = re.compile(r"\.ipynb(\.\w{1,8})?$|\.json$|(^|_)timestamp\.txt$", re.IGNORECASE)
_PIECE = MIB // 4
_DAMAGE = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, NotImplementedError),
    *(EOFError, OSError, struct.error, ValueError, OverflowError),
)


@dataclass(frozen=True)
class File:
    """A file that may be a hand-in, read whole.

    parts: folders and name, the container's name first. time: of its last change, or None.
    time_from: "zip", "tar" or "file": who says so. nested: out of a student's own archive.
    """

    parts: tuple[str, ...]
    data: bytes
    time: datetime | None
    time_from: str
    nested: bool = False


@dataclass(frozen=True)
class Refused:
    """What was not taken and why, in the language in use.

    harmless: a file beside the hand-ins (a picture, a PDF), which alone troubles nobody.
    """

    parts: tuple[str, ...]
    reason: str
    harmless: bool = False


Found = File | Refused


def is_archive(name: str) -> bool:
    """Whether a file of that name is opened for what is in it."""
    return bool(_ARCHIVE.search(name))


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
            continue
        if child.is_dir() and not child.is_symlink():
            if _NOTEBOOK.search(child.name):
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
                yield from _archive(file, parts, allowance, nested=False)
                return
            time = datetime.fromtimestamp(facts.st_mtime, UTC)
            yield _file(file.read, parts, time, "file", allowance, facts.st_size)
    except OSError as error:
        yield Refused(parts, _("it cannot be read: {error}").format(error=error))


def _archive(
    file, parts: tuple[str, ...], allowance: Allowance, *, nested: bool
) -> Iterator[Found]:
    """The members of an open archive; what went wrong with it as a whole comes last."""
    unpack = _zip if parts[-1].lower().endswith(".zip") else _tar
    try:
        yield from unpack(file, parts, allowance, nested)
    except TooMuch as limit:
        yield Refused(
            parts, _("the archive unpacks to more than {limit}: a bomb?").format(limit=limit)
        )
    except _DAMAGE as error:
        words = _("a damaged archive: {error}").format(error=error)
        yield Refused(parts, f"{words}. {_anew(nested)}")


def _anew(nested: bool) -> str:
    if nested:
        return _("Ask the student for it again.")
    return _("Download it anew and collect again.")


def _zip(file, parts, allowance: Allowance, nested: bool) -> Iterator[Found]:
    try:
        if directory_size(file) > allowance.limits.directory:
            raise zipfile.BadZipFile(_("its list of names is too long"))
        archive = zipfile.ZipFile(file)
        if begins_elsewhere(file, [entry.header_offset for entry in archive.infolist()]):
            raise zipfile.BadZipFile(_("its list of names is another archive's"))
    except _DAMAGE as error:
        yield from _zip_without_list(file, parts, allowance, nested, error)
        return
    with archive:
        yield from _zip_members(archive, parts, allowance, nested)


def _zip_without_list(
    file, parts, allowance: Allowance, nested: bool, error
) -> Iterator[Found]:
    """What is whole in a zip that lost its end, then what is not."""
    found = relisted(file, Allowance(allowance.limits))
    if found is None:
        raise zipfile.BadZipFile(error)
    with zipfile.ZipFile(found.file) as archive:
        yield from _zip_members(archive, parts, allowance, nested)
    for names, reason in (
        (found.broken, _("it is cut off or damaged in the archive")),
        (found.beyond, _("it stands behind a damaged place, where a name proves nothing")),
    ):
        for name in map(recovered, names):
            inside = (*parts, *parts_of(name))
            if not is_junk(inside) and _is_wanted(inside[-1]):
                yield Refused(inside, reason)
    words = ngettext(
        "the archive is cut or damaged, its list of files lost; {number} whole file is left.",
        "the archive is cut or damaged, its list of files lost; {number} whole files are left.",
        found.whole,
    )
    yield Refused(parts, f"{words.format(number=found.whole)} {_anew(nested)}")


def _zip_members(archive, parts, allowance: Allowance, nested: bool) -> Iterator[Found]:
    entries = archive.infolist()
    if len(entries) > allowance.entries_left:
        raise TooMuch(f"{allowance.limits.entries} names")
    for entry in entries:
        allowance.take_entry()
        name = name_of(entry)
        inside = (*parts, *parts_of(name))
        if is_junk(inside):
            continue
        kind = stat.S_IFMT(entry.external_attr >> 16) if entry.create_system == 3 else 0
        if entry.filename.endswith(("/", "\\")):
            if reason := why_refused(name):
                yield Refused(inside, reason)
            elif _NOTEBOOK.search(inside[-1]):
                yield Refused(inside, _("a folder, not a file"))
        elif reason := why_refused(name):
            yield Refused(inside, reason)
        elif kind not in (0, stat.S_IFREG):
            yield Refused(inside, _("a link or a device, not a file"))
        elif entry.flag_bits & 0x1 and _is_wanted(inside[-1]):
            yield Refused(inside, _("it is encrypted with a password"))
        elif _is_wanted(inside[-1]):
            yield from _zip_member(archive, entry, inside, allowance, nested)
        else:
            yield _not_a_notebook(inside)


def _zip_member(archive, entry, inside, allowance: Allowance, nested: bool) -> Iterator[Found]:
    try:
        with archive.open(entry) as stream:
            found = _file(
                *(stream.read, inside, time_of(entry), "zip", allowance),
                *(entry.compress_size, nested),
            )
    except NotImplementedError as error:
        found = Refused(inside, _("packed in an unknown way: {error}").format(error=error))
    except TooMuch:
        raise
    except (RuntimeError, *_DAMAGE) as error:
        found = Refused(inside, _("damaged in the archive: {error}").format(error=error))
    yield from _opened(found, allowance, nested)


def _tar(file, parts, allowance: Allowance, nested: bool) -> Iterator[Found]:
    stream = _Capped(_decompressed(file), allowance)
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for entry in archive:
            allowance.take_entry()
            name = recovered(entry.name)
            inside = (*parts, *parts_of(name))
            if is_junk(inside):
                continue
            if reason := why_refused(name):
                if name.strip("./") or not entry.isdir():  # "./", as `tar c .` writes
                    yield Refused(inside, reason)
            elif entry.isdir():
                if _NOTEBOOK.search(inside[-1]):
                    yield Refused(inside, _("a folder, not a file"))
            elif not entry.isreg() or entry.sparse is not None:
                yield Refused(inside, _("a link or a device, not a file"))
            elif _is_wanted(inside[-1]):
                time = None
                if 0 < entry.mtime < 4e9:
                    time = datetime.fromtimestamp(entry.mtime, UTC)
                content = archive.extractfile(entry)
                free = Allowance(allowance.limits)  # the stream itself counts
                found = _file(content.read, inside, time, "tar", free, entry.size, nested)
                yield from _opened(found, allowance, nested)
            else:
                yield _not_a_notebook(inside)


def _opened(found: Found, allowance: Allowance, nested: bool) -> Iterator[Found]:
    """The member itself, or what is in it where it is an archive."""
    if isinstance(found, Refused) or not is_archive(found.parts[-1]):
        yield found
    elif nested:
        yield Refused(found.parts, _("an archive in an archive in an archive: not opened"))
    else:
        # An allowance of its own: one student's bomb doesn't eat what the class may unpack.
        own = Allowance(allowance.limits.of_nested())
        yield from _archive(io.BytesIO(found.data), found.parts, own, nested=True)


def _file(
    read: Callable[[int], bytes],
    parts: tuple[str, ...],
    time: datetime | None,
    time_from: str,
    allowance: Allowance,
    packed: int,
    nested: bool = False,
) -> Found:
    """Read one file in pieces, and stop where it is more than a hand-in may be."""
    if not _is_wanted(parts[-1]):
        return _not_a_notebook(parts)
    limits = allowance.limits
    pieces, size = [], 0
    while piece := read(_PIECE):
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
    return File(parts, b"".join(pieces), time, time_from, nested)


def _is_wanted(name: str) -> bool:
    return bool(_NOTEBOOK.search(name)) or is_archive(name)


def _not_a_notebook(parts: tuple[str, ...]) -> Refused:
    if _CLOSED.search(parts[-1]):
        return Refused(parts, _("an archive of this kind cannot be opened: unpack it by hand"))
    return Refused(parts, _("not a notebook (.ipynb)"), harmless=True)


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
