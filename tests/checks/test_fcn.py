"""What is special to fcn: layers and networks in and out, borders, a trained segmentation."""

import copy
import inspect
import io
from dataclasses import replace

import matplotlib.pyplot as plt
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.checks.assignments.fcn import probes
from course_utils.checks.assignments.fcn import segment as segment_exercise
from course_utils.checks.exercise import assignment
from course_utils.checks.judging import Answers
from course_utils.checks.notebook import VISIBLE_SEED, examine
from course_utils.checks.probing import Caller, Observation
from tests.checks.right import fcn as right

EXERCISES = assignment("fcn")
MODELLED = [name for name in EXERCISES if name != "segment"]


def verdict(name, function):
    return examine(EXERCISES[name], function)


def test_what_runs_in_the_students_kernel_knows_no_answer():
    source = inspect.getsource(probes)
    for word in ("course_utils.reference", "interpolate", "truth"):
        assert word not in source


# Answers by hand


@pytest.mark.parametrize(("row", "expected"), [([4.0, 8.0], [3, 5, 7, 6]), ([4.0], [3, 3])])
def test_the_models_tents_are_those_of_the_notebook(row, expected):
    """A row seen along one axis: the other one weighs every pixel by 3/4."""
    from course_utils.checks.assignments.fcn.model_answers import upsample_bilinear

    answer = upsample_bilinear(torch.tensor(row).reshape(1, 1, 1, -1), 2)
    assert answer.tolist() == [[[[0.75 * number for number in expected]] * 2]]


def test_the_models_dense_layer_gives_the_numbers_of_the_notebook():
    from course_utils.checks.assignments.fcn.model_answers import dense_to_convolution

    linear = nn.Linear(4, 1)
    linear.load_state_dict(
        {"weight": torch.tensor([[1.0, 2, 3, 4]]), "bias": torch.tensor([10.0])}
    )
    maps = torch.tensor([[1.0, 0, 2], [0, 1, 0]]).reshape(1, 1, 2, 3)
    assert dense_to_convolution(linear, 1, 2, 2)(maps).flatten().tolist() == [15, 17]


def test_constant_scores_of_three_maps_add_up_everywhere_whatever_the_sides():
    from course_utils.checks.assignments.fcn.model_answers import fuse

    maps = [torch.full((1, 1, *size), k) for k, size in ((1.0, (2, 3)), (2.0, (3, 5)))]
    answer = fuse(*maps, torch.full((1, 1, 5, 9), 3.0), 40, 72)
    assert answer.shape == (1, 1, 40, 72)
    assert torch.allclose(answer, torch.tensor(6.0))


# Two mistakes at once get a true sentence


def test_a_tiled_and_divided_image_is_told_that_numbers_differ():
    found = verdict("replicate", lambda images, factor: images.repeat(1, 1, factor, factor) / 2)
    assert not found.passed
    assert found.kind == "value"
    assert "values differ" in found.summary()


def test_mixed_channels_and_a_wrong_border_are_told_what_the_smallest_case_shows():
    def upsample_bilinear(scores, factor):
        tent = torch.tensor([1.0, 3, 3, 1]) / 4
        kernel = torch.outer(tent, tent).expand(scores.shape[1], scores.shape[1], 4, 4)
        return F.conv_transpose2d(scores, kernel.to(scores), stride=2, padding=1)

    found = verdict("upsample_bilinear", upsample_bilinear)
    assert not found.passed
    assert "one image, factor 4" in found.text()  # a kernel for factor 2 alone
    assert found.kind == "shape"


def test_a_convolution_without_bias_that_is_padded_too_is_told_of_the_bias():
    def dense_to_convolution(linear, channels, height, width):
        return nn.Conv2d(channels, linear.out_features, (height, width), padding=1, bias=False)

    found = verdict("dense_to_convolution", dense_to_convolution)
    assert found.kind in ("count", "mistake")
    assert "bias" in found.text() or "numbers" in found.text()


def test_a_network_with_a_hidden_layer_and_no_zeros_is_told_of_the_count():
    def make_fcn(backbone, channels, stride, num_classes):
        score = nn.Sequential(
            nn.Conv2d(channels, 9, 3, padding=1), nn.Conv2d(9, num_classes, 1)
        )
        return nn.Sequential(backbone, score, nn.Upsample(scale_factor=stride))

    found = verdict("make_fcn", make_fcn)
    assert found.kind == "count"
    assert "parameters" in found.summary()


def test_fused_scores_without_16_that_are_replicated_are_no_single_mistake():
    def fuse(scores32, scores16, scores8, height, width):
        larger = F.interpolate(scores32, scale_factor=4)
        larger = larger[:, :, : scores8.shape[2], : scores8.shape[3]] + scores8
        return F.interpolate(larger, scale_factor=8)[:, :, :height, :width]

    found = verdict("fuse", fuse)
    assert found.kind == "value"
    assert "values differ" in found.summary()


# What a network does, not how it is written


