"""Hand-ins that would run in the browser or the terminal of whoever reads the results.

Each would call alert(666).
"""

from tests.teaching.attacks.attack import ZEROS, Attack, cheats, notebook, tries

__all__ = ["PAGES"]

_SCRIPT = "<script>alert(666)</script>"
_MARKUP = (
    f"{_SCRIPT}<img src=x onerror=alert(666)><a href='javascript:alert(666)'>x</a>"
    "<svg onload=alert(666)><iframe srcdoc='<script>alert(666)</script>'></iframe>"
    "<form action='javascript:alert(666)'><button>x</button></form>"
    "<style>@import 'http://evil.example'</style><base href='http://evil.example/'>"
    "<div style='background:url(javascript:alert(666))'>x</div>"
    "<meta http-equiv=refresh content='0;url=http://evil.example'>"
)

PAGES = (
    Attack(
        "essay_with_markup",
        "writes scripts and handlers into its essay",
        notebook(
            essay=f"{_MARKUP}\n\n[x](javascript:alert(666)) ![x](javascript:alert(666))\n\n"
            f"```\n{_SCRIPT}\n```\n\n$$ {_SCRIPT} $$\n\n<!-- --!>{_SCRIPT} -->"
        ),
    ),
    Attack(
        "essay_nested",
        "nests quotations, lists, emphasis and tags ten thousand levels deep in its essay",
        notebook(
            essay=">" * 10_000 + "x\n\n" + "<div>" * 10_000 + "\n\n" + "- " * 5000 + "\n\n"
            "" + "*_" * 5000 + "[" * 10_000 + "](x)" * 10_000
        ),
    ),
    tries(
        "outputs_with_markup",
        "shows markup of every kind",
        f"""
from IPython.display import display, publish_display_data, HTML, Javascript, SVG, Markdown
markup = {_MARKUP!r}
for mime in ("text/html", "text/markdown", "image/svg+xml", "application/javascript",
             "text/latex", "application/pdf", "image/png", "image/jpeg", "text/plain",
             "application/vnd.jupyter.widget-view+json", "application/json", markup):
    hints = {{"alt": markup, "width": markup}}
    publish_display_data({{mime: markup}}, metadata={{mime: hints}})
    publish_display_data({{mime: markup}}, metadata={{"filenames": {{mime: markup}}}})
print(markup)
""",
    ),
    tries(
        "svg_with_script",
        "shows a drawing with a script in it",
        "from IPython.display import SVG, display\ndisplay(SVG('<svg xmlns=\"http://www.w3.org/"
        '2000/svg" onload="alert(666)"><script>alert(666)</script></svg>\'))',
    ),
    Attack(
        "traceback_with_markup",
        "raises an exception whose name, text and lines are markup",
        notebook(
            twice=f"kind = type({_MARKUP!r}, (Exception,), {{}})\n"
            f"text = '\\x1b]8;;javascript:alert(666)\\x07x\\x1b[31;1m' + {_MARKUP!r}\n"
            f"def twice(x):\n    raise kind(text)  # {_SCRIPT}\ntwice(1)"
        ),
        *(("graded",), 3, 0),
    ),
    cheats(
        "answer_with_markup",
        "answers with objects whose types and texts are markup",
        f"\ndef jaccard(*a): return type({_MARKUP!r}, (), {{}})()\n",
    ),
    cheats(
        "exception_with_markup",
        "raises exceptions whose types are markup when it is asked",
        f"\ndef jaccard(*a): raise type({_MARKUP!r}, (Exception,), {{}})()  # {_SCRIPT}\n",
    ),
    Attack(
        "colours_for_the_terminal",
        "ends in a cell whose first line moves the cursor and changes the title",
        notebook(
            jaccard=ZEROS,
            twice="# \x1b[2J\x1b]0;owned\x07\x1b[31m\x9b31m [red]bold[/red]\nimport os\n"
            "os._exit(0)",
        ),
        *(("crashed",), 0, 0),
    ),
)
