"""The catalogue of messages: what is taken from code, kept, dropped, and refused."""

import gettext

import pytest

from course_utils.teaching import catalogue
from course_utils.teaching.errors import CourseError

CODE = """\
from course_utils.i18n import N_, _, ngettext

NAMES = [N_("train")]


def words(n, x):
    _("{hits} hits").format(hits=n)
    _(NAMES[0])
    return ngettext("{n} pixel", "{n} pixels", n).format(n=n)
"""

FRAGMENT = """\
msgid "train"
msgstr "поезд"

msgid "{hits} hits"
msgstr "попаданий: {hits}"

msgid "{n} pixel"
msgid_plural "{n} pixels"
msgstr[0] "{n} пиксель"
msgstr[1] "{n} пикселя"
msgstr[2] "{n} пикселей"
"""


@pytest.fixture
def root(tmp_path):
    (tmp_path / "course_utils").mkdir()
    (tmp_path / "course_utils/words.py").write_text(CODE, encoding="utf-8")
    return tmp_path


@pytest.fixture
def translated(root):
    assert merge(root, FRAGMENT) == []
    return root


def merge(root, *texts):
    paths = []
    for number, text in enumerate(texts):
        paths.append(root / f"fragment{number}.po")
        paths[-1].write_text(text, encoding="utf-8")
    return catalogue.merge(root, paths)


def po(root):
    return root / "course_utils/locale/ru/LC_MESSAGES/course_utils.po"


def build(root):
    for path, content in catalogue.update(root).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def edit_code(root, old, new):
    path = root / "course_utils/words.py"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def edit_po(root, old, new):
    text = po(root).read_text(encoding="utf-8")
    assert old in text
    po(root).write_text(text.replace(old, new), encoding="utf-8")
    build(root)


def test_messages_of_all_three_functions_are_found(root):
    assert catalogue.extracted(root) == {
        "train": ["course_utils/words.py"],
        "{hits} hits": ["course_utils/words.py"],
        ("{n} pixel", "{n} pixels"): ["course_utils/words.py"],
    }


def test_a_whole_catalogue_is_silent_and_speaks(translated):
    assert catalogue.check(translated) == []
    spoken = gettext.translation(
        "course_utils", translated / "course_utils/locale", languages=["ru"]
    )
    assert spoken.gettext("train") == "поезд"
    assert [spoken.ngettext("{n} pixel", "{n} pixels", n) for n in (1, 2, 5, 21)] == [
        "{n} пиксель",
        "{n} пикселя",
        "{n} пикселей",
        "{n} пиксель",
    ]


def test_the_files_hold_no_date_version_or_line(translated):
    text = po(translated).read_text(encoding="utf-8")
    assert "#: course_utils/words.py\n" in text
    assert not any(word in text for word in ("Date", "Babel", "words.py:"))
    assert b"Babel" not in po(translated).with_suffix(".mo").read_bytes()


def test_building_twice_changes_nothing(translated):
    before = po(translated).read_bytes(), po(translated).with_suffix(".mo").read_bytes()
    build(translated)
    assert (
        po(translated).read_bytes(),
        po(translated).with_suffix(".mo").read_bytes(),
    ) == before


def test_code_that_moves_leaves_the_catalogue_fresh(translated):
    edit_code(translated, "NAMES =", "# a comment\n\n\nNAMES =")
    assert catalogue.check(translated) == []


def test_a_new_message_is_stale_and_then_untranslated(translated):
    edit_code(translated, '"train"', '"train"), N_("boat"')
    assert any("stale" in problem for problem in catalogue.check(translated))
    build(translated)
    (problem,) = catalogue.check(translated)
    assert "'boat' (course_utils/words.py): untranslated" in problem
    assert 'msgstr "поезд"' in po(translated).read_text(encoding="utf-8"), "the others stay"


