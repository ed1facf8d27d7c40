"""Hand-ins that reach for files, processes and networks that are none of their business."""

from tests.teaching.attacks.attack import cheats, tries

__all__ = ["REACHING", "SECRET_PLACES"]

# Folders of the machine that grades; the test puts its own, with the class's hand-ins, here.
SECRET_PLACES = "SECRET_PLACES"
_SAY = """
def reached(*what):
    print("REACH" + "ED", *what)
"""


def _reaches(name, does, code, *look_at, **more):
    return tries(name, does, _SAY + code, *look_at, **more)


REACHING = (
    _reaches(
        "reads_the_course",
        "looks for the course's folders: solutions, gradebook, hand-ins, settings",
        f"""
import os
for place in {SECRET_PLACES}:
    for name in ("gradebook.db", "solutions", "submitted", "autograded", "grading",
                 "nbgrader_config.py", "course.toml", "assignments"):
        path = os.path.join(place, name)
        if os.path.exists(path):
            reached(path)
for folder, folders, names in os.walk("/"):
    if folder in ("/proc", "/sys", "/usr") or folder.endswith("/site-packages"):
        folders.clear()
    for name in names:
        if name in ("gradebook.db", "ledger.db", "course.toml") or name.endswith(".ipynb"):
            reached(folder, name)
""",
        "files",
    ),
    _reaches(
        "writes_into_the_course",
        "writes into the gradebook and beside it",
        f"""
import os, sqlite3
for place in {SECRET_PLACES}:
    try:
        book = sqlite3.connect(f"file:{{place}}/gradebook.db?mode=rw", uri=True)
        book.execute("UPDATE grade SET manual_score = 100")
        book.commit()
        reached("gradebook")
    except Exception: pass
    for path in ("left.txt", "submitted/left.txt", "../left.txt"):
        path = os.path.normpath(f"{{place}}/{{path}}")
        try:
            open(path, "w").write("x")
            if path != "/tmp/left.txt": reached(path)  # /tmp is its own
        except OSError: pass
""",
        "files",
    ),
    _reaches(
        "writes_into_the_system",
        "writes into Python, the packages, the home folder and the system",
        """
import os, sys, site, torch, course_utils
places = [os.path.dirname(torch.__file__), sys.prefix, "/", "/usr", "/etc", "/usr/bin", "/var",
          *site.getsitepackages(), *course_utils.__path__]
for place in places:
    for name in ("sitecustomize.py", "left.pth", "left.txt"):
        try:
            open(os.path.join(place, name), "w").write("raise SystemExit")
            reached(place, name)
        except OSError: pass
""",
        "files",
    ),
    _reaches(
        "leaves_start_up_files",
        "leaves files that Python, IPython and Jupyter read when they start",
        """
import os, site
for path in ("~/.ipython/profile_default/startup/00.py", "~/.local/x.pth", "~/.pythonrc.py",
             "~/.jupyter/x.py", "~/.config/matplotlib/matplotlibrc", "usercustomize.py",
             "sitecustomize.py", site.getusersitepackages() + "/usercustomize.py"):
    path = os.path.expanduser(path)
    try:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        open(path, "w").write('print("REACH" + "ED start-up file")')
    except OSError: pass
""",
        "files",
    ),
    _reaches(
        "leaves_something_behind",
        "leaves files for the kernel of the next student, and looks for such files",
        """
import glob, os
for folder in ("/tmp", "/dev/shm", "/var/tmp", "/run", os.path.expanduser("~"), "."):
    left = os.path.join(folder, "left-by-another")
    if os.path.exists(left):
        reached(left)
    try: open(left, "w").write("answers")
    except OSError: pass
""",
        "files",
    ),
    _reaches(
        "finds_nothing_left_behind",
        "is the next student, to whom something was left",
        """
import os
for folder in ("/tmp", "/dev/shm", "/var/tmp", "/run", os.path.expanduser("~"), "."):
    if os.path.exists(os.path.join(folder, "left-by-another")):
        reached(folder)
try:
    from multiprocessing.shared_memory import SharedMemory
    SharedMemory("left-by-another")
    reached("shared memory")
except OSError: pass
""",
        "files",
    ),
    _reaches(
        "network",
        "opens connections: the Internet, this machine, other kernels, the warm process",
        """
import glob, os, socket
for address in (("1.1.1.1", 53), ("127.0.0.1", 22), ("127.0.0.1", 8786), ("8.8.8.8", 443)):
    try:
        socket.create_connection(address, timeout=0.5)
        reached(address)
    except OSError: pass
own = os.environ.get("JPY_SESSION_NAME", ""), str(os.getpid())
sockets = []
for place in ("/tmp", "/run", "/dev/shm", "/var", "/home", "/root"):
    for folder, _folders, names in os.walk(place):
        sockets += [os.path.join(folder, n) for n in names]
try: names = open("/proc/net/unix").read().split()
except OSError: names = []
for name in {n for n in names if n.startswith("@")}:
    try:
        socket.socket(socket.AF_UNIX).connect("\\0" + name[1:])
        reached(name)
    except OSError: pass
import stat
kernel = get_ipython().kernel
mine = set()
import gc, zmq
for item in gc.get_objects():
    if isinstance(item, zmq.Socket) and not item.closed:
        try: mine.add(item.getsockopt_string(zmq.LAST_ENDPOINT).removeprefix("ipc://").rstrip("\\0"))
        except Exception: pass
folders = {os.path.dirname(path) for path in mine if path.startswith("/")}
for path in sockets:
    try: is_socket = stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError: continue
    if is_socket and os.path.dirname(path) not in folders:
        reached(path)
""",
        "network",
    ),
    _reaches(
        "descriptors_left_open",
        "looks for files and sockets that its parent left open",
        """
import os
for number in os.listdir("/proc/self/fd"):
    try: target = os.readlink("/proc/self/fd/" + number)
    except OSError: continue
    if target.endswith((".db", ".ipynb", ".sock", ".toml")) or "/submitted" in target:
        reached(number, target)
""",
        "files",
    ),
    _reaches(
        "other_processes",
        "looks at other processes, traces them, reads their memory and environment",
        """
import os, ctypes
mine = os.getpid()
for pid in filter(str.isdigit, os.listdir("/proc")):
    try: words = open(f"/proc/{pid}/cmdline").read()
    except OSError: continue
    if "course_utils.teaching.cli" in words or "dask" in words or "pytest" in words:
        reached(words)
    if int(pid) == mine: continue
    for name in ("environ", "mem", "root/etc/passwd", "cwd/course.toml"):
        try:
            data = open(f"/proc/{pid}/{name}", "rb").read(10)
            if data and name != "environ":
                reached(pid, name)
        except OSError: pass
    if ctypes.CDLL(None).ptrace(16, int(pid), 0, 0) == 0 and int(pid) != 1:
        reached("ptrace", pid)
""",
        "files",
        "inside",
    ),
    _reaches(
        "new_namespaces",
        "makes namespaces of its own and mounts things in them",
        """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
pid = os.fork()
if pid == 0:
    for flags in (0x10000000, 0x00020000, 0x40000000, 0x20000000, 0x7e020000):
        libc.unshare(flags)
    for place in (b"/usr", b"/tmp", b"/hand_in", b"/"):
        libc.mount(b"none", place, b"tmpfs", 0, None)
        libc.umount2(place, 2)
    libc.chroot(b"/proc/1/root"); libc.pivot_root
    os._exit(0)
os.waitpid(pid, 0)
for path in ("/proc/sys/kernel/hostname", "/proc/sysrq-trigger", "/proc/sys/vm/drop_caches"):
    try:
        open(path, "w").write("x")
        reached(path)
    except OSError: pass
for path in ("/dev/sda", "/dev/mem", "/dev/kmsg", "/dev/fuse", "/dev/ptmx"):
    if os.path.exists(path):
        try: open(path, "rb").close(); reached(path)
        except OSError: pass
""",
        "inside",
        "processes",
    ),
    _reaches(
        "becomes_root",
        "tries to be another user",
        """
import os
for change in (lambda: os.setuid(0), lambda: os.setgid(0), lambda: os.setgroups([0])):
    try: change()
    except OSError: pass
import subprocess
for words in (["mount", "-t", "tmpfs", "x", "/mnt"], ["su", "-c", "true"],
              ["sudo", "-n", "true"], ["unshare", "-r", "true"]):
    try:
        done = subprocess.run(words, capture_output=True, timeout=5)
        if done.returncode == 0 and words[0] not in ("unshare",):
            reached(words)
    except Exception: pass
""",
        "processes",
    ),
    _reaches(
        "secrets_of_the_environment",
        "prints the environment",
        """
import os
for name in os.environ:
    if any(word in name for word in ("TOKEN", "SECRET", "KEY", "PASSWORD")):
        reached(name)
""",
    ),
    _reaches(
        "own_notebook",
        "looks for its own notebook with the tests in it",
        """
import glob, os
for path in glob.glob("**/*", recursive=True) + glob.glob("/*") + glob.glob("../*/*.ipynb"):
    if path.endswith(".ipynb"):
        reached(path)
""",
        "files",
    ),
    cheats(
        "request_kept_in_history",
        "looks for the question of an earlier check in the history of cells",
        """
def twice(x):
    found = [text for text in In if "checks.kernel" in text]
    if found:
        print("REACH" + "ED", found)
    return 2 * x
""",
        "history",
    ),
)
