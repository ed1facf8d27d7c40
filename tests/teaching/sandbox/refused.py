"""Whether a sandbox can be had here, as a program of its own: its sentence, or "works".

    python refused.py [seccomp | no-seccomp]

seccomp: behind a filter that refuses new namespaces, as a container's does; no-seccomp: behind
one that refuses further filters, as a Linux without them does.
"""

import ctypes
import errno
import platform
import struct
import sys

from course_utils.teaching.sandbox.bubblewrap import SandboxUnavailable, require

_NEW = 0x7E020080  # CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_CALLS = {"x86_64": (56, 272, 435), "aarch64": (220, 97, 435)}  # clone, unshare, clone3
_PRCTL = {"x86_64": 157, "aarch64": 167}
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER = 38, 22, 2


def refuse_namespaces(machine: str) -> None:
    """From now on clone and unshare answer EPERM to who asks for a namespace, clone3 ENOSYS."""
    clone, unshare, clone3 = _CALLS[machine]
    program = [
        (_LOAD, 0, 0, 0),  # the call's number
        (_EQUAL, 5, 0, clone3),
        (_EQUAL, 1, 0, clone),
        (_EQUAL, 0, 2, unshare),
        (_LOAD, 0, 0, 16),  # its first argument: flags
        (_ANY_BIT, 2, 0, _NEW),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _ERROR | errno.ENOSYS),
        (_RETURN, 0, 0, _ERROR | errno.EPERM),
    ]
    _load(program)


def refuse_filters(machine: str) -> None:
    """From now on prctl answers EINVAL to who sets a filter."""
    program = [
        (_LOAD, 0, 0, 0),
        (_EQUAL, 0, 3, _PRCTL[machine]),
        (_LOAD, 0, 0, 16),
        (_EQUAL, 0, 1, _PR_SET_SECCOMP),
        (_RETURN, 0, 0, _ERROR | errno.EINVAL),
        (_RETURN, 0, 0, _ALLOW),
    ]
    _load(program)


def _load(program: list[tuple[int, int, int, int]]) -> None:
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *row) for row in program))
    given = struct.pack("@HP", len(program), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    for call in (
        (_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (_PR_SET_SECCOMP, _FILTER, ctypes.c_char_p(given), 0, 0),
    ):
        if libc.prctl(*call) != 0:
            raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    for asked in sys.argv[1:]:
        {"seccomp": refuse_namespaces, "no-seccomp": refuse_filters}[asked](platform.machine())
    try:
        require()
    except SandboxUnavailable as error:
        print(error)
    else:
        print("works")
