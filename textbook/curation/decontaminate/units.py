"""The parts of a row that are compared with references, so that a leak stands out in a long file.

A unit is a function with the comment above it; a row of up to `WHOLE_CHARS` characters as a whole; of a longer one each
window of two blocks, as well.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from textbook.curation.decontaminate.functions import Function
from textbook.curation.decontaminate.words import Array, Vocabulary

WHOLE_CHARS: Final = 2_400
"""A problem of HumanEval with its solution has 630 characters, half of MBPP's have less than 250."""

BLOCK_CHARS: Final = 600

MOST_CHARS: Final = 4_000_000
"""So much of a row is compared: the rest of a longer one leaves it undecided."""


class Unit(NamedTuple):
    """A part of a row."""

    row: int
    start: int
    """Its first character in the row's text."""

    end: int
    words: Array
    function: int | None
    """Which of the row's functions it is."""

    cut: int
    """Where its words are counted anew: a window's second block may start within a word. Else its end."""


def units_of(row: int, text: str, functions: Sequence[Function], vocabulary: Vocabulary) -> Iterator[Unit]:
    """The units of a row. The only function of a short row is not looked at twice."""
    whole = len(text) <= WHOLE_CHARS
    if whole:
        yield Unit(row, 0, len(text), vocabulary.words(text), 0 if len(functions) == 1 else None, len(text))
    if not whole or len(functions) > 1:
        for number, function in enumerate(functions):
            words = vocabulary.words(text[function.start : function.end])
            yield Unit(row, function.start, function.end, words, number, function.end)
    if not whole:
        yield from _windows(row, text, vocabulary)


def _windows(row: int, text: str, vocabulary: Vocabulary) -> Iterator[Unit]:
    start, before = 0, None
    for end in _block_ends(text):
        words = vocabulary.words(text[start:end])
        if before is not None:
            yield Unit(row, before[0], end, np.concatenate([before[1], words]), None, start)
        start, before = end, (start, words)


def _block_ends(text: str) -> Iterator[int]:
    """Blocks end with a line, or else with a word."""
    end = 0
    while len(text) - end > BLOCK_CHARS:
        start, limit = end + BLOCK_CHARS // 2, end + BLOCK_CHARS
        end = text.rfind("\n", start, limit) + 1 or text.rfind(" ", start, limit) + 1 or limit
        yield end
    yield len(text)
