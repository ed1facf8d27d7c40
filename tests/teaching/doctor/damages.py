"""What happens to notebooks on their way. A damage takes a hand-in and gives a file's bytes.

`FIXED` are those after which grading must see what it would have seen of the intact one.
"""

import copy
import json

import nbformat

CR = "\r\n"


def dumped(notebook) -> bytes:
    return written(notebook).encode()


def place(notebook, name):
    return next(
        at
        for at, cell in enumerate(notebook["cells"])
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == name
    )


def named(notebook, name):
    return notebook["cells"][place(notebook, name)]


def tracked(notebook):
    return [cell for cell in notebook["cells"] if "nbgrader" in cell["metadata"]]


def own(source, kind="code"):
    cell = {"cell_type": kind, "metadata": {}, "source": source}
    return cell | ({"outputs": [], "execution_count": None} if kind == "code" else {})


# --- Metadata ---
def no_cell_metadata(notebook):
    for cell in notebook["cells"]:
        cell["metadata"] = {}


def no_metadata_at_all(notebook):
    no_cell_metadata(notebook)
    no_root_ids(notebook)
    notebook["metadata"] = {}
    notebook["nbformat_minor"] = 4


def no_notebook_metadata(notebook):
    notebook["metadata"] = {}


def no_root_ids(notebook):
    for cell in notebook["cells"]:
        cell.pop("id", None)


def no_grade_ids(notebook):
    for cell in tracked(notebook):
        del cell["metadata"]["nbgrader"]["grade_id"]


def grade_ids_unknown(notebook):
    for number, cell in enumerate(tracked(notebook)):
        cell["metadata"]["nbgrader"]["grade_id"] = f"cell-{number}"


def grade_ids_swapped(notebook):
    names = ("jaccard-solution", "own_test-solution")
    first, second = [named(notebook, name) for name in names]
    first["metadata"], second["metadata"] = second["metadata"], first["metadata"]


def points_edited(notebook):
    for cell in tracked(notebook):
        cell["metadata"]["nbgrader"] |= {"points": 99, "locked": False, "grade": True}


def old_schema(notebook):
    for cell in tracked(notebook):
        cell["metadata"]["nbgrader"]["schema_version"] = 1


def one_id(notebook):
    for cell in notebook["cells"]:
        cell["id"] = cell["metadata"]["id"] = "same"


def other_kernel(notebook):
    notebook["metadata"]["kernelspec"] = {"name": "ir", "display_name": "R", "language": "R"}


def colab(notebook):
    notebook["nbformat_minor"] = 0
    notebook["metadata"] |= {"colab": {"provenance": []}, "accelerator": "GPU"}
    for cell in notebook["cells"]:
        cell.pop("id", None)
        cell["source"] = "\n".join(line.rstrip() for line in cell["source"].split("\n"))
        if cell["cell_type"] == "code":
            cell["metadata"] |= {"colab": {"base_uri": "x"}, "executionInfo": {"status": "ok"}}
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["hi"]}]


def forms(notebook):
    for name in ("jaccard", "own_test"):
        cell = named(notebook, name)
        cell["source"] = f"#@title Check\n{cell['source']}"
        cell["metadata"]["cellView"] = "form"


# --- Cells ---
def checks_deleted(notebook):
    for name in ("jaccard", "own_test"):
        del notebook["cells"][place(notebook, name)]


def prose_deleted(notebook):
    notebook["cells"] = [c for c in notebook["cells"] if not c["source"].startswith("# Me")]
    notebook["cells"] = [c for c in notebook["cells"] if not c["source"].startswith("# Ме")]


def setup_deleted(notebook):
    notebook["cells"] = [c for c in notebook["cells"] if "session.start" not in c["source"]]


def checks_doubled(notebook):
    for name in ("jaccard", "own_test"):
        at = place(notebook, name)
        notebook["cells"].insert(at + 1, copy.deepcopy(notebook["cells"][at]))


def answers_doubled(notebook):
    for name in ("jaccard-solution", "essay"):
        at = place(notebook, name)
        notebook["cells"].insert(at, copy.deepcopy(notebook["cells"][at]))


def checks_as_prose(notebook):
    for name, kind in (("jaccard", "markdown"), ("own_test", "raw")):
        notebook["cells"][place(notebook, name)] |= {"cell_type": kind}


def answers_as_other_types(notebook):
    for name, kind in (("jaccard-solution", "markdown"), ("own_test-solution", "raw")):
        notebook["cells"][place(notebook, name)] |= {"cell_type": kind}
    named(notebook, "essay")["cell_type"] = "code"


def checks_edited(notebook):
    named(notebook, "jaccard")["source"] = "assert True  # it worked yesterday"
    named(notebook, "own_test")["source"] += "\nprint('mine')"


def checks_first(notebook):
    for name in ("jaccard", "own_test"):
        cell = notebook["cells"].pop(place(notebook, name))
        notebook["cells"].insert(place(notebook, f"{name}-solution"), cell)


def setup_last(notebook):
    cells = notebook["cells"]
    at = next(n for n, cell in enumerate(cells) if "session.start" in cell["source"])
    cells.append(cells.pop(at))


def upside_down(notebook):
    notebook["cells"].reverse()


