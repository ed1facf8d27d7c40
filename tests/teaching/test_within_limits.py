"""What is made to take all memory or time costs a hand-in its points, and no more."""

import resource
import subprocess
import sys
import threading

import nbformat
import pytest
import torch

from course_utils.checks import grading, kernel, wire
from course_utils.i18n import speaking
from course_utils.teaching.hand_in import Unreadable, notebook_in
from course_utils.teaching.judge import Judge
from course_utils.teaching.within_limits import TooMuch, within
from tests.teaching.grading.class_of import NAME, RIGHT

EXERCISE, SEED = (NAME, "jaccard"), 7


def endless():
    while True:
        pass


@pytest.mark.parametrize("take", [lambda: bytearray(2**28), lambda: torch.ones(2**28)])
def test_memory_is_refused_and_there_again_afterwards(take):
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with pytest.raises(TooMuch, match="more than 64 MiB of memory"), within(60, 2**26):
        take()
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
    assert len(bytearray(2**28)) == 2**28


def test_time_is_limited_by_the_processors_clock():
    with pytest.raises(TooMuch, match=r"more than 0\.1 s"), within(0.1, 2**30):
        endless()


def test_other_errors_pass():
    with pytest.raises(RuntimeError, match="our own"), within(60, 2**30):
        raise RuntimeError("our own")


def test_outside_the_main_thread_nothing_is_changed():
    seen = []

    def look():
        with within(60, 2**30):
            seen.append(resource.getrlimit(resource.RLIMIT_DATA))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [resource.getrlimit(resource.RLIMIT_DATA)]


@pytest.mark.parametrize("language", ["ru", "en"])
def test_millions_of_empty_cells_are_unreadable_for_their_number(language):
    text = '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{}'
    text += ",{}" * 1_000_000 + "]}"
    words = {"ru": "в нём ячеек: 1000001", "en": "it has 1000001 cells"}[language]
    with speaking(language), pytest.raises(Unreadable, match=words) as caught:
        notebook_in(text)
    assert caught.value.state == "unreadable"


# In a process of its own: memory that an earlier test has freed would be taken first.
LIMITED = """
from course_utils.teaching import hand_in
from course_utils.teaching.collect import contents

def notebook(metadata="{}", cells="[]"):
    return f'{{"nbformat": 4, "cells": {cells}, "metadata": {metadata}}}'

def why(text):
    try:
        return hand_in.notebook_in(text) and ""
    except hand_in.Unreadable as error:
        return str(error)

long = notebook(metadata='{"x": "' + "x" * 2**26 + '"}')
cell = '{"source": "x"}'
many = notebook(cells="[" + ",".join([cell] * 19_000) + "]")
contents.MEMORY = hand_in.MEMORY = 2**24
print(contents.inspect(long.encode()).unreadable)
print(why(long))
hand_in.MEMORY, hand_in.SECONDS = 2**30, 0.02
print(why(many))
"""


def test_what_takes_too_much_to_read_is_unreadable_for_that_when_collected_and_when_graded():
    done = subprocess.run([sys.executable, "-c", LIMITED], capture_output=True, text=True)
    collected, read, late = done.stdout.splitlines()
    assert collected == "more than 16 MiB of memory is needed for it"
    assert "more than 16 MiB of memory is needed for it" in read
    assert "more than 0.02 s are needed for it" in late


# Judging


def judging() -> Judge:
    judge = Judge()
    judge._imports = []
    judge.nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1")])
    return judge


def test_an_answer_that_takes_too_much_to_judge_fails_alone_and_says_so(monkeypatch):
    def greedy(*_anything):
        return torch.ones(2**28)

    monkeypatch.setattr("course_utils.teaching.judge._MEMORY", 2**26)
    with monkeypatch.context() as patch:
        patch.setattr(grading, "judge", greedy)
        verdict = judging()._judged(0, EXERCISE, SEED, b"")
    assert not verdict.passed
    assert "was not judged: more than 64 MiB of memory" in verdict.summary()
    names = {}
    exec(RIGHT, names)
    reply = kernel.reply(grading.make_request(*EXERCISE, SEED), names)
    assert judging()._judged(0, EXERCISE, SEED, reply).passed


def test_a_tensor_where_a_number_belongs_costs_its_exercise_alone():
    nonce = wire.decode(grading.make_request(*EXERCISE, SEED))["nonce"]
    large = {"nonce": nonce, "observations": [{"answer": torch.zeros(20_000_000).byte()}]}
    verdict = judging()._judged(0, EXERCISE, SEED, wire.encode(large))
    assert not verdict.passed
    assert verdict.exercise == "jaccard"
