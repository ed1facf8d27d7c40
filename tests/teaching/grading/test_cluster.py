"""The same program over a scheduler and workers that were started separately, by TLS."""

import json
import re
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager

import nbformat
import psutil
import pytest

from course_utils.teaching.errors import CourseError
from tests.bare.without import without
from tests.conftest import REPOSITORY
from tests.teaching.grading.class_of import (
    DICE,
    NAME,
    RIGHT,
    answered,
    course,
    hand_in,
    latest_state,
    scores,
)

pytest.importorskip("distributed", reason="Dask is an extra: course-utils[cluster]")

from course_utils.teaching.grading.cluster import CERTIFICATES, connected


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """The folder that the commands in docs/grading.md make."""
    if shutil.which("openssl") is None:
        pytest.skip("certificates are made with openssl, which is not here")
    text = (REPOSITORY / "docs" / "grading.md").read_text(encoding="utf-8")
    (commands,) = re.findall(r"```sh\n(mkdir[^`]*openssl[^`]*)```", text)
    place = tmp_path_factory.mktemp("tls")
    subprocess.run(["sh", "-ec", commands], cwd=place, check=True, capture_output=True)
    return place / "certificates"


@contextmanager
def cluster(here, certificates, workers=2, threads=1):
    """The address of a scheduler with workers, each a process of its own."""
    tls = [
        word
        for option, name in zip(("ca-file", "cert", "key"), CERTIFICATES, strict=True)
        for word in (f"--tls-{option}", str(certificates / name))
    ]
    here.mkdir()  # the workers do not share the course's folder
    with (here / "log.txt").open("w") as said, ExitStack() as stack:

        def start(*command):
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{command[0]}", *command[1:], *tls],
                cwd=here,
                stdout=said,
                stderr=said,
            )
            stack.callback(process.wait, 30)
            stack.callback(process.terminate)

        start(
            *("dask_scheduler", "--host", "127.0.0.1", "--protocol", "tls", "--port", "0"),
            *("--no-dashboard", "--scheduler-file", "scheduler.json"),
        )
        for _worker in range(workers):
            start(
                *("dask_worker", "--scheduler-file", "scheduler.json", "--no-dashboard"),
                *("--nthreads", str(threads), "--host", "127.0.0.1", "--protocol", "tls"),
            )
        for _try in range(600):
            if (here / "scheduler.json").is_file():
                text = (here / "scheduler.json").read_text()
                if text.count("{") == text.count("}") > 0:
                    yield json.loads(text)["address"]
                    return
            time.sleep(0.1)
        raise TimeoutError((here / "log.txt").read_text())


@pytest.mark.slow
def test_workers_elsewhere_give_the_same_marks(released_course, certificates, tmp_path):
    root = tmp_path / "course"
    shutil.copytree(released_course, root)
    for number in range(4):
        hand_in(root, f"s{number}", answered(root, jaccard=DICE if number % 2 else None))
    hand_in(root, "right", answered(root))
    shutil.copytree(certificates, root / "certificates")
    with (
        cluster(tmp_path / "elsewhere", certificates) as address,
        without("bwrap", wheel=False) as here,  # this machine only records
    ):
        done = course(root, "grade", NAME, "-q", "--scheduler", address, **here)
    assert "5 graded now" in done.stderr
    assert scores(root) == {
        "s0": (0, 2), "s1": (0, 2), "s2": (0, 2), "s3": (0, 2), "right": (3, 2)
    }  # fmt: skip


# Judging takes what a hand-in asks for: too much memory, too long, or the process along.
GREEDY = """
import os, time
import torch
from course_utils.checks import grading
from course_utils.teaching import judge

judge._MEMORY, judge._SECONDS = 2**26, 1
if not hasattr(grading, "judge_before"):
    grading.judge_before = grading.judge

def judged(assignment, exercise, seed, answers, sources):
    wish, end = "".join(sources), time.process_time() + 20
    if "takes memory" in wish:
        torch.ones(2**28)
    while "takes time" in wish and time.process_time() < end:
        pass
    if "takes the process along" in wish:
        os._exit(1)
    return grading.judge_before(assignment, exercise, seed, answers, sources)

grading.judge = judged
"""
WISHES = {"anna": "nothing", "ivan": "memory", "oleg": "time", "vera": "the process along"}


def ends(root) -> dict[str, tuple]:
    """student -> (stage, state, verdict of the check) after grading."""
    found = {}
    for student in WISHES:
        path = root / "grading" / NAME / "judged" / student / f"{NAME}.ipynb"
        cells = nbformat.read(path, as_version=4).cells
        (cell,) = [
            c for c in cells if c.metadata.get("nbgrader", {}).get("grade_id") == "jaccard"
        ]
        verdict = cell.metadata.get("course", {}).get("verdict", {})
        found[student] = (*latest_state(root, student), verdict.get("summary"))
    return found


@pytest.mark.slow
def test_limits_hold_on_workers_elsewhere_as_here(released_course, certificates, tmp_path):
    here, elsewhere = tmp_path / "here", tmp_path / "there"
    for root in (here, elsewhere):
        shutil.copytree(released_course, root)
        with (root / "nbgrader_config.py").open("a") as file:
            file.write(GREEDY)
        for student, wish in WISHES.items():
            hand_in(root, student, answered(root, jaccard=f"{RIGHT}# takes {wish}"))
    course(here, "grade", NAME, "-q")
    before = psutil.Process().children(recursive=True)  # of other tests
    with cluster(tmp_path / "workers", certificates, workers=1) as address:
        course(
            *(elsewhere, "grade", NAME, "-q", "--scheduler", address),
            *("--certificates", str(certificates)),
        )
        left = set(psutil.Process().children(recursive=True)) - set(before)
    assert ends(elsewhere) == ends(here)
    assert [end[1] for end in ends(here).values()] == ["graded"] * 3 + ["crashed"]
    assert "more than 64 MiB" in ends(here)["ivan"][2]
    assert "more than 1 s" in ends(here)["oleg"][2]
    _gone, alive = psutil.wait_procs(left, 20)
    assert alive == []


@pytest.mark.slow
def test_several_threads_or_other_certificates_are_refused(certificates, tmp_path):
    others = tmp_path / "others"
    shutil.copytree(certificates, others)
    for name in ("cert.pem", "key.pem"):
        (others / name).unlink()
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=other"),
            *("-keyout", str(others / "key.pem"), "-out", str(others / "cert.pem")),
        ],
        check=True,
        capture_output=True,
    )
    with cluster(tmp_path / "elsewhere", certificates, workers=1, threads=2) as address:
        with (
            pytest.raises(CourseError, match=r"one thread, got several .*--nthreads 1"),
            connected(address, certificates) as client,
        ):
            client.wait_for_workers(1, timeout=60)
        with (
            pytest.raises(CourseError, match=r"certificates of the authority"),
            connected(address, others),
        ):
            pass


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:8786", "127.0.0.1:8786", "ws://a:1"])
def test_a_scheduler_without_tls_is_refused_in_a_sentence(address, tmp_path):
    with (
        pytest.raises(CourseError, match=r"tls://.*docs/grading\.md shows how") as error,
        connected(address, tmp_path),
    ):
        pass
    assert len(error.value.problems) == 1


def test_missing_certificates_are_named(tmp_path):
    (tmp_path / "ca.pem").touch()
    with (
        pytest.raises(CourseError, match=r"found no cert\.pem, key\.pem"),
        connected("tls://127.0.0.1:8786", tmp_path),
    ):
        pass
