"""U-Net, against the paper's figure, torch's layers, and a net written out by levels."""

import pytest
import segmentation_models_pytorch as smp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from course_utils.reference.receptive_field import receptive_field
from course_utils.reference.unet import (
    UNet,
    UpConvolution,
    crop_and_copy,
    double_convolution,
    level_sizes,
    nearest_valid_sizes,
)

PAPER = [
    (572, 570, 568), (284, 282, 280), (140, 138, 136), (68, 66, 64), (32, 30, 28),
    (56, 54, 52), (104, 102, 100), (200, 198, 196), (392, 390, 388),
]  # fmt: skip


def count(network):
    return sum(p.numel() for p in network.parameters())


# The paper ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channels", "parameters"), [((1, 2), 31_030_658), ((3, 21), 31_033_045)]
)
def test_parameters_are_the_papers(channels, parameters):
    with torch.device("meta"):
        assert count(UNet(*channels)) == parameters


def test_sizes_are_those_of_figure_1():
    assert level_sizes(572) == PAPER
    assert all(isinstance(size, int) for level in level_sizes(572) for size in level)
    with torch.device("meta"):
        assert UNet(1, 2)(torch.rand(1, 1, 572, 572)).shape == (1, 2, 388, 388)


def test_the_bottom_sees_140_pixels_at_stride_16():
    network = UNet(1, 2, width=1)
    layers = [*network.down[0]]
    for convolve in network.down[1:]:
        layers += [network.pool, *convolve]
    bottom = receptive_field(layers)
    assert (bottom.size, bottom.stride, bottom.edge) == ((140, 140), (16, 16), (0, 0))


def test_an_output_pixel_belongs_to_the_input_pixel_92_further():
    # With equal positive weights, what an output square sees is symmetric about its middle.
    network = UNet(1, 1, width=1).double()
    network.pool = nn.AvgPool2d(2)  # the maximum would take the first of equal pixels
    for p in network.parameters():
        nn.init.constant_(p, 0.1)
    images = torch.zeros(1, 1, 204, 204, dtype=torch.float64)
    assert network(images).shape[-1] == 204 - 2 * 92
    images.requires_grad_()
    network(images)[0, 0, 8:12, 8:12].sum().backward()  # symmetric about 10 = 102 - 92
    seen = images.grad[0, 0]
    assert seen.sum() > 0
    torch.testing.assert_close(seen, seen.flip(0, 1))


def test_weights_start_with_the_papers_deviation():
    torch.manual_seed(0)
    network = UNet(3, 2, width=16, depth=2)
    second = network.down[0][2]  # N = 9 * 16
    assert second.weight.std().item() == pytest.approx((2 / 144) ** 0.5, rel=0.05)
    enlarge = network.up[0]  # N = 64: one tap writes each output pixel
    assert enlarge.weight.std().item() == pytest.approx((2 / 64) ** 0.5, rel=0.05)
    assert all(p.abs().max() == 0 for p in network.parameters() if p.dim() == 1)


def test_features_neither_vanish_nor_explode_at_the_start():
    torch.manual_seed(0)
    network = UNet(3, 64, width=16, depth=3, padded=True)
    assert 0.5 < network(torch.randn(1, 3, 64, 64)).std() < 3


# Sizes --------------------------------------------------------------------------


def sizes_in_forward(network, images):
    """Heights and widths of the maps that really pass, by hooks."""
    seen = []

    def note(_, inputs, output):
        if not seen or seen[-1] != inputs[0].shape[-2:]:
            seen.append(inputs[0].shape[-2:])
        seen.append(output.shape[-2:])

    for block in [*network.down, *network.decode]:
        for layer in block:
            if isinstance(layer, nn.Conv2d):
                layer.register_forward_hook(note)
    network(images)
    return seen


@given(
    depth=st.integers(0, 3),
    padded=st.booleans(),
    copied=st.booleans(),
    height=st.integers(0, 4),
    width=st.integers(0, 4),
    n=st.integers(1, 2),
)
@settings(max_examples=40, deadline=None)
def test_sizes_are_those_of_the_forward_pass(depth, padded, copied, height, width, n):
    least = 1 if padded else nearest_valid_sizes(1, depth)[1]
    step = 3 if padded else 2**depth
    size = (least + height * step, least + width * step)
    network = UNet(2, 3, width=1, depth=depth, padded=padded, copy_layers=copied)
    images = torch.rand(n, 2, *size)
    levels = [network.level_sizes(side) for side in size]
    expected = [
        pair
        for rows, columns in zip(*levels, strict=True)
        for pair in zip(rows, columns, strict=True)
    ]
    seen = sizes_in_forward(network, images)
    deduplicated = [p for i, p in enumerate(expected) if i == 0 or p != expected[i - 1]]
    assert [tuple(p) for i, p in enumerate(seen) if i == 0 or p != seen[i - 1]] == deduplicated
    output = size if padded else tuple(level[-1][-1] for level in levels)
    assert network(images).shape == (n, 3, *output)


