"""Any tests under noise: another machine for them all.

    PROCESSOR_NOISE=3 python -m pytest -p tests.processors.noisy tests/reference

What fails so asks for more digits than another processor gives. Tests of the exact workings of
this one (a graph, a hook, another mode of torch) may fail for the noise itself.
"""

import os

import pytest

from tests.processors.noise import RelativeNoise


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    with RelativeNoise(int(os.environ["PROCESSOR_NOISE"])):
        yield
