"""Hand-ins that end their kernel, never end, or take all that there is of something."""

from tests.teaching.attacks.attack import Attack, ends, notebook, tries
from tests.teaching.grading.class_of import RIGHT, TWICE

__all__ = ["ENDING", "HANGS"]

HANGS = "while True:\n    pass"
_DEAF = f"import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n{HANGS}"
_ANY = ("graded", "crashed", "timed_out")


def _sleeps(root):
    """A hundred cells that each stay under the limit of one cell."""
    import nbformat

    from tests.teaching.attacks.attack import FILE
    from tests.teaching.grading.class_of import answered

    found = answered(root)
    sleep = [nbformat.v4.new_code_cell("import time\ntime.sleep(4)") for _number in range(100)]
    found.cells[4:4] = sleep
    return {FILE: nbformat.writes(found).encode()}


ENDING = (
    ends("exits", "ends the process at once", "import os\nos._exit(0)", "ends", reason="ended"),
    Attack(
        "exits_when_asked",
        "ends the process when its function is called",
        notebook(jaccard="import os\ndef jaccard(*a): os._exit(0)"),
        ("crashed",),
        *(0, 0, "(jaccard)", ("ends",)),
    ),
    ends(
        *("quits", "quits as one does at a terminal", "quit()", "ends"),
        states=_ANY,
        own_test=None,
        reason="",
    ),
    ends(
        *("raises_system_exit", "raises SystemExit", "raise SystemExit", "ends"),
        states=_ANY,
        reason="",
    ),
    ends("aborts", "aborts in C", "import os\nos.abort()", "ends", reason="ended"),
    ends(
        "recursion_in_c",
        "overflows the stack of C",
        "import sys\nsys.setrecursionlimit(10**9)\ndef f(): return f()\nclass A:\n"
        "    def __getattr__(self, n): return getattr(self, n + 'x')\nA().x",
        states=_ANY,
        own_test=None,
        reason="",
    ),
    ends("null_pointer", "reads address 0", "import ctypes\nctypes.string_at(0)", "inside"),
    ends("hangs", "never ends", HANGS, states=("timed_out",), own_test=0, reason="longer than"),
    ends("deaf", "never ends and hears no interrupt", _DEAF, "ends", states=("timed_out",)),
    Attack(
        "hangs_when_asked",
        "never ends once its function is called, whatever it is sent",
        notebook(
            jaccard="def jaccard(*a):\n    while True:\n        try:\n"
            "            while True: pass\n        except BaseException: pass"
        ),
        ("timed_out", "graded"),
        *(0, None, "(jaccard)"),
    ),
    ends(
        "alarms_off",
        "takes the alarm away that the check limits it with, and never ends",
        "import signal\nsignal.setitimer = lambda *a: (0, 0)\nsignal.alarm = lambda *a: 0\n"
        f"def jaccard(*a):\n    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))\n"
        f"    while True: pass\n{HANGS}",
        "ends",
        states=("timed_out",),
        reason="",
        slow=True,
    ),
    ends(
        "alarms_at_once",
        "sends itself alarms while the check is at work",
        "import signal\nsignal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)",
        "ends",
        states=_ANY,
        own_test=None,
        reason="",
    ),
    ends(
        "memory_in_steps",
        "takes memory without end",
        "held = []\nwhile True:\n    held.append(bytearray(64 * 2**20))",
        own_test=None,
        states=_ANY,
        reason="",
    ),
    ends(
        "memory_in_torch",
        "takes memory in torch, and catches what refuses it",
        "import torch\nheld = []\nwhile True:\n"
        "    try: held.append(torch.ones(2**24))\n    except BaseException: pass",
        states=("crashed", "timed_out"),
    ),
    ends(
        "memory_of_many",
        "takes memory in many processes, each within its limit",
        "import os, time\nfor number in range(24):\n    if os.fork() == 0:\n"
        "        held = bytearray(300 * 2**20)\n"
        "        held[::4096] = b'x' * len(held[::4096])\n"
        "        time.sleep(100)\ntime.sleep(100)",
        "processes",
        states=("crashed", "timed_out"),
    ),
    ends(
        "memory_in_files",
        "fills the folders in memory",
        "for folder in ('/dev/shm', '/tmp', '.'):\n    for number in range(1000):\n"
        "        try:\n"
        "            with open(f'{folder}/{number}', 'wb') as file:\n"
        "                file.write(b'x' * 64 * 2**20)\n        except OSError: pass",
        states=_ANY,
        own_test=None,
        reason="",
        slow=True,
    ),
    ends(
        "unpacks_ten_gigabytes",
        "decompresses ten gigabytes into memory",
        "import zlib\npacked = zlib.compress(bytes(2**27)) \n"
        "held = [zlib.decompress(packed) for number in range(80)]",
        states=_ANY,
        own_test=None,
        reason="",
        slow=True,
    ),
    ends(
        "fork_bomb",
        "forks without end",
        "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
        "processes",
        states=("crashed", "timed_out"),
    ),
    ends(
        "threads_without_end",
        "starts threads without end",
        "import threading, time\nwhile True:\n    try:\n"
        "        threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()\n"
        "    except RuntimeError: pass",
        "processes",
        states=_ANY,
        reason="",
    ),
    ends(
        "prints_without_end",
        "prints without end",
        "while True:\n    print('x' * 1000)",
        states=("crashed", "timed_out"),
    ),
    ends(
        "prints_from_c",
        "writes to descriptor 1 without end",
        "import os\nwhile True:\n    os.write(1, b'x' * 10000)",
        states=_ANY,
    ),
    ends(
        "prints_100_mb",
        "prints 100 MB at once",
        "print('x' * 100_000_000)",
        states=_ANY,
        own_test=None,
        reason="",
    ),
    ends(
        "shows_200_mb",
        "displays an object of 200 MB",
        "from IPython.display import publish_display_data\n"
        "publish_display_data({'image/png': 'x' * 200_000_000})",
        states=_ANY,
        own_test=None,
        reason="",
    ),
    ends(
        "one_display_a_million_times",
        "shows many small objects, and updates one of them without end",
        "from IPython.display import display\nhandle = display('x', display_id=True)\n"
        "while True:\n    handle.update('y' * 1000)",
        states=("crashed", "timed_out"),
        slow=True,
    ),
    ends(
        "kills_all",
        "kills every process that it may",
        "import os\nos.kill(-1, 9)\nos.kill(os.getpid(), 9)",
        "ends",
        reason="ended",
    ),
    ends(
        "kills_its_parents",
        "kills the processes above it",
        "import os\nfor pid in (os.getppid(), 1, 2, 3):\n    try: os.kill(pid, 9)\n"
        "    except OSError: pass\nos.killpg(0, 9)",
        "ends",
        reason="ended",
    ),
    ends(
        "closes_everything",
        "closes every file and socket that it has",
        "import os\nos.closerange(0, 4096)",
        states=("crashed", "timed_out"),
        reason="",
    ),
    ends(
        "stops_itself",
        "stops its own process and all threads",
        "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
        "ends",
        states=("crashed", "timed_out"),
        slow=True,
    ),
    ends(
        "deadlock_in_import",
        "waits in an import for a thread that waits for the import",
        "import sys, threading, types\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()",
        "processes",
        states=("timed_out",),
        reason="",  # too long, or the second cell without an answer
        slow=True,
    ),
    tries(
        "raises_its_limits",
        "lifts the limits on its process",
        "import resource\nfor what in (resource.RLIMIT_DATA, resource.RLIMIT_NPROC,\n"
        "             resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE):\n    try:\n"
        "        resource.setrlimit(what, (-1, -1))\n        print('REACH' + 'ED', what)\n"
        "    except (ValueError, OSError): pass",
        "inside",
    ),
    tries(
        "many_torch_threads",
        "asks torch for 64 threads",
        "import torch\ntorch.set_num_threads(64)\ntorch.ones(500, 500) @ torch.ones(500, 500)",
    ),
    tries(
        "detached",
        "leaves processes behind that belong to nobody",
        "import os, subprocess\nsubprocess.Popen(['sleep', '98765'], start_new_session=True)\n"
        "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        "        os.execvp('sleep', ['sleep', '98765'])\n    os._exit(0)",
        "processes",
    ),
    ends(
        "two_kernels",
        "forks, so that two kernels answer on the same sockets",
        "import os\nos.fork()",
        "processes",
        states=_ANY,
        own_test=None,
        reason="",
    ),
    Attack(
        "raises_strangely",
        "raises exceptions that cannot be printed",
        notebook(
            jaccard=RIGHT,
            twice="class Odd(Exception):\n    def __str__(self): raise self\n"
            "    __repr__ = __str__\n    def _render_traceback_(self): return 7\n"
            "raise Odd()\n" + TWICE,
        ),
        _ANY,
        *(3, 0),
        slow=True,
    ),
    Attack(
        "many_cells_that_sleep",
        "stays under the limit of one cell in a hundred cells",
        _sleeps,
        ("timed_out", "crashed"),
        *(None, 0, "minutes"),
        slow=True,
    ),
)