def runs(size, depth):
    """Whether torch itself can run the valid network without cutting a row off."""
    try:
        x = torch.empty(1, 1, size, 1000, device="meta")
        for level in range(depth + 1):
            x = F.conv2d(F.conv2d(x, x.new_empty(1, 1, 3, 1)), x.new_empty(1, 1, 3, 1))
            if level < depth:
                if x.shape[2] % 2:
                    return False
                x = F.max_pool2d(x, (2, 1))
        for _ in range(depth):
            x = x.repeat_interleave(2, dim=2)
            x = F.conv2d(F.conv2d(x, x.new_empty(1, 1, 3, 1)), x.new_empty(1, 1, 3, 1))
    except RuntimeError:
        return False
    return x.shape[2] > 0  # older torch gives a map without rows in place of an error


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_nearest_valid_sizes_are_the_nearest_that_run(depth):
    valid = [size for size in range(1, 120) if runs(size, depth)]
    for size in range(1, valid[-1]):
        below = max((v for v in valid if v <= size), default=None)
        above = min(v for v in valid if v >= size)
        assert nearest_valid_sizes(size, depth) == (below, above)


def test_valid_sizes_of_the_paper_are_12_mod_16_from_188_on():
    assert nearest_valid_sizes(1) == (None, 188)
    assert nearest_valid_sizes(187) == (None, 188)
    assert nearest_valid_sizes(188) == (188, 188)
    assert nearest_valid_sizes(189) == (188, 204)
    for size in range(188, 700):
        assert (size in nearest_valid_sizes(size)) is (size % 16 == 12)
        if size % 16 == 12:
            assert level_sizes(size)[-1][-1] == size - 184


def test_a_wrong_size_is_refused_with_the_nearest():
    network = UNet(1, 2, width=1)
    for size in [(190, 188), (188, 190)]:
        with pytest.raises(ValueError, match=r"evenly 4 times.*got 190. Nearest: 188 and 204"):
            network(torch.rand(1, 1, *size))
    with pytest.raises(ValueError, match=r"evenly 1 times.*got 21. Nearest: 20 and 22"):
        level_sizes(21, depth=1)
    with pytest.raises(ValueError, match=r"got 100. Nearest: 188\. .*padded=True"):
        network(torch.rand(1, 1, 188, 100))


def test_other_bad_input_is_named():
    with pytest.raises(ValueError, match=r"\(N, 3, H, W\), got \(1, 1, 8, 8\)"):
        UNet(3, 2, width=1, padded=True)(torch.rand(1, 1, 8, 8))
    with pytest.raises(ValueError, match=r"got \(3, 8, 8\)"):
        UNet(3, 2, width=1, padded=True)(torch.rand(3, 8, 8))
    for bad in [{"in_channels": 0}, {"num_classes": 0}, {"width": 0}, {"depth": -1}]:
        with pytest.raises(ValueError, match=r"Expected in_channels.* (0|-1)"):
            UNet(**({"in_channels": 1, "num_classes": 2} | bad))
    with pytest.raises(ValueError, match="at least 1 pixel, got 0"):
        level_sizes(0)
    with pytest.raises(ValueError, match="depth of at least 0, got -1"):
        level_sizes(572, depth=-1)
    assert level_sizes(1, padded=True)[0] == (16, 16, 16)


# The network --------------------------------------------------------------------


def written_out(network, images, crop):
    """Depth 2, line by line, from the network's own weights."""

    def twice(block, x):
        convolutions = [layer for layer in block if isinstance(layer, nn.Conv2d)]
        for layer in convolutions:
            x = F.relu(F.conv2d(x, layer.weight, layer.bias, padding=layer.padding))
        return x

    first = twice(network.down[0], images)
    second = twice(network.down[1], F.max_pool2d(first, 2))
    bottom = twice(network.down[2], F.max_pool2d(second, 2))
    up = F.conv_transpose2d(bottom, network.up[0].weight, network.up[0].bias, stride=2)
    up = twice(network.decode[0], torch.cat([crop(second, 4), up], 1))
    up = F.conv_transpose2d(up, network.up[1].weight, network.up[1].bias, stride=2)
    up = twice(network.decode[1], torch.cat([crop(first, 16), up], 1))
    return F.conv2d(up, network.score.weight, network.score.bias)


