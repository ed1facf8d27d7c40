"""What is special to transfer_learning: networks in and out, a search, a trained classifier."""

import inspect
import io
from dataclasses import replace

import matplotlib.pyplot as plt
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from course_utils.checks.assignments.transfer_learning import fine_tune, probes
from course_utils.checks.exercise import assignment
from course_utils.checks.notebook import examine
from course_utils.checks.probing import Observation
from course_utils.data.shapes import OTHER_SHAPES
from course_utils.data.small_net import small_net
from course_utils.i18n import speaking
from tests.checks.right import transfer_learning as right

EXERCISES = assignment("transfer_learning")


def verdict(name, function):
    return examine(EXERCISES[name], function)


# Networks written as text


def test_a_network_is_built_from_its_text_and_always_the_same():
    text = "Parts(features=Sequential(Conv2d(3, 4, 3), BatchNorm2d(4)), last=Conv2d(4, 2, 1))"
    one, other = probes.build(text).state_dict(), probes.build(text).state_dict()
    assert "features.1.running_var" in one
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("text", ["print('x')", "Tensor(1)", "__import__('os')", "Linear(1, 1"])
def test_nothing_but_layers_is_built(text):
    with pytest.raises((ValueError, SyntaxError)):
        probes.build(text)


@pytest.mark.parametrize("module", [probes])
def test_what_runs_in_the_students_kernel_knows_no_answer(module):
    source = inspect.getsource(module)
    assert "course_utils.reference" not in source


# Two mistakes at once get a true sentence


def test_a_head_with_two_mistakes_is_told_what_is_true():
    def float32_and_frozen(network, num_classes):
        name, old = [(n, m) for n, m in network.named_modules() if hasattr(m, "weight")][-1]
        parent, _dot, own = name.rpartition(".")
        new = nn.Linear(old.in_features, num_classes).requires_grad_(False)
        setattr(network.get_submodule(parent), own, new)
        return network

    found = verdict("replace_head", float32_and_frozen)
    assert found.kind == "count"
    assert "should learn after the change" in found.summary()


def test_weights_alone_and_no_statistics_is_no_single_mistake():
    def freeze(network):
        for name, parameter in network.named_parameters():
            parameter.requires_grad = not name.endswith("weight")

    found = verdict("freeze", freeze)
    assert found.mistake == "weights_only"  # what the smallest case shows
    assert "on others the answer differs in something else too" in found.text()


def test_rates_reversed_and_one_too_many_say_which_parameter_moved_how_far():
    def learning_rate_groups(network, lr, decay):
        layers = [m for m in network.modules() if isinstance(m, (nn.Linear, nn.Conv2d))]
        return [
            {"params": list(layer.parameters()), "lr": lr * decay ** (depth + 1)}
            for depth, layer in enumerate(layers)
        ]

    found = verdict("learning_rate_groups", learning_rate_groups)
    assert found.kind == "value"
    assert "moves by" in found.summary()


# Searches that went wrong


def test_a_search_that_stopped_early_is_told_so():
    def linear_probe(features, labels, num_classes, l2):
        head = nn.Linear(features.shape[1], num_classes)
        nn.init.zeros_(head.weight)
        nn.init.zeros_(head.bias)
        descent = torch.optim.SGD(head.parameters(), lr=0.1)
        for _step in range(5):
            descent.zero_grad()
            loss = F.cross_entropy(head(features), labels) + l2 / 2 * head.weight.square().sum()
            loss.backward()
            descent.step()
        return head

    found = verdict("linear_probe", linear_probe)
    assert not found.passed
    assert "its smallest value is" in found.summary()


def test_a_penalty_on_the_bias_by_another_search_is_recognised():
    def linear_probe(features, labels, num_classes, l2):
        head = nn.Linear(features.shape[1], num_classes)
        descent = torch.optim.SGD(head.parameters(), lr=0.2, momentum=0.8, weight_decay=l2)
        for _step in range(300):
            descent.zero_grad()
            F.cross_entropy(head(features), labels).backward()
            descent.step()
        return head

    assert verdict("linear_probe", linear_probe).mistake == "l2_on_bias"


# Beginners' errors


def forever(*_arguments):
    while True:
        pass


@pytest.mark.parametrize("name", [name for name in EXERCISES if name != "fine_tune"])
def test_blank_crash_signature_and_nonsense_get_a_sentence(name):
    parameters = EXERCISES[name].parameters
    space = {}
    exec(f"def blank({', '.join(parameters)}):\n    raise NotImplementedError()", space)
    exec(f"def crash({', '.join(parameters)}):\n    return {parameters[0]}.nothing", space)
    exec(f"def odd({', '.join(parameters)}):\n    return object()", space)
    assert verdict(name, space["blank"]).kind == "blank"
    crash = verdict(name, space["crash"])
    assert "that the object does not have" in crash.text()
    assert verdict(name, lambda: None).kind == "signature"
    assert verdict(name, 3).kind == "not callable"
    odd = verdict(name, space["odd"])
    assert not odd.passed
    assert "object" in odd.text() or name == "freeze"


