"""What earns the points of nbgrader's own tests: they run inside the student's kernel.

nbgrader's hidden tests assert where the student's code runs, and code that changes its own
interpreter can make them say anything. No sandbox helps against that, nor does a second
kernel, since what is tested would run in that one too. What can be done is done: the code is
named among the places to look at, a mark above the maximum or below zero counts as none, and
no other student's marks change. Exercises with checks of the course are judged outside the
kernel and have no such weakness; the course's own assignments hold no other.
"""

from tests.teaching.attacks.attack import tries

__all__ = ["OWN_TESTS"]


def _cell_becomes(text):
    return (
        "get_ipython().input_transformers_cleanup.append("
        f"lambda lines: [{text!r}] if 'twice(21)' in ''.join(lines) else lines)\n"
    )


OWN_TESTS = (
    tries(
        "own_test_turned_into_pass",
        "turns the instructor's test into `pass`",
        _cell_becomes("pass\n"),
        "interpreter",
        own_test=None,
    ),
    *(
        tries(
            f"own_test_turned_into_{word}",
            f"turns the instructor's test into a cell that shows {text} as a partial mark",
            _cell_becomes(f"float('{text}')\n"),
            "interpreter",
            own_test=0,
        )
        for word, text in (("too_many", "500"), ("nan", "nan"), ("minus", "-1"), ("inf", "inf"))
    ),
    tries(
        "own_test_turned_into_a_picture",
        "turns the instructor's test into a cell whose result has no text",
        "from IPython.core.displayhook import DisplayHook\n"
        "DisplayHook.compute_format_data = lambda *a: ({'text/html': '<b>5</b>'}, {})\n"
        + _cell_becomes("1\n"),
        "interpreter",
        own_test=0,
    ),
    tries(
        "own_test_printed",
        "prints the instructor's hidden test while it runs, and writes it into other outputs",
        """
from IPython.display import display
handle = display("x", display_id=True)
seen = []
def spy(result):
    text = result.info.raw_cell
    if "HIDDEN" in text:
        print(text)
        handle.update(text)
get_ipython().events.register("post_run_cell", spy)
""",
        "interpreter",
    ),
)
