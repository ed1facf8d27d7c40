"""Every page of the site: valid, whole, its links alive, nothing loaded from elsewhere."""

import os
import re
from collections import Counter

import html5lib
import nbformat
import pytest

import course_utils.reference.losses
import course_utils.reference.metrics
from course_utils.i18n import _, speaking
from course_utils.teaching import glossary, lectures
from course_utils.teaching.config import load
from course_utils.teaching.site.reading import plain
from tests.site.conftest import LANGUAGES, ROOT, HtmlPage

COURSE = load(ROOT)
LECTURES = [path.stem for path in lectures.sources(COURSE)]
BOTH = [f"lectures/{name}" for name in LECTURES]
BOTH += ["index", "assignments", "glossary", "papers", "handbook/index", "search"]
# What a browser fetches by itself; a link that a reader may follow is another matter.
FETCHED = {
    "audio": "src",
    "embed": "src",
    "iframe": "src",
    "img": "src",
    "link": "href",
    "object": "data",
    "script": "src",
    "source": "src",
    "video": "src",
}


def notebook(language, name):
    return nbformat.read(ROOT / "lectures" / language / f"{name}.ipynb", as_version=4)


def saved_words(language, name):
    """The words saved with the pictures of a notebook, in their order."""
    for cell in notebook(language, name).cells:
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                yield plain(output.metadata["image/png"]["alt"])


def test_pages_are_valid_html(pages):
    problems = []
    for page in pages:
        if "/api/" in page.name and not os.environ.get("COURSE_TEST_ALL"):
            continue  # the largest by far, and of one template
        parser = html5lib.HTMLParser()
        parser.parse(page.text)
        problems += [(page.name, position, code) for position, code, _values in parser.errors]
        ids = Counter(element["id"] for element in page.soup.find_all(id=True))
        problems += [(page.name, "id twice", one) for one, times in ids.items() if times > 1]
    assert not problems


def test_every_page_says_its_language_and_its_title(pages):
    for page in pages:
        assert page.soup.title.get_text(strip=True), page.name
        if page.name != "index.html":
            assert page.soup.html["lang"] == page.name.split("/")[0], page.name


def test_every_link_inside_the_site_leads_somewhere(site, pages):
    anchors, dead = {}, []
    for page in pages:
        for element in page.soup.find_all(["a", *FETCHED]):
            address = element.get(FETCHED.get(element.name, "href"))
            if not address or address == "#":  # a button of the theme
                continue
            target = page.target(address)
            if target is None:
                continue
            path, anchor = target
            if not path.is_file() or not path.is_relative_to(site):
                dead.append((page.name, address))
            elif anchor and path.suffix == ".html":
                if path not in anchors:
                    other = HtmlPage(site, str(path.relative_to(site)))
                    anchors[path] = {x["id"] for x in other.soup.find_all(id=True)}
                if anchor not in anchors[path]:
                    dead.append((page.name, address))
    assert not dead


