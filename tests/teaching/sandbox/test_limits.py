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

EMPTY_FILES = """
import os, time
os.mkdir("/tmp/many")
for number in range(600_000):
    os.close(os.open(f"/tmp/many/{number}", os.O_CREAT | os.O_WRONLY))
time.sleep(600)
"""
HARD_LINKS = """
import os, time
open("/hand_in/one", "w").close()
for number in range(600_000):
    os.link("/hand_in/one", f"/hand_in/{number}")
time.sleep(600)
"""
PAGE_TABLES = """
import ctypes, mmap, time
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
length = 400 * 2**30  # read only: no data; one page in 2 MiB is looked at, each the same zeros
flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000
start = libc.mmap(None, ctypes.c_size_t(length), 1, flags, -1, ctypes.c_long(0))
libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(length), 15)  # no huge pages
for place in range(start, start + length, 2**21):
    ctypes.c_byte.from_address(place).value
time.sleep(600)
"""
# Memory that no process would be seen to hold.
UNSEEN = """
import ctypes, mmap, os

def given_back(memory):
    for place in range(0, len(memory), 4096):
        memory[place] = 1
    memory.madvise(mmap.MADV_DONTNEED)

def zeros():
    with open("/dev/zero", "r+b") as file:
        return mmap.mmap(file.fileno(), 2**20)

def tried(action):
    try:
        action()
        return "done"
    except OSError as error:
        return error.strerror

facts = {
    "memfd": tried(lambda: os.memfd_create("x")),
    "anonymous": tried(lambda: given_back(mmap.mmap(-1, 2**20))),
    "zeros": tried(lambda: given_back(zeros())),
    "zeros are read": open("/dev/zero", "rb").read(2).hex(),
    "a file": tried(lambda: given_back(mmap.mmap(os.open("/usr/bin/env", os.O_RDONLY), 4096,
                                                 prot=mmap.PROT_READ | mmap.PROT_WRITE,
                                                 flags=mmap.MAP_PRIVATE))),
}
"""


def test_growing_memory_ends_the_kernel_with_the_reason(start):
    assert start(memory=1024 * MIB).dies_of(GROW) == "used more than 1 GiB of memory"


def test_many_processes_are_counted_together(start):
    assert "of memory" in start(memory=1024 * MIB).dies_of(MANY_SMALL)


def test_files_in_memory_count_as_memory(start):
    assert "of memory" in start(memory=900 * MIB, file_size=2**31).dies_of(FILES)


@pytest.mark.parametrize("code", [EMPTY_FILES, HARD_LINKS], ids=["files", "links"])
def test_files_without_content_count_as_memory(start, code):
    assert "of memory" in start(memory=800 * MIB).dies_of(code)


def test_tables_of_pages_count_as_memory(start):
    assert "of memory" in start(memory=800 * MIB).dies_of(PAGE_TABLES)


def test_no_memory_is_had_that_nobody_is_seen_to_hold(start):
    facts = start().facts(UNSEEN)
    refused = dict.fromkeys(("memfd", "anonymous"), "Operation not permitted")
    zeros = {"zeros": "No such device", "zeros are read": "0000"}
    assert facts == refused | zeros | {"a file": "done"}


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
