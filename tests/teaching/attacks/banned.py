"""Hand-ins that call what their exercise bans, so that neither reader nor watch should see it.

Beside them stand right answers that are written in the same way.
"""

from tests.teaching.attacks.attack import Attack, cheats, notebook
from tests.teaching.grading.class_of import RIGHT

__all__ = ["BANNED"]

_READY = """
import functools, os, threading
import torch

def ready(predicted, truth, num_classes):
    far = FAR
    known = truth != 255
    pairs = [((predicted == k)[known].numpy(), (truth == k)[known].numpy())
             for k in range(num_classes)]
    return torch.tensor([1 - far(p, t) if (p | t).any() else float("nan") for p, t in pairs])
"""
_BY_NAME = _READY.replace(
    "FAR", "__import__('scipy.spatial.distance').spatial.distance.jaccard"
)
_HIDDEN = _READY.replace(
    "FAR",
    'functools.reduce(getattr, ["spatial", "distance", "draccaj"[::-1]],'
    ' __import__("scipy.spatial.distance"))',
)
_PLAIN = "def jaccard(p, t, num_classes):\n    return ready(p, t, num_classes)"
_THREAD = """
def jaccard(*given):
    found = []
    thread = threading.Thread(target=lambda: found.append(ready(*given)))
    thread.start()
    thread.join()
    return found[0]
"""
_FORK = """
def jaccard(*given):
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.write(writer, ready(*given).double().numpy().tobytes())
        os._exit(0)
    return torch.frombuffer(bytearray(os.read(reader, 10000)), dtype=torch.float64)
"""
_WORKER = """
class One(torch.utils.data.Dataset):
    def __init__(self, given): self.given = given
    def __len__(self): return 1
    def __getitem__(self, index): return ready(*self.given)

def jaccard(*given):
    return next(iter(torch.utils.data.DataLoader(One(given), 1, num_workers=1)))[0]
"""
_ODD = "%ls\nx = 1  # are they odd?\n"
_LONG = "letters = '\u2028 \x0c" + "a" * 200_000 + "'\n"
_OWN = RIGHT.replace("def jaccard", "def ready").replace(
    "import torch", "import threading, torch"
)


def _calls(name: str, does: str, code: str, *look_at: str, **more) -> Attack:
    return Attack(name, does, notebook(jaccard=code), look_at=look_at, jaccard=0, **more)


def _right(name: str, does: str, code: str) -> Attack:
    return Attack(name, does, notebook(jaccard=code))


BANNED = (
    _calls("bans_beside_a_magic", "a magic, a comment with ?", _ODD + _BY_NAME + _PLAIN),
    _calls(
        "bans_long_cell",
        "U+2028, a form feed and 200,000 letters before the call",
        _LONG + _BY_NAME + _PLAIN,
    ),
    _calls(
        "bans_name_put_together", "functools.reduce(getattr, ...)", _HIDDEN + _PLAIN, "hidden"
    ),
    _calls("bans_thread", "calls it in another thread", _HIDDEN + _THREAD, "processes"),
    _calls(
        *("bans_fork", "calls it in another process", _HIDDEN + _FORK),
        *("processes", "refused"),
    ),
    _calls(
        *("bans_worker", "calls it in a worker of a DataLoader", _HIDDEN + _WORKER),
        *("hidden", "refused"),
    ),
    cheats(
        "bans_patch_beside_a_magic",
        "replaces torch.allclose in a cell with a line magic",
        "\n%ls\ntorch.allclose = lambda *a, **k: True  # right?\n",
        "patched",
    ),
    _right("right_beside_a_magic", "is right, with the same magic", _ODD + _OWN + _PLAIN),
    _right("right_long_cell", "is right, in a long cell", _LONG + _OWN + _PLAIN),
    _right("right_thread", "is right, in another thread", _OWN + _THREAD),
)
