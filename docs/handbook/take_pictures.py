"""Takes the handbook's pictures anew: python -m docs.handbook.take_pictures

Every picture is of the real thing. In a copy of the course the built-in class hands in; the
commands of the handbook run there, and what they print is drawn as a terminal shows it; pages
of JupyterLab, Formgrader, the report and the feedback are photographed in Chromium.
Needs playwright and Chromium, and takes two or three minutes.
"""

import csv
import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from rich.console import Console
from rich.text import Text

from course_utils.teaching.demo_class import classes, hand_in, pack
from tests.browser.serving import Server, copy_of_the_course, serving

HERE = Path(__file__).parent / "pictures"
NAME = "metrics_and_loss"
COLUMNS = 128
COLOURS = 96  # of a picture: enough for pages of text, a third of the bytes
MARKED = "410101"  # the student whose essay is marked
_TERMINAL = """\
<style>body {{ margin: 0; background: #fff; }}
pre {{ background: #1e2227; color: #d7dae0; border-radius: 8px; margin: 0; padding: 14px 18px;
font: 13px/1.35 "DejaVu Sans Mono", monospace; width: max-content; }}
.typed {{ color: #8fd694; }}</style>
<pre><span class="typed">$ {typed}</span>
{shown}</pre>"""


def main() -> None:
    """All pictures, in the order of the handbook."""
    HERE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        own_rights = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=own_rights
        )
        root = _course(Path(folder) / "course")
        terminal = _Terminal(root, browser)
        terminal.photograph("publish", "course", "publish", "../student-edition", lines=24)
        _class_hands_in(root)
        terminal.photograph("collect", "course", "collect", NAME, lines=24)
        terminal.photograph("grade", "course", "grade", NAME, lines=30)
        terminal.run("course", "report", NAME)
        _page(browser, "report", (root / "reports" / f"{NAME}.html").as_uri(), height=1000)
        with serving(root, Path(folder) / "server", "--language", "en") as server:
            _lab(browser, server)
            _formgrader(browser, server)
        terminal.run("nbgrader", "generate_feedback", NAME, "--force")
        feedback = root / "feedback" / "410105" / NAME / f"{NAME}.html"
        _page(browser, "feedback", feedback.as_uri(), _to_a_mistake, height=760)
        terminal.run("nbgrader", "export", "--to", "grades.csv")
        terminal.photograph("marks", "course", "marks", NAME, lines=32)
        browser.close()


