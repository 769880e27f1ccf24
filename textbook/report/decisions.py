"""The steps that decided by a number, and where they drew the line."""

import math
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import pyarrow as pa

from textbook.report.reasons import Pattern

_CUT = re.compile(r"is below the cut at (\S+)$")


class Decision(NamedTuple):
    """A `Keep` or `KeepTop` that read a number."""

    step: str
    column: str
    config: dict[str, Any]
    is_float: bool

    @property
    def sign(self) -> int:
        """1 where high is good, -1 where the step has an upper bound only."""
        return -1 if self.config.get("at_least") is None and self.config.get("at_most") is not None else 1

    def lines(self, patterns: Iterable[Pattern]) -> list[dict[str, Any]]:
        """The thresholds, to be drawn; the cut of a `KeepTop` is found in the reasons it gave."""
        words = {"at_least": "at least", "at_most": "at most", "equals": "equal to"}
        bounds = [(says, self.config[bound]) for bound, says in words.items() if is_number(self.config.get(bound))]
        cuts = {match[1] for pattern in patterns if (match := _CUT.search(str(pattern)))}
        bounds += [("cut at", value) for value in sorted(map(to_float, cuts)) if math.isfinite(value)]
        return [{"step": self.step, "says": says, "value": float(value)} for says, value in bounds]


def is_number(value: Any) -> bool:
    """Whether a configuration value is a number (a bool is none)."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def to_float(text: str) -> float:
    """The number that `text` is, or NaN."""
    try:
        return float(text)
    except ValueError:
        return float("nan")


def find_decisions(steps: list[dict[str, Any]], schema: pa.Schema) -> list[Decision]:
    """The steps that kept rows by a number, in order."""
    found = []
    for step in steps:
        column = step["config"].get("column")
        if step["class"] not in ("textbook.keep:Keep", "textbook.keep:KeepTop") or column not in schema.names:
            continue
        kind = schema.field(column).type
        if pa.types.is_integer(kind) or pa.types.is_floating(kind):
            found.append(Decision(step["name"], column, step["config"], pa.types.is_floating(kind)))
    return found
