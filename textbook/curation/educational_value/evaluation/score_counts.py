"""Rows and tokens by score: a histogram fine enough to choose a threshold by, whatever the size of the pool."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

BINS = 1 << 19
"""At least so many over the scale."""


@dataclass(eq=False)
class ScoreCounts:
    """Rows and tokens by score, in bins whose width is a power of two: float32 scores compare with edges exactly."""

    low: float
    high: float
    unit: float = field(init=False)
    rows: npt.NDArray[np.int64] = field(init=False, repr=False)
    tokens: npt.NDArray[np.int64] = field(init=False, repr=False)
    num_missing: int = 0
    """Rows without a score."""
    num_outside: int = 0
    """Rows whose score is off the scale; they count at its end."""

    def __post_init__(self) -> None:
        self.unit = 2.0 ** math.floor(math.log2((self.high - self.low) / BINS))
        size = math.ceil((self.high - self.low) / self.unit) + 1
        self.rows, self.tokens = np.zeros(size, np.int64), np.zeros(size, np.int64)

    def add(self, scores: Iterable[float | None], tokens: Iterable[int | None]) -> None:
        """See rows; one without a number of tokens counts none."""
        given = np.array([np.nan if score is None else score for score in scores], np.float64)
        sizes = np.array([size or 0 for size in tokens], np.int64)
        there = np.isfinite(given)
        self.num_missing += int((~there).sum())
        given, sizes = given[there], sizes[there]
        self.num_outside += int(((given < self.low) | (given > self.high)).sum())
        at = np.floor((np.clip(given, self.low, self.high) - self.low) / self.unit).astype(np.int64)
        np.add.at(self.rows, at, 1)
        np.add.at(self.tokens, at, sizes)

    def edge(self, at: int) -> float:
        """The lowest score of a bin."""
        return self.low + at * self.unit

    def from_here_up(self) -> npt.NDArray[np.int64]:
        """The tokens in each bin and in all above it."""
        return self.tokens[::-1].cumsum()[::-1]
