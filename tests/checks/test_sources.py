"""The code that an answer reaches: classes that hold themselves, properties, deep nesting."""

import pytest
import torch

from course_utils.checks.banned import find_uses
from course_utils.checks.exercise import Banned
from course_utils.checks.notebook import sources_of
from course_utils.i18n import N_

BANNED = (Banned(("torch.softmax",), N_("“{name}” may not be used in this exercise.")),)


def uses(source, function="answer"):
    return [use.name for use in find_uses(function, [source], BANNED)]


class Itself:
    def method(self):
        return 1


Itself.kind = Itself


class Exponential(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.exp()

    @staticmethod
    def backward(ctx, gradient):
        return gradient


class Lazy:
    @property
    def value(self):
        return helper()


def helper():
    return "the helper's own file"


@pytest.mark.parametrize("kind", [Itself, Exponential, Lazy])
def test_a_class_that_an_answer_uses_is_looked_into_once(kind):
    def answer(x):
        return kind, x

    assert any("class Itself" in source for source in sources_of(answer))


def test_a_key_of_a_thousand_pieces_is_read():
    key = " + ".join(f"'{letter}'" for letter in "softmax") + " + ''" * 1200
    assert uses(f"import torch\ndef answer(x):\n    return getattr(torch, {key})(x)") == [
        "torch.softmax"
    ]


def test_a_chain_of_thousands_of_attributes_is_no_error():
    chain = ".data" * 2500
    assert uses(f"def answer(x):\n    return x{chain}") == []


SILENT_BEFORE = {
    "beside a line magic": "%matplotlib inline\n{}",
    "under a comment with a question mark": "%matplotlib inline\nx = 1  # is it?\n{}",
    "behind a separator of lines in a string": "x = '\u2028'\n!ls\n{}",
    "behind a form feed": "x = '\x0c'\n%cd .\n{}",
    "behind many letters": "x = '" + "a" * 250_000 + "'\n{}",
    "in a line that is timed": "{}\n%time y = answer(1)",
}


@pytest.mark.parametrize("around", SILENT_BEFORE.values(), ids=SILENT_BEFORE)
def test_nothing_around_an_answer_blinds_the_reader(around):
    answer = "import torch\ndef answer(x):\n    return torch.softmax(x, 1)  # right?"
    assert uses(around.format(answer)) == ["torch.softmax"]


def test_an_answer_made_in_a_line_that_is_timed_is_read():
    source = "import torch\n%time answer = lambda x: torch.softmax(x, 1)"
    assert uses(source) == ["torch.softmax"]
