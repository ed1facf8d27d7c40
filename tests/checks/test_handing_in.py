"""The last cell of an assignment: marks shown, cells not run or out of order, the file."""

import json
import os
import sys
import types

import pytest

from course_utils import checks
from course_utils.checks import handing_in, own_notebook, run_order
from course_utils.i18n import speaking

POINTS = {"pixel_accuracy": 1, "jaccard": 3, "softmax": 2, "essay": 3}


@pytest.fixture(autouse=True)
def _no_notebook_of_ours(monkeypatch):
    for name in ("JPY_SESSION_NAME", "NBGRADER_EXECUTION"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def namespace(monkeypatch):
    names = {}
    monkeypatch.setattr(handing_in, "_namespace", lambda: names)
    return names


def notebook(*sources):
    cells = [{"cell_type": "code", "source": source, "metadata": {}} for source in sources]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def right_jaccard(predicted, truth, num_classes):
    import torch

    known = truth != 255
    found = []
    for k in range(num_classes):
        a, b = (predicted == k) & known, (truth == k) & known
        found.append((a & b).sum() / (a | b).sum())
    return torch.stack(found).float()


def test_marks_of_right_wrong_and_missing_functions(namespace, capsys):
    namespace["jaccard"] = right_jaccard
    namespace["pixel_accuracy"] = lambda predicted, truth: 2.0
    checks.hand_in("metrics_and_loss", POINTS)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("✗ pixel_accuracy")
    assert "0 / 1" in lines[0]
    assert lines[1].startswith("✓ jaccard")
    assert "3 / 3" in lines[1]
    assert "softmax is not there" in lines[2]
    assert "? / 3" in lines[3]
    assert "3 of 6 points" in lines[4]
    assert "up to 3 more" in lines[4]


def test_an_essay_that_is_not_written_is_said(namespace, capsys, monkeypatch):
    page = notebook("a")
    essay = {"nbgrader": {"grade_id": "essay"}}
    page["cells"].append(
        {"cell_type": "markdown", "source": "*Your answer.*", "metadata": essay}
    )
    monkeypatch.setattr(own_notebook, "find", lambda: (page, None))
    monkeypatch.setattr(own_notebook, "offer", lambda _page, _name: "the file")
    checks.hand_in("metrics_and_loss", POINTS)
    assert "⚠ The answer to essay is not written: its cell, 2," in capsys.readouterr().out
    page["cells"][-1]["source"] = "Because of the background."
    checks.hand_in("metrics_and_loss", POINTS)
    said = capsys.readouterr().out
    assert "not written" not in said
    assert "the file" in said


def test_speaks_russian(namespace, capsys):
    with speaking("ru"):
        checks.hand_in("metrics_and_loss", POINTS)
    text = capsys.readouterr().out
    assert "0 из 6 баллов" in text
    assert "Сохраните тетрадь" in text


@pytest.mark.parametrize("how", ["autograde", "validate"])
def test_says_nothing_while_a_hand_in_is_graded(namespace, capsys, monkeypatch, how):
    monkeypatch.setenv("NBGRADER_EXECUTION", how)
    checks.hand_in("metrics_and_loss", POINTS)
    assert capsys.readouterr().out == ""


def test_says_nothing_in_a_kernel_without_exercises(namespace, capsys, monkeypatch):
    monkeypatch.setattr("course_utils.checks.exercise._HOME", "course_utils.checks.not_here")
    checks.hand_in("metrics_and_loss", POINTS)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("place", "name"),
    [(handing_in, "_verdict"), (own_notebook, "find"), (run_order, "warnings")],
)
def test_no_trouble_becomes_an_error(namespace, capsys, monkeypatch, place, name):
    def broken(*_anything):
        raise RuntimeError("something nobody thought of")

    monkeypatch.setattr(place, name, broken)
    checks.hand_in("metrics_and_loss", POINTS)
    assert "something nobody thought of" in capsys.readouterr().out


def test_an_unknown_assignment_is_a_sentence_too(namespace, capsys):
    checks.hand_in("nothing", POINTS)
    assert "nothing.ipynb" in capsys.readouterr().out


