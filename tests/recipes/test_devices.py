"""Every reference network computes the same in float32, in float64 and on CUDA."""

import copy

import pytest
import torch

from course_utils.data.small_net import SmallNet
from course_utils.recipes.networks import fcn, front_end, unet, vgg16
from course_utils.reference.dilated import ContextNetwork, dilated_block
from course_utils.reference.front_end import DilatedSegmenter, FrontEnd
from course_utils.reference.unet import UNet

NETWORKS = {
    "fcn32s": lambda: fcn(5, stride=32, backbone="vgg16", width=4),
    "fcn16s": lambda: fcn(5, stride=16, backbone="vgg16", width=4),
    "fcn8s": lambda: fcn(5, stride=8, backbone="vgg16", width=4),
    "fcn8s on a ResNet": lambda: fcn(5, stride=8, backbone="resnet18"),
    "unet": lambda: unet(5, width=4),
    "unet, valid": lambda: UNet(3, 5, width=4),
    "front end": lambda: front_end(5, width=4),
    "front end, valid": lambda: DilatedSegmenter(FrontEnd(5, width=2)),
    "context": lambda: front_end(5, context="basic", width=4),
    "context, large": lambda: front_end(5, context="large", width=4),
    "context alone": lambda: ContextNetwork(3, noise=0.1),
    "dilated block": lambda: dilated_block(3, 5, batch_norm=True),
    "vgg16": lambda: vgg16(4),
    "small net": lambda: SmallNet(5),
}


def network(name):
    """In evaluation mode (dropout is another draw on each device), its zero scores drawn."""
    torch.manual_seed(0)
    made = NETWORKS[name]().eval()
    for parameter in made.parameters():
        if parameter.dim() == 4 and not parameter.any():
            torch.nn.init.normal_(parameter, std=parameter[0].numel() ** -0.5)
    return made


def outcome(made, device, dtype):
    """Outputs and gradients on one device, as float64 on the CPU."""
    made = copy.deepcopy(made).to(device, dtype)
    images = torch.randn(2, 3, 204, 204, generator=torch.Generator().manual_seed(1))
    outputs = made(images.to(device, dtype))
    weights = torch.randn(outputs.shape, generator=torch.Generator().manual_seed(2))
    (outputs * weights.to(device, dtype)).mean().backward()
    gradients = [p.grad.double().cpu() for p in made.parameters() if p.grad is not None]
    return outputs.detach().double().cpu(), gradients


def assert_alike(one, other, outputs, gradients):
    """Differences in units of the norm, of the outputs and of all gradients together."""
    assert len(one[1]) == len(other[1]) > 0
    assert difference(one[0], other[0]) <= outputs
    whole = [torch.cat([g.flatten() for g in each[1]]) for each in (one, other)]
    assert difference(*whole) <= gradients


def difference(one, other):
    return float((one - other).norm() / other.norm())


# In float32 a pooling may pick the other one of two pixels that round to the same, and its
# gradient goes there: one pixel of a small map is some per cent. In float64 none does.
FLOAT32, FLOAT64 = (1e-4, 0.1), (1e-10, 1e-8)


@pytest.mark.parametrize("name", NETWORKS)
def test_float32_is_float64_to_rounding(name):
    made = network(name)
    exact = outcome(made, "cpu", torch.float64)
    assert float(exact[0].abs().max()) > 1e-3
    assert_alike(outcome(made, "cpu", torch.float32), exact, *FLOAT32)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU was at hand")
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize("name", NETWORKS)
def test_cuda_is_the_cpu_to_rounding(name, dtype):
    made = network(name)
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        there = outcome(made, "cuda", dtype)
    tolerances = FLOAT64 if dtype == torch.float64 else FLOAT32
    assert_alike(there, outcome(made, "cpu", dtype), *tolerances)
