"""The built lectures: what every page of the course has, in both languages."""

import re

import nbformat
import pytest

from course_utils.figures.labels import foreign
from course_utils.i18n import _, speaking
from course_utils.teaching import config, lectures
from tests.conftest import REPOSITORY

COURSE = config.load(REPOSITORY)
NAMES = [path.stem for path in lectures.sources(COURSE)]
PAGES = [(language, name) for language in COURSE.languages for name in NAMES]
every = pytest.mark.parametrize(("language", "name"), PAGES)

OPENING = {
    "ru": (
        "**После этой лекции вы сможете**",
        "**Что нужно знать:**",
        "**Сколько это займёт:**",
    ),
    "en": ("**After this lecture you will be able to**", "**You need to know:**", "**Time:**"),
}
PREDICT = {"ru": "**Предскажите", "en": "**Predict"}
CLOSING = {
    "ru": ("## Проверьте себя", "## Итоги", "**Источники**"),
    "en": ("## Check yourself", "## Summary", "**Papers**"),
}
ASSIGNMENTS = {
    "transfer_learning", "interpretation", "metrics_and_loss", "fcn", "unet", "dilated",
}  # fmt: skip


def page(language, name):
    return nbformat.read(REPOSITORY / "lectures" / language / f"{name}.ipynb", 4)


def prose(language, name):
    cells = page(language, name).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def outputs(language, name):
    cells = page(language, name).cells
    return [output for cell in cells for output in cell.get("outputs", ())]


def test_there_are_eight_lectures():
    assert [name[:3] for name in NAMES] == [f"0{number}_" for number in range(1, 9)]


@every
def test_a_lecture_opens_with_what_it_gives_asks_and_takes(language, name):
    title = page(language, name).cells[1].source
    assert title.startswith("# ")
    for words in OPENING[language]:
        assert words in title


@every
def test_a_lecture_closes_with_questions_a_summary_the_assignment_and_papers(language, name):
    text = prose(language, name)
    for words in CLOSING[language]:
        assert text.count(words) == 1, words
    end = text[text.index(CLOSING[language][1]) :]
    assert any(f"`{assignment}`" in end for assignment in ASSIGNMENTS)
    assert len(re.findall(r"arxiv\.org/abs/\d{4}\.\d{4,5}", end)) >= 2


@every
def test_a_lecture_asks_before_it_shows(language, name):
    text = prose(language, name)
    assert text.count(PREDICT[language]) >= 5
    assert text.count("<details>") == text.count("</details>") >= 4
    assert text.count("<summary>") == text.count("</summary>") == text.count("<details>")


@every
def test_at_least_two_figures_move_and_each_has_a_static_twin(language, name):
    with speaking(language):
        moves = _("An interactive figure: run the cell to move its controls.")
        still = _("Without a kernel: chosen frames of the figure above.")
    texts = [output.get("data", {}).get("text/plain") for output in outputs(language, name)]
    moving = [index for index, text in enumerate(texts) if text == moves]
    assert len(moving) >= 2
    for index in moving:
        twin = outputs(language, name)[index + 1]
        assert twin.data["text/plain"] == still
        assert twin.data["image/png"]
        assert twin.metadata["image/png"]["alt"] != still  # its own frames, in words


@every
def test_every_picture_says_in_words_what_it_shows(language, name):
    pictures = [o for o in outputs(language, name) if "image/png" in o.get("data", {})]
    assert len(pictures) >= 5
    for picture in pictures:
        words = picture.metadata["image/png"]["alt"]
        assert len(words) > 10
        if language == "ru":
            assert not foreign([words])
        else:
            assert not re.search("[А-яЁё]", words), words


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_run_the_same_code_to_the_same_end(name):
    code = [
        [
            (cell.source, [output.output_type for output in cell.outputs])
            for cell in page(language, name).cells
            if cell.cell_type == "code" and "course-setup" not in cell.metadata.get("tags", [])
        ]
        for language in COURSE.languages
    ]
    assert all(one == code[0] for one in code)


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_give_the_same_formulas(name):
    """Up to the decimal comma, which Russian has and English has not."""
    found = []
    for language in COURSE.languages:
        text = prose(language, name).replace("{,}", ".")
        formulas = re.findall(r"\$\$(.+?)\$\$", text, flags=re.S)
        found.append([re.sub(r"\\text\{[^}]*\}|\s+", "", formula) for formula in formulas])
    assert all(one == found[0] for one in found)


@every
def test_a_lecture_says_what_differs_on_voc(language, name):
    assert "VOC 2012" in " ".join(prose(language, name).split())
