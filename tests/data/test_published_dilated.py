"""Published numbers: the background that is not printed follows from those that are."""

from course_utils.data.published_dilated import (
    DILATED_TEST,
    DILATED_VALIDATION,
    PublishedMean,
)


def test_the_background_lies_where_the_rounded_means_let_it():
    assert all(91 < each.background < 93 for each in DILATED_TEST.values())
    assert PublishedMean(mean=50.0, objects=1000.0).background == 50.0


def test_the_front_end_leads_and_context_adds():
    means = {name: each.mean for name, each in DILATED_TEST.items()}
    assert means == {"FCN-8s": 62.2, "DeepLab": 62.1, "front end": 67.6}
    values = list(DILATED_VALIDATION.values())
    assert values == sorted(values) == [69.8, 71.3, 72.1]
