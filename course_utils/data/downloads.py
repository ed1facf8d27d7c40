"""Files from the network that can be trusted: the right ones, whole, and fetched once.

    archive = RemoteFile("VOCtrainval_11-May-2012.tar", sha256, 1_999_639_040, urls)
    path = fetch(archive, folder)

Mirrors are tried in order, those of COURSE_MIRRORS first: addresses of folders (https://... or
a path on this machine), separated by spaces, in which files lie under their own names.

What has come stands in NAME.part until its checksum is right; only then it gets its name. A
try that was cut goes on where it ended, on another mirror too, if the server can (RFC 9110,
sections 13.1.5, 14.2); where it can't, or where its file has changed, it begins anew. Who is
killed leaves a .part for the next one. Of several processes one fetches and the others wait.
"""

import hashlib
import http.client
import json
import os
import re
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import Request, urlopen

from filelock import FileLock, Timeout
from tqdm.auto import tqdm

from course_utils.data.cache import cache_folder, is_on_drive
from course_utils.i18n import _

__all__ = [
    "RemoteFile",
    "Unavailable",
    "download",
    "fetch",
    "forget",
    "is_right",
    "only_one",
    "require_room",
]

STALL = 20.0  # seconds without a byte before a mirror is given up
SLOWEST = 2**10  # bytes a second, on average over STALL: less is as good as nothing
TRIES = 20  # at most, of one mirror, as long as each brings a hundredth of the file
PAUSE = 1.0  # seconds between them
_CHUNK = 2**18
_BAR_DELAY = 1  # second: what is there, or a mirror that is not, needs no bar
_MARGIN = 2**24  # bytes of the disk that are left free


class Unavailable(Exception):
    """What was asked for can't be had; the words are for the reader, in the language in use.

    reason: the part of them that says why, without a full stop.
    """

    def __init__(self, sentence: str, reason: str = "") -> None:
        super().__init__(sentence)
        self.reason = reason or sentence


@dataclass(frozen=True)
class RemoteFile:
    """One file, known by its digest, wherever it lies.

    sha256: in hexadecimal digits, or as many of the first as are known.
    size: in bytes; where not `exact`, to one per cent and a kilobyte.
    urls: its mirrors, the best first.
    """

    name: str
    sha256: str
    size: int
    urls: tuple[str, ...]
    exact: bool = True

    def addresses(self) -> list[str]:
        """Where to look, in order: the mirrors of COURSE_MIRRORS, then `urls`."""
        own = [_as_url(mirror) for mirror in os.environ.get("COURSE_MIRRORS", "").split()]
        return [*(f"{mirror}/{quote(self.name)}" for mirror in own), *self.urls]

    def may_have(self, size: int) -> bool:
        """Whether the file can be of that many bytes."""
        return abs(size - self.size) <= (0 if self.exact else self.size // 100 + 2**10)


def fetch(remote: RemoteFile, folder: Path, *, progress: bool = True) -> Path:
    """The file in `folder`, its checksum right: as it is there, or downloaded.

    progress: show a bar (to stderr) for what takes time.
    Raises Unavailable where no mirror has it, or the disk has no room.
    """
    final = folder / remote.name
    if is_right(remote, final, progress=progress):
        return final  # also from a folder that can't be written
    locks = cache_folder() if is_on_drive(folder) else folder
    with only_one(remote.name, locks), _disk_errors_told(remote.name, folder):
        if not is_right(remote, final, progress=progress):
            part = download(remote, folder, progress=progress)
            part.replace(final)
            forget(part)
    return final


def download(remote: RemoteFile, folder: Path, *, progress: bool = True) -> Path:
    """The file under its name with .part behind it, its checksum right.

    For one process at a time (`only_one`). Raises Unavailable.
    """
    part = folder / f"{remote.name}.part"
    failures = []
    with _disk_errors_told(remote.name, folder):
        folder.mkdir(parents=True, exist_ok=True)
        require_room(folder, remote.size - _length(part))
        for url in remote.addresses():
            try:
                _from_mirror(url, remote, part, progress)
                return part
            except _Failure as failure:
                failures.append(f"{urlsplit(url).hostname or urlsplit(url).path}: {failure}")
    raise _unavailable(remote.name, "; ".join(failures))


def forget(part: Path) -> None:
    """Begin a download anew. The bytes go first: a record without them does no harm."""
    part.unlink(missing_ok=True)
    _record_of(part).unlink(missing_ok=True)


def is_right(remote: RemoteFile, path: Path, *, progress: bool = True) -> bool:
    """Whether the file is there and has the digest that it should have."""
    if not path.is_file() or not remote.may_have(_length(path)):
        return False
    return _digest(path, progress).startswith(remote.sha256)


def require_room(folder: Path, needed: int) -> None:
    """Raises Unavailable where the disk of `folder` has less than `needed` bytes free."""
    free = shutil.disk_usage(folder).free - _MARGIN
    if free < needed:
        reason = _("{folder} has room for {free} MB, and {needed} MB are needed").format(
            folder=folder, free=max(0, free) // 10**6, needed=-(-needed // 10**6)
        )
        sentence = _("Not enough room on the disk: {reason}.").format(reason=reason)
        raise Unavailable(sentence, reason)


@contextmanager
def only_one(name: str, folder: Path) -> Iterator[None]:
    """One process (and thread) at a time; a killed one lets the next in.

    folder: where the lock lies, on a disk that knows locks: Google Drive does not.
    """
    with _disk_errors_told(name, folder):
        (folder / ".locks").mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".locks" / f"{name}.lock")
        try:
            lock.acquire(timeout=1)
        except Timeout:
            sentence = _("Another process is getting {name}: waiting until it is there.")
            print(sentence.format(name=name), file=sys.stderr)
            lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _disk_errors_told(name: str, folder: Path) -> Iterator[None]:
    """What the disk refuses ends as Unavailable. Of the network, `_Failure` tells."""
    try:
        yield
    except (OSError, NotImplementedError) as error:  # filelock: no locks on this disk
        words = getattr(error, "strerror", None) or type(error).__name__
        raise _unavailable(name, f"{folder}: {words}") from error


