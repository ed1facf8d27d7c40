"""Debian's Chromium for the tests that look at pages; skipped, with the word, where none is."""

import os
import re
import shutil

import pytest

from tests.browser.serving import PATIENCE, keep_picture
from tests.teaching.conftest import released_course  # noqa: F401 (a fixture)

_CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="module")
def chromium():
    """The browser, one for a file's tests: while it is open no other event loop can run."""
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="no playwright: pip install playwright"
    )
    names = filter(None, (os.environ.get("COURSE_CHROMIUM"), *_CHROMIUMS))
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip("no Chromium: apt-get install chromium, or name it in COURSE_CHROMIUM")
    own_rights = ["--no-sandbox"] if os.geteuid() == 0 else []  # root's can't make one
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=[*own_rights, "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, request):
    """A page of its own; how it looked when a test failed stays in build/screenshots."""
    context = chromium.new_context(viewport={"width": 1360, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    page.set_default_navigation_timeout(PATIENCE * 1000)
    yield page
    if getattr(request.node, "went_wrong", False):
        keep_picture(page, "failed_" + re.sub(r"\W+", "_", request.node.name))
    context.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    outcome = yield
    if outcome.get_result().failed:
        item.went_wrong = True
