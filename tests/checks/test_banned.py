"""Banned calls are found under any name, and only where the solution reaches them."""

# ruff: noqa: E501  the tables below are programs of one line each

import sys

import pytest
import torch
import torch.nn.functional as F

from course_utils.checks import grading, kernel
from course_utils.checks.banned import covers, find_uses
from course_utils.checks.exercise import assignment
from course_utils.checks.notebook import examine

EXERCISES = assignment("metrics_and_loss")
IMPORTS = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"

EVASIONS = {
    "plain": "def cross_entropy(s, t):\n    return F.cross_entropy(s, t, ignore_index=255)",
    "module": "def cross_entropy(s, t):\n    return nn.CrossEntropyLoss()(s, t)",
    "alias": "from torch.nn.functional import cross_entropy as quiet\n"
    "def cross_entropy(s, t):\n    return quiet(s, t)",
    "module alias": "import torch.nn.functional as G\ndef cross_entropy(s, t):\n    return G.nll_loss(s, t)",
    "assigned": "H = F\nloss_of = H.cross_entropy\ndef cross_entropy(s, t):\n    return loss_of(s, t)",
    "assigned inside": "def cross_entropy(s, t):\n    f = torch.nn\n    return f.functional.cross_entropy(s, t)",
    "helper": "def helper(s, t):\n    return F.cross_entropy(s, t)\n"
    "def cross_entropy(s, t):\n    return helper(s, t)",
    "helper of a helper": "a = lambda s, t: F.cross_entropy(s, t)\nb = lambda s, t: a(s, t)\n"
    "cross_entropy = lambda s, t: b(s, t)",
    "class": "class Loss:\n    def __call__(self, s, t):\n        return F.cross_entropy(s, t)\n"
    "def cross_entropy(s, t):\n    return Loss()(s, t)",
    "getattr": "def cross_entropy(s, t):\n    return getattr(F, 'cross_' + 'entropy')(s, t)",
    "importlib": "import importlib\ndef cross_entropy(s, t):\n"
    "    return importlib.import_module('torch.nn.functional').cross_entropy(s, t)",
    "dunder import": "def cross_entropy(s, t):\n    return __import__('torch').nn.functional.cross_entropy(s, t)",
    "sys.modules": "import sys\ndef cross_entropy(s, t):\n"
    "    return sys.modules['torch.nn.functional'].cross_entropy(s, t)",
    "vars": "def cross_entropy(s, t):\n    return vars(F)['cross_entropy'](s, t)",
    "dict": "def cross_entropy(s, t):\n    return F.__dict__['cross_entropy'](s, t)",
    "exec": "def cross_entropy(s, t):\n    return eval('F.cross_entropy(s, t)')",
    "unreadable exec": "def cross_entropy(s, t, code=''):\n    exec(code + 'x')\n    return 0",
    "star": "from torch.nn.functional import *\ndef cross_entropy_(s, t):\n    return nll_loss(s, t)\n"
    "cross_entropy = cross_entropy_",
    "import inside": "def cross_entropy(s, t):\n    from torch.nn import functional\n    return functional.cross_entropy(s, t)",
    "reference": "from course_utils.reference.losses import categorical_cross_entropy as cross_entropy",
    "reference module": "from course_utils.reference import losses\ndef cross_entropy(s, t):\n"
    "    return losses.categorical_cross_entropy(s, t)",
    "model answers": "def cross_entropy(s, t):\n    import course_utils.checks.assignments as a\n    return a",
    "redefined before": "def cross_entropy(s, t):\n    return F.cross_entropy(s, t)\n"
    "check('cross_entropy', cross_entropy)\ndef cross_entropy(s, t):\n    return 0",
    "patched module": "torch.mine = F.cross_entropy\ndef cross_entropy(s, t):\n    return torch.mine(s, t)",
    "magic beside it": "%matplotlib inline\n!ls\ndef cross_entropy(s, t):\n    return F.cross_entropy(s, t)",
    "walrus": "def cross_entropy(s, t):\n    return (f := F).cross_entropy(s, t)",
    "conditional": "if True:\n    def cross_entropy(s, t):\n        return F.cross_entropy(s, t)",
    "reduce": "import functools\ndef cross_entropy(s, t):\n"
    "    return functools.reduce(getattr, ['nn', 'functional', 'cross_' + 'entropy'], torch)(s, t)",
    "attrgetter": "from operator import attrgetter\ndef cross_entropy(s, t):\n"
    "    return attrgetter('functional.cross_entropy')(nn)(s, t)",
    "resolve_name": "import pkgutil\ndef cross_entropy(s, t):\n"
    "    return pkgutil.resolve_name('torch.nn.functional:cross_entropy')(s, t)",
    "text of a cell": "get_ipython().ex('cross_entropy = lambda s, t: F.cross_entropy(s, t)')",
    "text of a magic": "get_ipython().run_line_magic('time', 'cross_entropy = lambda s, t: F.nll_loss(s, t)')",
    "text that is timed": "import timeit\ntimeit.timeit('global cross_entropy; cross_entropy = F.nll_loss', globals=globals())",
    "text in a text": "exec('exec(\"cross_entropy = F.nll_loss\")')",
    "timed line": "%time cross_entropy = lambda s, t: F.cross_entropy(s, t)",
    "switched off": "def cross_entropy(s, t):\n    with torch._C.DisableTorchFunction():\n        return s",
    "another process": "import multiprocessing\npool = multiprocessing.Pool(1)\n"
    "def cross_entropy(s, t):\n    return pool.apply(ready, (s, t))",
    "references": "def cross_entropy(s, t):\n    return torch._refs.nn.functional.nll_loss(s, t)",
    "distribution": "def cross_entropy(s, t):\n    return -torch.distributions.Categorical(logits=s).log_prob(t).mean()",
}  # fmt: skip

