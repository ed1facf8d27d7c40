"""Nothing runs unwatched: a kernel ends with its watcher."""

import os
import threading

import pytest

from course_utils.teaching.sandbox import watcher
from course_utils.teaching.sandbox.limits import Limits
from tests.teaching.sandbox.kernels import until

MIB = 2**20
# Files come and go wherever it may write, and nobody may look into the folders; then it grows.
BLIND = """
import os, threading, time
places = [*folders, "/tmp", "/dev/shm", "/hand_in"]

def come_and_go():
    while True:
        for place in places:
            try:
                open(f"{place}/x", "w").close()
                os.unlink(f"{place}/x")
            except OSError:
                pass

threads = [threading.Thread(target=come_and_go, daemon=True) for _ in range(3)]
for thread in threads:
    thread.start()
time.sleep(1.5)
for place in places:
    try:
        os.chmod(place, 0)
    except OSError:
        pass
time.sleep(0.5)
kept = []
while True:
    try:
        kept.append(bytearray(8 * 2**20))
    except MemoryError:
        pass
"""


@pytest.fixture
def fails(monkeypatch):
    """A watcher of this very process that fails at its first look; what it has called."""

    def make(error):
        def look(*_given):
            raise error

        called = threading.Event()
        monkeypatch.setattr(watcher, "excess", look)
        monkeypatch.setattr(watcher, "_SECONDS", 0.01)
        monkeypatch.setattr(threading, "excepthook", lambda _given: None)
        return watcher.Watcher(os.getpid(), ["/"], Limits(), called.set), called

    return make


@pytest.mark.parametrize("error", [PermissionError, FileNotFoundError, ValueError, MemoryError])
def test_a_watcher_that_fails_kills_and_says_so(fails, error):
    made, called = fails(error())
    assert called.wait(60)
    made.stop()
    assert error.__name__ in str(made.reason)


def test_a_sandbox_that_has_ended_has_no_reason(fails):
    made, called = fails(ProcessLookupError())
    assert called.wait(60)
    made.stop()
    assert made.reason is None


def test_a_watcher_that_cannot_begin_kills():
    called = threading.Event()
    with pytest.raises(FileNotFoundError):
        watcher.Watcher(os.getpid(), ["/no/such/folder"], Limits(), called.set)
    assert called.is_set()


def test_a_watcher_that_is_stopped_kills_nobody_and_keeps_no_folder():
    called = threading.Event()
    before = len(os.listdir("/proc/self/fd"))
    made = watcher.Watcher(os.getpid(), ["/"], Limits(), called.set)
    assert len(os.listdir("/proc/self/fd")) == before + 1
    made.stop()
    assert not called.is_set()
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_hand_in_cannot_blind_its_watcher(start):
    kernel = start(memory=1024 * MIB)
    folders = [str(kernel.provisioner._private)]
    said = kernel.dies_of(f"folders = {folders}\n{BLIND}")
    assert said == "used more than 1 GiB of memory"


def test_a_kernel_whose_watcher_fails_dies(start, monkeypatch):
    kernel = start()

    def look(*_given):
        raise OSError("blind")

    monkeypatch.setattr(watcher, "excess", look)
    monkeypatch.setattr(threading, "excepthook", lambda _given: None)
    until(lambda: not kernel.manager.is_alive())
    assert "could not be watched any more" in str(kernel.provisioner.reason)
    assert kernel.provisioner.reason.ours  # the hand-in is tried once more
