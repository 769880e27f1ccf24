"""Histograms of a column too long to hold: one pass finds a range, the next one counts.

The range leaves out the outermost 0.1 % on each side, so that one outlier cannot flatten the picture; what lies outside
is counted in the first and last bin. Numbers that span orders of magnitude are binned by their logarithm.
"""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

NUM_BINS = 50
OUTER_SHARE = 0.001
LOG_FROM = 1000
_FLOAT32_MAX = float(np.finfo(np.float32).max)

Values = npt.NDArray[np.float64]


@dataclass
class Spread:
    """Minimum, maximum and quantiles of the values seen.

    Quantiles are right to 1/128 of the value: what is counted is the upper half of a float32.
    """

    low: float = math.inf
    high: float = -math.inf
    _counts: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(1 << 16, np.int64))

    def add(self, values: Values) -> None:
        """See finite values."""
        if not len(values):
            return
        self.low = min(self.low, float(values.min()))
        self.high = max(self.high, float(values.max()))
        bits = values.clip(-_FLOAT32_MAX, _FLOAT32_MAX).astype(np.float32).view(np.uint32) >> 16
        in_order = np.where(bits & 0x8000, 0xFFFF - bits, bits | 0x8000)
        self._counts += np.bincount(in_order, minlength=1 << 16)

    def quantile(self, share: float) -> float:
        """The value that a `share` of the values does not exceed, roughly."""
        total = np.cumsum(self._counts)
        key = int(np.searchsorted(total, share * total[-1]))
        bits = key & 0x7FFF if key & 0x8000 else 0xFFFF - key
        value = float(np.array([bits << 16], np.uint32).view(np.float32)[0])
        return min(max(value, self.low), self.high)

    def plus(self, other: "Spread") -> "Spread":
        """What both have seen."""
        return Spread(min(self.low, other.low), max(self.high, other.high), self._counts + other._counts)

    @property
    def total(self) -> int:
        """How many values were seen."""
        return int(self._counts.sum())

    def distance(self, other: "Spread") -> float:
        """The Kolmogorov-Smirnov distance of two that saw values: the largest gap between their cumulative shares."""
        mine, theirs = np.cumsum(self._counts) / self.total, np.cumsum(other._counts) / other.total
        return float(np.abs(mine - theirs).max())

    def range(self) -> tuple[float, float]:
        """Where the values lie, but for the outermost on each side."""
        low, high = self.quantile(OUTER_SHARE), self.quantile(1 - OUTER_SHARE)
        low, high = max(low - abs(low) / 128, self.low), min(high + abs(high) / 128, self.high)
        low, high = np.clip([low, high], -_FLOAT32_MAX, _FLOAT32_MAX).tolist()
        return low, high


class Axis(NamedTuple):
    """The edges of the bins, and the values to be written below them."""

    edges: list[float]
    ticks: list[float]
    logarithmic: bool

    def position(self, value: float) -> float:
        """Where a value lies along the axis, from 0 to 1; bins are drawn equally wide."""
        return float(np.interp(value, self.edges, np.linspace(0, 1, len(self.edges))))

    def histogram(self, values: Values) -> npt.NDArray[np.int64]:
        """How many of the values fall into each bin."""
        bins = np.searchsorted(self.edges, values, side="right") - 1
        return np.bincount(bins.clip(0, len(self.edges) - 2), minlength=len(self.edges) - 1)


def axis(spread: Spread, whole: bool, lines: list[float]) -> Axis:
    """An axis for the values seen, and for those `lines` that are not far off. Bins of `whole` numbers are whole."""
    low, high = spread.range()
    span = high - low
    near = [line for line in lines if low - span <= line <= high + span]
    low, high = min([low, *near]), max([high, *near])
    if low >= 0 and high >= LOG_FROM and high > 20 * spread.quantile(0.5):
        return _log_axis(low, high)
    resolvable = max(abs(low) * 1e-12, abs(high) * 1e-12, 1e-30)
    width = _nice(max((high - low) / NUM_BINS, resolvable) if high > low else max(1.0, resolvable))
    width = max(width, 1.0) if whole else width
    first = math.floor(low / width)
    last = math.floor(high / width) + 1 if whole else max(math.ceil(high / width), first + 1)
    edges = _multiples(width, first, last)
    step = _nice((edges[-1] - edges[0]) / 5)
    ticks = _multiples(step, math.ceil(edges[0] / step - 1e-9), math.floor(edges[-1] / step + 1e-9))
    return Axis(edges, ticks, logarithmic=False)


def _log_axis(low: float, high: float) -> Axis:
    start, end = math.log10(max(low, 1)), math.log10(high)
    step = max(0.1, _nice((end - start) / NUM_BINS))
    exponents = _multiples(step, math.floor(start / step), math.floor(end / step) + 1)
    zero = {0.0} if low < 1 else set()
    edges = sorted(zero | {float(round(10.0 ** min(exponent, 308))) for exponent in exponents})
    every = math.ceil((end - start) / 6)
    decades = [10.0**i for i in range(0, math.floor(end) + 1, every)]
    return Axis(edges, [tick for tick in decades if edges[0] <= tick <= edges[-1]], logarithmic=True)


def _nice(width: float) -> float:
    """The next of 1, 2, 2.5, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(width))
    return next((factor * power for factor in (1, 2, 2.5, 5) if factor * power >= width * (1 - 1e-9)), 10 * power)


def _multiples(width: float, first: int, last: int) -> list[float]:
    digits = max(0, 2 - math.floor(math.log10(width)))
    return [round(i * width, digits) for i in range(first, last + 1)]
