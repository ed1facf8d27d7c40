"""What the instructor is asked to look at, and what must never be named."""

import ast
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course_utils.checks import cell_code
from course_utils.i18n import _, speaking
from course_utils.teaching.suspicions import WHAT, LookAt, find

ROOT = Path(__file__).parents[2]
NOTEBOOKS = [*ROOT.glob("solutions/*/*.ipynb"), *ROOT.glob("assignments/*/*/*.ipynb")]
PROGRAMS = [
    *ROOT.glob("course_utils/checks/assignments/*/right_styles/[a-z]*.py"),
    *ROOT.glob("tests/checks/right/[a-z]*.py"),
]


def kinds(*sources):
    return {found.what for found in find(notebook(*sources))}


def notebook(*sources):
    return new_notebook(cells=[new_code_cell(source) for source in sources])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_released_cells_and_solutions_give_none(path):
    assert find(nbformat.read(path, as_version=4)) == []


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: str(path.relative_to(ROOT)))
def test_honest_styles_give_none(path):
    assert kinds(path.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: str(path.relative_to(ROOT)))
def test_honest_styles_give_none_where_checks_reach_them(path):
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    calls = [f"check('x', {n.name})" for n in tree.body if isinstance(n, ast.FunctionDef)]
    assert kinds(source, *calls) == set()


def test_there_was_something_to_read():
    assert len(NOTEBOOKS) >= 12
    assert len(PROGRAMS) >= 8


@pytest.mark.parametrize(
    "source",
    [
        "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.rcParams['font.size'] = 9",
        "import torch\ntorch.backends.cudnn.deterministic = True",
        "from torch.backends import cudnn\ncudnn.benchmark, cudnn.deterministic = before",
        "hatches = ('//', '..', '\\\\', '//..')",
        "from PIL import ImageFile\nImageFile.LOAD_TRUNCATED_IMAGES = True",
        "import sys\nif 'google.colab' in sys.modules:\n    from google.colab import drive",
        "import sys\nprint('x', file=sys.stderr)\nsys.setrecursionlimit(10**4)",
        "model.eval()\nmodel.fc = torch.nn.Linear(2, 3)\nsetattr(model, 'fc', None)",
        "from zoo import net\ndef freeze(net):\n    net.training = f(net)\n    return net",
        "import re\nimport torch\nword = re.compile('a')\nnet = torch.compile(net)",
        "import inspect\nprint(inspect.getsource(f), inspect.signature(f))",
        "import gc\ngc.collect()",
        "try:\n    train()\nexcept KeyboardInterrupt:\n    pass",
        "for _i in range(3):\n    In, Out = 3, 4\n    conv = Conv(In, Out)",
        "def f(root):\n    return open(root + '/VOCdevkit/a.txt'), f'{root}/VOC2012/b.txt'",
        "print(right, '/', total, '...', 'a/b')",
        "from pathlib import Path\nroot = Path('/content/drive/MyDrive/VOC')\nroot.parent",
        '"""Reads ../x, /etc/passwd and gradebook.db: only prose."""',
        "class Point:\n    def __eq__(self, other):\n        return self.x == other.x",
        "%%time\nx = 1",
        "from IPython import get_ipython\nget_ipython().run_line_magic('matplotlib', 'inline')",
        "%time x = 1\nx?",
        "y = (a\n  % b)",
        "from concurrent import interpreters\nloader = DataLoader(data, num_workers=2)",
        "import pickle\nwith open('cache.pkl', 'rb') as f:\n    cache = pickle.load(f)",
        "models = {name: getattr(torchvision.models, name) for name in names}",
        "from urllib.parse import urljoin",
        "from IPython.display import display, HTML\ndisplay(HTML('<b>x</b>'))",
        "!pip install -q einops timm==1.0",
        "%pip install -U einops",
        "from torch import multiprocessing",
        "from multiprocessing import Pool",
        "def predicted(",
        "# os._exit(0)\ndef broken(:",
        "from functools import reduce\nreduce(lambda a, b: a + b, sizes)",
        "from operator import attrgetter\nsorted(rows, key=attrgetter('name'))",
        "import timeit\ntimeit.timeit(lambda: f(x), number=3)\ntimeit.timeit('f(x)', number=3)",
        "optimizer = getattr(torch.optim, name)(net.parameters())\ncheck('segment', segment)",
    ],
)
def test_what_honest_people_write_gives_none(source):
    assert kinds("import torch, torchvision\nfrom torch import nn", source) == set()


