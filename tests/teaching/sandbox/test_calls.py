"""System calls that a kernel must not make, and those that honest code makes."""

import errno
import json
import platform
import subprocess
import sys

import pytest

from course_utils.teaching.sandbox import bubblewrap, policy, programs, seccomp

MACHINE = platform.machine()
NUMBERS = {
    name: called
    for name in seccomp.REFUSED | {"clone3": 0}
    if MACHINE in ("x86_64", "aarch64") and (called := seccomp.number(name, MACHINE))
}
TRY = """
import ctypes, os, socket
libc = ctypes.CDLL(None, use_errno=True)

def called(number, *arguments):
    ctypes.set_errno(0)
    done = libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments))
    return ctypes.get_errno() if done == -1 else 0

def opened(*kind):
    try:
        return socket.socket(*kind).close() or 0
    except OSError as error:
        return error.errno

def alone(action):  # what it changes is a child's
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.write(writing, bytes([action()]))
        os._exit(0)
    os.wait()
    return os.read(reading, 1)[0]

facts = {
    "calls": {name: called(number, *[-1] * 5) for name, number in numbers.items()},
    "unshare": {flag: alone(lambda: called(unshare, flag)) for flag in namespaces},
    "files": alone(lambda: called(unshare, 0x400)),
    "x32": called(0x40000000 + 39),
    "sockets": {family: opened(family, socket.SOCK_DGRAM) for family in (1, 2, 10, 16, 38, 40)},
    "raw": opened(socket.AF_INET, socket.SOCK_SEQPACKET, 132),
}
"""
NAMESPACES = (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000)
VALUES = f"numbers = {NUMBERS}\nnamespaces = {NAMESPACES}\n"
VALUES += f"unshare = {seccomp.LOOKED_AT['unshare'][MACHINE == 'aarch64']}\n"
HONEST = """
import multiprocessing, subprocess, threading, torch
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.shared_memory import SharedMemory
from torch.utils.data import DataLoader, TensorDataset

def squared(x):
    return x * x

data = TensorDataset(torch.arange(8.0))
loaded = torch.cat([b for (b,) in DataLoader(data, batch_size=2, num_workers=2)])
with multiprocessing.Pool(2) as pool, ProcessPoolExecutor(2) as executor:
    squares = [pool.map(squared, [1, 2]), list(executor.map(squared, [3]))]
shared = SharedMemory(create=True, size=100)
with multiprocessing.Lock():
    shared.buf[0] = 7
    held = shared.buf[0]
shared.close()
shared.unlink()
with multiprocessing.Manager() as manager:
    kept = list(manager.list([5]))
thread = threading.Thread(target=print)
thread.start()
thread.join()
said = subprocess.check_output(["/bin/echo", "a"]).decode()
facts = [loaded.tolist(), squares, held, kept, said]
"""


def check(facts):
    expected = dict.fromkeys(NUMBERS, errno.EPERM) | {"clone3": errno.ENOSYS}
    assert facts["calls"] == expected
    assert set(facts["unshare"].values()) == {errno.EPERM}
    assert facts["files"] == 0
    assert facts["x32"] == errno.ENOSYS
    refused = dict.fromkeys(("16", "38", "40"), errno.EOPNOTSUPP)
    assert facts["sockets"] == {"1": 0, "2": 0, "10": 0} | refused
    assert facts["raw"] == errno.EPROTONOSUPPORT


def test_a_kernel_makes_no_call_of_the_list(start):
    check(start().facts(VALUES + TRY))


def test_honest_code_goes_on(start):
    kernel = start()
    facts = kernel.facts(HONEST)
    assert facts == [list(range(8)), [[1, 4], [9]], 7, [5], "a\n"]
    assert "usr" in kernel.run("!/bin/ls /")


@pytest.mark.parametrize("which", ["the system's", "pip's"])
def test_each_bwrap_takes_the_filter(which, monkeypatch):
    monkeypatch.delenv(programs.SETTING, raising=False)
    bwrap = programs._by_pip() if which == "pip's" else programs.bwrap()
    if bwrap is None:
        pytest.skip(f"no bwrap by pip: {programs.WHEEL}")
    monkeypatch.setenv(programs.SETTING, bwrap)
    links, system = policy.system_folders()
    plain = policy.Policy(links=links, system=system, folders={"/tmp": 2**20})
    code = f"{VALUES}{TRY}\nimport json\nprint(json.dumps(facts))"
    with bubblewrap.command(plain) as (words, descriptors):
        done = subprocess.run(
            [*words, sys.executable, "-I", "-S", "-c", code],
            pass_fds=descriptors,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stderr
    check(json.loads(done.stdout))
