"""Right solutions of metrics_and_loss in different styles, and what its mutants may do."""

from collections import Counter
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from course_utils.data import VOC_CLASSES, VOID

# voc_statistics


def statistics_by_pairs(root, image_set):
    base = f"{root}/VOCdevkit/VOC2012"
    images, objects = Counter(), Counter()
    with open(f"{base}/ImageSets/Segmentation/{image_set}.txt") as listing:
        for line in listing:
            name = line.strip()
            labels = np.asarray(Image.open(f"{base}/SegmentationClass/{name}.png")).ravel()
            numbers = np.asarray(Image.open(f"{base}/SegmentationObject/{name}.png")).ravel()
            pairs = {(k, n) for k, n in zip(labels, numbers, strict=True) if 0 < k < 255}
            images.update({k for k, _ in pairs})
            objects.update(k for k, _ in pairs)
    return {name: (images[k], objects[k]) for k, name in enumerate(VOC_CLASSES, 1)}


def statistics_by_objects(root, image_set):
    base = Path(root) / "VOCdevkit" / "VOC2012"
    table = {name: [0, 0] for name in VOC_CLASSES}
    for name in (base / "ImageSets/Segmentation" / (image_set + ".txt")).read_text().split():
        labels = torch.tensor(
            np.array(Image.open(base / "SegmentationClass" / (name + ".png")))
        )
        numbers = torch.tensor(
            np.array(Image.open(base / "SegmentationObject" / (name + ".png")))
        )
        seen = set()
        for number in numbers.unique().tolist():
            if number in (0, VOID):
                continue
            k = labels[numbers == number].mode().values.item()
            table[VOC_CLASSES[k - 1]][1] += 1
            seen.add(k)
        for k in seen:
            table[VOC_CLASSES[k - 1]][0] += 1
    return table  # lists in place of tuples


