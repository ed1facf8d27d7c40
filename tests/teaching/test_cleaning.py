"""What is shown of a hand-in asks no other machine for anything; its own pictures are there."""

import json
import re
from pathlib import Path

import pytest
import tinycss2
from bs4 import BeautifulSoup
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_markdown_cell, new_notebook, new_output, new_raw_cell
from nbgrader.converters import GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from nbgrader.server_extensions.formgrader.handlers import template_path
from traitlets.config.loader import PyFileConfigLoader

from course_utils.teaching.cleaning import clean
from course_utils.teaching.doctor.known import Known
from course_utils.teaching.doctor.mending import mend
from course_utils.teaching.feedback import FeedbackExporter, ShowFeedback
from course_utils.teaching.formgrader import CleanHandIn
from course_utils.teaching.hand_in import notebook_in

THERE = "https://elsewhere.example/seen.png"
PNG = "iVBORw0KGgo="
FETCHING = [
    f'<img src="{THERE}">',
    f'<img src="//elsewhere.example/seen.png" srcset="{THERE} 2x">',
    f'<img src=" \n{THERE}">',
    f'<picture><source srcset="{THERE}"><img src="{THERE}"></picture>',
    f'<svg><image href="{THERE}"/><use xlink:href="{THERE}#a"/></svg>',
    f'<p style="cursor:url({THERE}),auto">x</p>',
    f'<p style="background-color: red; background: url({THERE})">x</p>',
    f"<p style=\"cursor: u\\72l('{THERE}'), auto\">x</p>",
    f"<p style=\"border: 1px solid; color: image-set('{THERE}' 1x)\">x</p>",
    f'<p style="fill:url({THERE}#a)">x</p>',
    f'<p style="font: 1px a, url({THERE})">x</p>',
    f'<p style="color: var(--a, url({THERE}))">x</p>',
    f'<p style="margin: {{ a: url({THERE}) }}">x</p>',
    f'<style>@import "{THERE}"; p {{ background: url({THERE}) }}</style>',
    f'<link rel="stylesheet" href="{THERE}"><link rel="preload" as="image" href="{THERE}">',
    f'<meta http-equiv="refresh" content="0; url={THERE}">',
    f'<table background="{THERE}"><tr><td background="{THERE}">x</td></tr></table>',
    f'<video poster="{THERE}" src="{THERE}"></video><audio src="{THERE}" autoplay></audio>',
    f'<object data="{THERE}"></object><embed src="{THERE}">',
    f'<iframe src="{THERE}"></iframe><input type="image" src="{THERE}">',
    f'<base href="{THERE}"><body background="{THERE}">x</body>',
    rf"$\style{{cursor:url({THERE})}}{{x}}$",  # MathJax makes it a style of the page
    rf"$\bbox[background:url({THERE})]{{x}}$",
    rf"$$ \mmlToken{{mi}}[style='cursor:url({THERE})']{{x}} $$",
    f"<i>$&#92;sty&#x6c;e{{cursor:url({THERE})}}{{x}}$</i>",
]
ATTRIBUTES = ("src", "srcset", "poster", "background", "data", "href", "xlink:href")
LOADED = {"link", "meta", "style", "base", "object", "embed", "video", "iframe", "image", "use"}
STYLED = re.compile(r"url\(|image-set")
MACRO = re.compile(r"\\(?:style|bbox|mmlToken)")


def asked_of_others(page: str) -> list[str]:
    """What a browser would load, or a style or MathJax make it load."""
    tree = BeautifulSoup(page, "html5lib")
    loaded = [
        f"{tag.name} {name}={value}"
        for tag in tree.find_all(True)
        for name, value in tag.attrs.items()
        if (name in ATTRIBUTES and tag.name != "a" and not str(value).startswith("data:image/"))
        or (name == "style" and STYLED.search(_unescaped(value)))
    ]
    named = [tag.name for tag in tree.find_all(LOADED)]
    return loaded + named + list(tree.find_all(string=MACRO))


def _unescaped(style: str) -> str:
    return tinycss2.serialize(tinycss2.parse_component_value_list(style))


@pytest.mark.parametrize("html", FETCHING)
def test_nothing_of_a_hand_in_is_fetched(html):
    assert asked_of_others(html)  # it would be
    assert asked_of_others(clean(html)) == []


def test_a_link_to_click_stays_and_a_picture_from_elsewhere_leaves_its_words():
    page = clean(f'<a href="{THERE}">see</a> <img src="{THERE}" alt="my map">')
    assert f'<a href="{THERE}">see</a>' in page
    assert 'alt="my map"' in page


@pytest.mark.parametrize(
    "style", ["color: red;", "margin: 4px 0;", "color: rgb(1, 2, 3); width: calc(1px + 2em);"]
)
def test_styles_that_load_nothing_stay(style):
    page = f'<div style="{style}">x</div>'
    assert clean(page) == page


def test_formulas_stay_as_they_were_written():
    for text in (r"$\frac{a}{b} \leq \styles$", r"$\alpha \in \{1, 2\}$"):
        assert clean(text) == text


