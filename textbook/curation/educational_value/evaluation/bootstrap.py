"""How sure a number is: its spread over draws of whole groups, with replacement.

Texts of one package are alike, so that draws of single texts are too sure: 1.5 to 5 times too narrow for the precision
of what is kept. A group bootstrap (Davison and Hinkley 1997, section 3.8) draws packages.

Does not see what is not in the groups: a pool of another kind.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from textbook.curation.metrics import Floats, number_or_none

NUM_DRAWS = 1_000
LEVEL = 0.95
DRAWS_AT_ONCE = 100
"""Bounds memory: rows times this, some ten times over."""

Metric = Callable[[Floats], Floats]
"""Weights, (rows,) or (draws, rows), to a number or one for each draw."""


class Estimate(NamedTuple):
    """A number and where it lies in 95 of 100 draws of whole groups; None where it is not defined."""

    value: float | None
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        if self.value is None:
            return "none"
        if self.low is None or self.high is None:
            return f"{self.value:.3f}"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def numbered(groups: Sequence[str]) -> npt.NDArray[np.int64]:
    """The number of each row's group, by the order of their names."""
    number = {name: i for i, name in enumerate(sorted(set(groups)))}
    return np.array([number[name] for name in groups], np.int64)


def draws(groups: npt.NDArray[np.int64], seed: int, num: int = NUM_DRAWS) -> Iterator[Floats]:
    """How often each row counts in each draw, in parts of shape (draws, rows). The same seed gives the same draws."""
    rng = np.random.default_rng(seed)
    num_groups = int(groups.max()) + 1 if len(groups) else 0
    if not num_groups:
        return
    for start in range(0, num, DRAWS_AT_ONCE):
        size = min(DRAWS_AT_ONCE, num - start)
        counts = rng.multinomial(num_groups, np.full(num_groups, 1 / num_groups), size=size)
        yield counts[:, groups].astype(np.float64)


def estimates(
    metrics: Mapping[str, Metric], groups: npt.NDArray[np.int64], seed: int, num: int = NUM_DRAWS
) -> dict[str, Estimate]:
    """Each metric with its interval. There is none below two groups, or where most draws leave it undefined."""
    whole = {name: number_or_none(metric(np.ones(len(groups)))) for name, metric in metrics.items()}
    if len(np.unique(groups)) < 2:
        return {name: Estimate(value) for name, value in whole.items()}
    drawn: dict[str, list[Floats]] = {name: [] for name in metrics}
    for weights in draws(groups, seed, num):
        for name, metric in metrics.items():
            drawn[name].append(np.atleast_1d(metric(weights)))
    return {name: Estimate(value, *interval(np.concatenate(drawn[name]))) for name, value in whole.items()}


def interval(drawn: Floats) -> tuple[float | None, float | None]:
    """The 2.5 and 97.5 percentiles of the draws that have a value; none where fewer than half do."""
    found = drawn[np.isfinite(drawn)]
    if 2 * len(found) < len(drawn) or not len(found):
        return None, None
    low, high = np.quantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
