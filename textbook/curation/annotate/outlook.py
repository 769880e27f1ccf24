"""What more labels would cost, and what they would bring, judged by those there are.

Does not ask for any.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from textbook.curation.annotate.agreement import spearman
from textbook.curation.annotate.groups import key
from textbook.curation.annotate.ridge import Scorer, fitted
from textbook.llm import Estimate

LEAST = 20
"""Labels on either side below which a curve would be noise."""
DRAWS = 3


class Point(NamedTuple):
    """One point of a learning curve: the mean over draws of so many labels, the least and the most of them."""

    num_labels: int
    spearman: float
    low: float
    high: float


@dataclass(frozen=True)
class Outlook:
    """What the next labels would cost and bring."""

    num_next: int
    """How many they are; fewer than asked for where the pool has no more."""
    cost: Estimate | None
    """None where the model gives no estimates."""
    curve: tuple[Point, ...]
    """Spearman on the evaluation set by the number of labels fitted on; empty where there are too few."""
    gain: float | None
    """The Spearman they would add if the curve went on as a line over the logarithm; None without a curve."""

    def __str__(self) -> str:
        cost = "no estimate of the cost" if self.cost is None else str(self.cost)
        parts = [f"the next {self.num_next:,} labels: {cost}"]
        if self.curve:
            points = ", ".join(f"{point.spearman:.2f} at {point.num_labels:,}" for point in self.curve)
            parts.append(f"Spearman on the evaluation set: {points}")
        if self.gain is not None:
            parts.append(f"{self.num_next:,} more would bring about {self.gain:+.3f}")
        return "\n".join(parts)


def learning_curve(
    scorer: Scorer,
    train: tuple[Sequence[str], Sequence[float]],
    evaluation: tuple[Sequence[str], Sequence[float]],
    seed: int,
) -> tuple[Point, ...]:
    """Fit on an eighth, a quarter, a half and all of the labels, and measure on the evaluation set.

    Args:
        scorer: copied for each fit.
        train: texts and labels to fit on.
        evaluation: texts and labels to measure on.
        seed: for the draws of the parts.
    """
    texts, labels = train
    if min(len(texts), len(evaluation[0])) < LEAST:
        return ()
    points = []
    for parts in (8, 4, 2, 1):
        num = len(texts) // parts
        draws = range(DRAWS if parts > 1 else 1)
        found = [_spearman(scorer, _drawn(texts, labels, num, seed, draw), evaluation) for draw in draws]
        if num >= LEAST // 2:
            points.append(Point(num, sum(found) / len(found), min(found), max(found)))
    return tuple(points)


def gain(curve: Sequence[Point], num_next: int) -> float | None:
    """What `num_next` labels more would add, by the least-squares line through the curve over log(labels)."""
    if len(curve) < 2:
        return None
    at = np.log([point.num_labels for point in curve])
    slope = float(np.polyfit(at, [point.spearman for point in curve], 1)[0])
    last = curve[-1]
    more = max(0.0, slope) * math.log((last.num_labels + num_next) / last.num_labels)
    return min(more, max(0.0, 1.0 - last.spearman))


def _drawn(
    texts: Sequence[str], labels: Sequence[float], num: int, seed: int, draw: int
) -> tuple[list[str], list[float]]:
    order = sorted(range(len(texts)), key=lambda i: (key(seed, "curve", draw, texts[i]), i))[:num]
    return [texts[i] for i in order], [labels[i] for i in order]


def _spearman(
    scorer: Scorer, train: tuple[list[str], list[float]], evaluation: tuple[Sequence[str], Sequence[float]]
) -> float:
    predicted = fitted(scorer, *train).predict(list(evaluation[0]))
    return spearman(np.asarray(predicted, np.float64), np.asarray(evaluation[1], np.float64)) or 0.0
