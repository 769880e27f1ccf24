"""Types for columns of values that come without: JSON, and Python objects that Arrow can't make one column of.

A column is of one kind: "null", "bool", "int", "wide" (integers that a float can't hold), "float", "string", a list of
one of those ("list:int"), or "json": everything else, objects and mixtures among it, carried as JSON text.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
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
MAX_DEPTH = 64
"""Deeper nesting is no data: Python's JSON recurses, and Arrow overflows the stack."""

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


def columns_of(rows: Sequence[Mapping[Any, Any]]) -> dict[str, list[Any]]:
    """Rows as columns, under names that UTF-8 can hold; what a row lacks is None."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {storable(str(name)): [row.get(name) for row in rows] for name in names}


def storable(value: Any, levels: int = MAX_DEPTH) -> Any:
    """A value in which lone surrogates, which UTF-8 can't hold, are U+FFFD.

    Raises:
        ValueError: it is nested more than `levels` deep.
    """
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if not isinstance(value, list | tuple | dict):
        return value
    if levels == 0:
        raise ValueError(f"a value is nested more than {MAX_DEPTH} deep; expected flatter data. Carry it as JSON text")
    if isinstance(value, dict):
        return {storable(key): storable(item, levels - 1) for key, item in value.items()}
    return [storable(item, levels - 1) for item in value]


def is_deeper(value: Any, levels: int) -> bool:
    """Whether lists and objects are nested more than `levels` deep."""
    if not isinstance(value, list | tuple | dict):
        return False
    children = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(is_deeper(child, levels - 1) for child in children)
