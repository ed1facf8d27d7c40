"""What stops a command, in words for the person who gave it."""

from collections.abc import Sequence

__all__ = ["CourseError"]


class CourseError(Exception):
    """Something that the person at the keyboard can put right.

    The command line prints `problems`, one a paragraph, without a traceback, and exits with 1.
    Each says where it is, what was expected, what came, and what to do.
    """

    def __init__(self, *problems: str | Sequence[str]) -> None:
        self.problems: list[str] = []
        for problem in problems:
            self.problems.extend([problem] if isinstance(problem, str) else problem)
        super().__init__("\n\n".join(self.problems))
