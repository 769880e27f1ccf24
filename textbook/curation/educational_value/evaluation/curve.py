"""How much to keep: tokens against the quality to be expected of them, for a whole pool.

Scores are counted in a histogram of fixed width, so that memory does not grow with the pool; a threshold is an edge of
it, and what is kept at one is known exactly. What a score is worth comes from labels of texts that the scorer was not
fitted on; it holds for a pool of the same kind. By rows: a long text is taken to be as good as a short one.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from textbook.curation.educational_value.evaluation.bootstrap import interval
from textbook.curation.educational_value.evaluation.calibration import Calibration
from textbook.curation.educational_value.evaluation.score_counts import ScoreCounts
from textbook.curation.metrics import Floats
from textbook.report import numbers
from textbook.report.document import Document

NUM_POINTS = 50


class Expected(NamedTuple):
    """What is to be expected, and where it lies in 95 of 100 draws of whole groups of labelled rows."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Point:
    """What a threshold keeps, and what is to be expected of it."""

    threshold: float
    tokens: int
    share: float
    """Of all tokens."""
    rows: int
    good: Expected
    """The share of the tokens kept that is in good texts."""
    label: Expected
    """The mean label of the tokens kept."""
    marginal_good: Expected
    """The same of the last part alone: the lowest fiftieth of all tokens among those kept."""
    marginal_label: Expected
    below: float
    """The share of the tokens kept whose text is expected to be labelled below `good`."""


