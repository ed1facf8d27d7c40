"""Right solutions of dilated in different styles, and what its mutants may do."""

from itertools import accumulate, pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.data.size_scenes import load_size_scenes
from tests.once import trained_once

# stack_receptive_fields


def fields_by_accumulate(kernels, dilations):
    reach = [d * (k - 1) for k, d in zip(kernels, dilations, strict=True)]
    return list(accumulate(reach, initial=1))[1:]


def fields_in_numpy(kernels, dilations):
    return np.cumsum((np.array(kernels) - 1) * np.array(dilations)) + 1


def fields_by_slices(kernels, dilations):
    return torch.tensor(
        [
            1 + sum((k - 1) * d for k, d in zip(kernels[:n], dilations[:n], strict=True))
            for n in range(1, len(kernels) + 1)
        ]
    )


def fields_by_sets(kernels, dilations):
    """The pixels that reach a unit, one by one."""
    seen, fields = {0}, []
    for kernel, dilation in zip(kernels, dilations, strict=True):
        seen = {p + dilation * t for p in seen for t in range(kernel)}
        fields.append(max(seen) - min(seen) + 1)
    return tuple(fields)


# dilated_convolution


def convolved_by_loops(images, weight, dilation, padding):
    """Every output pixel by itself."""
    padded = F.pad(images, [padding] * 4)
    k = weight.shape[2]
    span = dilation * (k - 1) + 1
    rows = []
    for i in range(padded.shape[2] - span + 1):
        row = []
        for j in range(padded.shape[3] - span + 1):
            window = padded[:, :, i : i + span : dilation, j : j + span : dilation]
            row.append((window[:, None] * weight).sum(dim=(2, 3, 4)))
        rows.append(torch.stack(row, dim=-1))
    return torch.stack(rows, dim=-2)


def convolved_by_windows(images, weight, dilation, padding):
    span = dilation * (weight.shape[2] - 1) + 1
    padded = F.pad(images, (padding, padding, padding, padding))
    windows = padded.unfold(2, span, 1).unfold(3, span, 1)
    return torch.einsum("ncyxij,ocij->noyx", windows[..., ::dilation, ::dilation], weight)


def convolved_by_strides(images, weight, dilation, padding):
    padded = F.pad(images, [padding] * 4).contiguous()
    k, (n, c, h, w) = weight.shape[2], padded.shape
    height, width = h - dilation * (k - 1), w - dilation * (k - 1)
    batch, channel, down, across = padded.stride()
    windows = padded.as_strided(
        (n, c, height, width, k, k),
        (batch, channel, down, across, dilation * down, dilation * across),
    )
    return torch.tensordot(windows, weight, dims=([1, 4, 5], [1, 2, 3])).permute(0, 3, 1, 2)


def convolved_by_one_sum_in_place(images, weight, dilation, padding):
    n, c, h, w = images.shape
    padded = images.new_zeros(n, c, h + 2 * padding, w + 2 * padding)
    padded[:, :, padding : padding + h, padding : padding + w] = images
    k = weight.shape[-1]
    height, width = (s - dilation * (k - 1) for s in padded.shape[2:])
    answer = images.new_zeros(n, weight.shape[0], height, width)
    for a in range(k):
        for b in range(k):
            part = padded.narrow(2, dilation * a, height).narrow(3, dilation * b, width)
            answer += (weight[:, :, a, b] @ part.flatten(2)).unflatten(2, (height, width))
    return answer


# context_network


def context_by_rows(channels, size):
    layers, before = [], channels
    large = size == "large"
    for dilation, times in [(1, 2), (1, 2), (2, 4), (4, 8), (8, 16), (16, 32), (1, 32)]:
        after = channels * times if large else channels
        layers.append(nn.Conv2d(before, after, 3, padding="same", dilation=dilation))
        layers.append(nn.ReLU(inplace=False))
        before = after
    return nn.Sequential(*layers, nn.Conv2d(before, channels, 1))


class _Context(nn.Module):
    def __init__(self, channels, size):
        super().__init__()
        times = {"basic": [1] * 9, "large": [1, 2, 2, 4, 8, 16, 32, 32, 1]}[size]
        self.dilations = [1, 1, 2, 4, 8, 16, 1]
        self.layers = nn.ModuleList(
            nn.Conv2d(a * channels, b * channels, 3 if number < 7 else 1)
            for number, (a, b) in enumerate(pairwise(times))
        )

    def forward(self, x):
        for layer, d in zip(self.layers, self.dilations, strict=False):
            x = F.conv2d(x, layer.weight, layer.bias, padding=d, dilation=d).clamp(min=0)
        return self.layers[-1](x)


def context_by_functions(channels, size):
    return _Context(channels, size)


