"""The names of classes in the reader's language.

The data speak English, as VOC's files do; what a figure shows goes through the catalogue.
A name that is not in the list is shown as it is.
"""

from course_utils.i18n import N_, _

__all__ = ["shown"]

# Marked here so that the catalogue holds them; the lists themselves live beside the data.
_MARKED = (
    N_("background"),
    N_("object"),
    N_("seam"),
    # ShapesVOC
    N_("disc"),
    N_("square"),
    N_("triangle"),
    N_("star"),
    N_("cross"),
    N_("ring"),
    # PASCAL VOC
    N_("aeroplane"),
    N_("bicycle"),
    N_("bird"),
    N_("boat"),
    N_("bottle"),
    N_("bus"),
    N_("car"),
    N_("cat"),
    N_("chair"),
    N_("cow"),
    N_("diningtable"),
    N_("dog"),
    N_("horse"),
    N_("motorbike"),
    N_("person"),
    N_("pottedplant"),
    N_("sheep"),
    N_("sofa"),
    N_("train"),
    N_("tvmonitor"),
)


def shown(name: str) -> str:
    """The class's name as the reader should see it."""
    return _(name)
