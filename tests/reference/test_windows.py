"""Windows: their number and places by plain loops, what is cut out of them by slices."""

import pytest
import torch
from torch import nn

from course_utils.data import VOID
from course_utils.reference.windows import (
    centre_windows,
    crop_windows,
    square_windows,
    window_features,
    window_grid,
    window_labels,
)


def pixels(box):
    """The pixels of a box of whole numbers: IoU by counting them, no formula."""
    left, top, right, bottom = (int(x) for x in box)
    return {(x, y) for x in range(left, right) for y in range(top, bottom)}


def counted_iou(one, other):
    one, other = pixels(one), pixels(other)
    return len(one & other) / len(one | other)


@pytest.mark.parametrize(("height", "width", "size", "stride"), [(9, 7, 3, 2), (8, 8, 8, 5)])
def test_a_grid_has_every_window_that_fits_row_by_row(height, width, size, stride):
    expected = [
        [x, y, x + size, y + size]
        for y in range(0, height, stride)
        for x in range(0, width, stride)
        if y + size <= height and x + size <= width
    ]
    assert window_grid(height, width, size, stride).tolist() == expected


@pytest.mark.parametrize(("size", "stride"), [(0, 1), (10, 1), (4, 0)])
def test_a_grid_that_cannot_be_says_so(size, stride):
    with pytest.raises(ValueError, match="size"):
        window_grid(9, 9, size, stride)


def test_centre_windows_lie_about_every_stride_th_pixel():
    windows = centre_windows(8, 12, size=6, stride=4)
    middles = (windows[:, :2] + windows[:, 2:]) / 2
    assert middles.tolist() == [[x, y] for y in (2, 6) for x in (2, 6, 10)]
    assert ((windows[:, 2:] - windows[:, :2]) == 6).all()
    with pytest.raises(ValueError, match="even"):
        centre_windows(8, 8, size=5, stride=4)


def test_a_square_keeps_the_middle_and_takes_the_longer_side():
    boxes = torch.tensor([[0.0, 10, 20, 14], [2, 2, 4, 10]])
    assert square_windows(boxes).tolist() == [[0, 2, 20, 22], [-1, 2, 7, 10]]
    assert square_windows(boxes[:1], 1.5).tolist() == [[-5, -3, 25, 27]]


def test_a_window_at_its_own_size_is_a_slice():
    image = torch.rand(3, 12, 10, generator=torch.Generator().manual_seed(0))
    crops = crop_windows(image, torch.tensor([[1.0, 2, 7, 8], [4, 6, 10, 12]]), side=6)
    assert torch.allclose(crops[0], image[:, 2:8, 1:7], atol=1e-6)
    assert torch.allclose(crops[1], image[:, 6:12, 4:10], atol=1e-6)


def test_a_window_at_half_its_size_averages_its_pixels():
    image = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(1))
    small = crop_windows(image, torch.tensor([[0.0, 0, 8, 8]]), side=4)[0]
    assert torch.allclose(small, nn.functional.avg_pool2d(image, 2), atol=1e-5)


def test_beyond_the_image_a_window_shows_it_mirrored():
    image = torch.arange(16.0).reshape(1, 4, 4).expand(3, 4, 4)
    crop = crop_windows(image, torch.tensor([[-2.0, 0, 2, 4]]), side=4)[0, 0]
    assert torch.allclose(crop, image[0][:, [2, 1, 0, 1]], atol=1e-5)


def test_features_are_the_layer_of_each_window_averaged_over_it():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 5, 3), nn.ReLU(), nn.Dropout(0.5), nn.Flatten()).train()
    images, windows = torch.rand(2, 3, 16, 16), window_grid(16, 16, 8, 4)
    found = window_features(model, images, windows, "1", side=8)
    assert model.training
    assert found.shape == (2, 9, 5)
    for n, (left, top, right, bottom) in ((1, (4, 8, 12, 16)), (0, (0, 0, 8, 8))):
        window = images[n : n + 1, :, top:bottom, left:right]
        index = windows.tolist().index([left, top, right, bottom])
        expected = model[:2](window).mean(dim=(2, 3))[0]
        assert torch.allclose(found[n, index], expected, atol=1e-5)


def test_labels_follow_the_best_overlap_counted_pixel_by_pixel():
    draw = torch.Generator().manual_seed(3)
    corners = torch.randint(0, 12, (6, 2), generator=draw)
    boxes = torch.cat([corners, corners + torch.randint(3, 9, (6, 2), generator=draw)], 1)
    classes = torch.tensor([3, 1, 2, 1, 3, 2])
    windows = window_grid(20, 20, 6, 2)
    labels = window_labels(windows, classes, boxes.float())
    for window, label in zip(windows, labels.tolist(), strict=True):
        overlaps = [counted_iou(window, box) for box in boxes]
        best = max(overlaps)
        if best >= 0.5:
            assert label in {int(classes[i]) for i, o in enumerate(overlaps) if o == best}
        else:
            assert label == (0 if best < 0.3 else VOID)
    assert {0, VOID} < set(labels.tolist())


def test_without_objects_every_window_is_background():
    labels = window_labels(window_grid(8, 8, 4, 2), torch.zeros(0).long(), torch.zeros(0, 4))
    assert labels.tolist() == [0] * 9
