"""Formgrader as a marker uses it: grading by its button, an essay by hand, hostile hand-ins."""

import csv
import shutil
import time
from urllib.parse import urlsplit

import nbformat
import pytest

from tests.browser.jupyter import no_trouble
from tests.browser.serving import PATIENCE, keep_picture, serving, sign_in
from tests.teaching.attacks.attack import lay
from tests.teaching.attacks.pages import PAGES
from tests.teaching.conftest import nbgrader
from tests.teaching.grading.class_of import DICE, NAME, TWICE, answered, course, hand_in

pytestmark = pytest.mark.slow

# Says where it runs: inside the sandbox there is no gradebook, and the machine has its name.
PROBE = """
import os, socket
print("runs on", socket.gethostname())
print("sees the gradebook:", os.path.exists({gradebook!r}))
"""
# What counts as a button or a mark in Formgrader's own pages, as a student would copy it.
TRICKS = (
    '<div class="full-credit"><b class="full-credit mark-graded">An essay to click on</b></div>'
    '<input class="score" id="jaccard" value="3"><div class="nbgrader_cell">x</div>'
    '<a href="/formgrader/api/assignments">all marks</a> <a href="page.html">my page</a>'
)
# What pages of ours ask for: MathJax, of nbconvert's template, and the badge of an assignment.
OURS = (
    "https://cdnjs.cloudflare.com/",
    "https://colab.research.google.com/assets/colab-badge.svg",
)
HOSTILE = (
    "essay_with_markup",
    "outputs_with_markup",
    "svg_with_script",
    "traceback_with_markup",
)


@pytest.fixture(scope="module")
def server(released_course, tmp_path_factory):
    root = tmp_path_factory.mktemp("formgrader") / "course"
    shutil.copytree(released_course, root)
    probe = PROBE.format(gradebook=str(root / "gradebook.db"))
    hand_in(root, "anna", answered(root, jaccard=DICE, twice=probe + TWICE, essay="My words."))
    for attack in PAGES:
        if attack.name in HOSTILE:
            lay(root / "submitted" / attack.name / NAME, attack.files(root))
    folder = hand_in(root, "tricks", answered(root, essay=TRICKS))
    (folder / "page.html").write_text("<script>alert(666)</script>", encoding="utf-8")
    with serving(root, tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="module")
def graded(server, chromium):
    """anna's hand-in graded by Formgrader's button, the others' by `course grade`."""
    page = chromium.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    sign_in(page, server)
    page.goto(server.address(f"formgrader/manage_submissions/{NAME}"))
    page.locator("#main-table tr", has_text="anna").locator(".autograde a").click()
    modal = page.locator(".modal-content")
    modal.get_by_text("Successfully autograded").wait_for()
    keep_picture(page, "formgrader_autograded")
    page.close()
    shutil.copy(server.root / "autograded" / "anna" / NAME / f"{NAME}.ipynb", by_button(server))
    course(server.root, "grade", NAME)
    done = nbgrader(server.root, "generate_feedback", NAME)
    assert done.returncode == 0, done.stdout
    return server


@pytest.fixture
def watched(page):
    """A page that notes what hand-ins make it do: dialogs, other machines, marks changed."""
    page.done = []
    page.on("dialog", lambda dialog: (page.done.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: page.done.extend(_strange(request)))
    page.route("http*://**", _keep_at_home)
    return page


@pytest.mark.needs_sandbox
def test_the_button_grades_through_the_sandbox(graded):
    notebook = nbformat.read(by_button(graded), 4)
    assert notebook.metadata.course.outcome.state == "graded"
    cells = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell for cell in notebook.cells}
    assert cells["jaccard"].metadata.course.verdict.mistake == "dice"
    (printed,) = (o.text for o in cells["own_test-solution"].outputs if o.name == "stdout")
    assert printed == "runs on sandbox\nsees the gradebook: False\n"


def test_an_essay_is_marked_by_hand_and_the_mark_is_exported(graded, page):
    sign_in(page, graded)
    page.goto(graded.address(f"formgrader/gradebook/{NAME}/{NAME}"))
    page.locator("#main-table tr").first.wait_for()
    page.get_by_text("Submission #").first.wait_for()
    keep_picture(page, "formgrader_manual_grading")
    page.goto(graded.address(f"formgrader/submissions/{submission(graded, 'anna')}/"))
    page.locator("input#jaccard").wait_for()
    assert page.locator(".nbgrader_cell", has_text="My words.").count() == 1
    assert page.get_by_text("✗ jaccard").first.is_visible()
    score = page.locator("input#essay")
    with page.expect_response(lambda response: "/api/grade/" in response.url) as saved:
        score.fill("3")
        score.press("Tab")
    assert saved.value.ok
    comment = page.locator("textarea#essay-comment")
    with page.expect_response(lambda response: "/api/comment/" in response.url) as saved:
        comment.fill("Say why.")
        comment.press("Tab")
    assert saved.value.ok
    keep_picture(page, "formgrader_submission", full_page=True)

    done = nbgrader(graded.root, "export")
    assert done.returncode == 0, done.stdout
    with (graded.root / "grades.csv").open(encoding="utf-8") as stream:
        rows = {row["student_id"]: row for row in csv.DictReader(stream)}
    # Dice in place of Jaccard, the exercise with a test of its own, the essay.
    assert float(rows["anna"]["score"]) == 0 + 2 + 3


