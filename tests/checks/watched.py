"""What tests of the watch share: a banned function that no reader of text finds, one's own, and
the verdict of a hidden test."""

from functools import reduce

import torch

from course_utils.checks import grading, kernel
from course_utils.checks.exercise import assignment

__all__ = ["CROSS", "EXERCISE", "FUNCTIONAL", "SOFT", "hidden_verdict", "own", "ready"]

SOFT = "".join(reversed("xamtfos"))
CROSS = "".join(reversed("yportne_ssorc"))
FUNCTIONAL = ["nn", "functional"]
EXERCISE = assignment("metrics_and_loss")["softmax"]

ready = reduce(getattr, [*FUNCTIONAL, SOFT], torch)


def own(scores, dim=1):
    exponents = (scores - scores.amax(dim, keepdim=True)).exp()
    return exponents / exponents.sum(dim, keepdim=True)


def hidden_verdict(function, name="softmax", assignment_name="metrics_and_loss", sources=()):
    request = grading.make_request(assignment_name, name, 3)
    reply = kernel.reply(request, {assignment(assignment_name)[name].function: function})
    return grading.judge(assignment_name, name, 3, reply, sources)
