"""Links between files of the repository, turned into links between pages of the site.

A file that has a page is linked to as a page, in its own language or across; any other file is
linked to where it can be read, in the repository.
"""

import os.path
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from course_utils.teaching.config import Course

__all__ = ["Page", "pictures", "relink"]

# [words](target) and ![words](target); code spans and blocks come first, to be passed over.
_LINK = re.compile(
    r"(?P<code>```.*?```|`[^`\n]*`)"
    r"|(?P<image>!?)\[(?P<words>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^()\s]+)\)",
    re.S,
)


class Page(str):
    """A page of the site: "language/document", without an ending, such as "en/glossary"."""

    @property
    def language(self) -> str:
        return self.split("/", 1)[0]

    @property
    def document(self) -> str:
        return self.split("/", 1)[1]


def relink(text: str, file: str, page: Page, pages: Mapping[str, Page], course: Course) -> str:
    """Markdown of `file` as it has to read on `page`.

    file: its path from the course's root. pages: path of a file -> its page, in all languages.
    A picture is taken from where it lies in the source folder, which is where it lies here.
    Raises ValueError for a picture that isn't there.
    """
    endings = {known: Path(path).suffix for path, known in pages.items()}

    def replaced(found: re.Match) -> str:
        target = found["target"]
        if found["code"] or re.match(r"[a-z]+:|#|//", target or ""):
            return found[0]
        path, _, anchor = target.partition("#")
        path = os.path.normpath(PurePosixPath(file).parent / path)
        anchor = f"#{anchor}" if anchor else ""
        if found["image"]:
            if not (course.root / path).is_file():
                raise ValueError(f"{file}: expected a picture at {path}, found none.")
            return f"![{found['words']}](/{path})"
        words = found["words"]
        other = pages.get(path)
        if other is None:
            address = f"https://github.com/{course.repository}/blob/{course.branch}"
            return f"[{words}]({address}/{path}{anchor})"
        folder = PurePosixPath(page).parent
        if other.language == page.language:
            ending = ".ipynb" if endings[other] == ".ipynb" else ".md"
            relative = os.path.relpath(other + ending, folder)
            return f"[{words}]({relative}{anchor})"
        # Another language is another book: Sphinx can't look into it, the tests do.
        relative = os.path.relpath(f"{other}.html", folder)
        return (
            f'<a href="{relative}{anchor}" lang="{other.language}" '
            f'hreflang="{other.language}">{words}</a>'
        )

    return _LINK.sub(replaced, text)


def pictures(text: str) -> set[str]:
    """The pictures of a text that was relinked: their paths from the course's root."""
    return {
        found["target"].removeprefix("/")
        for found in _LINK.finditer(text)
        if found["image"] and found["target"].startswith("/")
    }
