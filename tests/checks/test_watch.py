"""Banned functions are seen at work below torch's functions, in threads and in processes.

Names are put together when the code runs, so that no reader of text finds them.
"""

import multiprocessing
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from functools import reduce
from multiprocessing.pool import ThreadPool

import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from course_utils.checks import grading, kernel, watch
from course_utils.checks.exercise import assignment
from course_utils.checks.notebook import examine
from course_utils.checks.probing import Caller

SOFT = "".join(reversed("xamtfos"))
CROSS = "".join(reversed("yportne_ssorc"))
FUNCTIONAL = ["nn", "functional"]
EXERCISE = assignment("metrics_and_loss")["softmax"]

ready = reduce(getattr, [*FUNCTIONAL, SOFT], torch)


def own(scores, dim=1):
    exponents = (scores - scores.amax(dim, keepdim=True)).exp()
    return exponents / exponents.sum(dim, keepdim=True)


def without_torch_functions(softmax):
    def answer(scores):
        with torch._C.DisableTorchFunction():
            return softmax(scores, 1)

    return answer


def without_modes(softmax):
    def answer(scores):
        with torch.overrides._pop_mode_temporarily():
            return softmax(scores, 1)

    return answer


def in_a_thread(softmax):
    def answer(scores):
        found = []
        thread = threading.Thread(target=lambda: found.append(softmax(scores, 1)))
        thread.start()
        thread.join()
        return found[0]

    return answer


def in_a_pool_of_threads(softmax):
    def answer(scores):
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(softmax, scores, 1).result()

    return answer


def in_a_pool_kept(softmax):
    pool = []

    def answer(scores):
        if not pool:
            pool.append(ThreadPool(1))
        return pool[0].apply(softmax, (scores, 1))

    return answer


def traced(softmax):
    example = torch.rand(1, 3, 2, 4)
    return torch.jit.trace(lambda scores: softmax(scores, 1), example)


def compiled(softmax):
    return torch.compile(lambda scores: softmax(scores, 1), backend="eager")


def called(softmax):
    return lambda scores: softmax(scores, 1)


WRAPPED = {
    wrap.__name__: wrap
    for wrap in (
        *(called, without_torch_functions, without_modes, in_a_thread, in_a_pool_of_threads),
        *(in_a_pool_kept, traced, compiled),
    )
}
BANNED = {
    "cross-entropy without a sum": lambda s: torch.stack(
        [
            (-reduce(getattr, [*FUNCTIONAL, CROSS], torch)(s, c, reduction="none")).exp()
            for c in torch.arange(s.shape[1])[:, None, None, None].expand(
                -1, s.shape[0], *s.shape[2:]
            )
        ],
        dim=1,
    ),
    "safe": lambda s: getattr(torch, "_safe_" + SOFT)(s, 1),
    "references": lambda s: getattr(torch._refs, SOFT)(s, 1),
    "decompositions": lambda s: getattr(torch._decomp.decompositions, "_" + SOFT)(s, 1, False),
    "attention": lambda s: torch.nn.functional.scaled_dot_product_attention(
        torch.ones_like(s.movedim(1, -1))[..., None, :1],
        s.movedim(1, -1)[..., None],
        torch.eye(s.shape[1], dtype=s.dtype).expand(*s.movedim(1, -1).shape, -1),
        scale=1.0,
    ).squeeze(-2).movedim(-1, 1),
    "scipy": lambda s: torch.from_numpy(
        getattr(__import__("scipy.special").special, SOFT)(s.numpy(), axis=1)
    ),
}  # fmt: skip


def hidden_verdict(function, name="softmax", assignment_name="metrics_and_loss", sources=()):
    request = grading.make_request(assignment_name, name, 3)
    reply = kernel.reply(request, {assignment(assignment_name)[name].function: function})
    return grading.judge(assignment_name, name, 3, reply, sources)


@pytest.mark.parametrize("how", WRAPPED)
def test_a_banned_function_is_seen_however_it_is_run(how):
    assert hidden_verdict(WRAPPED[how](ready)).kind == "banned"


@pytest.mark.parametrize("how", WRAPPED)
def test_a_right_answer_that_is_run_so_passes(how):
    verdict = hidden_verdict(WRAPPED[how](own))
    assert verdict.passed, verdict.text()


@pytest.mark.parametrize("how", BANNED)
def test_what_computes_the_answer_under_another_name_is_seen(how):
    assert hidden_verdict(BANNED[how]).kind == "banned"


def test_the_students_check_says_the_same():
    assert examine(EXERCISE, in_a_thread(ready)).kind == "banned"
    assert examine(EXERCISE, in_a_thread(own)).passed


def test_what_a_thread_did_is_named_with_its_line():
    def answer(scores):
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(lambda: ready(scores, 1)).result()

    assert "return pool.submit(lambda: ready(scores, 1)).result()" in (
        hidden_verdict(answer).text()
    )


