"""A real grading of intact, damaged and mended hand-ins in one class: equal marks."""

import json
import shutil

import nbformat
import pytest

from tests.teaching.doctor.damages import damage, dumped, own
from tests.teaching.grading.class_of import course, hand_in, scores

pytestmark = pytest.mark.slow  # a kernel with torch for each hand-in

DAMAGES = {
    "stripped": ("checks_deleted", "setup_deleted", "no_metadata_at_all"),
    "disordered": ("answers_doubled", "answers_as_other_types", "upside_down"),
    "elsewhere": ("answers_in_own_cells", "checks_edited", "windows_lines"),
}


def merged(notebook):
    """Both solutions and a check in one cell, without metadata."""
    cells = notebook["cells"]
    named = [c for c in cells if c["metadata"].get("nbgrader", {}).get("solution")][:2]
    check = next(c for c in cells if c["source"].startswith("check("))
    source = "\n\n".join([*(cell["source"] for cell in named), check["source"]])
    place = cells.index(named[0])
    notebook["cells"] = [c for c in cells if c is not check and c not in named]
    notebook["cells"].insert(place, own(source))
    return dumped(notebook)


def split(notebook):
    """A solution cut in two, as Jupyter does it: both halves with its metadata."""
    at = next(n for n, c in enumerate(notebook["cells"]) if "def jaccard" in c["source"])
    whole = notebook["cells"][at]
    head, body = whole["source"].split("def jaccard")
    halves = [json.loads(json.dumps(whole)) for _half in range(2)]
    halves[0]["source"], halves[1]["source"] = head, "def jaccard" + body
    notebook["cells"][at : at + 1] = halves
    return dumped(notebook)


def test_marks_are_those_of_the_intact_one(released_course, tmp_path, intact, examined):
    root = tmp_path / "course"
    shutil.copytree(released_course, root)
    expected = {}
    for sample, marks in (("own_cells_en", (3, 2)), ("mistake_ru", (0, 2))):
        files = {name: damage(intact[sample], *names) for name, names in DAMAGES.items()}
        files["merged"] = merged(json.loads(json.dumps(intact[sample])))
        files["split"] = split(json.loads(json.dumps(intact[sample])))
        for name, data in {"intact": dumped(intact[sample]), **files}.items():
            hand_in(root, f"{sample}_{name}", data)
            expected[f"{sample}_{name}"] = marks
            if name != "intact":
                mended = nbformat.writes(examined(data).notebook)
                hand_in(root, f"{sample}_{name}_mended", mended)
                expected[f"{sample}_{name}_mended"] = marks
    course(root, "grade", "metrics_and_loss", "--quiet")
    assert scores(root) == expected
