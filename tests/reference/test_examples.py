"""The examples in docstrings give what stands there, to the letter, on every processor."""

import doctest
import importlib
import pkgutil

import pytest

from course_utils import reference

NAMES = [module.name for module in pkgutil.iter_modules(reference.__path__)]
FEWEST = 40  # docstrings with an example; fewer are found where something hides them


def examples(name: str) -> list[doctest.DocTest]:
    """The docstrings of a module that hold examples."""
    module = importlib.import_module(f"{reference.__name__}.{name}")
    return [found for found in doctest.DocTestFinder().find(module) if found.examples]


@pytest.mark.parametrize("name", NAMES)
def test_a_docstring_s_examples_give_what_stands_there(name):
    said: list[str] = []
    for found in examples(name):
        doctest.DocTestRunner(verbose=False).run(found, out=said.append)
    assert not said, "".join(said)


def test_there_are_examples():
    assert sum(len(examples(name)) for name in NAMES) >= FEWEST
