"""What the doctor found, as a table for a person."""

from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.table import Table

from course_utils.i18n import _
from course_utils.teaching.doctor.examine import Diagnosis
from course_utils.teaching.plain_text import PlainConsole, shown

__all__ = ["summary", "table", "to_stdout"]

_STYLES = {"person": "yellow", "note": "dim"}


def table(found: Diagnosis, *, repaired: bool) -> Table:
    """One line a finding. repaired: say what was done, not what --repair would do."""
    last = _("what was done") if repaired else _("what the repair does")
    result = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), title_justify="left")
    for heading in (_("cell"), _("what is wrong"), last):
        result.add_column(heading, overflow="fold")
    for item in found.findings:
        result.add_row(
            *map(shown, (item.where(), item.wrong(), item.cure())),
            style=_STYLES.get(item.level),
        )
    return result


def to_stdout(found: Sequence[Diagnosis], written: dict[Path, Path], *, repair: bool) -> None:
    """Print every notebook's findings. written: notebook -> the mended one."""
    console = PlainConsole()
    if not console.is_terminal:
        console.width = 140
    for one in found:
        console.print(f"{one.path}: {summary(one)}", soft_wrap=True)
        if one.findings:
            console.print(table(one, repaired=repair and one.path in written))
        if one.path in written:
            line = _("Written: {file}").format(file=written[one.path])
            console.print(line, soft_wrap=True)


def summary(found: Diagnosis) -> str:
    """The result in a few words."""
    if found.needs_person:
        return _("somebody has to look at it")
    if found.damaged:
        return _("damaged, can be mended")
    return _("nothing that costs a mark") if found.findings else _("nothing found")
