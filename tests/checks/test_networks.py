"""Networks as answers: equal layers give equal findings whatever their names; others do not."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from course_utils.checks import grading, kernel, wire
from course_utils.checks.compare import (
    compare_with,
    fields,
    labels,
    number_of,
    one_of,
    scalar,
    tensor,
)
from course_utils.checks.exercise import Case, Exercise, Mistake
from course_utils.checks.judging import Answers, judge
from course_utils.checks.notebook import examine
from course_utils.checks.probing import Caller, Observation
from course_utils.checks.probing_networks import (
    fill_weights,
    observe_network,
    parameter_counts,
    seen_pixels,
)

IMAGES = torch.rand(2, 3, 9, 9, generator=torch.Generator().manual_seed(0))


class Named(nn.Module):
    """The same network as `plain`, with other names in another order."""

    def __init__(self, width):
        super().__init__()
        self.last = nn.Conv2d(width, 2, 1)
        self.norm = nn.BatchNorm2d(width)
        self.first = nn.Conv2d(3, width, 3, padding=1)

    def forward(self, x):
        return self.last(torch.relu(self.norm(self.first(x))))


def plain(width):
    return nn.Sequential(
        nn.Conv2d(3, width, 3, padding=1),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        nn.Conv2d(width, 2, 1),
    )


def no_norm(width):
    return nn.Sequential(
        nn.Conv2d(3, width, 3, padding=1), nn.Identity(), nn.ReLU(), nn.Conv2d(width, 2, 1)
    )


def no_relu(width):
    return nn.Sequential(*(layer for layer in plain(width) if not isinstance(layer, nn.ReLU)))


def frozen(width):
    return plain(width).requires_grad_(False)


NETWORK = compare_with(
    fields(
        type=lambda right, got: None if right == got else scalar(0.0, got),
        parameters=number_of(
            "expected {expected} parameters, got {got}", "parameters", "count"
        ),
        learning=number_of("expected {expected} that learn, got {got}", "learning", "count"),
        output=tensor,
        in_training=tensor,
    )
)


def look(build):
    inputs = {"arguments": {"width": 4}, "images": IMAGES}
    return observe_network(
        Caller(build, watched={"banned": ["torchmetrics"]}, seconds=5), inputs
    )


def test_equal_layers_are_equal_whatever_their_names():
    assert NETWORK(look(plain), look(Named)) is None


@pytest.mark.parametrize(
    ("build", "kind"),
    [(no_norm, "count"), (no_relu, "value"), (frozen, "count"), (lambda width: width, "type")],
)
def test_other_networks_are_not(build, kind):
    assert NETWORK(look(plain), look(build)).kind == kind


def test_batch_normalisation_makes_training_another_mode():
    answer = look(plain).answer
    assert not torch.allclose(answer["output"], answer["in_training"])


def test_a_forward_pass_that_breaks_names_the_students_line():
    class Breaks(nn.Module):
        def forward(self, x):
            return x + torch.zeros(7)

    trouble = look(lambda width: Breaks()).trouble
    assert trouble.kind == "raised"
    assert "torch.zeros(7)" in trouble.code


def test_filled_weights_leave_a_deep_network_alive():
    layers = [layer for _ in range(30) for layer in (nn.Conv2d(8, 8, 3, padding=1), nn.ReLU())]
    output = fill_weights(nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), *layers))(IMAGES)
    assert 1e-3 < output.std() < 1e3


def test_parameters_are_counted_once_and_frozen_ones_do_not_learn():
    layer = nn.Linear(2, 3)
    network = nn.Sequential(layer, nn.Linear(3, 2), layer)
    network[1].requires_grad_(False)
    assert parameter_counts(network) == (9 + 8, 9)


def test_the_pixels_that_an_output_sees():
    seen = seen_pixels(plain(4), IMAGES, 4, 0)
    expected = torch.zeros(9, 9, dtype=torch.bool)
    expected[3:6, :2] = True
    assert torch.equal(seen, expected)


# Right answers that no function of the inputs gives


def segment_cases(seed):
    draw = torch.Generator().manual_seed(seed)
    truth = torch.randint(3, (1, 4, 4), generator=draw)
    noise = torch.rand(1, 3, 4, 4, generator=draw)
    return [Case("one picture", {"images": noise}, truth=truth)]


SEGMENT = Exercise(
    name="segment",
    function="segment",
    parameters=("images",),
    cases=segment_cases,
    model=None,
    compare=compare_with(labels),
    mistakes=(Mistake("zeros", "only zeros", lambda images: images[:, 0].long() * 0),),
)


def test_the_truth_of_a_case_judges_and_never_travels(monkeypatch):
    monkeypatch.setattr(grading, "assignment", lambda name: {"segment": SEGMENT})
    request = grading.make_request("x", "segment", 5)
    (case,) = wire.decode(request)["cases"]
    assert case.keys() == {"inputs", "strided"}
    assert case["inputs"].keys() == {"images"}
    truth = segment_cases(5)[0].truth
    for answer, passed in ((truth, True), (truth.clamp(max=1), False), (truth * 0, False)):
        reply = kernel.reply(request, {"segment": lambda images, answer=answer: answer})
        assert grading.judge("x", "segment", 5, reply, []).passed is passed


def test_a_mistake_is_named_against_a_truth_too():
    answers = Answers(SEGMENT, SEGMENT.cases(1))
    got = [answers.of(SEGMENT.mistakes[0], 0)]
    assert judge(answers, got, hidden=True).mistake == "zeros"
    assert examine(replace(SEGMENT, mistakes=()), lambda images: images[:, 0]).kind == "dtype"


# Comparisons


@pytest.mark.parametrize(
    ("got", "kind"),
    [
        (torch.tensor([1, 2]), None),
        (torch.tensor([1, 2], dtype=torch.uint8), None),
        (torch.tensor([1, 3]), "value"),
        (torch.tensor([[1, 2]]), "shape"),
        (torch.tensor([1.0, 2.0]), "dtype"),
        (torch.tensor([True, True]), "dtype"),
        ([1, 2], "type"),
    ],
)
def test_labels_are_whole_numbers(got, kind):
    difference = labels(torch.tensor([1, 2]), got)
    assert (difference and difference.kind) == kind


def test_findings_are_compared_in_their_order_and_none_may_lack():
    compare = fields(a=scalar, b=scalar)
    assert compare({"a": 1, "b": 2}, {"b": 2, "a": 1}) is None
    assert compare({"a": 1, "b": 2}, {"a": 1, "b": 3}).kind == "value"
    for got in ({"a": 1}, {"a": 1, "b": 2, "c": 3}, [1, 2], None):
        assert compare({"a": 1, "b": 2}, got).kind == "type"


def test_one_of_several_right_answers_is_enough():
    compare = one_of(scalar)
    assert compare([1.0, 2.0], 2.0) is None
    assert str(compare([1.0, 2.0], 3.0).said) == str(scalar(1.0, 3.0).said)


def test_a_count_that_differs_is_said_in_full():
    compare = number_of("expected {expected}, got {got}", "it differs")
    difference = compare(31_030_658, 31_030_657)
    assert str(difference.said) == "expected 31030658, got 31030657"
    assert str(difference.plain) == "it differs"
    assert compare(1, Observation()).kind == "value"
