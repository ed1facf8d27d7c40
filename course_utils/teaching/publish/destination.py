"""Write the edition into a folder, again and again, without losing what others put there.

`.published.json` remembers the digest of every file as it was published. A file that differs
from that was changed by hand: it stays. All new files are written aside and then moved to
their places one by one, so an interruption leaves every file whole, and the next run goes on.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from course_utils.teaching.errors import CourseError

__all__ = ["MANIFEST", "Change", "Plan", "apply", "plan", "require_usable"]

MANIFEST = ".published.json"
_ASIDE = ".publishing-"
# What a repository may hold before its first edition, as GitHub makes them.
_HARMLESS = {".git", "README.md", "LICENSE", ".gitignore"}
_WRITTEN = ("new", "updated")


@dataclass(frozen=True)
class Change:
    """One file. what: new, updated, unchanged, removed, kept or conflict.

    kept: changed by hand, and what we publish is as before. conflict: changed by hand, and we
    have something else to publish; `why` says so.
    """

    path: str
    what: str
    why: str = ""


@dataclass(frozen=True)
class Plan:
    """What publishing would do. known: path -> digests under which a file is ours."""

    dest: Path
    files: Mapping[str, bytes]
    changes: tuple[Change, ...]
    known: Mapping[str, list[str]] = field(default_factory=dict)

    def of(self, *whats: str) -> list[Change]:
        """The changes of these kinds."""
        return [change for change in self.changes if change.what in whats]


def require_usable(dest: Path, root: Path) -> None:
    """Raise CourseError where the edition can't go to `dest`. root: of the course."""
    dest, root = dest.resolve(), root.resolve()
    if dest == root or dest.is_relative_to(root) or root.is_relative_to(dest):
        raise CourseError(
            f"Expected a folder outside the course {root}, got {dest}: students must not get "
            "the rest of it. Name another folder, such as ../student-edition."
        )
    if dest.exists() and not dest.is_dir():
        raise CourseError(f"Expected a folder, got the file {dest}. Name another place.")
    if not dest.is_dir() or (dest / MANIFEST).is_file():
        return
    there = {entry.name for entry in dest.iterdir() if not entry.name.startswith(_ASIDE)}
    if there and not (".git" in there and there <= _HARMLESS):
        others = sorted(there - _HARMLESS) or sorted(there)
        raise CourseError(
            f"Expected an empty folder, a fresh git repository or an edition published before, "
            f"got {dest} with {', '.join(others[:5])}. Name another folder."
        )


def plan(dest: Path, files: Mapping[str, bytes]) -> Plan:
    """Compare the edition with what lies in `dest`; nothing is written."""
    known = _known(dest)
    changes = [
        _one(dest, path, content, known.get(path, [])) for path, content in files.items()
    ]
    for path, digests in known.items():
        if path in files or not _present(dest, path):
            continue
        if _digest_at(dest, path) in digests:
            changes.append(Change(path, "removed"))
        else:
            why = "no longer published, but changed there by hand; remove it yourself"
            changes.append(Change(path, "conflict", why))
    return Plan(dest, files, tuple(sorted(changes, key=lambda c: c.path)), known)


def apply(found: Plan) -> None:
    """Do what the plan says. Raises CourseError where the folder can't be written."""
    dest = found.dest
    try:
        dest.mkdir(parents=True, exist_ok=True)
        for left in dest.glob(f"{_ASIDE}*"):
            shutil.rmtree(left, ignore_errors=True)
        aside = Path(tempfile.mkdtemp(prefix=_ASIDE, dir=dest))
        try:
            _write(found, aside)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise CourseError(
            f"{dest} could not be written: {error}. No file is half-written. Put that right "
            "and publish again."
        ) from error


def _write(found: Plan, aside: Path) -> None:
    dest = found.dest
    written = [change.path for change in found.of(*_WRITTEN)]
    for path in written:
        place = aside / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(found.files[path])
    # Until all is moved, both the old and the new text of a file are ours.
    known = {path: list(digests) for path, digests in found.known.items()}
    for path in written:
        known.setdefault(path, []).append(_digest(found.files[path]))
    _save(dest, aside, known)
    for path in written:
        (dest / path).parent.mkdir(parents=True, exist_ok=True)
        os.replace(aside / path, dest / path)
    for change in found.of("removed"):
        (dest / change.path).unlink(missing_ok=True)
        _drop_empty(dest, (dest / change.path).parent)
    # A file in conflict stays known by what it was, so that it is reported again.
    conflicts = {change.path for change in found.of("conflict", "kept")}
    after = {
        path: found.known.get(path, []) if path in conflicts else [_digest(content)]
        for path, content in found.files.items()
    }
    after |= {path: found.known.get(path, []) for path in conflicts}
    _save(dest, aside, {path: digests for path, digests in after.items() if digests})


def _one(dest: Path, path: str, content: bytes, digests: list[str]) -> Change:
    if blocked := _blocked(dest, path):
        return Change(path, "conflict", blocked)
    if not _present(dest, path):
        return Change(path, "new")
    there = _digest_at(dest, path)
    if there == _digest(content):
        return Change(path, "unchanged")
    if there in digests:
        return Change(path, "updated")
    if _digest(content) in digests:
        return Change(path, "kept", "changed there by hand")
    why = "changed there by hand" if digests else "was there before, and is not ours"
    return Change(path, "conflict", f"{why}; remove or rename it and publish again")


def _blocked(dest: Path, path: str) -> str:
    """Why a file can't be put in its place: a link or a file where a folder should be."""
    place = dest
    for part in path.split("/"):
        place = place / part
        if place.is_symlink():
            return f"{place.relative_to(dest)} is a link there; remove it and publish again"
        folder = place != dest / path
        if place.exists() and place.is_dir() != folder:
            kind = "folder" if folder else "file"
            return f"expected {place.relative_to(dest)} to be a {kind}; remove it there"
    return ""


def _present(dest: Path, path: str) -> bool:
    return (dest / path).is_file()


def _known(dest: Path) -> dict[str, list[str]]:
    try:
        text = (dest / MANIFEST).read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    try:
        files = json.loads(text)["files"]
        found = {str(path): [str(item) for item in items] for path, items in files.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CourseError(
            f"{dest / MANIFEST}: expected the list of published files, got an error: {error}. "
            "Bring the file back from git, or publish into an empty folder."
        ) from None
    unsafe = [path for path in found if Path(path).is_absolute() or ".." in Path(path).parts]
    if unsafe:
        raise CourseError(f"{dest / MANIFEST}: expected paths inside, got {unsafe[0]!r}.")
    return found


def _save(dest: Path, aside: Path, files: Mapping[str, list[str]]) -> None:
    about = "Made by `course publish`: which files are published, and their SHA-256."
    text = json.dumps({"about": about, "files": dict(sorted(files.items()))}, indent=1)
    new = aside / MANIFEST
    new.write_text(text + "\n", encoding="utf-8")
    os.replace(new, dest / MANIFEST)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _digest_at(dest: Path, path: str) -> str:
    return _digest((dest / path).read_bytes())


def _drop_empty(dest: Path, folder: Path) -> None:
    with suppress(OSError):  # not empty
        while folder != dest:
            folder.rmdir()
            folder = folder.parent
