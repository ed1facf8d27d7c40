"""What the report of a class says, and that nothing a student wrote can run in it."""

import re
from html.parser import HTMLParser

import pytest

from course_utils.i18n import speaking
from course_utils.teaching.report.alike import compare
from course_utils.teaching.report.answers import Piece
from course_utils.teaching.report.gather import gather
from course_utils.teaching.report.page import render
from tests.teaching.report.small_class import BY_LOOPS, EVIL, NAME, RENAMED

VOID = {"meta", "br", "rect", "line"}


class Page(HTMLParser):
    """Tags, ids and the visible text of each section."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.open, self.section = [], [], [], None
        self.text = {}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.handle_data(" ")
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "section":
            self.section = dict(attrs)["id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        self.section = None if tag == "section" else self.section

    def handle_data(self, data):
        self.text[self.section] = self.text.get(self.section, "") + data

    def section_text(self, name):
        return " ".join(self.text[name].split())


@pytest.fixture(scope="module")
def data(graded_class):
    with speaking("en"):
        return gather(graded_class, NAME, "Metrics <and> loss")


@pytest.fixture(scope="module")
def source(data):
    with speaking("en"):
        return render(data)


@pytest.fixture(scope="module")
def page(source):
    return Page(source)


def test_the_figures_of_the_class(data):
    assert (len(data.handed_in), data.most) == (6, 9)
    assert sorted(row.total for row in data.handed_in if row.marks) == [0, 2, 2, 5, 5]
    assert (data.mean, data.median) == (2.8, 2)


def test_the_class_at_a_glance(page):
    text = page.section_text("glance")
    for words in ("handed in 6 of 7 students", "mean 2.8 of 9", "median 2 of 9"):
        assert words in text
    assert "wait for a mark by hand 3" in text
    assert "graded 4" in text
    assert "crashed 1" in text
    assert "not graded 1" in text
    assert "not handed in 1" in text


def test_exercises_come_hardest_first_and_waiting_ones_last(data, page):
    found = [(e.name, e.full, e.part, e.none, e.waiting) for e in data.exercises]
    assert found == [("jaccard", 1, 1, 3, 0), ("softmax", 3, 0, 2, 0), ("essay", 1, 0, 1, 3)]
    assert [e.share for e in data.exercises] == [0.2, 0.6, None]
    text = page.section_text("hardest")
    assert "Hardest: jaccard, full marks for 20%; easiest: softmax, 60%" in text


def test_mistakes_come_with_their_sentence_and_who_made_them(data, page):
    assert [(m.exercise, m.name, len(m.students)) for m in data.mistakes] == [
        ("jaccard", "dice", 2),
        ("softmax", "new_one", 1),
    ]
    text = page.section_text("mistakes")
    assert "That is Dice's coefficient" in text
    assert re.search(r"Who\s*Anna\s*Boris", text)


def test_hand_ins_that_did_not_end_graded_have_a_reason(page):
    text = page.section_text("troubles")
    assert "Gleb crashed Cell 2 ended." in text
    assert "dan not graded grading did not finish" in text
    assert "Anna" not in text


def test_look_alikes_stand_side_by_side(data, page):
    assert data.alike.groups == (("anna", "boris"),)
    text = page.section_text("alike")
    assert "Anna, Boris" in text
    assert "more than 5 hand-ins" in text


def test_who_is_like_the_reference_is_named(data, page):
    assert [(row.student, share) for row, share in data.like_reference] == [("emma", 1)]
    assert "Emma 100%" in page.section_text("reference")


def test_places_come_from_the_grading_where_it_noted_them(data):
    found = {
        row.student: [(p.cell, p.line, p.what) for p in places] for row, places in data.look_at
    }
    assert found == {"gleb": [(7, 8, "ends")], "vera": [(6, 2, "processes")]}


def test_code_to_look_at_is_shown_with_its_place(page):
    text = page.section_text("look")
    assert "6 2 os.system('ls')" in text
    assert "starts another program, process or thread" in text
    assert "Emma" not in text


def test_nothing_from_students_is_markup(source, page):
    assert EVIL not in source
    assert source.count("&lt;script&gt;") >= 5  # name, mistake, reason, code, look_at
    assert "script" not in page.tags
    assert not [name for name, _value in page.attributes if name.startswith("on")]
    assert "Metrics <and> loss" in page.text[None]


def test_the_page_loads_nothing(source, page):
    assert not {"img", "link", "iframe", "object", "embed", "form", "base"} & set(page.tags)
    links = [value for name, value in page.attributes if name in ("href", "src", "xlink:href")]
    assert links
    assert all(link.startswith("#") for link in links)
    assert "url(" not in source
    assert "@import" not in source
    assert "default-src 'none'" in source


def test_every_table_has_a_caption_and_every_picture_words(page):
    assert page.tags.count("table") == page.tags.count("caption") > 5
    labels = [value for name, value in page.attributes if name == "aria-label"]
    assert page.tags.count("svg") == 2
    assert any("The largest group, 2 of 5 hand-ins, has" in label for label in labels)


def test_the_page_is_whole(page):
    assert page.open == []


def test_a_pair_shows_both_codes(graded_class, data):
    evil = f"\nprint('{EVIL}')\n"
    answers = {
        "anna": [Piece("jaccard", 2, BY_LOOPS)],
        "boris": [Piece("jaccard", 2, RENAMED + evil)],
    }
    changed = data.__class__(**vars(data) | {"alike": compare(answers, [])})
    with speaking("en"):
        text = render(changed)
    found = Page(text).section_text("alike")
    assert "Anna – Boris" in found
    assert "unions[real] += 1" in found
    assert "either[t] += 1" in found
    assert EVIL not in text
    assert '<span class="same">' in text


def test_the_page_speaks_russian(graded_class):
    with speaking("ru"):
        text = render(gather(graded_class, NAME, "Метрики"))
    assert '<html lang="ru">' in text
    page = Page(text)
    assert "среднее 2,8 из 9" in page.section_text("glance")
    assert "Это мера Дайса" in page.section_text("mistakes")
    assert "полный балл у 20 %" in " ".join(page.section_text("hardest").split())
    shown = " ".join(text for section, text in page.text.items() if section)
    words = set(re.findall(r"[A-Za-z]+", shown))
    assert not words & {"the", "a", "marks", "hand", "of", "None", "student"}