def test_a_message_that_went_is_dropped_and_not_guessed_from(translated):
    edit_code(translated, '"train"', '"trains"')
    build(translated)
    text = po(translated).read_text(encoding="utf-8")
    assert "поезд" not in text
    assert "fuzzy" not in text


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('"попаданий: {hits}"', '"попаданий: {hit}"', "placeholders ['hits'], got ['hit']"),
        ('"попаданий: {hits}"', '"попаданий"', "placeholders ['hits'], got []"),
        ('"{n} пикселя"', '"пикселя"', "placeholders ['n'], got []"),
        ('"{n} пикселя"', '""', "untranslated or fuzzy. Write its msgstr in 3 forms"),
        ('"поезд"', '"train"', "expected Russian, got 'train'"),
    ],
)
def test_a_wrong_translation_is_named(translated, old, new, expected):
    edit_po(translated, old, new)
    (problem,) = catalogue.check(translated)
    assert expected in problem
    assert problem.startswith("course_utils.po: ")


def test_a_fuzzy_translation_counts_as_none(translated):
    edit_po(translated, 'msgid "train"', '#, fuzzy\nmsgid "train"')
    (problem,) = catalogue.check(translated)
    assert "'train'" in problem
    assert "untranslated or fuzzy" in problem


def test_names_that_stay_latin_are_russian_enough(translated):
    edit_po(translated, '"поезд"', '"PASCAL VOC 2012"')
    assert catalogue.check(translated) == []


@pytest.mark.parametrize("ending", [".po", ".mo"])
def test_a_missing_or_stale_file_is_named(translated, ending):
    path = po(translated).with_suffix(ending)
    before = path.read_bytes()
    path.write_bytes(before + b"\n")
    (problem,) = catalogue.check(translated)
    assert problem.startswith(f"course_utils/locale/ru/LC_MESSAGES/course_utils{ending}: stale")
    if ending == ".mo":
        path.unlink()
        (problem,) = catalogue.check(translated)
        assert "missing" in problem


@pytest.mark.parametrize("argument", ['f"{n} hits"', '"one " + "two"', '"%d" % n'])
def test_a_message_that_cannot_be_extracted_is_named(translated, argument):
    edit_code(translated, "    _(NAMES[0])", f"    _({argument})")
    problems = catalogue.check(translated)
    assert any("words.py:8: expected a plain string in `_`" in problem for problem in problems)


def test_merging_says_what_it_leaves_out_and_what_it_replaces(translated):
    noticed = merge(
        translated, 'msgid "gone"\nmsgstr "нет"\n', 'msgid "train"\nmsgstr "состав"\n'
    )
    assert noticed == [
        "fragment0.po: 'gone' is not in the code; left out.",
        "fragment1.po: 'train' is now ('состав',), was ('поезд',).",
    ]
    assert 'msgstr "состав"' in po(translated).read_text(encoding="utf-8")
    assert catalogue.check(translated) == []


def test_an_empty_translation_replaces_none(translated):
    merge(translated, 'msgid "train"\nmsgstr ""\n')
    assert 'msgstr "поезд"' in po(translated).read_text(encoding="utf-8")


def test_a_fragment_that_is_no_po_file_is_named(root):
    with pytest.raises(CourseError, match=r"fragment0.po: expected a .po file"):
        merge(root, "msgid train\n")


def test_a_course_without_a_package_has_no_catalogue(tmp_path):
    assert catalogue.update(tmp_path) == {}
    assert catalogue.check(tmp_path) == []


def test_the_command_merges_and_says_how_it_is_used(root, monkeypatch, capsys):
    monkeypatch.chdir(root)
    (root / "course.toml").write_text("", encoding="utf-8")
    (root / "one.po").write_text(FRAGMENT, encoding="utf-8")
    assert catalogue.main(["merge", "one.po"]) == 0
    assert catalogue.check(root) == []
    assert catalogue.main(["merge"]) == 2
    assert "merge FRAGMENT.po" in capsys.readouterr().out