def test_a_frozen_kernel_in_a_buffer_and_a_dense_score_layer_are_right():
    assert verdict("make_fcn", right.fcn_with_a_transposed_convolution).passed


def test_a_copy_of_the_backbone_is_right_too():
    def make_fcn(backbone, channels, stride, num_classes):
        twin = copy.deepcopy(backbone)
        return right.fcn_in_a_row(twin, channels, stride, num_classes)

    assert verdict("make_fcn", make_fcn).passed


def test_a_network_that_breaks_is_told_what_python_says():
    def make_fcn(backbone, channels, stride, num_classes):
        return nn.Sequential(backbone, nn.Conv2d(channels + 1, num_classes, 1))

    found = verdict("make_fcn", make_fcn)
    assert found.kind == "raised"
    assert "channels" in found.text()


def test_a_forward_pass_names_its_line_and_a_blank_one_is_a_blank():
    class Net(nn.Module):
        def __init__(self, backbone):
            super().__init__()
            self.backbone = backbone

        def forward(self, images):
            return self.backbone(images) + torch.zeros(7)

    class Blank(Net):
        def forward(self, images):
            raise NotImplementedError()

    def make_fcn(backbone, channels, stride, num_classes):
        return Net(backbone)

    def blank(backbone, channels, stride, num_classes):
        return Blank(backbone)

    assert "torch.zeros(7)" in verdict("make_fcn", make_fcn).text()
    assert verdict("make_fcn", blank).kind == "blank"


def test_a_network_tied_to_the_first_size_it_sees_fails():
    class Tied(nn.Module):
        def __init__(self, net):
            super().__init__()
            self.net, self.size = net, None

        def forward(self, images):
            self.size = self.size or images.shape[-2:]
            found = self.net(images)
            return F.interpolate(found, self.size, mode="bilinear")

    space = {"Tied": Tied, "right": right}
    exec(
        "def make_fcn(backbone, channels, stride, num_classes):\n"
        "    return Tied(right.fcn_in_a_row(backbone, channels, stride, num_classes))",
        space,
    )
    found = verdict("make_fcn", space["make_fcn"])
    assert "images of two sizes" in found.text()


def test_no_gradient_is_no_full_answer():
    def upsample_bilinear(scores, factor):
        return right.bilinear_by_matrices(scores, factor).detach()

    found = verdict("upsample_bilinear", upsample_bilinear)
    assert found.kind == "gradient"
    assert "no gradient flows" in found.summary()


# Beginners' errors


@pytest.mark.parametrize("name", MODELLED)
def test_blank_crash_signature_and_nonsense_get_a_sentence(name):
    parameters = EXERCISES[name].parameters
    space = {}
    exec(f"def blank({', '.join(parameters)}):\n    raise NotImplementedError()", space)
    exec(f"def crash({', '.join(parameters)}):\n    return {parameters[0]}.nothing", space)
    exec(f"def odd({', '.join(parameters)}):\n    return object()", space)
    exec(f"def nothing({', '.join(parameters)}):\n    pass", space)
    assert verdict(name, space["blank"]).kind == "blank"
    crash = verdict(name, space["crash"])
    assert "that the object does not have" in crash.text()
    assert verdict(name, lambda: None).kind == "signature"
    assert verdict(name, 3).kind == "not callable"
    odd = verdict(name, space["odd"])
    assert not odd.passed
    assert "object" in odd.text()
    assert not verdict(name, space["nothing"]).passed


def test_an_error_of_torch_is_not_taken_for_a_blank():
    def replicate(images, factor):
        ones = torch.ones(images.shape[1], 1, factor, factor, dtype=images.dtype)
        return F.conv_transpose2d(images, ones, stride=factor, groups=images.shape[1])

    found = verdict("replicate", replicate)
    assert found.kind != "blank"
    assert "labels of type uint8" in found.text()


def test_an_endless_loop_is_stopped():
    def fuse(scores32, scores16, scores8, height, width):
        while True:
            pass

    assert examine(replace(EXERCISES["fuse"], seconds=0.3), fuse).kind == "time"


@pytest.mark.parametrize("name", ["replicate", "upsample_bilinear", "fuse"])
@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_nan_and_infinity_never_pass(name, number):
    exercise = EXERCISES[name]
    good = right.RIGHT[name][0]
    space = {"good": good, "number": number}
    arguments = ", ".join(exercise.parameters)
    exec(f"def spoilt({arguments}):\n    return good({arguments}) * number", space)
    found = verdict(name, space["spoilt"])
    assert not found.passed
    assert found.kind in ("nan", "value", "dtype")


def test_an_empty_answer_never_passes():
    found = verdict("replicate", lambda images, factor: images[:0])
    assert found.kind == "shape"


READY = "\n".join(  # no plain text: a reader of this file would take it for its answers
    [
        "def upsample_bilinear(scores, factor):",
        "    from course_utils.reference import upsampling",
        "    return upsampling.bilinear_transposed_convolution(1, factor)(scores)",
    ]
)


