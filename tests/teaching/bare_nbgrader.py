"""nbgrader without any setting of ours, and the assignments to try it on.

But for the seconds that a cell may take: nbgrader's 30 are too few for one that trains
a network on a machine that does other things too.
"""

import os
import subprocess
import sys
from pathlib import Path

__all__ = [
    "BLANK",
    "GRADED",
    "NAMES",
    "PATIENT",
    "RELEASED",
    "ROOT",
    "SOLVED",
    "UNTOUCHED",
    "nbgrader",
]

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.stem for path in ROOT.glob("solutions/*/*.ipynb"))
PATIENT = "--Execute.timeout=300"
RELEASED = sorted(ROOT.glob("assignments/*/*/*.ipynb"))
# Each assignment in one of its languages; the other one is handed in with right answers.
BLANK = RELEASED[: len(NAMES) : 2] + RELEASED[len(NAMES) + 1 :: 2]
# Autograde runs the same cells as validate: of that one each in `make test`, of autograde one
# assignment without a training and one with; all of them under COURSE_TEST_ALL=1.
ALL = bool(os.environ.get("COURSE_TEST_ALL"))
GRADED = NAMES if ALL else ["metrics_and_loss", "transfer_learning"]
SOLVED = NAMES if ALL else ["metrics_and_loss"]
UNTOUCHED = RELEASED if ALL else [path for path in BLANK if path.stem in SOLVED]


def nbgrader(folder, *command):
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *command],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout
