"""Hand-ins that look for what a sandbox forgot: keys, system calls, memory that nobody counts,
the folder of the kernel's sockets, the thread that watches."""

import platform

from course_utils.teaching.sandbox import seccomp
from tests.teaching.attacks.attack import ends, tries

__all__ = ["SANDBOX"]

_PLACE = platform.machine() == "aarch64"
_NUMBERS = {name: both[_PLACE] for name, both in (seccomp.REFUSED | seccomp.LOOKED_AT).items()}
_CALL = f"""
import ctypes, gc, mmap, os, socket, threading, zmq
numbers = {_NUMBERS}
libc = ctypes.CDLL(None, use_errno=True)

def called(name, *given):
    if numbers[name] is None:
        return -1
    return libc.syscall(ctypes.c_long(numbers[name]), *given)

def reached(*what):
    print("REACH" + "ED", *what)
"""
_FOLDER = """
found = [item for item in gc.get_objects() if isinstance(item, zmq.Socket) and not item.closed]
ends = [item.getsockopt_string(zmq.LAST_ENDPOINT).rstrip(chr(0)) for item in found]
folder = next(os.path.dirname(end[6:]) for end in ends if end.startswith("ipc:///"))
"""


def _tries(name, does, code):
    return tries(name, does, _CALL + code, "inside")


def _ends(name, does, code, **more):
    states = ("crashed", "timed_out")  # a busy machine may be too slow for the limit
    return ends(name, does, _CALL + code, "inside", states=states, reason="", **more)


SANDBOX = (
    _tries(
        "session_keyring",
        "reads the keys of who grades, and leaves one for the next kernel",
        """
for ring in (-1, -2, -3, -4, -5):
    if called("keyctl", 0, ring, 0) >= 0 or called("keyctl", 11, ring, None, 0) >= 0:
        reached("keyring", ring)
if called("add_key", b"user", b"note", b"answers", ctypes.c_size_t(7), -3) >= 0:
    reached("note")
try:
    if open("/proc/keys").read(): reached("names of keys")
except OSError: pass
""",
    ),
    _tries(
        "memory_that_nobody_holds",
        "takes memory by memfd, System V and shared mappings, and lets go of it",
        """
for number in range(40):
    file = called("memfd_create", b"x", 0)
    if file >= 0:
        os.write(file, bytes(60 * 2**20))
        reached("memfd")
    if called("shmget", 0, ctypes.c_size_t(60 * 2**20), 0o1600) >= 0: reached("System V")
    try:
        memory = mmap.mmap(-1, 60 * 2**20)
        memory.write(bytes(60 * 2**20))
        memory.madvise(mmap.MADV_DONTNEED)
        reached("shared memory")
    except OSError: pass
""",
    ),
    _tries(
        "folder_of_the_sockets",
        "puts a folder in the place of the connection file and writes 200 MB into it",
        _FOLDER
        + """
held, path = 0, f"{folder}/kernel.json"
try:
    os.remove(path)
    os.mkdir(path)
    reached("connection file")
except OSError: path = folder
for number in range(2000):
    try:
        with open(f"{path}/{number}", "wb") as file: held += file.write(bytes(10**5))
    except OSError: pass
if held > 10**6: reached(held, "bytes")
""",
    ),
    _tries(
        "sockets_replaced",
        "puts links to another socket in the place of its own",
        _FOLDER
        + """
server = socket.socket(socket.AF_UNIX)
server.bind("/tmp/elsewhere")
server.listen()
for name in os.listdir(folder):
    try:
        os.unlink(f"{folder}/{name}")
        os.symlink("/tmp/elsewhere", f"{folder}/{name}")
    except OSError: pass
""",
    ),
    _ends(
        "watcher_blinded",
        "makes and removes files, shuts folders, and takes memory without end",
        _FOLDER
        + """
def come_and_go():
    while True:
        for place in (folder, "/tmp", "."):
            try:
                open(f"{place}/x", "w").close()
                os.unlink(f"{place}/x")
            except OSError: pass
threading.Thread(target=come_and_go, daemon=True).start()
for place in (folder, "/tmp", "/dev/shm"):
    try: os.chmod(place, 0)
    except OSError: pass
held = []
while True:
    try: held.append(bytearray(16 * 2**20))
    except MemoryError: pass
""",
    ),
    _tries(
        "doors_into_linux",
        "asks for namespaces, io_uring, user faults, other processes and strange sockets",
        """
for flag in (0x20000, 0x10000000, 0x40000000):
    if called("unshare", ctypes.c_long(flag)) == 0: reached("namespace", hex(flag))
for name, *given in (("io_uring_setup", 8, bytes(120)), ("userfaultfd", 1), ("personality", -1),
                     ("bpf", 0, bytes(120), 120), ("ptrace", 0, 0, 0, 0)):
    if called(name, *given) >= 0: reached(name)
for family in (16, 17, 38, 40):
    try:
        socket.socket(family, socket.SOCK_DGRAM).close()
        reached("family", family)
    except OSError: pass
""",
    ),
    _ends(
        "files_without_content",
        "makes empty files without end",
        """
for number in range(10**7):
    os.close(os.open(f"/tmp/{number}", os.O_CREAT | os.O_WRONLY))
""",
        slow=True,
    ),
)