@pytest.mark.parametrize(
    ("what", "source"),
    [
        ("interpreter", "get_ipython().input_transformers_post.append(f)"),
        ("interpreter", "ip = get_ipython()\nip.ast_transformers.append(T())"),
        ("interpreter", "ip = get_ipython()\nip.events.register('pre_run_cell', f)"),
        ("interpreter", "getattr(get_ipython(), 'ast_' + 'transformers').append(T())"),
        ("interpreter", "get_ipython().display_formatter.formatters['text/plain'] = f"),
        ("interpreter", "type(get_ipython()).showtraceback = lambda *a, **k: None"),
        ("interpreter", "get_ipython().run_cell = f"),
        ("interpreter", "from IPython.core.interactiveshell import InteractiveShell"),
        ("interpreter", "%load_ext evil"),
        ("interpreter", "%%javascript\nalert(1)"),
        ("patched", "import torch\ntorch.allclose = lambda *a, **k: True"),
        ("patched", "import torch as t\nu = t\nu.Tensor.__eq__ = f"),
        ("patched", "import torch\nsetattr(torch, 'allclose', f)"),
        ("patched", "import torch\nfor torch.allclose in [f]:\n    pass"),
        ("patched", "import numpy as np\nnp.__dict__['allclose'] = f"),
        ("patched", "import torch\nvars(torch)['allclose'] = f"),
        ("patched", "import builtins\nbuiltins.abs = f"),
        ("patched", "import builtins\nbuiltins.x = 1"),
        ("patched", "__builtins__.abs = f"),
        ("patched", "import sys\nsys.modules['torch'] = fake"),
        ("patched", "__import__('torch').allclose = f"),
        ("patched", "import sys\nsys.modules['torch'].allclose = f"),
        ("patched", "from torch import testing\ntesting.assert_close = f"),
        ("patched", "from unittest.mock import patch"),
        ("inside", "import ctypes"),
        ("inside", "import sys\nsys._getframe(1).f_globals"),
        ("inside", "from sys import _getframe as g"),
        ("inside", "import inspect\ninspect.currentframe()"),
        ("inside", "import gc\n[o for o in gc.get_objects()]"),
        ("inside", "import gc\ngc.get_referrers(f)"),
        ("inside", "import sys\nsys.settrace(f)"),
        ("inside", "import atexit\natexit.register(f)"),
        ("inside", "f.__code__ = g.__code__"),
        ("inside", "().__class__.__base__.__subclasses__()"),
        ("ends", "import os\nos._exit(0)"),
        ("ends", "quit()"),
        ("ends", "raise SystemExit"),
        ("ends", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"),
        ("ends", "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)"),
        ("ends", "import importlib\nimportlib.import_module('os')._exit(1)"),
        ("processes", "import subprocess\nsubprocess.run(['ls'])"),
        ("processes", "import os\nos.system('ls')"),
        ("processes", "import os\nwhile True:\n    os.fork()"),
        ("processes", "!ls"),
        ("processes", "if True:\n    x = !ls"),
        ("processes", "%%bash\nls"),
        ("processes", "%sx ls"),
        ("processes", "import threading\nthreading.Thread(target=f).start()"),
        ("processes", "from multiprocessing import shared_memory"),
        ("processes", "!pip install x; ls"),
        ("processes", "!pip install -e ."),
        ("network", "import socket"),
        ("network", "import urllib.request\nurllib.request.urlopen(u)"),
        ("network", "import requests"),
        ("network", "%pip install https://somewhere/evil.whl"),
        ("network", "%pip download something"),
        ("network", '%pip install -q "course-utils @ git+https://github.com/a/b@main" evil'),
        ("files", "open('/proc/self/environ')"),
        ("files", "open('../other/work.ipynb')"),
        ("files", "from glob import glob\nglob('/*/work')"),
        ("files", "import sqlite3\nsqlite3.connect('gradebook.db')"),
        ("files", "import pathlib\nlist(pathlib.Path('.').glob('**/*.ipynb'))"),
        ("files", "where = 'solutions/sums/sums.ipynb'"),
        ("files", "import os\nos.listdir('/')"),
        ("files", "import os\nos.listdir('..')"),
        ("files", "from pathlib import Path\nPath.cwd().parent"),
        ("files", "from pathlib import Path\nPath('x') / '..'"),
        ("files", "from pathlib import Path\nPath.home()"),
        ("files", "import os\nos.path.expanduser('~')"),
        ("files", "%%writefile torch.py\nx = 1"),
        ("history", "print(In[-1])"),
        ("history", "_ih[-1]"),
        ("history", "%history"),
        ("history", "get_ipython().run_line_magic('history', '-g')"),
        ("processes", "get_ipython().run_cell_magic('bash', '', 'ls')"),
        ("processes", "from IPython import get_ipython as g\ng().system('ls')"),
        ("history", "get_ipython().history_manager.input_hist_raw"),
        ("course", "from course_utils.reference.metrics import jaccard"),
        ("course", "from course_utils import reference"),
        ("course", "import course_utils.checks.kernel as k"),
        ("course", "from course_utils import checks\nchecks.grading"),
        (
            "course",
            "from IPython.display import display\nd = {'application/vnd.course.answers': 1}",
        ),
        ("equal", "class Same:\n    def __eq__(self, other):\n        return True"),
        ("equal", "class Same:\n    __eq__ = lambda self, other: True"),
        ("equal", "Same = type('Same', (), {'__eq__': lambda s, o: True})"),
        ("hidden", "eval('1')"),
        ("hidden", "run = exec\nrun(text)"),
        ("hidden", "import base64\nbase64.b64decode('" + "QUJD" * 30 + "')"),
        ("hidden", "import pickle\npickle.loads(b'" + "a" * 100 + "')"),
        ("hidden", "x = '" + "QUJD" * 400 + "'"),
        ("hidden", "import marshal"),
        ("hidden", "import functools\nf = functools.reduce(getattr, path, torch)"),
        ("hidden", "from pkgutil import resolve_name\nf = resolve_name('torch:' + word)"),
        ("hidden", "import operator\nf = operator.attrgetter(word)(torch)"),
        ("hidden", "import operator\nf = operator.methodcaller(word, 1)"),
        ("hidden", "import timeit\ntimeit.timeit('softmax = ' + word)"),
        ("hidden", "get_ipython().ex('softmax = ' + word)"),
        ("hidden", "import torch\ntorch.jit.CompilationUnit(text)"),
        ("inside", "import torch\nwith torch._C.DisableTorchFunction():\n    x = f(x)"),
        ("inside", "import torch\nwith torch.overrides._pop_mode_temporarily():\n    x = f(x)"),
        ("inside", "from torch.utils import _python_dispatch"),
        ("patched", "%matplotlib inline\nimport torch\ntorch.allclose = f"),
        ("patched", "%ls\nx = '\u2028'\nimport torch\ntorch.allclose = f  # right?"),
        ("ends", "x = '\x0c\u2029\x85'\n!ls\nimport os\nos._exit(0)  # ok?"),
        ("ends", "%time import os; os._exit(0)"),
        (
            "unclear",
            "import torch\nready = getattr(torch, word)\n"
            "def softmax(x):\n    return ready(x, 1)\ncheck('softmax', softmax)",
        ),
        (
            "unclear",
            "import torch\ndef softmax(x):\n    return vars(torch)[word](x, 1)\n"
            "check('softmax', softmax)",
        ),
        (
            "unclear",
            "import pickle\nsoftmax = pickle.loads(b'short')\ncheck('softmax', softmax)",
        ),
        ("ends", "def broken(:\nos._exit(0)"),
    ],
)
def test_what_is_worth_a_look_is_named(what, source):
    assert what in kinds(source)


def test_an_import_in_one_cell_is_known_in_the_others():
    assert kinds("o._exit(0)", "import os as o") == {"ends"}


def test_a_place_says_where_it_is():
    cells = [
        new_markdown_cell("import ctypes"),
        new_code_cell("x = 1\n\n  \n%matplotlib inline\nimport ctypes  # " + "long " * 100),
    ]
    [found] = find(new_notebook(cells=cells))
    assert (found.cell, found.line, found.what) == (2, 5, "inside")
    assert found.code.startswith("import ctypes")
    assert len(found.code) == 200


def test_what_an_instructor_wrote_into_a_restored_notebook_is_passed_over():
    test = new_code_cell("exec(hidden)", metadata={"nbgrader": {"locked": True}})
    answer = {"nbgrader": {"locked": True, "solution": True}}
    cells = [test, new_code_cell("quit()", metadata=answer), new_code_cell("eval(x)")]
    found = [place.cell for place in find(new_notebook(cells=cells), restored=True)]
    assert found == [2, 3]
    assert len(find(new_notebook(cells=cells))) == 3


def test_a_line_is_named_once_for_each_reason():
    found = find(notebook("import os, subprocess; os.fork(); os.fork(); os._exit(0)"))
    assert [place.what for place in found] == ["ends", "processes"]


@pytest.mark.parametrize(
    "source",
    [
        "(" * 5000,
        "x = " + "-" * 50_000 + "1",
        "a" + ".b" * 20_000,
        "x = " + "1+" * 20_000 + "1",
        "\0",
        "\ud800",
        "%" * 1000,
        "%%",
        "\n" * 1000,
        "if 1:\n" * 1 + "    pass\n" * 60_000,
        "eval(" * 100 + ")" * 100,
    ],
    ids=range(11),
)
def test_no_source_stops_the_reading(source):
    assert find(notebook(source, "import ctypes"))[-1].what == "inside"


def test_who_has_too_many_places_gets_a_short_list():
    assert len(find(notebook("import ctypes\n" * 5000))) == 200


def test_every_kind_has_a_sentence_in_both_languages():
    found = {what for _name, what in _cases()}
    assert found <= set(WHAT)
    with speaking("ru"):
        assert all(_(sentence) != sentence for sentence in WHAT.values())


def test_a_place_is_data():
    assert LookAt(1, 2, "x", "ends") == LookAt(1, 2, "x", "ends")


def _cases():
    [mark] = test_what_is_worth_a_look_is_named.pytestmark
    return [(source, what) for what, source in mark.args[1]]


def test_what_is_nested_too_deeply_or_too_long_is_named_and_the_rest_is_read(monkeypatch):
    deep = f"import os\nx = y{'.data' * 2500}\n"
    cells = [new_code_cell(deep), new_code_cell("import os\nos._exit(0)")]
    found = find(new_notebook(cells=cells))
    assert {(item.cell, item.what) for item in found} == {(1, "unread"), (2, "ends")}
    monkeypatch.setattr(cell_code, "SECONDS", 0.05)
    long = "!ls\n" * 300 + "x = 1\n" * 3000
    (item,) = find(new_notebook(cells=[new_code_cell(long)]))
    assert (item.line, item.what) == (1, "unread")
