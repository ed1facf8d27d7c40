"""metrics_and_loss, pixel by pixel: plain loops, slow and plain to see."""

import math
from pathlib import Path

import numpy as np
import torch
from PIL import Image

__all__ = [
    "cross_entropy",
    "jaccard",
    "mean_jaccard",
    "pixel_accuracy",
    "softmax",
    "voc_statistics",
]


def voc_statistics(root, image_set):
    names = "aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse"
    names += " motorbike person pottedplant sheep sofa train tvmonitor"
    voc = Path(root) / "VOCdevkit" / "VOC2012"
    listed = voc / "ImageSets" / "Segmentation" / f"{image_set}.txt"
    found = {name: [0, 0] for name in names.split()}
    for image in listed.read_text().split():
        classes = np.asarray(Image.open(voc / "SegmentationClass" / f"{image}.png"))
        objects = np.asarray(Image.open(voc / "SegmentationObject" / f"{image}.png"))
        for number, name in enumerate(found, start=1):
            here = set(objects[classes == number].tolist()) - {0, 255}
            found[name][0] += bool((classes == number).any())
            found[name][1] += len(here)
    return {name: tuple(counts) for name, counts in found.items()}


def pixel_accuracy(predicted, truth):
    right = labelled = 0
    for p, t in zip(predicted.flatten().tolist(), truth.flatten().tolist(), strict=True):
        if t != 255:
            labelled += 1
            right += p == t
    return right / labelled if labelled else math.nan


def jaccard(predicted, truth, num_classes):
    both = [0] * num_classes
    either = [0] * num_classes
    for p, t in zip(predicted.flatten().tolist(), truth.flatten().tolist(), strict=True):
        if t == 255:
            continue
        either[t] += 1
        if p == t:
            both[t] += 1
        else:
            either[p] += 1
    return torch.tensor([b / e if e else math.nan for b, e in zip(both, either, strict=True)])


def mean_jaccard(batches, num_classes):
    both = [0] * num_classes
    either = [0] * num_classes
    for predicted, truth in batches:
        for p, t in zip(predicted.flatten().tolist(), truth.flatten().tolist(), strict=True):
            if t == 255:
                continue
            either[t] += 1
            if p == t:
                both[t] += 1
            else:
                either[p] += 1
    scores = [b / e for b, e in zip(both, either, strict=True) if e]
    return sum(scores) / len(scores) if scores else math.nan


def softmax(scores):
    largest = scores[:, 0]
    for k in range(1, scores.shape[1]):
        largest = torch.maximum(largest, scores[:, k])
    powers = [(scores[:, k] - largest).exp() for k in range(scores.shape[1])]
    total = powers[0]
    for power in powers[1:]:
        total = total + power
    return torch.stack([power / total for power in powers], dim=1)


def cross_entropy(scores, truth):
    largest = scores.amax(dim=1, keepdim=True).detach()
    shifted = scores - largest
    total = shifted[:, 0].exp()
    for k in range(1, shifted.shape[1]):
        total = total + shifted[:, k].exp()
    logarithms = shifted - total.log().unsqueeze(1)
    loss = scores.new_zeros(())
    for k in range(scores.shape[1]):
        loss = loss - logarithms[:, k][truth == k].sum()
    return loss / (truth != 255).sum()
