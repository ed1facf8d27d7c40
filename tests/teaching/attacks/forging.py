"""Attempts to earn the points of a wrong answer. Nothing done inside a kernel may help."""

from tests.teaching.attacks.attack import cheats
from tests.teaching.attacks.visible_answers import by_heart

__all__ = ["FORGING"]

# Fills in for the answers: as many, of the right shape, wrong.
_GUESS = """
from course_utils.checks import kernel, probing, wire
def guessed(request, namespace=None):
    asked = wire.decode(request)
    sizes = [case["inputs"]["num_classes"] for case in asked["cases"]]
    found = [probing.Observation(answer=torch.full((n,), 0.5)) for n in sizes]
    rows = [item.as_plain() for item in found]
    return wire.encode({"nonce": asked["nonce"], "observations": rows})
"""
# The same where no reader of the text sees what it loads.
_GUESS_IN_HIDING = _GUESS.replace(
    "from course_utils.checks import kernel, probing, wire",
    "load = vars(__import__('importlib'))['import_module']\n"
    "kernel, probing, wire = (load(''.join(['course_', 'utils.', 'checks.', name]))\n"
    "                         for name in ('kernel', 'probing', 'wire'))",
)
_PUBLISH = """
import base64
from IPython.display import publish_display_data
def publish(reply):
    data = base64.b64encode(reply).decode()
    publish_display_data({"application/vnd.course.answers": data, "text/plain": "3.0"})
"""

