"""The folder of a kernel's sockets: no way out of the sandbox, and none for who connects."""

import os
import socket
import tempfile

import pytest

from course_utils.teaching.sandbox.folders import SocketsInside
from tests.teaching.sandbox.kernels import SECONDS

BREAK_OUT = """
import os, shutil

def tried(action, *given):
    try:
        action(*given)
        return "done"
    except OSError as error:
        return error.strerror

def write():
    with open(f"{folder}/kernel.json/big" if was_removed else f"{folder}/big", "wb") as file:
        file.write(bytes(2**22))

was_removed = tried(os.remove, f"{folder}/kernel.json") == "done"
tried(os.mkdir, f"{folder}/kernel.json")
tried(os.rename, f"{folder}/kernel.json", f"{folder}/other.json")
for number in range(300):
    tried(os.mkdir, f"{folder}/kernel.json/{number}" if was_removed else f"{folder}/{number}")
facts = [was_removed, tried(write)]
"""
REPLACE = """
import glob, os
for path in glob.glob(f"{folder}/kernel-*"):
    os.unlink(path)
    os.symlink(elsewhere, path)
"""


@pytest.fixture
def elsewhere():
    """A socket of this machine that a kernel names; it answers nobody."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{folder}/socket")
        server.listen()
        server.settimeout(0.2)
        yield server


def test_nothing_is_written_to_the_machine_s_disk(start):
    kernel = start()
    folder = kernel.provisioner._private
    before = sorted(os.listdir(folder))
    facts = kernel.facts(f"folder = {str(folder)!r}\n{BREAK_OUT}")
    assert facts == [False, "No space left on device"]
    assert sorted(os.listdir(folder)) == before
    assert (folder / "kernel.json").is_file()


def test_a_socket_that_is_replaced_leads_nowhere_else(start, elsewhere):
    kernel = start()
    values = f"folder = {str(kernel.provisioner._private)!r}\n"
    values += f"elsewhere = {elsewhere.getsockname()!r}\n"
    kernel.run(values + REPLACE)
    another = kernel.manager.client()
    another.start_channels()
    try:
        another.wait_for_ready(timeout=SECONDS)  # it is the kernel that answers
    finally:
        another.stop_channels()
    with pytest.raises(TimeoutError):
        elsewhere.accept()


def test_a_restarted_kernel_is_found(start):
    kernel = start()
    kernel.manager.restart_kernel(now=True)
    kernel.client.wait_for_ready(timeout=SECONDS)
    assert kernel.run("print(2)") == "2\n"


@pytest.mark.parametrize("what", ["nothing", "link", "folder", "file"])
def test_what_is_no_socket_is_not_reached(what, tmp_path, elsewhere):
    path = tmp_path / "kernel-1"
    if what == "link":
        path.symlink_to(elsewhere.getsockname())
    elif what == "folder":
        path.mkdir()
    elif what == "file":
        path.write_text("")
    sockets = SocketsInside(os.getpid())
    before = path.lstat() if what != "nothing" else None
    assert not sockets.reach(path)
    assert (path.lstat() if what != "nothing" else None) == before
    sockets.close()
