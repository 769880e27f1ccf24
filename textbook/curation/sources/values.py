"""Types for columns of values that come without: JSON, and Python objects that Arrow can't make one column of.

A column is of one kind: "null", "bool", "int", "wide" (integers that a float can't hold), "float", "string", a list of
one of those ("list:int"), or "json": everything else, objects and mixtures among it, carried as JSON text.
"""

import json
import math
from collections.abc import Iterable
from typing import Any

import pyarrow as pa

ARROW = {
    "null": pa.string(),
    "bool": pa.bool_(),
    "int": pa.int64(),
    "wide": pa.int64(),
    "float": pa.float64(),
    "string": pa.string(),
    "json": pa.string(),
}
LIST = "list:"
NUMBERS = [{"int", "wide"}, {"int", "float"}]
"""Kinds that go together; the second holds both."""


def arrow_of(kind: str) -> pa.DataType:
    """The Arrow type that holds the values of a kind."""
    return pa.list_(arrow_of(kind.removeprefix(LIST))) if kind.startswith(LIST) else ARROW[kind]


def kind_of(value: Any) -> str:
    """The kind of a value."""
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case int():
            return "int" if abs(value) <= 2**53 else "wide" if -(2**63) <= value < 2**63 else "json"
        case float():
            return "float"
        case str():
            return "string"
        case list():
            items = kind_of_all(value)
            return "json" if items == "json" or items.startswith(LIST) else LIST + items
        case _:
            return "json"


def kind_of_all(values: Iterable[Any]) -> str:
    """The kind that holds all of `values`."""
    kind = "null"
    for value in values:
        kind = join(kind, kind_of(value))
    return kind


def join(a: str, b: str) -> str:
    """The kind that holds the values of both."""
    if a == b or b == "null":
        return a
    if a == "null":
        return b
    if a.startswith(LIST) and b.startswith(LIST):
        items = join(a.removeprefix(LIST), b.removeprefix(LIST))
        return "json" if items == "json" else LIST + items
    if {a, b} in NUMBERS:
        return "wide" if "wide" in (a, b) else "float"
    return "json"


def as_kind(value: Any, kind: str) -> Any:
    """A value as its column holds it; a number that is infinite or none is None."""
    if value is None:
        return None
    if kind == "json":
        return json.dumps(value, ensure_ascii=False, default=str)
    if kind == "float":
        return float(value) if math.isfinite(value) else None
    if kind.startswith(LIST):
        return [as_kind(item, kind.removeprefix(LIST)) for item in value]
    return value


def storable(value: Any) -> Any:
    """A JSON value in which lone surrogates, which UTF-8 can't hold, are U+FFFD."""
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, list):
        return [storable(item) for item in value]
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    return value