def context_padded_by_hand(channels, size):
    """A block pads first and convolves without padding."""

    class Block(nn.Module):
        def __init__(self, before, after, dilation):
            super().__init__()
            self.pad = nn.ZeroPad2d(dilation)
            self.convolution = nn.Conv2d(before, after, (3, 3), dilation=(dilation, dilation))

        def forward(self, x):
            return torch.relu(self.convolution(self.pad(x)))

    net, before = nn.Sequential(), channels
    wide = (2, 2, 4, 8, 16, 32, 32)
    for number, dilation in enumerate((1, 1, 2, 4, 8, 16, 1)):
        after = channels * wide[number] if size == "large" else channels
        net.add_module(f"block{number}", Block(before, after, dilation))
        before = after
    net.add_module("last", nn.Conv2d(before, channels, 1))
    return net


# identity_initialise


def initialised_by_loops(network, channels):
    for layer in network.modules():
        if not isinstance(layer, nn.Conv2d):
            continue
        outputs, inputs, height, width = layer.weight.shape
        nn.init.zeros_(layer.weight)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
        for b in range(outputs):
            for a in range(inputs):
                if b * channels // outputs == a * channels // inputs:
                    layer.weight.data[b, a, height // 2, width // 2] = channels / outputs


def initialised_by_blocks(network, channels):
    with torch.no_grad():
        for layer in (m for m in network.modules() if type(m) is nn.Conv2d):
            outputs, inputs, k, _ = layer.weight.shape
            ones = torch.ones(outputs // channels, inputs // channels)
            centre = torch.kron(torch.eye(channels), ones) * channels / outputs
            kernel = torch.zeros_like(layer.weight)
            kernel[..., k // 2, k // 2] = centre
            layer.weight.copy_(kernel)
            if layer.bias is not None:
                layer.bias.fill_(0)
    return network


def initialised_by_repeats(network, channels):
    for layer in [m for m in network.modules() if isinstance(m, nn.Conv2d)]:
        outputs, inputs, k, _ = layer.weight.shape
        centre = torch.eye(channels).repeat_interleave(outputs // channels, dim=0)
        centre = centre.repeat_interleave(inputs // channels, dim=1) * (channels / outputs)
        state = {"weight": F.pad(centre[:, :, None, None], [k // 2] * 4)}
        if layer.bias is not None:
            state["bias"] = torch.zeros(outputs)
        layer.load_state_dict(state)


# segment


def _layers(dilations, width):
    rows = [nn.Conv2d(3, width, 3, stride=2, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
    for d in dilations:
        rows += [nn.Conv2d(width, width, 3, padding=d, dilation=d)]
        rows += [nn.BatchNorm2d(width), nn.ReLU()]
    return [*rows, nn.Conv2d(width, 3, 1)]


@trained_once
def trained(dilations, width=16, steps=700, rate=1e-2, seed=1):
    """A network on the notebook's scenes; the same every time."""
    images, labels = load_size_scenes("train", 200)
    labels = labels.long()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = nn.Sequential(
            *_layers(dilations, width), nn.Upsample(scale_factor=2, mode="bilinear")
        )
        descent = torch.optim.AdamW(network.parameters(), rate)
        falling = torch.optim.lr_scheduler.OneCycleLR(descent, rate, total_steps=steps)
        for step in range(steps):
            chosen = torch.randperm(200)[:8]
            x, y = (
                images[chosen].rot90(step % 4, (2, 3)),
                labels[chosen].rot90(step % 4, (1, 2)),
            )
            if step % 8 > 3:
                x, y = x.flip(3), y.flip(2)
            loss = F.cross_entropy(network(x - 0.5), y, ignore_index=255)
            descent.zero_grad()
            loss.backward()
            descent.step()
            falling.step()
    return network.eval()


def segmented_by_doubling(images):
    network = trained((1, 2, 4, 8, 1))
    with torch.no_grad():
        return network(images - 0.5).argmax(dim=1)


def segmented_by_probabilities(images):
    network = trained((1, 2, 4, 8, 1), seed=2)
    with torch.inference_mode():
        return network(images - 0.5).softmax(dim=1).max(dim=1).indices.to(torch.uint8)


def segmented_one_by_one(images):
    network = trained((1, 2, 4, 8, 1), 20)
    return torch.cat([network(i[None] - 0.5).topk(1, dim=1).indices[:, 0] for i in images])


RIGHT = {
    "stack_receptive_fields": [
        fields_by_accumulate,
        fields_in_numpy,
        fields_by_slices,
        fields_by_sets,
    ],
    "dilated_convolution": [
        convolved_by_loops,
        convolved_by_windows,
        convolved_by_strides,
        convolved_by_one_sum_in_place,
    ],
    "context_network": [context_by_rows, context_by_functions, context_padded_by_hand],
    "identity_initialise": [
        initialised_by_loops,
        initialised_by_blocks,
        initialised_by_repeats,
    ],
    "segment": [segmented_by_doubling, segmented_by_probabilities, segmented_one_by_one],
}

# Mutants that answer as the original does, as (exercise, text, text of the mutant).
EQUIVALENT: set[tuple[str, str, str]] = {
    # both lists are equally long: no case may break the contract of the docstring
    ("stack_receptive_fields", "strict=True", "strict=False"),
    ("context_network", "strict=True", "strict=False"),
    ("dilated_convolution", "weight.shape[2]", "weight.shape[3]"),  # kernels are square
}
