"""No GPU where hand-ins are graded: what asks for one by its name is told so, and where."""

import pytest
import torch
from torch import nn

from course_utils.checks import grading, kernel, run_order
from course_utils.checks.devices import asks_for_gpu, is_gpu, no_gpu
from course_utils.checks.exercise import assignment
from course_utils.checks.notebook import examine
from course_utils.checks.surroundings import steady

EXERCISES = assignment("metrics_and_loss")
NO_DRIVER = "Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU"


def right(predicted, truth):
    return (predicted == truth)[truth != 255].float().mean()


def refused(predicted, truth):
    raise RuntimeError(NO_DRIVER)  # as torch's build for CUDA says it


@pytest.fixture
def default_cuda():
    """A notebook that chose a default device which this machine may not have."""
    torch.set_default_device("cuda")
    yield
    torch.set_default_device(None)


def on_accuracy(function):
    return examine(EXERCISES["pixel_accuracy"], function)


@pytest.mark.parametrize(
    "text",
    [
        NO_DRIVER,
        "Torch not compiled with CUDA enabled",
        "No CUDA GPUs are available",
        "CUDA error: CUDA driver version is insufficient for CUDA runtime version",
        "Attempting to deserialize object on a CUDA device but torch.cuda.is_available() is "
        "False. If you are running on a CPU-only machine, please use torch.load with",
        "PyTorch is not linked with support for mps devices",
    ],
)
def test_torch_s_words_for_no_gpu_are_known(text):
    assert no_gpu(text)


@pytest.mark.parametrize(
    "text",
    [
        "CUDA out of memory. Tried to allocate 2.00 GiB.",
        "Expected all tensors to be on the same device, but found at least two devices, "
        "cuda:0 and cpu!",
        "CUDA error: device-side assert triggered",
        "",
    ],
)
def test_other_troubles_with_a_gpu_are_not_taken_for_its_absence(text):
    assert not no_gpu(text)


def test_a_gpu_that_is_not_there_is_named_with_its_line():
    verdict = on_accuracy(refused)
    assert "no GPU where hand-ins are graded" in verdict.summary()
    assert "device of the input" in verdict.summary()
    assert "raise RuntimeError(NO_DRIVER)" in verdict.text()


def test_so_it_is_at_grading():
    request = grading.make_request("metrics_and_loss", "pixel_accuracy", 5)
    reply = kernel.reply(request, {"pixel_accuracy": refused})
    verdict = grading.judge("metrics_and_loss", "pixel_accuracy", 5, reply, [])
    assert "no GPU where hand-ins are graded" in verdict.summary()


def test_a_default_device_that_is_not_there_costs_nothing(default_cuda):
    def pixel_accuracy(predicted, truth):
        hits = torch.zeros(1)
        hits += (predicted == truth)[truth != 255].float().mean()
        return hits[0]

    assert on_accuracy(pixel_accuracy).passed
    request = grading.make_request("metrics_and_loss", "pixel_accuracy", 5)
    torch.set_default_device("cuda")
    reply = kernel.reply(request, {"pixel_accuracy": pixel_accuracy})
    torch.set_default_device(None)  # the judge is another process
    assert grading.judge("metrics_and_loss", "pixel_accuracy", 5, reply, []).passed


def test_a_default_device_set_inside_an_answer_costs_that_answer_alone():
    def pixel_accuracy(predicted, truth):
        torch.set_default_device("cuda")
        return torch.zeros(1)[0]

    verdict = on_accuracy(pixel_accuracy)
    assert torch.cuda.is_available() or "no GPU" in verdict.summary()
    assert torch.zeros(1).device.type == "cpu"
    assert on_accuracy(right).passed


def test_a_default_device_that_is_there_is_kept():
    torch.set_default_device("meta")
    try:
        with steady():
            assert torch.zeros(1).device.type == "cpu"
        assert torch.zeros(1).device.type == "meta"
    finally:
        torch.set_default_device(None)


ASKS = {
    "a name": ('def f(x):\n    y = x.to("cuda")\n    return y', 2),
    "an index": ("x = torch.zeros(3, device='cuda:0')", 1),
    "a device": ('device = torch.device("cuda")', 1),
    "a method": ("def f(net):\n    return (net\n        .cuda())", 3),
    "a default": ('def f(x, device="cuda"):\n    return x.to(device)', 1),
    "the default device": ("import torch\ntorch.set_default_device('cuda')", 2),
    "Apple's": ("x = x.to('mps')", 1),
}


@pytest.mark.parametrize(("source", "line"), ASKS.values(), ids=ASKS)
def test_what_asks_for_a_gpu_is_found(source, line):
    assert [found for found, _code in asks_for_gpu([source])] == [line]


@pytest.mark.parametrize(
    "source",
    [
        'device = "cuda" if torch.cuda.is_available() else "cpu"',
        'device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")',
        "if torch.cuda.is_available():\n    net = net.cuda()",
        'use = torch.cuda.is_available()\ndevice = ("cpu", "cuda")[use]',
        'try:\n    x = x.to("cuda")\nexcept RuntimeError:\n    pass',
        'if x.device.type == "cuda":\n    torch.cuda.synchronize()',
        'def f(x):\n    """cuda"""\n    return x.to(device=x.device)',
        'on_gpu = x.device.type == "cuda"',
        "torch.cuda.empty_cache()",
        "def broken(",
    ],
)
def test_who_asks_whether_there_is_one_is_right(source):
    assert list(asks_for_gpu([source])) == []


def test_tensors_networks_and_names_tell_their_device():
    assert is_gpu("cuda:1")
    assert is_gpu(torch.device("cuda"))
    assert not any(map(is_gpu, ("cpu", "cuda!", None, torch, nn.Linear(1, 1), torch.ones(1))))


DEVICE = "cuda"


def test_the_check_warns_where_there_is_a_gpu(monkeypatch):
    """This machine may have none: asked is what the student's code says, not what it does."""
    cells = ["import torch", "DEVICE = 'cpu'\nDEVICE = 'cuda'", "other = 'cuda'"]
    monkeypatch.setattr(run_order, "executed", lambda: cells)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)

    def pixel_accuracy(predicted, truth):
        return right(predicted, truth) if DEVICE else None

    lines = [str(line) for line in on_accuracy(pixel_accuracy).lines]
    assert "no GPU where hand-ins are graded" in lines[0]
    assert "In line 2 of your cell: DEVICE = 'cuda'" in lines
    assert not any("other" in line for line in lines)


def test_the_check_warns_of_the_default_device(monkeypatch, default_cuda):
    cells = ["import torch", "x = 1\ntorch.set_default_device('cuda')"]
    monkeypatch.setattr(run_order, "executed", lambda: cells)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch, "get_default_device", lambda: torch.device("cuda", 0))
    verdict = on_accuracy(right)
    assert "In line 2 of your cell: torch.set_default_device('cuda')" in verdict.text()


def test_without_a_gpu_nothing_is_warned_of():
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")

    def pixel_accuracy(predicted, truth):
        return right(predicted, truth) if DEVICE else None

    verdict = on_accuracy(pixel_accuracy)
    assert verdict.passed
    assert verdict.text().count("\n") == 0
