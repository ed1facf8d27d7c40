"""The small network: its geometry, its weights, and the accuracy that its record claims."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.utils.data import DataLoader

from course_utils.data import small_net as small_net_module
from course_utils.data.shapes import SHAPES
from course_utils.data.shapes_classification import ShapesClassification
from course_utils.data.small_net import (
    MAPS,
    WEIGHTS,
    SmallNet,
    small_net,
    small_net_record,
    weights_checksum,
)
from course_utils.reference.evaluation import evaluate_classification
from course_utils.reference.fcn import FCN, FeatureMaps, classifier_to_convolutions
from course_utils.reference.receptive_field import receptive_fields
from course_utils.reference.transfer import layer_features, learning_rate_groups, replace_head
from course_utils.teaching import train_small_net as script

LAYERS = [f"layer{k}" for k in range(1, 6)]


# the network


@pytest.mark.parametrize("size", [(64, 64), (32, 96), (70, 45)])
def test_layer_k_has_stride_two_to_the_k(size):
    model = SmallNet(6).eval()
    for k, layer in enumerate(LAYERS, start=1):
        maps = layer_features(model, torch.rand(1, 3, *size), f"features.{layer}")
        assert maps.shape[2:] == (size[0] // 2**k, size[1] // 2**k)


def test_every_unit_stands_over_its_pixels():
    fields = receptive_fields(SmallNet(6).features)
    assert [fields[f"{layer}.conv"].size[0] for layer in LAYERS] == [8, 26, 46, 86, 166]
    for k, layer in enumerate(LAYERS, start=1):
        field = fields[f"{layer}.conv"]
        assert field.stride == (2**k, 2**k)
        middle_of_unit_0 = field.edge[0] + field.size[0] / 2
        assert middle_of_unit_0 == 2**k / 2


def test_it_has_half_a_million_parameters_in_five_convolutions_and_two_dense_layers():
    model = SmallNet(6)
    assert sum(p.numel() for p in model.parameters()) == 496_390
    names = [group["name"] for group in learning_rate_groups(model, 0.1)]
    assert len(names) == 7


def test_the_maps_are_those_that_an_fcn_wants():
    model = SmallNet(6)
    backbone = FeatureMaps(model, {stride: name for stride, (name, _) in MAPS.items()})
    channels = {stride: number for stride, (_, number) in MAPS.items()}
    fcn = FCN(backbone, channels, num_classes=7, stride=8)
    assert fcn(torch.rand(1, 3, 64, 96)).shape == (1, 7, 64, 96)


def test_slid_as_convolutions_it_gives_the_scores_of_every_window_of_its_map():
    model = SmallNet(6).eval()
    slid = classifier_to_convolutions(model, (2, 2))
    images = torch.rand(1, 3, 96, 128)
    scores = slid(images)
    assert scores.shape == (1, 6, 2, 3)
    window = model.features(images)[:, :, 1:3, 2:4]
    torch.testing.assert_close(scores[:, :, 1, 2], model.classifier(model.avgpool(window)))


def test_a_head_can_be_replaced():
    model = small_net(pretrained=False)
    assert replace_head(model, 3) is model.classifier[-1]
    assert model(torch.rand(2, 3, 64, 64)).shape == (2, 3)


def test_without_weights_it_is_random_and_learns():
    first, second = (small_net(pretrained=False, num_classes=4) for _ in range(2))
    assert not torch.equal(first.classifier[-1].weight, second.classifier[-1].weight)
    assert first.classifier[-1].out_features == 4
    assert first.training
    assert small_net(pretrained=False).classifier[-1].out_features == len(SHAPES)


# the weights of the package


def test_pretrained_it_is_in_evaluation_mode_float32_and_the_same_every_time():
    model, again = small_net(), small_net()
    assert not model.training
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert weights_checksum(model.state_dict()) == weights_checksum(again.state_dict())


def test_the_file_is_about_a_megabyte():
    assert 0.5e6 < WEIGHTS.stat().st_size < 1.5e6


def test_the_record_was_written_by_the_script_and_fits_the_weights():
    record, model = small_net_record(), small_net()
    assert record["classes"] == [kind.name for kind in SHAPES]
    assert record["parameters"] == sum(p.numel() for p in model.parameters())
    assert record["sha256"] == weights_checksum(model.state_dict())
    assert record["command"].startswith("python -m course_utils.teaching.train_small_net ")
    assert record["measured_on"] >= 600


def test_the_accuracy_of_the_record_is_found_again_on_pictures_never_drawn_before():
    record = small_net_record()
    fresh = ShapesClassification(SHAPES, per_class=100, seed=12345, transform=script.to_unit)
    measured = evaluate_classification(small_net(), DataLoader(fresh, 200))["accuracy"]
    claimed = record["accuracy"]
    variance = claimed * (1 - claimed) * (1 / len(fresh) + 1 / record["measured_on"])
    assert abs(measured - claimed) < 4 * variance**0.5 + 1 / len(fresh)
    assert measured > 0.9


def test_the_accuracy_of_the_record_is_that_of_the_pictures_it_names():
    record = small_net_record()
    per_class = record["measured_on"] // len(SHAPES)
    test = ShapesClassification(
        SHAPES, per_class=per_class, seed=script.TEST, transform=script.to_unit
    )
    measured = evaluate_classification(small_net(), DataLoader(test, 200))["accuracy"]
    assert measured == pytest.approx(record["accuracy"], abs=2 / len(test))


# damage


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """A copy of the file that may be damaged."""
    path = tmp_path / "small_net.safetensors"
    path.write_bytes(WEIGHTS.read_bytes())
    monkeypatch.setattr(small_net_module, "WEIGHTS", path)
    return path


def test_a_missing_file_names_the_cure(weights):
    weights.unlink()
    with pytest.raises(FileNotFoundError, match="Install the package again, or train them"):
        small_net()


@pytest.mark.parametrize("damage", [
    lambda data: data[:5000],
    lambda data: b"",
    lambda data: b"<html>not found</html>" * 100,
])  # fmt: skip
def test_a_file_cut_off_or_of_another_kind_is_refused(weights, damage):
    weights.write_bytes(damage(weights.read_bytes()))
    with pytest.raises(ValueError, match="could not read them"):
        small_net()


def test_one_changed_byte_is_noticed(weights):
    data = bytearray(weights.read_bytes())
    data[-1000] ^= 1
    weights.write_bytes(bytes(data))
    with pytest.raises(ValueError, match="checksum"):
        small_net_record()


@pytest.mark.parametrize("metadata", [None, {"record": "{"}, {"other": "{}"}])
def test_weights_without_a_record_are_refused(weights, metadata):
    save_file(load_file(WEIGHTS), weights, metadata=metadata)
    with pytest.raises(ValueError, match="with their record"):
        small_net()


def test_the_pretrained_network_has_the_classes_it_was_trained_on():
    with pytest.raises(ValueError, match="num_classes 6 of a pretrained network, got 7"):
        small_net(7)
    assert small_net(6).classifier[-1].out_features == 6


# the checksum and the script


def test_the_checksum_sees_names_shapes_and_numbers_but_not_the_layout():
    tensors = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.ones(1)}
    expected = weights_checksum(tensors)
    same = {"b": torch.ones(1), "a": tensors["a"].T.contiguous().T}
    assert weights_checksum(same) == expected
    for other in (
        {"c": tensors["a"], "b": tensors["b"]},
        {"a": tensors["a"].reshape(3, 2), "b": tensors["b"]},
        {"a": tensors["a"] + 1, "b": tensors["b"]},
    ):
        assert weights_checksum(other) != expected


def test_the_script_writes_weights_that_load_with_their_record(tmp_path, monkeypatch, capsys):
    output = tmp_path / "new" / "small_net.safetensors"
    options = ["--output", str(output), "--per-class", "10", "--epochs", "1", "--seed", "3"]
    assert script.main(options) == 0
    printed = json.loads(capsys.readouterr().out)
    monkeypatch.setattr(small_net_module, "WEIGHTS", output)
    assert small_net_record() == printed
    assert printed["command"].endswith("--per-class 10 --epochs 1 --seed 3")
    assert printed["trained_on"] == printed["measured_on"] == 60
    test = ShapesClassification(SHAPES, per_class=10, seed=2, transform=script.to_unit)
    measured = evaluate_classification(small_net(), DataLoader(test, 200))["accuracy"]
    assert printed["accuracy"] == pytest.approx(measured, abs=1e-4)
    assert [path.name for path in output.parent.iterdir()] == [output.name]


def test_pictures_are_laid_down_in_all_eight_ways():
    torch.manual_seed(0)
    image = torch.arange(3 * 2 * 2, dtype=torch.uint8).reshape(3, 2, 2)
    ways = {tuple((255 * script.turned_and_mirrored(image))[0].flatten().round().tolist())
            for _ in range(200)}  # fmt: skip
    assert len(ways) == 8
    assert script.to_unit(torch.tensor([0, 255], dtype=torch.uint8)).tolist() == [0.0, 1.0]
