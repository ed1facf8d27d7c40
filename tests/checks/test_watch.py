"""Banned functions are seen at work below torch's functions and in threads.

Names are put together when the code runs, so that no reader of text finds them.
"""

import _thread
import inspect
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import reduce
from multiprocessing.pool import ThreadPool
from queue import SimpleQueue

import pytest
import torch

from course_utils.checks import watch_rules
from course_utils.checks.exercise import assignment
from course_utils.checks.notebook import examine
from course_utils.checks.watch import follow_threads
from tests.checks.watched import CROSS, EXERCISE, FUNCTIONAL, SOFT, hidden_verdict, own, ready


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


def in_a_raw_thread(softmax):
    def answer(scores):
        found = SimpleQueue()
        _thread.start_new_thread(lambda: found.put(softmax(scores, 1)), ())
        return found.get()

    return answer


def in_threads_of_threads(softmax):
    return in_a_thread(lambda scores, _dim: in_a_raw_thread(softmax)(scores))


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
        *(in_a_pool_kept, in_a_raw_thread, in_threads_of_threads, traced, compiled),
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


@pytest.mark.parametrize("how", WRAPPED)
def test_a_banned_function_is_seen_however_it_is_run(how):
    assert hidden_verdict(WRAPPED[how](ready)).kind == "banned"


@pytest.mark.parametrize("how", WRAPPED)
def test_a_right_answer_that_is_run_so_passes(how):
    verdict = hidden_verdict(WRAPPED[how](own))
    assert verdict.passed, verdict.text()


def a_pool(work):
    pool = ThreadPoolExecutor(1)
    pool.submit(time.time).result()
    return lambda scores: pool.submit(work, scores).result()


def a_raw_thread(work):
    asked, found = SimpleQueue(), SimpleQueue()

    def serve():
        while True:
            found.put(work(asked.get()))

    _thread.start_new_thread(serve, ())

    def answer(scores):
        asked.put(scores)
        return found.get()

    return answer


@pytest.mark.parametrize("started", [a_pool, a_raw_thread])
def test_threads_that_cells_have_started_are_seen_where_it_is_graded(started):
    no_longer = follow_threads()  # as a kernel does when it starts
    try:
        banned, right = started(lambda s: ready(s, 1)), started(own)
    finally:
        no_longer()
    for _time in range(2):
        assert hidden_verdict(banned).kind == "banned"
        verdict = hidden_verdict(right)
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

    def off_and_on(scores):
        hook = sys.getprofile()
        sys.setprofile(None)
        try:
            return BANNED["scipy"](scores)
        finally:
            sys.setprofile(hook)

    for switches in (answer, other, off_and_on):
        assert hidden_verdict(switches).kind == "banned"


def test_a_method_is_seen_where_torch_asks_no_mode():
    def without_both(name, scores):
        off = torch._C._DisableTorchDispatch()
        with torch._C.DisableTorchFunction():
            answer = getattr(scores, name)(1)
        del off
        return answer

    assert hidden_verdict(lambda scores: without_both(SOFT, scores)).kind == "banned"
    assert hidden_verdict(lambda scores: without_both("amax", scores)).kind != "banned"


# Before the call and after it


class Late(torch.Tensor):
    """Becomes the answer when it is read."""

    def as_subclass(self, cls):
        return ready(torch.Tensor.as_subclass(self, torch.Tensor), 1)


def test_an_answer_that_is_worked_out_when_it_is_read_is_seen():
    verdict = hidden_verdict(lambda scores: scores.as_subclass(Late))
    assert verdict.kind == "banned"
    assert "ready(torch.Tensor.as_subclass" in verdict.text()


def test_an_answer_that_is_worked_out_before_the_call_is_seen():
    found = []

    class Early(inspect.Signature):
        def bind(self, scores):
            found.append(ready(scores, 1))
            return super().bind(scores)

    def answer(scores):
        return found[-1]

    answer.__signature__ = Early(inspect.signature(own).parameters.values())
    assert hidden_verdict(answer).kind == "banned"


def test_a_gradient_that_is_worked_out_backwards_is_seen():
    loss = reduce(getattr, [*FUNCTIONAL, CROSS], torch)

    def mean(scores, truth):
        logs = scores - scores.logsumexp(1, keepdim=True)
        known = truth != 255
        own_one = logs.gather(1, (truth * known).long().unsqueeze(1)).squeeze(1)
        return -own_one[known].mean()

    class Loss(torch.autograd.Function):
        banned = True

        @staticmethod
        def forward(ctx, scores, truth):
            ctx.given = scores.detach(), truth
            return mean(scores, truth)

        @staticmethod
        def backward(ctx, slope):
            scores, truth = ctx.given
            with torch.enable_grad():
                scores = scores.requires_grad_()
                value = (
                    loss(scores, truth.long(), ignore_index=255)
                    if Loss.banned
                    else mean(scores, truth)
                )
                return slope * torch.autograd.grad(value, scores)[0], None

    def verdict():
        return hidden_verdict(lambda s, t: Loss.apply(s, t), "cross_entropy")

    assert verdict().kind == "banned"
    Loss.banned = False
    assert verdict().passed, verdict().text()


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

    monkeypatch.setattr(watch_rules.Rules, "builtin", slow)
    found = examine(replace(assignment("metrics_and_loss")["softmax"], seconds=0.3), endless)
    assert found.kind == "time", found.text()


def test_recursion_without_end_is_told_as_such():
    found = examine(assignment("metrics_and_loss")["softmax"], deeper)
    assert found.kind == "raised", found.text()
    assert "recursion" in found.text().lower()
