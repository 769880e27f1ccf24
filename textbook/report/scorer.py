"""The page of an evaluation: how good a scorer is, where it is not, and how each number came about."""

from typing import Any

from textbook.report.page import template
from textbook.report.samples import excerpt
from textbook.report.scorer_plot import Plot, Series, Tick, percent_ticks

METRICS = (
    ("spearman", "Spearman", "rank correlation of scores and labels"),
    ("auc", "AUC", "the chance that a good text scores above another one"),
    ("average_precision", "Average precision", "the mean precision down to each good text"),
    ("kappa", "Quadratic kappa", "agreement with the labels on their scale, beyond chance"),
    ("f1", "F1", "at a threshold that was fixed on other groups"),
    ("precision", "Precision there, by rows", "of the texts kept, how many are good"),
    ("token_precision", "Precision there, by tokens", "the same, long texts counting more"),
    ("recall", "Recall there", "of the good texts, how many are kept"),
    ("rmse", "Root mean squared error", "in steps of the scale"),
    ("bias", "Bias", "the mean of score minus label"),
    ("ece", "Calibration error", "how far the probability of being good is off"),
)
SLICE_TITLES = {
    "length": "By length",
    "comments": "By comments and docstrings",
    "kind": "By kind of text",
    "group": "By group, the largest",
}
SAMPLE_LINES, LINE_CHARS = 40, 240


def page(facts: dict[str, Any]) -> str:
    """The page for what `Evaluation.to_dict` gives."""
    beside = {
        "spearman": facts["ceiling"]["spearman"],
        "kappa": facts["ceiling"]["kappa"],
        "f1": facts["ceiling"]["f1"],
    }
    slices = [(title, [each for each in facts["slices"] if each["by"] == by]) for by, title in SLICE_TITLES.items()]
    shown = [each | {"excerpt": excerpt(each["text"], SAMPLE_LINES, LINE_CHARS)} for each in facts["disagreements"]]
    return template("scorer.html").render(
        s=facts,
        metrics=METRICS,
        beside=beside,
        slices=[(title, found) for title, found in slices if found],
        disagreements=shown,
        calibration=[plot.drawn() for plot in _calibration(facts)],
        learning=[plot.drawn() for plot in _learning(facts)],
        kept=[plot.drawn() for plot in _kept(facts)],
    )


def _calibration(facts: dict[str, Any]) -> list[Plot]:
    bins, means = facts["main"]["reliability"], facts["main"]["by_score"]
    most = max((each["num"] for each in [*bins, *means]), default=1)
    plots = []
    if bins:
        ideal = Series("what was claimed", "plain", [0, 1], [0, 1], dashed=True)
        plots.append(
            Plot(
                "Probability of being good",
                "claimed",
                "found",
                percent_ticks(),
                percent_ticks(),
                [ideal, _dots(bins, "claimed", "found", "what was found", most)],
                "Claimed and found: " + ", ".join(f"{bin['claimed']:.0%} and {bin['found']:.0%}" for bin in bins),
            )
        )
    if means:
        ticks = _steps(facts, means)
        ideal = Series(
            "score", "plain", [ticks[0].value, ticks[-1].value], [ticks[0].value, ticks[-1].value], dashed=True
        )
        plots.append(
            Plot(
                "Score and mean label",
                "score",
                "label",
                ticks,
                ticks,
                [ideal, _dots(means, "score", "label", "mean label", most)],
                "Score and mean label: " + ", ".join(f"{each['score']:.2f} and {each['label']:.2f}" for each in means),
                [Tick(facts["main"]["threshold"], f"threshold {facts['main']['threshold']:.2f}")],
            )
        )
    return plots


def _dots(bins: list[dict[str, Any]], x: str, y: str, name: str, most: int) -> Series:
    """A dot for each bin, larger where it holds more texts."""
    titles = [f"{each['num']:,} texts: {x} {each[x]:.3g}, {y} {each[y]:.3g}" for each in bins]
    sizes = [3 + 7 * (each["num"] / most) ** 0.5 for each in bins]
    return Series(name, "k", [each[x] for each in bins], [each[y] for each in bins], titles=titles, sizes=sizes)


def _steps(facts: dict[str, Any], means: list[dict[str, Any]]) -> list[Tick]:
    values = [value for each in means for value in (each["score"], each["label"])]
    low, high = min([0.0, *values]), max([facts["good"], *values])
    step = max(1, round((high - low) / 6))
    return [Tick(value, str(value)) for value in range(int(low // 1), int(-(-high // 1)) + step, step)]


def _learning(facts: dict[str, Any]) -> list[Plot]:
    points = facts["learning_curve"]
    if len(points) < 2:
        return []
    most = points[-1]["num_labels"]
    titles = [f"{point['num_labels']:,} labels: {point['spearman']:.3f}" for point in points]
    line = Series(
        "Spearman",
        "k",
        [point["num_labels"] for point in points],
        [point["spearman"] for point in points],
        [point["low"] for point in points],
        [point["high"] for point in points],
        titles,
    )
    ticks = [
        Tick(0, "0"),
        *(Tick(point["num_labels"], f"{point['num_labels']:,}") for point in points if point["num_labels"] >= most / 5),
    ]
    low = min(0.0, *(point["low"] for point in points))
    steps = [Tick(value / 4, f"{value / 4:g}") for value in range(-4 if low < 0 else 0, 5)]
    return [Plot("More labels", "labels fitted on", "Spearman", ticks, steps, [line], "; ".join(titles))]


def _kept(facts: dict[str, Any]) -> list[Plot]:
    kept = facts["main"]["kept"]
    if not kept:
        return []
    names = (("precision", "all that is kept, by rows", "k"), ("marginal_precision", "the last fifth of it", "d"))
    series = []
    for name, title, style in names:
        there = [each for each in kept if each[name]["value"] is not None]
        values = [each[name] for each in there]
        says = [f"{each['share']:.0%} of the tokens: {each[name]['value']:.0%} good" for each in there]
        lows, highs = [value["low"] for value in values], [value["high"] for value in values]
        shares = [each["share"] for each in there]
        series.append(Series(title, style, shares, [value["value"] for value in values], lows, highs, says))
    ticks = percent_ticks(0, max(50, round(100 * kept[-1]["share"])), 10)
    said = "; ".join(text for each in series for text in each.titles)
    return [
        Plot("Good texts among those kept", "of all tokens", "good", ticks, percent_ticks(), series, said, wide=True)
    ]
