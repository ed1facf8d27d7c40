"""The command `course spell`."""

import typer

__all__ = ["spell"]


def spell() -> None:
    """Look up every word of the course's prose, in both languages, with hunspell.

    Words that the dictionaries lack stand in docs/spelling. Exits with 1 where one is unknown.
    """
    from course_utils.teaching import spelling
    from course_utils.teaching.config import load

    problems = spelling.check(load())
    for problem in problems:
        print(problem)
    raise typer.Exit(1 if problems else 0)
