"""Debian's Chromium for the tests that look at pages; skipped, with the word, where none is."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

__all__ = ["chromium_browser"]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@contextmanager
def chromium_browser() -> Iterator:
    """Playwright's Browser. While it is open no other event loop can run in this thread."""
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="no playwright: pip install playwright"
    )
    names = filter(None, (os.environ.get("COURSE_CHROMIUM"), *_NAMES))
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