class TestRunOrder:
    def test_all_run_in_order_is_no_news(self):
        history = ["", "a = 1", "b = a"]
        assert run_order.warnings(notebook("a = 1", "b = a\n"), history) == []

    def test_a_cell_that_was_not_run_is_named(self):
        said = run_order.warnings(notebook("a = 1", "b = 2", "c = 3"), ["", "a = 1", "c = 3"])
        assert "1 cell was not run" in said[0]
        assert "2 (b = 2)" in said[0]

    def test_a_cell_changed_since_it_was_run_counts_as_not_run(self):
        said = run_order.warnings(notebook("a = 2"), ["", "a = 1"])
        assert "1 (a = 2)" in said[0]

    def test_a_cell_run_after_those_below_it_is_named(self):
        history = ["", "a = 1", "b = 2", "c = 3", "a = 1"]
        said = run_order.warnings(notebook("a = 1", "b = 2", "c = 3"), history)
        assert "out of order" in said[0]
        assert "1 (a = 1)" in said[0]
        assert "b = 2" not in said[0]
        assert "Restart" in said[-1]

    def test_run_again_in_order_is_well(self):
        history = ["", "b = 2", "a = 1", "a = 1", "b = 2"]
        assert run_order.warnings(notebook("a = 1", "b = 2"), history) == []

    def test_two_cells_with_the_same_text_alarm_nobody(self):
        history = ["", "x", "y", "x"]
        assert run_order.warnings(notebook("x", "y", "x"), history) == []

    def test_colabs_lists_of_lines_and_trailing_space_are_the_same_text(self):
        page = notebook(["a = 1  \n", "b = 2"])
        assert run_order.warnings(page, ["", "a = 1\nb = 2\n"]) == []

    def test_many_cells_are_counted_and_not_all_listed(self):
        said = run_order.warnings(notebook(*(f"x{n}" for n in range(9))), ["", "y"])
        assert "9 cells" in said[0]
        assert "x8" not in said[0]
        assert "+4" in said[0]

    @pytest.mark.parametrize(("page", "history"), [(None, ["a"]), (notebook("a"), [])])
    def test_what_is_not_known_is_not_said(self, page, history):
        assert run_order.warnings(page, history) == []

    def test_prose_and_empty_cells_need_no_run(self):
        page = notebook("", "a")
        page["cells"].append({"cell_type": "markdown", "source": "text"})
        assert run_order.warnings(page, ["a"]) == []


class TestLocalFile:
    @pytest.fixture
    def page(self, tmp_path, monkeypatch):
        def put(name, content=None):
            path = tmp_path / name
            path.write_text(json.dumps(content or notebook("a")), encoding="utf-8")
            monkeypatch.setenv("JPY_SESSION_NAME", str(path))
            return path

        return put

    def test_a_file_of_the_right_name_is_the_one_to_hand_in(self, page, tmp_path):
        path = page("work.ipynb")
        found, trouble = own_notebook.find()
        assert trouble is None
        assert str(path) in own_notebook.offer(found, "work")
        assert os.listdir(tmp_path) == ["work.ipynb"]

    def test_another_name_gets_a_copy(self, page, tmp_path):
        path = page("Копия work (1).ipynb")
        said = own_notebook.offer(own_notebook.find()[0], "work")
        assert (tmp_path / "work.ipynb").read_bytes() == path.read_bytes()
        assert str(tmp_path / "work.ipynb") in said

    def test_a_copy_overwrites_nothing(self, page, tmp_path):
        (tmp_path / "work.ipynb").write_text("older work")
        path = page("work-2.ipynb")
        said = own_notebook.offer(own_notebook.find()[0], "work")
        assert (tmp_path / "work.ipynb").read_text() == "older work"
        (copy,) = tmp_path.glob("hand-in-*/work.ipynb")
        assert copy.read_bytes() == path.read_bytes()
        assert str(copy) in said

    @pytest.mark.parametrize("content", ["{", "[]", '{"cells": 3}', "\udcff"])
    def test_a_file_that_is_no_notebook_is_named_in_a_sentence(self, page, content):
        path = page("work.ipynb")
        path.write_bytes(content.encode("utf-8", "surrogateescape"))
        found, trouble = own_notebook.find()
        assert found is None
        assert str(path) in trouble

    def test_no_path_is_a_sentence(self, monkeypatch):
        monkeypatch.setenv("JPY_SESSION_NAME", "8c5b-kernel-without-a-file")
        assert own_notebook.find() == (
            None,
            "Save the notebook and hand in its file; its name ends in .ipynb.",
        )


class TestColabsPage:
    @pytest.fixture
    def colab(self, monkeypatch):
        found = types.ModuleType("google.colab")
        found._message = types.SimpleNamespace()
        found.files = types.SimpleNamespace()
        monkeypatch.setitem(sys.modules, "google.colab", found)
        return found

    def test_downloads_what_the_page_shows_under_the_right_name(self, colab):
        taken = []
        page = notebook("привет")
        colab._message.blocking_request = lambda kind, **_more: {"ipynb": page}
        colab.files.download = taken.append
        said = own_notebook.offer(own_notebook.find()[0], "work")
        (path,) = taken
        assert path.endswith("/work.ipynb")
        with open(path, encoding="utf-8") as file:
            assert json.load(file) == page
        assert "work.ipynb" in said

    @pytest.mark.parametrize("answer", [None, {}, {"ipynb": {}}, {"ipynb": None}])
    def test_no_answer_is_a_sentence(self, colab, answer):
        colab._message.blocking_request = lambda kind, **_more: answer
        found, trouble = own_notebook.find()
        assert found is None
        assert "File > Download" in trouble

    def test_a_download_that_fails_is_a_sentence(self, colab):
        def refused(_path):
            raise OSError("blocked")

        colab.files.download = refused
        said = own_notebook.offer(notebook("a"), "work")
        assert "blocked" in said
        assert "work.ipynb" in said
