"""A page of Chromium for each test."""

import re

import pytest

from tests.browser.serving import PATIENCE, keep_picture
from tests.chromium import chromium_browser
from tests.teaching.conftest import released_course  # noqa: F401 (a fixture)


@pytest.fixture(scope="module")
def chromium():
    """The browser, one for a file's tests."""
    with chromium_browser() as browser:
        yield browser


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
