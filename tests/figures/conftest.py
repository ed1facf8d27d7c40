"""Figures are drawn into memory; a catalogue that marks what went through it."""

import gettext

import matplotlib
import pytest
from matplotlib import pyplot as plt

from course_utils import i18n

matplotlib.use("Agg")


class Marking(gettext.NullTranslations):
    """Puts « » around every message, so that what was not translated shows."""

    def gettext(self, message):
        return f"«{message}»"

    def ngettext(self, singular, plural, number):
        return f"«{singular if number == 1 else plural}»"


@pytest.fixture
def marked(monkeypatch):
    """All messages come back in « »."""
    monkeypatch.setattr(i18n, "_catalogue", lambda name: Marking())


@pytest.fixture
def ax():
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


@pytest.fixture(autouse=True)
def _english():
    with i18n.speaking("en"):
        yield
    plt.close("all")