def test_a_page_fetches_nothing_from_elsewhere(site, pages):
    outside = [
        (page.name, str(element)[:120])
        for page in pages
        for element in page.soup.find_all(list(FETCHED))
        if re.match(r"(?:[a-z]+:)?//", element.get(FETCHED[element.name], ""))
        and element.get("rel") not in (["canonical"], ["alternate"])
    ]
    for style in site.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        outside += [
            (str(style.relative_to(site)), found)
            for found in re.findall(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//[^)'\"]+", text)
        ]
    assert not outside


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("document", BOTH)
def test_the_switch_stays_on_the_page(site, language, document):
    other = next(one for one in LANGUAGES if one != language)
    page = HtmlPage(site, f"{language}/{document}.html")
    switch = page.soup.select_one("a.language-switch")
    assert switch["hreflang"] == switch["lang"] == other
    path, _anchor = page.target(switch["href"])
    assert path == site / other / f"{document}.html"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", LECTURES)
def test_a_lecture_is_whole(site, language, name):
    page = HtmlPage(site, f"{language}/lectures/{name}.html")
    article = page.soup.select_one("article")
    # Its pictures, in their order, each with the words that the figure was saved with.
    words = [picture["alt"] for picture in article.select("div.cell_output img")]
    assert words == list(saved_words(language, name))
    # All code, and no markup that nobody turned into something.
    code = [cell.source for cell in notebook(language, name).cells if cell.cell_type == "code"]
    shown = [block.get_text() for block in article.select("div.cell_input pre")]
    assert ["".join(text.split()) for text in shown] == ["".join(text.split()) for text in code]
    prose = article.get_text()
    for block in article.select("pre, code, annotation"):
        prose = prose.replace(block.get_text(), "")
    assert not re.findall(r"\$[^$\s][^$]*\$|\\[a-z]+\{|\*\*", prose)
    assert article.select("math")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", LECTURES)
def test_a_figure_that_moves_says_where_and_shows_its_frames(site, language, name):
    article = HtmlPage(site, f"{language}/lectures/{name}.html").soup.select_one("article")
    notes = article.select("p.moves")
    assert len(notes) >= 2
    for note in notes:
        assert "colab.research.google.com" in note.a["href"]
        assert note.find_next("img")
    with speaking(language):
        assert _("An interactive figure: run the cell to move its controls.") not in str(
            article
        )
    assert not article.select("[data-mime-type], .jupyter-widgets, script")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_badge_opens_the_same_notebook_in_colab(site, language):
    start = f"https://colab.research.google.com/github/{COURSE.repository}/blob/{COURSE.branch}"
    for name in LECTURES:
        page = HtmlPage(site, f"{language}/lectures/{name}.html")
        badges = page.soup.select("a.colab-badge")
        assert [badge["href"] for badge in badges] == [
            f"{start}/lectures/{language}/{name}.ipynb"
        ]
    page = HtmlPage(site, f"{language}/assignments.html")
    assert [badge["href"] for badge in page.soup.select("a.colab-badge")] == [
        f"{start}/assignments/{language}/{name}/{name}.ipynb" for name in COURSE.assignments
    ]


def test_every_picture_has_words(pages):
    for page in pages:
        for picture in page.soup.select("article img"):
            assert len(picture.get("alt", "")) > 10, (page.name, picture)


@pytest.mark.parametrize("language", LANGUAGES)
def test_assignments_show_their_exercises_and_points(site, language):
    page = HtmlPage(site, f"{language}/assignments.html")
    tables = page.soup.select("article table")
    assert len(tables) == len(COURSE.assignments)
    for table, assignment in zip(tables, COURSE.assignments.values(), strict=True):
        points = [row.select("td")[-1].get_text() for row in table.select("tbody tr")]
        expected = [*assignment.points.values(), assignment.total]
        assert points == [f"{worth:g}" for worth in expected]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_glossary_has_every_term(site, language):
    page = HtmlPage(site, f"{language}/glossary.html")
    for term in glossary.terms(COURSE):
        assert page.soup.find(id=term.id), term.id
        assert term.word[language] in page.soup.get_text()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_paper_of_every_lecture_is_on_the_page_once(site, language):
    page = HtmlPage(site, f"{language}/papers.html")
    there = [link["href"] for link in page.soup.select("article a.external")]
    expected = set()
    for name in LECTURES:
        last = notebook(language, name).cells[-1].source
        expected |= set(re.findall(r"\]\((https?://[^)]+)\)", last))
    assert sorted(there) == sorted(expected)


def test_the_reference_tells_of_every_public_function(site):
    metrics = HtmlPage(site, "en/api/reference.html").soup
    found = metrics.find(id="course_utils.reference.metrics.jaccard").parent.get_text()
    assert "measure (intersection over union) of each class" in found
    assert "ValueError where no pixel is labelled" in found
    for module in (course_utils.reference.losses, course_utils.reference.metrics):
        for name in module.__all__:
            if callable(getattr(module, name)):
                assert metrics.find(id=f"{module.__name__}.{name}"), name