def require_equal_to_the_net_written_out(padded, dtype, device):
    torch.manual_seed(0)
    network = UNet(3, 4, width=3, depth=2, padded=padded).to(device, dtype)
    images = torch.rand(1, 3, 60, 52, dtype=dtype, device=device)

    def crop(maps, margin):
        return maps if padded else maps[..., margin:-margin, margin:-margin]

    torch.testing.assert_close(network(images), written_out(network, images, crop))


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equals_the_net_written_out(padded, dtype):
    require_equal_to_the_net_written_out(padded, dtype, "cpu")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_works_on_cuda():
    require_equal_to_the_net_written_out(False, torch.float64, "cuda")


def test_an_odd_image_is_padded_with_zeros_and_cut_back():
    torch.manual_seed(0)
    network = UNet(3, 2, width=2, depth=3, padded=True)
    images = torch.rand(1, 3, 21, 30)
    by_hand = network(F.pad(images, (0, 2, 0, 3)))[..., :21, :30]
    assert torch.equal(network(images), by_hand)


def test_valid_logits_do_not_depend_on_where_the_image_was_cut():
    # No padding: shifting the window by 16 shifts the logits, exactly the same numbers.
    torch.manual_seed(0)
    network = UNet(1, 2, width=2).double()
    images = torch.rand(1, 1, 220, 188, dtype=torch.float64)
    whole = network(images)
    torch.testing.assert_close(network(images[..., 16:204, :]), whole[..., 16:20, :])


def test_without_copies_only_the_up_convolutions_grow():
    torch.manual_seed(0)
    copied, alone = (UNet(3, 2, width=4, depth=2, copy_layers=c) for c in (True, False))
    shapes = [{k: v.shape for k, v in n.state_dict().items()} for n in (copied, alone)]
    differ = {k for k in shapes[0] if shapes[0][k] != shapes[1][k]}
    assert differ == {"up.0.weight", "up.0.bias", "up.1.weight", "up.1.bias"}
    assert count(alone) > count(copied)
    # What a copied map could tell and pooling lost: which pixel of a 2 x 2 square was bright.
    left, right = torch.zeros(2, 1, 3, 44, 44)
    left[..., 20, 20], right[..., 21, 21] = 1, 1
    for network, sees in [(copied, True), (alone, False)]:
        for block in network.down:
            for layer in block:  # let pixels through to the poolings as they are
                if isinstance(layer, nn.Conv2d):
                    nn.init.zeros_(layer.weight)
                    layer.weight.data[:, 0, 1, 1] = 1
        assert torch.equal(network(left), network(right)) is not sees


def test_batch_norm_stands_between_convolution_and_relu():
    network = UNet(3, 2, width=2, depth=1, padded=True, batch_norm=True)
    names = ["Conv2d", "BatchNorm2d", "ReLU"] * 2
    for block in [*network.down, *network.decode]:
        assert [type(layer).__name__ for layer in block] == names
        assert block[0].bias is None
    assert network(torch.rand(2, 3, 9, 9)).shape == (2, 2, 9, 9)


def test_dropout_cuts_what_the_bottom_says_in_training_only():
    torch.manual_seed(0)
    network = UNet(1, 2, width=2, depth=1, padded=True, dropout=1.0)
    images = torch.rand(1, 1, 8, 8)
    with torch.no_grad():
        silent = network(images)
        for p in network.down[1].parameters():
            p.zero_()
        network.eval()
        torch.testing.assert_close(network(images), silent)
    assert UNet(1, 2, width=1).dropout.p == 0


def test_learns_to_copy_its_input():
    torch.manual_seed(0)
    network = UNet(1, 2, width=4, depth=2, padded=True)
    labels = (torch.rand(2, 18, 22) < 0.5).long()
    images = labels[:, None] - 0.5
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(40):
        optimizer.zero_grad()
        loss = F.cross_entropy(network(images), labels)
        loss.backward()
        optimizer.step()
    assert (network(images).argmax(1) == labels).float().mean() > 0.95