def test_a_mode_that_the_answer_leaves_behind_takes_nothing_away():
    class Mine(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            return func(*args, **(kwargs or {}))

    mine = Mine()

    def answer(scores):
        mine.__enter__()
        return own(scores)

    before = sys.getprofile(), threading.getprofile()
    assert hidden_verdict(answer).passed
    count = torch._C._len_torch_function_stack()
    assert all(torch._C._get_function_stack_at(i) is mine for i in range(count))
    for _mode in range(count):
        mine.__exit__(None, None, None)
    assert (sys.getprofile(), threading.getprofile()) == before


def test_a_watch_imports_no_compiler_and_leaves_torch_as_it_was():
    program = """
import sys, threading, torch
from torch.utils import _python_dispatch as dispatch
from course_utils.checks.watch import Watch
flags = [v for n, v in vars(dispatch).items() if n.startswith("_is_in")]
with Watch(["torch.softmax"], lambda: (0, ""), operators=["*softmax*"]) as watch:
    thread = threading.Thread(target=torch.softmax, args=(torch.ones(2), 0))
    thread.start()
    thread.join()
assert len(watch.used) == 2, watch.used  # the function and the operator
assert flags == [v for n, v in vars(dispatch).items() if n.startswith("_is_in")]
assert "torch._dynamo" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_who_switches_the_watching_off_is_named():
    def answer(scores):
        sys.setprofile(None)
        return own(scores)

    def other(scores):
        while torch._C._len_torch_function_stack():
            torch._C._pop_torch_function_stack()
        return own(scores)

    assert hidden_verdict(answer).kind == "banned"
    assert hidden_verdict(other).kind == "banned"


# processes


class Scores(Dataset):
    def __init__(self, scores, softmax):
        self.scores, self.softmax = scores, softmax

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return self.softmax(self.scores, 1)


def in_a_fork(softmax):
    def answer(scores):
        reader, writer = os.pipe()
        if os.fork() == 0:
            os.write(writer, softmax(scores, 1).numpy().tobytes())
            os._exit(0)
        data = bytearray(os.read(reader, 1_000_000))
        return torch.frombuffer(data, dtype=scores.dtype).reshape(scores.shape)

    return answer


def in_a_pool_of_processes(softmax):
    def answer(scores):
        with multiprocessing.get_context("fork").Pool(1) as pool:
            return pool.apply(softmax, (scores, 1))

    return answer


def in_a_worker(softmax):
    return lambda scores: next(iter(DataLoader(Scores(scores, softmax), 1, num_workers=1)))[0]


def in_a_new_python(softmax):
    def answer(scores):
        process = multiprocessing.get_context("spawn").Process(target=print)
        process.start()
        process.join()
        return softmax(scores, 1)

    return answer


def in_a_program(softmax):
    def answer(scores):
        subprocess.run([sys.executable, "-c", "print()"], check=True)
        return softmax(scores, 1)

    return answer


def in_a_shell(softmax):
    def answer(scores):
        os.system("true")
        return softmax(scores, 1)

    return answer


PROCESSES = {
    wrap.__name__: wrap
    for wrap in (
        *(in_a_fork, in_a_pool_of_processes, in_a_worker),
        *(in_a_new_python, in_a_program, in_a_shell),
    )
}


@pytest.mark.parametrize("how", PROCESSES)
def test_another_process_is_refused_with_a_sentence(how):
    for softmax in (ready, own):
        verdict = hidden_verdict(PROCESSES[how](softmax))
        assert verdict.kind == "banned"
        assert "no other process" in verdict.text()
        assert "line" in verdict.text()


POOL = ProcessPoolExecutor(1)  # its processes begin with the first call


def by_a_pool(scores):
    return POOL.submit(own, scores).result()


def test_a_pool_of_processes_made_before_is_banned_by_both_checks():
    source = (
        "from concurrent.futures import ProcessPoolExecutor\nPOOL = ProcessPoolExecutor(1)\n"
    )
    source += "def softmax(scores):\n    return POOL.submit(own, scores).result()"
    assert hidden_verdict(own, sources=[source]).kind == "banned"
    verdict = examine(EXERCISE, by_a_pool)
    assert verdict.kind == "banned"
    assert "ProcessPoolExecutor" in verdict.summary()


def test_the_refusal_is_an_error_that_says_what_to_do():
    errors = []

    def answer(scores):
        try:
            os.fork()
        except RuntimeError as error:
            errors.append(str(error))
        return own(scores)

    assert hidden_verdict(answer).kind == "banned"  # caught or not
    assert "num_workers=0" in errors[0]


def test_outside_a_check_processes_are_free():
    hidden_verdict(called(own))
    assert subprocess.run([sys.executable, "-c", "pass"], check=False).returncode == 0


def test_a_program_that_is_no_python_may_be_asked():
    """Libraries ask lscpu, ldconfig or a compiler when they are first used."""

    def answer(scores):
        subprocess.run(["true"], check=True)
        return own(scores)

    assert hidden_verdict(answer).passed


def test_where_an_exercise_trains_processes_are_free_and_their_children_are_watched():
    assert assignment("fcn")["segment"].trains
    library = {"__name__": "timm.layers"}
    exec("def network(scores, dim):\n    return scores", library)

    def used(function):
        watched = assignment("fcn")["segment"].watched
        return Caller(in_a_worker(function), watched=watched).call({"scores": torch.ones(2, 2)})

    assert not used(own).used
    assert used(own).trouble is None
    ((name, _line, _code),) = used(library["network"]).used
    assert name == "timm.layers.network"


# What ends in the watch's own code


def endless(*_anything):
    while True:
        pow(2, 3)


def deeper(*anything):
    return deeper(*anything)


def test_a_loop_that_ends_in_the_hook_is_told_to_be_endless_and_nothing_else(monkeypatch):
    def slow(_rules, _builtin):
        end = time.process_time() + 0.01  # the alarm comes in here, almost for sure
        while time.process_time() < end:
            pass

    monkeypatch.setattr(watch._Rules, "builtin", slow)
    found = examine(replace(assignment("metrics_and_loss")["softmax"], seconds=0.3), endless)
    assert found.kind == "time", found.text()


def test_recursion_without_end_is_told_as_such():
    found = examine(assignment("metrics_and_loss")["softmax"], deeper)
    assert found.kind == "raised", found.text()
    assert "recursion" in found.text().lower()
