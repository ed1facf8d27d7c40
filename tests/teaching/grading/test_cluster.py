"""The same program over a scheduler and workers that were started separately."""

import shutil
import subprocess
import sys
import time
from contextlib import ExitStack

import pytest

from tests.bare.without import without
from tests.teaching.grading.class_of import DICE, NAME, answered, course, hand_in, scores

pytestmark = pytest.mark.slow  # workers with torch, kernels


@pytest.fixture
def scheduler(tmp_path):
    """The address of a scheduler with two workers of one thread, each a process of its own."""
    here = tmp_path / "elsewhere"  # the workers do not share the course's folder
    here.mkdir()
    said = (here / "log.txt").open("w")
    with ExitStack() as stack:

        def start(*command):
            process = subprocess.Popen(
                [sys.executable, "-m", "distributed.cli." + command[0], *command[1:]],
                cwd=here,
                stdout=said,
                stderr=said,
            )
            stack.callback(process.wait, 30)
            stack.callback(process.terminate)

        start(
            *("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"),
            *("--scheduler-file", "scheduler.json"),
        )
        for _worker in range(2):
            start(
                *("dask_worker", "--scheduler-file", "scheduler.json", "--nthreads", "1"),
                *("--host", "127.0.0.1", "--no-dashboard"),
            )
        import json

        for _try in range(300):
            if (here / "scheduler.json").is_file():
                text = (here / "scheduler.json").read_text()
                if text.count("{") == text.count("}") > 0:
                    yield json.loads(text)["address"]
                    return
            time.sleep(0.1)
        raise TimeoutError((here / "log.txt").read_text())


def test_workers_elsewhere_give_the_same_marks(released_course, scheduler, tmp_path):
    root = tmp_path / "course"
    shutil.copytree(released_course, root)
    for number in range(4):
        hand_in(root, f"s{number}", answered(root, jaccard=DICE if number % 2 else None))
    hand_in(root, "right", answered(root))
    with without("bwrap", wheel=False) as here:  # this machine only records
        done = course(root, "grade", NAME, "-q", "--scheduler", scheduler, **here)
    assert "5 graded now" in done.stderr
    assert scores(root) == {
        "s0": (0, 2), "s1": (0, 2), "s2": (0, 2), "s3": (0, 2), "right": (3, 2)
    }  # fmt: skip
