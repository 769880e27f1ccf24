"""The page of a curve: kept tokens against the quality to be expected of them."""

from typing import Any

from textbook.report.numbers import percent, short
from textbook.report.page import template
from textbook.report.scorer_plot import Plot, Series, Tick, percent_ticks

ROWS_SHOWN = 12


def page(facts: dict[str, Any]) -> str:
    """The page for what `Curve.to_dict` gives."""
    points = facts["points"]
    every = max(1, len(points) // ROWS_SHOWN)
    return template("scorer_curve.html").render(s=facts, plots=_plots(facts), shown=points[::every])


def _plots(facts: dict[str, Any]) -> list[dict[str, Any]]:
    points = facts["points"]
    if not points:
        return []
    ticks = [Tick(facts["tokens"] * share / 100, short(facts["tokens"] * share / 100)) for share in range(0, 101, 25)]
    marks = [Tick(facts["good_tokens"], f"expected below {facts['good']:g} from here on")]
    good = Plot(
        "Share of good tokens",
        "tokens kept",
        "good",
        ticks,
        percent_ticks(),
        [_series(points, "good", "all that is kept", "k"), _series(points, "marginal_good", "at the margin", "d")],
        f"Kept tokens against the share that is good: {_said(points, 'good')}; "
        f"at the margin {_said(points, 'marginal_good')}",
        marks,
        wide=True,
    )
    most = max(
        max(point[name]["high"] or point[name]["value"] for name in ("label", "marginal_label")) for point in points
    )
    steps = [Tick(step, str(step)) for step in range(min(0, int(facts["good"])), int(max(most, facts["good"])) + 2)]
    label = Plot(
        "Mean label",
        "tokens kept",
        "label",
        ticks,
        steps,
        [_series(points, "label", "all that is kept", "k"), _series(points, "marginal_label", "at the margin", "d")],
        "Kept tokens against the mean label to be expected",
        marks,
        wide=True,
    )
    return [good.drawn(), label.drawn()]


def _series(points: list[dict[str, Any]], name: str, title: str, style: str) -> Series:
    values = [point[name] for point in points]
    return Series(
        title,
        style,
        [point["tokens"] for point in points],
        [value["value"] for value in values],
        [value["low"] for value in values],
        [value["high"] for value in values],
    )


def _said(points: list[dict[str, Any]], name: str) -> str:
    some = points[:: max(1, len(points) // 4)]
    return ", ".join(f"{percent(point[name]['value'], 1)} of {short(point['tokens'])} tokens" for point in some)
