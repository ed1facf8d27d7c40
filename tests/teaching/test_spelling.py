"""Spelling: what counts as a word, what is passed over, and that a slip is found."""

import shutil

import pytest

from course_utils.teaching import config, spelling
from course_utils.teaching.errors import CourseError
from course_utils.teaching.spelling import Passage
from tests.conftest import REPOSITORY
from tests.teaching.small_course import LECTURE, edit, make_course

hunspell = pytest.mark.skipif(
    shutil.which("hunspell") is None, reason=f"hunspell is absent: {spelling.INSTALL}"
)


@pytest.fixture
def root(tmp_path):
    root = make_course(tmp_path / "course", LECTURE.replace("Four.", "Four `logitz`."))
    (root / "docs/spelling").mkdir(parents=True)
    return root


@pytest.mark.parametrize(
    ("text", "russian", "english"),
    [
        ("Мера Жаккара — IoU", {"Мера", "Жаккара"}, {"IoU"}),
        ("`код`, ```\nкод\n``` и $x_{код}$, $$код$$", set(), set()),
        (
            "[слово](https://адрес.example/путь) <b title='x'>да</b>&nbsp;",
            {"слово", "да"},
            set(),
        ),
        ("{число} из {n}, файл lectures/x_y.py", {"из", "файл"}, {"lectures"}),
        ("well-known, don't; с-ка", {"ка"}, {"well", "known", "don't"}),
        ("ударе\u0301ние", {"ударение"}, set()),
    ],
)
def test_words_are_what_a_reader_reads_as_words(text, russian, english):
    passage = Passage("here", "ru", text)
    assert spelling.words(passage, "ru") == russian
    assert spelling.words(passage, "en") == english


@hunspell
def test_a_slip_is_found_in_its_cell_with_what_was_meant(root):
    course = config.load(root)
    assert spelling.check(course) == []
    edit(root / "lectures/01_adding.py", "Два и два.", "Два и дво.")
    edit(root / "lectures/01_adding.py", "Two and two.", "Two and twwo.")
    first, second = spelling.check(course)
    assert first.startswith("lectures/01_adding.py:1: cell 1 ('# Сложение'): 'дво': ")
    assert second.startswith("lectures/01_adding.py:5: cell 2 ('# Adding'): 'twwo': ")
    assert "nothing near" not in first + second
    assert "docs/spelling/en.txt" in second


@hunspell
def test_messages_and_their_translations_are_read(root):
    folder = root / "course_utils/locale/ru/LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "course_utils.po").write_text(
        'msgid "A slipp"\nmsgstr "Ошибкка"\n\nmsgid "{n} image"\nmsgid_plural "{n} imagges"\n'
        'msgstr[0] ""\nmsgstr[1] "{n} картинкки"\nmsgstr[2] ""\n',
        encoding="utf-8",
    )
    found = " ".join(spelling.check(config.load(root)))
    for word in ("slipp", "Ошибкка", "imagges", "картинкки"):
        assert repr(word) in found


@hunspell
def test_the_course_s_own_words_are_known_in_all_their_forms(root):
    own = root / "docs/spelling/ru.txt"
    assert spelling.misspelt({"логит", "логитами"}, "ru", own).keys() == {"логит", "логитами"}
    own.write_text("# слова\nлогит/магнит  # как магнит\n\n", encoding="utf-8")
    assert spelling.misspelt({"логит", "логитами"}, "ru", own) == {}


def test_without_hunspell_it_is_said_how_to_get_it(root, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(CourseError, match="apt-get install hunspell"):
        spelling.check(config.load(root))


@hunspell
def test_a_missing_dictionary_is_named(root, monkeypatch):
    monkeypatch.setitem(spelling.DICTIONARIES, "en", "xx_XX")
    with pytest.raises(CourseError, match="xx_XX"):
        spelling.check(config.load(root))


@hunspell
def test_the_course_is_spelt_right():
    assert spelling.check(config.load(REPOSITORY)) == []
