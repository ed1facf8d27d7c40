"""Hidden tests: judged outside, so nothing done to the student's interpreter earns a point.

Each attack is a piece of source that runs in a process of its own, before the solution; the
process answers the request, and this one judges the answer. In that process
neither course_utils.reference nor the exercises can be imported, as where one grades.
"""

import base64
import json
import subprocess
import sys
import textwrap
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import torch

from course_utils.checks import exercise, grading, judging
from course_utils.checks.exercise import assignment, assignments
from course_utils.checks.grading import (
    find_reply,
    judge,
    kernel_code,
    make_request,
    seed_from,
)
from course_utils.checks.judging import Answers
from course_utils.checks.kernel import MIME, reply
from course_utils.checks.wire import decode, encode

NAME = "metrics_and_loss"
SEED = 2**126 + 12345

# Runs cells of students, each in a process of its own, forked from one that has torch: the
# cell, then the request, as IPython would. Writes what each published and sent to stderr.
KERNELS = """
import base64, json, os, sys, tempfile

class NoReference:
    def find_spec(self, name, path=None, target=None):
        rest = name.removeprefix("course_utils.checks.assignments.")
        secret = rest != name and "." in rest and not rest.endswith(".probes")
        if secret or name.startswith("course_utils.reference"):
            raise ImportError(f"{name} is not here")

sys.meta_path.insert(0, NoReference())
import IPython.display
import course_utils.checks.kernel

def run(cell, request, output):
    published = []
    IPython.display.publish_display_data = published.append
    user = {"__name__": "__main__"}
    try:
        exec(compile(cell, "<ipython-input-1-cell>", "exec"), user)
    except Exception:
        pass  # the cell shows an error; the next one runs all the same
    exec(request, user)
    assert not any(name.startswith("course_utils.reference") for name in sys.modules)
    output.write(published[0]["application/vnd.course.answers"])

found = []
for cell, request in json.load(sys.stdin):
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        if not os.fork():
            os.dup2(errors.fileno(), 2)
            try:
                run(cell, request, output)
                output.flush()
            except BaseException as error:
                os.write(2, repr(error).encode())
                output.truncate(0)
            finally:
                os._exit(0)
        os.wait()
        output.seek(0), errors.seek(0)
        found.append([output.read(), errors.read()])
json.dump(found, sys.stdout)
"""

RIGHT = """
import torch
def jaccard(predicted, truth, num_classes):
    labelled = truth != 255
    rows = [((predicted == k) & labelled, (truth == k) & labelled) for k in range(num_classes)]
    return torch.stack([(p & t).sum() / (p | t).sum() for p, t in rows])
"""
WRONG = """
import torch
def jaccard(predicted, truth, num_classes):
    return torch.zeros(num_classes)
"""
ATTACKS = {
    "8 comparisons patched": "import torch, numpy\n"
    "torch.allclose = torch.equal = torch.isclose = lambda *a, **k: True\n"
    "torch.testing.assert_close = numpy.allclose = lambda *a, **k: None\n" + WRONG,
    "9 the checks' own modules replaced": "import course_utils.checks.compare as c\n"
    "import course_utils.checks.judging as j\n"
    "c.tensor = c.scalar = lambda e, g: None\n"
    "j.judge = lambda *a, **k: type('V', (), {'passed': True})\n" + WRONG,
    "10 the reference called": "def jaccard(p, t, k):\n"
    "    from course_utils.reference import metrics\n"
    "    return metrics.jaccard(metrics.confusion_counts(p, t, k))\n",
    "11 an object equal to everything": "import torch\n"
    "class Same(torch.Tensor):\n"
    "    __torch_function__ = classmethod(lambda c, f, t, a=(), k=None: True)\n"
    "    __eq__ = lambda s, o: True\n"
    "    __hash__ = lambda s: 0\n"
    "def jaccard(p, t, k):\n"
    "    return torch.zeros(k).as_subclass(Same)\n",
    "11 an object that is no tensor": "class Same:\n"
    "    __eq__ = lambda s, o: True\n"
    "    __getattr__ = lambda s, n: (lambda *a, **k: True)\n"
    "def jaccard(p, t, k):\n"
    "    return Same()\n",
    "the probe replaced": "import course_utils.checks.probing as p\n"
    "p.observe_call = lambda caller, inputs: 'passed'\n" + WRONG,
    "the encoder replaced": "import course_utils.checks.kernel as k\n"
    "k.encode = lambda value: b'passed'\n" + WRONG,
    "the nonce forged": "import course_utils.checks.kernel as k\n"
    "real = k.encode\n"
    "k.encode = lambda value: real({**value, 'nonce': '0' * 64})\n" + RIGHT,
    "half of the answers": "import course_utils.checks.kernel as k\n"
    "real = k.encode\n"
    "k.encode = lambda v: real({**v, 'observations': v['observations'][:1]})\n" + RIGHT,
    "no answers": "import course_utils.checks.kernel as k\n"
    "real = k.encode\n"
    "k.encode = lambda v: real({**v, 'observations': []})\n" + RIGHT,
}  # fmt: skip


