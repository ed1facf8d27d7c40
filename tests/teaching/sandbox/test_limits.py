"""What a kernel may use; beyond it, it ends with a reason."""

import pytest

from course_utils.i18n import speaking
from course_utils.teaching.sandbox.limits import (
    Limits,
    Reason,
    resource_limits,
    too_much_memory,
)
from tests.teaching.sandbox.kernels import until

MIB = 2**20
GROW = """
kept = []
while True:
    try:
        kept.append(bytearray(8 * 2**20))
    except MemoryError:
        pass
"""
FORK_BOMB = """
import os, time
while True:
    try:
        os.fork()
    except OSError:
        pass
"""
THREADS = """
import threading, time
while True:
    try:
        threading.Thread(target=time.sleep, args=(600,)).start()
    except RuntimeError:
        pass
"""
MANY_SMALL = """
import os, time
for _ in range(12):
    if os.fork() == 0:
        kept = bytearray(os.urandom(1)) * (128 * 2**20)
        time.sleep(600)
time.sleep(600)
"""
FILES = """
import time
for number in range(100):
    with open(f"/tmp/{number}", "wb") as file:
        for _ in range(20):
            file.write(bytes(2**20))
time.sleep(600)
"""


def test_growing_memory_ends_the_kernel_with_the_reason(start):
    assert start(memory=1024 * MIB).dies_of(GROW) == "used more than 1 GiB of memory"


def test_many_processes_are_counted_together(start):
    assert "of memory" in start(memory=1024 * MIB).dies_of(MANY_SMALL)


def test_files_in_memory_count_as_memory(start):
    assert "of memory" in start(memory=900 * MIB, file_size=2**31).dies_of(FILES)


def test_memory_that_is_only_reserved_is_not_counted(start):
    code = "import mmap\nflags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS\n"
    code += "held = mmap.mmap(-1, 64 * 2**30, flags=flags, prot=0)\nprint(len(held) >> 30)"
    assert start(memory=1024 * MIB).run(code) == "64\n"


@pytest.mark.parametrize("code", [FORK_BOMB, THREADS], ids=["processes", "threads"])
def test_a_bomb_ends_with_the_reason(start, code):
    reason = start(processes=100).dies_of(code)
    assert reason == "started more than 100 processes and threads"


def test_the_time_of_the_whole_is_limited(start):
    for seconds in (2, 8, 32):
        try:
            kernel = start(wall_seconds=seconds)
            break
        except RuntimeError:  # this machine is so busy that they were over before it was ready
            assert seconds < 32
    said = kernel.dies_of("import time\ntime.sleep(600)")
    assert said.startswith("was running when the")
    assert kernel.provisioner.reason.state == "timed_out"


def test_a_file_cannot_grow_beyond_the_limit(start):
    code = """
try:
    with open("/tmp/big", "wb") as file:
        for _ in range(20):
            file.write(bytes(2**20))
except OSError as error:
    print(error.strerror)
"""
    assert start(file_size=8 * MIB).run(code) == "File too large\n"


def test_the_folder_in_memory_is_full_at_its_size(start):
    code = """
try:
    for number in range(20):
        with open(f"/tmp/{number}", "wb") as file:
            file.write(bytes(2**20))
except OSError as error:
    print(error.strerror)
"""
    assert start(file_size=8 * MIB).run(code) == "No space left on device\n"


def test_limits_of_linux_are_set_and_cannot_be_raised(start):
    code = """
import resource
facts = {name: resource.getrlimit(getattr(resource, "RLIMIT_" + name))[1]
         for name in ("CORE", "DATA", "FSIZE", "NOFILE", "CPU")}
try:
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    facts["raised"] = True
except (ValueError, OSError):
    facts["raised"] = False
"""
    limits = resource_limits(Limits())
    facts = start().facts(code)
    assert not facts.pop("raised")
    assert facts == {name: limits[name.lower()] for name in facts}
    assert facts["CORE"] == 0


def test_a_kernel_within_its_limits_has_no_reason(start):
    kernel = start()
    kernel.run("import time\ntime.sleep(1)")
    assert kernel.provisioner.reason is None
    assert kernel.manager.is_alive()


def test_a_reason_speaks_russian():
    with speaking("ru"):
        assert set("абвгдежз") & set(str(too_much_memory(Limits())))
    assert str(Reason("a {b}", {"b": 1})) == "a 1"


def test_one_huge_request_is_refused_and_the_kernel_goes_on(start):
    kernel = start(memory=1024 * MIB)
    code = "try: bytearray(2**40)\nexcept MemoryError: print('refused')"
    assert kernel.run(code) == "refused\n"
    until(lambda: kernel.manager.is_alive())
