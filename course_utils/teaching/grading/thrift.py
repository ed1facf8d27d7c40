"""What nbgrader does for each hand-in anew and needs to do once in a process.

- An SQLAlchemy engine for each opening of a gradebook: a new one compiles all queries anew,
  half of what it costs to record a hand-in. A closed gradebook leaves no connection in it.
- A look whether all tables are there, at each opening.
- A check of the schema itself, for each cell whose metadata is checked against it: ten times
  the work of checking the cell.

And what nbformat compiles for whole notebooks alone: the schema of one output, or of one cell,
which it checks whenever it makes one.
"""

import json
import os
from collections.abc import Callable
from functools import cache
from types import SimpleNamespace

import fastjsonschema
from jsonschema.exceptions import best_match
from jsonschema.validators import validator_for
from nbformat.json_compat import FastJsonSchemaValidator
from nbgrader import api
from nbgrader.nbgraderformat import common

__all__ = ["once_a_process"]


def once_a_process() -> None:
    """From now on, in this process, all this is done once."""
    if hasattr(api.create_engine, "cache_info"):
        return
    api.create_engine = cache(api.create_engine)
    api.Base.metadata.create_all = _Tables(api.Base.metadata.create_all)
    common.jsonschema = SimpleNamespace(validate=_validate)
    FastJsonSchemaValidator.iter_errors = _errors_of_part(FastJsonSchemaValidator.iter_errors)


class _Tables:
    """`MetaData.create_all`, which asks a file only once for its tables."""

    def __init__(self, create_all) -> None:
        self._create_all = create_all
        self._complete: set[tuple[int, int]] = set()

    def __call__(self, bind) -> None:
        file = _file(bind)
        if file not in self._complete:
            self._create_all(bind=bind)
            file = _file(bind)
        if file is not None:
            self._complete.add(file)


def _file(engine) -> tuple[int, int] | None:
    """The file of an SQLite database: not only its name, it may be another by now."""
    if engine.url.get_backend_name() != "sqlite" or not engine.url.database:
        return None
    try:
        found = os.stat(engine.url.database)
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found.st_size else None


def _validate(instance, schema: dict) -> None:
    """`jsonschema.validate`. Raises its ValidationError."""
    error = best_match(_validator(json.dumps(schema)).iter_errors(instance))
    if error is not None:
        raise error


@cache
def _validator(schema_text: str):
    schema = json.loads(schema_text)
    kind = validator_for(schema)
    kind.check_schema(schema)
    return kind(schema)


def _errors_of_part(iter_errors):
    """`iter_errors` that first asks a compiled schema, whose word is taken that all is well."""
    compiled: dict[tuple[int, str], Callable] = {}

    def found(self, data, schema=None):
        part = schema.get("$ref") if schema else None
        if part is None:
            return iter_errors(self, data, schema)
        key = id(self), part  # nbformat keeps its validators for good
        if key not in compiled:
            whole = {name: self._schema[name] for name in ("$schema", "definitions")}
            compiled[key] = fastjsonschema.compile(whole | schema)
        try:
            compiled[key](data)
        except fastjsonschema.JsonSchemaException:
            return iter_errors(self, data, schema)
        return iter(())

    return found
