"""A downloaded archive as a folder in the cache: whole or not at all, for all who read it.

    root = unpacked_once(archive, "voc2012", room=2_100_000_000, is_whole=is_whole)

Nothing of an archive may leave the folder: no absolute path, no `..`, no link, no device. It
is unpacked beside its place and moved there when all is written, with a seal: a list of its
files and their lengths, by which a damaged folder is known and made anew. Files that somebody
adds do no harm.
A folder without a seal that holds what is needed, a copy of one's own, is taken as it is; one
that does not is moved to NAME-not-whole.
"""

import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from tqdm.auto import tqdm

from course_utils.data.cache import archive_folder, cache_folder, drive_folder
from course_utils.data.downloads import (
    RemoteFile,
    Unavailable,
    download,
    forget,
    is_right,
    only_one,
    require_room,
)
from course_utils.i18n import _

__all__ = ["unpacked_once"]

_SEAL = "files.txt"


def unpacked_once(
    remote: RemoteFile,
    name: str,
    *,
    room: int,
    is_whole: Callable[[Path], bool],
    progress: bool = True,
) -> Path:
    """The folder `name` in the cache with the files of a tar archive.

    room: bytes that all files have together, at most.
    is_whole: folder -> whether it holds what is needed.
    An archive that lies in `archive_folder()` already, its checksum right, is unpacked and
    left there; a downloaded one is kept on Google Drive only.
    Raises Unavailable, with a sentence for the reader, where the files can't be had.
    """
    final = cache_folder() / name
    if _stands(final, is_whole):
        return final
    with only_one(name, final.parent):
        if _stands(final, is_whole):
            return final  # made by the one for whom this one has waited
        try:
            _make(remote, final, room, is_whole, progress)
        except (OSError, tarfile.TarError) as error:
            reason = f"{final}: {getattr(error, 'strerror', None) or error}"
            raise _unavailable(remote, reason) from error
    return final


def _make(
    remote: RemoteFile,
    final: Path,
    room: int,
    is_whole: Callable[[Path], bool],
    progress: bool,
) -> None:
    archives, fresh = archive_folder(), final.with_name(f".{final.name}-fresh")
    shutil.rmtree(fresh, ignore_errors=True)  # of one that was killed
    final.parent.mkdir(parents=True, exist_ok=True)
    archive = archives / remote.name
    here_before = is_right(remote, archive, progress=progress)
    if not here_before:
        archives.mkdir(parents=True, exist_ok=True)
        same_disk = archives.stat().st_dev == final.parent.stat().st_dev
        missing = remote.size - max(0, _length(archives / f"{remote.name}.part"))
        require_room(final.parent, room + (missing if same_disk else 0))
        archive = download(remote, archives, progress=progress)
        if drive_folder():
            part, archive = archive, archive.replace(archives / remote.name)
            forget(part)
    require_room(final.parent, room)
    try:
        _unpack(archive, fresh, room, progress)
        if not is_whole(fresh):
            raise tarfile.TarError(_("files are missing in {name}").format(name=remote.name))
        (fresh / _SEAL).write_text(_listing(fresh), encoding="utf-8")
        _put(fresh, final)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    if not here_before and not drive_folder():
        forget(archive)


def _unpack(archive: Path, folder: Path, room: int, progress: bool) -> None:
    """Raises tarfile.TarError for what must not be unpacked, OSError for a full disk."""
    if not hasattr(tarfile, "data_filter"):
        raise tarfile.TarError(_("Python 3.11.4 or newer is needed"))
    left = room

    def only_files(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo:
        nonlocal left
        name = PurePosixPath(member.name.replace("\\", "/"))
        if not (member.isreg() or member.isdir()) or name.is_absolute() or ".." in name.parts:
            sentence = _("{name} must not be in an archive")
            raise tarfile.TarError(sentence.format(name=member.name))
        left -= member.size
        if left < 0:
            raise tarfile.TarError(_("more than {n} bytes in the archive").format(n=room))
        bar.update(member.size)
        return tarfile.data_filter(member, path)

    options = {"unit": "B", "unit_scale": True, "leave": False, "delay": 1}
    with (
        tarfile.open(archive) as tar,
        tqdm(desc=folder.name, total=room, disable=not progress, **options) as bar,
    ):
        tar.extractall(folder, filter=only_files)


def _put(fresh: Path, final: Path) -> None:
    """Rename. What stands there is damaged: ours goes, somebody else's is moved aside."""
    ours = (final / _SEAL).exists()
    aside = final.with_name(f".{final.name}-damaged" if ours else f"{final.name}-not-whole")
    if final.exists():
        shutil.rmtree(aside, ignore_errors=True)
        final.rename(aside)  # first, for rmtree takes time
    fresh.rename(final)
    if ours:
        shutil.rmtree(aside, ignore_errors=True)


def _stands(folder: Path, is_whole: Callable[[Path], bool]) -> bool:
    try:
        listing = (folder / _SEAL).read_text(encoding="utf-8")
    except OSError:
        return is_whole(folder)
    lines = (line.split(" ", 1) for line in listing.splitlines())
    try:
        return all(_length(folder / path) == int(size) for size, path in lines)
    except ValueError:
        return False


def _listing(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return "".join(f"{_length(path)} {path.relative_to(folder).as_posix()}\n" for path in files)


def _length(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _unavailable(remote: RemoteFile, reason: str) -> Unavailable:
    sentence = _("{name} can't be had ({reason}).").format(name=remote.name, reason=reason)
    return Unavailable(sentence, reason)
