"""What a check says: as text, as a card in a notebook, in one sentence.

The card's HTML holds no text of the student's that is not escaped.
"""

import html
from dataclasses import dataclass

from course_utils.checks.said import Said

__all__ = ["Block", "Verdict"]

_GREEN, _RED = "#2e7d32", "#c62828"
_FIXED_PITCH = "margin:2px 0 0 12px;font-family:monospace"


@dataclass(frozen=True)
class Block:
    """A caption and fixed-pitch text under it: an input, the expected and the got answer."""

    caption: Said
    text: str


@dataclass(frozen=True)
class Verdict:
    """The outcome of one exercise for one student's function.

    mistake: the name in the catalogue, where one was recognised.
    kind: "right", or what went wrong: "mistake", "value", "shape", "banned", "time", ...
    headline: the sentence that matters. lines: what is to be read after it.
    blocks: the smallest failing case in numbers, empty for a hidden test.
    picture: PNG of that case, where it is a map or an image; never for a hidden test.
    missing: the name that was not there: the function's own, or one that it reads.
    started: line and code where a program was started that nobody watched.
    """

    exercise: str
    passed: bool
    kind: str
    headline: Said
    lines: tuple[Said, ...] = ()
    mistake: str | None = None
    blocks: tuple[Block, ...] = ()
    picture: bytes | None = None
    cases: int = 0
    cases_passed: int = 0
    missing: str = ""
    started: tuple[int, str] | None = None

    def summary(self) -> str:
        """One sentence, in the language in use."""
        return str(self.headline)

    def text(self) -> str:
        """The whole message as plain text, in the language in use."""
        mark = "✓" if self.passed else "✗"
        parts = [f"{mark} {self.exercise}: {self.headline}"]
        parts += [str(line) for line in self.lines]
        for block in self.blocks:
            indented = "\n".join(f"    {line}" for line in block.text.splitlines())
            parts.append(f"{block.caption}:\n{indented}")
        return "\n".join(parts)

    def html(self) -> str:
        """The whole message as a card, in the language in use."""
        colour, mark = (_GREEN, "✓") if self.passed else (_RED, "✗")
        parts = [
            f'<div style="border-left:6px solid {colour};padding:6px 12px;margin:4px 0">',
            f'<div><b style="color:{colour}">{mark} {_safe(self.exercise)}</b> '
            f"{_safe(self.headline)}</div>",
        ]
        parts += [f'<div style="margin-top:4px">{_safe(line)}</div>' for line in self.lines]
        for block in self.blocks:
            parts.append(
                f'<div style="margin-top:6px">{_safe(block.caption)}:</div>'
                f'<pre style="{_FIXED_PITCH}">{_safe(block.text)}</pre>'
            )
        return "".join([*parts, "</div>"])


def _safe(value: object) -> str:
    return html.escape(str(value))
