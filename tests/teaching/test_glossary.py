"""The glossary: one source, a page a language, every mistake in the source named."""

import pytest

from course_utils.teaching import build, config, glossary, notebooks
from course_utils.teaching.errors import CourseError
from tests.teaching.small_course import edit, make_course

SOURCE = """
[[term]]
id = "sum"
ru = "сумма"
en = "sum"
also_ru = ["итог"]
lectures = ["01_adding"]
text_ru = "Что получается, если сложить."
text_en = "What adding gives."

[[term]]
id = "hedgehog"
ru = "ёж"
en = "Addend"
lectures = ["01_adding"]
text_ru = "Слагаемое."
text_en = "What is added."

[[term]]
id = "pine"
ru = "ель"
en = "tree"
lectures = ["01_adding"]
text_ru = "Дерево."
text_en = "A tree."
"""


@pytest.fixture
def root(tmp_path):
    root = make_course(tmp_path / "course")
    (root / "docs").mkdir()
    (root / "docs/glossary.toml").write_text(SOURCE, encoding="utf-8")
    return root


def pages(root):
    found = glossary.pages(config.load(root))
    return {path.name: content.decode() for path, content in found.items()}


def test_each_page_is_in_alphabetical_order_of_its_own_language(root):
    found = pages(root)
    order = {
        name: [line[4:] for line in page.splitlines() if line.startswith("### ")]
        for name, page in found.items()
    }
    assert order == {
        "glossary_ru.md": ["ёж", "ель", "сумма"],
        "glossary_en.md": ["Addend", "sum", "tree"],
    }


def test_a_term_names_its_twin_its_other_words_and_its_lectures(root):
    found = pages(root)
    assert "*по-английски [sum](glossary_en.md#sum); также: итог*" in found["glossary_ru.md"]
    assert "*in Russian [сумма](glossary_ru.md#sum)*" in found["glossary_en.md"]
    assert "Лекции: [01](../lectures/ru/01_adding.ipynb)" in found["glossary_ru.md"]
    assert all('<a id="sum"></a>' in page for page in found.values())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('text_en = "What adding gives."', "", "term 1.*expected 'text_en'"),
        ('also_ru = ["итог"]', 'also = ["итог"]', "unknown key 'also'"),
        ('id = "pine"', 'id = "sum"', "there already"),
        ('id = "pine"', 'id = "Pine tree"', "expected an id"),
        ('id = "sum"', "id = ", "not TOML"),
    ],
)
def test_what_is_wrong_in_the_source_is_named(root, old, new, words):
    edit(root / "docs/glossary.toml", old, new)
    with pytest.raises(CourseError, match=words):
        pages(root)


def test_a_lecture_that_is_not_there_is_named(root):
    text = SOURCE.replace("01_adding", "09_dividing", 1)
    (root / "docs/glossary.toml").write_text(text, encoding="utf-8")
    with pytest.raises(CourseError, match="out of 01_adding, got '09_dividing'"):
        pages(root)


def test_the_pages_are_built_checked_and_linked(root):
    course = config.load(root)
    assert build.check(course, ["glossary"]) == [
        f"docs/glossary_{language}.md: missing. Run `course build glossary`."
        for language in ("ru", "en")
    ]
    build.build(course, ["glossary"])
    assert build.check(course, ["glossary"]) == []
    (root / "docs/glossary_en.md").write_text("edited by hand")
    assert [words.split(":")[0] for words in build.check(course, ["glossary"])] == [
        "docs/glossary_en.md"
    ]
    badge = notebooks.badge_cell(course, "ru", "lectures", "01_adding.ipynb").source
    address = "https://github.com/someone/some-course/blob/main/docs/glossary_ru.md"
    assert f"[Словарь]({address})" in badge


def test_a_course_without_a_glossary_has_no_pages_and_no_link(tmp_path):
    course = config.load(make_course(tmp_path / "course"))
    assert glossary.pages(course) == {}
    assert "glossary" not in notebooks.badge_cell(course, "en", "lectures", "a.ipynb").source
