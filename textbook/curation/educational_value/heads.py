"""Heads: what turns features into a score. A fitted scikit-learn estimator becomes plain arrays, checked against it.

Linear models and tree ensembles are held as whole numbers, so that a score depends neither on the rows beside it nor on
the order of a sum. Any other estimator scores as it is, in the process that fitted it, and can't be saved: it would
take a pickle.

Does not choose features or calibrate: see `fitting`.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Protocol, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from textbook.curation.educational_value.matrix import Dense, Floats, Matrix, Rows
from textbook.require import require

Ints = npt.NDArray[np.integer[Any]]
Output = Literal["score", "log-odds", "probability"]

WEIGHT_STEPS = 255
"""An n-gram's weight is rounded to this part of the largest: a score moves by some thousandths, and files are small."""
MOST_DUAL = 8_000
MAX_DEPTH = 1_000
MOST = 1e12
_CELLS_AT_ONCE = 2**18  # of rows and trees: bounds the memory


class Model(Protocol):
    """Arrays, or an estimator, that give a number for each row."""

    @property
    def width(self) -> int:
        """Columns it was fitted on."""

    def predict(self, matrix: Matrix) -> Floats:
        """The numbers, (rows,)."""


@dataclass(frozen=True, eq=False)
class LinearModel:
    """Weights for each part of a matrix: 16 bits for n-grams, 64 for dense columns."""

    weights: tuple[npt.NDArray[Any], ...]
    units: tuple[float, ...]
    """What the weights of each part are in units of."""

    intercept: float

    def __post_init__(self) -> None:
        if not self.weights or len(self.weights) != len(self.units):
            raise ValueError(f"got {len(self.weights)} weights and {len(self.units)} units, expected one unit for each")
        for weights in self.weights:
            if weights.ndim != 1 or weights.dtype not in (np.int16, np.float64):
                raise ValueError(
                    f"weights are {weights.dtype} of shape {weights.shape}, expected a row of int16 or float64"
                )
        check_numbers("units and intercept", *self.units, self.intercept)
        if not all(np.isfinite(weights).all() for weights in self.weights):
            raise ValueError("a weight is not finite")

    @property
    def width(self) -> int:
        """Columns of all parts."""
        return sum(len(weights) for weights in self.weights)

    def predict(self, matrix: Matrix) -> Floats:
        """The weighted sums."""
        total = np.full(len(matrix), self.intercept)
        for part, weights, unit in zip(matrix.parts, self.weights, self.units, strict=True):
            total += part.dot(weights) * unit
        return total

    @classmethod
    def of(cls, weights: Floats, intercept: float, matrix: Matrix) -> "LinearModel":
        """Weights for all columns of `matrix`, those of n-grams rounded."""
        held, units, first = [], [], 0
        for part in matrix.parts:
            own = np.asarray(weights[first : first + part.width], np.float64)
            first += part.width
            unit = 1.0 if isinstance(part, Dense) else float(np.abs(own).max()) / WEIGHT_STEPS or 1.0
            held.append(own if isinstance(part, Dense) else np.rint(own / unit).astype(np.int16))
            units.append(unit)
        return cls(tuple(held), tuple(units), float(intercept))


