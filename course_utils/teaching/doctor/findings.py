"""What can be wrong with a hand-in, and the sentences that say so to the student."""

from dataclasses import dataclass, field

from course_utils.i18n import N_, _

__all__ = ["KINDS", "Finding", "Kind", "first_words"]


@dataclass(frozen=True)
class Kind:
    """wrong: what is wrong; cure: what --repair makes of it. level: "note" (costs nobody a
    mark), "damage" (mended by --repair) or "person" (somebody has to look at it)."""

    level: str
    wrong: str
    cure: str


KINDS = {
    # of the file
    "unreadable": Kind(
        "person",
        N_("The file cannot be read: {reason}."),
        N_("Download the notebook again (.ipynb) and hand that file in."),
    ),
    "encoding": Kind(
        "damage",
        N_("The file is written in {encoding} and not in UTF-8."),
        N_("It is written anew in UTF-8."),
    ),
    "letters_lost": Kind(
        "person",
        N_("{count} characters of the file cannot be read."),
        N_("Each of them became a question mark in a box: look at your texts."),
    ),
    "half_letters": Kind(
        "damage",
        N_("Halves of characters stand in the file."),
        N_("Each of them became a question mark."),
    ),
    "old_format": Kind(
        "note",
        N_("The notebook is in the old format {version}."),
        N_("It is brought to format {now}."),
    ),
    "line_ends": Kind(
        "note",
        N_("Lines end as on Windows."),
        N_("Lines end as everywhere else; their text stays."),
    ),
    "ids": Kind(
        "note",
        N_("Cells without an id of their own: {count}."),
        N_("Every cell has one again."),
    ),
    "outputs": Kind(
        "damage",
        N_("The outputs take {size} MB."),
        N_("All outputs are removed: run the notebook to see them again."),
    ),
    "widgets": Kind(
        "note",
        N_("The state of sliders and other widgets is saved in the notebook."),
        N_("It is removed; running the cells brings the widgets back."),
    ),
    "colab": Kind(
        "note",
        N_("Colab left its own marks in the notebook."),
        N_("They are removed."),
    ),
    "kernel": Kind(
        "note",
        N_("The notebook asks for the kernel {kernel}."),
        N_("It asks for the assignment's own again."),
    ),
    "notebook_marks": Kind(
        "note",
        N_("The notebook does not say which assignment it is."),
        N_("It says so again: {assignment}."),
    ),
    "script": Kind(
        "damage",
        N_("The file is a script (.py) and not a notebook."),
        N_("A notebook is made of it; look whether all cells are there."),
    ),
    "page": Kind(
        "person",
        N_("The file is a web page made of a notebook."),
        N_("The code is taken out of it; texts that you wrote may have lost their form."),
    ),
    # of the whole notebook
    "no_assignment": Kind(
        "person",
        N_("It cannot be told which assignment this is a notebook of."),
        N_("Nothing is changed. Name the assignment, or begin with a fresh copy of it."),
    ),
    "no_release": Kind(
        "person",
        N_("The assignment {assignment} itself is not here to compare with."),
        N_("Nothing is changed."),
    ),
    "other_assignment": Kind(
        "person",
        N_("This is a notebook of the assignment {other} and not of {assignment}."),
        N_("Nothing is changed. Hand in the right file."),
    ),
    "other_version": Kind(
        "person",
        N_("The notebook is of another version of the assignment: {cells}."),
        N_("What both versions have is kept; your other cells stay, but earn nothing."),
    ),
    "other_language": Kind(
        "damage",
        N_("The notebook says that it is in {said}, but its texts are in {found}."),
        N_("It says {found} now; the texts stay."),
    ),
    # of a cell
    "mark_lost": Kind(
        "damage",
        N_("The cell has lost the mark ({name}) by which it is graded."),
        N_("The mark is put back."),
    ),
    "mark_changed": Kind(
        "damage",
        N_("The cell bears the mark {said}, but is {name}."),
        N_("It bears the right one again."),
    ),
    "mark_unknown": Kind(
        "damage",
        N_("The cell bears a mark that the assignment does not know."),
        N_("The mark is removed; the cell stays as your own."),
    ),
    "settings": Kind(
        "damage",
        N_("What the notebook says of the cell {name} was changed, as its points or its kind."),
        N_("It says again what the assignment says."),
    ),
    "twice": Kind(
        "damage",
        N_("The cell {name} is there more than once."),
        N_("The last one with an answer is graded; this one stays as your own cell."),
    ),
    "blank_copy": Kind(
        "damage",
        N_("The cell {name} stands here untouched, and in another place as well."),
        N_("The untouched one is removed, so that it cannot replace your answer."),
    ),
    "answer_elsewhere": Kind(
        "damage",
        N_("Your answer to {name} stands in a cell of your own."),
        N_("This cell is the one that is graded."),
    ),
    "answer_in_question": Kind(
        "damage",
        N_("Your answer to {name} stands in the cell of its question."),
        N_("It is moved into the cell for the answer, and the question is as it was."),
    ),
    "text_in_question": Kind(
        "person",
        N_("You wrote into the cell of the question ({name}), and into that for the answer."),
        N_("What stood by the question is in a cell of its own below it: both are to be read."),
    ),
    "answer_shared": Kind(
        "note",
        N_("The cell holds the answer to {name} as well, which has no cell of its own."),
        N_("It stays so: it is graded from there."),
    ),
    "retyped": Kind(
        "damage",
        N_("The cell {name} was turned into another type: {was}."),
        N_("It is of the right type again: {now}."),
    ),
    "check_edited": Kind(
        "damage",
        N_("The text of the check {name} was changed."),
        N_("The check is as it was. What you wrote there stands in the cell above it."),
    ),
    "check_form": Kind(
        "damage",
        N_("The check {name} was made a form."),
        N_("The check is as it was."),
    ),
    "check_missing": Kind(
        "damage",
        N_("The check {name} is missing."),
        N_("It is put back."),
    ),
    "essay_missing": Kind(
        "damage",
        N_("The cell for the answer to {name} is missing."),
        N_("It is put back, without an answer."),
    ),
    "solution_missing": Kind(
        "damage",
        N_("The cell for the solution {name} is missing."),
        N_("It is put back, without a solution."),
    ),
    "code_missing": Kind(
        "damage",
        N_("A cell is missing whose names the others use: {names}."),
        N_("It is put back."),
    ),
    "check_too_early": Kind(
        "damage",
        N_("The check {name} stands above its solution."),
        N_("It stands below it again."),
    ),
    "code_too_late": Kind(
        "damage",
        N_("The cell stands below the cells that need it."),
        N_("It stands above them again."),
    ),
    "form": Kind(
        "note",
        N_("Colab shows the cell as a form and hides its code."),
        N_("The code is shown again; its lines stay."),
    ),
}


