"""What was refused, was not seen, or ended the kernel, while a hand-in was judged: something
to look at."""

from nbformat.notebooknode import NotebookNode

from course_utils.teaching.suspicions import LONGEST_CODE, LookAt

__all__ = ["stopped"]


def stopped(notebook: NotebookNode) -> list[LookAt]:
    """What judging refused, programs that nobody watched, and the cell in which the kernel was
    ended, as `Judge` noted it."""
    found = []
    for number, cell in enumerate(notebook.cells, start=1):
        for what in ("refused", "processes"):
            if place := cell.metadata.get("course", {}).get(what):
                where = _written(notebook.cells[:number], place)
                found.append(LookAt(*where, place.code[:LONGEST_CODE], what))
    if number := notebook.metadata.get("course", {}).get("killed_in"):
        lines = notebook.cells[number - 1].source.splitlines()
        line = next((n for n, text in enumerate(lines, start=1) if text.strip()), 1)
        code = lines[line - 1].strip()[:LONGEST_CODE] if lines else ""
        found.append(LookAt(number, line, code, "killed"))
    return found


def _written(cells: list[NotebookNode], place: NotebookNode) -> tuple[int, int]:
    """The last cell that has this line, and its number there; else the check's own.

    A kernel counts from the first line that is not empty.
    """
    for number in range(len(cells), 0, -1):
        lines = cells[number - 1].source.splitlines()
        same = [n for n, line in enumerate(lines, start=1) if place.code in line]
        if place.code and same:
            return number, min(same, key=lambda line: abs(line - place.line))
    return len(cells), place.line
