"""Every class of the data has a name in the catalogue's list."""

from course_utils.data import VOC_CLASSES
from course_utils.data.shapes_voc import SHAPES_CLASSES
from course_utils.figures.names import _MARKED, shown
from course_utils.i18n import speaking


def test_every_class_of_both_data_sets_is_marked_for_translation():
    assert {"background", *VOC_CLASSES, *SHAPES_CLASSES} <= set(_MARKED)
    assert len(set(_MARKED)) == len(_MARKED)


def test_every_marked_name_is_russian_in_russian():
    with speaking("ru"):
        latin = [name for name in _MARKED if shown(name) == name]
    assert not latin


def test_an_unknown_name_is_shown_as_it_is():
    assert shown("unicorn") == "unicorn"