@dataclass(frozen=True, eq=False)
class TreeEnsemble:
    """A sum of binary trees, as arrays with one entry a node."""

    roots: Ints
    feature: Ints
    threshold: npt.NDArray[np.float32]
    left: Ints
    """How many nodes on the one lies where to go if the feature is at most the threshold; 0 in a leaf."""

    right: Ints
    """The same for where to go otherwise."""

    value: Ints
    """What a leaf adds, in units of `unit`."""

    unit: float
    intercept: float
    width: int

    def __post_init__(self) -> None:
        nodes = len(self.feature)
        for name in ("feature", "threshold", "left", "right", "value"):
            array = getattr(self, name)
            if array.shape != (nodes,) or array.dtype.kind not in ("f" if name == "threshold" else "iu"):
                raise ValueError(f"{name} is {array.dtype} of shape {array.shape}, expected {nodes} numbers")
        if self.roots.ndim != 1 or self.roots.dtype.kind not in "iu" or not len(self.roots):
            raise ValueError(f"roots are {self.roots.dtype} of shape {self.roots.shape}, expected one number a tree")
        _check_range("roots", self.roots, nodes)
        _check_range("feature", self.feature, self.width)
        at = np.arange(nodes)
        for name in ("left", "right"):
            step = getattr(self, name).astype(np.int64)
            _check_range(name, step, nodes)
            _check_range(f"{name} child", at + step, nodes)
        if ((self.left == 0) != (self.right == 0)).any():
            raise ValueError("a node has one child, expected two or none")
        if np.abs(self.value.astype(np.float64)).max(initial=0) > 2**31:
            raise ValueError("the value of a leaf has more than 32 bits")
        check_numbers("unit and intercept", self.unit, self.intercept)
        if not np.isfinite(self.threshold).all():
            raise ValueError("a threshold is not finite")
        _ = self._depth

    @cached_property
    def _children(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        at = np.arange(len(self.feature))
        return (at + self.left).astype(np.int32), (at + self.right).astype(np.int32)

    @cached_property
    def _depth(self) -> int:
        """Steps from a root after which every row is in a leaf: children lie further on, so that there is an end."""
        left, right = self._children
        level, depth = np.unique(self.roots), 0
        while (self.left[level] > 0).any():
            inner = level[self.left[level] > 0]
            level, depth = np.unique(np.concatenate([left[inner], right[inner]])), depth + 1
            if depth > MAX_DEPTH:
                raise ValueError(f"a tree is deeper than {MAX_DEPTH} nodes; limit max_depth")
        return depth

    @cached_property
    def _used(self) -> tuple[Rows, npt.NDArray[np.int32]]:
        """The columns that a threshold stands on, and for each node which of these."""
        used, place = np.unique(self.feature, return_inverse=True)
        return used.astype(np.int64), place.astype(np.int32)

    def predict(self, matrix: Matrix) -> Floats:
        """The sums of the leaves that the rows end in."""
        used, place = self._used
        step = max(1, _CELLS_AT_ONCE // len(self.roots))
        found = [np.empty(0, np.int64)]
        for first in range(0, len(matrix), step):
            some = matrix.take(np.arange(first, min(first + step, len(matrix))))
            found.append(self._sums(some.columns(used), place))
        return np.asarray(self.intercept + self.unit * np.concatenate(found), np.float64)

    def _sums(self, columns: npt.NDArray[np.float32], place: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
        left, right = self._children
        rows = np.arange(len(columns))[:, None]
        node = np.broadcast_to(self.roots, (len(columns), len(self.roots)))
        for _ in range(self._depth):
            goes_left = columns[rows, place[node]] <= self.threshold[node]
            node = np.where(goes_left, left[node], right[node])
        sums: npt.NDArray[np.int64] = self.value[node].sum(axis=1, dtype=np.int64)
        return sums


@dataclass(frozen=True, eq=False)
class Estimator:
    """A fitted scikit-learn estimator that is neither linear nor of trees. Lives in the process that fitted it."""

    estimator: Any
    width: int
    method: str
    identity: str

    def predict(self, matrix: Matrix) -> Floats:
        """What it says."""
        return _said(self.estimator, self.method, matrix.for_sklearn())


@dataclass(frozen=True, eq=False)
class FittedHead:
    """A model, and what its numbers are."""

    model: Model
    output: Output

    def __post_init__(self) -> None:
        if self.output not in get_args(Output):
            raise ValueError(f"output is {self.output!r}, expected one of {', '.join(get_args(Output))}")

    @property
    def gives_probability(self) -> bool:
        """Whether it tells good from not good, in place of a score."""
        return self.output != "score"

    def predict(self, matrix: Matrix) -> Floats:
        """Scores, or the probability that a label is good."""
        if matrix.width != self.model.width:
            raise ValueError(
                f"the features have {matrix.width} columns, expected {self.model.width}, as when the head was fitted;"
                " give the same encoder"
            )
        found = self.model.predict(matrix)
        return logistic(found) if self.output == "log-odds" else found


@dataclass(frozen=True)
class DualRidge:
    """Ridge regression in its dual form (Saunders, Gammerman and Vovk 1998): one equation a label, whatever the width.

    Above `MOST_DUAL` labels, whose inner products would take too much memory, LSQR finds the same weights (Paige and
    Saunders 1982).
    """

    alpha: float = 0.3

    def __post_init__(self) -> None:
        if not self.alpha > 0:
            raise ValueError(f"alpha is {self.alpha}; give a number above 0")

    def fit_rows(self, matrix: Matrix, targets: Floats) -> FittedHead:
        """The weights of all columns; the intercept is the mean of the targets, (rows,)."""
        mean = float(targets.mean())
        solve = self._dual if len(targets) <= MOST_DUAL else self._primal
        return FittedHead(LinearModel.of(solve(matrix, targets - mean), mean, matrix), "score")

    def _dual(self, matrix: Matrix, targets: Floats) -> Floats:
        inner = matrix.gram + self.alpha * np.eye(len(targets))
        coefficients = require("scipy.linalg", "fit").solve(inner, targets, assume_a="pos")
        return np.concatenate([part.for_sklearn().T @ coefficients for part in matrix.parts])

    def _primal(self, matrix: Matrix, targets: Floats) -> Floats:
        linalg = require("scipy.sparse.linalg", "fit")
        return np.asarray(linalg.lsqr(matrix.for_sklearn(), targets, damp=self.alpha**0.5)[0], np.float64)


Head: TypeAlias = Any
"""`DualRidge`, or any scikit-learn estimator with `fit` and `predict`, or `predict_proba` for a classifier."""


def described(head: Head) -> str:
    """What a head is before it is fitted, in words that change when it does."""
    if not hasattr(head, "get_params"):
        return repr(head)
    given = head.get_params(deep=True)
    own = {name: value for name, value in given.items() if name not in ("estimators", "steps")}  # members are in it too
    kinds = (
        f"{name}={type(value).__name__ if hasattr(value, 'get_params') else value!r}" for name, value in own.items()
    )
    return f"{type(head).__name__}({', '.join(sorted(kinds))})"


def fit_head(head: Head, matrix: Matrix, targets: Floats, good: float, seed: int) -> FittedHead:
    """A head, fitted on a copy. A classifier learns which targets are at least `good`.

    Where an estimator has a `random_state` that was not given, it is `seed`.

    Raises:
        ValueError: the head is none.
    """
    if isinstance(head, DualRidge):
        return head.fit_rows(matrix, targets)
    if not callable(getattr(head, "fit", None)) or isinstance(head, type):
        raise ValueError(f"the head is {head!r:.80}, expected DualRidge or a scikit-learn estimator; give an instance")
    base = require("sklearn.base", "fit")
    estimator = _seeded(base.clone(head), seed)
    classifies = base.is_classifier(estimator)
    method = "predict_proba" if classifies else "predict"
    if not callable(getattr(estimator, method, None)):
        raise ValueError(
            f"{type(head).__name__} has no {method}; give a regressor, a classifier with predict_proba, or wrap it in"
            " CalibratedClassifierCV"
        )
    if classifies and (targets >= good).all() == (targets >= good).any():
        raise ValueError(
            f"the labels that {type(head).__name__} is to be fitted on are all on one side of {good:g}, because those"
            " on the other are of one group; label samples of more groups, or take a regressor"
        )
    given = matrix.for_sklearn()
    try:
        estimator.fit(given, targets >= good if classifies else targets)
    except TypeError as error:  # many estimators take no sparse matrix
        raise ValueError(f"{type(head).__name__} can't be fitted on these features: {error}") from None
    return _as_arrays(estimator, matrix, given) or _as_it_is(estimator, method, matrix, given)


def _seeded(estimator: Any, seed: int) -> Any:
    given = estimator.get_params(deep=True)
    names = sorted(name for name, value in given.items() if name.endswith("random_state") and value is None)
    return estimator.set_params(**{name: seed + number for number, name in enumerate(names)})


def _as_arrays(estimator: Any, matrix: Matrix, given: Any) -> FittedHead | None:
    """The estimator as arrays, if it can be, and if they say what it says."""
    from textbook.curation.educational_value.from_sklearn import arrays_of

    found = arrays_of(estimator, matrix, given)
    if found is None:
        return None
    said = _said(estimator, "predict_proba" if found.gives_probability else "predict", given)
    apart = np.abs(found.predict(matrix) - said).max(initial=0)
    return found if apart <= 2e-3 * max(1.0, float(np.ptp(said))) else None


def _as_it_is(estimator: Any, method: str, matrix: Matrix, given: Any) -> FittedHead:
    said = _said(estimator, method, given)
    name = f"{type(estimator).__module__}:{type(estimator).__qualname__}"
    digest = hashlib.sha256(f"{name} {sorted(estimator.get_params())}".encode() + said.astype("<f4").tobytes())
    model = Estimator(estimator, matrix.width, method, f"{name}:{digest.hexdigest()[:32]}")
    return FittedHead(model, "probability" if method == "predict_proba" else "score")


def _said(estimator: Any, method: str, given: Any) -> Floats:
    """What an estimator predicts; of a classifier, the probability of its second class."""
    found = np.asarray(getattr(estimator, method)(given), np.float64)
    if method == "predict_proba":
        return found[:, -1]
    return found.reshape(len(found), -1)[:, 0]


def logistic(log_odds: Floats) -> Floats:
    """The probability."""
    chance: Floats = 1 / (1 + np.exp(-np.clip(log_odds, -500, 500)))
    return chance


def _check_range(name: str, values: Ints, below: int) -> None:
    if len(values) and (values.min() < 0 or values.max() >= below):
        raise ValueError(f"{name} has values from {values.min()} to {values.max()}, expected 0 to {below - 1}")


def check_numbers(name: str, *values: float) -> None:
    """Refuse what is no number to reckon with.

    Raises:
        ValueError: one is not finite, or so large that sums would not be.
    """
    if not all(abs(value) <= MOST for value in values):
        raise ValueError(f"{name}: {values}, expected finite numbers of at most {MOST:g}")
