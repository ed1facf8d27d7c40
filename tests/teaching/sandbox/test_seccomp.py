"""The filter of system calls for both processors, run by an interpreter of our own."""

import errno
import re
import socket
import struct
from pathlib import Path

import pytest

from course_utils.teaching.sandbox import seccomp
from course_utils.teaching.sandbox.refusals import SandboxUnavailable
from tests.teaching.sandbox.bpf import PASSED, answer

PROCESSORS = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
I386, ARM = 0x40000003, 0x40000028
HEADERS = {  # of Linux, where they are installed
    "x86_64": "/usr/include/x86_64-linux-gnu/asm/unistd_64.h",
    "aarch64": "/usr/include/asm-generic/unistd.h",
}
NEEDED = {  # by Python, torch and Jupyter; numbers of x86_64 and aarch64
    "read": (0, 63),
    "openat": (257, 56),
    "execve": (59, 221),
    "futex": (202, 98),
    "prctl": (157, 167),
    "wait4": (61, 260),
    "sendmsg": (46, 211),
    "epoll_create1": (291, 20),
    "eventfd2": (290, 19),
    "pidfd_open": (434, 434),
    "set_robust_list": (273, 99),
    "rseq": (334, 293),
    "madvise": (28, 233),
    "sched_setaffinity": (203, 122),
    "mbind": (237, 235),
    "getrandom": (318, 278),
    "seccomp": (317, 277),
    "openat2": (437, 437),
    "futex_waitv": (449, 449),
}
NAMESPACES = {
    "mount": 0x20000,
    "cgroup": 0x2000000,
    "uts": 0x4000000,
    "ipc": 0x8000000,
    "user": 0x10000000,
    "pid": 0x20000000,
    "net": 0x40000000,
    "time": 0x80,
}
THREAD = 0x3D0F00  # as glibc's pthread_create calls clone
FORK = 0x1200011  # as its fork does

each_machine = pytest.mark.parametrize("machine", PROCESSORS)


def ask(machine, name, *arguments):
    called = seccomp.number(name, machine)
    return answer(seccomp.program(machine), PROCESSORS[machine], called, *arguments)


@each_machine
@pytest.mark.parametrize("name", seccomp.REFUSED)
def test_a_call_of_the_list_is_refused(machine, name):
    if seccomp.number(name, machine) is not None:
        assert ask(machine, name) == errno.EPERM


@each_machine
@pytest.mark.parametrize("name", NEEDED)
def test_what_python_and_torch_call_passes(machine, name):
    called = NEEDED[name][list(PROCESSORS).index(machine)]
    assert answer(seccomp.program(machine), PROCESSORS[machine], called, 1, 2, 3) == PASSED


@each_machine
@pytest.mark.parametrize("name", NAMESPACES)
@pytest.mark.parametrize("call", ["clone", "unshare"])
def test_no_namespace_is_made(machine, call, name):
    assert ask(machine, call, NAMESPACES[name]) == errno.EPERM
    assert ask(machine, call, NAMESPACES[name] | 17) == errno.EPERM


@each_machine
def test_processes_and_threads_are_made(machine):
    assert ask(machine, "clone", FORK) == PASSED
    assert ask(machine, "clone", THREAD) == PASSED
    assert ask(machine, "unshare", 0x400) == PASSED  # CLONE_FILES
    assert ask(machine, "clone3") == errno.ENOSYS  # libc then calls clone


@each_machine
@pytest.mark.parametrize("call", ["socket", "socketpair"])
def test_only_usual_sockets_are_made(machine, call):
    flags = socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
        assert ask(machine, call, socket.AF_UNIX, kind | flags) == PASSED
    for family in (socket.AF_INET, socket.AF_INET6):
        assert ask(machine, call, family, socket.SOCK_STREAM | flags, 6) == PASSED
        assert ask(machine, call, family, socket.SOCK_DGRAM) == PASSED
        for kind in (socket.SOCK_RAW, socket.SOCK_SEQPACKET, 6):
            assert ask(machine, call, family, kind) == errno.EPROTONOSUPPORT
        for protocol in (132, 262, 255):  # SCTP, MPTCP, raw
            refused = ask(machine, call, family, socket.SOCK_STREAM, protocol)
            assert refused == errno.EPROTONOSUPPORT
    for family in (0, *range(3, 10), *range(11, 50)):
        assert ask(machine, call, family, socket.SOCK_DGRAM) == errno.EOPNOTSUPP


@each_machine
def test_memory_is_shared_only_by_a_file(machine):
    shared, private, anonymous, fixed = 1, 2, 0x20, 0x10
    assert ask(machine, "mmap", 0, 1, 3, shared) == PASSED
    for flags in (private, private | anonymous, private | anonymous | fixed):
        assert ask(machine, "mmap", 0, 1, 3, flags) == PASSED
    for flags in (shared, 3):  # MAP_SHARED_VALIDATE
        assert ask(machine, "mmap", 0, 1, 3, flags | anonymous | fixed) == errno.EPERM


@each_machine
def test_the_calls_of_another_processor_are_refused(machine):
    program = seccomp.program(machine)
    others = {I386, ARM, *PROCESSORS.values()} - {PROCESSORS[machine]}
    for processor in others:
        assert answer(program, processor, 0) == errno.EPERM


@each_machine
def test_x32_and_calls_of_a_later_linux_do_not_exist(machine):
    program, processor = seccomp.program(machine), PROCESSORS[machine]
    for called in (seccomp.YOUNGER, 0x40000000, 0x40000000 | 101, 2**32 - 1):
        assert answer(program, processor, called) == errno.ENOSYS
    assert answer(program, processor, seccomp.YOUNGER - 1) == PASSED


@each_machine
def test_every_way_through_the_filter_ends(machine):
    """As Linux checks it: jumps go forward and stay inside, the last instruction returns."""
    rows = list(struct.iter_unpack("<HBBI", seccomp.program(machine)))
    assert len(rows) < 4096
    for place, (code, if_true, if_false, _value) in enumerate(rows):
        if code & 7 == 5:
            assert place + 1 + max(if_true, if_false) < len(rows)
    assert rows[-1][0] == 6


@pytest.mark.parametrize("machine", HEADERS)
def test_the_numbers_are_linuxs(machine):
    header = Path(HEADERS[machine])
    if not header.exists():
        pytest.skip(f"needs Linux's headers: {header}")
    found = {}
    for line in header.read_text().splitlines():
        match = re.match(r"#define __NR(?:3264)?_(\w+)\s+(\d+)$", line)
        if match:
            found[match[1]] = int(match[2])
    asked = {**seccomp.REFUSED, **seccomp.LOOKED_AT, **NEEDED}
    known = {name for name in asked if name in found}
    assert len(known) > 60
    place = list(PROCESSORS).index(machine)
    assert {name: found[name] for name in known} == {name: asked[name][place] for name in known}
    for name, numbers in asked.items():
        assert (numbers[place] is not None) or name not in found


def test_another_processor_is_refused_with_a_sentence():
    with pytest.raises(SandboxUnavailable, match=r"or aarch64.*got riscv64.*--no-sandbox"):
        seccomp.program("riscv64")