def test_gradient_against_finite_differences():
    torch.manual_seed(0)
    network = UNet(1, 2, width=1, depth=1, padded=True).double()
    for p in network.parameters():
        nn.init.uniform_(p, 0.1, 1)  # positive: away from the corners of the ReLU
    images = torch.rand(1, 1, 3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(network, images)


def test_autocast_channels_last_and_strided_images_change_little():
    torch.manual_seed(0)
    network = UNet(3, 2, width=4, depth=2, padded=True).eval()
    images = torch.rand(1, 20, 28, 3).permute(0, 3, 1, 2)
    expected = network(images.contiguous()).detach()
    rounding = 1e-4 * expected.abs().max().item()
    torch.testing.assert_close(network(images), expected, atol=rounding, rtol=0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        actual = network(images)
    assert actual.dtype == torch.bfloat16
    assert (actual.float() - expected).abs().max() < 0.05 * expected.abs().max()
    network.to(memory_format=torch.channels_last)
    torch.testing.assert_close(network(images), expected, atol=rounding, rtol=0)


# Parts --------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_an_up_convolution_is_one_matrix_for_each_corner(factor):
    torch.manual_seed(0)
    layer = UpConvolution(3, 2, factor)
    images = torch.rand(2, 3, 4, 5)
    matrix = layer.weight.permute(1, 2, 3, 0).reshape(2 * factor**2, 3, 1, 1)
    corners = F.conv2d(images, matrix)
    expected = F.pixel_shuffle(corners, factor) + layer.bias[:, None, None]
    torch.testing.assert_close(layer(images), expected)


def test_up_convolution_doubles_and_writes_every_pixel_once():
    layer = UpConvolution(1, 1)
    nn.init.ones_(layer.weight)
    nn.init.zeros_(layer.bias)
    assert (layer(torch.ones(1, 1, 3, 4)) == torch.ones(1, 1, 6, 8)).all()
    overlapping = F.conv_transpose2d(torch.ones(1, 1, 3, 4), torch.ones(1, 1, 3, 3), stride=2)
    assert overlapping.unique().tolist() == [1, 2, 4]  # the checkerboard


@given(
    h=st.integers(1, 6), w=st.integers(1, 6), top=st.integers(0, 5), left=st.integers(0, 5),
    odd=st.tuples(st.integers(0, 1), st.integers(0, 1)),
)  # fmt: skip
def test_crop_takes_the_middle_and_puts_it_first(h, w, top, left, odd):
    inside = torch.rand(2, 3, h, w)
    copied = F.pad(inside, (left, left + odd[0], top, top + odd[1]), value=9)
    upsampled = torch.rand(2, 1, h, w)
    joined = crop_and_copy(copied, upsampled)
    assert torch.equal(joined[:, :3], inside)
    assert torch.equal(joined[:, 3:], upsampled)


def test_a_copied_map_that_is_too_small_is_refused():
    for size in [(3, 5), (5, 3)]:
        with pytest.raises(ValueError, match=rf"at least 5 x 5.*got {size[0]} x {size[1]}"):
            crop_and_copy(torch.rand(1, 1, *size), torch.rand(1, 1, 5, 5))


@pytest.mark.parametrize("batch_norm", [False, True])
def test_a_double_convolution_equals_two_layers_of_segmentation_models(batch_norm):
    torch.manual_seed(0)
    ours = double_convolution(3, 4, padded=True, batch_norm=batch_norm)
    norm = "batchnorm" if batch_norm else False
    theirs = nn.Sequential(
        smp.base.modules.Conv2dReLU(3, 4, 3, padding=1, use_norm=norm),
        smp.base.modules.Conv2dReLU(4, 4, 3, padding=1, use_norm=norm),
    )
    tensors = zip(theirs.state_dict(), ours.state_dict().values(), strict=True)
    theirs.load_state_dict(dict(tensors))
    images = torch.rand(2, 3, 6, 5)
    torch.testing.assert_close(ours(images), theirs(images))


def test_a_double_convolution_takes_two_pixels_off_every_side():
    assert len(double_convolution(3, 4)) == 4  # without batch normalisation by default
    assert double_convolution(3, 4)(torch.rand(1, 3, 9, 7)).shape == (1, 4, 5, 3)
    assert double_convolution(3, 4, padded=True)(torch.rand(1, 3, 9, 7)).shape == (1, 4, 9, 7)
