"""The package of figures: every public name has a home and is imported when asked for."""

import importlib
import pkgutil
import subprocess
import sys

import pytest

from course_utils import figures

MODULES = sorted(found.name for found in pkgutil.iter_modules(figures.__path__))


@pytest.mark.parametrize("name", figures.__all__)
def test_every_name_is_what_its_module_calls_so(name):
    assert getattr(figures, name) is getattr(
        importlib.import_module(f"course_utils.figures.{figures._MODULES[name]}"), name
    )


@pytest.mark.parametrize("module", sorted(figures._HOMES))
def test_a_module_hands_on_all_that_it_says_is_public(module):
    public = importlib.import_module(f"course_utils.figures.{module}").__all__
    assert set(figures._HOMES[module]) <= set(public)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = figures.nothing
    assert set(figures.__all__) <= set(dir(figures))
    assert set(figures._HOMES) <= set(MODULES)


def test_figures_that_need_no_reference_draw_without_it():
    code = (
        "import sys\n"
        "sys.modules['course_utils.reference'] = None\n"
        "from course_utils import figures\n"
        "figures.panels(1)\n"
        "try:\n"
        "    figures.show_boxes\n"
        "except ImportError:\n"
        "    print('needs it')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "needs it\n"), done.stderr
