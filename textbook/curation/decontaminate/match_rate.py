"""The AST match rate tau of phi-1 (arXiv 2306.11644, section 5): how much of two syntax trees is the same.

tau is 1 minus the Levenshtein distance of the two sequences of nodes, divided by the length of the longer one. The
paper gives no formula beyond "edit distance of ASTs"; a distance of trees proper (Zhang-Shasha) takes many thousand
times as long.

Distances are integers, and a rate is their one division: that of 10 and 8 nodes at a distance of 2 is 0.8, and no less.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from textbook.require import require

_BAND: Final = 1.2
"""Sequences that differ in length by up to so much are compared in one go."""

_SLACK: Final = 1e-6
"""How much the cutoff is lowered: rapidfuzz drops pairs whose rate is exactly the cutoff, and here they count."""


class Match(NamedTuple):
    """A sequence close to one of the references, by their positions."""

    sequence: int
    reference: int
    distance: int
    longer: int
    """Nodes of the longer of the two."""

    @property
    def rate(self) -> float:
        """tau, from 0 to 1."""
        return match_rate(self.distance, self.longer)


def match_rate(distance: int, longer: int) -> float:
    """The rate of two sequences. Division rounds correctly, so 0.8 is what 0.8 in a program is."""
    return (longer - distance) / longer


class MatchRates:
    """The sequences of references, ready to be compared with many others.

    Args:
        references: sequences of characters; an empty one matches nothing.
        tau: the lowest rate that is a match, above 0 and up to 1.
    """

    def __init__(self, references: Sequence[str], tau: float) -> None:
        self.tau = tau
        order = sorted((i for i, labels in enumerate(references) if labels), key=lambda i: len(references[i]))
        self._places = order
        self._references = [references[i] for i in order]
        self._lengths = np.array([len(references[i]) for i in order], np.int64)

    def matches(self, sequences: Sequence[str]) -> list[Match]:
        """Every pair whose rate is at least tau, by the order of `sequences`, then of the references.

        A pair can match only if the shorter has tau times the nodes of the longer; equal sequences are compared once.
        """
        same = defaultdict(list)
        for i, labels in enumerate(sequences):
            if labels:
                same[labels].append(i)
        distinct = sorted(same, key=len)
        found = []
        for start, end in self._bands([len(labels) for labels in distinct]):
            for number, reference, distance in self._close(distinct[start:end]):
                labels = distinct[start + number]
                longer = max(len(labels), len(self._references[reference]))
                found += [Match(i, self._places[reference], distance, longer) for i in same[labels]]
        return sorted(found)

    def _bands(self, lengths: Sequence[int]) -> Iterator[tuple[int, int]]:
        """Ranges of rising lengths that cover them all."""
        start = 0
        while start < len(lengths):
            end = int(np.searchsorted(lengths, lengths[start] * _BAND, side="right"))
            yield start, end
            start = end

    def _close(self, band: Sequence[str]) -> Iterator[tuple[int, int, int]]:
        """Pairs whose rate is at least tau: the place in the band, that of the reference, the distance."""
        first = int(np.searchsorted(self._lengths, len(band[0]) * self.tau - _SLACK))
        last = int(np.searchsorted(self._lengths, len(band[-1]) / self.tau + _SLACK, side="right"))
        if first == last:
            return
        references = self._references[first:last]
        rates = _rates(band, references, self.tau - _SLACK)
        for number, place in np.argwhere(rates > 0).tolist():
            longer = max(len(band[number]), len(references[place]))
            distance = round((1 - float(rates[number, place])) * longer)
            if match_rate(distance, longer) >= self.tau:
                yield number, first + place, distance


def _rates(band: Sequence[str], references: Sequence[str], cutoff: float) -> Any:
    """The match rates of shape (band, references); those below the cutoff are 0."""
    process = require("rapidfuzz.process", "decontaminate")
    levenshtein = require("rapidfuzz.distance", "decontaminate").Levenshtein
    return process.cdist(
        band, references, scorer=levenshtein.normalized_similarity, score_cutoff=cutoff, dtype=np.float32
    )


def edit_distance(first: Sequence[str], second: Sequence[str]) -> int:
    """The Levenshtein distance of two sequences of labels."""
    distance: int = require("rapidfuzz.distance", "decontaminate").Levenshtein.distance(first, second)
    return distance
