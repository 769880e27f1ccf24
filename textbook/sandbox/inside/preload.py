"""Modules that programs import most, loaded once per worker: a program then finds them there."""

import importlib
from typing import Final

MODULES: Final = (
    "abc", "array", "bisect", "cmath", "collections", "collections.abc", "contextlib", "copy", "dataclasses",
    "datetime", "decimal", "enum", "fractions", "functools", "hashlib", "heapq", "io", "itertools", "json",
    "math", "numbers", "operator", "os", "queue", "random", "re", "statistics", "string", "struct", "sys",
    "textwrap", "threading", "time", "types", "typing",
)  # fmt: skip


def load() -> None:
    """Import them."""
    for name in MODULES:
        importlib.import_module(name)