@pytest.fixture(scope="module", params=["formgrader", "feedback"])
def shown(request):
    """Renders cells as Formgrader or as the page of feedback does."""
    here = Path(__file__).parents[2]
    config = PyFileConfigLoader("nbgrader_config.py", path=str(here)).load_config()
    if request.param == "formgrader":
        config.HTMLExporter.template_name = "formgrade"
        config.HTMLExporter.extra_template_basedirs = [template_path]
        exporter = HTMLExporter(config=config)
    else:
        converter = GenerateFeedback(CourseDirectory(), config=config)
        exporter = FeedbackExporter(config=converter.config)
    resources = {
        "nbgrader": {"notebook": "work", "score": 0, "max_score": 0, "late_penalty": 0},
        "words": {},
        "language": "en",
        "index": 0,  # Formgrader's, as it counts hand-ins
        "total": 1,
    }

    def show(*cells):
        notebook = new_notebook(cells=list(cells))
        return exporter.from_notebook_node(notebook, resources)[0]

    return show


def body(page):
    return BeautifulSoup(page, "html5lib").find(class_="text_cell_render")


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("![map](attachment:x.png)", "x.png"),
        ("![map](attachment:my%20map.png)", "my map.png"),
        ("![map](<attachment:my map.png>)", "my map.png"),
        ("![map](attachment:карта.png)", "карта.png"),
        ("![map](attachment:%D0%BA%D0%B0%D1%80%D1%82%D0%B0.png)", "карта.png"),
        (
            "![map](attachment:край.png)",
            "кра\u0438\u0306.png",
        ),  # one of them with a combining mark
        ("![map][1]\n\n[1]: attachment:x.png", "x.png"),
        ('<img src="attachment:x.png" width="400">', "x.png"),
        ("text <img alt='map' src='attachment:my%20map.png'/> text", "my map.png"),
        ('<div align="center">\n<img src="attachment:карта.png">\n</div>', "карта.png"),
    ],
)
def test_a_pasted_picture_is_shown(shown, source, name):
    cell = new_markdown_cell(source, attachments={name: {"image/png": PNG}})
    assert body(shown(cell)).find("img")["src"] == f"data:image/png;base64,{PNG}"


@pytest.mark.parametrize("kind", ["image/png", "image/jpeg", "image/gif", "image/webp"])
def test_every_kind_that_a_browser_pastes_is_shown(shown, kind):
    cell = new_markdown_cell("![x](attachment:x)", attachments={"x": {kind: PNG}})
    assert body(shown(cell)).find("img")["src"] == f"data:{kind};base64,{PNG}"


@pytest.mark.parametrize(
    "pictures", [{}, {"x.png": {}}, {"x.png": {"text/html": "<script>alert(1)</script>"}}]
)
def test_a_picture_that_is_not_there_costs_nothing_else(shown, pictures):
    cell = new_markdown_cell("my ![map](attachment:x.png) words", attachments=pictures)
    found = body(shown(cell))
    assert "my" in found.text
    assert found.find("img")["alt"] == "map"
    assert "src" not in found.find("img").attrs


@pytest.mark.parametrize("step", [CleanHandIn, ShowFeedback])
def test_what_a_cell_prints_fetches_nothing(step):
    printed = {
        "text/html": f'<img src="{THERE}">',
        "text/latex": rf"$\style{{cursor:url({THERE})}}{{x}}$",
        "text/plain": "x",
        "application/pdf": THERE,
    }
    (output,) = step().sanitize_code_outputs([new_output("display_data", printed)])
    assert output.data.keys() == {"text/html", "text/latex", "text/plain"}
    assert "seen.png" not in output.data["text/html"]
    assert "\\style" not in output.data["text/latex"]


def test_the_page_forbids_what_cleaning_might_miss(shown):
    page = BeautifulSoup(shown(new_markdown_cell("My words.")), "html5lib")
    policy = page.head.find(attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert {"img-src data:", "media-src 'none'", "frame-src 'none'", "base-uri 'none'"} <= set(
        policy.split("; ")
    )
    assert "My words." in page.body.text


def test_pictures_of_a_cell_are_read_however_the_file_holds_them():
    pictures = {
        "a.svg": {"image/svg+xml": ["PHN2", "Zz4="]},
        "bad": {"image/png": 7},
        "b.png": {"image/png": PNG},
    }
    cell = {"cell_type": "markdown", "source": "", "metadata": {}, "attachments": pictures}
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
    (read,) = notebook_in(json.dumps(content)).cells
    assert read.attachments == {
        "a.svg": {"image/svg+xml": "PHN2Zz4="},
        "b.png": {"image/png": PNG},
    }


def test_an_essay_that_became_a_raw_cell_keeps_its_pictures():
    fields = {"grade": True, "solution": True, "grade_id": "essay", "points": 3}
    fields |= {"locked": False, "task": False, "schema_version": 3}
    released = new_markdown_cell("Your answer.", metadata={"nbgrader": fields})
    pictures = {"x.png": {"image/png": PNG}}
    answer = new_raw_cell("![x](attachment:x.png)", metadata={"nbgrader": fields})
    answer["attachments"] = pictures
    notebook = new_notebook(metadata={})
    notebook.cells = [answer]
    mend(notebook, Known.of({"en": new_notebook(cells=[released])}), "en")
    (cell,) = notebook.cells
    assert (cell.cell_type, cell.attachments) == ("markdown", pictures)
