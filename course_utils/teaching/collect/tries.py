"""One student's tries at one assignment: the latest stands in submitted/, the others are kept.

Files are known by their SHA-256. Every step leaves all tries readable, and the same hand-ins
end in the same files, however often it is done and wherever it was cut off.

    submitted/<student>/<assignment>/<assignment>.ipynb, timestamp.txt
    downloaded/<assignment>/tries/<student>/<time>_<sha>.ipynb, tries.json
    downloaded/<assignment>/originals/<student>/<sha of the mended file>.ipynb

A file that `mended` has put in place of a damaged one still counts as the student's own try.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from course_utils.teaching.collect.contents import inspect
from course_utils.teaching.collect.times import WrongTime, read_timestamp, written
from course_utils.teaching.doctor.worth import Worth
from course_utils.teaching.settings import places

__all__ = [
    "Filed",
    "Try",
    "file_tries",
    "latest",
    "original_of",
    "put_mended",
    "write_atomically",
]


@dataclass(frozen=True)
class Try:
    """One file of a student.

    time: ISO 8601 in UTC, or ""; time_from: "zip", "tar", "file", "timestamp.txt" or "";
    order: the LMS's own number of the upload; copy: N of "hw (N).ipynb"; late: the LMS's word;
    edited: found in submitted/, changed since it was collected; source: where it came from.
    """

    sha: str
    source: str
    time: str = ""
    time_from: str = ""
    order: int | None = None
    copy: int = 0
    late: bool | None = None
    readable: bool = True
    edited: bool = False

    def kept_in(self, folder: Path) -> Path:
        """Where the file is or will be among the student's tries: one file for one content."""
        mark = f"{self.sha[:12]}.ipynb"
        stamp = self.time[:19].replace(":", "-") or "unknown"
        return next(folder.glob(f"*_{mark}"), folder / f"{stamp}_{mark}")


@dataclass(frozen=True)
class Filed:
    """What became of a student's tries. states: sha -> "collected", "replaced", "unchanged",
    "earlier" or "edited" (unchanged, but submitted/ holds an edited version of it).

    by: what the order of the tries was taken from. worth: sha -> how much of the assignment
    the file holds; empty for a single try. warnings: for a person to read.
    """

    states: dict[str, str]
    stands: Try
    by: str
    warnings: tuple[str, ...] = ()
    worth: Mapping[str, Worth] = field(default_factory=dict)


def latest(tries: Sequence[Try], worth: Mapping[str, Worth]) -> tuple[Try, str]:
    """(the try that counts, what says so: "order", "time", "copy", "place" or "only").

    A file with answers goes before one without, a hand-in before anything else: see `Worth`.
    Then the LMS's own order, where all have it; else the time; then the number of a copy; then
    the later place in the archive.
    """
    most = max((worth.get(one.sha, 0) for one in tries), default=0)
    rows = [one for one in tries if worth.get(one.sha, 0) == most]
    numbered = all(one.order is not None for one in rows)

    def key(place: int):
        one = rows[place]
        return (one.order if numbered else 0, one.time, one.edited, one.copy, place)

    places = sorted(range(len(rows)), key=key)
    last = rows[places[-1]]
    if len(rows) == 1:
        return last, "only"
    mine, other = key(places[-1]), key(places[-2])
    which = next((n for n, (a, b) in enumerate(zip(mine, other, strict=True)) if a != b), 4)
    return last, ("order", "time", "edited", "copy", "place")[which]


def file_tries(
    root: Path,
    assignment: str,
    student: str,
    new: Sequence[tuple[Try, Path]],
    worth_of: Callable[[Path], Worth],
    *,
    dry_run: bool = False,
    in_time: bool = False,
) -> Filed:
    """Bring the student's new tries to where they belong; returns what became of each.

    new: (try, file with its content), in the order they were found.
    worth_of: how much of the assignment a file holds; asked where there are several.
    in_time: write no timestamp: the LMS says that it is in time, the file's time may be wrong.
    """
    target = places(root).submitted(student, assignment) / f"{assignment}.ipynb"
    kept = root / "downloaded" / assignment / "tries" / student
    warnings = []
    known, current = _read_index(kept / "tries.json", warnings)
    original = original_of(root, assignment, student)
    standing, wrong_time = _standing(target, original or target, known, current)
    if wrong_time:
        warnings.append(wrong_time)
    if standing and standing.sha not in known:
        known[standing.sha] = standing
    before = set(known)
    files: dict[str, Path] = {}
    for one, path in new:
        files[one.sha] = path
        known[one.sha] = _merged(known.get(one.sha), one, before)
    known = {
        sha: one
        for sha, one in known.items()
        if sha in files or (standing and sha == standing.sha) or one.kept_in(kept).is_file()
    }
    if standing:
        files[standing.sha] = original or target
    worth = {}
    if len(known) > 1:
        worth = {s: worth_of(files.get(s) or one.kept_in(kept)) for s, one in known.items()}
    stands, by = latest(list(known.values()), worth)
    states = {one.sha: "earlier" for one, _path in new}
    if standing and stands.sha == standing.sha:
        states |= {stands.sha: "unchanged"} if stands.sha in states else {}
        if stands.edited and current in states:
            states[current] = "edited"
    elif stands.sha in states:
        states[stands.sha] = "replaced" if standing else "collected"
    if not dry_run:
        stays = standing is not None and stands.sha == standing.sha
        _write(kept, target, known, files, stands, in_time, stays)
    return Filed(states, stands, by, tuple(warnings), worth)


