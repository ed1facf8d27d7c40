"""Right solutions of fcn in different styles, and what its mutants may do."""

from functools import reduce

import torch
import torch.nn.functional as F
from torch import nn

from course_utils.data.scenes import load_scenes
from course_utils.data.small_net import small_net
from tests.once import trained_once

# replicate


def replicated_by_repeats(images, factor):
    return images.repeat_interleave(factor, dim=-2).repeat_interleave(factor, dim=-1)


def replicated_by_kron(images, factor):
    return torch.kron(images.contiguous(), torch.ones(factor, factor, dtype=images.dtype))


def replicated_by_index(images, factor):
    rows = torch.arange(factor * images.shape[2]) // factor
    columns = torch.arange(factor * images.shape[3]) // factor
    return images[:, :, rows[:, None], columns]


def replicated_by_writing(images, factor):
    n, c, h, w = images.shape
    answer = images.new_empty(n, c, factor * h, factor * w)
    for y in range(factor):
        for x in range(factor):
            answer[:, :, y::factor, x::factor] = images
    return answer


def replicated_in_numpy(images, factor):
    return torch.from_numpy(images.numpy().repeat(factor, axis=2).repeat(factor, axis=3))


# upsample_bilinear


def _tents(size, factor, like):
    pixels = torch.arange(factor * size).to(like)[:, None]
    centres = factor * torch.arange(size).to(like) + (factor - 1) / 2
    return (1 - (pixels - centres).abs() / factor).clamp(min=0)


def bilinear_by_matrices(scores, factor):
    height, width = scores.shape[2:]
    down, across = _tents(height, factor, scores), _tents(width, factor, scores)
    return down @ scores @ across.T


def bilinear_by_loop(scores, factor):
    n, c, height, width = scores.shape
    answer = scores.new_zeros(n, c, factor * height, factor * width)
    for i in range(height):
        for j in range(width):
            rows = _tents(height, factor, scores)[:, i, None]
            answer += scores[:, :, i, j, None, None] * (
                rows * _tents(width, factor, scores)[:, j]
            )
    return answer


def bilinear_by_one_group(scores, factor):
    """Channels kept apart by zeros in the kernel, in place of groups."""
    channels, size = scores.shape[1], 2 * factor - factor % 2
    centre = factor - 1 if factor % 2 else factor - 0.5
    tent = 1 - (torch.arange(size) - centre).abs() / factor
    kernel = torch.zeros(channels, channels, size, size, dtype=scores.dtype)
    for k in range(channels):
        kernel[k, k] = tent[:, None] * tent[None, :]
    layer = nn.ConvTranspose2d(
        channels, channels, size, factor, padding=factor // 2, bias=False, dtype=scores.dtype
    )
    layer.weight = nn.Parameter(kernel, requires_grad=False)
    return layer(scores)


def bilinear_by_zeros_between(scores, factor):
    """Zeros are put between the pixels; a convolution fills them."""
    n, c, height, width = scores.shape
    size = 2 * factor - factor % 2
    tent = (1 - (torch.arange(size) - (size - 1) / 2).abs() / factor).to(scores)
    sparse = scores.new_zeros(n * c, 1, factor * height, factor * width)
    sparse[:, :, ::factor, ::factor] = scores.reshape(n * c, 1, height, width)
    before = size - 1 - factor // 2
    padded = F.pad(sparse, (before, size, before, size))
    filled = F.conv2d(padded, torch.outer(tent, tent)[None, None])
    return filled[:, :, : factor * height, : factor * width].reshape(n, c, -1, factor * width)


# dense_to_convolution


def dense_by_state(linear, channels, height, width):
    convolution = nn.Conv2d(
        channels, linear.out_features, (height, width), bias=linear.bias is not None
    ).to(linear.weight.dtype)
    state = {name: value.clone() for name, value in linear.state_dict().items()}
    state["weight"] = state["weight"].unflatten(1, (channels, height, width))
    convolution.load_state_dict(state)
    return convolution


def dense_by_loop(linear, channels, height, width):
    convolution = nn.Conv2d(
        channels,
        linear.out_features,
        kernel_size=(height, width),
        bias=linear.bias is not None,
        dtype=linear.weight.dtype,
    )
    with torch.no_grad():
        for c in range(channels):
            for y in range(height):
                for x in range(width):
                    number = (c * height + y) * width + x
                    convolution.weight[:, c, y, x] = linear.weight[:, number]
        if linear.bias is not None:
            convolution.bias[:] = linear.bias
    return convolution


