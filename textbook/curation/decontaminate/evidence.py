"""What speaks for it that a row leaks a problem: what the detectors find in each unit of it, and where.

Judges nothing: see `verdict`.
"""

import gc
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

import numpy as np

from textbook.curation.decontaminate.functions import Function, Functions, functions_of
from textbook.curation.decontaminate.references import Prepared
from textbook.curation.decontaminate.units import WHOLE_CHARS, Unit, units_of
from textbook.curation.decontaminate.words import Texts, joined, word_spans

DETECTORS: Final = ("ngram", "ast", "lexical")

LEXICAL_FLOOR: Final = 0.04
NGRAM_FLOOR: Final = 0.1
UNITS_AT_ONCE: Final = 256
"""Bounds the memory that scores take."""


class Hit(NamedTuple):
    """What one detector found: how much a unit is like a reference, and where in the row."""

    score: float
    start: int
    end: int
    nodes: int = 0
    """Of the smaller of two trees, where these were compared."""


Pair = tuple[int, int, int]
"""Where a unit of a row starts and ends, in characters, and the position of a reference."""

Hits = dict[Pair, dict[str, Hit]]
"""For each unit and reference, what the detectors found, by their names."""


class RowEvidence(NamedTuple):
    """What the detectors found in a row."""

    hits: Hits
    problem: str | None
    """Why some functions could not be compared."""


def gather(
    texts: Sequence[str], languages: Sequence[str | None], against: Prepared, detectors: Sequence[str]
) -> list[RowEvidence]:
    """What the detectors find in each row.

    Args:
        texts: of the rows.
        languages: of the rows; None where that is not known.
        against: the references.
        detectors: some of `DETECTORS`.
    """
    with _no_collector():
        functions = [functions_of(*row, against.functions) for row in zip(texts, languages, strict=True)]
    gathered = [RowEvidence(defaultdict(dict), each.problem if "ast" in detectors else None) for each in functions]
    if "ast" in detectors:
        for row, pair, hit in _in_trees(texts, functions, against):
            found = gathered[row].hits[pair]
            found["ast"] = max(hit, found.get("ast", hit))  # two functions may share their lines
    if "ngram" in detectors or "lexical" in detectors:
        for units in _chunks(texts, functions, against):
            words = joined([unit.words for unit in units])
            for detector, number, reference, hit in _in_words(texts, units, words, against, detectors):
                unit = units[number]
                gathered[unit.row].hits[unit.start, unit.end, reference][detector] = hit
    return gathered


@contextmanager
def _no_collector() -> Iterator[None]:
    """Trees have no cycles: the garbage collector would look at each node in vain, for a fifth of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _in_trees(
    texts: Sequence[str], functions: Sequence[Functions], against: Prepared
) -> Iterator[tuple[int, Pair, Hit]]:
    places_of: dict[str, list[tuple[int, Function]]] = defaultdict(list)
    for row, each in enumerate(functions):
        places_of[each.language] += [(row, function) for function in each.found]
    for language, references in against.functions.items():
        there = places_of[language]
        for match in references.matches([function for _, function in there]):
            row, function = there[match.function]
            alone = len(functions[row].found) == 1 and len(texts[row]) <= WHOLE_CHARS
            unit = (0, len(texts[row])) if alone else (function.start, function.end)
            yield row, (*unit, match.reference), Hit(match.rate, function.start, function.end, match.nodes)


def _chunks(texts: Sequence[str], functions: Sequence[Functions], against: Prepared) -> Iterator[list[Unit]]:
    units: list[Unit] = []
    for row, (text, found) in enumerate(zip(texts, functions, strict=True)):
        for unit in units_of(row, text, found.found, against.vocabulary):
            units.append(unit)
            if len(units) == UNITS_AT_ONCE:
                yield units
                units = []
    if units:
        yield units


def _in_words(
    texts: Sequence[str], units: Sequence[Unit], words: Texts, against: Prepared, detectors: Sequence[str]
) -> Iterator[tuple[str, int, int, Hit]]:
    if "ngram" in detectors:
        spans: dict[int, list[tuple[int, int]]] = {}
        for detector, number, reference, shared in against.ngrams.shared(words):
            if shared.share < NGRAM_FLOOR and detector == "ngram":
                continue
            unit = units[number]
            if number not in spans:
                spans[number] = word_spans(texts[unit.row][unit.start : unit.end])
            start, end = spans[number][shared.first][0], spans[number][shared.last][1]
            yield detector, number, reference, Hit(shared.share, unit.start + start, unit.start + end)
    if "lexical" in detectors:
        similarities = against.lexical.similarities(words)
        for number, reference in np.argwhere(similarities >= LEXICAL_FLOOR).tolist():
            unit = units[number]
            yield "lexical", number, reference, Hit(float(similarities[number, reference]), unit.start, unit.end)
