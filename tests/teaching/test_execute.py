"""What execution leaves in a notebook, and what it refuses to leave."""

import os

import nbformat
import pytest
from nbformat.v4 import new_output

from course_utils.teaching.execute import WIDGET, Failure, clean, execute
from course_utils.teaching.notebooks import code, notebook


def executed_cell(*outputs, tags=()):
    cell = code("0123456789ab", "x", tags=list(tags)) if tags else code("0123456789ab", "x")
    cell.execution_count = 17
    cell.outputs = list(outputs)
    return cell


def test_of_a_widget_the_text_is_kept_and_no_view_without_its_state():
    view = {WIDGET: {"model_id": "8" * 32, "version_major": 2}, "text/plain": "IntSlider()"}
    found = notebook([executed_cell(new_output("display_data", view))], {})
    clean(found, {})
    data = found.cells[0].outputs[0].data
    assert data == {"text/plain": "IntSlider()"}
    nbformat.validate(found)


def test_cells_are_counted_from_one():
    result = new_output("execute_result", {"text/plain": "4"}, execution_count=17)
    found = notebook([executed_cell(result)], {})
    clean(found, {})
    assert found.cells[0].execution_count == 1
    assert found.cells[0].outputs[0].execution_count == 1


def test_paths_are_shortened_everywhere_in_an_output():
    error = new_output(
        "error", ename="E", evalue="in /secret/place/x.py", traceback=["/secret/place/x.py"]
    )
    found = notebook([executed_cell(error)], {})
    clean(found, {"/secret/place/": ""})
    assert "secret" not in str(found.cells[0].outputs)


def test_stderr_goes_from_cells_whose_output_nobody_compares():
    said = new_output("stream", name="stderr", text="50%")
    found = notebook([executed_cell(said, tags=["nbval-ignore-output"])], {})
    clean(found, {})
    assert found.cells[0].outputs == []


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """One kernel for several things: cells, and what came of them."""
    root = tmp_path_factory.mktemp("course")
    cells = [
        "import os, sys; print(os.environ.get('COURSE_DATA'), os.environ.get('MPLBACKEND'))",
        "print(1, flush=True)\nprint(2)",
        "print('warned', file=sys.stderr)",
        "object()",
        f"print({str(root / 'file.txt')!r})",
        "print(os.listdir('.'), os.environ['CUDA_VISIBLE_DEVICES'] == '')",
        "1 / 0",
    ]
    plain = notebook([code(f"{n:012x}", text) for n, text in enumerate(cells)], {"a": "b"})
    plain.cells[-1].metadata.tags = ["raises-exception"]
    started = []
    before = {name: os.environ.get(name) for name in ("COURSE_DATA", "MPLBACKEND")}
    os.environ.update(COURSE_DATA="voc2012", MPLBACKEND="agg")
    try:
        found, failures = execute(plain, root, on_cell=started.append)
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
    return found, failures, started


def printed(ran, index):
    return ran[0].cells[index].outputs[0].text


def test_the_kernel_has_none_of_the_builders_settings(ran):
    assert printed(ran, 0).split()[0] == "None"
    assert "agg'" not in printed(ran, 0)


def test_the_kernel_works_in_an_empty_folder_on_the_cpu(ran):
    assert printed(ran, 5) == "['.ipython'] True\n"


def test_what_a_cell_prints_is_one_output(ran):
    assert [output.text for output in ran[0].cells[1].outputs] == ["1\n2\n"]


def test_what_cannot_be_published_is_reported_with_its_cell(ran):
    words = {failure.index: failure.words for failure in ran[1]}
    assert "stderr" in words[2]
    assert "'warned'" in words[2]
    assert "an address in memory" in words[3]
    assert 4 not in words, "the course's own folder is cut off"
    assert printed(ran, 4) == "file.txt\n"
    assert set(words) == {2, 3}


def test_progress_is_told_cell_by_cell_and_metadata_stays(ran):
    found, _, started = ran
    assert started == list(range(7))
    assert found.metadata.language_info == {"name": "python"}
    assert "widgets" not in found.metadata
    assert all(set(cell.metadata) <= {"id", "tags"} for cell in found.cells)
    nbformat.validate(found)


def test_a_cell_that_raises_stops_with_its_index_and_traceback(tmp_path):
    plain = notebook(
        [code("a" * 12, "x = 1"), code("b" * 12, "x / 0"), code("c" * 12, "1")], {}
    )
    with pytest.raises(Failure) as caught:
        execute(plain, tmp_path)
    assert caught.value.index == 1
    assert caught.value.words.startswith("raised ZeroDivisionError: division by zero")
    assert "x / 0" in caught.value.words
    assert "\x1b" not in caught.value.words


def test_a_cell_that_does_not_end_is_stopped(tmp_path):
    plain = notebook([code("a" * 12, "while True: pass")], {})
    with pytest.raises(Failure, match="expected an end within 1 s"):
        execute(plain, tmp_path, cell_seconds=1)


def test_a_kernel_that_dies_is_reported_with_its_cell(tmp_path):
    plain = notebook([code("a" * 12, "1"), code("b" * 12, "import os; os._exit(3)")], {})
    with pytest.raises(Failure, match="the kernel died") as caught:
        execute(plain, tmp_path)
    assert caught.value.index == 1
