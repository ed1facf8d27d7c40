"""Hand-ins of more than one notebook: the one with the answers is graded."""

import nbformat

from tests.teaching.attacks.attack import FILE, Attack
from tests.teaching.grading.class_of import NAME, answered

__all__ = ["SEVERAL"]

_EMPTY = b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}'


def _solved(root):
    return nbformat.writes(answered(root)).encode()


def _untouched(root, language="en"):
    return nbformat.writes(answered(root, language, jaccard=None, twice=None)).encode()


def _both(name, language="en"):
    return lambda root: {FILE: _untouched(root, language), name: _solved(root)}


SEVERAL = (
    Attack(
        "untouched_beside",
        "hands in the untouched release beside the solved notebook",
        lambda root: {FILE: _solved(root), f"{NAME}_task.ipynb": _untouched(root)},
    ),
    Attack(
        "untouched_under_the_name",
        "hands in the untouched release, and the solved notebook under another name",
        _both(f"Копия блокнота {NAME}.ipynb"),
    ),
    Attack(
        "untouched_in_another_language",
        "solves one language's notebook in a folder, and leaves the other's untouched",
        _both("work/solved.ipynb", "ru"),
    ),
    Attack(
        "solved_and_scratch",
        "hands in the solved notebook under another name, and a scratch",
        lambda root: {"hw (1).ipynb": _solved(root), "scratch.ipynb": _EMPTY},
    ),
    Attack(
        "name_without_ending",
        "hands in the solved notebook under a name without an ending",
        lambda root: {NAME: _solved(root), "data.csv": b"1"},
    ),
)
