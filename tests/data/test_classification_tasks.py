"""Near and far tasks: balanced, repeatable, the same form on either data set."""

import pytest
import torch

from course_utils.data.classification_tasks import CHANGES, VOC_NEAR, load_tasks
from tests.notebooks.voc_like import make


@pytest.fixture(scope="module")
def drawn():
    return load_tasks(4, 2, size=32)


@pytest.fixture(scope="module")
def of_voc(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tasks")
    settings = make(folder, train=60, val=40, networks=())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_DATA_DIR", settings["COURSE_DATA_DIR"])
        return load_tasks(3, 2, size=32, data="voc2012")


@pytest.mark.parametrize("which", ["drawn", "of_voc"])
def test_tasks_are_balanced_images_in_zero_to_one(which, request):
    for task in request.getfixturevalue(which).values():
        kinds = len(task.classes)
        for images, labels in (
            (task.images, task.labels),
            (task.test_images, task.test_labels),
        ):
            assert images.shape[1:] == (3, 32, 32)
            assert images.dtype == torch.float32
            assert 0 <= images.min() < images.max() <= 1
            assert torch.equal(labels, torch.arange(len(images)) % kinds)


def test_the_drawn_tasks_ask_for_outlines_and_for_textures(drawn):
    assert "heart" in drawn["near"].classes
    assert "stripes" in drawn["far"].classes
    assert len(drawn["near"].labels) == 24


def test_voc_s_tasks_ask_for_objects_and_for_what_was_done(of_voc):
    assert of_voc["near"].classes == VOC_NEAR
    assert of_voc["far"].classes == tuple(CHANGES)


def test_the_same_images_come_again(drawn):
    again = load_tasks(4, 2, size=32)
    assert all(torch.equal(drawn[name].images, again[name].images) for name in drawn)
    assert not torch.equal(drawn["near"].images[:12], drawn["near"].test_images)


def test_a_draw_is_balanced_repeatable_and_without_repeats(drawn):
    task = drawn["near"]
    chosen = task.draw(12, seed=1)
    assert task.labels[chosen].bincount().tolist() == [2] * 6
    assert len(set(chosen.tolist())) == 12
    assert torch.equal(chosen, task.draw(12, seed=1))
    assert not torch.equal(chosen, task.draw(12, seed=2))


@pytest.mark.parametrize("number", [0, 7, 30])
def test_a_draw_that_cannot_be_is_an_error(drawn, number):
    with pytest.raises(ValueError, match=f"got {number}"):
        drawn["near"].draw(number, seed=0)


@pytest.mark.parametrize(("arguments", "data"), [((0, 1), "shapes"), ((1, 1), "coco")])
def test_unfit_arguments_are_an_error(arguments, data):
    with pytest.raises(ValueError, match="Expected"):
        load_tasks(*arguments, size=32, data=data)