def test_interpolation_and_the_reference_are_banned():
    def replicate(images, factor):
        return F.interpolate(images, scale_factor=factor)

    space = {}
    exec(READY, space)
    assert verdict("replicate", replicate).kind == "banned"
    ready = space["upsample_bilinear"]
    assert verdict("upsample_bilinear", ready).kind == "banned"


# The trained segmentation


def colour_rule(images):
    return (images.mean(dim=1) > 0.5).long()


def untrained(images):
    torch.manual_seed(0)
    scores = nn.Conv2d(3, 7, 3, padding=1)(images)
    return scores.argmax(dim=1)


def all_background(images):
    return torch.zeros(images[:, 0].shape, dtype=torch.long)


def all_six(images):
    return all_background(images) + 6


def nothing_at_all(images):
    return torch.empty(0, dtype=torch.long)


def nan_labels(images):
    return all_background(images) * float("nan")


def far_outside(images):
    return all_background(images) - 1


LAZY = [
    colour_rule,
    untrained,
    all_background,
    all_six,
    nothing_at_all,
    nan_labels,
    far_outside,
]


@pytest.mark.parametrize("lazy", LAZY)
def test_a_lazy_segmentation_fails_for_a_reason(lazy):
    found = verdict("segment", lazy)
    assert not found.passed
    assert found.kind in ("jaccard", "value", "shape", "dtype", "mistake")


def test_lazy_answers_lie_far_below_the_bar():
    case = EXERCISES["segment"].cases(5)[-1]
    images = case.inputs["images"].float() / 255
    for lazy in (colour_rule, untrained, all_background, all_six):
        measure = segment_exercise.mean_jaccard_of(case.truth, lazy(images))
        assert measure < segment_exercise.REQUIRED - 0.3


def test_good_segmentations_clear_the_bar_with_room():
    case = EXERCISES["segment"].cases(5)[-1]
    images = case.inputs["images"].float() / 255
    for good in right.RIGHT["segment"]:
        measure = segment_exercise.mean_jaccard_of(case.truth, good(images))
        assert measure > segment_exercise.REQUIRED + 0.04


@pytest.fixture
def trained():
    """Before a check begins, which has a time limit."""
    right.trained(right._Skips)


@pytest.mark.usefixtures("trained")
def test_answers_that_depend_on_the_batch_are_named_whatever_the_network():
    def segment(images):
        found = right.segmented_by_skips(images)
        return found if len(images) > 1 else (found + 1) % 7

    assert "by itself" in verdict("segment", segment).summary()


@pytest.mark.usefixtures("trained")
def test_scores_in_place_of_labels_are_named_whatever_the_network():
    found = verdict("segment", lambda images: right.trained(right._Skips)(images))
    assert found.mistake == "scores"


@pytest.mark.usefixtures("trained")
def test_a_right_answer_of_another_label_for_background_is_told_of_the_shift():
    found = verdict("segment", lambda images: (right.segmented_by_skips(images) + 1) % 7)
    assert not found.passed


def test_a_picture_shows_image_truth_and_answer():
    found = verdict("segment", colour_rule)
    pixels = plt.imread(io.BytesIO(found.picture))
    assert pixels[..., :3].std() > 0.1
    case = EXERCISES["segment"].cases(7)[0]
    got = Observation(answer={"labels": colour_rule(case.inputs["images"].float() / 255)})
    figure = EXERCISES["segment"].picture(case, Observation(), got)
    assert len(figure.axes) == 3
    assert all(ax.images for ax in figure.axes)


def test_the_scenes_of_different_seeds_differ_and_the_truth_stays_with_the_judge():
    one, other = (EXERCISES["segment"].cases(seed)[-1] for seed in (1, 2))
    assert not torch.equal(one.inputs["images"], other.inputs["images"])
    assert one.truth.unique().tolist() == [0, 1, 2, 3, 4, 5, 6, 255]
    assert list(one.inputs) == ["images", "num_classes"]


def test_maps_are_drawn_with_their_numbers_where_they_are_small():
    exercise = EXERCISES["upsample_bilinear"]
    case = exercise.cases(VISIBLE_SEED)[1]
    expected = Answers(exercise, exercise.cases(VISIBLE_SEED)).right[1]
    wrong = case.inputs["scores"].repeat_interleave(2, 2).repeat_interleave(2, 3)
    figure = exercise.picture(case, expected, Observation(answer=wrong))
    assert [len(ax.texts) for ax in figure.axes] == [12, 12]


def test_a_trusted_caller_gives_the_gradient_of_all_three_maps():
    exercise = EXERCISES["fuse"]
    case = exercise.cases(3)[0]
    found = probes.observe_scores(Caller(right.fused_by_modules), case.inputs)
    sizes = [case.inputs[f"scores{s}"].numel() for s in (32, 16, 8)]
    assert found.gradient.shape == (sum(sizes),)
    assert found.gradient.abs().min() > 0
