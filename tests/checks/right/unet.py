"""Right solutions of unet in different styles, and what its mutants may do."""

import torch
import torch.nn.functional as F
from torch import nn

from course_utils.data.scenes import load_scenes
from tests.once import trained_once

# up_convolution


def stamped_pixel_by_pixel(maps, weight, stride):
    n, inputs, h, w = maps.shape
    k = weight.shape[2]
    answer = torch.zeros(
        n, weight.shape[1], (h - 1) * stride + k, (w - 1) * stride + k, dtype=maps.dtype
    )
    for i in range(h):
        for j in range(w):
            for a in range(inputs):
                stamp = maps[:, a, i, j][:, None, None, None] * weight[a]
                top, left = i * stride, j * stride
                answer[:, :, top : top + k, left : left + k] += stamp
    return answer


def stamped_by_zeros_between(maps, weight, stride):
    n, inputs, h, w = maps.shape
    k = weight.shape[2]
    apart = maps.new_zeros(n, inputs, (h - 1) * stride + 1, (w - 1) * stride + 1)
    apart[:, :, ::stride, ::stride] = maps
    return F.conv2d(apart, weight.transpose(0, 1).flip(2, 3), padding=k - 1)


def stamped_by_matrices(maps, weight, stride):
    k = weight.shape[2]

    def places(side):
        """(k, longer side, side): 1 where the place of the kernel falls for a pixel."""
        longer = torch.arange((side - 1) * stride + k)[:, None]
        starts = stride * torch.arange(side)
        return torch.stack([(longer == starts + y) for y in range(k)]).to(maps.dtype)

    down, across = places(maps.shape[2]), places(maps.shape[3])
    return torch.einsum("naij,abyx,yri,xcj->nbrc", maps, weight, down, across)


def stamped_by_shifts(maps, weight, stride):
    h, w = maps.shape[2:]
    k = weight.shape[-1]
    size = (h - 1) * stride + k, (w - 1) * stride + k
    spread = maps.new_zeros(*maps.shape[:2], size[0] + k, size[1] + k)
    spread[:, :, : (h - 1) * stride + 1 : stride, : (w - 1) * stride + 1 : stride] = maps
    parts = [
        torch.tensordot(spread.roll((y, x), (2, 3)), weight[:, :, y, x], ([1], [0]))
        for y in range(k)
        for x in range(k)
    ]
    return sum(parts).movedim(-1, 1)[:, :, : size[0], : size[1]]


def stamped_by_index_add(maps, weight, stride):
    n, _, h, w = maps.shape
    outputs, k = weight.shape[1:3]
    height, width = (h - 1) * stride + k, (w - 1) * stride + k
    stamps = torch.einsum("naij,abyx->nbijyx", maps, weight).flatten(2)
    i, j, y, x = torch.meshgrid(*map(torch.arange, (h, w, k, k)), indexing="ij")
    place = ((i * stride + y) * width + j * stride + x).flatten()
    flat = torch.zeros(n, outputs, height * width, dtype=maps.dtype)
    return flat.index_add(2, place, stamps).unflatten(2, (height, width))


# crop_and_copy


def joined_by_padding(copied, upsampled):
    (height, width), (h, w) = copied.shape[2:], upsampled.shape[2:]
    top, left = (height - h) // 2, (width - w) // 2
    cut = F.pad(copied, (-left, w + left - width, -top, h + top - height))
    return torch.cat((cut, upsampled), 1)


