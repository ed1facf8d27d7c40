"""VOC's printed table: its own sums."""

from course_utils.data.voc_table import VOC2012_STATISTICS


def test_the_last_row_is_that_of_the_lecture():
    totals = {name: (s.images, s.objects) for name, s in VOC2012_STATISTICS.items()}
    assert totals == {"train": (1464, 3507), "val": (1449, 3422)}


def test_trainval_is_the_sum_of_both_parts_as_the_lecture_prints_it():
    train, val = VOC2012_STATISTICS["train"], VOC2012_STATISTICS["val"]
    printed = {"aeroplane": (178, 218), "person": (887, 1733), "tvmonitor": (158, 199)}
    for name, (images, objects) in printed.items():
        assert train[name].images + val[name].images == images
        assert train[name].objects + val[name].objects == objects


def test_images_do_not_add_up_over_the_classes():
    sums = {n: sum(c.images for c in s.values()) for n, s in VOC2012_STATISTICS.items()}
    assert sums == {"train": 2171, "val": 2147}