FORGING = (
    cheats(
        "comparisons_patched",
        "makes every comparison of torch and numpy say yes",
        """
import numpy, torch, torch.testing
yes = lambda *a, **k: True
torch.allclose = torch.equal = torch.isclose = numpy.allclose = numpy.array_equal = yes
torch.testing.assert_close = numpy.testing.assert_allclose = lambda *a, **k: None
""",
        "patched",
    ),
    cheats(
        "reference_replaced",
        "replaces the reference implementation by its own",
        """
from course_utils.reference import metrics
metrics.jaccard = lambda *a: torch.zeros(3)
""",
        "course",
    ),
    cheats(
        "judge_replaced",
        "replaces the judge",
        """
import course_utils.checks.grading as grading, course_utils.checks.judging as judging
grading.judge = judging.judge = judging.failed = lambda *a, **k: None
""",
        "course",
    ),
    cheats(
        "equal_to_everything",
        "answers with an object that equals everything",
        """
class Any:
    shape, dtype, grad_fn = (3,), torch.float64, None
    def __eq__(self, other): return True
    def __getattr__(self, name): return lambda *a, **k: self
def jaccard(*inputs): return Any()
""",
        "equal",
    ),
    cheats(
        "tensor_equal_to_everything",
        "answers with a tensor whose every operation says yes",
        """
class Yes(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return torch.tensor(True)
def jaccard(predicted, truth, num_classes):
    return torch.zeros(num_classes).as_subclass(Yes)
""",
        "equal",
    ),
    cheats(
        "cells_turned_into_pass",
        "turns every later cell into `pass`",
        'get_ipython().input_transformers_cleanup.append(lambda lines: ["pass\\n"])\n',
        "interpreter",
        own_test=None,
    ),
    cheats(
        "asserts_removed",
        "takes `assert` out of every later cell",
        """
import ast
class Bare(ast.NodeTransformer):
    def visit_Assert(self, node): return ast.Pass()
get_ipython().ast_transformers.append(Bare())
""",
        "interpreter",
    ),
    *(
        cheats(
            f"formatter_prints_{word}",
            f"shows {text} for whatever is shown, as a partial mark",
            f"""
from IPython.core.displayhook import DisplayHook
DisplayHook.compute_format_data = lambda self, result: ({{"text/plain": "{text}"}}, {{}})
get_ipython().display_formatter.format = lambda *a, **k: ({{"text/plain": "{text}"}}, {{}})
""",
            "interpreter",
        )
        for word, text in (("points", "5.0"), ("nan", "nan"), ("too_many", "500"))
    ),
    cheats(
        "reply_forged",
        "publishes replies of its own making, before and in place of the real one",
        """
import base64
from IPython.core import display_functions
from IPython.display import publish_display_data
import IPython.display
mime = "application/vnd.course.answers"
publish_display_data({mime: base64.b64encode(b"all right").decode()})
def forged(data, *a, **k):
    publish_display_data({mime: base64.b64encode(b"{" * 64).decode(), "text/plain": "3.0"})
IPython.display.publish_display_data = forged
""",
        "course",
    ),
    cheats(
        "errors_hidden",
        "shows no traceback and lets nothing be imported",
        """
get_ipython().showtraceback = lambda *a, **k: None
import builtins
builtins.__import__ = lambda *a, **k: None
""",
        "interpreter",
        slow=True,
        own_test=None,
        states=("graded", "crashed", "timed_out"),
    ),
    cheats(
        "probe_replaced",
        "answers with the right nonce and guesses, in place of the probe",
        f"{_GUESS}\nkernel.reply = guessed\n",
        "course",
    ),
    cheats(
        "nonce_out_of_frames",
        "finds the request in the frames above it and answers that itself",
        f"""
import sys
{_GUESS_IN_HIDING}{_PUBLISH}
def jaccard(predicted, truth, num_classes):
    frame = sys._getframe()
    while frame:
        request = frame.f_locals.get("request")
        if isinstance(request, bytes):
            publish(guessed(request))
        frame = frame.f_back
    return torch.zeros(3)
""",
        "inside",
    ),
    cheats(
        "nonce_out_of_memory",
        "finds the request among all objects in memory",
        f"""
import gc
{_GUESS_IN_HIDING}{_PUBLISH}
def jaccard(predicted, truth, num_classes):
    for item in gc.get_objects():
        if type(item) is dict and "nonce" in item and "cases" in item:
            publish(guessed(wire.encode(item)))
    return torch.zeros(3)
""",
        "inside",
    ),
    cheats(
        "nonce_out_of_the_cell",
        "reads the request in a hook that runs before each cell",
        f"""
import re
{_GUESS}{_PUBLISH}
def before(info):
    found = re.search(r'answer\\("([^"]+)"', info.raw_cell)
    if found:
        publish(guessed(base64.b64decode(found[1])))
get_ipython().events.register("pre_run_cell", before)
""",
        "interpreter",
    ),
    cheats(
        "too_many_answers",
        "answers each case a hundred times, each time another number",
        f"""
{_GUESS}
def many(request, namespace):
    reply = wire.decode(guessed(request))
    return wire.encode(reply | {{"observations": reply["observations"] * 100}})
kernel.reply = many
""",
        "course",
    ),
    cheats(
        "wire_replaced",
        "encodes a claim that all is right, whatever was answered",
        """
import json, safetensors.torch
from course_utils.checks import kernel, wire
kernel.encode = wire.encode = lambda value: safetensors.torch.save(
    {}, {"course": json.dumps({"dict": [["passed", True], ["points", 3]]})}
)
""",
        "course",
    ),
    cheats(
        "json_and_safetensors_replaced",
        "makes json and safetensors write something else",
        """
import json, safetensors.torch
save = safetensors.torch.save
safetensors.torch.save = lambda tensors, metadata=None: save({"t0": torch.ones(3)}, metadata)
json.dumps = lambda *a, **k: '{"tensor": "t0"}'
""",
        "patched",
        states=("graded", "crashed", "timed_out"),
        own_test=None,
    ),
    cheats(
        "right_at_the_visible_seed",
        "knows the answers of the visible check by heart",
        by_heart(),
        start="import torch\n",
    ),
    cheats(
        "says_it_is_a_reference",
        "gives its function the name and the file of the reference",
        """
jaccard.__module__ = "course_utils.reference.metrics"
jaccard.__code__ = jaccard.__code__.replace(co_filename="/course_utils/reference/metrics.py")
""",
        "inside",
    ),
    cheats(
        "answers_of_nan",
        "answers NaN, which many comparisons let by",
        "def jaccard(p, t, num_classes):\n    return torch.full((num_classes,), torch.nan)\n",
    ),
    cheats(
        "changes_the_cases",
        "empties the cases so that nothing is left to be wrong",
        f"""
import sys
{_GUESS_IN_HIDING}
def jaccard(predicted, truth, num_classes):
    frame = sys._getframe()
    while frame:
        for name in ("asked", "cases", "found"):
            if isinstance(frame.f_locals.get(name), (dict, list)):
                frame.f_locals[name].clear()
        frame = frame.f_back
    return torch.zeros(3)
""",
        "inside",
    ),
    cheats(
        "sklearn_by_another_name",
        "calls scikit-learn's measure under a name that no reader sees",
        """
def jaccard(predicted, truth, num_classes):
    metrics = getattr(__import__("".join(["skl", "earn", ".met", "rics"])), "met" + "rics")
    known = truth != 255
    score = getattr(metrics, "_".join(["jaccard", "score"]))
    given = truth[known].numpy(), predicted[known].numpy()
    found = score(*given, labels=list(range(num_classes)), average=None, zero_division=0)
    for k in range(num_classes):
        if k not in given[0] and k not in given[1]:
            found[k] = torch.nan
    return torch.as_tensor(found)
""",
        start="import torch\n",
        needs_sandbox=True,
    ),
    cheats(
        "torchmetrics_by_another_name",
        "calls torchmetrics under a name that no reader sees",
        """
import importlib
def jaccard(predicted, truth, num_classes):
    load = vars(importlib)["import" + "_module"]
    functions = load("".join(["torch", "metrics", ".functional.classification"]))
    score = vars(functions)["multiclass_" + "jaccard_index"]
    return score(predicted, truth, num_classes, average="none", ignore_index=255)
""",
        start="import torch\n",
        needs_sandbox=True,
    ),
    cheats(
        "watch_replaced",
        "switches off what sees banned functions at work, then calls the checks' own model",
        """
import course_utils.checks.probing as probing, contextlib
class Blind(contextlib.nullcontext):
    used = ()
    def __init__(self, *a): pass
probing.Watch = Blind
def jaccard(predicted, truth, num_classes):
    names = ["course_utils.checks.assignments.metrics_and_loss.model_answers",
             "course_utils.reference.metrics"]
    for name in map("".join, names):
        with contextlib.suppress(Exception):
            module = vars(__import__("importlib"))["import_module"](name)
            return vars(module)["jaccard"](predicted, truth, num_classes)
    return torch.zeros(3)
""",
        "course",
    ),
    cheats(
        "model_of_another_file",
        "looks for answers in every file that it can read: sources, compiled files, archives",
        """
import os, importlib.util, pkgutil, sys
def search():
    places = [p for p in sys.path if p] + SECRET_PLACES
    places += ["/home", "/root", "/srv", "/opt", "/data", "/tmp"]
    words = ("reference", "model_answers", "solutions", "gradebook", "nbgrader_config")
    for place in dict.fromkeys(places):
        for folder, folders, names in os.walk(place):
            if "torch" in folder or "site-packages/" in folder and "course" not in folder:
                folders.clear()
                continue
            for name in names:
                path = os.path.join(folder, name)
                if any(word in path for word in words) and "course" in path:
                    try:
                        if os.path.getsize(path):
                            yield path
                    except OSError:
                        pass
found = [path for path in search() if open(path, "rb").read(1)]
if found:
    print("REACH" + "ED", found[:20])
def jaccard(predicted, truth, num_classes):
    for path in found:
        try:
            spec = importlib.util.spec_from_file_location("found", path)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return module.jaccard(predicted, truth, num_classes)
        except Exception:
            pass
    return torch.zeros(3)
""",
        "files",
        "hidden",
        needs_sandbox=True,
    ),
    cheats(
        "called_reference",
        "calls the reference for the answer",
        """
from course_utils.reference.metrics import jaccard
""",
        "course",
    ),
)
