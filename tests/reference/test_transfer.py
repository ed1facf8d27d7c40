"""Freezing, new heads and learning rates, on torchvision's networks with random weights."""

import copy
import pickle

import pytest
import torch
import torchvision.models as zoo
from torch import nn

from course_utils.reference.transfer import (
    freeze,
    learning_rate_groups,
    replace_head,
    unfreeze,
)


class Tied(nn.Module):
    """Two layers that share a weight, and a scale held by the model itself."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(4))
        self.encode = nn.Linear(4, 4, bias=False)
        self.norm = nn.BatchNorm1d(4)
        self.decode = nn.Linear(4, 4)
        self.decode.weight = self.encode.weight

    def forward(self, x):
        return self.decode(self.norm(self.encode(self.scale * x)))


def small_batch_norm_net():
    return nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.5)),
        nn.Sequential(nn.Conv2d(4, 5, 3), nn.BatchNorm2d(5), nn.ReLU()),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(5, 3),
    )


def everything(model):
    """Every number that a model holds, statistics included."""
    return {name: value.clone() for name, value in model.state_dict().items()}


def train_a_little(model, images, steps=2):
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.5)
    for _ in range(steps):
        model.train()
        optimizer.zero_grad()
        model(images).square().sum().backward()
        optimizer.step()


def changed(before, after):
    return {name for name in before if not torch.equal(before[name], after[name])}


# freeze and unfreeze


def test_training_changes_nothing_frozen_though_the_parent_is_put_in_train_mode():
    model = small_batch_norm_net()
    freeze(model[0])
    before = everything(model)
    train_a_little(model, torch.randn(4, 3, 8, 8))
    names = changed(before, everything(model))
    assert not {name for name in names if name.startswith("0.")}
    assert {"1.0.weight", "1.1.running_mean", "1.1.running_var", "4.weight"} <= names


def test_without_freeze_the_same_training_moves_the_statistics():
    model = small_batch_norm_net()
    model[0].requires_grad_(False)  # what looks enough and is not
    before = everything(model)
    train_a_little(model, torch.randn(4, 3, 8, 8))
    assert {"0.1.running_mean", "0.1.running_var"} <= changed(before, everything(model))


@pytest.mark.parametrize("build", [zoo.resnet18, zoo.mobilenet_v3_small, zoo.squeezenet1_1])
def test_a_frozen_network_of_torchvision_with_a_new_head_changes_in_the_head_only(build):
    torch.manual_seed(0)
    model = build(weights=None)
    freeze(model)
    head = replace_head(model, 2)
    (head_name,) = [name for name, module in model.named_modules() if module is head]
    before = everything(model)
    train_a_little(model, torch.randn(2, 3, 64, 64), steps=1)
    assert changed(before, everything(model)) == {f"{head_name}.weight", f"{head_name}.bias"}


@pytest.mark.parametrize(
    "norm",
    [nn.BatchNorm1d, lambda n: nn.InstanceNorm1d(n, affine=True, track_running_stats=True)],
)
def test_frozen_normalisation_uses_its_running_statistics_in_train_mode(norm):
    layer = norm(3)
    layer.running_mean.fill_(7.0)
    freeze(layer)
    layer.train()
    x = torch.randn(4, 3, 5)
    variance_of_one_and_eps = (1 + 1e-5) ** 0.5
    assert torch.allclose(layer(x), (x - 7) / variance_of_one_and_eps, atol=1e-5)
    assert layer.running_mean.tolist() == [7, 7, 7]


def test_freezing_puts_normalisation_in_evaluation_mode_at_once_and_leaves_dropout():
    model = small_batch_norm_net().train()
    freeze(model)
    assert [m.training for m in (model[0][1], model[1][1])] == [False, False]
    assert model[0][3].training


def test_unfreeze_undoes_freezing_twice():
    model = small_batch_norm_net()
    freeze(model)
    freeze(model)
    unfreeze(model)
    assert all(p.requires_grad for p in model.parameters())
    assert model[0][1].training
    before = everything(model)
    train_a_little(model, torch.randn(4, 3, 8, 8))
    assert {"0.0.weight", "0.1.running_mean", "0.1.num_batches_tracked"} <= changed(
        before, everything(model)
    )


def test_unfreezing_in_evaluation_mode_leaves_evaluation_mode():
    model = small_batch_norm_net()
    freeze(model)
    unfreeze(model.eval())
    assert not model[0][1].training


def test_what_was_never_frozen_can_be_unfrozen():
    model = small_batch_norm_net()
    unfreeze(model)
    assert all(p.requires_grad for p in model.parameters())


@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))]
)
def test_a_copy_of_a_frozen_network_is_frozen_and_can_be_unfrozen_alone(duplicate):
    model = small_batch_norm_net()
    freeze(model)
    twin = duplicate(model)
    unfreeze(twin)
    for network, moves in ((model, False), (twin, True)):
        before = everything(network)
        network.train()(torch.randn(4, 3, 8, 8))
        assert ("0.1.running_mean" in changed(before, everything(network))) == moves


def test_freezing_adds_nothing_to_the_state_dict():
    model = small_batch_norm_net()
    names = list(model.state_dict())
    freeze(model)
    assert list(model.state_dict()) == names


# replace_head

FAMILIES = [
    ("alexnet", "classifier.6"),
    ("vgg11_bn", "classifier.6"),
    ("resnet18", "fc"),
    ("resnext50_32x4d", "fc"),
    ("squeezenet1_0", "classifier.1"),
    ("mobilenet_v2", "classifier.1"),
    ("mobilenet_v3_small", "classifier.3"),
    ("densenet121", "classifier"),
    ("efficientnet_b0", "classifier.1"),
    ("mnasnet0_5", "classifier.1"),
    ("shufflenet_v2_x0_5", "fc"),
    ("convnext_tiny", "classifier.2"),
    ("vit_b_32", "heads.head"),
    ("swin_t", "head"),
]


@pytest.mark.parametrize(("family", "name"), FAMILIES)
def test_the_head_of_every_family_gets_the_new_number_of_outputs(family, name):
    with torch.device("meta"):  # shapes only: nothing is computed or stored
        model = zoo.get_model(family, weights=None).eval()
        others = {n: p.shape for n, p in model.named_parameters() if not n.startswith(name)}
        head = replace_head(model, 7)
        assert model.get_submodule(name) is head
        assert model(torch.empty(2, 3, 224, 224)).shape == (2, 7)
    assert {n: p.shape for n, p in model.named_parameters() if not n.startswith(name)} == others


def test_a_head_may_have_a_single_output():
    assert replace_head(nn.Sequential(nn.Linear(4, 3)), 1).out_features == 1


def test_a_convolutional_head_keeps_its_geometry():
    old = nn.Conv2d(4, 9, (3, 5), stride=2, padding=(1, 2), dilation=2, padding_mode="reflect")
    new = replace_head(nn.Sequential(nn.Conv2d(3, 4, 1), old), 2)
    for attribute in (
        "in_channels",
        "kernel_size",
        "stride",
        "padding",
        "dilation",
        "padding_mode",
    ):
        assert getattr(new, attribute) == getattr(old, attribute)
    assert new.out_channels == 2


@pytest.mark.parametrize(("kind", "axes"), [(nn.Conv1d, 1), (nn.Conv2d, 2), (nn.Conv3d, 3)])
def test_a_head_keeps_its_kind(kind, axes):
    model = nn.Sequential(kind(3, 5, 1))
    assert type(replace_head(model, 2)) is kind
    assert model(torch.zeros(1, 3, *[4] * axes)).shape == (1, 2, *[4] * axes)


@pytest.mark.parametrize(
    "old",
    [
        nn.Linear(4, 9, bias=False),
        nn.Conv2d(4, 9, 1, bias=False),
        nn.Linear(4, 9),
        nn.Conv2d(4, 9, 1),
    ],
)
def test_a_new_head_has_a_bias_where_the_old_one_had(old):
    assert (replace_head(nn.Sequential(old), 2).bias is None) == (old.bias is None)


def test_a_new_head_has_the_dtype_of_the_old_one_and_fresh_weights():
    model = nn.Sequential(nn.Linear(4, 3)).double()
    before = model[0].weight.clone()
    head = replace_head(model, 3)
    assert head.weight.dtype == torch.float64
    assert not torch.equal(head.weight, before)


@pytest.mark.parametrize("layer", [nn.Linear(4, 9), nn.Conv2d(4, 9, 1)])
def test_a_new_head_stays_on_the_device_of_the_old_one(layer):
    model = nn.Sequential(layer.to("meta"))
    assert replace_head(model, 3).weight.device.type == "meta"


def test_a_named_head_is_replaced_where_the_last_layer_is_another():
    model = nn.ModuleDict({"head": nn.Linear(4, 9), "body": nn.Linear(3, 4)})
    head = replace_head(model, 2, name="head")
    assert model["head"] is head
    assert head.in_features == 4
    assert model["body"].out_features == 4


@pytest.mark.parametrize(
    ("model", "arguments", "message"),
    [
        (nn.Linear(2, 2), (3,), "inside the model"),
        (nn.Sequential(nn.ReLU()), (3,), "Sequential without one"),
        (nn.Sequential(nn.Linear(2, 2)), (0,), "num_classes of at least 1, got 0"),
        (nn.Sequential(nn.Linear(2, 2), nn.ReLU()), (3, "1"), "got ReLU '1'"),
        (nn.Sequential(nn.Linear(2, 2)), (3, "head"), "got 'head'"),
    ],
)
def test_a_head_that_cannot_be_replaced_is_refused_by_name(model, arguments, message):
    with pytest.raises(ValueError, match=message):
        replace_head(model, *arguments)


# learning_rate_groups


def rate_of_each(model, groups):
    names = {id(p): name for name, p in model.named_parameters()}
    return {names[id(p)]: group["lr"] for group in groups for p in group["params"]}


@pytest.mark.parametrize(
    ("family", "layers"),
    [("alexnet", 8), ("vgg11_bn", 11), ("resnet18", 10), ("mobilenet_v2", 20), ("vit_b_32", 4)],
)
def test_every_parameter_is_in_one_group_and_rates_fall_towards_the_first(family, layers):
    with torch.device("meta"):
        model = zoo.get_model(family, weights=None)
    groups = learning_rate_groups(model, 0.1, decay=0.5)
    inside = [id(p) for group in groups for p in group["params"]]
    assert sorted(inside) == sorted(id(p) for p in model.parameters())
    rates = [group["lr"] for group in groups]
    assert rates == pytest.approx([0.1 * 0.5**k for k in reversed(range(layers))])


def test_normalisation_learns_at_the_rate_of_the_layer_before_it():
    model = small_batch_norm_net()
    rates = rate_of_each(model, learning_rate_groups(model, 1.0, decay=0.1))
    assert rates == {
        "0.0.weight": pytest.approx(0.01),
        "0.0.bias": pytest.approx(0.01),
        "0.1.weight": pytest.approx(0.01),
        "0.1.bias": pytest.approx(0.01),
        "1.0.weight": pytest.approx(0.1),
        "1.0.bias": pytest.approx(0.1),
        "1.1.weight": pytest.approx(0.1),
        "1.1.bias": pytest.approx(0.1),
        "4.weight": 1.0,
        "4.bias": 1.0,
    }


@pytest.mark.parametrize("norm", [nn.LayerNorm(4), nn.GroupNorm(2, 4), nn.BatchNorm1d(4)])
def test_any_kind_of_normalisation_joins_the_layer_before_it(norm):
    model = nn.Sequential(nn.Linear(4, 4), norm, nn.Linear(4, 2))
    assert [g["name"] for g in learning_rate_groups(model, 1.0)] == ["0", "2"]


def test_normalisation_that_comes_first_is_a_layer_of_its_own():
    model = nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 2))
    assert [g["name"] for g in learning_rate_groups(model, 1.0)] == ["0", "1"]


def test_shared_parameters_are_in_the_earliest_group_and_the_models_own_come_first():
    model = Tied()
    groups = learning_rate_groups(model, 1.0, decay=0.5)
    assert [group["name"] for group in groups] == ["(model)", "encode", "decode"]
    assert rate_of_each(model, groups) == {
        "scale": 0.25,
        "encode.weight": 0.5,
        "norm.weight": 0.5,
        "norm.bias": 0.5,
        "decode.bias": 1.0,
    }
    assert sum(len(group["params"]) for group in groups) == 5


def test_nested_names_are_dotted():
    model = small_batch_norm_net()
    assert [g["name"] for g in learning_rate_groups(model, 1.0)] == ["0.0", "1.0", "4"]


def test_frozen_parameters_are_in_no_group_and_leave_the_other_rates_alone():
    model = small_batch_norm_net()
    freeze(model[1])
    rates = rate_of_each(model, learning_rate_groups(model, 1.0, decay=0.1))
    assert rates["0.0.weight"] == pytest.approx(0.01)
    assert not {name for name in rates if name.startswith("1.")}


def test_one_frozen_parameter_of_a_layer_leaves_the_layer_its_group():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[0].weight.requires_grad_(False)
    groups = learning_rate_groups(model, 1.0)
    assert [len(group["params"]) for group in groups] == [1, 2]


def test_the_default_decay_is_that_of_howard_and_ruder():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    first, last = (group["lr"] for group in learning_rate_groups(model, 1.0))
    assert last / first == pytest.approx(2.6)


@pytest.mark.parametrize("optimizer", [torch.optim.AdamW, torch.optim.SGD])
def test_an_optimizer_moves_each_layer_by_its_own_rate(optimizer):
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)).double()
    before = [p.detach().clone() for p in model.parameters()]
    steps = optimizer(learning_rate_groups(model, 1e-2, decay=0.1), weight_decay=0)
    for p in model.parameters():
        p.grad = torch.ones_like(p)
    steps.step()
    pairs = zip(before, model.parameters(), strict=True)
    moved = [float((old - new).detach().abs().max()) for old, new in pairs]
    assert moved == pytest.approx([1e-3, 1e-3, 1e-2, 1e-2], rel=1e-4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.0,), "lr > 0, got 0.0"),
        ((float("nan"),), "lr > 0, got nan"),
        ((0.1, 0.0), r"decay in \(0, 1\], got 0.0"),
        ((0.1, 1.5), r"decay in \(0, 1\], got 1.5"),
    ],
)
def test_rates_out_of_range_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        learning_rate_groups(nn.Linear(2, 2), *arguments)


def test_a_decay_of_one_gives_every_layer_the_same_rate():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    assert [group["lr"] for group in learning_rate_groups(model, 0.3, 1.0)] == [0.3, 0.3]


def test_a_model_frozen_throughout_is_refused():
    model = small_batch_norm_net()
    freeze(model)
    with pytest.raises(ValueError, match="Unfreeze"):
        learning_rate_groups(model, 0.1)
