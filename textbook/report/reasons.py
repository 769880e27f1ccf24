"""Drop reasons, grouped: the numbers, ids, quoted words and places in which the rows of a group differ are blanked."""

import heapq
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from textbook.report.rows import Place

BLANK = "…"
MAX_PATTERNS = 1000
"""Patterns told apart for one step; rows with yet another one are counted together."""
MAX_REASON_CHARS = 500
EXAMPLES_A_PATTERN = 2
OTHER = "other reasons"

# In this order: a place in brackets (a source, a path), a quoted word, an id or the beginning of one, a number.
_VARIES = re.compile(
    r"((?<=\()(?=[^()]*+\))(?=[^()]*(?:[/:]|==))[^()]++|(?<!\w)'[^']*+'"
    r"|\b[0-9a-f]{4,}(?:\.\.+|…)|\b0x[0-9a-f]+|\b[0-9a-f]{16,}\b|\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{6,}\b"
    r"|(?<![\w.])-?\d+(?:[.,]\d+)*(?:e[-+]?\d+)?)",
    re.ASCII,
)


@dataclass
class Pattern:
    """Rows dropped for reasons that read the same but for what is blanked."""

    words: list[str]
    slots: list[str]
    rows: int = 0
    examples: list[tuple[str, Place]] = field(default_factory=list)
    """The rows with the smallest ids: (id, place)."""

    def add(self, slots: list[str], row: str, place: Place) -> None:
        """Count a row; a slot in which it differs from the others is blanked."""
        self.rows += 1
        if slots != self.slots:
            self.slots = [ours if ours == theirs else BLANK for ours, theirs in zip(self.slots, slots, strict=True)]
        if len(self.examples) < EXAMPLES_A_PATTERN or row < self.examples[-1][0]:
            self.examples = heapq.nsmallest(EXAMPLES_A_PATTERN, [*self.examples, (row, place)])

    def __str__(self) -> str:
        return "".join(word + slot for word, slot in zip(self.words, [*self.slots, ""], strict=True))


class Reasons:
    """The patterns of each step, found in one pass."""

    def __init__(self) -> None:
        self._steps: dict[str, dict[tuple[str, ...], Pattern]] = defaultdict(dict)

    def add(self, steps: Iterable[Any], reasons: Iterable[Any], rows: Iterable[Any], first: Place) -> None:
        """Count the dropped rows of a batch."""
        for i, (step, reason, row) in enumerate(zip(steps, reasons, rows, strict=True)):
            parts = _VARIES.split(str(reason)[:MAX_REASON_CHARS])
            words, slots = parts[::2], parts[1::2]
            patterns = self._steps[str(step)]
            if tuple(words) not in patterns and len(patterns) >= MAX_PATTERNS:
                words, slots = [OTHER], []
            pattern = patterns.setdefault(tuple(words), Pattern(words, slots))
            pattern.add(slots, str(row), first._replace(row=first.row + i))

    def by_step(self) -> dict[str, list[Pattern]]:
        """For each step, its patterns, the most frequent first."""
        return {
            step: sorted(patterns.values(), key=lambda pattern: (-pattern.rows, pattern.words))
            for step, patterns in self._steps.items()
        }
