"""VOC 2012's own statistics of its segmentation sets, as printed: a fact to compare with.

The lecture quotes the table. `voc_statistics` must give it on the real files.
Source: Everingham & Winn 2012, VOC2012 Development Kit, table 2.
"""

from course_utils.data.voc import VOC_CLASSES, ClassCount, Statistics

__all__ = ["VOC2012_STATISTICS"]

# One row a class, in VOC's order: train images, train objects, val images, val objects.
# fmt: off
_ROWS = (
    (88, 108, 90, 110), (65, 94, 79, 103), (105, 137, 103, 140), (78, 124, 72, 108),
    (87, 195, 96, 162), (78, 121, 74, 116), (128, 209, 127, 249), (131, 154, 119, 132),
    (148, 303, 123, 245), (64, 152, 71, 132), (82, 86, 75, 82), (121, 149, 128, 150),
    (68, 100, 79, 104), (81, 101, 76, 103), (442, 868, 445, 865), (82, 151, 85, 171),
    (63, 155, 57, 153), (93, 103, 90, 106), (83, 96, 84, 93), (84, 101, 74, 98),
)
# fmt: on


def _column(first: int, images: int) -> Statistics:
    pairs = zip(VOC_CLASSES, _ROWS, strict=True)
    return Statistics(
        {name: ClassCount(*row[first : first + 2]) for name, row in pairs}, images
    )


VOC2012_STATISTICS = {"train": _column(0, images=1464), "val": _column(2, images=1449)}