def _unavailable(name: str, reason: str) -> Unavailable:
    sentence = _("{name} can't be had ({reason}).").format(name=name, reason=reason)
    return Unavailable(sentence, reason)


class _Failure(Exception):
    """This mirror is of no use; the words say why, for the reader."""


class _Cut(_Failure):
    """It stopped in the middle: a further try may go on from there."""


@dataclass(frozen=True)
class _Record:
    """Where the bytes of a .part come from. total: of the whole file, None: not said."""

    url: str
    validator: str | None
    total: int | None


def _from_mirror(url: str, remote: RemoteFile, part: Path, progress: bool) -> None:
    """Make `part` whole and right. Raises _Failure."""
    longest = _length(part)
    with _bar(remote.name, remote.size, progress) as bar:
        for last in (*[False] * (TRIES - 1), True):
            begun = _length(part)
            try:
                if begun != _whole_length(remote, part):  # else whole, but not yet checked
                    begun = _receive(url, remote, part, bar)
            except _Cut:
                if last or _length(part) - longest <= remote.size // 100:
                    raise
                longest = _length(part)
                time.sleep(PAUSE)
                continue
            if is_right(remote, part, progress=progress):
                return
            forget(part)
            longest = 0
            if not begun or last:
                raise _Failure(_("another file (its checksum differs)"))
            # Glued of two answers that don't fit: once more, from the beginning.


def _receive(url: str, remote: RemoteFile, part: Path, bar: tqdm) -> int:
    """Append what is missing, or begin anew; returns the byte that the answer began with."""
    record = _read_record(part)
    if record is None:
        forget(part)
    have = _length(part)
    try:
        with _opened(url, have, record) as response:
            start, total = _range_of(response, have)
            _require_a_file(response)
            validator = _validator(response)
            if total is not None and not remote.may_have(total):
                raise _Failure(_("a file of another length ({n} bytes)").format(n=total))
            if start and record and _changed(record, _Record(url, validator, total)):
                raise _Again
            if not start:
                forget(part)
                _write_record(part, _Record(url, validator, total))
            _append(response, part, total, bar, remote)
            return start
    except _Again:
        forget(part)
        return _receive(url, remote, part, bar)


class _Again(Exception):
    """What has come so far doesn't fit to what the server has now."""


