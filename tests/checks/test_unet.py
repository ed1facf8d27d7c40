"""What is special to unet: either order of the copies, networks as answers, a trained net."""

import inspect
from dataclasses import replace

import pytest
import torch
from torch import nn

from course_utils.checks.assignments.unet import probes, segment
from course_utils.checks.exercise import assignment
from course_utils.checks.notebook import examine
from course_utils.checks.probing import Observation
from tests.checks.right import unet as right

EXERCISES = assignment("unet")


def verdict(name, function):
    return examine(replace(EXERCISES[name], picture=None), function)


def test_what_runs_in_the_students_kernel_knows_no_answer():
    source = inspect.getsource(probes)
    assert "course_utils.reference" not in source


# Two mistakes at once get a true sentence


def test_flipped_and_written_over_is_told_what_the_smallest_case_shows():
    def up_convolution(maps, weight, stride):
        k, (h, w) = weight.shape[-1], maps.shape[2:]
        size = (h - 1) * stride + k, (w - 1) * stride + k
        answer = maps.new_zeros(len(maps), weight.shape[1], *size)
        for i in range(h):
            for j in range(w):
                stamp = torch.einsum("na,abyx->nbyx", maps[:, :, i, j], weight.flip(2, 3))
                top, left = i * stride, j * stride
                answer[:, :, top : top + k, left : left + k] = stamp
        return answer

    found = verdict("up_convolution", up_convolution)
    assert found.mistake == "flipped"  # kernel 2, stride 2: nothing overlaps
    assert "on others the answer differs in something else too" in found.text()


def test_a_network_with_two_mistakes_is_told_where_the_sizes_part():
    def unet(in_channels, num_classes, width, depth):
        net = right.unet_by_recursion(in_channels, num_classes, width, depth)
        for layer in net.modules():
            if isinstance(layer, nn.Conv2d) and layer.kernel_size == (3, 3):
                layer.padding = (1, 1)
        return nn.Sequential(*net, nn.ReLU())

    found = verdict("unet", unet)
    assert found.mistake == "padded"  # a ReLU changes nothing in the smallest case
    assert "After convolution 1, in the order of the work" in found.text()


def test_the_parameters_are_said_where_no_mistake_is_known():
    def unet(in_channels, num_classes, width, depth):
        net = right.unet_by_recursion(in_channels, num_classes, width, depth)
        net.more = nn.Parameter(torch.zeros(5))
        return nn.ModuleList([net])[0]

    found = verdict("unet", unet)
    assert found.kind == "count"
    assert "parameters" in found.summary()


def test_an_untouched_copy_is_noticed():
    """The right layers with the copies multiplied by zero: nothing but the numbers tells."""

    class Level(right._Level):
        def forward(self, x):
            x = self.before(x)
            if self.below is None:
                return x
            back = self.enlarge(self.below(nn.functional.max_pool2d(x, 2)))
            return self.after(torch.cat([0 * back, back], dim=1))

    def unet(in_channels, num_classes, width, depth):
        return nn.Sequential(Level(in_channels, width, depth), nn.Conv2d(width, num_classes, 1))

    assert not verdict("unet", unet).passed


def test_dropout_is_noticed_in_training_mode():
    def unet(in_channels, num_classes, width, depth):
        net = right.unet_by_recursion(in_channels, num_classes, width, depth)
        return nn.Sequential(nn.Dropout(0.5), *net)

    assert "training mode" in verdict("unet", unet).text()


# Beginners' errors


@pytest.mark.parametrize("name", [name for name in EXERCISES if name != "segment"])
def test_blank_crash_signature_and_nonsense_get_a_sentence(name):
    parameters = EXERCISES[name].parameters
    space = {}
    exec(f"def blank({', '.join(parameters)}):\n    raise NotImplementedError()", space)
    exec(f"def crash({', '.join(parameters)}):\n    return {parameters[0]}.nothing", space)
    exec(f"def odd({', '.join(parameters)}):\n    return object()", space)
    exec(f"def nothing({', '.join(parameters)}):\n    pass", space)
    assert verdict(name, space["blank"]).kind == "blank"
    assert "that the object does not have" in verdict(name, space["crash"]).text()
    assert verdict(name, lambda: None).kind == "signature"
    assert verdict(name, 3).kind == "not callable"
    assert not verdict(name, space["odd"]).passed
    assert not verdict(name, space["nothing"]).passed


