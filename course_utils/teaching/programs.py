"""Where the programs of this environment are found, whether or not it is activated."""

import os
import sys
from pathlib import Path

__all__ = ["find_own_programs_first"]


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
