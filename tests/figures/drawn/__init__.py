"""One call of every figure that draws into `ax`: name of the function -> ax -> ax.

A module a lecture, each with its own DRAWN. "name, variant" and "name of ..." draw once more.
"""

import pkgutil
from importlib import import_module

DRAWN = {}
for found in pkgutil.iter_modules(__path__, f"{__name__}."):
    DRAWN |= import_module(found.name).DRAWN
