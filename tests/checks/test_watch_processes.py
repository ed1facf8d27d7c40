"""No other process answers for a function: new ones are refused, older ones stand still."""

import multiprocessing
import os
import signal
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress

import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from course_utils.checks.exercise import assignment
from course_utils.checks.notebook import examine
from course_utils.checks.probing import Caller
from tests.checks.watched import EXERCISE, hidden_verdict, own, ready

SCORES = torch.tensor([[1.0, 2.0]])


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
    hidden_verdict(own)
    assert subprocess.run([sys.executable, "-c", "pass"], check=False).returncode == 0


def test_a_program_that_is_no_python_may_be_asked():
    """Libraries ask lscpu, ldconfig or a compiler when they are first used."""

    def answer(scores):
        subprocess.run(["true"], check=True)
        return own(scores)

    assert hidden_verdict(answer).passed


@contextmanager
def answering(softmax):
    """How to ask a process that was started before, and its id."""
    (asked, ask), (answers, answer) = os.pipe(), os.pipe()
    process = os.fork()
    if process == 0:
        with suppress(BaseException):
            while data := os.read(asked, 8):
                scores = torch.frombuffer(bytearray(data), dtype=torch.float32)[None]
                os.write(answer, softmax(scores, 1).numpy().tobytes())
        os._exit(0)

    def asking(scores):
        os.write(ask, scores.numpy().tobytes())
        data = bytearray(os.read(answers, 8))
        return torch.frombuffer(data, dtype=torch.float32)[None]

    try:
        yield asking, process
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        for end in (asked, ask, answers, answer):
            os.close(end)


def called(function, exercise=EXERCISE):
    caller = Caller(function, watched=exercise.watched, seconds=0.5)
    return caller.call({"scores": SCORES})


def test_a_process_from_before_stands_still_while_a_function_is_called():
    with answering(own) as (ask, _process):
        right = own(SCORES)
        assert torch.equal(ask(SCORES), right)  # it is there
        found = called(ask)
        assert found.trouble.kind == "time"
        ((name, line, code),) = found.used
        assert name == "multiprocessing.Process"
        assert line
        assert code == "data = bytearray(os.read(answers, 8))"
        found = called(own)  # who does not ask it loses nothing
        assert torch.equal(found.answer, right)
        assert not found.used


def test_nobody_lets_it_go_on_meanwhile():
    with answering(own) as (ask, process):

        def wakes(scores):
            os.kill(process, signal.SIGCONT)
            return ask(scores)

        def asks(scores):
            os.kill(process, 0)  # other signals are free
            return own(scores)

        found = called(wakes)
        assert found.trouble.type == "ProcessRefused"
        assert found.used[0][0] == "multiprocessing.Process"
        assert called(asks).trouble is None


def test_who_is_slow_with_a_process_from_before_is_told_of_a_loop():
    def endless(scores):
        while True:
            pass

    with answering(own):
        found = called(endless)
    assert found.trouble.kind == "time"
    assert not found.used


def test_processes_that_have_lost_their_parent_stand_still_too():
    program = """
import os, signal, time
from course_utils.checks.standing_still import adopt_orphans, go_on, stand_still

def comes_to(states):
    while open(f"/proc/{orphan}/stat").read().rpartition(")")[2].split()[0] not in states:
        time.sleep(0.01)

adopt_orphans()
if os.fork() == 0:
    if os.fork() == 0:
        os.setsid()
        time.sleep(600)
    os._exit(0)
os.wait()
(orphan,) = stand_still()
comes_to("T")
go_on([orphan])
comes_to("SR")
os.kill(orphan, signal.SIGKILL)
os.wait()
assert stand_still() == []
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


# Exercises that train

TRAINED = assignment("fcn")["segment"]


def test_where_an_exercise_trains_processes_are_free_and_their_children_are_watched():
    library = {"__name__": "timm.layers"}
    exec("def network(scores, dim):\n    return scores", library)

    def found(function):
        watched = TRAINED.watched
        return Caller(in_a_worker(function), watched=watched).call({"scores": torch.ones(2, 2)})

    assert TRAINED.trains
    right = found(own)
    assert (right.trouble, right.used, right.started) == (None, (), ())
    ((name, _line, _code),) = found(library["network"]).used
    assert name == "timm.layers.network"


def test_where_an_exercise_trains_a_process_from_before_goes_on():
    with answering(own) as (ask, _process):
        assert torch.equal(called(ask, TRAINED).answer, own(SCORES))


@pytest.mark.parametrize("start", [in_a_new_python, in_a_program, in_a_shell])
def test_where_an_exercise_trains_a_new_python_is_noted_with_its_line(start):
    caller = Caller(start(own), watched=TRAINED.watched)
    found = caller.call({"scores": SCORES})
    assert torch.equal(found.answer, own(SCORES))
    assert not found.used
    ((_name, line, code),) = found.started
    assert line
    assert code.startswith(("process.start", "subprocess.run", "os.system"))
