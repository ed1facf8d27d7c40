"""The noise of another machine: on products alone, of its size, and the same when repeated."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.processors.noise import RELATIVE, RelativeNoise

PRODUCTS = {
    "conv1d": lambda x: F.conv1d(x[0], torch.sin(x[0, :4, :, :3])),
    "conv2d": lambda x: F.conv2d(x, torch.sin(x[:, :, :3, :3])),
    "conv_transpose2d": lambda x: F.conv_transpose2d(x, torch.sin(x[0, :, None, :3, :3])),
    "linear": lambda x: F.linear(x, torch.sin(x[0, 0])),
    "matmul": lambda x: x @ torch.sin(x),
    "einsum": lambda x: torch.einsum("nchw,ndhw->ncd", x, x),
    "mv": lambda x: x[0, 0] @ x[0, 0, 0],
    "dot": lambda x: torch.dot(x[0, 0, 0], x[0, 0, 1])[None],
}
products = pytest.mark.parametrize("name", PRODUCTS)


def pictures(dtype=torch.float32):
    draw = torch.Generator().manual_seed(0)
    return torch.randn(8, 8, 16, 16, generator=draw, dtype=dtype)


def relative(noisy, plain):
    """Change in units of the number changed; where that is zero there is none."""
    assert noisy.shape == plain.shape
    there = plain != 0
    return ((noisy.double() - plain.double()) / plain.double())[there]


@products
@pytest.mark.parametrize("way", ["with gradients", "no_grad", "inference_mode"])
def test_every_product_changes_by_a_millionth(name, way):
    x = pictures(torch.float64).float()
    way = {"no_grad": torch.no_grad, "inference_mode": torch.inference_mode}.get(way)
    with way() if way else torch.enable_grad():
        plain = PRODUCTS[name](x)
        with RelativeNoise(0):
            change = relative(PRODUCTS[name](x), plain)
    assert change.abs().max() < 6 * RELATIVE
    assert change.abs().max() > 0
    if len(change) > 500:
        assert change.std().item() == pytest.approx(RELATIVE, rel=0.1)
        assert abs(change.mean()) < 4 * RELATIVE / len(change) ** 0.5


def test_gradients_are_disturbed_too():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(8, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(1568, 3))
    weights = [p for p in network.parameters() if p.dim() > 1]
    output = network(pictures())
    plain = torch.autograd.grad(output, weights, torch.ones_like(output), retain_graph=True)
    with RelativeNoise(0):  # the pass forward was without
        noisy = torch.autograd.grad(output, weights, torch.ones_like(output))
    assert relative(noisy[1], plain[1]).std().item() == pytest.approx(RELATIVE, rel=0.1)
    # A kernel's gradient sums many products of either sign: the largest number is the measure.
    change = (noisy[0] - plain[0]).abs().max() / plain[0].abs().max()
    assert RELATIVE / 10 < change < 10 * RELATIVE


def test_nothing_but_products_changes():
    x = pictures()

    def others():
        mean = F.batch_norm(x, None, None, training=True)
        pooled = F.interpolate(F.avg_pool2d(x, 2), scale_factor=2, mode="bilinear")
        return [x.exp(), x.sum((1, 2)), mean, pooled, x.softmax(1), x.sort().values, x * x]

    plain = others()
    with RelativeNoise(0) as noise:
        noisy = others()
    assert all(map(torch.equal, plain, noisy))
    assert noise.changed == 0


def test_a_draw_is_repeated_bit_by_bit_and_another_draw_is_not():
    def trained(draw):
        torch.manual_seed(0)
        network = nn.Sequential(nn.Conv2d(8, 4, 3), nn.ReLU(), nn.Conv2d(4, 2, 1))
        step = torch.optim.Adam(network.parameters())
        with RelativeNoise(draw):
            for _step in range(5):
                network(pictures()).square().mean().backward()
                step.step()
        return torch.cat([p.detach().flatten() for p in network.parameters()])

    assert torch.equal(trained(1), trained(1))
    assert not torch.equal(trained(1), trained(2))


def test_a_machine_that_is_asked_twice_says_the_same():
    x = pictures()
    with RelativeNoise(0):
        assert torch.equal(F.conv2d(x, x[:, :, :3, :3]), F.conv2d(x, x[:, :, :3, :3]))


def test_equal_numbers_at_two_places_differ():
    """As where a processor's vectors end, and the last pixels are summed in another order."""
    flat = torch.full((1, 1, 9, 9), 0.3)
    with RelativeNoise(0):
        output = F.conv2d(flat, torch.full((1, 1, 3, 3), 0.7))
    assert len(output.unique()) > 1


@pytest.mark.parametrize("dtype", [torch.int64, torch.uint8, torch.float32, torch.float64])
def test_products_of_whole_numbers_stay_whole(dtype):
    whole = torch.randint(0, 9, (12, 12), generator=torch.Generator().manual_seed(0)).to(dtype)
    with RelativeNoise(0):
        assert torch.equal(whole @ whole, (whole.long() @ whole.long()).to(dtype))


def test_a_kernel_that_copies_copies():
    x, kernel = pictures(), torch.zeros(8, 8, 3, 3)
    kernel[range(8), range(8), 1, 1] = 1
    with RelativeNoise(0):
        assert torch.equal(F.conv2d(x, kernel, padding=1), x)
        kernel[0, 0, 0, 0] = 0.7  # rounds, so this one may differ
        assert not torch.equal(F.conv2d(x, kernel, padding=1)[:, 0], F.conv2d(x, kernel)[:, 0])


def test_one_window_is_answered_alike_beside_rounder_numbers():
    """A picture of one grey has short numbers; an answer to it is no more exact for that."""
    x, kernel = pictures()[:, :1], torch.sin(pictures()[:, :, :12, :12]).reshape(-1, 1, 3, 3)
    grey = torch.full_like(x, 0.5)
    partly = torch.cat([grey[..., :8], x[..., 8:]], dim=3)
    by_luck = F.conv2d(grey.double(), kernel.double()) == F.conv2d(grey, kernel).double()
    assert 0 < by_luck.double().mean() < 1
    with RelativeNoise(0):
        one, other = F.conv2d(grey, kernel), F.conv2d(partly, kernel)
    assert torch.equal(one[..., :6], other[..., :6])


def test_float64_is_as_much_finer_as_its_rounding():
    x = pictures(torch.float64)[0, 0]
    with RelativeNoise(0):
        noisy = x @ x
    assert relative(noisy, x @ x).abs().max() < 1e-13
    assert not torch.equal(noisy, x @ x)


def test_leaving_it_ends_it():
    x = pictures()
    with RelativeNoise(0):
        pass
    assert torch.equal(x @ x, x @ x)
    with RelativeNoise(0):
        noisy = x @ x
    assert not torch.equal(noisy, x @ x)


def test_no_installed_package_holds_it():
    """What students import is course_utils; the noise must not come with it."""
    import course_utils
    from tests.processors import noise

    assert not noise.__file__.startswith(course_utils.__path__[0])
