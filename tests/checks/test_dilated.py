"""What is special to dilated: networks made and changed in place, a field, trained labels."""

import inspect
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from course_utils.checks.assignments.dilated import probes
from course_utils.checks.assignments.dilated import segment as exercise_segment
from course_utils.checks.banned import find_uses
from course_utils.checks.exercise import assignment
from course_utils.checks.judging import Answers
from course_utils.checks.notebook import examine
from course_utils.data.size_scenes import draw_size_scenes
from course_utils.data.voc import VOID
from tests.checks.right import dilated as right

EXERCISES = assignment("dilated")


def verdict(name, function):
    return examine(EXERCISES[name], function)


def test_what_runs_in_the_students_kernel_knows_no_answer():
    source = inspect.getsource(probes)
    assert "course_utils.reference" not in source


def test_the_numbers_of_the_text_are_those_of_the_networks():
    basic, large = (right.context_by_rows(21, size) for size in ("basic", "large"))
    assert sum(p.numel() for p in basic.parameters()) == 28_392
    assert sum(p.numel() for p in large.parameters()) == 6_803_139
    fields = right.fields_by_sets([3] * 7 + [1], [1, 1, 2, 4, 8, 16, 1, 1])
    assert fields == (3, 5, 9, 17, 33, 65, 67, 67)
    assert right.fields_by_sets([3, 5], [1, 2]) == (3, 11)


def test_the_field_of_the_context_network_is_measured_and_its_output_is_not_dead():
    exercise = EXERCISES["context_network"]
    answers = Answers(exercise, exercise.cases(3))
    found = [observation.answer for observation in answers.right]
    assert (67, 67) in [answer["field"] for answer in found]
    assert all(answer["output"].std() > 0 for answer in found)


# Scenes by size


def test_a_scene_is_labelled_by_the_area_in_sight_and_the_same_for_the_same_start():
    images, labels = draw_size_scenes(7, 40)
    again, same = draw_size_scenes(7, 40)
    assert torch.equal(images, again)
    assert torch.equal(labels, same)
    assert set(labels.unique().tolist()) == {0, 1, 2, VOID}
    assert images.shape == (40, 3, 64, 64)
    assert labels.shape == (40, 64, 64)


# Two mistakes at once get a true sentence


def test_a_flipped_kernel_that_also_ignores_padding_is_told_of_the_flip_and_more():
    def dilated_convolution(images, weight, dilation, padding):
        return right.convolved_by_windows(images, weight.flip(2, 3), dilation, 0)

    found = verdict("dilated_convolution", dilated_convolution)
    assert found.mistake == "flipped"
    assert "on others the answer differs in something else too" in found.text()


def test_a_relu_at_the_end_of_a_network_with_wrong_dilations_is_no_single_mistake():
    def context_network(channels, size):
        layers = list(right.context_by_rows(channels, size))
        layers[2].dilation = (2, 2)
        return nn.Sequential(*layers, nn.ReLU())

    found = verdict("context_network", context_network)
    assert not found.passed
    assert found.kind in ("value", "shape")


def test_biases_kept_and_a_corner_tap_are_told_by_what_is_seen_first():
    def identity_initialise(network, channels):
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.zeros_(layer.weight)
                layer.weight.data[:, :, 0, 0] = 1

    found = verdict("identity_initialise", identity_initialise)
    assert "biases" in found.summary().lower()


# Beginners' errors


@pytest.mark.parametrize("name", [name for name in EXERCISES if name != "segment"])
def test_blank_crash_signature_and_nonsense_get_a_sentence(name):
    parameters = EXERCISES[name].parameters
    space = {}
    exec(f"def blank({', '.join(parameters)}):\n    raise NotImplementedError()", space)
    exec(f"def crash({', '.join(parameters)}):\n    return {parameters[0]}.nothing", space)
    exec(f"def odd({', '.join(parameters)}):\n    return object()", space)
    assert verdict(name, space["blank"]).kind == "blank"
    assert "that the object does not have" in verdict(name, space["crash"]).text()
    assert verdict(name, lambda: None).kind == "signature"
    assert verdict(name, 3).kind == "not callable"
    assert not verdict(name, space["odd"]).passed


def test_an_endless_loop_is_stopped():
    def dilated_convolution(images, weight, dilation, padding):
        while True:
            pass

    quick = replace(EXERCISES["dilated_convolution"], seconds=0.3)
    assert examine(quick, dilated_convolution).kind == "time"


def test_nan_never_passes():
    def dilated_convolution(images, weight, dilation, padding):
        return right.convolved_by_windows(images, weight, dilation, padding) * float("nan")

    def identity_initialise(network, channels):
        for parameter in network.parameters():
            nn.init.constant_(parameter, float("nan"))

    def stack_receptive_fields(kernels, dilations):
        return [float("nan")] * len(kernels)

    for function in (dilated_convolution, identity_initialise, stack_receptive_fields):
        assert not verdict(function.__name__, function).passed


@pytest.mark.parametrize(
    "call",
    [
        "F.conv2d(images, weight, dilation=dilation, padding=padding)",
        "torch.conv2d(images, weight, dilation=dilation, padding=padding)",
        "nn.Unfold(3, dilation=dilation)(images)",
        "F.unfold(images, 3, dilation=dilation)",
        "torch.nn.Conv2d(1, 1, 3)(images)",
    ],
)
def test_ready_convolutions_are_banned(call):
    imports = "import torch\nfrom torch import nn\nfrom torch.nn import functional as F\n"
    source = f"def dilated_convolution(images, weight, dilation, padding):\n    return {call}"
    bans = EXERCISES["dilated_convolution"].bans
    assert find_uses("dilated_convolution", [imports, source], bans)


def test_padding_slices_and_windows_are_allowed():
    source = "from torch.nn import functional as F\n" + inspect.getsource(
        right.convolved_by_windows
    )
    assert not find_uses(
        "convolved_by_windows", [source], EXERCISES["dilated_convolution"].bans
    )


# The trained network


def by_brightness(images):
    return (images.mean(dim=1) > 0.5).long() * 2


def untrained(images):
    torch.manual_seed(0)
    network = nn.Sequential(*right._layers((1, 2, 4, 8), 16)).eval()
    return F.interpolate(network(images - 0.5), scale_factor=2).argmax(dim=1)


def nothing_at_all(images):
    return torch.empty(0, dtype=torch.long)


def nan_labels(images):
    return torch.full((len(images), 64, 64), float("nan"))


def narrow(images):
    """As many layers, weights and steps, but no dilation."""
    network = right.trained((1, 1, 1, 1, 1))
    with torch.no_grad():
        return network(images - 0.5).argmax(dim=1)


@pytest.mark.parametrize("lazy", [by_brightness, untrained, nothing_at_all, nan_labels, narrow])
def test_a_lazy_answer_fails_for_a_reason(lazy):
    found = verdict("segment", lazy)
    assert not found.passed
    assert found.kind in ("jaccard", "value", "shape", "dtype", "mistake")


def test_good_networks_clear_the_bar_with_room_and_a_narrow_one_stays_below():
    case = EXERCISES["segment"].cases(5)[-1]
    images, required = case.inputs["images"].float() / 255, exercise_segment.REQUIRED
    for good in right.RIGHT["segment"]:
        measure = exercise_segment.mean_jaccard_of(case.truth, good(images).long())
        assert measure > required + 0.02
    assert exercise_segment.mean_jaccard_of(case.truth, narrow(images)) < required
