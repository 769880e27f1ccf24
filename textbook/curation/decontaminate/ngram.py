"""n-grams of words that a text shares with a reference.

phi-1 looked for 13-grams of the docstrings (arXiv 2306.11644, section 5), and found nothing but false alarms. Shorter
ones find more, and must be weighed: by how rare their words are, and by how much of the reference they make up. What
tells the same in other words shares none.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

import numpy as np

from textbook.curation.decontaminate.words import Array, Texts

PHI1_WORDS: Final = 13
SIEVE_BITS: Final = 20

NEEDED: Final = 0.8
"""The share of a long reference's n-grams that tells a copy; of a short one it takes more, see `needed_share`."""

_SHORT, _LONG = 20, 50

_BASE, _MIX = np.uint64(0xD6E8FEB86659FD93), np.uint64(0xBF58476D1CE4E5B9)


@dataclass
class Shared:
    """What a text shares with a reference."""

    share: float = 0.0
    """The weight of the shared n-grams, as a share of that of all the reference's."""

    first: int = 2**62
    """The first word of the text that is in a shared n-gram, and the last one, counted within the text."""

    last: int = 0


class Ngrams:
    """The n-grams of references.

    Args:
        references: their words. One that is shorter than an n-gram shares nothing.
        weights: of each of these words. An n-gram weighs as much as its words together, divided by the number of
            references that have it: "write a function that" says little of a problem.
        num_words: the n of n-grams.
    """

    def __init__(self, references: Texts, weights: Array, num_words: int) -> None:
        self.num_words = num_words
        hashes, starts = _grams(references, num_words)
        totals = np.concatenate([[0.0], np.cumsum(weights)])
        sums = (totals[starts + num_words] - totals[starts]).tolist()
        weighed: dict[int, dict[int, float]] = defaultdict(dict)
        for hashed, reference, weight in zip(hashes.tolist(), references.owner[starts].tolist(), sums, strict=True):
            weighed[hashed][reference] = weight
        whole: dict[int, float] = defaultdict(float)
        for by_reference in weighed.values():
            for reference in by_reference:
                by_reference[reference] /= len(by_reference)
                whole[reference] += by_reference[reference]
        self._shares = {
            hashed: [(reference, weight / whole[reference]) for reference, weight in by_reference.items()]
            for hashed, by_reference in weighed.items()
        }
        self._sieve = np.zeros(2**SIEVE_BITS, bool)
        self._sieve[_sieved(hashes)] = True

    def shared(self, texts: Texts) -> dict[tuple[int, int], Shared]:
        """What each text shares with each reference, for the pairs that share anything.

        An n-gram counts once, where a text first has it.
        """
        hashes, starts = _grams(texts, self.num_words)
        maybe = self._sieve[_sieved(hashes)]
        found: dict[tuple[int, int], Shared] = defaultdict(Shared)
        seen = set()
        hits = zip(hashes[maybe].tolist(), starts[maybe].tolist(), texts.owner[starts[maybe]].tolist(), strict=True)
        for hashed, start, text in hits:
            if hashed not in self._shares or (text, hashed) in seen:
                continue
            seen.add((text, hashed))
            first = start - int(texts.offsets[text])
            for reference, share in self._shares[hashed]:
                pair = found[text, reference]
                pair.share += share
                pair.first = min(pair.first, first)
                pair.last = max(pair.last, first + self.num_words - 1)
        return dict(found)


def _grams(texts: Texts, num_words: int) -> tuple[Array, Array]:
    """The hash of each n-gram of each text, and the place of its first word among the words of all texts."""
    mixed = (texts.words.astype(np.uint64) + np.uint64(1)) * _MIX
    mixed ^= mixed >> np.uint64(31)
    count = max(len(mixed) - num_words + 1, 0)
    hashes = np.zeros(count, np.uint64)
    for place in range(num_words):
        hashes *= _BASE
        hashes += mixed[place : place + count]
    hashes ^= hashes >> np.uint64(32)
    hashes *= _MIX
    owner = texts.owner
    within = owner[:count] == owner[len(mixed) - count :]
    return hashes[within], np.flatnonzero(within)


def _sieved(hashes: Array) -> Array:
    return (hashes >> np.uint64(64 - SIEVE_BITS)).astype(np.int64)


def needed_share(num_words: int) -> float:
    """All n-grams of up to 20 words, 80% of those of 50 or more, as allenai/decon sets it; in between in proportion."""
    part = (min(max(num_words, _SHORT), _LONG) - _SHORT) / (_LONG - _SHORT)
    return 1 - (1 - NEEDED) * part
