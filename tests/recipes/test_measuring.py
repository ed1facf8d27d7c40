"""Measures against a plain loop; the table keeps measured and quoted apart."""

import pytest
import torch
from torch import nn

from course_utils.data.published import FCN_PUBLISHED
from course_utils.data.published_dilated import DILATED_VALIDATION
from course_utils.data.voc import VOID
from course_utils.i18n import speaking
from course_utils.recipes.measuring import comparison, mean_accuracy, measure
from course_utils.recipes.registry import RECIPES
from course_utils.reference.placement import Placement

NAMES = ("background", "disc", "square", "star")
CPU = Placement.choose("cpu", "float32")
MEASURED = {
    "pixel_accuracy": 81.26, "mean_accuracy": 50.0, "mean_jaccard": 43.21,
    "jaccard": {"background": 90.04, "disc": None},
}  # fmt: skip


class Echo(nn.Module):
    """Logits that say what channel 0 of the image holds."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, images):
        return nn.functional.one_hot(images[:, 0].long(), 4).permute(0, 3, 1, 2).float()


def pairs(number=3):
    """Predictions 0..2 in images of unequal sizes; class 3 is in the truth, 2 in no truth."""
    draw = torch.Generator().manual_seed(0)
    for side in range(4, 4 + number):
        predicted = torch.randint(3, (1, side, 5), generator=draw)
        truth = torch.randint(4, (1, side, 5), generator=draw)
        truth[truth == 2] = VOID
        yield predicted.float()[:, None].expand(-1, 3, -1, -1), truth


def test_measures_equal_a_plain_loop_over_all_pixels():
    pixels = [
        (p, t)
        for images, truth in pairs()
        for p, t in zip(images[:, 0].flatten().tolist(), truth.flatten().tolist(), strict=True)
        if t != VOID
    ]
    accuracy, jaccards = [], []
    for k in range(4):
        both = sum(p == t == k for p, t in pixels)
        of_truth = sum(t == k for _p, t in pixels)
        accuracy += [both / of_truth] if of_truth else []
        jaccards.append(100 * both / sum(k in pair for pair in pixels))
    measured = measure(Echo(), pairs(), NAMES, CPU)
    assert measured["pixel_accuracy"] == pytest.approx(
        100 * sum(p == t for p, t in pixels) / len(pixels)
    )
    assert len(accuracy) == 3
    assert measured["mean_accuracy"] == pytest.approx(100 * sum(accuracy) / 3)
    assert list(measured["jaccard"].values()) == pytest.approx(jaccards)
    assert measured["mean_jaccard"] == pytest.approx(sum(jaccards) / 4)


def test_mean_accuracy_by_hand():
    counts = torch.tensor([[3, 1, 0], [2, 2, 0], [0, 0, 0]])
    assert mean_accuracy(counts).item() == pytest.approx((3 / 4 + 2 / 4) / 2)


def test_a_class_that_nobody_has_seen_has_no_value():
    measured = measure(Echo(), [next(iter(pairs()))], (*NAMES[:3], "star"), CPU)
    still = [(torch.zeros(1, 3, 2, 2), torch.zeros(1, 2, 2, dtype=torch.long))]
    assert measure(Echo(), still, NAMES, CPU)["jaccard"]["star"] is None
    assert measured["jaccard"]["star"] == 0


def test_a_network_is_measured_in_evaluation_mode():
    network = nn.Sequential(nn.Dropout(0.9), Echo()).train()
    images = torch.ones(1, 3, 6, 6)
    truth = torch.ones(1, 6, 6, dtype=torch.long)
    assert measure(network, [(images, truth)], NAMES, CPU)["pixel_accuracy"] == 100


def columns(table):
    """First cell -> the other cells of a row."""
    rows = [line.split() for line in table.splitlines()]
    return {" ".join(row[:-2]): row[-2:] for row in rows if len(row) > 2}


def test_measured_and_quoted_stand_side_by_side_and_are_told_apart():
    table = comparison(MEASURED, "on VOC, on a GPU", RECIPES["fcn16s"].quoted, on_voc=True)
    rows, published = columns(table), FCN_PUBLISHED[16]
    assert rows["pixel accuracy"] == ["81.3", f"{published.pixel_accuracy}"]
    assert rows["mean accuracy"] == ["50.0", f"{published.mean_accuracy}"]
    assert rows["mean Jaccard"] == ["43.2", f"{published.mean_jaccard}"]
    assert rows["background"] == ["90.0", "—"]
    assert "Measured here: on VOC, on a GPU." in table
    assert "Quoted, not measured here: FCN-16s: Long et al. 2015" in table
    assert "not to be compared" not in table
    head = table.splitlines()[0]
    assert head.index("measured here") < head.index("FCN-16s (quoted)")


def test_what_no_source_prints_is_a_dash():
    table = comparison(MEASURED, "x", RECIPES["context"].quoted, on_voc=True)
    rows = columns(table)
    assert rows["pixel accuracy"] == ["81.3", "—"]
    assert rows["mean Jaccard"] == ["43.2", f"{DILATED_VALIDATION['basic']}"]


def test_on_drawn_scenes_the_table_warns():
    table = comparison(MEASURED, "x", RECIPES["fcn8s"].quoted, on_voc=False)
    assert "not to be compared" in table
    assert "no figure on PASCAL VOC" in comparison(MEASURED, "x", (), on_voc=True)


def test_the_table_speaks_russian():
    with speaking("ru"):
        table = comparison(MEASURED, "x", RECIPES["fcn8s"].quoted, on_voc=False)
    assert "измерено здесь" in table
    assert "measured" not in table
