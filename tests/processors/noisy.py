"""Any tests under noise, or on more threads: another machine for them all.

    PROCESSOR_NOISE=3 python -m pytest -p tests.processors.noisy tests/reference
    PROCESSOR_THREADS=4 python -m pytest -p tests.processors.noisy tests/reference

What fails so asks for more digits than another processor gives. Tests of the exact workings of
this one (a graph, a hook, another mode of torch) may fail for the noise itself.
"""

import os
from contextlib import nullcontext

import pytest
import torch

from tests.processors.noise import RelativeNoise


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    before = torch.get_num_threads()
    torch.set_num_threads(int(os.environ.get("PROCESSOR_THREADS", before)))
    draw = os.environ.get("PROCESSOR_NOISE")
    with nullcontext() if draw is None else RelativeNoise(int(draw)):
        yield
    torch.set_num_threads(before)
