"""How alike two texts are to an encoder: problems told in words that no thesaurus holds.

The score is the cosine of their vectors, which is L2 distance on a unit sphere. What cosine strangers have depends on
the encoder, so it is told as well how many standard deviations above theirs it is (see `strangers`).

Sees meaning, and little of how much: of two tasks about the same things it takes one for the other. Reads no more of a
text than the encoder does. Costs a hundred times what all other detectors cost together.
"""

import statistics
from collections.abc import Sequence
from typing import Final

import numpy as np

from textbook.curation.decontaminate.strangers import STRANGERS
from textbook.curation.decontaminate.words import Array
from textbook.curation.encoders import Encoder

_STEPS: Final = 2**16
"""Vectors are rounded to integers of this size: products of these are exact, whatever the batch and the machine."""

_LEAST_DEVIATION: Final = 0.01


class ReferenceVectors:
    """The vectors of references.

    Args:
        texts: of the references.
        encoder: gives the vectors of these texts, and of those that are compared with them.
    """

    def __init__(self, texts: Sequence[str], encoder: Encoder) -> None:
        self._encoder = encoder
        self.encoder = encoder.identity
        self._references = self._encoded(texts)
        strangers = self._encoded(STRANGERS)
        pairs = _cosines(strangers, strangers)[np.triu_indices(len(strangers), 1)].tolist()
        self._mean = statistics.fmean(pairs)
        self._deviation = max(statistics.pstdev(pairs), _LEAST_DEVIATION)

    def cosines(self, texts: Sequence[str]) -> Array:
        """From -1 to 1, of shape (texts, references), for one text or more; equal texts are encoded once."""
        distinct = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        return _cosines(self._encoded(list(distinct)), self._references)[[distinct[text] for text in texts]]

    def deviations(self, cosines: Array) -> Array:
        """How many standard deviations each cosine is above those of strangers."""
        deviations: Array = (cosines - self._mean) / self._deviation
        return deviations

    def _encoded(self, texts: Sequence[str]) -> Array:
        """Vectors of integers; zeros for a vector of zeros."""
        storable = [text.encode("utf-8", "replace").decode() for text in texts]
        vectors: Array = np.asarray(self._encoder.encode(storable), np.float64)
        if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
            raise ValueError(
                f"the encoder {self._encoder.identity} gave an array of shape {vectors.shape} for {len(texts)} texts;"
                " expected finite numbers of shape (texts, dimensions)"
            )
        largest = np.abs(vectors).max(axis=1, keepdims=True, initial=0)
        rounded: Array = np.rint(vectors / np.where(largest > 0, largest, 1) * _STEPS)
        return rounded


def _cosines(left: Array, right: Array) -> Array:
    lengths = np.outer(*(np.sqrt((each**2).sum(axis=1)) for each in (left, right)))
    cosines: Array = left @ right.T / np.maximum(lengths, 1)
    return cosines