def answers_in_own_cells(notebook):
    """The released cells left untouched, the answers in cells without metadata below them."""
    for name in ("own_test-solution", "jaccard-solution"):
        at = place(notebook, name)
        cell = notebook["cells"][at]
        notebook["cells"].insert(at + 1, own(cell["source"]))
        cell["source"] = BLANKS[name]


def essay_below(notebook):
    at = place(notebook, "essay")
    cell = notebook["cells"][at]
    notebook["cells"].insert(at + 1, own(cell["source"], "markdown"))
    cell["source"] = "*Your answer.*"


def question(notebook):
    return notebook["cells"][place(notebook, "essay") - 1]


def essay_in_question(notebook):
    """The answer typed below the question, in its cell."""
    cell = named(notebook, "essay")
    question(notebook)["source"] += f"\n\n{cell['source']}\n"
    cell["source"] = "*Your answer.*"


def essay_before_question(notebook):
    cell, above = named(notebook, "essay"), question(notebook)
    above["source"] = f"{cell['source']}\n\n{above['source']}"
    cell["source"] = ""


def essay_joined_to_question(notebook):
    """Jupyter's "merge cells": the first one's metadata stays."""
    at = place(notebook, "essay")
    above = notebook["cells"][at - 1]
    above["source"] += "\n\n" + notebook["cells"].pop(at)["source"]


BLANKS = {
    "jaccard-solution": "import torch\n\ndef jaccard(predicted, truth, num_classes):\n"
    "    # YOUR CODE HERE\n    raise NotImplementedError()",
    "own_test-solution": "def twice(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()",
}


# --- The file ---
def half_letters(notebook):
    notebook["cells"].insert(1, own("half \ud800 of a letter", "markdown"))


def windows_lines(notebook):
    for cell in notebook["cells"]:
        cell["source"] = cell["source"].replace("\n", CR)


def giant_outputs(notebook):
    stream = {"output_type": "stream", "name": "stdout", "text": ["x" * 2**20]}
    named(notebook, "own_test")["outputs"] = [stream] * 6
    notebook["metadata"]["widgets"] = {"state": {"a": "x" * 1000}}


def old_format(notebook):
    no_root_ids(notebook)
    notebook["nbformat_minor"] = 0


IN_PLACE = {
    change.__name__: (change, kinds)
    for change, *kinds in (
        (no_cell_metadata,),
        (no_metadata_at_all, "mark_lost", "notebook_marks", "old_format"),
        (no_notebook_metadata, "notebook_marks"),
        (no_root_ids, "ids"),
        (no_grade_ids, "mark_lost"),
        (grade_ids_unknown, "mark_lost"),
        (grade_ids_swapped, "mark_changed"),
        (points_edited, "settings"),
        (old_schema, "settings"),
        (one_id, "ids"),
        (other_kernel, "kernel"),
        (colab, "colab", "old_format"),
        (forms, "check_form", "form"),
        (checks_deleted, "check_missing"),
        (prose_deleted,),
        (setup_deleted, "code_missing"),
        (checks_doubled, "twice"),
        (answers_doubled, "twice"),
        (checks_as_prose, "retyped"),
        (answers_as_other_types, "retyped"),
        (checks_edited, "check_edited"),
        (checks_first, "check_too_early"),
        (setup_last, "code_too_late"),
        (upside_down, "check_too_early", "code_too_late"),
        (answers_in_own_cells,),
        (essay_below,),
        (essay_in_question, "answer_in_question"),
        (essay_before_question, "answer_in_question"),
        (essay_joined_to_question, "answer_in_question"),
        (half_letters, "half_letters"),
        (windows_lines, "line_ends"),
        (giant_outputs, "outputs", "widgets"),
        (old_format, "old_format"),
    )
}


def in_utf_16(notebook):
    return written(notebook).encode("utf-16")


def written(notebook):
    """The text of the file; halves of letters escaped, as programs do that can't write them."""
    return json.dumps(json.loads(json.dumps(notebook)), ensure_ascii=False).replace(
        "\ud800", "\\ud800"
    )


def with_mark(notebook):
    return b"\xef\xbb\xbf" + dumped(notebook)


def in_cp1251(notebook):
    return written(notebook).encode("cp1251", "xmlcharrefreplace")


def in_latin_1(notebook):
    notebook["cells"].append(own("déjà vu, naïve", "markdown"))
    ascii_only = json.dumps(notebook).replace(r"\u00e9", "\u00e9").replace(r"\u00e0", "\u00e0")
    return ascii_only.encode("latin-1")


def nbformat_3(notebook):
    whole = nbformat.reads(written(notebook), as_version=4)
    return nbformat.v3.writes_json(nbformat.convert(whole, 3)).encode()


FILES = {
    "in_utf_16": (in_utf_16, "encoding"),
    "with_mark": (with_mark, "encoding"),
    "in_cp1251": (in_cp1251, "encoding"),
    "in_latin_1": (in_latin_1, "encoding"),
    "nbformat_3": (nbformat_3, "old_format"),
}
ALL = {**IN_PLACE, **FILES}


def damage(notebook, *names) -> bytes:
    """The file after these damages, those in place first; at most one writes the file."""
    changed = json.loads(json.dumps(notebook))
    write = dumped
    for name in names:
        if name in IN_PLACE:
            IN_PLACE[name][0](changed)
        else:
            write = FILES[name][0]
    return write(changed)
