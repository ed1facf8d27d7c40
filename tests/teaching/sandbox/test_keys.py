"""Keys: a kernel has none of the instructor's, and leaves none for the next kernel.

Asked without the filter that refuses all calls about keys, so that each of the two is tested.
"""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from course_utils.teaching.sandbox import seccomp

ROOT = Path(__file__).parents[3]
KEYS = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)

def called(name, *arguments):
    done = libc.syscall(ctypes.c_long(numbers[name]), *arguments)
    return os.strerror(ctypes.get_errno()) if done == -1 else "done"

def add(name):
    return called("add_key", b"user", name, b"secret", ctypes.c_size_t(6), -3)

def has(name):
    return called("keyctl", 10, -3, b"user", name, 0)
"""
INSIDE = """
facts = [has(b"instructor"), has(b"note"), add(b"note"), has(b"note")]
try:
    facts.append(open("/proc/keys").read())
except OSError:
    facts.append("")
"""
GRADER = """
import json, pathlib, struct, sys
called("keyctl", 1, None)
assert add(b"instructor") == has(b"instructor") == "done"
sys.path.insert(0, sys.argv[1])
from course_utils.teaching.sandbox import bubblewrap, seccomp
from tests.teaching.sandbox.kernels import Kernel
bubblewrap.program = seccomp.program = lambda: struct.pack("=HBBI", 6, 0, 0, 0x7FFF0000)
found = []
for fork in (False, False, True, True):
    kernel = Kernel(pathlib.Path(sys.argv[2]), fork=fork)
    found.append(kernel.facts(sys.argv[3]))
    kernel.end()
assert has(b"instructor") == "done"
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What two cold and two forked kernels found, one after another."""
    if platform.machine() not in ("x86_64", "aarch64") or not os.path.exists("/proc/keys"):
        pytest.skip("this Linux has no keyrings")
    names = ("keyctl", "add_key")
    numbers = {name: seccomp.number(name, platform.machine()) for name in names}
    code = f"numbers = {numbers}\n{KEYS}"
    folder = str(tmp_path_factory.mktemp("beside"))
    done = subprocess.run(
        [sys.executable, "-c", code + GRADER, str(ROOT), folder, code + INSIDE],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_no_key_of_the_instructor_is_handed_down(found):
    assert [facts[0] for facts in found] == ["Required key not available"] * 4


def test_no_key_is_left_for_the_next_kernel(found):
    assert [facts[1] for facts in found] == ["Required key not available"] * 4
    assert [facts[2:4] for facts in found] == [["done", "done"]] * 4


def test_no_name_of_a_key_is_shown(found):
    assert [facts[4] for facts in found] == [""] * 4
