"""A hand-in as Formgrader shows it: text, pictures, cards, and nothing that runs."""

import base64

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output, new_raw_cell
from traitlets.config.loader import PyFileConfigLoader

from course_utils.teaching.cleaning import clean
from course_utils.teaching.formgrader import CleanHandIn

MARKUP = (
    "<script>alert(666)</script><img src=x onerror=alert(666)>"
    "<a href='javascript:alert(666)'>x</a><svg onload=alert(666)></svg>"
    "<iframe srcdoc='<script>alert(666)</script>'></iframe>"
    "<form action='javascript:alert(666)'><button>x</button></form>"
    "<style>@import 'http://evil.example'</style><base href='http://evil.example/'>"
)
CARD = '<div style="border-left:6px solid red"><b>jaccard</b> That is Dice.</div>'
SVG = '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(666)"><rect id="drawn"/></svg>'


@pytest.fixture
def shown(request):
    """Renders cells with the course's settings; returns the body's tree."""
    root = request.path.parents[2]
    config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
    exporter = HTMLExporter(config=config, template_name="basic")

    def show(*cells, **metadata):
        notebook = nbformat.v4.new_notebook(cells=list(cells), metadata=metadata)
        return BeautifulSoup(exporter.from_notebook_node(notebook)[0], "html5lib").body

    return show


def check_cell(output, **metadata):
    nbgrader = {"grade_id": "jaccard", "grade": True, "solution": False, "points": 3}
    return new_code_cell(
        "check()", outputs=[output], metadata={"nbgrader": nbgrader, **metadata}
    )


def of_kind(kind, content=MARKUP):
    return new_output("display_data", {kind: content}, metadata={kind: {"alt": MARKUP}})


def what_could_run(tree) -> list[str]:
    active = tree.find_all(
        ["script", "iframe", "form", "button", "style", "base", "meta", "svg"]
    )
    handlers = [
        f"{name}={value}"
        for tag in tree.find_all(True)
        for name, value in tag.attrs.items()
        if name.startswith("on") or "javascript:" in str(value)
    ]
    return [tag.name for tag in active] + handlers


@pytest.mark.parametrize(
    "cell",
    [
        new_markdown_cell(f"{MARKUP}\n\n[x](javascript:alert(666))\n\n$$ {MARKUP} $$"),
        new_raw_cell(MARKUP),
        new_code_cell(f"# {MARKUP}", outputs=[new_output("stream", text=MARKUP)]),
        new_code_cell(outputs=[of_kind("text/html")]),
        new_code_cell(outputs=[of_kind("text/markdown")]),
        new_code_cell(outputs=[of_kind("text/latex")]),
        new_code_cell(outputs=[of_kind("image/svg+xml", SVG)]),
        new_code_cell(outputs=[of_kind("image/png", "AAAA")]),
        new_code_cell(outputs=[of_kind("application/javascript", "alert(666)")]),
        new_code_cell(outputs=[of_kind("application/vnd.jupyter.widget-view+json", {})]),
        new_code_cell(
            outputs=[new_output("error", ename=MARKUP, evalue=MARKUP, traceback=[MARKUP])]
        ),
        check_cell(of_kind("text/html")),  # no judge has written this one
        new_markdown_cell("x", metadata={"tags": [f'"><img src=x onerror="{MARKUP}">']}),
        new_markdown_cell("x", attachments={"x.png": {"text/html": MARKUP}}),
    ],
    ids=lambda cell: cell.cell_type,
)
def test_nothing_of_a_hand_in_can_run(shown, cell):
    assert what_could_run(shown(cell)) == []


def test_this_would_see_what_runs():
    ran = what_could_run(BeautifulSoup(MARKUP, "html5lib"))
    assert {"script", "svg", "iframe", "form", "base", "onerror=alert(666)"} <= set(ran)


def test_the_notebooks_own_metadata_name_nothing(shown):
    evil = '"><script>alert(666)</script>'
    metadata = {"title": evil, "language_info": {"name": evil, "pygments_lexer": evil}}
    assert what_could_run(shown(new_code_cell("1 + 1"), **metadata)) == []
    notebook = nbformat.v4.new_notebook(metadata=metadata)
    cleaned, _resources = CleanHandIn().preprocess(notebook, {})
    assert "666" not in str(cleaned.metadata)


def test_text_pictures_and_tables_stay(shown):
    table = '<table class="dataframe"><tbody><tr><td>0.5</td></tr></tbody></table>'
    tree = shown(
        new_markdown_cell("My **words** and $x^2$.\n\n```python\nx = 1\n```"),
        new_raw_cell("a < b"),
        new_code_cell(
            outputs=[
                of_kind("image/png", "AAAA"),
                of_kind("image/svg+xml", SVG),
                of_kind("text/html", table),
                new_output("stream", text="printed"),
            ]
        ),
    )
    assert tree.find("strong").text == "words"
    assert "$x^2$" in tree.text
    assert "a < b" in tree.text
    assert "printed" in tree.text
    assert tree.find("table", class_="dataframe").text == "0.5"
    assert tree.find("div", class_="highlight")
    png, svg = (image["src"] for image in tree.find_all("img"))
    assert png == "data:image/png;base64,AAAA"
    assert b'id="drawn"' in base64.b64decode(svg.partition("base64,")[2])


def test_the_judges_card_stays_as_it_was_written(shown):
    tree = shown(check_cell(of_kind("text/html", CARD), course={"verdict": {"passed": False}}))
    card = tree.find("b", string="jaccard").parent
    assert card["style"] == "border-left:6px solid red"


def test_a_cell_of_a_student_that_claims_a_verdict_gets_no_such_trust(shown):
    own = new_code_cell(
        outputs=[of_kind("text/html")], metadata={"course": {"verdict": {"passed": True}}}
    )
    assert what_could_run(shown(own)) == []


@pytest.mark.parametrize("word", ["full-credit", "score", "nbgrader_cell", "mark-graded"])
def test_a_class_that_formgrader_gives_a_meaning_is_no_students(shown, word):
    tree = shown(new_markdown_cell(f'<div class="{word}" id="essay">my words</div>'))
    assert tree.find(class_=word) is None
    assert tree.find(id="essay") is None
    assert "my words" in tree.text


def test_classes_of_highlighted_code_and_tables_stay():
    kept = '<div class="highlight"><span class="nb">x</span></div>'
    assert clean(kept) == kept
    assert clean('<div class="highlight full-credit">x</div>') == "<div>x</div>"