def statistics_by_torchvision(root, image_set):
    from torchvision.datasets import VOCSegmentation

    data = VOCSegmentation(root, year="2012", image_set=image_set)
    images = np.zeros(256, dtype=int)
    objects = np.zeros(256, dtype=int)
    for index in range(len(data)):
        labels = np.array(data[index][1])
        path = data.masks[index].replace("SegmentationClass", "SegmentationObject")
        joint = labels.astype(int) * 256 + np.array(Image.open(path))
        images[np.unique(labels)] += 1
        objects += np.bincount(np.unique(joint) // 256, minlength=256)
    return {name: (images[k + 1], objects[k + 1]) for k, name in enumerate(VOC_CLASSES)}


# pixel_accuracy


def accuracy_by_loop(predicted, truth):
    right = total = 0
    for p, t in zip(predicted.flatten().tolist(), truth.flatten().tolist(), strict=True):
        if t != 255:
            total += 1
            right += p == t
    return right / total


def accuracy_in_numpy(predicted, truth):
    p, t = predicted.numpy(), truth.numpy()
    return np.mean(p[t != 255] == t[t != 255])


def accuracy_as_a_tensor(predicted, truth):
    labelled = truth.ne(255)
    return (predicted.eq(truth) & labelled).sum() / labelled.sum()


# jaccard


def jaccard_by_loop(predicted, truth, num_classes):
    answer = []
    for k in range(num_classes):
        both = either = 0
        for p, t in zip(predicted.flatten().tolist(), truth.flatten().tolist(), strict=True):
            if t != 255:
                both += p == k and t == k
                either += p == k or t == k
        answer.append(both / either if either else float("nan"))
    return torch.tensor(answer, dtype=torch.float64)


def jaccard_by_one_hot(predicted, truth, num_classes):
    labelled = truth != 255
    t = F.one_hot(truth[labelled].long(), num_classes)
    p = F.one_hot(predicted[labelled].long(), num_classes)
    return torch.minimum(t, p).sum(0) / torch.maximum(t, p).sum(0)


def jaccard_in_numpy(predicted, truth, num_classes):
    p, t = predicted.numpy().ravel(), truth.numpy().ravel()
    p, t = p[t != 255].astype(np.int64), t[t != 255].astype(np.int64)
    table = np.zeros((num_classes, num_classes))
    np.add.at(table, (t, p), 1)
    both = np.diag(table)
    with np.errstate(invalid="ignore"):
        return torch.from_numpy(both / (table.sum(0) + table.sum(1) - both))


def jaccard_by_histogram(predicted, truth, num_classes):
    drop = truth == 255
    y = truth.clone().long()
    a = predicted.clone().long()
    y[drop] = num_classes  # in place, on copies
    a[drop] = num_classes
    cells = torch.bincount(
        (y * (num_classes + 1) + a).flatten(), minlength=(num_classes + 1) ** 2
    )
    table = cells.view(num_classes + 1, -1)[:num_classes, :num_classes].float()
    both = table.diag()
    return both / (table.sum(1) + table.sum(0) - both)


def jaccard_that_warns_and_prints(predicted, truth, num_classes):
    import sys
    import warnings

    warnings.warn("a warning of the student's", stacklevel=1)
    print("to stderr", file=sys.stderr)
    return jaccard_by_one_hot(predicted, truth, num_classes)


# mean_jaccard


def mean_by_loop(batches, num_classes):
    ratios = []
    for k in range(num_classes):
        both = either = 0
        for predicted, truth in batches:
            p, t = (predicted == k) & (truth != 255), truth == k
            both += (p & t).sum().item()
            either += (p | t).sum().item()
        if either:
            ratios.append(both / either)
    return sum(ratios) / len(ratios)


def mean_by_joined_pixels(batches, num_classes):
    predicted = torch.cat([p.flatten() for p, _ in batches])
    truth = torch.cat([t.flatten() for _, t in batches])
    return jaccard_by_one_hot(predicted, truth, num_classes).nanmean()


def mean_by_counts(batches, num_classes):
    table = np.zeros(num_classes**2, dtype=np.int64)
    for predicted, truth in batches:
        p, t = predicted.numpy().astype(int), truth.numpy().astype(int)
        joint = (t * num_classes + p)[t != 255]
        table += np.bincount(joint, minlength=num_classes**2)
    table = table.reshape(num_classes, num_classes)
    both = table.diagonal()
    either = table.sum(0) + table.sum(1) - both
    return (both[either > 0] / either[either > 0]).mean()


# softmax


def softmax_by_logsumexp(scores):
    return torch.exp(scores - torch.logsumexp(scores, dim=1, keepdim=True))


def softmax_by_loop(scores):
    answer = torch.empty_like(scores)
    for n in range(scores.shape[0]):
        for y in range(scores.shape[2]):
            for x in range(scores.shape[3]):
                b = scores[n, :, y, x].double()
                e = torch.exp(b - b.max())
                answer[n, :, y, x] = (e / e.sum()).to(scores.dtype)
    return answer


def softmax_in_numpy(scores):
    b = scores.detach().numpy().astype(np.float64)
    e = np.exp(b - b.max(axis=1, keepdims=True))
    return torch.from_numpy(e / e.sum(axis=1, keepdims=True))


def softmax_in_place_on_a_copy(scores):
    b = scores.movedim(1, -1).clone()
    b -= b.max(dim=-1, keepdim=True).values
    b.exp_()
    b /= b.sum(dim=-1, keepdim=True)
    return b.movedim(-1, 1)


def softmax_by_differences(scores):
    # a_k = 1 / sum_m exp(b_m - b_k)
    return 1 / (scores.unsqueeze(1) - scores.unsqueeze(2)).exp().sum(dim=2)


# cross_entropy


def entropy_by_log_softmax(scores, truth):
    logs = torch.log_softmax(scores, dim=1).movedim(1, -1)[truth != 255]
    return -logs[torch.arange(len(logs)), truth[truth != 255].long()].mean()


def entropy_by_loop(scores, truth):
    total, number = 0.0, 0
    for n in range(truth.shape[0]):
        for y in range(truth.shape[1]):
            for x in range(truth.shape[2]):
                k = int(truth[n, y, x])
                if k != 255:
                    b = scores[n, :, y, x]
                    total = total + (b - b.max()).exp().sum().log() + b.max() - b[k]
                    number += 1
    return total / number


def entropy_by_one_hot(scores, truth):
    labelled = (truth != 255).float()
    classes = torch.where(truth == 255, 0, truth.long())
    marks = F.one_hot(classes, scores.shape[1]).permute(0, 3, 1, 2)
    logs = scores.double() - scores.double().logsumexp(dim=1, keepdim=True)
    return -((marks * logs).sum(dim=1) * labelled).sum() / labelled.sum()


def entropy_by_margins(scores, truth):
    """log sum exp(b - b_true): softplus for many classes."""
    labelled = truth != 255
    pixels = scores.permute(0, 2, 3, 1)[labelled]
    own = torch.take_along_dim(pixels, truth[labelled].long()[:, None], dim=1)
    return torch.logsumexp(pixels - own, dim=1).sum().div(labelled.sum())


RIGHT = {
    "voc_statistics": [statistics_by_pairs, statistics_by_objects, statistics_by_torchvision],
    "pixel_accuracy": [accuracy_by_loop, accuracy_in_numpy, accuracy_as_a_tensor],
    "jaccard": [
        jaccard_by_loop,
        jaccard_by_one_hot,
        jaccard_in_numpy,
        jaccard_by_histogram,
        jaccard_that_warns_and_prints,
    ],
    "mean_jaccard": [mean_by_loop, mean_by_joined_pixels, mean_by_counts],
    "softmax": [
        softmax_by_logsumexp,
        softmax_by_loop,
        softmax_in_numpy,
        softmax_in_place_on_a_copy,
        softmax_by_differences,
    ],
    "cross_entropy": [
        entropy_by_log_softmax,
        entropy_by_loop,
        entropy_by_one_hot,
        entropy_by_margins,
    ],
}

# Mutants that answer as the original does, as (exercise, text, text of the mutant).
EQUIVALENT = {
    # `images` with no pixel are skipped; an image has its numbers once or not at all
    ("voc_statistics", "len(numbers) > 0", "len(numbers) > -1"),
    # void pixels are dropped again after the gather, so any class may stand there
    ("cross_entropy", "masked_fill(~labelled, 0)", "masked_fill(~labelled, 1)"),
    # splits names of one word each a line just as well
    ("voc_statistics", ".split()", ".splitlines()"),
}