def _opened(url: str, have: int, record: _Record | None):
    """The answer of a server, asked for all from byte `have` on."""
    headers = {"User-Agent": "course_utils", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
        if record and record.validator and record.url == url:
            headers["If-Range"] = record.validator
    try:
        return urlopen(Request(url, headers=headers), timeout=STALL)
    except HTTPError as error:
        error.close()
        if error.code == 416 and have:
            raise _Again from error
        raise _Failure(_("status {code}").format(code=error.code)) from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise _Failure(_words(error)) from error


def _range_of(response, have: int) -> tuple[int, int | None]:
    """The first byte of the answer, and the length of the whole file (None: not said)."""
    if response.status == 206:
        said = response.headers.get("Content-Range", "")
        found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", said.strip())
        if not found or int(found[1]) != have:
            raise _Failure(_("another part of the file ({said})").format(said=said))
        return have, None if found[2] == "*" else int(found[2])
    if response.status not in (200, None):  # None: a file: address has no status
        raise _Failure(_("status {code}").format(code=response.status))
    length = response.headers.get("Content-Length", "")
    return 0, int(length) if length.isdecimal() else None


def _require_a_file(response) -> None:
    kind = response.headers.get_content_type()
    if kind in ("text/html", "application/xhtml+xml"):  # such as the page of a hotel's Wi-Fi
        raise _Failure(_("a web page instead of the file"))
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise _Failure(_("a packed answer that nobody asked for"))


def _validator(response) -> str | None:
    tag = response.headers.get("ETag")
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified")


def _changed(before: _Record, now: _Record) -> bool:
    if None not in (before.total, now.total) and before.total != now.total:
        return True
    known = before.url == now.url and None not in (before.validator, now.validator)
    return known and before.validator != now.validator


def _append(response, part: Path, total: int | None, bar: tqdm, remote: RemoteFile) -> None:
    """Write to the end of `part` what comes, until it has `total` bytes (None: all of it)."""
    length = _length(part)
    window, before = time.monotonic(), length
    _show(bar, length)
    with open(part, "ab", buffering=0) as file:
        while length != total:
            try:
                chunk = response.read1(_CHUNK if total is None else min(_CHUNK, total - length))
            except (OSError, http.client.HTTPException) as error:
                raise _Cut(_cut_words(length, error)) from error
            if not chunk:
                break
            left = memoryview(chunk)
            while left:  # a disk that is nearly full takes less than it is given
                left = left[file.write(left) :]
            length += len(chunk)
            _show(bar, length)
            if length > remote.size and not remote.may_have(length):
                break
            if time.monotonic() - window > STALL:
                if length - before < SLOWEST * STALL:
                    raise _Cut(_cut_words(length, TimeoutError()))
                window, before = time.monotonic(), length
    if length < (total or 0) or (length < remote.size and not remote.may_have(length)):
        raise _Cut(_cut_words(length, None))
    if not remote.may_have(length):
        forget(part)
        raise _Failure(_("a file of another length ({n} bytes)").format(n=f"≥ {length}"))


def _cut_words(length: int, error: Exception | None) -> str:
    words = _("cut off after {megabytes:.1f} MB").format(megabytes=length / 10**6)
    return words if error is None else f"{words}, {_words(error)}"


def _words(error: Exception) -> str:
    """Why there is no answer, for the reader."""
    if isinstance(error, URLError) and isinstance(error.reason, Exception):
        error = error.reason
    if isinstance(error, TimeoutError):
        return _("nothing came for {seconds:g} seconds").format(seconds=STALL)
    if isinstance(error, socket.gaierror):
        return _("no such address, or no network")
    if isinstance(error, ConnectionError):
        return _("the connection was refused or broken off")
    return f"{type(error).__name__}: {error}".removesuffix(": ").rstrip(".")


def _as_url(mirror: str) -> str:
    if "://" not in mirror:
        mirror = Path(mirror).expanduser().absolute().as_uri()
    return mirror.rstrip("/")


def _whole_length(remote: RemoteFile, part: Path) -> int | None:
    """Bytes that `part` will have; None: the answer will tell."""
    record = _read_record(part)
    return remote.size if remote.exact else record.total if record else None


def _length(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _digest(path: Path, progress: bool) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file, _bar(path.name, _length(path), progress) as bar:
        while chunk := file.read(2**20):
            digest.update(chunk)
            bar.update(len(chunk))
    return digest.hexdigest()


def _bar(name: str, total: int, progress: bool) -> tqdm:
    options = {"unit": "B", "unit_scale": True, "leave": False, "delay": _BAR_DELAY}
    return tqdm(total=total, desc=name, disable=not progress, **options)


def _show(bar: tqdm, length: int) -> None:
    if length >= bar.n:
        bar.update(length - bar.n)
    else:  # begun anew
        bar.reset()
        bar.update(length)


def _record_of(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _read_record(part: Path) -> _Record | None:
    try:
        return _Record(**json.loads(_record_of(part).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _write_record(part: Path, record: _Record) -> None:
    _record_of(part).write_text(json.dumps(asdict(record)))
