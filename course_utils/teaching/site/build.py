"""Builds the site: one run of Sphinx for each language, and a first page that chooses."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from course_utils.teaching.config import Course
from course_utils.teaching.errors import CourseError
from course_utils.teaching.site import tree

__all__ = ["SITE", "WORK", "build"]

SITE, WORK = "site", Path("build") / "site"  # the built pages; sources and what Sphinx keeps
_INSTALL = "pip install --editable '.[site]'"
_CHOICE = """\
<!DOCTYPE html>
<html lang="{first}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="{first}/_static/favicon.svg">
<script>
const known = {known};
const spoken = navigator.languages.map(name => name.slice(0, 2));
const wanted = spoken.find(name => known.includes(name));
location.replace((wanted || known[known.length - 1]) + "/index.html");
</script>
</head>
<body>
<h1>{title}</h1>
<ul>
{links}
</ul>
</body>
</html>
"""


def build(
    course: Course,
    output: Path,
    *,
    languages: Sequence[str] = (),
    work: Path | None = None,
    on_language: Callable[[str], None] = lambda language: None,
) -> None:
    """Build the pages into `output`, one folder a language. Executes no notebook.

    languages: all of the course's, if empty. work: where sources and Sphinx's own files go
    (build/site in the course, if None); kept, they make the next build short.
    on_language: called before each.
    Raises CourseError where Sphinx is missing, and with every warning that it gives.
    """
    missing = [
        name for name in ("sphinx", "myst_nb", "sphinx_book_theme") if not find_spec(name)
    ]
    if missing:
        raise CourseError(f"Expected {', '.join(missing)}, found none. Run: {_INSTALL}")
    work = work or course.root / WORK
    documents = {
        language: tree.assemble(course, language, work / language / "source")
        for language in course.languages
    }
    for language in languages or course.languages:
        on_language(language)
        _sphinx(course, language, documents, work / language, output / language)
    (output / "index.html").write_text(_choice(course), encoding="utf-8")
    (output / ".nojekyll").touch()  # GitHub Pages would leave _static out


def _sphinx(course: Course, language: str, documents: dict, work: Path, output: Path) -> None:
    command = [
        *(sys.executable, "-P", "-m", "sphinx", "--builder", "html", "--quiet"),
        *("--fail-on-warning", "--doctree-dir", str(work / "doctrees")),
        *("--conf-dir", str(course.root / "docs" / "site")),
        *(str(work / "source"), str(output)),
    ]
    settings = {
        "SITE_LANGUAGE": language,
        "SITE_PAGES": json.dumps(documents, sort_keys=True),
        "NO_COLOR": "1",
    }
    done = subprocess.run(
        command, cwd=course.root, env=os.environ | settings, capture_output=True, text=True
    )
    if done.returncode:
        raise CourseError([f"{language}: {line}" for line in done.stderr.splitlines() if line])


def _choice(course: Course) -> str:
    """The page at the site's root: goes on to the reader's language; works without a script."""
    links = [
        f'<li><a href="{language}/index.html" lang="{language}" hreflang="{language}">'
        f"{course.title[language]}</a></li>"
        for language in course.languages
    ]
    return _CHOICE.format(
        first=course.languages[0],
        known=json.dumps(course.languages),
        title=" · ".join(course.title.values()),
        links="\n".join(links),
    )
