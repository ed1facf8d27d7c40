"""The whole site, built once for all tests and workers, and pages of it parsed."""

import os
import threading
from dataclasses import dataclass
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup
from filelock import FileLock

from course_utils.teaching.config import load
from tests.chromium import chromium_browser

ROOT = Path(__file__).parents[2]
LANGUAGES = ("ru", "en")


@dataclass(frozen=True)
class HtmlPage:
    """A page of the built site. name: its path from the site's root."""

    site: Path
    name: str

    @property
    def path(self) -> Path:
        return self.site / self.name

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def soup(self) -> BeautifulSoup:
        """The page's tree, shared by all tests: look only."""
        return _parsed(self.path)

    def target(self, address: str) -> tuple[Path, str] | None:
        """The file and the anchor that an address of this page leads to; None if outside."""
        parts = urlsplit(address)
        if parts.scheme or parts.netloc:
            return None
        path = (self.path.parent / unquote(parts.path)).resolve() if parts.path else self.path
        return path, unquote(parts.fragment)


@cache
def _parsed(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """The folder of the built pages. Read it only."""
    pytest.importorskip("myst_nb", reason="the extra `site` is not installed")
    from course_utils.teaching.site.build import build

    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent  # one for all workers
    place = shared / "course_site"
    with FileLock(shared / "course_site.lock"):
        if not (place / "pages" / "index.html").is_file():
            build(load(ROOT), place / "pages", work=place / "work")
    return place / "pages"


@pytest.fixture(scope="session")
def pages(site) -> list[HtmlPage]:
    """All pages; what the theme brings along in _static is none."""
    names = (path.relative_to(site) for path in sorted(site.rglob("*.html")))
    return [HtmlPage(site, str(name)) for name in names if "_static" not in name.parts]


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *words) -> None:
        pass


@pytest.fixture(scope="session")
def served(site) -> str:
    """The site's address: a server that can do no more than give files away."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser():
    """Debian's Chromium, one for a file's tests."""
    with chromium_browser() as found:
        yield found
