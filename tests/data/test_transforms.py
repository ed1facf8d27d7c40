"""Joint transforms: what happens to the image happens to the mask, and outside is void."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torchvision import tv_tensors
from torchvision.datasets import VOCSegmentation

from course_utils.data.transforms import (
    FILL,
    IMAGENET_NORMALISATION,
    PadTo,
    ToPair,
    eval_transforms,
    train_transforms,
)
from course_utils.data.voc import VOID, read_labels

GEOMETRY_ONLY = {"colour": 0.0}


def pair(height=20, width=30, seed=0):
    """An image whose red channel is ten times the label, and the mask with its labels."""
    labels = np.random.default_rng(seed).integers(1, 21, (4, 6)).astype(np.uint8)
    labels = labels.repeat(-(-height // 4), 0).repeat(-(-width // 6), 1)[:height, :width]
    image = np.stack([10 * labels, 255 - labels, labels], axis=2)
    return Image.fromarray(image), Image.fromarray(labels)


def outside(image):
    """Where the image holds nothing but the fill, (H, W)."""
    fill = torch.tensor(FILL[tv_tensors.Image])[:, None, None] / 255
    return ((image - fill).abs() < 1e-3).all(0)


# training


@settings(max_examples=15, deadline=None)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    rotation=st.sampled_from([0.0, 30.0]),
    seed=st.integers(0, 100),
)
def test_every_pair_ends_with_the_size_asked_for(height, width, size, rotation, seed):
    torch.manual_seed(seed)
    image, mask = train_transforms(size, rotation=rotation)(*pair(height, width))
    assert (image.shape, image.dtype) == ((3, *size), torch.float32)
    assert (mask.shape, mask.dtype) == (size, torch.int64)
    assert type(image) is type(mask) is torch.Tensor
    assert 0 <= image.min() <= image.max() <= 1


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("rotation", [0.0, 45.0])
def test_a_mask_gets_no_label_that_was_not_there_but_void(rotation, seed):
    torch.manual_seed(seed)
    image, mask = pair(seed=seed)
    before = set(np.unique(np.array(mask)).tolist())
    _, after = train_transforms((40, 60), rotation=rotation)(image, mask)
    assert set(after.unique().tolist()) <= before | {VOID}


@pytest.mark.parametrize("seed", range(8))
def test_image_and_mask_are_cropped_flipped_and_padded_alike(seed):
    torch.manual_seed(seed)
    image, mask = train_transforms((32, 32), scale=(1.0, 1.0), **GEOMETRY_ONLY)(
        *pair(32, 32, seed)
    )
    labels = (image[0] * 255 / 10).round().long()
    assert torch.equal(labels, mask)


@pytest.mark.parametrize("options", [{"scale": (0.4, 0.5)}, {"rotation": (90.0)},
                                     {"scale": (0.5, 0.6), "rotation": 40.0}])  # fmt: skip
@pytest.mark.parametrize("seed", range(3))
def test_outside_the_image_the_mask_is_void_and_nowhere_else(options, seed):
    torch.manual_seed(seed)
    white = Image.new("RGB", (40, 30), (255, 255, 255))
    change = train_transforms((40, 40), flip=0.0, **options, **GEOMETRY_ONLY)
    image, mask = change(white, Image.new("L", (40, 30), 7))
    assert set(mask.unique().tolist()) == {7, VOID}
    void = mask == VOID  # on the rim of a turned image white and fill mix
    assert void[outside(image)].all()
    assert not void[(image > 0.999).all(0)].any()
    assert outside(image).sum() > 50


def test_a_flip_of_probability_one_mirrors_and_of_zero_does_not():
    image, mask = pair(16, 16)
    for flip, expected in ((0.0, np.array(mask)), (1.0, np.array(mask)[:, ::-1])):
        change = train_transforms(16, scale=(1.0, 1.0), flip=flip, **GEOMETRY_ONLY)
        assert np.array_equal(change(image, mask)[1].numpy(), expected)


def test_by_default_half_of_the_pairs_are_mirrored():
    change = train_transforms(16, scale=(1.0, 1.0), **GEOMETRY_ONLY)
    image, mask = pair(16, 16)
    torch.manual_seed(0)
    same = sum(
        np.array_equal(change(image, mask)[1].numpy(), np.array(mask)) for _ in range(200)
    )
    assert 70 < same < 130


def test_scale_is_relative_to_the_size_asked_for():
    torch.manual_seed(0)
    _, mask = train_transforms((80, 80), scale=(0.5, 0.5))(*pair(20, 20))
    assert (mask != VOID).sum() == 40 * 40


def test_by_default_images_shrink_and_grow():
    torch.manual_seed(0)
    change, inside = train_transforms(64), []
    for _ in range(30):
        inside.append(int((change(*pair(64, 64))[1] != VOID).sum()))
    assert max(inside) == 64 * 64  # grown ones fill the crop
    assert min(inside) < 56 * 56


def test_colours_change_in_the_image_alone():
    torch.manual_seed(0)
    image, mask = pair(16, 16)
    change = train_transforms(16, scale=(1.0, 1.0), flip=0.0, colour=0.5)
    changed, same = change(image, mask)
    assert np.array_equal(same.numpy(), np.array(mask))
    assert not torch.equal((changed * 255).round().byte(), ToPair()(image, mask)[0])


@pytest.mark.parametrize("property_", ["brightness", "contrast", "saturation"])
def test_brightness_contrast_and_saturation_change_by_the_share_given(property_):
    jitter = train_transforms(16, colour=0.3).transforms[1]
    assert tuple(getattr(jitter, property_)) == pytest.approx((0.7, 1.3))


def test_the_same_seed_gives_the_same_pair():
    def draw():
        torch.manual_seed(3)
        return train_transforms(24, rotation=10)(*pair())

    for first, second in zip(draw(), draw(), strict=True):
        assert torch.equal(first, second)


# evaluation


def test_evaluation_changes_nothing_but_the_numbers():
    image, mask = pair(13, 17)
    pixels, labels = eval_transforms()(image, mask)
    assert np.array_equal(labels.numpy(), np.array(mask))
    expected = np.asarray(image, dtype=np.float32).transpose(2, 0, 1) / 255
    np.testing.assert_allclose(pixels.numpy(), expected, atol=1e-7)
    assert (pixels.dtype, labels.dtype) == (torch.float32, torch.int64)
    assert type(pixels) is type(labels) is torch.Tensor


@settings(max_examples=10, deadline=None)
@given(height=st.integers(1, 20), width=st.integers(1, 20))
def test_padding_for_evaluation_is_void_at_the_right_and_below(height, width):
    image, mask = pair(height, width)
    pixels, labels = eval_transforms((20, 24))(image, mask)
    assert pixels.shape == (3, 20, 24)
    assert np.array_equal(labels[:height, :width].numpy(), np.array(mask))
    labels[:height, :width] = VOID
    assert (labels == VOID).all()
    around = outside(pixels)
    assert around[height:].all()
    assert around[:, width:].all()


@pytest.mark.parametrize("size", [(10, 30), (30, 10), 19])
def test_an_image_too_large_is_refused_not_shrunk(size):
    with pytest.raises(ValueError, match=r"at most .*, got 20 x 30"):
        eval_transforms(size)(*pair(20, 30))


def test_normalisation_is_of_each_channel():
    image, mask = pair()
    plain, _ = eval_transforms()(image, mask)
    normal, labels = eval_transforms(normalisation=IMAGENET_NORMALISATION)(image, mask)
    mean, deviation = (torch.tensor(part)[:, None, None] for part in IMAGENET_NORMALISATION)
    torch.testing.assert_close(normal, (plain - mean) / deviation)
    assert np.array_equal(labels.numpy(), np.array(mask))
    torch.manual_seed(0)
    normal, _ = train_transforms(16, normalisation=IMAGENET_NORMALISATION)(image, mask)
    torch.manual_seed(0)
    plain, _ = train_transforms(16)(image, mask)
    torch.testing.assert_close(normal, (plain - mean) / deviation)


def test_the_normalisation_is_that_of_torchvisions_weights():
    from torchvision.models import AlexNet_Weights

    preset = AlexNet_Weights.DEFAULT.transforms()
    assert [list(part) for part in IMAGENET_NORMALISATION] == [preset.mean, preset.std]


def test_the_fill_is_about_zero_once_normalised():
    mean, deviation = (torch.tensor(part) for part in IMAGENET_NORMALISATION)
    fill = torch.tensor(FILL[tv_tensors.Image]) / 255
    assert ((fill - mean) / deviation).abs().max() < 0.02


# inputs


@pytest.mark.parametrize("kind", ["PIL", "array", "view", "tensor"])
def test_a_pair_may_be_pil_arrays_views_or_tensors(kind):
    image, mask = pair(5, 7)
    pixels, labels = np.array(image), np.array(mask)
    given_pair = {
        "PIL": (image, mask),
        "array": (pixels, labels),
        "view": (np.asfortranarray(pixels), np.ascontiguousarray(labels[:, ::-1])[:, ::-1]),
        "tensor": (torch.tensor(pixels).permute(2, 0, 1), torch.tensor(labels)),
    }[kind]
    first, second = ToPair()(*given_pair)
    assert isinstance(first, tv_tensors.Image)
    assert isinstance(second, tv_tensors.Mask)
    assert np.array_equal(first.permute(1, 2, 0).numpy(), pixels)
    assert np.array_equal(second.numpy(), labels)


def test_what_is_given_is_not_changed():
    pixels, labels = (np.array(part) for part in pair(16, 16))
    before = pixels.copy(), labels.copy()
    torch.manual_seed(0)
    train_transforms(16)(pixels, labels)
    eval_transforms(20)(pixels, labels)
    assert np.array_equal(pixels, before[0])
    assert np.array_equal(labels, before[1])


def test_a_grey_picture_gets_three_channels():
    image, _ = ToPair()(Image.new("L", (3, 2), 7), Image.new("L", (3, 2)))
    assert image.shape == (3, 2, 3)


PICTURE, LABELS = torch.zeros(3, 2, 3).byte(), torch.zeros(2, 3).byte()


@pytest.mark.parametrize(
    ("image", "mask", "error", "message"),
    [
        (PICTURE, Image.new("L", (2, 3)), ValueError, r"\(3, 2, 3\).*\(3, 2\)"),
        (PICTURE, Image.new("RGB", (3, 2)), ValueError, "mode RGB"),
        (PICTURE[:1], LABELS, ValueError, r"got \(1, 2, 3\)"),
        (PICTURE[None], LABELS, ValueError, r"got \(1, 3, 2, 3\)"),
        (PICTURE, LABELS[None], ValueError, r"\(3, 2, 3\) and \(1, 2, 3\)"),
        (np.zeros((2, 3), np.uint8), LABELS, ValueError, r"got \(1, 2, 3\)"),
        (PICTURE.float(), LABELS, TypeError, r"uint8, 0\.\.255, got torch\.float32"),
        (PICTURE, LABELS.long(), TypeError, r"uint8 labels, got torch\.int64"),
        ([1], LABELS, TypeError, "the image as .* got list"),
        (PICTURE, None, TypeError, "the mask as .* got NoneType"),
    ],
)
def test_a_pair_that_does_not_fit_is_refused_by_name(image, mask, error, message):
    with pytest.raises(error, match=message):
        ToPair()(image, mask)


@pytest.mark.parametrize("size", [0, (4, 0), (0, 4)])
def test_a_size_of_nothing_is_refused(size):
    for make in (train_transforms, eval_transforms, PadTo):
        with pytest.raises(ValueError, match="at least 1 x 1"):
            make(size)


@pytest.mark.parametrize("scale", [(0.0, 1.0), (2.0, 1.0)])
def test_a_scale_out_of_order_is_refused(scale):
    with pytest.raises(ValueError, match="0 < lowest <= highest"):
        train_transforms(16, scale=scale)


def test_the_smallest_size_is_one_pixel():
    image, mask = train_transforms(1)(*pair())
    assert (image.shape, mask.shape) == ((3, 1, 1), (1, 1))


def test_real_photographs_go_through_torchvisions_data_set(voc_sample):
    torch.manual_seed(0)
    options = {"root": voc_sample, "year": "2012", "image_set": "val"}
    plain = VOCSegmentation(**options, transforms=eval_transforms())
    for index, (image, mask) in enumerate(plain):
        labels = read_labels(plain.masks[index])
        assert image.shape == (3, *labels.shape)
        assert np.array_equal(mask.numpy(), labels)
    changed = VOCSegmentation(**options, transforms=train_transforms(128, rotation=10))
    batch = torch.utils.data.default_collate(list(changed))
    assert [part.shape for part in batch] == [(len(plain), 3, 128, 128), (len(plain), 128, 128)]
