"""A small table: HTML in a notebook, aligned text elsewhere. No data frame library needed."""

from collections.abc import Sequence
from html import escape

from course_utils.figures.labels import with_commas
from course_utils.i18n import language

__all__ = ["Table"]


class Table:
    """Rows under a heading; every cell is shown by `str`, in Russian with decimal commas,
    numbers to the right.

    heading: already translated. Raises ValueError where a row and the heading differ in length.
    """

    def __init__(self, heading: Sequence[str], rows: Sequence[Sequence]):
        for row in rows:
            if len(row) != len(heading):
                raise ValueError(
                    f"Expected {len(heading)} cells in a row, got {len(row)}: {row}."
                )
        shown = with_commas if language() == "ru" else str
        self.heading = [shown(str(cell)) for cell in heading]
        self.rows = [[shown(str(cell)) for cell in row] for row in rows]

    def __repr__(self) -> str:
        lines = [self.heading, *self.rows]
        widths = [max(len(line[j]) for line in lines) for j in range(len(self.heading))]
        return "\n".join(
            "  ".join(
                cell.ljust(width) if j == 0 else cell.rjust(width)
                for j, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        )

    def _repr_html_(self) -> str:
        def line(cells, tag):
            sides = ["left", *["right"] * (len(cells) - 1)]
            return "".join(
                f'<{tag} style="text-align:{side}">{escape(cell)}</{tag}>'
                for side, cell in zip(sides, cells, strict=True)
            )

        head = f"<thead><tr>{line(self.heading, 'th')}</tr></thead>"
        body = "".join(f"<tr>{line(row, 'td')}</tr>" for row in self.rows)
        return f"<table>{head}<tbody>{body}</tbody></table>"
