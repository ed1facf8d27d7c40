"""A run killed at any moment and started again ends in the gradebook of an undisturbed one."""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time

import psutil
import pytest

from tests.teaching.grading.class_of import DICE, NAME, answered, course, gradebook, hand_in
from tests.teaching.grading.sockets import listening
from tests.without_sandbox import grade_options, why_none

pytestmark = pytest.mark.slow  # whole runs

ALL = bool(os.environ.get("COURSE_TEST_ALL"))
MOMENTS = 20 if ALL else 1
EXIT = "import os\nos._exit(0)"


@pytest.fixture(scope="module")
def undisturbed(released_course, tmp_path_factory):
    """(the course with a class, its gradebook after a run that nothing disturbed, seconds,
    TCP ports that a process of the run listened on)."""
    root = tmp_path_factory.mktemp("undisturbed") / "course"
    shutil.copytree(released_course, root)
    answers = {
        "anna": answered(root, essay="Because."),
        "oleg": answered(root, "ru", DICE),
        "vera": "no notebook",
        "ilya": answered(root, twice=EXIT),
        "yulia": answered(root, "ru"),
        "denis": answered(root, jaccard=None),
    }
    for student, content in answers.items():
        hand_in(root, student, content)
    clean = root.parent / "clean"
    shutil.copytree(root, clean)
    began, ports, seen = time.monotonic(), set(), set()
    with started(root) as process:
        while process.poll() is None:
            for one in (process, *below(psutil.Process(process.pid))):
                seen.add(one.pid)
                ports.update(listening(one.pid))
            time.sleep(0.2)
    assert process.returncode == 0
    assert len(seen) > 3  # workers and kernels were among them
    return clean, gradebook(root), time.monotonic() - began, ports


def below(process):
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


@pytest.mark.skipif(bool(why_none()), reason="without a sandbox kernels have ports here")
def test_no_process_of_a_run_listens_on_a_port(undisturbed):
    """Whoever is on this machine could talk to it."""
    assert undisturbed[-1] == set()


def test_a_port_would_be_seen():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert f"0100007F:{port:04X}" in listening(os.getpid())


def started(root, **options):
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "course_utils.teaching.cli"),
            *("grade", NAME, "-q", *grade_options()),
        ],
        cwd=root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **options,
    )


@pytest.mark.parametrize("seed", range(MOMENTS))
def test_the_program_killed_at_a_random_moment(undisturbed, tmp_path, seed):
    clean, expected, seconds, _ports = undisturbed
    root = tmp_path / "course"
    shutil.copytree(clean, root)
    draw = random.Random(seed)
    with started(root) as process:
        time.sleep(draw.uniform(0.3, 1.0) * seconds)
        family = below(psutil.Process(process.pid)) if process.poll() is None else []
        process.send_signal(signal.SIGKILL)
    _gone, alive = psutil.wait_procs(family, timeout=20)
    assert not alive, [child.cmdline() for child in alive]
    course(root, "grade", NAME, "-q")
    assert gradebook(root) == expected


def test_ctrl_c_ends_all(undisturbed, tmp_path):
    """The terminal sends it to the whole group of processes."""
    clean, expected, seconds, _ports = undisturbed
    root = tmp_path / "course"
    shutil.copytree(clean, root)
    with started(root, start_new_session=True) as process:
        time.sleep(0.6 * seconds)
        family = below(psutil.Process(process.pid)) if process.poll() is None else []
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=30)
    _gone, alive = psutil.wait_procs(family, timeout=20)
    assert not alive, [child.cmdline() for child in alive]
    course(root, "grade", NAME, "-q")
    assert gradebook(root) == expected


@pytest.mark.parametrize("seed", range(MOMENTS))
def test_a_child_killed_at_a_random_moment(undisturbed, tmp_path, seed):
    """Any process of the run: the run itself goes on, or the next one does."""
    clean, expected, seconds, _ports = undisturbed
    root = tmp_path / "course"
    shutil.copytree(clean, root)
    draw = random.Random(100 + seed)
    with started(root) as process:
        time.sleep(draw.uniform(0.4, 1.0) * seconds)
        family = below(psutil.Process(process.pid)) if process.poll() is None else []
        if family:
            draw.choice(family).kill()  # a worker, a kernel, a sandbox, what forks them
        process.wait(timeout=240)
    course(root, "grade", NAME, "-q")
    assert gradebook(root) == expected
