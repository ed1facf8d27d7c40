"""What is special to interpretation: rows of numbers, and ascents that leave no trace."""

import inspect
import io
from dataclasses import replace

import matplotlib.pyplot as plt
import pytest
import torch
from torch import nn

from course_utils.checks.assignments.interpretation import probes, which_fire
from course_utils.checks.assignments.interpretation.model_answers import receptive_field
from course_utils.checks.assignments.interpretation.receptive_field import ALEXNET, VGG16
from course_utils.checks.exercise import assignment
from course_utils.checks.notebook import examine
from course_utils.checks.probing_networks import seen_pixels
from course_utils.data.small_net import small_net
from tests.checks.right import interpretation as right

EXERCISES = assignment("interpretation")
NETWORKS = ("maximise_class", "dream")


def verdict(name, function):
    return examine(EXERCISES[name], function)


def test_what_runs_in_the_students_kernel_knows_no_answer():
    source = inspect.getsource(probes)
    assert "course_utils.reference" not in source


# The windows are those that the gradient shows


def test_windows_are_the_known_ones_of_alexnet_and_vgg():
    assert receptive_field(ALEXNET) == (163, 16, -66)
    assert receptive_field(VGG16) == (196, 16, -90)


@pytest.mark.parametrize("seed", range(5))
def test_windows_are_those_that_the_gradient_reaches(seed):
    layers = next(
        case.inputs["layers"]
        for case in EXERCISES["receptive_field"].cases(seed)
        if case.title == "strides one after another"
    )
    field, stride, edge = receptive_field(layers)
    network = nn.Sequential(
        *(nn.Conv2d(1, 1, kernel, step, padding) for kernel, step, padding in layers)
    )
    seen = seen_pixels(network, torch.ones(1, 1, 96, 96), 3, 3)
    rows = seen.any(dim=1).nonzero()[:, 0].tolist()
    assert rows == list(range(3 * stride + edge, 3 * stride + edge + field))


# Two mistakes at once get a true sentence


def test_a_window_with_two_mistakes_is_told_what_came():
    def unit_box(geometry, unit, size):
        field, stride, edge = geometry
        top, left = (stride * index + edge for index in unit[::-1])
        return left, top, left + field, top + field - 2

    found = verdict("unit_box", unit_box)
    assert not found.passed
    assert found.kind == "value"
    assert "right: expected" in found.summary()


def test_patches_with_two_mistakes_are_told_what_the_smallest_case_shows():
    def best_patches(responses, count):
        return right.patches_by_loops(responses.transpose(2, 3).abs(), count)

    found = verdict("best_patches", best_patches)
    assert found.mistake == "row_column_swapped"
    assert "on others the answer differs in something else too" in found.text()


def test_an_ascent_with_two_mistakes_is_told_what_differs():
    def maximise_class(model, classes, start, lambda_, step, steps):
        x = start.clone().requires_grad_()
        for _ in range(steps):
            goal = model(x).softmax(1)[:, classes].sum() + lambda_ * x.square().sum()
            (slope,) = torch.autograd.grad(goal, x)
            x = (x - step * slope).detach().requires_grad_()
        return x.detach()

    found = verdict("maximise_class", maximise_class)
    assert found.kind == "value"
    assert "values differ" in found.summary()


# What an ascent leaves behind


def test_frozen_parameters_hooks_and_modes_are_seen_one_by_one():
    def frozen(model, classes, start, lambda_, step, steps):
        found = right.climb_one_by_one(model, classes, start, lambda_, step, steps)
        next(model.parameters()).requires_grad_(False)
        return found

    def hooked(network, layer, pictures, step, steps):
        found = right.dream_by_squares(network, layer, pictures, step, steps)
        network.register_forward_pre_hook(lambda _module, _inputs: None)
        return found

    def awake(network, layer, pictures, step, steps):
        found = right.dream_by_squares(network, layer, pictures, step, steps)
        network.train()
        return found

    assert "learn" in verdict("maximise_class", frozen).text()
    assert "hook" in verdict("dream", hooked).summary()
    assert "mode they were in" in verdict("dream", awake).text()


@pytest.mark.parametrize("name", NETWORKS)
def test_a_picture_shows_expected_and_got(name):
    start = "start" if name == "maximise_class" else "pictures"
    place = EXERCISES[name].parameters.index(start)
    found = verdict(name, lambda a, b, c, d, e, *f: (a, b, c, d, e, *f)[place].clone() + 0.5)
    assert plt.imread(io.BytesIO(found.picture))[..., :3].std() > 0.05


