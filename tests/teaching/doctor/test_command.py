"""`course doctor`: what is typed, what is printed, what is written, and the exit code."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from course_utils.teaching.cli import app
from tests.teaching.doctor.damages import damage, dumped
from tests.teaching.grading.class_of import NAME


@pytest.fixture
def typed(released_course, tmp_path, monkeypatch):
    """typed(*arguments) -> the result, in a clone without a gradebook."""
    root = tmp_path / "course"
    shutil.copytree(released_course / "assignments", root / "assignments")
    shutil.copy(released_course / "course.toml", root)
    monkeypatch.chdir(root)

    def run(*arguments):
        return CliRunner().invoke(app, ["doctor", *map(str, arguments)])

    return run


@pytest.fixture
def files(intact, tmp_path):
    """An intact hand-in, a damaged one, one of Colab's, and no notebook."""
    folder = tmp_path / "hand-ins"
    folder.mkdir()
    right = intact["right_en"]
    content = {
        "intact": dumped(right),
        "damaged": damage(right, "checks_deleted"),
        "colab": damage(right, "colab"),
        "page": b"<html></html>",
    }
    for name, data in content.items():
        (folder / f"{name}.ipynb").write_bytes(data)
    return {name: folder / f"{name}.ipynb" for name in content}


@pytest.mark.parametrize(
    ("name", "plain", "repaired"),
    [("intact", 0, 0), ("colab", 0, 0), ("damaged", 1, 0), ("page", 1, 1)],
)
def test_the_exit_code_says_whether_anything_is_left_to_do(typed, files, name, plain, repaired):
    assert typed(files[name]).exit_code == plain
    assert typed(files[name], "--repair").exit_code == repaired


def test_nothing_is_written_without_repair_and_never_the_file_itself(typed, files):
    before = {path: path.read_bytes() for path in files["intact"].parent.iterdir()}
    typed(*files.values())
    assert {path: path.read_bytes() for path in files["intact"].parent.iterdir()} == before
    typed(*files.values(), "--repair")
    after = {path: path.read_bytes() for path in files["intact"].parent.iterdir()}
    assert before.items() <= after.items()
    written = {path.name for path in after.keys() - before.keys()}
    assert written == {"damaged.repaired.ipynb", "colab.repaired.ipynb"}


def test_a_folder_of_its_own_may_be_the_one_of_the_hand_ins(typed, files, tmp_path):
    typed(files["damaged"], "--repair", "--out", tmp_path / "new" / "folder")
    assert (tmp_path / "new" / "folder" / "damaged.ipynb").is_file()
    before = files["damaged"].read_bytes()
    typed(files["damaged"], "--repair", "--out", files["damaged"].parent)
    assert files["damaged"].read_bytes() == before
    assert (files["damaged"].parent / "damaged.repaired.ipynb").is_file()


def test_two_hand_ins_of_one_name_do_not_meet(typed, files, tmp_path):
    twin = tmp_path / "twin" / "damaged.ipynb"
    twin.parent.mkdir()
    shutil.copy(files["damaged"], twin)
    typed(files["damaged"], twin, "--repair", "--out", tmp_path / "out")
    assert len(list((tmp_path / "out").iterdir())) == 2


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "The check jaccard is missing."), ("ru", "Проверки jaccard нет.")],
)
def test_it_speaks_the_language_asked_for(typed, files, language, words):
    done = typed(files["damaged"], "--language", language)
    assert words in done.stdout
    with_repair = typed(files["damaged"], "--language", language, "--repair")
    assert "damaged.repaired.ipynb" in with_repair.stdout


def test_the_cell_is_named_by_number_and_first_words(typed, intact, files):
    files["damaged"].write_bytes(damage(intact["right_en"], "no_grade_ids"))
    cells = intact["right_en"]["cells"]
    number = next(n for n, c in enumerate(cells, start=1) if "def twice" in c["source"])
    assert f"{number}: def twice(x):" in typed(files["damaged"]).stdout


def test_wrong_names_are_refused(typed, files):
    assert typed(files["damaged"], "--assignment", "nothing").exit_code != 0
    assert typed(files["damaged"], "--language", "de").exit_code != 0
    assert typed("no_such_file.ipynb").exit_code != 0
    assert typed(files["damaged"], "--out", "x").exit_code == 2


def test_an_assignment_that_is_not_released_is_said(typed, files):
    shutil.rmtree("assignments")
    done = typed(files["damaged"], "--language", "en", "--repair")
    assert done.exit_code == 1
    assert f"The assignment {NAME} itself is not here" in " ".join(done.stdout.split())


def test_a_mended_notebook_is_json_that_any_program_reads(typed, files):
    typed(files["damaged"], "--repair")
    text = files["damaged"].with_name("damaged.repaired.ipynb").read_text(encoding="utf-8")
    assert json.loads(text)["nbformat"] == 4
