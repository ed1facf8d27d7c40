"""Folders that are made once and then read by every notebook of this machine.

A folder is made under a temporary name and renamed when it is whole, so two notebooks that
start at once can't see each other's half. A digest of all files tells a damaged one.

Google Drive in Colab outlives the runtime, but is slow with thousands of small files. So what
is downloaded is kept there as one archive, and unpacked to the disk of the machine each time:
let COURSE_DATA_DIR name a folder of Drive, or make a folder course_utils in My Drive.
"""

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

__all__ = ["archive_folder", "cache_folder", "drive_folder", "is_on_drive", "made_once"]

_DRIVE = Path("/content/drive")  # where Colab mounts it
_SEAL = "digest.txt"


def cache_folder() -> Path:
    """Where data sets are kept: COURSE_DATA_DIR, or else this system's folder for caches.

    The latter, too, where COURSE_DATA_DIR lies on Google Drive.
    """
    chosen = os.environ.get("COURSE_DATA_DIR")
    if chosen and not is_on_drive(Path(chosen)):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", "~/AppData/Local"))
    elif sys.platform == "darwin":
        base = Path("~/Library/Caches")
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    return base.expanduser() / "course_utils"


def drive_folder() -> Path | None:
    """The folder of Google Drive that keeps archives; None where none is chosen or mounted."""
    chosen = os.environ.get("COURSE_DATA_DIR")
    if chosen and is_on_drive(Path(chosen)):
        return Path(chosen) if (_DRIVE / "MyDrive").is_dir() else None
    usual = _DRIVE / "MyDrive" / "course_utils"
    return usual if usual.is_dir() else None


def archive_folder() -> Path:
    """Where archives are kept as they were downloaded: on Google Drive, or in the cache."""
    return drive_folder() or cache_folder() / "archives"


def is_on_drive(path: Path) -> bool:
    """Whether it lies on Google Drive, mounted in Colab."""
    return path.is_relative_to(_DRIVE)


def made_once(name: str, make: Callable[[Path], object], parent: Path | None = None) -> Path:
    """The folder `name` in the cache: as it is, if it is whole, else made by `make(folder)`.

    Raises OSError, with what to do, where the cache can't be written.
    """
    parent = cache_folder() if parent is None else parent
    final = parent / name
    if _is_whole(final):
        return final
    try:
        parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=parent))
    except OSError as error:
        raise OSError(
            f"Expected to keep data in {parent}, got: {error}. "
            "Set COURSE_DATA_DIR to a folder that can be written."
        ) from error
    try:
        make(fresh)
        (fresh / _SEAL).write_text(_digest(fresh))
        fresh.chmod(0o755)  # mkdtemp's own is for this user alone
        _put(fresh, final)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return final


def _put(fresh: Path, final: Path) -> None:
    """Rename; where another notebook was quicker, its folder is as good as ours."""
    for last in (False, False, True):
        try:
            fresh.rename(final)
            return
        except OSError:
            if _is_whole(final):
                return
            if last:
                raise
        # What stands there is damaged. Moved aside first: rmtree takes time.
        aside = Path(tempfile.mkdtemp(prefix=f".{final.name}-", dir=final.parent))
        try:
            final.rename(aside / "damaged")
        except FileNotFoundError:
            pass  # someone else has just moved it
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def _is_whole(folder: Path) -> bool:
    try:
        return (folder / _SEAL).read_text() == _digest(folder)
    except OSError:
        return False


def _digest(folder: Path) -> str:
    """A digest of the names and contents of all files but the seal."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if path.name != _SEAL:
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