def original_of(root: Path, assignment: str, student: str) -> Path | None:
    """What the student handed in, where a mended file stands in submitted/; else None."""
    target = places(root).submitted(student, assignment) / f"{assignment}.ipynb"
    try:
        found = _place_of_original(root, assignment, student, target.read_bytes())
    except OSError:
        return None
    return found if found.is_file() else None


def put_mended(root: Path, assignment: str, student: str, data: bytes) -> Path:
    """Put a mended file in the place of the one in submitted/; returns where that is kept."""
    target = places(root).submitted(student, assignment) / f"{assignment}.ipynb"
    kept = _place_of_original(root, assignment, student, data)
    write_atomically(kept, target.read_bytes())
    write_atomically(target, data)
    return kept


def _place_of_original(root: Path, assignment: str, student: str, mended: bytes) -> Path:
    sha = hashlib.sha256(mended).hexdigest()
    return root / "downloaded" / assignment / "originals" / student / f"{sha[:12]}.ipynb"


def write_atomically(path: Path, data: bytes) -> None:
    """Write the file as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _write(
    kept: Path,
    target: Path,
    known: dict[str, Try],
    files: dict[str, Path],
    stands: Try,
    in_time: bool,
    stays: bool,
) -> None:
    """First keep what will not stand, then the list of tries, then what does stand."""
    for one in known.values():
        place = one.kept_in(kept)
        if one.sha != stands.sha and one.sha in files and not place.exists():
            write_atomically(place, files[one.sha].read_bytes())
    again = stands.kept_in(kept)
    data = None
    if not stays:
        data = files.get(stands.sha, again).read_bytes()
    record = {
        "current": stands.sha,
        "tries": [asdict(one) for one in sorted(known.values(), key=lambda one: one.sha)],
    }
    write_atomically(
        kept / "tries.json",
        (json.dumps(record, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode(),
    )
    if data is not None:
        if target.is_dir():
            raise IsADirectoryError(
                f"Expected a file, found the folder {target}. Move it away."
            )
        # No moment in which the new file has the old one's time.
        (target.parent / "timestamp.txt").unlink(missing_ok=True)
        write_atomically(target, data)
    again.unlink(missing_ok=True)
    _write_timestamp(target.parent, stands, in_time)


def _write_timestamp(folder: Path, stands: Try, in_time: bool) -> None:
    """nbgrader's timestamp.txt, where there is none that can be read.

    A file's own time is no proof of anything: it may be that of the download.
    """
    try:
        if read_timestamp(folder) is not None:
            return
    except WrongTime:
        (folder / "timestamp.txt").unlink(missing_ok=True)  # nbgrader stops at it
    if stands.time and stands.time_from != "file" and not in_time:
        time = written(datetime.fromisoformat(stands.time))
        write_atomically(folder / "timestamp.txt", f"{time}\n".encode())


def _read_index(path: Path, warnings: list[str]) -> tuple[dict[str, Try], str]:
    """(sha -> try, sha of the one that stood) of earlier runs whose files are still there."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        tries = [Try(**fields) for fields in record["tries"]]
        return {one.sha: one for one in tries}, str(record["current"])
    except FileNotFoundError:
        return {}, ""
    except (OSError, ValueError, TypeError, KeyError) as error:
        warnings.append(f"{path}: expected a list of tries, got {error!r}. Begun anew.")
        return {}, ""


def _standing(
    target: Path, original: Path, known: dict[str, Try], current: str
) -> tuple[Try | None, str]:
    """(the try that stands in submitted/ now, or None; what is wrong with its timestamp).

    original: the file that the student handed in, where a mended one stands in its place.
    """
    try:
        data = original.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None, ""
    wrong = ""
    try:
        time, time_from = read_timestamp(target.parent), "timestamp.txt"
    except WrongTime as error:
        wrong = f"{target.parent / 'timestamp.txt'}: no time: {error.text!r}. Ignored."
        time = None
    sha = hashlib.sha256(data).hexdigest()
    if sha in known:
        return known[sha], wrong
    if current in known:  # somebody mended the collected file
        return replace(known[current], sha=sha, edited=True, source=str(target)), wrong
    if time is None:
        time, time_from = datetime.fromtimestamp(target.stat().st_mtime, UTC), "file"
    readable = not inspect(data).unreadable
    stamp = time.isoformat()
    return Try(sha, str(target), stamp, time_from, readable=readable), wrong


def _merged(old: Try | None, new: Try, before: Iterable[str]) -> Try:
    """Of one content seen twice: the later in one download; else what is known stays.

    A second download may carry new times for old files; only the LMS's own number of an upload
    says that a student really handed the same file in again.
    """
    if old is None:
        return new
    if new.order is not None and (old.order is None or new.order > old.order):
        return new
    if new.sha in before:
        return new if not old.time and new.time else old
    return max(old, new, key=lambda one: (one.order or 0, one.time, one.copy))
