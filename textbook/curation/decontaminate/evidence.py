"""What speaks for it that a row leaks a problem: what the detectors find in each unit of it, and where.

Judges nothing: see `verdict`.
"""

import gc
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

import numpy as np

from textbook.curation.decontaminate.embedding import ReferenceVectors
from textbook.curation.decontaminate.functions import Function, Functions, functions_of
from textbook.curation.decontaminate.ngram import Shared
from textbook.curation.decontaminate.references import Prepared
from textbook.curation.decontaminate.units import MOST_CHARS, WHOLE_CHARS, Unit, units_of
from textbook.curation.decontaminate.words import Array, joined, word_spans

DETECTORS: Final = ("ngram", "ast", "lexical", "embedding")
"""The last of them needs an encoder."""

LEXICAL_FLOOR: Final = 0.04
NGRAM_FLOOR: Final = 0.1
DEVIATIONS_FLOOR: Final = 3.0
UNITS_AT_ONCE: Final = 256
"""Bounds the memory that scores take."""


class Hit(NamedTuple):
    """What one detector found: how much a unit is like a reference, and where in the row."""

    score: float
    start: int
    end: int
    nodes: int = 0
    """Of the smaller of two trees, where these were compared."""

    deviations: float = 0.0
    """Of a cosine: how far above those of strangers it is (see `embedding`)."""


Pair = tuple[int, int, int]
"""Where a unit of a row starts and ends, in characters, and the position of a reference."""

Hits = dict[Pair, dict[str, Hit]]
"""For each unit and reference, what the detectors found, by their names."""


class RowEvidence(NamedTuple):
    """What the detectors found in a row."""

    hits: Hits
    problem: str | None
    """Why some of it could not be compared."""

    num_chars: int


_TOO_LONG = f"only its first {MOST_CHARS:,} characters were compared"


def gather(
    texts: Sequence[str],
    languages: Sequence[str | None],
    against: Prepared,
    detectors: Sequence[str],
    vectors: ReferenceVectors | None = None,
    embed_all: bool = False,
) -> list[RowEvidence]:
    """What the detectors find in each row.

    Args:
        texts: of the rows.
        languages: of the rows; None where that is not known.
        against: the references.
        detectors: some of `DETECTORS`.
        vectors: those of the references, for the detector `embedding`.
        embed_all: whether it compares each unit with each reference, or only where `lexical` finds something.
    """
    too_long = [len(text) > MOST_CHARS for text in texts]
    texts = [text[:MOST_CHARS] for text in texts]
    with _no_collector():
        functions = [functions_of(*row, against.functions) for row in zip(texts, languages, strict=True)]
    problems = [
        _TOO_LONG if cut else each.problem if "ast" in detectors else None
        for cut, each in zip(too_long, functions, strict=True)
    ]
    gathered = [RowEvidence(defaultdict(dict), *each) for each in zip(problems, map(len, texts), strict=True)]
    if "ast" in detectors:
        for row, pair, hit in _in_trees(texts, functions, against):
            found = gathered[row].hits[pair]
            found["ast"] = max(hit, found.get("ast", hit))  # two functions may share their lines
    if set(detectors) - {"ast"}:
        for units in _chunks(texts, functions, against):
            for detector, number, reference, hit in _in_units(texts, units, against, detectors, vectors, embed_all):
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


Found = Iterator[tuple[str, int, int, Hit]]
"""A detector, the number of a unit, the position of a reference, and what was found."""


def _in_units(
    texts: Sequence[str],
    units: Sequence[Unit],
    against: Prepared,
    detectors: Sequence[str],
    vectors: ReferenceVectors | None,
    embed_all: bool,
) -> Found:
    words = joined([unit.words for unit in units])
    if "ngram" in detectors:
        yield from _by_ngrams(texts, units, against.ngrams.shared(words))
    near = np.zeros((len(units), len(against.problems)), bool)
    if "lexical" in detectors or not embed_all:
        similarities = against.lexical.similarities(words)
        near = similarities >= LEXICAL_FLOOR
        for number, reference in np.argwhere(near).tolist() if "lexical" in detectors else ():
            unit = units[number]
            yield "lexical", number, reference, Hit(float(similarities[number, reference]), unit.start, unit.end)
    if vectors is not None:
        yield from _by_vectors(texts, units, vectors, near, embed_all)


def _by_ngrams(texts: Sequence[str], units: Sequence[Unit], found: Iterable[tuple[str, int, int, Shared]]) -> Found:
    spans: dict[int, list[tuple[int, int]]] = {}
    for detector, number, reference, shared in found:
        if shared.share < NGRAM_FLOOR and detector == "ngram":
            continue
        unit = units[number]
        if number not in spans:
            text = texts[unit.row]
            spans[number] = word_spans(text, unit.start, unit.cut) + word_spans(text, unit.cut, unit.end)
        start, end = spans[number][shared.first][0], spans[number][shared.last][1]
        yield detector, number, reference, Hit(shared.share, start, end)


def _by_vectors(
    texts: Sequence[str], units: Sequence[Unit], vectors: ReferenceVectors, near: Array, embed_all: bool
) -> Found:
    """Long functions are left out: no encoder reads them to their end, and the windows of their row hold them too."""
    short = np.array([len(unit.words) > 0 and unit.end - unit.start <= WHOLE_CHARS for unit in units], bool)
    numbers = np.flatnonzero((near.any(axis=1) | embed_all) & short).tolist()
    if not numbers:
        return
    cosines = vectors.cosines([texts[units[number].row][units[number].start : units[number].end] for number in numbers])
    deviations = vectors.deviations(cosines)
    for place, reference in np.argwhere(near[numbers] | (embed_all & (deviations >= DEVIATIONS_FLOOR))).tolist():
        unit, above = units[numbers[place]], float(deviations[place, reference])
        hit = Hit(float(cosines[place, reference]), unit.start, unit.end, deviations=above)
        yield "embedding", numbers[place], reference, hit
