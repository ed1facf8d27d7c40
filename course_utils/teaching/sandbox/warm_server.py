"""The warm process: a program of its own that imports libraries and forks kernels.

    python warm_server.py FD [LISTENING]

FD: one end of a Unix socket pair (SOCK_SEQPACKET). LISTENING: a socket of the same kind, where
other programs of the same grader connect and ask as well. The first message on FD is a JSON
object: "environment", variables for the libraries (where the font list is), for those that the
process starts with can be read by every kernel; "libraries", modules to import besides PRELOAD.
Each further one is a request, a JSON object with one descriptor to answer on:

    first: process whose namespaces the kernel enters; it is 1 inside
    argv, environment, working_folder: of the kernel
    user: id that it runs under, null for this process's own
    limits: names of RLIMIT_* in lower case -> values
    threads: of torch, null for its own choice
    filter: of system calls, base64 of what seccomp(2) takes; calls: their names -> numbers

The answer is b"kernel" with a descriptor (pidfd) of the kernel, or the words of an error.
One thread only, or else it could neither fork safely nor enter a user namespace. It ends when
the other end of FD closes. It knows nothing that a student must not know: no reference,
no exercises, no secrets of the environment.
"""

import base64
import contextlib
import ctypes
import errno
import gc
import importlib
import json
import os
import random
import resource
import selectors
import signal
import socket
import struct
import sys
from pkgutil import iter_modules

from course_utils.checks import assignments

PRELOAD = (
    *("torch", "torch._subclasses.schema_check_mode", "numpy"),
    *("numpy.ctypeslib", "PIL.Image", "PIL.JpegImagePlugin", "PIL.PngImagePlugin"),
    *("safetensors.torch", "tqdm.auto"),
    # not its backend for notebooks, which looks for the shell as it is imported
    *("matplotlib.pyplot", "matplotlib.figure", "matplotlib.font_manager"),
    *("matplotlib.image", "matplotlib.backends.backend_agg"),
    # what a kernel imports as it starts
    *("ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.zmqshell"),
    *("ipykernel.debugger", "IPython.core.debugger", "IPython.core.completerlib"),
    *("IPython.core.oinspect", "IPython.extensions.storemagic", "IPython.display"),
    *("IPython.core.logger", "faulthandler"),
    *("sqlite3", "tornado.platform.asyncio", "tornado.queues", "psutil"),
    *("course_utils.i18n", "course_utils.data", "course_utils.data.small_net"),
    *("course_utils.data.shapes_classification", "course_utils.session"),
    *("course_utils.checks.kernel", "course_utils.checks.notebook"),
    *(
        f"course_utils.checks.assignments.{found.name}.probes"
        for found in iter_modules(assignments.__path__)
        if found.ispkg
    ),
)
_NAMESPACES = ("user", "cgroup", "ipc", "uts", "net", "pid", "mnt")  # rights first, files last
_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 4, 24, 38, 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_CAP_VERSION_3 = 0x20080522
_JOIN_SESSION_KEYRING = 1
# Of seccomp(2); without the second, older Linux slows all code behind a filter down.
_SET_FILTER, _SPEC_ALLOW = 1, 4


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    first = json.loads(control.recv(2**16))
    os.environ.update(first["environment"])
    for name in (*PRELOAD, *first["libraries"]):
        try:
            importlib.import_module(name)
        except ImportError:
            continue  # an optional package: kernels say it is missing when asked
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for children; none is a zombie
    _libc.prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: grandchildren too
    gc.collect()
    gc.freeze()  # kernels share these objects' pages: a collection would copy them
    listening = socket.socket(fileno=int(sys.argv[2])) if len(sys.argv) > 2 else None
    with selectors.DefaultSelector() as lines:
        for line in filter(None, (control, listening)):
            lines.register(line, selectors.EVENT_READ)
        while True:
            for ready, _events in lines.select():
                line = ready.fileobj
                if line is listening:
                    lines.register(line.accept()[0], selectors.EVENT_READ)
                elif not _answered(line):
                    if line is control:
                        return
                    lines.unregister(line)
                    line.close()


def _answered(line: socket.socket) -> bool:
    """Fork the kernel that is asked for; False where the other end has closed."""
    try:
        data, descriptors, _flags, _address = socket.recv_fds(line, 2**20, 1)
    except ConnectionError:
        return False
    if not data:
        return False
    answer = socket.socket(fileno=descriptors[0])
    if os.fork() == 0:
        _child(json.loads(data), answer)
    answer.close()
    return True