def _course(root: Path) -> Path:
    """A copy of the course that speaks English, with the class on its list."""
    copy_of_the_course(root)  # all but the documents, of which an edition takes the glossary
    shutil.copytree(HERE.parents[1], root / "docs", ignore=shutil.ignore_patterns("pictures"))
    settings = (root / "course.toml").read_text(encoding="utf-8")
    settings = settings.replace('languages = ["ru", "en"]', 'languages = ["en", "ru"]')
    (root / "course.toml").write_text(settings, encoding="utf-8")
    with (root / "roster.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "last_name", "first_name"])
        writer.writerows([s.id, s.last_name, s.first_name] for s in classes([NAME])[NAME])
    return root


def _class_hands_in(root: Path) -> None:
    """The assignment is given, and the class's zip lies where an LMS's download is put."""
    solved = nbformat.read(root / "solutions" / NAME / f"{NAME}.ipynb", 4)
    files = []
    for language in ("ru", "en"):
        _run(root, "nbgrader", "generate_assignment", NAME, "--force", COURSE_LANGUAGE=language)
    for student in classes([NAME])[NAME]:
        path = root / "assignments" / student.language / NAME / f"{NAME}.ipynb"
        files.append((student, hand_in(NAME, student, nbformat.read(path, 4), solved)))
    archive = root / "downloaded" / NAME / "archive"
    archive.mkdir(parents=True)
    pack(NAME, files, archive / "moodle.zip")


class _Terminal:
    """Commands in the course's folder, and how a terminal shows what they print."""

    def __init__(self, root: Path, browser: Browser) -> None:
        self.root, self.browser = root, browser

    def run(self, *command: str) -> str:
        return _run(self.root, *command, COLUMNS=str(COLUMNS), FORCE_COLOR="1")

    def photograph(self, name: str, *command: str, lines: int) -> None:
        """lines: of the output; what is below is left out, and dots say so."""
        shown = self.run(*command).strip("\n").splitlines()
        if len(shown) > lines:
            shown = [*shown[:lines], "…"]
        console = Console(width=COLUMNS, record=True, file=io.StringIO(), force_terminal=True)
        console.print(Text.from_ansi("\n".join(shown)))
        html = console.export_html(inline_styles=True, code_format="{code}")
        page = self.browser.new_page(viewport={"width": 1300, "height": 700})
        page.set_content(_TERMINAL.format(typed=" ".join(command), shown=html))
        _keep(page.locator("pre").screenshot(), name)
        page.close()


def _run(root: Path, program: str, *words: str, **environment: str) -> str:
    module = {"course": "course_utils.teaching.cli", "nbgrader": "nbgrader"}[program]
    done = subprocess.run(
        [sys.executable, "-P", "-m", module, *words],
        cwd=root,
        env=os.environ | {"LC_ALL": "C.UTF-8"} | environment,
        capture_output=True,
        text=True,
    )
    if done.returncode > 1:  # 1: something needs a person
        raise SystemExit(f"{program} {' '.join(words)}: {done.stdout}\n{done.stderr}")
    return done.stdout


def _lab(browser: Browser, server: Server) -> None:
    """The page that `course lab` opens on."""
    page = browser.new_page(viewport={"width": 1280, "height": 760})
    start = server.address("lab/tree/build/lab/course_en.md?file-browser-path=/")
    page.goto(start, wait_until="networkidle", timeout=180_000)
    page.wait_for_timeout(5000)
    _keep(page.screenshot(), "lab")
    page.close()


def _formgrader(browser: Browser, server: Server) -> None:
    """The assignments, and an essay with its mark."""
    page = browser.new_page(viewport={"width": 1180, "height": 560})
    page.set_default_timeout(180_000)
    page.goto(server.address("formgrader/manage_assignments"))
    page.locator("#main-table tr").first.wait_for()
    page.wait_for_timeout(1500)
    _keep(page.screenshot(), "formgrader")
    with Gradebook(f"sqlite:///{server.root / 'gradebook.db'}") as gradebook:
        submission = gradebook.find_submission(NAME, MARKED).notebooks[0].id
    page.set_viewport_size({"width": 1180, "height": 700})
    page.goto(server.address(f"formgrader/submissions/{submission}/"))
    score = page.locator("input#essay")
    score.wait_for()
    for field, text in ((score, "3"), (page.locator("textarea#essay-comment"), "Well said.")):
        with page.expect_response(lambda response: "/api/" in response.url):
            field.fill(text)
            field.press("Tab")
    score.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    page.mouse.wheel(0, 260)
    page.wait_for_timeout(500)
    _keep(page.screenshot(), "essay")
    page.close()


def _to_a_mistake(page: Page) -> None:
    """Down to the first check that failed."""
    page.get_by_text("✗").first.scroll_into_view_if_needed()
    page.mouse.wheel(0, 260)
    page.wait_for_timeout(500)


def _page(
    browser: Browser,
    name: str,
    address: str,
    prepare: Callable[[Page], None] = lambda page: None,
    *,
    height: int,
) -> None:
    page = browser.new_page(viewport={"width": 1180, "height": height})
    page.goto(address)
    page.wait_for_timeout(500)
    prepare(page)
    _keep(page.screenshot(), name)
    page.close()


def _keep(picture: bytes, name: str) -> None:
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(HERE / f"{name}.png", optimize=True)
    print(HERE / f"{name}.png")


if __name__ == "__main__":
    main()
