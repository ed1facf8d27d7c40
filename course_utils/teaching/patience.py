"""How long a hand-in may take, from what its assignment needs.

course.toml says how many seconds the model answers take on one core; a hand-in may take ten
times as long, and two of its cells may hang until they are interrupted.
"""

from pathlib import Path

from traitlets.config import Config

from course_utils.teaching import config as courses
from course_utils.teaching.errors import CourseError

__all__ = ["grading_seconds", "wall_seconds"]

_TIMES = 10  # slower than the model answers: loops in Python, a busy machine
_HANGING = 2  # cells
_DEFAULT = 60  # seconds, of an assignment that does not say
_KERNELS = 2  # that a hand-in may have, one after the other
_BESIDE = 600  # seconds, for reading, starting and judging


def wall_seconds(config: Config, root: Path, assignment: str, timeout: int | None) -> int:
    """Seconds for all cells of a notebook together: as configured, or as the assignment needs.

    root: of the course; timeout: seconds for one cell, None where there is no limit.
    """
    if "wall_seconds" in config.get("SandboxProvisioner", {}):
        return config.SandboxProvisioner.wall_seconds
    try:
        needed = courses.load(root).assignments[assignment].seconds
    except (CourseError, KeyError):
        needed = None
    return round(_TIMES * (needed or _DEFAULT) + _HANGING * (timeout or 0))


def grading_seconds(wall: int, notebooks: int) -> int:
    """Seconds after which a process hangs that grades a hand-in of so many notebooks."""
    return notebooks * (_KERNELS * wall + _BESIDE)
