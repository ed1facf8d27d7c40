"""Looking into a network leaves it as it was found."""

import pytest
import torch
from torch import nn

from course_utils.reference.named_layers import activation, activations, device_of, evaluating


def small():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten())


def hooks_of(model):
    return sum(len(each._forward_hooks) for each in model.modules())


def test_the_answer_is_the_layers_output_with_its_gradient():
    model, images = small().eval(), torch.rand(3, 1, 5, 5, requires_grad=True)
    answer = activation(model, "1", images)
    assert torch.equal(answer, model[1](model[0](images)))
    answer.sum().backward()
    assert images.grad.abs().sum() > 0
    assert hooks_of(model) == 0


def test_what_comes_after_the_layer_does_not_run():
    def refuse(_module, _inputs):
        raise AssertionError

    model = small()
    model[2].register_forward_pre_hook(refuse)
    assert activation(model, "0", torch.rand(1, 1, 5, 5)).shape == (1, 2, 3, 3)


def test_a_layer_that_runs_twice_gives_its_first_answer():
    layer = nn.Conv2d(1, 1, 1)
    images = torch.rand(2, 1, 3, 3)
    assert torch.equal(activation(nn.Sequential(layer, layer), "0", images), layer(images))


def test_no_hook_stays_after_an_error():
    model = small()
    with pytest.raises(RuntimeError):
        activation(model, "0", torch.rand(1, 5, 5, 5))
    assert hooks_of(model) == 0


def test_a_wrong_name_shows_the_right_ones():
    with pytest.raises(ValueError, match=r"got 'conv1'\. Its layers: 0, 1, 2, 3\."):
        activation(small(), "conv1", torch.rand(1, 1, 5, 5))


class Loose(nn.Module):
    def __init__(self):
        super().__init__()
        self.pair = nn.MaxPool2d(2, return_indices=True)
        self.spare = nn.ReLU()

    def forward(self, x):
        return self.pair(x)[0]


def test_a_layer_that_does_not_run_or_gives_no_tensor_is_refused():
    with pytest.raises(ValueError, match="'spare' to run"):
        activation(Loose(), "spare", torch.rand(1, 1, 4, 4))
    with pytest.raises(ValueError, match="'pair' to give a tensor, got a tuple"):
        activation(Loose(), "pair", torch.rand(1, 1, 4, 4))


def test_every_module_gets_its_own_mode_back_even_after_an_error():
    model = small().train()
    model[1].eval()
    with evaluating(model):
        assert not any(each.training for each in model.modules())
    assert [each.training for each in model] == [True, False, True, True]
    with pytest.raises(RuntimeError), evaluating(model):
        model(torch.rand(1, 9, 5, 5))
    assert [each.training for each in model] == [True, False, True, True]
    assert model.training


def test_a_model_is_where_its_first_number_is():
    assert device_of(nn.Conv2d(1, 1, 1, device="meta")) == torch.device("meta")
    assert device_of(nn.BatchNorm2d(1, affine=False, device="meta")) == torch.device("meta")
    assert device_of(nn.ReLU()) is None


def in_place():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 2, 3),
        nn.ReLU(inplace=True),
        nn.Conv2d(2, 3, 1),
        nn.Sigmoid(),
        nn.Flatten(),
    )


@pytest.mark.parametrize("layers", [["0", "1", "2"], ["2", "0"], ["1"], ["0", "0", "4"]])
def test_several_layers_in_one_run_answer_as_each_alone(layers):
    """Though the ReLU writes over what the convolution before it has answered."""
    model, images = in_place(), torch.randn(2, 1, 5, 5)
    found = activations(model, layers, images)
    assert list(found) == list(dict.fromkeys(layers))
    for layer in layers:
        assert torch.equal(found[layer], activation(model, layer, images))
    assert hooks_of(model) == 0


def test_behind_the_last_of_several_layers_nothing_runs():
    def refuse(_module, _inputs):
        raise AssertionError

    model, runs = in_place(), []
    model[0].register_forward_pre_hook(lambda *_: runs.append(1))
    model[3].register_forward_pre_hook(refuse)
    activations(model, ["0", "2", "2"], torch.rand(1, 1, 5, 5))
    assert runs == [1]


def test_a_layer_that_runs_twice_gives_its_first_answer_among_several():
    layer, images = nn.Conv2d(1, 1, 1), torch.rand(2, 1, 3, 3)
    model = nn.Sequential(layer, layer, nn.Sigmoid())
    assert torch.equal(activations(model, ["0", "2"], images)["0"], layer(images))


def test_one_of_several_layers_that_is_never_reached_is_named():
    model = in_place()
    model.spare = nn.ReLU()
    model.forward = lambda images: model[0](images)
    with pytest.raises(ValueError, match="'spare' to run"):
        activations(model, ["0", "spare"], torch.rand(1, 1, 5, 5))
    with pytest.raises(ValueError, match="got 'conv1'"):
        activations(model, ["0", "conv1"], torch.rand(1, 1, 5, 5))
    assert hooks_of(model) == 0
