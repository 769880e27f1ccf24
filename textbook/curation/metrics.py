"""How well scores tell what was labelled. Every metric counts rows by weight, so that one serves a whole bootstrap.

`weights` says how often each row counts, (rows,), or (draws, rows) for many draws at once; a metric is then a number,
or one for each draw. It is NaN where it is not defined: one class, one label, no row. All are exact for weights that
are whole numbers: the same as on rows repeated so often.

Does not draw (`bootstrap`) and does not know what a label is about.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def spearman(labels: Floats, scores: Floats, weights: Floats) -> Floats:
    """Spearman's rank correlation; equal values share the mean of their ranks."""
    one, other = _below(labels, weights), _below(scores, weights)
    total = weights.sum(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        one = one - (weights * one).sum(axis=-1, keepdims=True) / total
        other = other - (weights * other).sum(axis=-1, keepdims=True) / total
        spread = np.sqrt(_total(weights * one**2) * _total(weights * other**2))
        return _or_nan(_total(weights * one * other) / spread, spread > 0)


def auc(good: Bools, scores: Floats, weights: Floats) -> Floats:
    """The share of pairs of a good row and another in which the good one has the higher score; ties are half."""
    positive, negative = weights * good, weights * ~good
    num_pairs = _total(positive) * _total(negative)
    with np.errstate(invalid="ignore", divide="ignore"):
        return _or_nan(_total(positive * _below(scores, negative)) / num_pairs, num_pairs > 0)


def average_precision(good: Bools, scores: Floats, weights: Floats) -> Floats:
    """The mean over the good rows of the precision among the rows that score no less."""
    order, starts = _ties(-scores)
    hits = _sums(weights * good, order, starts)
    seen = np.cumsum(_sums(weights, order, starts), axis=-1)
    precision = np.cumsum(hits, axis=-1) / np.maximum(seen, 1e-12)
    found = _total(hits)
    with np.errstate(invalid="ignore", divide="ignore"):
        return _or_nan(_total(hits * precision) / found, found > 0)


def kappa(labels: Floats, scores: Floats, weights: Floats) -> Floats:
    """Cohen's kappa with quadratic weights (Cohen 1968), of scores that are on the labels' scale."""
    total = np.maximum(_total(weights), 1e-12)

    def mean(values: Floats) -> Any:
        return _total(weights * values) / total

    one, other = mean(labels), mean(scores)
    spread = mean(labels**2) - one**2 + mean(scores**2) - other**2
    expected = spread + (one - other) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return _or_nan(1 - mean((labels - scores) ** 2) / expected, expected > 1e-12)


def f1(good: Bools, kept: Bools, weights: Floats) -> Floats:
    """The harmonic mean of the precision and the recall of the rows kept."""
    both, either = _total(weights * (good & kept)), _total(weights * good) + _total(weights * kept)
    with np.errstate(invalid="ignore", divide="ignore"):
        return _or_nan(2 * both / either, _total(weights * good) > 0)


def share(of: Bools, among: Bools | Floats, weights: Floats) -> Floats:
    """The share of the rows in `among` (or of what they count there, such as their tokens) that are in `of`."""
    whole = _total(weights * among)
    with np.errstate(invalid="ignore", divide="ignore"):
        return _or_nan(_total(weights * among * of) / whole, whole > 0)


def mean(values: Floats, among: Bools, weights: Floats) -> Floats:
    """The mean of `values` over the rows in `among`."""
    whole = _total(weights * among)
    with np.errstate(invalid="ignore", divide="ignore"):
        return _or_nan(_total(weights * among * values) / whole, whole > 0)


def best_threshold(good: Bools, scores: Floats) -> float | None:
    """The score from which on keeping gives the best F1, the lowest of several; None where no row is good, or all."""
    if not good.any() or good.all():
        return None
    order, starts = _ties(-scores)
    kept = np.cumsum(_sums(np.ones(len(scores)), order, starts))
    hits = np.cumsum(_sums(good.astype(np.float64), order, starts))
    found = 2 * hits / (kept + good.sum())
    return float(scores[order][starts][len(found) - 1 - int(np.argmax(found[::-1]))])


def number_or_none(value: Floats) -> float | None:
    """JSON has no NaN."""
    return float(value) if np.isfinite(value) else None


def _total(values: Floats) -> Floats:
    return np.asarray(values.sum(axis=-1), np.float64)


def _or_nan(values: Floats, defined: Bools) -> Floats:
    return np.where(defined, values, np.nan)


def _below(values: Floats, weights: Floats) -> Floats:
    """For each row the weight of those with lower values, and half of that with its own."""
    _, inverse = np.unique(values, return_inverse=True)
    order, starts = _ties(values)
    mass = _sums(weights, order, starts)
    below: Floats = (np.cumsum(mass, axis=-1) - mass / 2)[..., inverse]
    return below


def _ties(values: Floats) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The order of rising values, and where in it each distinct value starts."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if len(values) else order
    return order, starts


def _sums(weights: Floats, order: npt.NDArray[np.int64], starts: npt.NDArray[np.int64]) -> Floats:
    """The weight of each distinct value."""
    if not len(order):
        return weights
    return np.asarray(np.add.reduceat(weights[..., order], starts, axis=-1), np.float64)