ALLOWED = {
    "log_softmax": "def cross_entropy(s, t):\n    return -s.log_softmax(1).gather(1, t[:, None]).mean()",
    "logsumexp": "def cross_entropy(s, t):\n    return torch.logsumexp(s, 1).mean()",
    "comparison elsewhere": "def cross_entropy(s, t):\n    return s.mean()\n"
    "loss = F.cross_entropy(s, t)\nassert torch.isclose(loss, cross_entropy(s, t))",
    "a local of the same name": "loss = F.cross_entropy(s, t)\n"
    "def cross_entropy(s, t):\n    loss = s.mean()\n    return loss",
    "unused helper": "def other(s, t):\n    return F.cross_entropy(s, t)\ndef cross_entropy(s, t):\n    return 0",
    "plot": "def cross_entropy(s, t):\n    return s.mean()\nplt.plot([F.cross_entropy(s, t) for s in scores])",
    "import alone": "from torch.nn import CrossEntropyLoss\nimport torchmetrics\ndef cross_entropy(s, t):\n    return 0",
    "mention in a docstring": 'def cross_entropy(s, t):\n    """Like F.cross_entropy."""\n    return 0',
    "as many threads as processors": "import multiprocessing\ndef cross_entropy(s, t):\n"
    "    torch.set_num_threads(multiprocessing.cpu_count())\n    return s.mean()",
    "threads": "from concurrent.futures import ThreadPoolExecutor\ndef cross_entropy(s, t):\n"
    "    return ThreadPoolExecutor(2).submit(s.mean).result()",
    "a loader": "def cross_entropy(s, t):\n    return next(iter(DataLoader([s], num_workers=0)))",
    "timing elsewhere": "import timeit\ndef cross_entropy(s, t):\n    return s.mean()\n"
    "timeit.timeit('F.cross_entropy(s, t)', globals=globals())",
    "broken cell": "def cross_entropy(s, t:\n    return F.cross_entropy(s, t)",
}  # fmt: skip


@pytest.mark.parametrize("how", EVASIONS)
def test_a_banned_loss_is_found_however_it_is_reached(how):
    sources = [IMPORTS, *EVASIONS[how].split("\ncheck(")]
    assert find_uses("cross_entropy", sources, EXERCISES["cross_entropy"].bans)
    together = [IMPORTS + EVASIONS[how]]
    assert find_uses("cross_entropy", together, EXERCISES["cross_entropy"].bans)


@pytest.mark.parametrize("how", ALLOWED)
def test_what_the_solution_does_not_reach_is_free(how):
    assert (
        find_uses("cross_entropy", [IMPORTS, ALLOWED[how]], EXERCISES["cross_entropy"].bans)
        == []
    )


@pytest.mark.parametrize(
    "body",
    [
        "torch.softmax(scores, 1)",
        "scores.softmax(1)",
        "scores.log_softmax(dim=1).exp()",
        "getattr(scores, 'softmax')(1)",
        "nn.Softmax(dim=1)(scores)",
        "nn.modules.activation.Softmax(dim=1)(scores)",
        "torch.special.softmax(scores, 1)",
        "F.softmin(-scores, 1)",
        "torch._safe_softmax(scores, 1)",
        "torch._refs.softmax(scores, 1)",
        "torch._decomp.decompositions._softmax(scores, 1, False)",
        "torch.stack([torch.exp(-F.cross_entropy(scores, j, reduction='none')) for j in c], 1)",
        "operator.methodcaller('softmax', 1)(scores)",
    ],
)
def test_every_form_of_softmax_is_banned_in_its_exercise(body):
    source = f"{IMPORTS}\ndef softmax(scores):\n    return {body}"
    assert find_uses("softmax", [source], EXERCISES["softmax"].bans)