def test_an_endless_loop_is_stopped():
    found = examine(replace(EXERCISES["freeze"], seconds=0.3), lambda network: forever())
    assert found.kind == "time"


@pytest.mark.parametrize("name", ["linear_probe", "extract_features", "learning_rate_groups"])
def test_nan_never_passes(name):
    def linear_probe(features, labels, num_classes, l2):
        head = nn.Linear(features.shape[1], num_classes)
        nn.init.constant_(head.weight, float("nan"))
        return head

    def extract_features(network, images, layer):
        return right.features_of_a_copy(network, images, layer) * float("nan")

    def learning_rate_groups(network, lr, decay):
        groups = list(right.rates_by_a_generator(network, lr, decay))
        return [{**group, "lr": float("nan")} for group in groups]

    assert not verdict(name, locals()[name]).passed


READY = "\n".join(  # no plain text: a reader of this file would take it for its answers
    [
        "def linear_probe(features, labels, num_classes, l2):",
        "    from course_utils.reference.probe import linear_probe as ready",
        "    return ready(features, labels, num_classes, l2=l2)",
    ]
)


def test_the_reference_and_ready_made_regressions_are_banned():
    space = {}
    exec(READY, space)
    assert verdict("linear_probe", space["linear_probe"]).kind == "banned"


# The trained classifier


def colour_rule(images):
    """A rule on the mean colour, whatever is drawn."""
    return images.mean(dim=(2, 3)).argmax(dim=1)


def untrained(images):
    torch.manual_seed(0)
    network = small_net(pretrained=False).eval()
    return network(images).argmax(dim=1)


def always_three(images):
    return torch.full((len(images),), 3)


def nothing_at_all(images):
    return torch.empty(0, dtype=torch.long)


def nan_labels(images):
    return torch.full((len(images),), float("nan"))


def far_outside(images):
    return torch.full((len(images),), 60)


@pytest.mark.parametrize(
    "lazy", [colour_rule, untrained, always_three, nothing_at_all, nan_labels, far_outside]
)
def test_a_lazy_classifier_fails_for_a_reason(lazy):
    found = verdict("fine_tune", lazy)
    assert not found.passed
    assert found.kind in ("accuracy", "value", "shape", "dtype")


def test_good_classifiers_clear_the_bar_with_room_and_the_untrained_is_far_below():
    case = EXERCISES["fine_tune"].cases(5)[-1]
    images = case.inputs["images"].float() / 255
    for good in right.RIGHT["fine_tune"]:
        assert fine_tune.right_share(case.truth, good(images)) > fine_tune.REQUIRED + 0.05
    assert fine_tune.right_share(case.truth, untrained(images)) < 0.4


def test_answers_that_depend_on_the_batch_are_named_whatever_the_network():
    def classify(images):
        found = right.classify_by_ridge_regression(images)
        return found if len(images) > 1 else (found + 1) % 6

    found = verdict("fine_tune", classify)
    assert "by itself" in found.summary()


def test_labels_from_one_are_named_whatever_the_network():
    right._with_all_layers_trained()  # before the check, which has a time limit
    found = verdict("fine_tune", lambda images: right.classify_by_all_layers(images) + 1)
    assert "from 1" in found.summary()


def test_a_picture_shows_what_was_taken_for_what():
    found = verdict("fine_tune", always_three)
    pixels = plt.imread(io.BytesIO(found.picture))
    assert pixels[..., :3].std() > 0.1  # pictures, not an empty sheet
    case = EXERCISES["fine_tune"].cases(7)[-1]
    got = Observation(answer={"labels": always_three(case.truth)})
    with speaking("en"):
        figure = EXERCISES["fine_tune"].picture(case, Observation(), got)
    first = next(int(label) for label in case.truth if label != 3)
    titles = [ax.get_title() for ax in figure.axes]
    assert len(titles) == 8
    assert titles[0] == f"{OTHER_SHAPES[first].name}\nanswer: hexagon"
    assert all(ax.images for ax in figure.axes)


def test_the_pictures_of_different_seeds_differ_and_the_truth_stays_with_the_judge():
    one, other = (EXERCISES["fine_tune"].cases(seed)[-1] for seed in (1, 2))
    assert not torch.equal(one.inputs["images"], other.inputs["images"])
    assert one.truth.bincount().tolist() == [30] * 6
    assert list(one.inputs) == ["images"]
