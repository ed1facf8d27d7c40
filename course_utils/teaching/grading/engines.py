"""One SQLAlchemy engine for each gradebook, however often nbgrader's steps open it.

Each of them opens it anew, and a new engine compiles all of its queries anew: half of what
it costs to record a hand-in. A closed gradebook leaves no connection in the kept engine.
"""

from functools import cache

from nbgrader import api

__all__ = ["keep_engines"]


def keep_engines() -> None:
    """From now on, in this process, gradebooks of the same address share their engine."""
    if not hasattr(api.create_engine, "cache_info"):
        api.create_engine = cache(api.create_engine)
