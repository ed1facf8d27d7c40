"""The site as a reader has it: on a phone, by keyboard, in the dark, without a network."""

import pytest

STICKS_OUT = """() => [...document.querySelectorAll('article *')]
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
    .filter(e => !e.closest('pre, table, div.math'))
    .map(e => e.outerHTML.slice(0, 100))"""
CUT_OFF = """() => [...document.querySelectorAll('.prev-next-area a')]
    .filter(e => e.scrollWidth > e.clientWidth).map(e => e.title)"""


@pytest.fixture(scope="module")
def phone(browser):
    context = browser.new_context(viewport={"width": 390, "height": 844})
    yield context.new_page()
    context.close()


@pytest.fixture
def desktop(browser, served):
    """A page, and the addresses outside the site that it asked for."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    yield page
    context.close()
    assert [url for url in asked if not url.startswith((served, "data:", "blob:"))] == []
    assert page.errors == []


def test_nothing_sticks_out_on_a_phone(served, site, phone):
    """Of any page: neither out of the page nor, unseen, out of the links to its neighbours."""
    found = {}
    pages = [path.relative_to(site) for path in site.glob("*/**/*.html")]
    for page in (page for page in pages if "_static" not in page.parts):
        phone.goto(f"{served}/{page.as_posix()}")
        wide = phone.evaluate(STICKS_OUT) + phone.evaluate(CUT_OFF)
        if wide or phone.evaluate("document.documentElement.scrollWidth") > 390:
            found[str(page)] = wide
    assert len(pages) > 30
    assert found == {}


@pytest.mark.parametrize("name", ["en/lectures/06_fcn.html", "ru/glossary.html"])
def test_pages_need_no_network(served, desktop, name):
    desktop.goto(f"{served}/{name}", wait_until="networkidle")
    # The formulas are drawn in the font that lies beside.
    assert desktop.evaluate("document.fonts.check('16px \"STIX Two Math\"')")
    assert desktop.evaluate(
        "[...document.fonts].some(f => f.family.includes('STIX') && f.status == 'loaded')"
    )
    assert desktop.locator("math").first.bounding_box()["height"] > 5


@pytest.mark.parametrize(
    ("language", "asked", "found"),
    [
        ("ru", "раздутыми свёртками", "08_dilated_convolutions"),  # another form of the word
        ("en", "dilating convolution", "08_dilated_convolutions"),
        ("ru", "метрика", "04_segmentation_metrics"),
    ],
)
def test_search_finds_a_word_in_another_form(served, desktop, language, asked, found):
    desktop.goto(f"{served}/{language}/search.html?q={asked}")
    link = desktop.locator(f"#search-results a[href*='{found}']").first
    link.wait_for(timeout=20_000)


def test_the_first_tab_skips_to_the_text_and_focus_can_be_seen(served, desktop):
    desktop.goto(f"{served}/en/lectures/05_segmentation_loss.html")
    desktop.keyboard.press("Tab")
    focused = "document.activeElement"
    assert desktop.evaluate(f"{focused}.getAttribute('href')") == "#main-content"
    desktop.wait_for_function(f"{focused}.getBoundingClientRect().top >= 0")  # it slides in
    desktop.keyboard.press("Enter")
    seen = set()
    for _step in range(8):
        desktop.keyboard.press("Tab")
        style = desktop.evaluate(
            f"(s => s.outlineStyle + ' ' + s.outlineWidth)(getComputedStyle({focused}))"
        )
        assert style.startswith("solid"), desktop.evaluate(f"{focused}.outerHTML")
        seen.add(desktop.evaluate(f"{focused}.outerHTML"))
    assert len(seen) >= 6
    assert any("colab-badge" in element for element in seen)


def test_the_switch_leads_to_the_same_page_and_back(served, desktop):
    desktop.goto(f"{served}/ru/lectures/05_segmentation_loss.html")
    desktop.locator("a.language-switch").click()
    assert desktop.url.endswith("/en/lectures/05_segmentation_loss.html")
    desktop.locator("a.language-switch").click()
    assert desktop.url.endswith("/ru/lectures/05_segmentation_loss.html")


def test_the_first_page_goes_to_the_readers_language(served, browser):
    for locale, folder in (("ru-RU", "ru"), ("en-GB", "en"), ("de-DE", "en")):
        context = browser.new_context(locale=locale)
        page = context.new_page()
        page.goto(f"{served}/index.html")
        page.wait_for_url(f"**/{folder}/index.html")
        context.close()


def test_figures_can_be_read_in_the_dark(served, browser):
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto(f"{served}/en/lectures/05_segmentation_loss.html")
    background = page.locator("div.cell_output img").first.evaluate(
        "e => getComputedStyle(e).backgroundColor"
    )
    assert background == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != background
    context.close()
