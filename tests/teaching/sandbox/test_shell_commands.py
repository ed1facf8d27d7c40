"""`!command` inside: its output is shown, its failure is printed, and the cell goes on."""

import pytest

pytestmark = pytest.mark.needs_sandbox

FAILING = {
    "a program that fails": "!ls /no/such/folder",
    "a program that is not there": "!no-such-program --now",
    "an installation": "!pip install --quiet no-such-package-anywhere",
    "the same by a magic": "%pip install --quiet --retries 0 no-such-package-anywhere",
}


@pytest.mark.parametrize("line", FAILING.values(), ids=FAILING)
def test_a_command_that_fails_is_printed_and_the_cell_goes_on(start, line):
    said = start().run(f"{line}\nprint('went', 'on')")
    assert said.endswith("went on\n")
    assert len(said) > len("went on\n")


def test_output_exit_code_and_python_s_own_names_are_as_anywhere(start):
    kernel = start()
    assert (
        kernel.run("word = 'heard'\n!echo {word} $word\nprint(_exit_code)")
        == "heard heard\n0\n"
    )
    assert kernel.run("!exit 3\nprint(_exit_code)") == "3\n"
    assert kernel.run("lines = !echo one; echo two\nprint(lines)") == "['one', 'two']\n"


def test_a_command_that_reads_gets_nothing_to_read(start):
    assert start().run("!cat\nprint('ended')") == "ended\n"