def test_what_the_search_found_is_banned_under_its_other_names():
    source = "from scipy.spatial.distance import jaccard as far\ndef jaccard(p, t, n):\n    return far"
    assert find_uses("jaccard", [source], EXERCISES["jaccard"].bans)
    exercise = assignment("fcn")["replicate"]
    source = f"{IMPORTS}\ndef replicate(x, n):\n    return F.adaptive_avg_pool2d(x, n)"
    assert find_uses("replicate", [source], exercise.bans)


def test_a_use_names_the_line_of_its_cell():
    source = (
        "import torch\n\ndef softmax(scores):\n    x = 1\n    return scores.softmax(dim=1)\n"
    )
    (use,) = find_uses("softmax", [source], EXERCISES["softmax"].bans)
    assert (use.name, use.line) == ("torch.Tensor.softmax", 5)
    assert use.code == "return scores.softmax(dim=1)"


def test_counting_with_the_courses_own_statistics_is_banned():
    source = "from course_utils.data import voc\ndef voc_statistics(r, s):\n    return voc.voc_statistics(r, s)"
    assert find_uses("voc_statistics", [source], EXERCISES["voc_statistics"].bans)
    names = "from course_utils.data import VOC_CLASSES\ndef voc_statistics(r, s):\n    return VOC_CLASSES"
    assert not find_uses("voc_statistics", [names], EXERCISES["voc_statistics"].bans)


def test_the_courses_own_statistics_are_seen_at_work_under_any_name():
    from course_utils.data import voc

    count = getattr(voc, "voc_" + "statistics")
    verdict = examine(
        EXERCISES["voc_statistics"], lambda root, image_set: count(root, image_set)
    )
    assert verdict.kind == "banned"


def test_every_ban_has_a_reason_and_covers_what_lies_below():
    for exercise in EXERCISES.values():
        assert all(ban.reason and ban.names for ban in exercise.bans)
    assert covers(["torchmetrics"], "torchmetrics.functional.jaccard_index")
    assert not covers(["torchmetrics"], "torchmetricsx")
    assert covers(["torch.ops.aten.nll_loss*"], "torch.ops.aten.nll_loss2d")


def hidden(how):
    """Functions that escape a reader of source: names are put together when they run."""
    word = "".join(reversed("yportne_ssorc"))
    table = {
        "computed getattr": lambda s, t: getattr(F, word)(s, t.long(), ignore_index=255),
        "through a list": lambda s, t: [torch.nn][0].CrossEntropyLoss(ignore_index=255)(s, t.long()),
        "aten": lambda s, t: torch.ops.aten.nll_loss2d(
            s.log_softmax(1), t.long(), None, 1, 255
        ),
        "catalogue of mistakes": lambda s, t: vars(
            sys.modules["course_utils.checks.assignments.metrics_and_loss." + word + "_mistakes"]
        )["_right"](s, t),
        "reference": lambda s, t: vars(__import__("course_utils.reference.losses").reference.losses)[
            "categorical_" + word
        ](s, t),
    }  # fmt: skip
    return table[how]


@pytest.mark.parametrize(
    "how", ["computed getattr", "through a list", "aten", "catalogue of mistakes", "reference"]
)
def test_what_escapes_the_reader_is_seen_at_work(how):
    function = hidden(how)
    request = grading.make_request("metrics_and_loss", "cross_entropy", 3)
    reply = kernel.reply(request, {"cross_entropy": function})
    verdict = grading.judge("metrics_and_loss", "cross_entropy", 3, reply, [])
    assert verdict.kind == "banned"


def test_the_students_check_names_the_ban_its_line_and_the_reason():
    def softmax(scores):
        return torch.softmax(scores, dim=1)

    verdict = examine(EXERCISES["softmax"], softmax)
    assert verdict.kind == "banned"
    assert "torch.softmax" in verdict.summary()
    assert "return torch.softmax(scores, dim=1)" in verdict.text()
    assert "write softmax yourself" in verdict.text()


def test_the_students_own_softmax_may_serve_the_cross_entropy():
    def own(scores):
        exponents = (scores - scores.amax(1, keepdim=True)).exp()
        return exponents / exponents.sum(1, keepdim=True)

    def cross_entropy(scores, truth):
        labelled = truth != 255
        share = own(scores).gather(1, truth.long().where(labelled, 0)[:, None])[:, 0]
        return -share[labelled].log().mean()

    verdict = examine(EXERCISES["cross_entropy"], cross_entropy)
    assert verdict.mistake == "log_of_zero"  # allowed, but not stable


def test_hostile_source_ends_nothing():
    sources = ["(" * 5000, "x = 1\x00", "\ud800", "def f(:", "lambda: " * 3000 + "0", ""]
    assert find_uses("softmax", sources, EXERCISES["softmax"].bans) == []
