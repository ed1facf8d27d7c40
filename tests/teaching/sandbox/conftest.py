"""Kernels in sandboxes, cold and forked; where there can be none, the tests are skipped."""

import contextlib

import pytest

from tests.teaching.sandbox.kernels import Kernel

WITHOUT_ONE = ("test_arguments.py", "test_programs.py", "test_refusals.py", "test_seccomp.py")


@pytest.hookimpl(tryfirst=True)  # tests/conftest.py skips what is marked
def pytest_collection_modifyitems(items):
    for item in items:
        if "sandbox" in item.path.parts and item.path.name not in WITHOUT_ONE:
            item.add_marker(pytest.mark.needs_sandbox)


@pytest.fixture(scope="package", params=[False, True], ids=["cold", "warm"])
def fork(request):
    return request.param


@pytest.fixture
def start(fork, tmp_path):
    """start(**config): a kernel, in an empty folder; ended with the test."""
    with contextlib.ExitStack() as stack:

        def make(folder=tmp_path, **config):
            kernel = Kernel(folder, fork=fork, **config)
            stack.callback(kernel.end)
            return kernel

        yield make
