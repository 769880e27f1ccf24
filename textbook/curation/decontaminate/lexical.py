"""How alike two texts are in their words, and in which words stand near one another.

Words are those of docstring, comments, names and literals (see `words`), pairs are of concepts (see `thesaurus`). So it
crosses programming languages, other names and another wording. It sees no structure: of two tasks about the same
things, one may be taken for the other.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from textbook.curation.decontaminate.background import Background
from textbook.curation.decontaminate.words import NUMBER_BITS, Array, Texts, Vocabulary

REACH: Final = 3
"""Words up to so many places apart are a pair."""

PAIRS_WEIGHT: Final = 4
"""How much the cosine of pairs counts next to that of words: unrelated texts share far fewer pairs."""

GATE: Final = 0.08
"""Below this likeness of words, pairs are not looked at: so for three of four unrelated functions, and no leak."""

_UNIT: Final = 256
"""Weights are integers in so many parts of 1: their sums are exact in any order, and the same on every machine."""


WORDS_PRIOR: Final = 700
PAIRS_PRIOR: Final = 7000
"""Added to the square of a text's length as a vector: a short text that shares three words is not like a long one that
shares thirty. Twice the median of HumanEval's problems."""


class Features(NamedTuple):
    """The distinct features of some texts, as numbers, by text."""

    owner: Array
    feature: Array


class Cosines:
    """The vectors of references over weighed features.

    Args:
        references: their features.
        num_references: how many they are.
        idf: weights of the features that are known to be common; all others have the largest of them.
        prior: added to the square of a text's length.
    """

    def __init__(self, references: Features, num_references: int, idf: Mapping[int, float], prior: int) -> None:
        self.num_references = num_references
        rare = max(idf.values())
        self._features = np.union1d(np.fromiter(idf, np.int64, len(idf)), references.feature)
        weights = [idf.get(feature, rare) for feature in self._features.tolist()]
        self._weights, self._rare = np.rint(_UNIT * np.array(weights)), np.rint(_UNIT * rare)
        self._prior = prior * _UNIT**2
        order = np.argsort(references.feature, kind="stable")
        self._owners = references.owner[order]
        self._edges = np.searchsorted(references.feature[order], [*self._features.tolist(), 2**62])
        self._norms = np.sqrt(self._squares(references, num_references))

    def of(self, texts: Features, num_texts: int) -> Array:
        """Cosines from 0 to 1, of shape (texts, references)."""
        place, known = self._places(texts.feature)
        place, owner = place[known], texts.owner[known]
        sizes = self._edges[place + 1] - self._edges[place]
        ends = np.cumsum(sizes)
        entry = np.arange(sizes.sum()) + np.repeat(self._edges[place] - ends + sizes, sizes)
        cell = np.repeat(owner * self.num_references, sizes) + self._owners[entry]
        products = np.repeat(self._weights[place] ** 2, sizes)
        sums = np.bincount(cell, products, minlength=num_texts * self.num_references)
        norms = np.outer(np.sqrt(self._squares(texts, num_texts) + self._prior), self._norms)
        cosines: Array = sums.reshape(norms.shape) / np.maximum(norms, 1)
        return cosines

    def _places(self, features: Array) -> tuple[Array, Array]:
        """Where features are among those that are known, and whether they are."""
        place = np.minimum(np.searchsorted(self._features, features), len(self._features) - 1)
        return place, self._features[place] == features

    def _squares(self, texts: Features, num_texts: int) -> Array:
        """The squares of the lengths of texts."""
        place, known = self._places(texts.feature)
        weights = np.where(known, self._weights[place], self._rare)
        squares: Array = np.bincount(texts.owner, weights**2, minlength=num_texts)
        return squares


class Lexical:
    """The words and pairs of references.

    Args:
        references: their words.
        vocabulary: numbers the words and concepts of the background.
        background: weighs them.
    """

    def __init__(self, references: Texts, vocabulary: Vocabulary, background: Background) -> None:
        known, idf = vocabulary.known, background.idf
        words = {known[word]: idf(counts) for word, counts in background.words.items()}
        pairs = {_pair(known[a], known[b]): idf(counts) for (a, b), counts in background.pairs.items()}
        self._words = Cosines(_words(references), len(references), words, WORDS_PRIOR)
        self._pairs = Cosines(_pairs(references), len(references), pairs, PAIRS_PRIOR)

    def similarities(self, texts: Texts) -> Array:
        """From 0 to 1, of shape (texts, references)."""
        similarities: Array = self._words.of(_words(texts), len(texts))
        near = np.flatnonzero(similarities.max(axis=1, initial=0) >= GATE)
        similarities[near] += PAIRS_WEIGHT * self._pairs.of(_pairs(texts.take(near)), len(near))
        return similarities / (1 + PAIRS_WEIGHT)


def _words(texts: Texts) -> Features:
    return _distinct(texts.owner, texts.words)


def _pairs(texts: Texts) -> Features:
    """Two different concepts that stand near one another, in either order; not two numbers, which are data."""
    owner, concepts, number = texts.owner, np.maximum(texts.concepts, ~texts.concepts), texts.concepts < 0
    found = []
    for distance in range(1, REACH + 1):
        left, right = concepts[:-distance], concepts[distance:]
        fits = (owner[:-distance] == owner[distance:]) & (left != right) & ~(number[:-distance] & number[distance:])
        pair = np.minimum(left, right) << NUMBER_BITS | np.maximum(left, right)
        found.append(Features(owner[:-distance][fits], pair[fits]))
    return _distinct(*map(np.concatenate, zip(*found, strict=True)))


def _pair(first: int, second: int) -> int:
    return min(first, second) << NUMBER_BITS | max(first, second)


def _distinct(owner: Array, feature: Array) -> Features:
    """Each feature of a text once. Features are below 2**44, and texts few."""
    keys = np.unique(owner << 2 * NUMBER_BITS | feature)
    return Features(keys >> 2 * NUMBER_BITS, keys & (1 << 2 * NUMBER_BITS) - 1)
