"""The language is that of the thread or task that speaks."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from course_utils import i18n
from course_utils.i18n import language, set_language, speaking

LANGUAGES = ("ru", "en")


@pytest.fixture(autouse=True)
def english(monkeypatch):
    monkeypatch.setattr(i18n, "_process", "en")


def test_two_threads_with_two_languages_do_not_mix():
    meet = Barrier(2, timeout=30)

    def said(name):
        with speaking(name):
            meet.wait()
            during = language()
            meet.wait()
        return during, language()

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(said, LANGUAGES)) == [("ru", "en"), ("en", "en")]


def test_two_tasks_with_two_languages_do_not_mix():
    async def said(name):
        with speaking(name):
            await asyncio.sleep(0)
            return language()

    async def both():
        return await asyncio.gather(*map(said, LANGUAGES))

    assert asyncio.run(both()) == list(LANGUAGES)


def test_what_is_set_is_the_process_s_for_cells_and_threads_that_come():
    """A kernel may run each cell in a context of its own."""

    async def cell():
        set_language("ru")

    asyncio.run(cell())
    with ThreadPoolExecutor(1) as threads:
        assert (language(), threads.submit(language).result()) == ("ru", "ru")


def test_what_is_set_in_a_block_ends_with_it():
    with speaking("en"):
        set_language("ru")
        assert language() == "ru"
    assert language() == "en"


def test_an_unknown_language_changes_nothing():
    for speak in (set_language, lambda name: speaking(name).__enter__()):
        with pytest.raises(ValueError, match="ru, en, got 'de'"):
            speak("de")
    assert language() == "en"
