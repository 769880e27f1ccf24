"""How far two passes over the same samples agree: the ceiling for any scorer that is fitted to them.

Does not say which of the two is right.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textbook.curation import metrics
from textbook.curation.metrics import Floats, number_or_none


@dataclass(frozen=True)
class Agreement:
    """How far the labels of two passes go together."""

    num: int
    """Samples that both passes labelled."""
    spearman: float | None
    """Of the ranks; None below two samples, or where a pass gave one label only."""
    kappa: float | None
    """Cohen's kappa with quadratic weights (Cohen 1968); None where chance alone would agree."""
    exact: float | None
    """The share with equal labels."""
    within_one: float | None
    """The share with labels at most one apart."""

    def __str__(self) -> str:
        if not self.num:
            return "no sample was labelled twice"
        spearman, kappa = ("none" if value is None else f"{value:.2f}" for value in (self.spearman, self.kappa))
        return (
            f"{self.num} labelled twice: Spearman {spearman}, weighted kappa {kappa}, "
            f"{self.exact:.0%} equal, {self.within_one:.0%} at most one apart"
        )


def agreement(first: Sequence[float], second: Sequence[float]) -> Agreement:
    """Compare two passes, label by label."""
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    assert a.shape == b.shape, "one label of each pass for each sample"
    if not len(a):
        return Agreement(0, None, None, None, None)
    apart = np.abs(a - b)
    return Agreement(len(a), spearman(a, b), kappa(a, b), float((apart == 0).mean()), float((apart <= 1).mean()))


def spearman(a: Floats, b: Floats) -> float | None:
    """Spearman's rank correlation; None where it is not defined."""
    return number_or_none(metrics.spearman(a, b, np.ones(len(a))))


def kappa(a: Floats, b: Floats) -> float | None:
    """Cohen's kappa with quadratic weights; None where chance alone would agree."""
    return number_or_none(metrics.kappa(a, b, np.ones(len(a))))