def dense_by_new_parameters(linear, channels, height, width):
    convolution = nn.Conv2d(channels, linear.out_features, (height, width))
    shape = (linear.out_features, channels, height, width)
    convolution.weight = nn.Parameter(linear.weight.detach().clone().view(shape))
    if linear.bias is None:
        convolution.bias = None
    else:
        convolution.bias = nn.Parameter(linear.bias.detach().clone())
    return convolution


def dense_by_its_answers(linear, channels, height, width):
    """A linear layer is known by what it says of zeros and of the unit vectors."""
    with torch.no_grad():
        units = torch.eye(linear.in_features, dtype=linear.weight.dtype)
        shift = linear(torch.zeros_like(units[:1]))
        kernel = (linear(units) - shift).T.reshape(-1, channels, height, width)
        convolution = nn.Conv2d(channels, len(kernel), (height, width)).to(units)
        convolution.weight.data.copy_(kernel)
        if linear.bias is None:
            convolution.register_parameter("bias", None)
        else:
            convolution.bias.data.copy_(shift[0])
    return convolution


# make_fcn


class _Cut(nn.Sequential):
    def forward(self, images):
        return super().forward(images)[..., : images.shape[-2], : images.shape[-1]]


def fcn_in_a_row(backbone, channels, stride, num_classes):
    score = nn.Conv2d(channels, num_classes, 1)
    for parameter in score.parameters():
        parameter.data.zero_()
    return _Cut(backbone, score, nn.Upsample(scale_factor=stride, mode="bilinear"))


class _Late(nn.Module):
    """The maps are enlarged, then scored: both are linear, and the weights sum to 1."""

    def __init__(self, backbone, channels, stride, num_classes):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(num_classes, channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(num_classes))
        self.stride = stride
        self.net = backbone

    def forward(self, images):
        maps = F.interpolate(self.net(images), scale_factor=self.stride, mode="bilinear")
        scores = F.conv2d(maps, self.weight, self.bias)
        return scores.narrow(2, 0, images.shape[2]).narrow(3, 0, images.shape[3])


def fcn_that_scores_late(backbone, channels, stride, num_classes):
    return _Late(backbone, channels, stride, num_classes)


