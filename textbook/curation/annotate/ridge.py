"""A cheap scorer to choose labels by and to draw their learning curve: ridge regression on byte n-grams and features.

Not what the package scores with: see `textbook.curation.educational_value`.
"""

import copy
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from textbook.curation.byte_ngrams import ByteNgramHash
from textbook.curation.educational_value import scored_head
from textbook.curation.features import code_features
from textbook.require import require

Floats = npt.NDArray[np.float64]
MOST_CACHED = 8_192
"""Texts whose n-grams are kept between fits, about 60 kB each."""


class Scorer(Protocol):
    """Anything that learns numbers from texts. `fit` may return the fitted scorer, or fit itself."""

    def fit(self, texts: list[str], labels: list[float], /) -> Any:
        """Learn from texts and their labels."""
        ...

    def predict(self, texts: list[str], /) -> Any:
        """A sequence or an array of one number for each text, on the scale of the labels."""
        ...


@dataclass
class NgramFeatureRidge:
    """Ridge regression in its dual form (Saunders, Gammerman and Vovk 1998): one equation a label, whatever the width.

    Needs scipy, which scikit-learn brings. Some thousand labels at most: their products are held as a matrix.
    """

    alpha: float = 0.3
    feature_weight: float = 0.5
    """Of the code features beside the n-grams, each of which has length 1 a text."""

    _cache: "OrderedDict[str, tuple[Any, Floats]]" = field(default_factory=OrderedDict, repr=False, compare=False)
    _fitted: Any = field(default=None, repr=False, compare=False)

    def fit(self, texts: list[str], labels: list[float]) -> "NgramFeatureRidge":
        """Learn from texts and their labels."""
        columns = np.array([self._of(text)[1] for text in texts])
        mean, spread = columns.mean(axis=0), columns.std(axis=0)
        matrix = self._matrix(texts, mean, spread)
        target = np.asarray(labels, np.float64)
        products = (matrix @ matrix.T).toarray()
        weights = np.linalg.solve(products + self.alpha * np.eye(len(target)), target - target.mean())
        self._fitted = (mean, spread, matrix.T @ weights, float(target.mean()))
        return self

    def predict(self, texts: list[str]) -> Floats:
        """A number for each text; not held to the scale."""
        assert self._fitted is not None, "fit first"
        mean, spread, weights, intercept = self._fitted
        parts = [texts[at : at + 512] for at in range(0, len(texts), 512)]
        scores = [self._matrix(part, mean, spread) @ weights + intercept for part in parts]
        return np.concatenate([np.empty(0), *scores])

    def __deepcopy__(self, memo: dict[int, Any]) -> "NgramFeatureRidge":
        return copy.copy(self)  # what is kept between fits is shared: it depends on the texts alone

    def _matrix(self, texts: list[str], mean: Floats, spread: Floats) -> Any:
        sparse = require("scipy.sparse", "fit")
        rows = [self._of(text) for text in texts]
        columns = np.array([values for _, values in rows])
        scaled = np.clip((columns - mean) / np.where(spread > 0, spread, 1), -3, 3)
        scaled *= self.feature_weight / np.sqrt(columns.shape[1])
        return sparse.hstack([sparse.vstack([grams for grams, _ in rows]), sparse.csr_array(scaled)], format="csr")

    def _of(self, text: str) -> tuple[Any, Floats]:
        if text in self._cache:
            self._cache.move_to_end(text)
            return self._cache[text]
        head = scored_head(text)
        values = np.array(list(code_features(head).values()), np.float64)
        made = _grams(head), np.sign(values) * np.log1p(np.abs(values))
        self._cache[text] = made
        if len(self._cache) > MOST_CACHED:
            self._cache.popitem(last=False)
        return made


def _grams(head: str) -> Any:
    """The n-grams of a text as one sparse row; each block of them has length 1."""
    sparse = require("scipy.sparse", "fit")
    hasher = ByteNgramHash()
    width = 2**hasher.bits
    places, values = [], []
    for block, (buckets, counts) in enumerate(hasher.counts(head)):
        weights = np.log1p(counts.astype(np.float64))
        places.append(buckets.astype(np.int64) + block * width)
        values.append(weights / max(float(np.sqrt(weights @ weights)), 1e-12))
    indices, data = np.concatenate(places), np.concatenate(values).astype(np.float32)
    shape = (1, hasher.num_blocks * width)
    return sparse.csr_array((data, indices, np.array([0, len(indices)])), shape=shape)


def default_scorer() -> Scorer | None:
    """The scorer for those who bring none; None where scipy is not installed."""
    try:
        require("scipy.sparse", "fit")
    except ModuleNotFoundError:
        return None
    return NgramFeatureRidge()


def fitted(scorer: Scorer, texts: list[str], labels: list[float]) -> Scorer:
    """A copy of the scorer, fitted."""
    twin = copy.deepcopy(scorer)
    made = twin.fit(texts, labels)
    return twin if made is None else made