def test_windows_and_responses_are_drawn():
    half = verdict("unit_box", lambda geometry, unit, size: (0, 0, size[0] // 2, size[1]))
    assert plt.imread(io.BytesIO(half.picture))[..., :3].std() > 0.05
    first = verdict(
        "best_patches", lambda r, count: [[(0, 0, 0)] for _filter in range(r.shape[1])]
    )
    assert plt.imread(io.BytesIO(first.picture))[..., :3].std() > 0.05


# Beginners' errors


@pytest.mark.parametrize("name", [name for name in EXERCISES if name != "which_fire"])
def test_blank_crash_signature_and_nonsense_get_a_sentence(name):
    parameters = EXERCISES[name].parameters
    space = {}
    for kind, body in {
        "blank": "raise NotImplementedError()",
        "crash": f"return {parameters[0]}.nothing",
        "odd": "return object()",
        "nothing": "pass",
        "empty": "return []",
    }.items():
        exec(f"def {kind}({', '.join(parameters)}):\n    {body}", space)
    assert verdict(name, space["blank"]).kind == "blank"
    assert "that the object does not have" in verdict(name, space["crash"]).text()
    assert verdict(name, lambda: None).kind == "signature"
    assert verdict(name, 3).kind == "not callable"
    for kind in ("odd", "nothing", "empty"):
        found = verdict(name, space[kind])
        assert not found.passed
        assert found.kind in ("type", "shape", "nothing"), (kind, found.text())


def test_an_endless_loop_is_stopped():
    def forever(layers):
        while True:
            pass

    found = examine(replace(EXERCISES["receptive_field"], seconds=0.3), forever)
    assert found.kind == "time"


@pytest.mark.parametrize("number", [float("nan"), float("inf"), "3", None, True, 2.5, [1]])
def test_odd_numbers_never_pass(number):
    field = verdict("receptive_field", lambda layers: (number, number, number))
    box = verdict("unit_box", lambda geometry, unit, size: (number,) * 4)
    patch = verdict(
        "best_patches",
        lambda responses, count: [[(number,) * 3] for _filter in range(responses.shape[1])],
    )
    for found in (field, box, patch):
        assert found.kind == "type"
        assert "whole number" in found.summary()


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_nan_and_infinity_never_pass(number):
    def maximise_class(model, classes, start, lambda_, step, steps):
        return start * number

    def dream(network, layer, pictures, step, steps):
        return pictures * number

    assert not verdict("maximise_class", maximise_class).passed
    assert not verdict("dream", dream).passed


def test_the_reference_is_banned():
    def dream(network, layer, pictures, step, steps):
        from course_utils.reference import dream as ready

        return ready.dream(network, pictures, layer, octaves=1, jitter=0, step=step).pictures

    assert verdict("dream", dream).kind == "banned"


# The classifier of filters


def colour_rule(images):
    return images.mean(dim=(2, 3)).argmax(dim=1)


def always_three(images):
    return torch.full((len(images),), 3)


def untrained(images):
    torch.manual_seed(0)
    return small_net(pretrained=False).eval()(images).argmax(dim=1)


def nothing_at_all(images):
    return torch.empty(0, dtype=torch.long)


def nan_labels(images):
    return torch.full((len(images),), float("nan"))


def far_outside(images):
    return torch.full((len(images),), 60)


@pytest.mark.parametrize(
    "lazy", [colour_rule, always_three, untrained, nothing_at_all, nan_labels, far_outside]
)
def test_a_lazy_classifier_fails_for_a_reason(lazy):
    found = verdict("which_fire", lazy)
    assert not found.passed
    assert found.kind in ("accuracy", "value", "shape", "dtype")


def test_good_classifiers_clear_the_bar_with_room_and_early_layers_are_below():
    case = EXERCISES["which_fire"].cases(5)[-1]
    images = case.inputs["images"].float() / 255

    def share(answer):
        return (answer == case.truth).double().mean().item()

    for good in right.RIGHT["which_fire"]:
        assert share(good(images)) > which_fire.REQUIRED + 0.05
    early = next(m for m in EXERCISES["which_fire"].mistakes if m.name == "early_layer")
    assert share(early.solution(images)) < 0.4


def test_answers_that_depend_on_the_batch_are_named_whatever_the_filters():
    def classify(images):
        found = right.classify_by_ridge(images)
        return found if len(images) > 1 else (found + 1) % 6

    found = verdict("which_fire", classify)
    assert "Fix the thresholds once" in found.summary()
