"""What a score means: the label to be expected at it, and the chance that a text is good; whether a confidence is true.

Rows are put into bins of equal size by score; what the bins say is made to rise with the score (isotonic regression:
Ayer et al. 1955, pool adjacent violators), and read off linearly between their middles.

Does not fit the scorer's own calibration: see `textbook.curation.educational_value.fitting`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from textbook.curation.educational_value.evaluation.bootstrap import NUM_DRAWS, draws
from textbook.curation.metrics import Bools, Floats

RELIABILITY_BINS = 10
MAX_KNOTS, ROWS_A_KNOT = 30, 25
"""Bins of a calibration: fewer than so many rows say little."""


class Bin(NamedTuple):
    """Rows that were given about one probability."""

    num: int
    claimed: float
    """The mean of the probabilities."""
    found: float
    """The share that was good."""


def reliability(probability: Floats, good: Bools, bins: int = RELIABILITY_BINS) -> tuple[Bin, ...]:
    """Bins of equal width, from 0 to 1; empty ones are left out."""
    at = np.minimum((probability * bins).astype(int), bins - 1)
    return tuple(
        Bin(int(rows.sum()), float(probability[rows].mean()), float(good[rows].mean()))
        for rows in (at == i for i in range(bins))
        if rows.any()
    )


def expected_calibration_error(probability: Floats, good: Bools, weights: Floats) -> Floats:
    """The mean gap between what the bins claim and what they hold, by rows (Naeini et al. 2015)."""
    at = np.minimum((probability * RELIABILITY_BINS).astype(int), RELIABILITY_BINS - 1)
    gaps = [
        np.abs((weights[..., at == i] * (probability[at == i] - good[at == i])).sum(axis=-1))
        for i in range(RELIABILITY_BINS)
    ]
    total = weights.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0, np.sum(gaps, axis=0) / total, np.nan)


def brier(probability: Floats, good: Bools, weights: Floats) -> Floats:
    """The mean squared gap between probability and outcome (Brier 1950)."""
    total = weights.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0, (weights * (probability - good) ** 2).sum(axis=-1) / total, np.nan)


def rising(values: Floats, weights: Floats) -> Floats:
    """The rising values that are closest to `values` in weighted squares: neighbours that fall are pooled."""
    pools: list[tuple[float, float, int]] = []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        pool = (value, weight, 1)
        while pools and pools[-1][0] >= pool[0]:
            last = pools.pop()
            mass = last[1] + pool[1]
            mean = (last[0] * last[1] + pool[0] * pool[1]) / mass if mass else pool[0]
            pool = (mean, mass, last[2] + pool[2])
        pools.append(pool)
    return np.repeat([pool[0] for pool in pools], [pool[2] for pool in pools]).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Calibration:
    """What is to be expected at a score, and how sure that is."""

    knots: Floats
    """Scores, rising, (knots,)."""
    label: Floats
    """The label expected at each, (knots,)."""
    good: Floats
    """The chance of a good text at each, (knots,)."""
    label_draws: Floats
    """`label` in draws of whole groups, (draws, knots)."""
    good_draws: Floats
    num_rows: int
    num_groups: int

    @classmethod
    def of(
        cls, scores: Floats, labels: Floats, good: Bools, groups: npt.NDArray[np.int64], seed: int, num: int = NUM_DRAWS
    ) -> "Calibration":
        """From rows that the scorer was not fitted on.

        Raises:
            ValueError: there is no row.
        """
        if not len(scores):
            raise ValueError("a calibration needs labelled rows that the scorer was not fitted on; got none")
        order = np.argsort(scores, kind="stable")
        num_knots = int(np.clip(len(scores) // ROWS_A_KNOT, 1, MAX_KNOTS))
        starts = np.unique(np.linspace(0, len(scores), num_knots, endpoint=False).astype(int))
        knots = _means(scores[order], np.ones(len(scores)), starts)[0]
        values = [labels.astype(np.float64), good.astype(np.float64)]
        whole = [_risen(value[order], np.ones(len(scores)), starts) for value in values]
        drawn: list[list[Floats]] = [[], []]
        for weights in draws(groups, seed, num):
            for row in weights[:, order]:
                for kept, value in zip(drawn, values, strict=True):
                    kept.append(_risen(value[order], row, starts))
        num_groups = len(np.unique(groups))
        return cls(knots, whole[0], whole[1], np.array(drawn[0]), np.array(drawn[1]), len(scores), num_groups)

    def expected_label(self, scores: Floats) -> Floats:
        """The label to be expected at each score."""
        return np.interp(scores, self.knots, self.label)

    def shares(self, scores: Floats) -> tuple[npt.NDArray[np.int64], Floats]:
        """How each score lies between knots: the one below it, and how far it is to the next, from 0 to 1."""
        if len(self.knots) < 2:
            return np.zeros(len(scores), np.int64), np.zeros(len(scores))
        below = np.clip(np.searchsorted(self.knots, scores, side="right") - 1, 0, len(self.knots) - 2)
        width = np.maximum(self.knots[below + 1] - self.knots[below], 1e-12)
        return below, np.clip((scores - self.knots[below]) / width, 0.0, 1.0)


def _means(values: Floats, weights: Floats, starts: Sequence[int] | npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    mass = np.add.reduceat(weights, starts)
    whole = np.add.reduceat(values, starts) / np.diff([*starts, len(values)])
    return np.where(mass > 0, np.add.reduceat(values * weights, starts) / np.maximum(mass, 1e-12), whole), mass


def _risen(values: Floats, weights: Floats, starts: npt.NDArray[np.int64]) -> Floats:
    means, mass = _means(values, weights, starts)
    return rising(means, np.maximum(mass, 1e-9))  # a bin that no draw reached follows its neighbours