@dataclass(frozen=True)
class Finding:
    """One thing found. number: the cell's in the file, from 1, None for the whole file.

    words: its first words; values: what the sentences are filled in with.
    """

    kind: str
    number: int | None = None
    words: str = ""
    values: dict = field(default_factory=dict)

    @property
    def level(self) -> str:
        return KINDS[self.kind].level

    def wrong(self) -> str:
        """What is wrong, in the language in use."""
        return _(KINDS[self.kind].wrong).format(**self._said())

    def cure(self) -> str:
        """What the repair makes of it, in the language in use."""
        return _(KINDS[self.kind].cure).format(**self._said())

    def where(self) -> str:
        """The cell, as a person finds it: "5: def jaccard(predicted, truth"."""
        return f"{self.number}: {self.words}" if self.number else self.words or "-"

    def _said(self) -> dict:
        """The values, those that are words of ours in the language in use."""
        return {
            key: _(value) if value in _WORDS else value for key, value in self.values.items()
        }


_WORDS = (
    N_("code"),
    N_("text"),
    N_("raw text"),
    N_("Russian"),
    N_("English"),
)


def first_words(source: str, most: int = 40) -> str:
    """The first line with something in it, short and harmless enough for a terminal."""
    line = next((line.strip() for line in source.split("\n") if line.strip()), "")
    line = "".join(letter for letter in line[: 4 * most] if letter.isprintable())
    return line if len(line) <= most else f"{line[: most - 1]}…"
