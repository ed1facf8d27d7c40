"""Device, precision and layout, and what each does to a model and a batch."""

import dataclasses

import pytest
import torch
from torch import nn

from course_utils.reference import placement as placement_module
from course_utils.reference.placement import Placement

LAST = torch.channels_last


def test_without_cuda_the_cpu_is_chosen(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert Placement.choose().device == torch.device("cpu")
    with pytest.raises(ValueError, match=r'got "cuda:1"\. Try "cpu"'):
        Placement.choose("cuda:1")


def test_with_cuda_it_is_chosen_unless_the_cpu_is_asked_for(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert Placement.choose(precision="float32").device == torch.device("cuda")
    assert Placement.choose("cpu").device == torch.device("cpu")


@pytest.mark.parametrize(
    ("device", "native", "expected"),
    [
        ("cuda", True, torch.bfloat16),
        ("cuda", False, torch.float16),
        ("cpu", True, torch.bfloat16),
        ("cpu", False, torch.float32),
    ],
)
def test_auto_is_bfloat16_where_the_hardware_computes_in_it(
    monkeypatch, device, native, expected
):
    def is_bf16_supported(including_emulation=True):
        return native or including_emulation

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", is_bf16_supported)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: native, raising=False)
    assert Placement.choose(device).precision == expected


def test_auto_is_float32_where_torch_cannot_say_what_the_cpu_has(monkeypatch):
    monkeypatch.delattr(torch.cpu, "_is_avx512_bf16_supported", raising=False)
    assert Placement.choose("cpu").precision == torch.float32


@pytest.mark.parametrize("name", placement_module.PRECISIONS)
def test_a_precision_is_chosen_by_its_name_in_torch(name):
    assert Placement.choose("cpu", name).precision == getattr(torch, name)


def test_an_unknown_precision_is_refused():
    with pytest.raises(ValueError, match="auto, float32, bfloat16, float16, got 'half'"):
        Placement.choose("cpu", "half")


@pytest.mark.parametrize("channels_last", [True, False])
def test_the_layout_of_weights_and_images_is_the_one_asked_for(channels_last):
    where = Placement.choose("cpu", channels_last=channels_last)
    model = where.model(nn.Conv2d(3, 4, 3))
    images, labels = where.batch((torch.rand(2, 3, 5, 5), torch.zeros(2).long()))
    assert model.weight.is_contiguous(memory_format=LAST) == channels_last
    assert images.is_contiguous(memory_format=LAST) == channels_last
    assert images.shape == (2, 3, 5, 5)
    assert labels.tolist() == [0, 0]


def test_a_placement_stays_as_it_was_chosen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Placement.choose("cpu").channels_last = False


@pytest.mark.filterwarnings("error")
def test_float32_needs_no_autocast_and_gives_no_warning():
    with Placement.choose("cpu", "float32").autocast():
        assert not torch.is_autocast_enabled("cpu")


def test_channels_last_is_the_default():
    assert Placement.choose("cpu").channels_last


def test_the_model_is_the_same_object_and_what_has_no_channels_stays():
    where = Placement.choose("cpu")
    model = nn.Linear(3, 2)
    assert where.model(model) is model
    inputs, _ = where.batch((torch.rand(2, 3), torch.zeros(2)))
    assert inputs.is_contiguous()


def test_model_and_batch_move_to_the_device():
    for channels_last in (True, False):
        where = Placement(torch.device("meta"), torch.float32, channels_last)
        inputs, targets = where.batch((torch.rand(2, 3), torch.zeros(2)))
        devices = {where.model(nn.Conv2d(3, 2, 1)).weight.device, inputs.device, targets.device}
        assert devices == {torch.device("meta")}


@pytest.mark.parametrize(
    ("precision", "scales"), [("float32", False), ("bfloat16", False), ("float16", True)]
)
def test_convolutions_run_in_the_precision_and_only_float16_scales_the_loss(precision, scales):
    where = Placement.choose("cpu", precision)
    with where.autocast():
        output = nn.Conv2d(3, 4, 3)(torch.rand(1, 3, 5, 5))
    assert output.dtype == where.precision
    assert where.scaler().is_enabled() == scales
    loss = torch.ones(())
    assert (where.scaler().scale(loss) > 1) == scales
