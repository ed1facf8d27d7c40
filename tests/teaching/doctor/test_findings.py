"""Every finding has its sentences in both languages."""

import string

import pytest

from course_utils.i18n import speaking
from course_utils.teaching.doctor.findings import KINDS, Finding, first_words

RUSSIAN = set("абвгдеёжзийклмнопрстуфхцчшщъыьэюя")


def fields(*texts):
    return {
        name for text in texts for _a, name, _b, _c in string.Formatter().parse(text) if name
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_finding_is_said_in_both_languages(kind):
    values = {name: f"<{name}>" for name in fields(KINDS[kind].wrong, KINDS[kind].cure)}
    finding = Finding(kind, 3, "x = 1", values)
    said = {}
    for language in ("en", "ru"):
        with speaking(language):
            said[language] = (finding.wrong(), finding.cure())
    for english, russian in zip(said["en"], said["ru"], strict=True):
        assert not RUSSIAN & set(english.lower())
        assert RUSSIAN & set(russian.lower())
        assert english.endswith(".")
        shown = {value for value in values.values() if value in english}
        assert shown == {value for value in values.values() if value in russian}


def test_a_cell_is_named_by_its_number_and_its_first_words():
    assert Finding("twice", 5, first_words("\n\n  def f(x):\n    return x")).where() == (
        "5: def f(x):"
    )
    assert len(first_words("x" * 1000)) == 40
    assert first_words("\x1b[31mred\nblue") == "[31mred"
