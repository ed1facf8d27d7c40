"""What a person does in JupyterLab, by the names that stand there."""

import base64
import re
import time

from tests.browser.serving import PATIENCE

__all__ = ["Figure", "Notebook", "choose", "no_trouble", "open_notebook"]

_SHOWN = ".jp-NotebookPanel:not(.lm-mod-hidden)"
_ERROR = '[data-mime-type="application/vnd.jupyter.error"]'
# The browser leaves out of sight what is far below: textContent is there, innerText is not.
_ALL_RUN = f"""() => {{
    const shown = document.querySelector('{_SHOWN}');
    const cells = [...shown.querySelectorAll('.jp-CodeCell')];
    return shown.querySelector('{_ERROR}') !== null || cells.every(cell =>
        /\\[\\d+\\]/.test(cell.querySelector('.jp-InputPrompt')?.textContent));
}}"""
_NONE_RUN = f"""() => [...document.querySelectorAll('{_SHOWN} .jp-CodeCell .jp-InputPrompt')]
    .every(prompt => !/\\[[\\d*]/.test(prompt.textContent))"""
_PIXELS = """image => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    canvas.getContext('2d').drawImage(image, 0, 0);
    return canvas.toDataURL();
}"""
_DRAWN = "image => image.complete && image.naturalWidth > 0"
# Another picture has come, or the kernel has had nothing to do for so long that none will.
_SETTLED = f"""([image, source, moved, quiet]) => {{
    if (image.src !== source && ({_DRAWN})(image)) return true;
    const kernel = document.querySelector('{_SHOWN} .jp-Notebook-ExecutionIndicator');
    if (kernel.dataset.status !== 'idle') window.lastBusy = performance.now();
    return performance.now() - Math.max(moved, window.lastBusy ?? 0) > 1000 * quiet;
}}"""
_QUIET = 2  # seconds; a move is told to the kernel within one


def choose(page, menu: str, entry: str) -> None:
    """An entry of the menu bar; `entry` may leave out the dots at its end."""
    page.locator(".lm-MenuBar-item", has_text=re.compile(f"^{menu}$")).click()
    page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{re.escape(entry)}…?$")).click()


def no_trouble(page) -> None:
    """Nothing has popped up: neither a dialog nor a notification."""
    for popped in (".jp-Dialog", ".Toastify__toast"):
        said = page.locator(popped).all_text_contents()
        assert not said, said


def open_notebook(page, server, path: str) -> "Notebook":
    """Open it by its address, with a kernel that waits for code."""
    page.goto(server.address(f"lab/tree/{path}?reset"))
    notebook = Notebook(page)
    notebook.wait_for_a_kernel()
    return notebook