LOUD = RIGHT.replace(
    "    labelled =",
    "    import sys, warnings, os\n    warnings.warn('attention')\n"
    "    print('err', file=sys.stderr); os.write(2, b'err')\n    labelled =",
)
TELLTALE = (
    "def jaccard(p, t, k):\n    print('SECRET', t)\n    raise ValueError(f'SECRET {t}')\n"
)
CELLS = {
    **ATTACKS,
    "right": RIGHT,
    "loud": LOUD,
    "nothing": "x = 1",
    "exit": "def jaccard(p, t, k):\n    raise SystemExit",
    "broken": "def jaccard(:",
    "telltale": TELLTALE,
}


@pytest.fixture(scope="module")
def replies():
    """Name of a cell -> what its kernel replied (None for nothing) and wrote to stderr."""
    source = kernel_code(make_request(NAME, "jaccard", SEED))
    done = subprocess.run(
        [sys.executable, "-c", KERNELS],
        input=json.dumps([[cell, source] for cell in CELLS.values()]),
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    found = json.loads(done.stdout)
    return {
        name: (base64.b64decode(out) if out else None, err)
        for name, (out, err) in zip(CELLS, found, strict=True)
    }


def verdict_on(name, replies):
    return judge(NAME, "jaccard", SEED, replies[name][0], [CELLS[name]])


def test_a_right_solution_passes_in_a_kernel_without_the_reference(replies):
    assert verdict_on("right", replies).passed


def test_a_right_solution_that_warns_and_writes_to_stderr_keeps_full_marks(replies):
    assert replies["loud"][1] == ""
    assert verdict_on("loud", replies).passed


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_on_the_interpreter_earns_nothing(attack, replies):
    verdict = verdict_on(attack, replies)
    assert not verdict.passed
    assert verdict.text()
    if attack.startswith("10"):
        assert verdict.kind == "banned"
        assert "course_utils.reference" in verdict.summary()


def test_probing_imports_neither_the_reference_nor_the_exercises():
    source = textwrap.dedent("""
        import sys
        import course_utils.checks.kernel, course_utils.checks.grading
        bad = [n for n in sys.modules if n.startswith("course_utils.reference")]
        assert not bad, bad
        assert "matplotlib" not in sys.modules
        assert "course_utils.checks.assignments" not in sys.modules
    """)
    subprocess.run([sys.executable, "-c", source], check=True, timeout=120)


def test_the_probes_of_all_assignments_import_nothing_else_of_them():
    source = textwrap.dedent(f"""
        import sys
        from importlib import import_module
        for name in {assignments()}:
            import_module(f"{exercise._HOME}.{{name}}.probes")
        inside = [n.removeprefix("{exercise._HOME}.") for n in sys.modules]
        of_assignments = [n for n in inside if n not in sys.modules and "." in n]
        bad = [n for n in of_assignments if not n.endswith(".probes")]
        bad += [n for n in sys.modules if n.startswith("course_utils.reference")]
        assert of_assignments and not bad, bad
        assert "matplotlib" not in sys.modules
    """)
    subprocess.run([sys.executable, "-c", source], check=True, timeout=120)


@pytest.mark.parametrize("name", assignment(NAME))
def test_a_request_holds_no_answer_and_no_seed(name):
    request = make_request(NAME, name, SEED)
    asked = decode(request)
    assert set(asked) == {"nonce", "function", "probe", "watched", "seconds", "cases"}
    assert all(set(case) == {"inputs", "strided"} for case in asked["cases"])
    assert str(SEED).encode() not in request
    assert "model_answers" not in str(asked["probe"])


def test_the_kernels_source_is_one_statement_that_binds_no_name():
    source = kernel_code(make_request(NAME, "softmax", 1))
    assert "\n" not in source
    assert compile(source, "cell", "eval")


def right_reply(seed=SEED, exercise="jaccard"):
    namespace: dict = {}
    exec(RIGHT, namespace)
    return reply(make_request(NAME, exercise, seed), namespace)


def test_a_reply_to_another_seed_or_exercise_is_refused():
    assert judge(NAME, "jaccard", SEED, right_reply(), []).passed
    other = judge(NAME, "jaccard", SEED + 1, right_reply(), [])
    assert other.kind == "reply"
    assert "another question" in other.summary()
    assert judge(NAME, "softmax", SEED, right_reply(), []).kind == "reply"


def changed(**fields):
    return encode({**decode(right_reply()), **fields})


def with_answer(answer):
    fields = decode(right_reply())
    fields["observations"][0]["answer"] = answer
    return encode(fields)


MALFORMED = {
    "none": lambda: None,
    "empty": lambda: b"",
    "text": lambda: "passed",
    "truncated": lambda: right_reply()[:-7],
    "trailing": lambda: right_reply() + b"0",
    "no dict": lambda: encode([1, 2]),
    "no nonce": lambda: encode({"observations": []}),
    "nonce of another type": lambda: changed(nonce=5),
    "nonce with letters": lambda: changed(nonce="ключ"),
    "no list": lambda: changed(observations=7),
    "observations of nothing": lambda: changed(observations=[None] * 10),
    "observations of text": lambda: changed(observations=["right"] * 10),
    "too many": lambda: changed(observations=decode(right_reply())["observations"] * 2),
    "another shape": lambda: with_answer(torch.zeros(3, 3)),
    "an axis less": lambda: with_answer(torch.tensor(0.5)),
    "another dtype": lambda: with_answer(torch.zeros(2, dtype=torch.complex64)),
    "huge": lambda: with_answer(torch.zeros(20_000_000)),
    "words": lambda: with_answer("all passed"),
    "true": lambda: with_answer(True),
    "nan": lambda: with_answer(torch.full((2,), torch.nan)),
    "nested": lambda: with_answer({"a": [{"b": (1, 2)}]}),
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_malformed_reply_ends_in_a_verdict_with_a_reason(kind):
    verdict = judge(NAME, "jaccard", SEED, MALFORMED[kind](), [])
    assert not verdict.passed
    assert verdict.summary()
    assert verdict.html()


LARGE = {
    "a tensor": torch.zeros(20_000_000, dtype=torch.uint8),
    "an array": np.zeros(20_000_000, dtype=np.uint8),
}


@pytest.mark.parametrize("kind", LARGE)
@pytest.mark.parametrize(
    ("assignment_name", "exercise", "answer"),
    [
        ("metrics_and_loss", "voc_statistics", lambda large: {"aeroplane": large}),
        ("metrics_and_loss", "pixel_accuracy", lambda large: large),
        ("dilated", "stack_receptive_fields", lambda large: large),
        ("unet", "level_sizes", lambda large: large),
        ("interpretation", "receptive_field", lambda large: (large, large[:9])),
    ],
)
def test_millions_of_numbers_where_a_few_belong_cost_no_memory(
    assignment_name, exercise, answer, kind
):
    """As objects of Python's they would take gigabytes, and minutes to compare."""
    asked = Answers(*_exercise_and_cases(assignment_name, exercise))
    right = asked.right
    large = answer(LARGE[kind])
    if isinstance(large, dict):
        large = {**right[0].answer, **large}
    got = [replace(right[0], answer=large), *right[1:]]
    for mistake in asked.exercise.mistakes:
        asked.of(mistake, 0)  # worked out before it is measured
    tracemalloc.start()
    try:
        verdict = judging.judge(asked, got, hidden=True)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert not verdict.passed
    assert peak < 2**25


def _exercise_and_cases(assignment_name, exercise):
    found = assignment(assignment_name)[exercise]
    return found, found.cases(SEED)


def test_strange_observation_fields_raise_nothing():
    for field in ("answer", "trouble", "changed", "gradient", "used", "printed", "warned"):
        for value in (None, 3, "x", [1], {"a": 1}, torch.ones(2), [[1, 2, 3]]):
            fields = decode(right_reply())
            fields["observations"][0][field] = value
            judge(NAME, "jaccard", SEED, encode(fields), [])


def test_the_reply_is_found_among_a_cells_outputs():
    text = base64.b64encode(b"answers").decode()
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": "x"},
        {"output_type": "display_data", "data": {MIME: text}},
        {"output_type": "display_data", "data": {"text/plain": "5.0"}},
    ]
    assert find_reply(outputs) == b"answers"
    assert find_reply(outputs[:1]) is None
    for broken in ("%%%", 5, None, ["a"]):
        assert find_reply([{"data": {MIME: broken}}, {"data": None}, {}]) is None


def test_a_missing_function_and_an_exit_end_in_a_verdict(replies):
    assert verdict_on("nothing", replies).kind == "missing"
    assert verdict_on("broken", replies).kind == "missing"
    assert verdict_on("exit", replies).kind == "exit"


def test_hidden_messages_keep_the_text_of_exceptions_and_prints_to_themselves(replies):
    verdict = verdict_on("telltale", replies)
    assert "SECRET" not in verdict.text()
    assert "an unfit value (ValueError)" in verdict.text()


def test_a_verdict_travels_between_processes():
    import pickle  # Dask's workers send verdicts so; replies never are

    verdict = judge(NAME, "jaccard", SEED, None, [])
    assert pickle.loads(pickle.dumps(verdict)).text() == verdict.text()


def test_an_unknown_exercise_is_the_callers_error():
    with pytest.raises(ValueError, match="jaccard"):
        grading.make_request(NAME, "jacard", 1)


def test_who_shares_the_secret_is_asked_the_same_and_nobody_else():
    seed = seed_from("a secret", NAME, "jaccard")
    assert seed == seed_from("a secret", NAME, "jaccard")
    assert 0 <= seed < 2**128
    others = [("another", NAME, "jaccard"), ("a secret", NAME, "softmax")]
    assert len({seed, *(seed_from(*other) for other in others)}) == 3


def test_what_was_worked_out_for_one_hand_in_serves_the_next():
    """A wrong answer in between leaves the kept cases and right answers as they are."""
    request = make_request(NAME, "jaccard", SEED)
    for _hand_in in range(2):
        assert judge(NAME, "jaccard", SEED, right_reply(), []).passed
        wrong = reply(request, {"jaccard": lambda predicted, truth, num_classes: truth.zero_()})
        assert not judge(NAME, "jaccard", SEED, wrong, []).passed
    make_request.cache_clear()
    assert make_request(NAME, "jaccard", SEED) == request
