"""Names of files and folders: whose they are, what they read before they were garbled."""

import unicodedata
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils.teaching.collect.names import claim, without_copies
from course_utils.teaching.collect.paths import parts_of, recovered, shown, why_refused
from course_utils.teaching.collect.roster import Roster
from course_utils.teaching.collect.spelling_of_names import exact, reduced, safe_id

WORDS = ["metrics_and_loss", "Метрики и функция потерь"]


def claimed(path):
    return claim(("download.zip", *path.split("/")), WORDS)


@pytest.mark.parametrize(
    ("path", "person", "number", "file"),
    [
        ("Иванова Анна_123456_assignsubmission_file_hw.ipynb", "Иванова Анна", "123456", "hw"),
        ("Иванова Анна_123456_assignsubmission_file_/a.ipynb", "Иванова Анна", "123456", "a"),
        ("Иванова Анна_12_assignsubmission_file/b/a.ipynb", "Иванова Анна", "12", "a"),
        ("ivanovaanna_12345_67890_hw-1.ipynb", "ivanovaanna", "12345", "hw"),
        ("ivanovaanna_LATE_12345_67890_hw.ipynb", "ivanovaanna", "12345", "hw"),
        ("Иванова Анна - hw.ipynb", "Иванова Анна", "", "Иванова Анна - hw"),
        ("hw - Анна Иванова.ipynb", "Анна Иванова", "", "hw - Анна Иванова"),
        ("metrics_and_loss — Анна Иванова.ipynb", "Анна Иванова", "", None),
        ("Анна Иванова/hw.ipynb", "Анна Иванова", "", "hw"),
        ("student7/my best answer.ipynb", "student7", "", "my best answer"),
        ("submitted/anna/metrics_and_loss/metrics_and_loss.ipynb", "anna", "", None),
        ("hw_Иванова_Анна.ipynb", "Иванова Анна", "", "hw_Иванова_Анна"),
    ],
)
def test_every_lms_says_who_handed_in(path, person, number, file):
    found = claimed(path)
    assert (found.people[0], found.lms_id) == (person, number)
    assert file is None or found.file == file


def test_canvas_says_the_upload_and_whether_it_is_late():
    assert claimed("a_LATE_12_34_hw-2.ipynb").late is True
    assert claimed("a_12_34_hw-2.ipynb").late is False
    assert (claimed("a_12_34_hw-2.ipynb").order, claimed("a_12_34_hw-2.ipynb").copy) == (34, 2)


@pytest.mark.parametrize("path", ["hw.ipynb", "Copy of metrics_and_loss.ipynb", "дз 1.ipynb"])
def test_an_assignments_name_is_nobodys(path):
    assert claimed(path).people == ()


@pytest.mark.parametrize(
    ("name", "copy"),
    [
        ("hw.ipynb", 0),
        ("hw (1).ipynb", 1),
        ("hw (12).ipynb", 12),
        ("hw.ipynb (2).ipynb", 2),
        ("Copy of hw.ipynb", 0),
        ("Copy of Copy of hw.ipynb", 0),
        ("Копия hw.ipynb", 0),
        ("КОПИЯ hw.ipynb", 0),
        ('Копия блокнота "hw.ipynb"', None),
        ("Копия блокнота «hw».ipynb", None),
        ("hw-копия.ipynb", 1),
        ("hw — копия (3).ipynb", 3),
        ("hw - Copy.ipynb", 1),
        ("hw_copy.ipynb", 1),
        ("hw.ipynb.txt", 0),
    ],
)
def test_a_copy_is_known_by_its_name(name, copy):
    stem, number = without_copies(name)
    assert stem == "hw"
    assert copy is None or number == copy


@pytest.mark.parametrize("encoding", ["cp866", "cp1251", "utf-8"])
@pytest.mark.parametrize(
    "name",
    ["Иванова Анна", "Ёлкин Юрий", "Щукин Пётр", "Жук Ия", "Юля", "Цой Вера", "Хабибуллин Рим"],
)
def test_a_name_without_its_encoding_is_recovered(name, encoding):
    path = f"{name}_1_assignsubmission_file_hw.ipynb"
    assert recovered(path.encode(encoding).decode("cp437")) == path


@pytest.mark.parametrize(
    "name", ["Müller Jürgen", "José Núñez", "Иванова Анна", "hw.ipynb", "李明"]
)
def test_a_good_name_stays(name):
    assert recovered(name) == name


def test_both_unicode_forms_are_one_name():
    decomposed = unicodedata.normalize("NFD", "Сергей Ёлкин")
    assert recovered(decomposed) == "Сергей Ёлкин"
    assert exact(decomposed) == exact("ёЛКИН сергей") == exact("Елкин Сергей")
    assert safe_id(decomposed) == safe_id("Сергей Ёлкин")


@pytest.mark.parametrize(
    "spellings",
    [
        ("Юлия Щербакова", "Yuliya Shcherbakova", "Iuliia Shcherbakova", "Julia Scherbakova"),
        ("Дмитрий Чехов", "Dmitry Chekhov", "Dmitriy Tchekhov"),
        ("Наталья Жукова", "Natalya Zhukova", "Natalia Žukova"),
        ("Фёдор Соловьёв", "Fyodor Solovyov", "Fedor Solovev", "Fedor Soloviev"),
        ("Ксения Цветаева", "Kseniya Tsvetaeva", "Xenia Cvetaeva"),
    ],
)
def test_transliterations_of_a_name_are_one(spellings):
    assert len({reduced(name) for name in spellings}) == 1


def test_different_names_stay_apart():
    names = ["Иванов Иван", "Иванова Анна", "Петров Пётр", "Шишкин Олег", "Жижкин Олег"]
    assert len({reduced(name) for name in names}) == len(names)


ANY = st.text(st.characters(exclude_categories=()), max_size=300)


@given(ANY)
def test_an_id_of_any_name_is_safe(name):
    made = safe_id(name)
    assert made.isascii()
    assert 0 < len(made) <= 65
    assert PurePosixPath(made).parts == (made,)
    assert made.strip(" .") == made
    assert made.split(".")[0].upper() not in {"CON", "PRN", "AUX", "NUL"}


@given(st.lists(ANY, min_size=1, max_size=4))
def test_any_path_is_read_and_stays_inside(parts):
    who = Roster().who(claim(("x.zip", *parts), WORDS))
    assert who.id or who.doubt
    assert not who.id or PurePosixPath(who.id).parts == (who.id,)
    assert who.id not in (".", "..")


@given(ANY)
def test_any_name_can_be_recovered_shown_and_judged(name):
    found = recovered(name)
    assert shown(found).isprintable()
    if not why_refused(found):
        assert ".." not in parts_of(found)


def test_names_in_letters_that_are_lost_get_different_ids():
    assert safe_id("李明") != safe_id("王芳")
    assert safe_id("李 Anna") != safe_id("王 Anna")