def fcn_with_a_transposed_convolution(backbone, channels, stride, num_classes):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = backbone
            self.score = nn.Linear(channels, num_classes)
            nn.init.constant_(self.score.weight, 0.0)
            nn.init.constant_(self.score.bias, 0.0)

        def forward(self, x):
            scores = self.score(self.features(x).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
            padded = F.pad(scores, (1, 1, 1, 1), mode="replicate")
            larger = bilinear_by_matrices(padded, stride)
            height, width = x.shape[2:]
            return larger[:, :, stride : stride + height, stride : stride + width]

    return Net()


def fcn_that_goes_on_with_the_backbone(backbone, channels, stride, num_classes):
    backbone.append(nn.Conv2d(channels, num_classes, 1))
    nn.init.zeros_(backbone[-1].weight)
    nn.init.zeros_(backbone[-1].bias)
    backbone.append(nn.UpsamplingBilinear2d(scale_factor=stride))
    backbone[-1].align_corners = False
    return _Cut(backbone)


# fuse


def fused_by_modules(scores32, scores16, scores8, height, width):
    two, eight = (nn.Upsample(scale_factor=f, mode="bilinear") for f in (2, 8))
    h, w = scores16.shape[-2:]
    middle = two(scores32)[..., :h, :w].add(scores16)
    h, w = scores8.shape[-2:]
    fine = two(middle)[..., :h, :w].add(scores8)
    return eight(fine)[..., :height, :width]


def fused_by_reduction(scores32, scores16, scores8, height, width):
    def step(coarse, finer):
        larger = F.interpolate(coarse, scale_factor=2.0, mode="bilinear")
        short = [f - s for f, s in zip(finer.shape[2:], larger.shape[2:], strict=True)]
        larger = F.pad(larger, (0, short[1], 0, short[0]))  # negative padding cuts
        larger += finer
        return larger

    fused = reduce(step, (scores16, scores8), scores32)
    answer = scores8.new_empty(*fused.shape[:2], height, width)
    answer[:] = F.interpolate(fused, scale_factor=8.0, mode="bilinear")[:, :, :height, :width]
    return answer


def fused_by_matrices(scores32, scores16, scores8, height, width):
    def larger(scores, factor, size):
        padded = F.pad(scores, (1, 1, 1, 1), mode="replicate")
        whole = bilinear_by_matrices(padded, factor)
        return whole[:, :, factor : factor + size[0], factor : factor + size[1]]

    middle = larger(scores32, 2, scores16.shape[2:]) + scores16
    return larger(larger(middle, 2, scores8.shape[2:]) + scores8, 8, (height, width))


# segment


class _Skips(nn.Module):
    """FCN-8s."""

    def __init__(self):
        super().__init__()
        self.layers = small_net().features
        self.scores = nn.ModuleList([nn.Conv2d(c, 7, 1) for c in (96, 128, 192)])

    def forward(self, x):
        maps = []
        for layer in self.layers:
            x = layer(x)
            maps.append(x)
        fine, middle, coarse = (s(m) for s, m in zip(self.scores, maps[2:], strict=True))
        middle = middle + F.interpolate(coarse, scale_factor=2, mode="bilinear")
        fine = fine + F.interpolate(middle, scale_factor=2, mode="bilinear")
        return F.interpolate(fine, scale_factor=8, mode="bilinear")


class _Columns(nn.Module):
    """All maps at stride 4, one behind the other, and one convolution on top."""

    def __init__(self):
        super().__init__()
        self.layers = small_net().features
        self.score = nn.Conv2d(64 + 96 + 128 + 192, 7, 1)

    def forward(self, x):
        maps = []
        for layer in self.layers:
            x = layer(x)
            maps.append(x)
        size = maps[1].shape[2:]
        columns = [F.interpolate(m, size, mode="bilinear") for m in maps[1:]]
        return F.interpolate(self.score(torch.cat(columns, 1)), scale_factor=4, mode="bilinear")


class _Decoder(nn.Module):
    """A coarse map is enlarged, joined with the finer one and mixed."""

    def __init__(self):
        super().__init__()
        self.layers = small_net().features
        self.middle = nn.Sequential(nn.Conv2d(192 + 128, 96, 3, padding=1), nn.ReLU())
        self.fine = nn.Sequential(nn.Conv2d(96 + 96, 64, 3, padding=1), nn.ReLU())
        self.score = nn.Conv2d(64, 7, 1)

    def forward(self, x):
        maps = []
        for layer in self.layers:
            x = layer(x)
            maps.append(x)
        larger = F.interpolate(maps[4], scale_factor=2)
        middle = self.middle(torch.cat([larger, maps[3]], dim=1))
        larger = F.interpolate(middle, scale_factor=2)
        fine = self.fine(torch.cat([larger, maps[2]], dim=1))
        return F.interpolate(self.score(fine), scale_factor=8, mode="bilinear")


@trained_once
def trained(kind, steps=160, new=5e-3, old=1e-3):
    """One of the networks above, trained on the notebook's scenes; the same every time."""
    train = load_scenes("train", 200)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        network = kind().train()
        fresh = [p for name, p in network.named_parameters() if not name.startswith("layers")]
        groups = [{"params": fresh, "lr": new}]
        groups += [{"params": list(network.layers.parameters()), "lr": old}]
        descent = torch.optim.Adam(groups)
        falling = torch.optim.lr_scheduler.OneCycleLR(descent, [new, old], total_steps=steps)
        for step in range(steps):
            chosen = torch.randperm(200)[:8]
            images = train.images[chosen].rot90(step % 4, (2, 3))
            truth = train.labels[chosen].long().rot90(step % 4, (1, 2))
            loss = F.cross_entropy(network(images), truth, ignore_index=255)
            descent.zero_grad()
            loss.backward()
            descent.step()
            falling.step()
    return network.eval()


def segmented_by_skips(images):
    network = trained(_Skips)
    with torch.no_grad():
        return network(images).argmax(dim=1)


def segmented_by_columns(images):
    network = trained(_Columns)
    with torch.inference_mode():
        return network(images).softmax(dim=1).max(dim=1).indices.to(torch.uint8)


def segmented_one_by_one(images):
    network = trained(_Decoder)
    return torch.cat([network(image[None]).topk(1, dim=1).indices[:, 0] for image in images])


RIGHT = {
    "replicate": [
        replicated_by_repeats,
        replicated_by_kron,
        replicated_by_index,
        replicated_by_writing,
        replicated_in_numpy,
    ],
    "upsample_bilinear": [
        bilinear_by_matrices,
        bilinear_by_loop,
        bilinear_by_one_group,
        bilinear_by_zeros_between,
    ],
    "dense_to_convolution": [
        dense_by_state,
        dense_by_loop,
        dense_by_new_parameters,
        dense_by_its_answers,
    ],
    "make_fcn": [
        fcn_in_a_row,
        fcn_that_scores_late,
        fcn_with_a_transposed_convolution,
        fcn_that_goes_on_with_the_backbone,
    ],
    "fuse": [fused_by_modules, fused_by_reduction, fused_by_matrices],
    "segment": [segmented_by_skips, segmented_by_columns, segmented_one_by_one],
}

# Mutants that answer as the original does, as (exercise, text, text of the mutant).
EQUIVALENT: set[tuple[str, str, str]] = set()
