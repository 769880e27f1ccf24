"""Lines, bands and dots over two axes, as places from 0 to 1 that a template draws.

Does not choose ranges or ticks, and draws nothing itself: see `templates/scorer_parts.html`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Place = tuple[float, float]


class Tick(NamedTuple):
    """A value on an axis and how it is written."""

    value: float
    text: str


@dataclass(frozen=True)
class Series:
    """Values along the horizontal axis, with a band around them where lows and highs are given."""

    name: str
    style: str
    """"k", "d" or "plain": the class that colours it."""
    xs: Sequence[float]
    ys: Sequence[float]
    lows: Sequence[float | None] = ()
    highs: Sequence[float | None] = ()
    titles: Sequence[str] = ()
    """What a dot says when it is pointed at; no dots without."""
    sizes: Sequence[float] = ()
    """Radii of the dots in pixels."""
    dashed: bool = False


@dataclass(frozen=True)
class Plot:
    """Two axes and what lies in them. Values beyond an axis are drawn at its end."""

    title: str
    x_title: str
    y_title: str
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    series: Sequence[Series]
    says: str
    """The plot in words, for those who do not see it."""
    marks: Sequence[Tick] = field(default=())
    """Vertical lines with what they say."""
    wide: bool = False

    def drawn(self) -> dict[str, Any]:
        """Everything as places from 0 to 1, from the left and from the bottom."""
        return {
            "title": self.title,
            "x_title": self.x_title,
            "y_title": self.y_title,
            "says": self.says,
            "wide": self.wide,
            "x_ticks": [{"at": self._x(tick.value), "text": tick.text} for tick in self.x_ticks],
            "y_ticks": [{"at": self._y(tick.value), "text": tick.text} for tick in self.y_ticks],
            "marks": [{"at": self._x(mark.value), "text": mark.text} for mark in self.marks],
            "series": [self._series(series) for series in self.series],
        }

    def _series(self, series: Series) -> dict[str, Any]:
        xs = [self._x(x) for x in series.xs]
        line = list(zip(xs, map(self._y, series.ys), strict=True))
        dots = [
            {"x": x, "y": y, "title": title, "size": series.sizes[i] if series.sizes else 4.0}
            for i, ((x, y), title) in enumerate(zip(line, series.titles, strict=False))
        ]
        return {
            "name": series.name,
            "style": series.style,
            "dashed": series.dashed,
            "line": line,
            "band": self._band(xs, series.lows, series.highs),
            "dots": dots,
        }

    def _band(self, xs: Sequence[float], lows: Sequence[float | None], highs: Sequence[float | None]) -> list[Place]:
        """The outline of the band, up one side and down the other; nothing where ends are missing."""
        found = [(x, low, high) for x, low, high in zip(xs, lows, highs, strict=False) if None not in (low, high)]
        up = [(x, self._y(high)) for x, _, high in found if high is not None]
        down = [(x, self._y(low)) for x, low, _ in reversed(found) if low is not None]
        return up + down if len(up) > 1 else []

    def _x(self, value: float) -> float:
        return _within(value, self.x_ticks)

    def _y(self, value: float) -> float:
        return _within(value, self.y_ticks)


def _within(value: float, ticks: Sequence[Tick]) -> float:
    """Where a value lies between the first and the last tick."""
    first, last = ticks[0].value, ticks[-1].value
    return min(1.0, max(0.0, (value - first) / ((last - first) or 1.0)))


def percent_ticks(first: int = 0, last: int = 100, step: int = 25) -> list[Tick]:
    """Shares, written in percent."""
    return [Tick(value / 100, f"{value} %") for value in range(first, last + 1, step)]