class Notebook:
    """The notebook of the tab in front."""

    def __init__(self, page) -> None:
        self.page = page
        self.panel = page.locator(_SHOWN)

    def wait_for_a_kernel(self) -> None:
        self.panel.locator(".jp-CodeCell").first.wait_for()
        self.panel.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for()

    def run_all(self) -> list[str]:
        """Run all cells, past what was saved; the errors shown, [] where all ran."""
        choose(self.page, "Edit", "Clear Outputs of All Cells")
        self.page.wait_for_function(_NONE_RUN)
        choose(self.page, "Run", "Run All Cells")
        self.page.wait_for_function(_ALL_RUN, polling=500)
        return self.panel.locator(_ERROR).all_text_contents()

    def cell(self, text: str):
        """The one code cell that holds the text."""
        found = self.panel.locator(".jp-CodeCell", has=self.page.locator(".cm-content"))
        return found.filter(has_text=text)

    def write(self, cell, code: str) -> None:
        """Write over the cell's code."""
        cell.locator(".cm-content").click()
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.insert_text(code)

    def run(self, cell) -> None:
        """Run one cell and wait until it has ended."""
        prompt = cell.locator(".jp-InputPrompt").element_handle()
        before = prompt.text_content()
        cell.locator(".cm-content").click()
        self.page.keyboard.press("ControlOrMeta+Enter")
        self.page.wait_for_function(
            "([prompt, before]) => /\\[\\d+\\]/.test(prompt.textContent) &&"
            " prompt.textContent !== before",
            arg=[prompt, before],
        )

    def said(self, cell, *words: str):
        """The cell's output, once all the words stand there: it is drawn after the cell ran."""
        from playwright.sync_api import expect

        output = cell.locator(".jp-OutputArea")
        for each in words:
            expect(output).to_contain_text(each, timeout=1000 * PATIENCE)
        return output

    def save(self) -> None:
        """Save, and wait until there is nothing to save."""
        self.page.keyboard.press("Escape")
        choose(self.page, "File", "Save Notebook")
        self.page.locator(".lm-TabBar-tab.jp-mod-current.jp-mod-dirty").wait_for(
            state="detached"
        )

    def shut_down(self) -> None:
        """End its kernel: two at a time are enough for a small machine."""
        choose(self.page, "Kernel", "Shut Down Kernel")
        self.panel.locator(".jp-Notebook-ExecutionIndicator").wait_for()

    def figures(self, number: int) -> list["Figure"]:
        """Those that move, from top to bottom; `number` are waited for.

        JupyterLab draws a widget some time after its cell has run, and when it comes in sight.
        """
        boxes = self.panel.locator(".widget-vbox")
        cells = self.panel.locator(".jp-CodeCell")
        end = time.monotonic() + PATIENCE
        while boxes.count() < number and time.monotonic() < end:
            for i in range(cells.count()):
                cells.nth(i).scroll_into_view_if_needed()
                self.page.wait_for_timeout(50)
        return [Figure(self.page, boxes.nth(i)) for i in range(boxes.count())]


class Figure:
    """A figure that moves: its controls and the picture that follows them."""

    def __init__(self, page, box) -> None:
        self.page = page
        self.box = box
        box.scroll_into_view_if_needed()

    def move_all(self) -> list[str]:
        """Move each control; the names of those that changed no picture.

        A brush of radius 0 paints nothing wherever it goes: what did nothing is moved once
        more, after the others.
        """
        controls = self.box.locator(".widget-slider, .widget-dropdown, .widget-checkbox").all()
        assert controls, "a figure without a control"
        still = [control for control in controls if not self._redraws(control)]
        still = [control for control in still if not self._redraws(control, 5 * _QUIET)]
        return [control.text_content() for control in still]

    def picture(self) -> bytes:
        """The picture's pixels, a PNG."""
        image = self.box.locator("img").element_handle()
        self.page.wait_for_function(_DRAWN, arg=image)
        return base64.b64decode(image.evaluate(_PIXELS).partition(",")[2])

    def bring_in_sight(self) -> None:
        """Keys move a control wherever it is; a screenshot needs the figure in the window."""
        self.box.locator("img").evaluate("image => image.scrollIntoView({block: 'center'})")

    def enlarged(self) -> float:
        """How many times as wide as its pixels the picture is shown."""
        return self.box.locator("img").evaluate("image => image.width / image.naturalWidth")

    def _move(self, control) -> None:
        kinds = control.get_attribute("class")
        if "widget-slider" in kinds:
            handle = control.locator(".noUi-handle")
            now, most = (handle.get_attribute(f"aria-value{end}") for end in ("now", "max"))
            handle.press("Home" if now == most else "End")
        elif "widget-dropdown" in kinds:
            chosen = control.locator("select")
            after = "list => (list.selectedIndex + 1) % list.length"
            chosen.select_option(index=chosen.evaluate(after))
        else:
            control.locator("input").press("Space")

    def _redraws(self, control, quiet: float = _QUIET) -> bool:
        """Move it; whether another picture comes before the kernel is idle for so long."""
        before, image = self.picture(), self.box.locator("img").element_handle()
        source, moved = image.evaluate("image => [image.src, performance.now()]")
        self._move(control)
        self.page.wait_for_function(
            _SETTLED, arg=[image, source, moved, quiet], polling=100, timeout=1000 * PATIENCE
        )
        return self.picture() != before
