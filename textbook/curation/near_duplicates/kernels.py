"""The compiled loops, where numba is installed."""

import functools
import importlib.util
from typing import Any

import numpy as np

from textbook.require import require

Array = np.ndarray[Any, Any]


@functools.cache
def compiled() -> Any:
    """The module `loops`; None where numba is not installed, and numpy has to find the same answers."""
    if importlib.util.find_spec("numba") is None:
        return None
    return require("textbook.curation.near_duplicates.loops", "fast")
