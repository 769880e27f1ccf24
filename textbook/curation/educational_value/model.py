"""A fitted scorer: features, a head, and what its numbers mean on the scale of the labels.

Does not fit (`fitting`), save (`artefact`) or choose what to keep.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from textbook.curation.educational_value.composed import check_widths, said_of
from textbook.curation.educational_value.familiarity import Familiarity
from textbook.curation.educational_value.featurisers import Features, scored_head, transformed
from textbook.curation.educational_value.heads import FittedHead, Head, check_numbers, logistic
from textbook.curation.educational_value.matrix import Columns, Floats

if TYPE_CHECKING:
    from textbook.curation.annotate.rubric import Rubric

ROWS_AT_ONCE = 512  # bounds the memory; an encoder sorts as many by length
_DIGEST_BYTES = 16
_DIGITS = 4  # of a probability: the last bits of an exponential differ between machines


class ScoredTexts(NamedTuple):
    """What is said of texts, each of shape (texts,)."""

    scores: Columns
    """On the scale of the rubric."""

    confidence: Columns
    """How sure it is on which side of the rubric's `good` a text lies: 0.5, no idea, to 1."""

    probability: Columns
    """That the label is at least `good`, calibrated, for texts like those that it was fitted on."""


class Seen(NamedTuple):
    """What a scorer was fitted on."""

    texts: frozenset[str]
    """Content hashes."""

    groups: frozenset[str]


@dataclass(frozen=True)
class Scale:
    """What a score means: the rubric of the labels, as far as a scorer needs it."""

    rubric: str
    """Its identity."""

    name: str
    low: float
    high: float
    good: float
    whole: bool

    def __post_init__(self) -> None:
        check_numbers("the scale", self.low, self.good, self.high)
        if not self.low < self.high or not self.low <= self.good <= self.high:
            raise ValueError(f"the scale runs from {self.low} to {self.high} with good at {self.good}")

    @classmethod
    def of(cls, rubric: "Rubric") -> "Scale":
        """That of a rubric."""
        whole, name = bool(rubric.whole), rubric.name
        return cls(rubric.identity, name, float(rubric.low), float(rubric.high), float(rubric.threshold), whole)


@dataclass(frozen=True)
class Calibration:
    """What a head's number means, learnt on texts of groups that it was not fitted on.

    A regressor's number is a score as it is; a classifier's probability becomes one by a line. The probability that a
    label is good is a logistic function of the score (Platt 1999).
    """

    score_slope: float
    score_offset: float
    slope: float
    offset: float

    def __post_init__(self) -> None:
        check_numbers("calibration", self.score_slope, self.score_offset, self.slope, self.offset)

    def scores(self, said: Floats, scale: Scale) -> Columns:
        """What a head said, on the scale."""
        return np.clip(self.score_offset + self.score_slope * said, scale.low, scale.high).astype(np.float32)

    def probability(self, scores: Columns) -> Floats:
        """That the label is good, given the score."""
        return logistic(self.offset + self.slope * scores.astype(np.float64))


@dataclass(frozen=True, eq=False)
class HeldOut:
    """The labels that a scorer was fitted on, and what fits on other groups said of their texts.

    It is what the calibration was learnt from, and tells what the scorer has seen. Arrays have one entry a text.
    """

    scores: Columns
    labels: Columns
    groups: npt.NDArray[np.int32]
    """Places in `group_names`."""

    at_random: npt.NDArray[np.bool_]
    """Which texts were drawn at random: those that metrics are taken on."""

    digests: npt.NDArray[np.uint8]
    """The content hashes of the texts, 16 bytes each, one after another."""

    group_names: tuple[str, ...]

    def __post_init__(self) -> None:
        arrays = (self.scores, self.labels, self.groups, self.at_random)
        kinds = tuple(array.dtype.kind for array in arrays)
        if any(array.shape != self.scores.shape or array.ndim != 1 for array in arrays) or kinds != tuple("ffib"):
            raise ValueError("the held-out scores, labels, groups and marks do not fit together")
        if not np.isfinite(self.scores).all() or not np.isfinite(self.labels).all():
            raise ValueError("a held-out score or label is not finite")
        if len(self.digests) != _DIGEST_BYTES * len(self.scores) or self.digests.dtype != np.uint8:
            raise ValueError(f"there are {len(self.digests)} bytes of digests, expected {_DIGEST_BYTES} a text")
        names = len(self.group_names)
        in_range = ((self.groups >= 0) & (self.groups < names)).all()
        if not in_range or not all(isinstance(name, str) for name in self.group_names):
            raise ValueError("a group of a held-out text has no name")

    @cached_property
    def seen(self) -> Seen:
        """What an evaluation has to keep out of."""
        data = self.digests.tobytes()
        texts = (data[at : at + _DIGEST_BYTES].hex() for at in range(0, len(data), _DIGEST_BYTES))
        return Seen(frozenset(texts), frozenset(self.group_names))


@dataclass(frozen=True, eq=False, repr=False)
class FittedScorer:
    """Texts to scores. Equal to another if it scores the same."""

    features: Features
    head: FittedHead
    calibration: Calibration
    scale: Scale
    familiarity: Familiarity
    held_out: HeldOut | None = None
    about: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What the card says beyond what scoring needs: how it was fitted, labels, metrics, versions."""

    recipe: "tuple[Features, Head, int] | None" = field(default=None, repr=False)
    """The features and the head before they were fitted, and the seed, where it was fitted here: for twins."""

    def __post_init__(self) -> None:
        check_widths(self.features, self.head)

    def score(self, texts: Sequence[str]) -> ScoredTexts:
        """Score texts by their heads; one that is blank gets the lowest score, for sure.

        The confidence is that of the probability, moved towards 0.5 as far as a text is unlike what was fitted on.
        """
        heads = [scored_head(text) for text in texts]
        filled = np.array([at for at, head in enumerate(heads) if head.strip()], np.int64)
        scores = np.full(len(heads), self.scale.low, np.float32)
        good, known = np.zeros(len(heads)), np.ones(len(heads))
        for first in range(0, len(filled), ROWS_AT_ONCE):
            rows = filled[first : first + ROWS_AT_ONCE]
            some = [heads[at] for at in rows]
            scores[rows] = self._scores(some)
            good[rows], known[rows] = self.calibration.probability(scores[rows]), self.familiarity(some)
        confidence = 0.5 + known * (np.maximum(good, 1 - good) - 0.5)
        confidence, good = np.round(confidence, _DIGITS), np.round(good, _DIGITS)
        return ScoredTexts(scores, confidence.astype(np.float32), good.astype(np.float32))

    def _scores(self, heads: Sequence[str]) -> Columns:
        matrix = said_of(self.features, lambda part: transformed(part, heads))
        return self.calibration.scores(self.head.predict(matrix), self.scale)

    @cached_property
    def identity(self) -> str:
        """A digest of all that a score depends on."""
        from textbook.curation.educational_value.artefact import digest_of

        return digest_of(self)

    def __repr__(self) -> str:
        return f"FittedScorer({self.scale.name!r}, {self.scale.low:g} to {self.scale.high:g}, {self.identity!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FittedScorer) and self.identity == other.identity

    def __hash__(self) -> int:
        return hash(self.identity)

    def __reduce__(self) -> tuple[Any, ...]:
        """To a worker it goes as it does into a file, where that needs nothing else."""
        from textbook.curation.educational_value.artefact import from_bytes, stands_alone, to_bytes

        if stands_alone(self):
            return from_bytes, to_bytes(self)  # without the recipe: a worker only scores
        return FittedScorer, tuple(getattr(self, part.name) for part in fields(self))
