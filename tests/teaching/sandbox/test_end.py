"""Nothing outlives a kernel, and no kernel outlives the program that grades."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.teaching.sandbox.kernels import until

DETACHED = """
import os
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        import signal
        for number in range(1, 32):
            if number not in (signal.SIGKILL, signal.SIGSTOP):
                signal.signal(number, signal.SIG_IGN)
        os.execv("/bin/sleep", [name, "600"])
    os._exit(0)
import time
while not os.path.exists("/proc/self"):
    time.sleep(0.1)
"""
GRADER = """
import pathlib, sys, time
sys.path.insert(0, sys.argv[1])
from tests.teaching.sandbox.kernels import Kernel
kernel = Kernel(pathlib.Path(sys.argv[2]), fork=sys.argv[3] == "True")
kernel.run(f"name = {sys.argv[4]!r}" + sys.argv[5])
print("ready", flush=True)
time.sleep(600)
"""
ROOT = Path(__file__).parents[3]


def named(name):
    """Processes whose command line holds the name."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if name.encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return [number for number in found if number != os.getpid()]


def test_a_detached_process_ends_with_the_kernel(start, tmp_path):
    kernel = start()
    name = f"stray-{tmp_path.name}-{os.getpid()}"
    kernel.run(f"name = {name!r}" + DETACHED)
    until(lambda: named(name))
    kernel.manager.shutdown_kernel(now=True)
    assert named(name) == []


def test_a_detached_process_ends_when_the_kernel_exits(start, tmp_path):
    kernel = start()
    name = f"stray-{tmp_path.name}-{os.getpid()}"
    kernel.run(f"name = {name!r}" + DETACHED)
    until(lambda: named(name))
    kernel.client.execute("import os\nos._exit(3)")
    until(lambda: not kernel.manager.is_alive())
    until(lambda: named(name) == [])


def test_the_private_folder_is_removed(start):
    kernel = start()
    private = kernel.provisioner._private
    assert private.is_dir()
    kernel.end()
    assert not private.exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_grader_leaves_no_process(fork, tmp_path, number):
    name = f"stray-{tmp_path.name}-{os.getpid()}"
    grader = subprocess.Popen(
        [sys.executable, "-c", GRADER, str(ROOT), str(tmp_path), str(fork), name, DETACHED],
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        assert grader.stdout.readline() == b"ready\n"
        before = below(grader.pid)
        assert before
        assert named(name)
        grader.send_signal(number)
        grader.wait()
        until(lambda: not any(alive(process) for process in before))
        until(lambda: named(name) == [])
    finally:
        grader.kill()
        grader.stdout.close()


def below(process):
    """Processes that descend from this one."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == process:
            found += [int(folder.name), *below(int(folder.name))]
    return found


def alive(process):
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