def test_an_endless_loop_is_stopped():
    def forever(size, depth):
        while True:
            pass

    found = examine(replace(EXERCISES["level_sizes"], seconds=0.3), forever)
    assert found.kind == "time"


@pytest.mark.parametrize("name", ["up_convolution", "crop_and_copy"])
def test_nan_and_infinity_never_pass(name):
    solution = right.RIGHT[name][0]
    for number in (float("nan"), float("inf")):
        assert not verdict(name, lambda *given, x=number: solution(*given) * x).passed


@pytest.mark.parametrize(
    "call",
    [
        "torch.nn.functional.conv_transpose2d(maps, weight, stride=stride)",
        "torch.conv_transpose2d(maps, weight, stride=stride)",
        "torch.nn.ConvTranspose2d(1, 1, 2)(maps)",
        "torch.nn.functional.fold(maps, 2, 2)",
    ],
)
def test_the_ready_up_convolution_is_banned(call):
    space = {}
    exec(f"import torch\ndef up_convolution(maps, weight, stride):\n    return {call}", space)
    assert verdict("up_convolution", space["up_convolution"]).kind == "banned"


@pytest.mark.parametrize(
    "got", [[], [(5, 3)], [("a", 3, 1)], [(True, 3, 1)], 3, {}, [[5.5, 3, 1]]]
)
def test_sizes_of_odd_kinds_are_refused(got):
    assert not verdict("level_sizes", lambda size, depth: got).passed


# The trained network


def untrained(images):
    torch.manual_seed(0)
    return right._Small().eval()(images).argmax(dim=1)


def background(images):
    return torch.zeros(images[:, 0].shape, dtype=torch.long)


def bright(images):
    grey = images.mean(dim=1)
    return (grey > grey.mean(dim=(1, 2), keepdim=True)).long()


@pytest.mark.parametrize("lazy", [untrained, background, bright])
def test_a_network_that_learned_nothing_fails(lazy):
    assert not verdict("segment", lazy).passed


def truth_of(cases, index):
    return torch.where(cases[index].truth == 255, 0, cases[index].truth)


def test_swapped_labels_are_told_so_and_a_shifted_answer_fails():
    cases = segment.cases(5)
    found = {"type": "Tensor", "dtype": "int", "outside": None, "steady": True}
    found["shape"] = tuple(cases[2].truth.shape)
    exact = truth_of(cases, 2).byte()
    compare = EXERCISES["segment"].compare
    truth = Observation(answer=cases[2].truth)
    assert compare(truth, Observation(answer=found | {"labels": exact})) is None
    swapped = compare(truth, Observation(answer=found | {"labels": 1 - exact}))
    assert "swapped" in swapped.said.message
    moved = compare(truth, Observation(answer=found | {"labels": exact.roll(2, 2)}))
    assert moved.kind == "jaccard"
    for odd in (None, 3, exact.float(), exact[:1], exact + 7):
        assert compare(truth, Observation(answer=found | {"labels": odd}))


def test_a_network_without_copied_layers_fails_clearly():
    """Trained as the right one; the up-convolutions' answers stand in the copies' place."""
    assert segment.REQUIRED - _measure_without_copies() > 0.01


def _measure_without_copies():
    class Without(right._Small):
        def forward(self, images):
            x = images - images.mean(dim=(2, 3), keepdim=True)
            for level, block in enumerate(self.down):
                x = block(nn.functional.max_pool2d(x, 2) if level else x)
            for enlarge, block in zip(self.up, self.join, strict=True):
                x = enlarge(x)
                x = block(torch.cat([x, x], dim=1))
            return self.last(x)

    network, small = None, right._Small
    try:
        right._Small = Without
        network = right.trained.__wrapped__(1)
    finally:
        right._Small = small
    case = segment.cases(5)[2]
    with torch.no_grad():
        labels = network(case.inputs["images"].float() / 255).argmax(dim=1)
    return segment.object_jaccard(case.truth, labels)
