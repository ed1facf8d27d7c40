"""Published figures, against the digits of Long et al. 2015, table 2."""

from course_utils.data.published import FCN_PUBLISHED


def test_the_table_of_long_et_al():
    rows = {
        stride: (row.pixel_accuracy, row.mean_accuracy, row.mean_jaccard)
        for stride, row in FCN_PUBLISHED.items()
    }
    assert rows == {32: (89.1, 73.3, 59.4), 16: (90.0, 75.7, 62.4), 8: (90.3, 75.9, 62.7)}
