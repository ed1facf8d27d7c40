"""The command `course marks`."""

from typing import Annotated

import typer

__all__ = ["marks"]


def marks(
    assignment: Annotated[str, typer.Argument(help="The assignment's name.")],
    as_csv: Annotated[bool, typer.Option("--csv", help="Comma-separated values.")] = False,
) -> None:
    """Show the class's marks: points per exercise, mistakes by name, how each hand-in ended."""
    from course_utils.teaching import class_table

    class_table.show(assignment, as_csv=as_csv)
