"""A built notebook as a page to read: nothing runs, so nothing may pretend to."""

import re
from collections.abc import Iterator

import nbformat
from nbformat import NotebookNode

from course_utils.i18n import N_, _, speaking
from course_utils.teaching.config import Course
from course_utils.teaching.setup_cell import SETUP_TAG

__all__ = ["badge", "colab", "page_of", "plain"]

_MOVES = N_("An interactive figure: run the cell to move its controls.")
_WORDS = {
    "ru": {
        "badge": "Открыть в Colab",
        "file": "Тетрадь на GitHub",
        "moves": "Этот рисунок можно двигать: <a href='{colab}'>откройте лекцию в Colab</a> и "
        "выполните ячейку. Ниже — его кадры.",
    },
    "en": {
        "badge": "Open in Colab",
        "file": "The notebook on GitHub",
        "moves": "This figure moves: <a href='{colab}'>open the lecture in Colab</a> and run "
        "the cell. Below are frames of it.",
    },
}


def colab(course: Course, path: str) -> str:
    """Where Colab opens the notebook at `path`, from the course's root."""
    return f"https://colab.research.google.com/github/{course.repository}/blob/{course.branch}/{path}"


def badge(course: Course, language: str, path: str) -> str:
    """The links above a notebook's page, as HTML: to Colab, and to the file."""
    words = _WORDS[language]
    file = f"https://github.com/{course.repository}/blob/{course.branch}/{path}"
    return (
        f'<p class="open-notebook"><a class="colab-badge" href="{colab(course, path)}">'
        f'{words["badge"]}</a> <a href="{file}">{words["file"]}</a></p>'
    )


def page_of(found: NotebookNode, course: Course, language: str, path: str) -> NotebookNode:
    """The notebook as Sphinx gets it. path: of the file, from the course's root.

    - The badge, a picture from another server, becomes a link below the title.
    - The set-up cell is folded.
    - A figure's words, saved with its output, go where `extension` finds them: Sphinx gives
      the picture its alternative text from there.
    - What stands for the controls of a moving figure says where the figure moves.

    Raises ValueError for a picture without words, and for a page without its badge.
    """
    result = nbformat.from_dict(found)
    first = result.cells[0]
    if "colab-badge" not in first.source:
        raise ValueError(f"{path}: expected the badge in the first cell. Run `course build`.")
    del result.cells[0]
    title, _newline, rest = result.cells[0].source.partition("\n")
    result.cells[0].source = f"{title}\n\n{badge(course, language, path)}\n{rest}"
    result.metadata.language_info.pygments_lexer = "ipython3"  # the set-up cell runs pip with !
    with speaking(language):
        moves = _(_MOVES)
    for cell in result.cells:
        if cell.cell_type != "code":
            continue
        if SETUP_TAG in cell.metadata.get("tags", []):
            cell.metadata.tags = ["hide-cell"]
        else:
            cell.metadata.pop("tags", None)
        cell.metadata.alts = []
        for output in _pictures(cell):
            words = output.metadata.get("image/png", {}).get("alt", "")
            if not words.strip():
                raise ValueError(
                    f"{path}: a picture has no words: {cell.source[:60]!r}. Give its axes "
                    "titles, and end the cell with figures.show()."
                )
            cell.metadata.alts.append(plain(words))
        for output in cell.outputs:
            if output.output_type == "display_data" and moves in output.data.get(
                "text/plain", ""
            ):
                note = _WORDS[language]["moves"].format(colab=colab(course, path))
                output.data = {"text/html": f'<p class="moves">{note}</p>'}
    return result


def _pictures(cell: NotebookNode) -> Iterator[NotebookNode]:
    for output in cell.outputs:
        if "image/png" in output.get("data", {}):
            yield output


def plain(words: str) -> str:
    """A figure's titles without TeX's marks: what can be read out."""
    words = re.sub(r"\$([^$]*)\$", lambda found: _spoken(found[1]), words)
    return " ".join(words.split())


def _spoken(formula: str) -> str:
    formula = re.sub(r"\\(?:mathrm|mathbf|text|operatorname)\{([^{}]*)\}", r"\1", formula)
    return re.sub(r"[\\{}]", "", formula)