@dataclass(frozen=True, repr=False, eq=False)
class Curve(Document):
    """Kept tokens against expected quality. Print it, save it as a page, or ask it for a threshold."""

    frame_title = "What to keep"
    frame_height_px = 560

    counts: ScoreCounts
    calibration: Calibration
    good: float
    """The label from which on a text is worth keeping."""
    how: str
    """What a score is worth is known of rows "held out" from the scorer, or "cross-validated" by twins of it."""
    warnings: tuple[str, ...] = ()

    @property
    def tokens(self) -> int:
        """All tokens."""
        return int(self.counts.tokens.sum())

    @property
    def rows(self) -> int:
        """All rows with a score."""
        return int(self.counts.rows.sum())

    @cached_property
    def points(self) -> tuple[Point, ...]:
        """What every fiftieth of the tokens keeps, from the best on."""
        if not self.tokens:
            return ()
        edges = [self._bin_for(round(self.tokens * (i + 1) / NUM_POINTS)) for i in range(NUM_POINTS)]
        return tuple(self._point(at) for at in dict.fromkeys(edges) if self._above[at])

    @property
    def good_threshold(self) -> float:
        """The lowest score from which on a text is expected to be labelled `good` or better.

        The end of the scale, where none is.
        """
        return self.counts.edge(self._good_bin)

    @property
    def good_tokens(self) -> int:
        """The tokens of the texts expected to be labelled `good` or better."""
        return int(self._above[self._good_bin]) if self._good_bin < len(self._above) else 0

    def threshold_for(self, *, tokens: float | None = None, share: float | None = None) -> float:
        """The lowest threshold that keeps no more than a budget: `Keep("edu_score", at_least=...)`.

        Args:
            tokens: the budget in tokens.
            share: the budget as a share of all tokens.

        Raises:
            ValueError: none or both are given, or the budget is negative.
        """
        return self.counts.edge(self._bin_for(self._budget(tokens, share)))

    def at(self, *, tokens: float | None = None, share: float | None = None, threshold: float | None = None) -> Point:
        """What a budget, or a threshold, keeps.

        Raises:
            ValueError: not exactly one is given, or nothing is kept.
        """
        if threshold is not None and (tokens is not None or share is not None):
            raise ValueError("got a threshold and a budget; give one of tokens=, share= and threshold=")
        if threshold is None:
            at = self._bin_for(self._budget(tokens, share))
        else:
            at = math.ceil((threshold - self.counts.low) / self.counts.unit)
        at = max(0, at)
        if at >= len(self._above) or not self._above[at]:
            raise ValueError(
                f"nothing is kept: the best of the {self.tokens:,} tokens do not fit, or score below the threshold; "
                "give a larger budget or a lower threshold"
            )
        return self._point(at)

    def warning_for(self, *, tokens: float | None = None, share: float | None = None) -> str | None:
        """What is to be said against a budget: that it is more than there is, or more than is good; None if nothing."""
        budget = self._budget(tokens, share)
        if not self.tokens:
            return "there are no tokens to keep"
        if budget > self.tokens:
            return (
                f"the budget of {numbers.short(budget)} tokens is more than the {numbers.short(self.tokens)} there are"
            )
        at = self._bin_for(budget)
        kept = int(self._above[at]) if at < len(self._above) else 0
        below = max(0, kept - self.good_tokens)
        if not kept:
            return f"no text fits into a budget of {numbers.short(budget)} tokens"
        if not below:
            return None
        return f"the last {numbers.percent(below, kept)} of these tokens are expected below {self.good:g}"

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain JSON-able data."""
        return {
            "tokens": self.tokens,
            "rows": self.rows,
            "good": self.good,
            "good_threshold": self.good_threshold,
            "good_tokens": self.good_tokens,
            "rows_without_score": self.counts.num_missing,
            "rows_off_the_scale": self.counts.num_outside,
            "calibration": {
                "how": self.how,
                "rows": self.calibration.num_rows,
                "groups": self.calibration.num_groups,
            },
            "warnings": list(self.warnings),
            "points": [_plain(point) for point in self.points],
        }

    def html(self) -> str:
        """See `Document`."""
        from textbook.report.scorer_curve import page

        return page(self.to_dict())

    def __str__(self) -> str:
        lines = [
            f"{self.rows:,} rows, {self.tokens:,} tokens; expected to be labelled {self.good:g} or more: "
            f"{self.good_tokens:,} tokens ({numbers.percent(self.good_tokens, self.tokens)}), "
            f"from a score of {self.good_threshold:.3f} on",
            f"what a score is worth is known of {self.calibration.num_rows:,} labelled rows of "
            f"{self.calibration.num_groups:,} groups, {self.how}",
            "share of tokens  threshold     rows   good [95 %]            label   good at the margin",
        ]
        every = self.points[:: max(1, NUM_POINTS // 10)]
        lines += [
            f"{point.share:>15.1%}  {point.threshold:>9.3f}  {point.rows:>7,}   {_shown(point.good):<20}"
            f"  {point.label.value:>6.2f}   {_shown(point.marginal_good)}"
            for point in every
        ]
        return "\n".join([*lines, *(f"warning: {warning}" for warning in self.warnings)])

    def __repr__(self) -> str:
        return f"Curve({self.rows:,} rows, {self.tokens:,} tokens, {self.good_tokens:,} of them expected good)"

    @cached_property
    def _above(self) -> npt.NDArray[np.int64]:
        return self.counts.from_here_up()

    @cached_property
    def _good_bin(self) -> int:
        edges = (self.counts.low + np.arange(len(self.counts.rows)) * self.counts.unit).astype(np.float64)
        is_good = self.calibration.expected_label(edges) >= self.good
        return int(np.argmax(is_good)) if is_good.any() else len(edges)

    def _budget(self, tokens: float | None, share: float | None) -> float:
        given = [value for value in (tokens, share) if value is not None]
        if len(given) != 1 or not given[0] >= 0:
            raise ValueError(f"got tokens={tokens} and share={share}; expected one of them, and not below 0")
        return float(tokens) if tokens is not None else float(share or 0.0) * self.tokens

    def _bin_for(self, budget: float) -> int:
        """The first bin from which on no more than the budget is kept."""
        return int(np.searchsorted(-self._above, -budget, side="left"))

    def _point(self, at: int) -> Point:
        kept = int(self._above[at])
        mass = self._mass(at, len(self._above))
        step = kept - self.tokens / NUM_POINTS
        last = self._mass(at, self._bin_for(step)) if step > 0 else mass
        return Point(
            self.counts.edge(at),
            kept,
            kept / self.tokens,
            int(self.counts.rows[at:].sum()),
            _expected(mass, self.calibration.good, self.calibration.good_draws),
            _expected(mass, self.calibration.label, self.calibration.label_draws),
            _expected(last, self.calibration.good, self.calibration.good_draws),
            _expected(last, self.calibration.label, self.calibration.label_draws),
            max(0, kept - self.good_tokens) / kept,
        )

    def _mass(self, start: int, end: int) -> Floats:
        """How much of the tokens from one bin to another each knot of the calibration stands for."""
        filled = start + np.flatnonzero(self.counts.tokens[start:end])
        tokens = self.counts.tokens[filled].astype(np.float64)
        middles = (self.counts.low + (filled + 0.5) * self.counts.unit).astype(np.float64)
        below, on = self.calibration.shares(middles)
        size = len(self.calibration.knots) + 1
        mass = np.bincount(below, tokens * (1 - on), size) + np.bincount(below + 1, tokens * on, size)
        return mass[:-1].astype(np.float64)


def _expected(mass: Floats, whole: Floats, drawn: Floats) -> Expected:
    weights = mass / mass.sum()
    low, high = interval(drawn @ weights) if len(drawn) else (None, None)
    return Expected(float(whole @ weights), low, high)


def _plain(point: Point) -> dict[str, Any]:
    return {
        name: value._asdict() if isinstance(value, Expected) else value
        for name, value in ((name, getattr(point, name)) for name in Point.__dataclass_fields__)
    }


def _shown(expected: Expected) -> str:
    if expected.low is None or expected.high is None:
        return f"{expected.value:.0%}"
    return f"{expected.value:.0%} [{expected.low:.0%}, {expected.high:.0%}]"
