"""Why a claim still says something: those whose bound was made looser.

(page, claim) -> a sentence that the table of margins prints under the page's rows.
"""

__all__ = ["NOTES"]

NOTES: dict[tuple[str, str], str] = {}
