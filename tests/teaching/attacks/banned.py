"""Hand-ins that call what their exercises ban, so that neither reader nor watch should see it:
each tries one way in `jaccard`, another in `softmax`.

Beside them stand right answers that are written in the same ways.
"""

from tests.teaching.attacks.attack import Attack, cheats, notebook
from tests.teaching.attacks.its_course import IMPORTS
from tests.teaching.grading.class_of import RIGHT

__all__ = ["BANNED"]

# jaccard

_READY = """
import functools, os, threading
import torch
far = FAR

def ready(predicted, truth, num_classes):
    known = truth != 255
    pairs = [((predicted == k)[known].numpy(), (truth == k)[known].numpy())
             for k in range(num_classes)]
    return torch.tensor([1 - far(p, t) if (p | t).any() else float("nan") for p, t in pairs])
"""
_FAR = "scipy.spatial.distance.jaccard"
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
_OWN = RIGHT.replace("def jaccard", "def ready").replace("import torch", "import threading")

# softmax

_SOFTMAX = "torch.nn.functional.softmax"
_NAMED = """
import functools
soft = functools.reduce(getattr, ["nn", "functional", "xamtfos"[::-1]], torch)
"""
_EXPONENTIALS = """
def soft(scores, dim):
    powers = (scores - scores.amax(dim, keepdim=True)).exp()
    return powers / powers.sum(dim, keepdim=True)
"""
_LOSSES = """
def softmax(scores):
    place = scores[:, 0].long() * 0
    parts = [torch.nn.functional.cross_entropy(scores, place + j, reduction="none")
             for j in range(scores.shape[1])]
    return torch.exp(-torch.stack(parts, dim=1))
"""
_FUNCTIONS_OFF = """
off = functools.reduce(getattr, ["_C", "noitcnuFhcroTelbasiD"[::-1]], torch)

def softmax(scores):
    with off():
        return soft(scores, 1)
"""
_ALL_OFF = """
off = functools.reduce(getattr, ["_C", "noitcnuFhcroTelbasiD"[::-1]], torch)
below = functools.reduce(getattr, ["_C", "hctapsiDhcroTelbasiD_"[::-1]], torch)
method = functools.reduce(getattr, ["xamtfos"[::-1]], torch.Tensor)

def softmax(scores):
    guard = below()
    with off():
        return method(scores, 1)
"""
_TRACED = """
traced = torch.jit.trace(lambda scores: soft(scores, 1), torch.rand(1, 3, 2, 4))

def softmax(scores):
    return traced(scores)
"""
_THREAD_FROM_BEFORE = """
import _thread, queue
asked, answers = queue.SimpleQueue(), queue.SimpleQueue()

def serve():
    while True:
        answers.put(soft(asked.get(), 1))

_thread.start_new_thread(serve, ())

def softmax(scores):
    asked.put(scores)
    return answers.get()
"""
_LATE = """
class Late(torch.Tensor):
    def as_subclass(self, kind):
        return soft(torch.Tensor.as_subclass(self, torch.Tensor), 1)

def softmax(scores):
    return scores.as_subclass(Late)
"""


def _calls(name: str, does: str, first: str, second: str, *look_at: str, **named) -> Attack:
    """first, second: jaccard and softmax; named: what the verdicts on them name."""
    answers = notebook(jaccard=first, softmax_solution=second)
    banned = {"jaccard": _FAR, "softmax": _SOFTMAX} | named
    return Attack(name, does, answers, look_at=look_at, jaccard=0, banned=banned)


def _right(name: str, does: str, first: str, second: str, imports: str = IMPORTS) -> Attack:
    answers = notebook(jaccard=first, softmax_solution=second, imports=imports)
    return Attack(name, does, answers, softmax=1)


BANNED = (
    _calls(
        "bans_beside_a_magic",
        "a magic, a comment with ?; a softmax out of losses, class by class",
        *(_ODD + _BY_NAME + _PLAIN, _LOSSES),
        softmax="torch.nn.functional.cross_entropy",
    ),
    _calls(
        "bans_long_cell",
        "U+2028, a form feed and 200,000 letters before the call; torch's modes off",
        *(_LONG + _BY_NAME + _PLAIN, _NAMED + _FUNCTIONS_OFF),
        "hidden",
    ),
    _calls(
        "bans_name_put_together",
        "functools.reduce(getattr, ...); a method, where nothing of torch is watched",
        *(_HIDDEN + _PLAIN, _NAMED + _ALL_OFF),
        "hidden",
        softmax="torch.Tensor.softmax",
    ),
    _calls(
        "bans_thread",
        "calls it in another thread; in a thread that was started before the check",
        *(_HIDDEN + _THREAD, _NAMED + _THREAD_FROM_BEFORE),
        "processes",
    ),
    _calls(
        "bans_fork",
        "calls it in another process; traces it before the check",
        *(_HIDDEN + _FORK, _NAMED + _TRACED),
        *("processes", "refused"),
        jaccard="os.fork",
        softmax="torch.ops.aten._softmax.default",
    ),
    _calls(
        "bans_worker",
        "calls it in a worker of a DataLoader; when the answer is read",
        *(_HIDDEN + _WORKER, _NAMED + _LATE),
        *("hidden", "refused"),
        jaccard="os.fork",
    ),
    cheats(
        "bans_patch_beside_a_magic",
        "replaces torch.allclose in a cell with a line magic",
        "\n%ls\ntorch.allclose = lambda *a, **k: True  # right?\n",
        "patched",
    ),
    _right(
        "right_beside_a_magic",
        "is right, with the same magic; traced",
        *(_ODD + _OWN + _PLAIN, _EXPONENTIALS + _TRACED),
    ),
    _right(
        "right_long_cell",
        "is right, in a long cell; looks at its files before it imports",
        *(_LONG + _OWN + _PLAIN, _EXPONENTIALS + "softmax = lambda scores: soft(scores, 1)"),
        imports=f"!ls\n{IMPORTS}",
    ),
    _right(
        "right_thread",
        "is right, in another thread, in one from before; first imports what grading has not",
        *(_OWN + _THREAD, _EXPONENTIALS + _THREAD_FROM_BEFORE),
        imports=f"import pandas\n{IMPORTS}",
    ),
)
