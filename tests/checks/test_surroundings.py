"""Compiled functions and classes of a student's own in the check."""

import os
import subprocess
import sys
from pathlib import Path

import torch

from course_utils.checks.exercise import assignment
from course_utils.checks.notebook import examine

EXERCISES = assignment("metrics_and_loss")
COMPILED = Path(__file__).with_name("compiled_answers.py")


class Exponential(torch.autograd.Function):
    """exp with a backward pass of its own."""

    @staticmethod
    def forward(ctx, scores):
        powers = scores.exp()
        ctx.save_for_backward(powers)
        return powers

    @staticmethod
    def backward(ctx, slope):
        return slope * ctx.saved_tensors[0]


def test_an_autograd_function_of_one_s_own_is_checked_like_any_code():
    def softmax(scores):
        powers = Exponential.apply(scores - scores.amax(1, keepdim=True).detach())
        return powers / powers.sum(1, keepdim=True)

    verdict = examine(EXERCISES["softmax"], softmax)
    assert verdict.passed, verdict.text()


def test_compiled_answers_are_called_uncompiled_and_compile_again_afterwards():
    """In a process of its own: the compiler is read once, and stays."""
    done = subprocess.run(
        [sys.executable, COMPILED], capture_output=True, text=True, timeout=300, env=os.environ
    )
    assert done.stdout.split() == ["inside", "True", "decorated", "True", "compiles"], (
        done.stdout + done.stderr[-3000:]
    )