@pytest.mark.parametrize("student", HOSTILE)
def test_what_a_hand_in_shows_does_nothing_to_its_marker(graded, watched, student):
    look_at(watched, graded, student)
    watched.goto((graded.root / "feedback" / student / NAME / f"{NAME}.html").as_uri())
    click_everything(watched)
    assert watched.done == []
    keep_picture(watched, f"hostile_{student}_feedback", full_page=True)


@pytest.mark.parametrize("name", ["feedback", "report"])
def test_our_pages_fit_a_screen_and_a_phone(graded, page, name):
    if name == "report":
        course(graded.root, "report", NAME, "--language", "en")
        path = graded.root / "reports" / f"{NAME}.html"
    else:
        path = graded.root / "feedback" / "anna" / NAME / f"{NAME}.html"
    page.route("http*://**", _keep_at_home)
    for width, height in ((1360, 900), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        page.goto(path.as_uri())
        keep_picture(page, f"{name}_{width}", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("meta[name=viewport]").count() == 1


def test_nor_does_it_in_jupyterlab(graded, watched):
    watched.goto(
        graded.address(f"lab/tree/autograded/outputs_with_markup/{NAME}/{NAME}.ipynb?reset")
    )
    watched.locator(".jp-OutputArea-output").first.wait_for()
    no_trouble(watched)
    assert watched.done == []


def test_a_hand_in_cannot_pretend_to_be_a_button_of_the_page(graded, watched):
    look_at(watched, graded, "tricks")
    watched.get_by_text("An essay to click on").click()
    assert watched.locator("input#jaccard").count() == 1
    assert watched.locator("input#essay").input_value() == ""
    assert watched.get_by_role("link", name="my page").count() == 0
    assert watched.get_by_role("link", name="all marks").count() == 0
    files = (graded.root / "autograded" / "tricks" / NAME).iterdir()
    assert not [path.name for path in files if path.suffix == ".html"]


def test_without_cleaning_such_a_hand_in_would_run(graded, watched, tmp_path):
    """Shows that the tests above can see it."""
    root = tmp_path / "course"
    shutil.copytree(graded.root, root)
    with (root / "nbgrader_config.py").open("a", encoding="utf-8") as stream:
        stream.write("\nc.HTMLExporter.preprocessors = []\nc.HTMLExporter.filters = {}\n")
    with serving(root, tmp_path / "server") as server:
        sign_in(watched, server)
        student = "essay_with_markup"
        watched.done.clear()
        watched.goto(server.address(f"formgrader/submissions/{submission(graded, student)}/"))
        end = time.monotonic() + PATIENCE
        while not watched.done and time.monotonic() < end:
            watched.wait_for_timeout(100)
        assert watched.done


def by_button(server):
    """Where anna's hand-in is kept as Formgrader's button has graded it."""
    return server.root / "by_button.ipynb"


def look_at(page, server, student: str) -> None:
    """Formgrader's view of a hand-in; all in it that can be clicked is clicked."""
    sign_in(page, server)
    address = server.address(f"formgrader/submissions/{submission(server, student)}/")
    page.goto(address)
    page.locator("input#essay").wait_for()
    page.wait_for_function("() => window.formgrade === undefined || formgrade.loaded")
    click_everything(page)
    assert page.done == []
    assert page.url == address
    keep_picture(page, f"hostile_{student}", full_page=True)


def click_everything(page) -> None:
    """Links, buttons and drawings of the hand-in itself, which may lead nowhere."""
    inside = ".rendered_html a:not([href^='#']), .rendered_html button, .rendered_html svg"
    for found in page.locator(f"{inside}, .rendered_html iframe, .output a").all():
        href = found.get_attribute("href") or ""
        if not href.startswith(("http", "mailto:")):
            found.click(timeout=2000)


def submission(server, student: str) -> str:
    """The id that Formgrader has for a hand-in."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{server.root}/gradebook.db") as gradebook:
        return gradebook.find_submission_notebook(NAME, NAME, student).id


def _strange(request) -> list[str]:
    """The request, where no page of ours makes one like it by itself."""
    where = urlsplit(request.url)
    if where.scheme in ("data", "blob", "file") or request.url.startswith(OURS):
        return []
    if where.hostname != "localhost":
        return [request.url]
    quiet = request.method == "GET" or "/api/" not in where.path or "/lab/" in where.path
    own = where.path.startswith(("/api/sessions", "/api/kernels", "/api/contents", "/lsp"))
    return [] if quiet or own else [f"{request.method} {request.url}"]


def _keep_at_home(route) -> None:
    if urlsplit(route.request.url).hostname == "localhost":
        route.continue_()
    else:
        route.abort()