def joined_by_narrow(copied, upsampled):
    for axis in (2, 3):
        length = upsampled.shape[axis]
        copied = copied.narrow(axis, (copied.shape[axis] - length) // 2, length)
    return torch.hstack([copied, upsampled])


def joined_by_writing(copied, upsampled):
    n, a = copied.shape[:2]
    b, h, w = upsampled.shape[1:]
    top, left = (copied.shape[2] - h) >> 1, (copied.shape[3] - w) >> 1
    answer = upsampled.new_empty(n, a + b, h, w)
    answer[:, a:] = upsampled
    answer[:, :a] = copied[..., top : top + h, left : left + w]
    return answer


def joined_by_index(copied, upsampled):
    rows, columns = (
        torch.arange(small) + (large - small) // 2
        for large, small in zip(copied.shape[2:], upsampled.shape[2:], strict=True)
    )
    return torch.concat([copied[:, :, rows[:, None], columns], upsampled], dim=-3)


# level_sizes


def sizes_by_two_loops(size, depth):
    def level(side):
        return (side, side - 2, side - 4)

    found = []
    for _ in range(depth):
        found.append(level(size))
        size -= 4
        if size % 2 == 1 or size < 1:
            return []
        size = size // 2
    found.append(level(size))
    for _ in range(depth):
        size = 2 * (size - 4)
        found.append(level(size))
    return found if all(min(row) > 0 for row in found) else []


def sizes_by_recursion(size, depth):
    here = [size, size - 2, size - 4]
    if here[-1] < 1:
        return []
    if depth == 0:
        return [here]
    if here[-1] % 2:
        return []
    below = sizes_by_recursion(here[-1] // 2, depth - 1)
    if not below:
        return []
    back = 2 * below[-1][-1]
    if back <= 4:
        return []
    return [here, *below, [back, back - 2, back - 4]]


def sizes_from_the_bottom(size, depth):
    """The side at the bottom is (size - 4 (2^depth - 1)) / 2^depth; all else follows."""
    bottom, rest = divmod(size - 4 * (2**depth - 1), 2**depth)
    if rest:
        return ()
    down = [bottom]
    for _ in range(depth):
        down.insert(0, 2 * down[0] + 4)
    up = [bottom]
    for _ in range(depth):
        up.append(2 * (up[-1] - 4))
    sides = down + up[1:]
    if min(sides) <= 4:
        return ()
    return tuple((side, side - 2, side - 4) for side in sides)


# double_convolution


class _Double(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.second = nn.Conv2d(out_channels, out_channels, kernel_size=3)
        self.first = nn.Conv2d(in_channels, out_channels, kernel_size=3)

    def forward(self, x):
        return F.relu(self.second(F.relu(self.first(x))))


def double_as_a_class(in_channels, out_channels):
    return _Double(in_channels, out_channels)


def double_by_a_list(in_channels, out_channels):
    layers = []
    for channels in (in_channels, out_channels):
        layers += [nn.Conv2d(channels, out_channels, (3, 3), padding="valid")]
        layers += [nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


def double_by_parameters(in_channels, out_channels):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.weights = nn.ParameterList(
                nn.Parameter(torch.randn(out_channels, c, 3, 3) / 10)
                for c in (in_channels, out_channels)
            )
            self.biases = nn.ParameterList(torch.zeros(out_channels) for _ in range(2))

        def forward(self, x):
            for weight, bias in zip(self.weights, self.biases, strict=True):
                x = F.conv2d(x, weight, bias).clamp(min=0)
            return x

    return Net()


# unet


class _Level(nn.Module):
    """A level of the network with all that lies below it."""

    def __init__(self, in_channels, width, depth, encoder_first=True):
        super().__init__()
        self.before = _Double(in_channels, width)
        self.first = encoder_first
        self.below = None
        if depth:
            self.below = _Level(width, 2 * width, depth - 1, encoder_first)
            self.enlarge = nn.ConvTranspose2d(2 * width, width, 2, 2)
            self.after = _Double(2 * width, width)

    def forward(self, x):
        x = self.before(x)
        if self.below is None:
            return x
        back = self.enlarge(self.below(F.max_pool2d(x, kernel_size=2)))
        pair = [joined_by_narrow(x, back)[:, : x.shape[1]], back]
        return self.after(torch.cat(pair if self.first else pair[::-1], dim=1))


def unet_by_recursion(in_channels, num_classes, width, depth):
    return nn.Sequential(_Level(in_channels, width, depth), nn.Conv2d(width, num_classes, 1))


def unet_with_the_decoder_first(in_channels, num_classes, width, depth):
    levels = _Level(in_channels, width, depth, encoder_first=False)
    return nn.Sequential(levels, nn.Conv2d(width, num_classes, 1))


class _Named(nn.Module):
    """Layers in dicts by level, made from the bottom up."""

    def __init__(self, in_channels, num_classes, width, depth):
        super().__init__()
        self.depth = depth
        self.layers = nn.ModuleDict()
        for level in range(depth, -1, -1):
            here = width << level
            before = here // 2 if level else in_channels
            self.layers[f"down {level}"] = double_by_a_list(before, here)
            if level < depth:
                self.layers[f"up {level}"] = nn.ConvTranspose2d(2 * here, here, 2, stride=2)
                self.layers[f"join {level}"] = double_by_a_list(2 * here, here)
        self.last = nn.Conv2d(width, num_classes, kernel_size=(1, 1))
        self.pool = nn.MaxPool2d(2)

    def forward(self, x):
        kept = {}
        for level in range(self.depth + 1):
            x = self.layers[f"down {level}"](self.pool(x) if level else x)
            kept[level] = x
        for level in range(self.depth - 1, -1, -1):
            x = self.layers[f"up {level}"](x)
            x = self.layers[f"join {level}"](joined_by_padding(kept[level], x))
        return self.last(x)


def unet_by_names(in_channels, num_classes, width, depth):
    return _Named(in_channels, num_classes, width, depth)


# segment


class _Small(nn.Module):
    def __init__(self, width=8, depth=3, up="learned"):
        super().__init__()
        widths = [width * 2**level for level in range(depth + 1)]

        def block(inputs, outputs):
            return nn.Sequential(
                nn.Conv2d(inputs, outputs, 3, padding=1),
                nn.BatchNorm2d(outputs),
                nn.ReLU(),
                nn.Conv2d(outputs, outputs, 3, padding=1),
                nn.BatchNorm2d(outputs),
                nn.ReLU(),
            )

        self.down = nn.ModuleList(map(block, [3, *widths], widths))
        self.up, self.join = nn.ModuleList(), nn.ModuleList()
        for c in reversed(widths[:-1]):
            if up == "learned":
                self.up.append(nn.ConvTranspose2d(2 * c, c, 2, stride=2))
            else:
                self.up.append(
                    nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(2 * c, c, 1))
                )
            self.join.append(block(2 * c, c))
        self.last = nn.Conv2d(width, 2, 1)

    def forward(self, images):
        x, kept = images - images.mean(dim=(2, 3), keepdim=True), []
        for level, block in enumerate(self.down):
            x = block(F.max_pool2d(x, 2) if level else x)
            kept.append(x)
        kept.pop()
        for enlarge, block in zip(self.up, self.join, strict=True):
            x = block(torch.cat([enlarge(x), kept.pop()], dim=1))
        return self.last(x)


@trained_once
def trained(seed, up="learned", steps=200):
    """A small U-Net trained on the notebook's scenes; the same every time."""
    train = load_scenes("train", 200, size=64)
    objects = torch.where(train.labels == 255, 255, (train.labels > 0).long())
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.random.fork_rng(), torch.enable_grad():
        torch.manual_seed(seed)
        network = _Small(up=up).train()
        descent = torch.optim.AdamW(network.parameters())
        falling = torch.optim.lr_scheduler.OneCycleLR(descent, 0.01, total_steps=steps)
        for step in range(steps):
            chosen = torch.randperm(200)[:8]
            images = train.images[chosen].rot90(step % 4, (2, 3))
            truth = objects[chosen].rot90(step % 4, (1, 2))
            loss = F.cross_entropy(network(images), truth, ignore_index=255)
            descent.zero_grad()
            loss.backward()
            descent.step()
            falling.step()
    torch.set_num_threads(threads)
    return network.eval()


def segmented_by_the_larger(images):
    network = trained(1)
    with torch.no_grad():
        return network(images).argmax(dim=1)


def segmented_by_a_threshold(images):
    network = trained(2)
    with torch.inference_mode():
        scores = network(images)
    return (scores[:, 1] > scores[:, 0]).int()


def segmented_one_by_one(images):
    network = trained(3, "replicated")
    return torch.cat([network(image[None]).max(dim=1).indices for image in images])


RIGHT = {
    "up_convolution": [
        stamped_pixel_by_pixel,
        stamped_by_zeros_between,
        stamped_by_matrices,
        stamped_by_shifts,
        stamped_by_index_add,
    ],
    "crop_and_copy": [
        joined_by_padding,
        joined_by_narrow,
        joined_by_writing,
        joined_by_index,
    ],
    "level_sizes": [sizes_by_two_loops, sizes_by_recursion, sizes_from_the_bottom],
    "double_convolution": [double_as_a_class, double_by_a_list, double_by_parameters],
    "unet": [unet_by_recursion, unet_with_the_decoder_first, unet_by_names],
    "segment": [segmented_by_the_larger, segmented_by_a_threshold, segmented_one_by_one],
}

# Mutants that answer as the original does, as (exercise, text, text of the mutant).
EQUIVALENT: set[tuple[str, str, str]] = set()
