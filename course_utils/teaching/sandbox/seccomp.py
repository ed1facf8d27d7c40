"""Which system calls code in a sandbox may not make: the filter that Linux asks before each.

    bwrap --seccomp FD, or seccomp(2)    <- program("x86_64")

A program of classic BPF. It reads the processor, the call's number and its first arguments,
and lets the call pass or answers with an error in Linux's stead. Calls that are in no list
here pass; those younger than the list do not exist (ENOSYS), as on an older Linux.

Source: Linux, Documentation/userspace-api/seccomp_filter.rst and uapi/linux/filter.h; numbers
of arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h.
"""

import errno
import platform
import socket
import struct
from collections.abc import Sequence

from course_utils.teaching.sandbox.refusals import WITHOUT, SandboxUnavailable

__all__ = ["LOOKED_AT", "NEW_NAMESPACE", "REFUSED", "YOUNGER", "number", "program"]

_MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # AUDIT_ARCH_*, both little-endian
REFUSED = {  # name -> numbers of x86_64 and aarch64; EPERM
    # namespaces and mounts
    "setns": (308, 268),
    "chroot": (161, 51),
    "pivot_root": (155, 41),
    "mount": (165, 40),
    "umount2": (166, 39),
    "mount_setattr": (442, 442),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "statmount": (457, 457),
    "listmount": (458, 458),
    # other processes
    "ptrace": (101, 117),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    # keys
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    # memory that no process and no folder is seen to hold
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "vmsplice": (278, 75),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "shmdt": (67, 197),
    "msgget": (68, 186),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "msgctl": (71, 187),
    "semget": (64, 190),
    "semop": (65, 193),
    "semtimedop": (220, 192),
    "semctl": (66, 191),
    "mq_open": (240, 180),
    # wide doors into Linux itself, which no exercise needs
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "userfaultfd": (323, 282),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "fanotify_init": (300, 262),
    "open_by_handle_at": (304, 265),
    "personality": (135, 92),
    "syslog": (103, 116),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "acct": (163, 89),
    "lookup_dcookie": (212, 18),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "modify_ldt": (154, None),
    "iopl": (172, None),
    "ioperm": (173, None),
}
LOOKED_AT = {  # by their arguments, or with a use of our own
    "clone": (56, 220),
    "clone3": (435, 435),
    "mmap": (9, 222),
    "unshare": (272, 97),
    "socket": (41, 198),
    "socketpair": (53, 199),
    "seccomp": (317, 277),
}
YOUNGER = 463  # the first number that is in no list here; x32's have bit 30 set
NEW_NAMESPACE = 0x7E020080  # CLONE_NEW* of NS, CGROUP, UTS, IPC, USER, PID, NET and TIME
_PROTOCOLS = (0, socket.IPPROTO_TCP, socket.IPPROTO_UDP)
_KINDS = (socket.SOCK_STREAM, socket.SOCK_DGRAM)
_MAP_PRIVATE, _MAP_TYPE, _MAP_ANONYMOUS = 0x2, 0xF, 0x20
_KIND = 0xF  # the rest of a socket's type are flags

_LOAD, _AND, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x45, 0x06
_NUMBER, _PROCESSOR, _ARGUMENTS = 0, 4, 16  # where they stand in struct seccomp_data
_PASS = (_RETURN, 0, 0, 0x7FFF0000)

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, value


def number(name: str, machine: str) -> int | None:
    """The number of a call in the lists above; None where this machine has no such call."""
    return (REFUSED | LOOKED_AT)[name][list(_MACHINES).index(machine)]


def program(machine: str = "") -> bytes:
    """The filter, 8 bytes an instruction.

    machine: as `uname -m` names it, by default this one.
    Raises SandboxUnavailable for a processor whose calls are not known here.
    """
    machine = machine or platform.machine()
    if machine not in _MACHINES:
        raise SandboxUnavailable(
            f"Expected a processor whose system calls are known, {' or '.join(_MACHINES)}, to "
            f"keep students' code from those that it must not make; got {machine}. Grade on "
            f"such a machine. {WITHOUT}"
        )
    return b"".join(struct.pack("=HBBI", *row) for row in _instructions(machine))


def _instructions(machine: str) -> list[Instruction]:
    calls = {name: number(name, machine) for name in (*REFUSED, *LOOKED_AT)}
    known = [calls[name] for name in REFUSED if calls[name] is not None]
    new = [_argument(0), *_if(_ANY_BIT, NEW_NAMESPACE, [_refuse(errno.EPERM)]), _PASS]
    return [
        (_LOAD, 0, 0, _PROCESSOR),
        *_unless(_EQUAL, _MACHINES[machine], [_refuse(errno.EPERM)]),
        (_LOAD, 0, 0, _NUMBER),
        *_if(_AT_LEAST, YOUNGER, [_refuse(errno.ENOSYS)]),
        # Its flags lie in memory, out of a filter's sight; libc then calls clone.
        *_if(_EQUAL, calls["clone3"], [_refuse(errno.ENOSYS)]),
        *(step for call in known for step in _if(_EQUAL, call, [_refuse(errno.EPERM)])),
        *_if(_EQUAL, calls["mmap"], _no_shared_memory_without_a_file()),
        *_if(_EQUAL, calls["clone"], new),
        *_if(_EQUAL, calls["unshare"], new),
        *_if(_EQUAL, calls["socket"], _usual_sockets()),
        *_if(_EQUAL, calls["socketpair"], _usual_sockets()),
        _PASS,
    ]


def _no_shared_memory_without_a_file() -> list[Instruction]:
    """Pages of a mapping that is shared and anonymous stay when a process has given them back
    (MADV_DONTNEED), and then nobody is seen to hold them. Those of a file are counted with it.
    """
    return [
        _argument(3),
        *_unless(_ANY_BIT, _MAP_ANONYMOUS, [_PASS]),
        (_AND, 0, 0, _MAP_TYPE),
        *_if(_EQUAL, _MAP_PRIVATE, [_PASS]),
        _refuse(errno.EPERM),
    ]


def _usual_sockets() -> list[Instruction]:
    """Unix ones; TCP and UDP, so that who looks for the network finds that there is none.

    ZeroMQ asks by a netlink socket for interfaces, and aborts at other errors than this one.
    """
    return [
        _argument(0),
        *_if(_EQUAL, socket.AF_UNIX, [_PASS]),
        *_one_of((socket.AF_INET, socket.AF_INET6), errno.EOPNOTSUPP),
        _argument(2),
        *_one_of(_PROTOCOLS, errno.EPROTONOSUPPORT),
        _argument(1),
        (_AND, 0, 0, _KIND),
        *_one_of(_KINDS, errno.EPROTONOSUPPORT),
        _PASS,
    ]


def _argument(place: int) -> Instruction:
    """Load the lower half of an argument of the call."""
    return (_LOAD, 0, 0, _ARGUMENTS + 8 * place)


def _refuse(error: int) -> Instruction:
    return (_RETURN, 0, 0, 0x00050000 | error)


def _if(test: int, value: int, then: Sequence[Instruction]) -> list[Instruction]:
    return [(test, 0, len(then), value), *then]


def _unless(test: int, value: int, then: Sequence[Instruction]) -> list[Instruction]:
    return [(test, len(then), 0, value), *then]


def _one_of(values: Sequence[int], error: int) -> list[Instruction]:
    """Refuse what was loaded where it is none of these."""
    steps = [_refuse(error)]
    for value in reversed(values):
        steps = _unless(_EQUAL, value, steps)
    return steps
