"""Modules that programs import most, loaded once per worker: a program then finds them there."""

import importlib
from typing import Final

MODULES: Final = (
    "abc", "array", "bisect", "collections", "collections.abc", "contextlib", "copy", "dataclasses",
    "datetime", "decimal", "enum", "fractions", "functools", "heapq", "io", "itertools", "json",
    "math", "numbers", "operator", "os", "random", "re", "statistics", "string", "struct", "sys",
    "threading", "time", "types", "typing",
)  # fmt: skip


def load() -> None:
    """Import them."""
    for name in MODULES:
        importlib.import_module(name)