def _child(request: dict, answer: socket.socket) -> None:
    """Enter the namespaces; the kernel is one fork further: only a child is in the PID one."""
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _enter(request["first"])
        kernel = os.fork()
        if kernel:
            socket.send_fds(answer, [b"kernel"], [os.pidfd_open(kernel)])
            os._exit(0)
    except BaseException as error:
        with contextlib.suppress(OSError):  # nobody may be there any more
            answer.send(f"{type(error).__name__}: {error}".encode()[:4000])
        os._exit(1)
    try:
        answer.close()
        _become_kernel(request)
    finally:
        os._exit(1)


def _enter(first: int) -> None:
    own = {name: os.readlink(f"/proc/self/ns/{name}") for name in _NAMESPACES}
    folder = f"/proc/{first}/ns"
    names = [name for name in _NAMESPACES if os.readlink(f"{folder}/{name}") != own[name]]
    if not {"pid", "mnt", "net", "ipc"} <= set(names):
        raise OSError(f"Expected new namespaces at process {first}, got only {names}.")
    opened = [os.open(f"{folder}/{name}", os.O_RDONLY | os.O_CLOEXEC) for name in names]
    for descriptor in opened:
        _call("setns", descriptor, 0)
        os.close(descriptor)


def _become_kernel(request: dict) -> None:
    os.setsid()
    _close_all()
    os.chdir(request["working_folder"])
    for name, value in request["limits"].items():
        number = getattr(resource, f"RLIMIT_{name.upper()}")
        resource.setrlimit(number, (value, value))
    _drop_all_rights(request["user"])
    _join_a_new_keyring(request["calls"]["keyctl"])
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # as Python starts
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(request["environment"])
    _fresh_state(request["threads"])
    sys.argv = request["argv"]
    _filter_calls(request["calls"]["seccomp"], base64.b64decode(request["filter"]))
    del request
    code = 0
    try:
        from ipykernel import kernelapp

        kernelapp.launch_new_instance()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    import atexit

    atexit._run_exitfuncs()
    os._exit(code & 0xFF)


def _close_all() -> None:
    nothing = os.open("/dev/null", os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.closerange(3, max(map(int, os.listdir("/proc/self/fd"))) + 1)


def _drop_all_rights(user: int | None) -> None:
    """No capability, none to be had again by running a file."""
    _call("prctl", _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    for capability in range(64):
        if _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break  # this Linux has no more
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    header = (ctypes.c_uint32 * 2)(_CAP_VERSION_3, 0)
    _call("capset", header, (ctypes.c_uint32 * 6)())
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _call("prctl", _PR_SET_DUMPABLE, 1, 0, 0, 0)  # /proc/self is its own, as in a fresh process


def _join_a_new_keyring(keyctl: int) -> None:
    """A session keyring without the keys of who started the warm process; see `keyring`."""
    if _libc.syscall(ctypes.c_long(keyctl), _JOIN_SESSION_KEYRING, None) == -1:
        code = ctypes.get_errno()
        if code not in (errno.ENOSYS, errno.EPERM):
            raise OSError(code, f"keyctl: {os.strerror(code)}")


def _filter_calls(seccomp: int, program: bytes) -> None:
    """From now on Linux asks the program before each system call of this process."""
    held = ctypes.create_string_buffer(program, len(program))
    given = struct.pack("@HP", len(program) // 8, ctypes.addressof(held))
    _call("syscall", ctypes.c_long(seccomp), _SET_FILTER, _SPEC_ALLOW, ctypes.c_char_p(given))


def _fresh_state(threads: int | None) -> None:
    """What a process of its own would not share with the next kernel."""
    random.seed()
    for name, renew in (
        ("numpy", lambda numpy: numpy.random.seed()),
        ("torch", lambda torch: torch.default_generator.seed()),
        ("torch", lambda torch: torch.set_num_threads(threads or len(os.sched_getaffinity(0)))),
    ):
        if name in sys.modules:
            renew(sys.modules[name])


def _call(name: str, *values) -> None:
    if getattr(_libc, name)(*values) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


if __name__ == "__main__":
    del sys.path[0]  # this file's folder
    main()
