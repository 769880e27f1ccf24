"""Features made of features: side by side, standardised, or stacked.

Those that learn have `fit`, which returns the fitted ones and what they say of the examples: for `Stacked`, what is
said by a model that has not seen the group of a text. Fitted ones have `combine`, which is given what their parts say.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from textbook.curation.educational_value.examples import Examples
from textbook.curation.educational_value.featurisers import Features, transformed
from textbook.curation.educational_value.heads import FittedHead, Head, check_numbers, described, fit_head
from textbook.curation.educational_value.matrix import Dense, Floats, Matrix

STACK_FOLDS = 10
MOST_SPREADS = 3.0
"""How far from the mean a standardised column is read."""

Fitted: TypeAlias = tuple[Features, Matrix]
Of: TypeAlias = Callable[[Features], Matrix]


def fit_features(features: Features, examples: Examples) -> Fitted:
    """The features, fitted if they learn, and what they say of the examples."""
    fit = getattr(features, "fit", None)
    if fit is None:
        return features, examples.matrix(features)
    found: Fitted = fit(examples)
    return found


def above_others(features: Features) -> bool:
    """Whether a head over the features sees what other fits say of a text: see `Stacked`."""
    return getattr(features, "above_others", False)


def fit_on(features: Features, head: Head, examples: Examples) -> tuple[Features, FittedHead]:
    """Features and a head, fitted; on what was made of the examples too, where the head is above a `Stacked`."""
    examples = examples.with_made() if above_others(features) else examples
    fitted, matrix = fit_features(features, examples)
    return fitted, fit_head(head, matrix, examples.targets, examples.good, examples.seed)


def said_of(features: Features, of: Of) -> Matrix:
    """What fitted features say, given what those say that are made of no others."""
    combine = getattr(features, "combine", None)
    if combine is None:
        return of(features)
    found: Matrix = combine(lambda part: said_of(part, of))
    return found


def check_widths(features: Features, head: FittedHead) -> None:
    """Refuse a head that was fitted on another number of columns, as far as that is known.

    Raises:
        ValueError: it was.
    """
    width = getattr(features, "width", None)
    if width is not None and width != head.model.width:
        raise ValueError(f"the features have {width} columns, and the head was fitted on {head.model.width}")


class _Fitted:
    """What fitted features that are made of others share."""

    def transform(self, heads: Sequence[str]) -> Matrix:
        """One row a head."""
        return said_of(self, lambda part: transformed(part, heads))  # type: ignore[arg-type]


class _Unfitted:
    """What features that have not learnt yet share."""

    def transform(self, heads: Sequence[str]) -> Matrix:
        """Refuse.

        Raises:
            ValueError: always.
        """
        raise ValueError(f"{type(self).__name__} features learn from labels; give them to EducationalValue.fit")


@dataclass(frozen=True, init=False)
class Concatenated(_Fitted):
    """Several features side by side: `Concatenated(ByteNgrams(), CodeColumns())`."""

    parts: tuple[Features, ...]

    @property
    def above_others(self) -> bool:
        """See `Stacked`."""
        return any(map(above_others, self.parts))

    def __init__(self, *parts: Features) -> None:
        if not parts:
            raise ValueError("there is nothing to concatenate; give features")
        object.__setattr__(self, "parts", parts)

    @property
    def identity(self) -> str:
        """Those of the parts."""
        return f"[{' '.join(part.identity for part in self.parts)}]"

    @property
    def width(self) -> int | None:
        """Columns of all parts; None where a part does not know its own."""
        widths = [getattr(part, "width", None) for part in self.parts]
        return None if None in widths else sum(width for width in widths if width is not None)

    def fit(self, examples: Examples) -> Fitted:
        """Fit the parts that learn."""
        fitted = [fit_features(part, examples) for part in self.parts]
        return Concatenated(*(part for part, _ in fitted)), _beside([matrix for _, matrix in fitted])

    def combine(self, of: Of) -> Matrix:
        """The columns of the first, then of the next."""
        return _beside([of(part) for part in self.parts])


def _beside(matrices: Sequence[Matrix]) -> Matrix:
    """Parts side by side, dense neighbours as one."""
    parts: list[Any] = []
    for part in (part for matrix in matrices for part in matrix.parts):
        if parts and isinstance(part, Dense) and isinstance(parts[-1], Dense):
            parts[-1] = Dense(np.concatenate([parts[-1].values, part.values], axis=1))
        else:
            parts.append(part)
    return Matrix(tuple(parts))


@dataclass(frozen=True)
class Standardised(_Unfitted):
    """Dense columns for a linear head: the logarithm of their size, less the mean, over the spread.

    Each is held to three spreads. A row with one spread in every column is of length `weight`, so that it can stand
    beside n-grams, whose rows are of length one.
    """

    features: Features
    weight: float = 1.0

    @property
    def identity(self) -> str:
        """That of the features, and the weight."""
        return f"standardised:{self.weight}:{self.features.identity}"

    def fit(self, examples: Examples) -> Fitted:
        """Take the mean and the spread."""
        features, matrix = fit_features(self.features, examples)
        columns = _log_sizes(matrix)
        spread = columns.std(axis=0)
        fitted = FittedStandardised(features, columns.mean(axis=0), np.where(spread > 1e-9, spread, 1.0), self.weight)
        return fitted, fitted.scaled(columns)


@dataclass(frozen=True, eq=False)
class FittedStandardised(_Fitted):
    """`Standardised`, with what it learnt."""

    features: Features
    mean: Floats
    spread: Floats
    weight: float

    def __post_init__(self) -> None:
        shapes = {self.mean.shape, self.spread.shape, (getattr(self.features, "width", None) or len(self.mean),)}
        if len(shapes) > 1:
            raise ValueError(f"features, mean and spread have the shapes {shapes}, expected one")
        check_numbers("weight and mean", self.weight, *self.mean)
        if not (self.spread > 0).all():
            raise ValueError("a spread is not above 0")

    @property
    def identity(self) -> str:
        """That of the features, and the weight."""
        return f"standardised:{self.weight}:{self.features.identity}"

    def combine(self, of: Of) -> Matrix:
        """The columns of the features, scaled."""
        return self.scaled(_log_sizes(of(self.features)))

    def scaled(self, columns: Floats) -> Matrix:
        """Columns less the mean, over the spread."""
        away = np.clip((columns - self.mean) / self.spread, -MOST_SPREADS, MOST_SPREADS)
        return Matrix((Dense((away * (self.weight / np.sqrt(len(self.mean)))).astype(np.float32)),))


def _log_sizes(matrix: Matrix) -> Floats:
    columns = matrix.columns(np.arange(matrix.width)).astype(np.float64)
    return np.sign(columns) * np.log1p(np.abs(columns))


@dataclass(frozen=True)
class Stacked(_Unfitted):
    """One column: what another head says of other features. Stacked generalisation (Wolpert 1992).

    The head above it learns from what the inner one says of texts whose group it was not fitted on: `folds` times.
    Examples that were made of others teach the head above, and not the inner one.
    """

    features: Features
    head: Head
    folds: int = STACK_FOLDS
    above_others = True

    @property
    def identity(self) -> str:
        """That of the features, and the head."""
        return f"stacked:{described(self.head)}:{self.folds}:{self.features.identity}"

    def fit(self, examples: Examples) -> Fitted:
        """Fit on all examples; say of each what a fit on other groups says."""
        said = np.empty(len(examples))
        for train, test in examples.folds(self.folds):
            inner = self._fit_on(examples.take(train))
            said[test] = inner.head.predict(said_of(inner.features, examples.take(test).matrix))
        return self._fit_on(examples), _column(said)

    def _fit_on(self, examples: Examples) -> "FittedStacked":
        return FittedStacked(*fit_on(self.features, self.head, examples.real()))


@dataclass(frozen=True, eq=False)
class FittedStacked(_Fitted):
    """`Stacked`, with what it learnt."""

    features: Features
    head: FittedHead
    width = 1

    def __post_init__(self) -> None:
        check_widths(self.features, self.head)

    @property
    def identity(self) -> str:
        """That of the features."""
        return f"stacked:{self.features.identity}"

    def combine(self, of: Of) -> Matrix:
        """What the head says."""
        return _column(self.head.predict(of(self.features)))


def _column(values: Floats) -> Matrix:
    return Matrix((Dense(values.astype(np.float32)[:, None]),))
