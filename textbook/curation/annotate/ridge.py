"""A cheap scorer to choose labels by and to draw their learning curve: ridge regression on byte n-grams and features.

Not what the package scores with: see `textbook.curation.educational_value`.
"""

import copy
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from textbook.curation.educational_value.composed import Concatenated, Standardised, fit_features
from textbook.curation.educational_value.examples import Examples
from textbook.curation.educational_value.featurisers import ByteNgrams, CodeColumns, Features, scored_head, transformed
from textbook.curation.educational_value.heads import DualRidge
from textbook.curation.educational_value.matrix import Matrix
from textbook.require import require

Floats = npt.NDArray[np.float64]
MOST_KNOWN = 8_192
"""Texts whose features are kept between fits, about 20 kB each."""


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
    """A ridge regression over byte n-grams and, beside them, the code features.

    Needs scipy, which scikit-learn brings. Some thousand labels at most: their products are held as a matrix.
    """

    alpha: float = 0.06
    feature_weight: float = 0.22
    """Of the code features beside the n-grams, which have length 1 a text."""

    _ngrams: "_Known" = field(default_factory=lambda: _Known(ByteNgrams()), repr=False, compare=False)
    _columns: "_Known" = field(default_factory=lambda: _Known(CodeColumns()), repr=False, compare=False)
    _fitted: Any = field(default=None, repr=False, compare=False)

    def fit(self, texts: list[str], labels: list[float]) -> "NgramFeatureRidge":
        """Learn from texts and their labels."""
        targets, heads = np.asarray(labels, np.float64), [scored_head(text) for text in texts]
        examples = Examples.of(heads, targets, [""] * len(heads), good=0.0, seed=0)
        features = Concatenated(self._ngrams, Standardised(self._columns, self.feature_weight))
        fitted, matrix = fit_features(features, examples)
        self._fitted = fitted, DualRidge(self.alpha).fit_rows(matrix, targets)
        return self

    def predict(self, texts: list[str]) -> Floats:
        """A number for each text; not held to the scale."""
        assert self._fitted is not None, "fit first"
        features, head = self._fitted
        heads = [scored_head(text) for text in texts]
        parts = [transformed(features, heads[at : at + 512]) for at in range(0, len(heads), 512)]
        return np.concatenate([np.empty(0), *(head.predict(part) for part in parts)])

    def __deepcopy__(self, memo: dict[int, Any]) -> "NgramFeatureRidge":
        return copy.copy(self)  # what is kept between fits is shared: it depends on the texts alone


@dataclass
class _Known:
    """Features that remember what they said of a head."""

    features: Features
    rows: OrderedDict[str, Matrix] = field(default_factory=OrderedDict)

    @property
    def identity(self) -> str:
        return self.features.identity

    def transform(self, heads: Sequence[str]) -> Matrix:
        fresh = list(dict.fromkeys(head for head in heads if head not in self.rows))
        said = transformed(self.features, fresh)
        self.rows.update((head, said.take(np.array([at]))) for at, head in enumerate(fresh))
        found = [self.rows[head] for head in heads]
        for head in heads:
            self.rows.move_to_end(head)
        while len(self.rows) > MOST_KNOWN:
            self.rows.popitem(last=False)
        return Matrix.joined(found)


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
