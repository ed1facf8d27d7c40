"""What was collected, as a table for the terminal, as CSV, and in the log of all runs."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from course_utils.i18n import N_, _
from course_utils.teaching.collect.run import Collected, Item
from course_utils.teaching.collect.tries import write_atomically
from course_utils.teaching.plain_text import csv_cell, shown

__all__ = ["STATES", "log", "table", "to_stdout", "write_csv"]

STATES = {
    "collected": N_("collected"),
    "replaced": N_("collected, in place of an earlier one"),
    "unchanged": N_("unchanged"),
    "earlier": N_("kept as an earlier try"),
    "elsewhere": N_("of another assignment"),
    "refused": N_("not collected"),
    "beside": N_("no hand-in"),
}
_TIMES_FROM = {
    "zip": N_("archive"),
    "tar": N_("archive"),
    "file": N_("file"),
    "timestamp.txt": "timestamp.txt",
}
_COLUMNS = (
    *("student", "name", "state", "source", "time", "time_from", "reason", "needs_person"),
    "sha256",
)


def table(found: Collected, title: str = "") -> Table:
    """One line a file, what needs a person last; files beside the hand-ins are only counted."""
    rows = [item for item in found.items if item.state != "beside"]
    rows.sort(key=lambda item: (item.needs_person, item.name or item.student, item.time))
    result = Table(title=title or None, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in (_("student"), _("what"), _("file"), _("time"), _("note")):
        result.add_column(heading, overflow="fold")
    for item in rows:
        who = f"{item.name} ({item.student})" if item.name != item.student else item.name
        result.add_row(
            shown(who if item.student else item.name or "-"),
            _(STATES[item.state]),
            shown(item.source),
            _time(item),
            shown(item.reason),
            style="yellow" if item.needs_person else None,
        )
    result.caption = _caption(found)
    return result


def to_stdout(found: Collected, title: str = "") -> None:
    """Print the table as wide as the terminal, 160 characters where there is none."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 160
    console.print(table(found, title))


def write_csv(items: Sequence[Item], file, *, heading: bool = True, run: str = "") -> None:
    """One line a file. run: when it was collected, for the log; left out where it is empty."""
    writer = csv.writer(file, lineterminator="\n")
    first = ["run"] if run else []
    if heading:
        writer.writerow([*first, *_COLUMNS])
    for item in items:
        row = [
            *(item.student, item.name, item.state, item.source, item.time, item.time_from),
            *(item.reason, "yes" if item.needs_person else "no", item.sha),
        ]
        writer.writerow([run, *map(csv_cell, row)] if run else map(csv_cell, row))


def log(path: Path, items: Sequence[Item]) -> None:
    """Add the run to downloaded/<assignment>/collected.csv."""
    before = path.read_bytes() if path.is_file() else b""
    text = io.StringIO(newline="")
    run = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
    write_csv(items, text, heading=not before, run=run)
    write_atomically(path, before + text.getvalue().encode("utf-8", "replace"))


def _time(item: Item) -> str:
    if not item.time:
        return "-"
    time = datetime.fromisoformat(item.time).astimezone()
    who = _TIMES_FROM.get(item.time_from, item.time_from)
    return f"{time:%Y-%m-%d %H:%M} ({_(who)})"


def _caption(found: Collected) -> str:
    counts = Counter(item.state for item in found.items)
    parts = [f"{_(words)}: {counts[state]}" for state, words in STATES.items() if counts[state]]
    if found.absent:
        parts.append(_("not handed in: {number}").format(number=len(found.absent)))
    waits = sum(item.needs_person for item in found.items)
    if waits:
        parts.append(_("to look at: {number}").format(number=waits))
    return ", ".join(parts)
