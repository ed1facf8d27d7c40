"""What every command of the course settles first: where its programs and its package are found,
whether or not the environment is activated, and that its words can be written.
"""

import codecs
import io
import os
import site
import subprocess
import sys
from functools import cache
from pathlib import Path

import course_utils
from course_utils.teaching.errors import CourseError

__all__ = [
    "find_own_programs_first",
    "require_one_package",
    "unused_package",
    "write_every_letter",
]

_OURS = Path(course_utils.__file__).resolve().parent
_FIND = """
from importlib.util import find_spec
found = find_spec("course_utils")
print(found.origin if found else "")
"""


def find_own_programs_first() -> None:
    """Put the folder of this Python before all others in PATH, for this process and below it.

    nbgrader starts `alembic` by its bare name: run as `.venv/bin/nbgrader`, without the
    environment activated, it would not find its own or find somebody else's.
    """
    own = str(Path(sys.executable).parent)
    others = [
        folder for folder in os.environ.get("PATH", "").split(os.pathsep) if folder != own
    ]
    os.environ["PATH"] = os.pathsep.join([own, *filter(None, others)])


def require_one_package() -> None:
    """Raise CourseError where students' kernels would import another course_utils than this.

    The folder that a command is called in, or PYTHONPATH, may put a package before the
    installed one; kernels heed neither. What is judged would then be of one version, and what
    judges of another.
    """
    if str(_OURS.parent) not in site.getsitepackages() and _installed() != _OURS:
        theirs = _installed() or "none"
        raise CourseError(
            "Expected one course_utils for the program that judges and for students' kernels; "
            f"got {_OURS} here and {theirs} there. Install the one that is meant into this "
            "Python (pip install --editable FOLDER), or start the command in a folder "
            "without the other one, by its name, with PYTHONPATH unset."
        )


def unused_package(folder: Path) -> str | None:
    """The sentence for a folder with another course_utils than the one in use, if it is so."""
    other = folder / "course_utils"
    if not (other / "__init__.py").is_file() or other.resolve() == _OURS:
        return None
    return (
        f"course_utils is taken from {_OURS}; {other} is not used. "
        f"To use it: pip install --editable {folder}"
    )


def write_every_letter() -> None:
    """Let words of every language be written: as UTF-8 where the locale knows ASCII alone, else
    with codes in the place of letters that its encoding lacks."""
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper):
            continue
        if codecs.lookup(stream.encoding).name == "ascii":
            stream.reconfigure(encoding="utf-8")
        else:
            stream.reconfigure(errors="backslashreplace")


@cache
def _installed() -> Path | None:
    """The package that any program of this Python finds, wherever it is started."""
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "PYTHONUSERBASE")}
    done = subprocess.run(
        [sys.executable, "-P", "-c", _FIND], cwd="/", env=kept, capture_output=True, text=True
    )
    found = done.stdout.strip()
    return Path(found).resolve().parent if found else None
