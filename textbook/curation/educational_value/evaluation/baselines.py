"""What is reached without the scorer: by length alone, by the share of docstrings, by labels that mean nothing.

A number is good beside these or not at all. Each is fitted on the rows of other groups, as the scorer is.
"""

from collections.abc import Sequence

import numpy as np

from textbook.curation import metrics
from textbook.curation.educational_value.evaluation.bootstrap import Estimate, Metric, estimates
from textbook.curation.educational_value.evaluation.judging import Judged, folds_of
from textbook.curation.educational_value.evaluation.result import Baseline
from textbook.curation.educational_value.matrix import Rows
from textbook.curation.features import code_features
from textbook.curation.metrics import Floats

BINS = 16
PRIOR_ROWS = 5
"""Rows with the mean label that each bin is taken to hold beside its own."""


def baselines(main: Judged, on_shuffled: Sequence[tuple[Rows, Floats]], seed: int) -> tuple[Baseline, ...]:
    """What is reached on the same rows without the scorer.

    Args:
        main: the rows.
        on_shuffled: some of the rows, and what a twin fitted on shuffled labels says of them; several times, or never.
        seed: for the folds and for the draws of groups.
    """
    lengths = np.log1p([len(text) for text in main.texts])
    shares = np.array([code_features(text)["docstring_share"] for text in main.texts])
    found = []
    for name, values in (("length alone", lengths), ("share of docstrings alone", shares)):
        scores = by_one_number(values, main.labels, main.names, seed)
        found.append(Baseline(name, **estimates(_metrics(main, np.arange(len(scores)), scores), main.groups, seed)))
    if on_shuffled:
        several = [_metrics(main, rows, scores) for rows, scores in on_shuffled]
        drawn = {name: [float(of[name](np.ones(len(main.rows)))) for of in several] for name in several[0]}
        found.append(Baseline("labels dealt at random", **{name: _range(values) for name, values in drawn.items()}))
    return tuple(found)


def _metrics(main: Judged, rows: Rows, scores: Floats) -> dict[str, Metric]:
    labels, good = main.labels[rows], main.good[rows]
    return {
        "spearman": lambda weights: metrics.spearman(labels, scores, weights[..., rows]),
        "auc": lambda weights: metrics.auc(good, scores, weights[..., rows]),
        "average_precision": lambda weights: metrics.average_precision(good, scores, weights[..., rows]),
    }


def _range(values: Sequence[float]) -> Estimate:
    """The mean of several draws, the least and the most of them."""
    there = [value for value in values if value == value]
    return Estimate(sum(there) / len(there), min(there), max(there)) if there else Estimate(None)


def by_one_number(values: Floats, labels: Floats, groups: Sequence[str], seed: int) -> Floats:
    """The mean label of the rows of other groups with about the same value: regression on one number, out of fold."""
    fold = folds_of(groups, seed)
    scores = np.empty(len(values))
    for number in np.unique(fold):
        train, test = fold != number, fold == number
        if not train.any():
            scores[test] = 0.0
            continue
        inner = np.unique(np.quantile(values[train], np.linspace(0, 1, BINS + 1)[1:-1]))
        at, of = np.searchsorted(inner, values[train], side="right"), np.searchsorted(inner, values[test], side="right")
        count = np.bincount(at, minlength=len(inner) + 1)
        total = np.bincount(at, weights=labels[train], minlength=len(inner) + 1)
        scores[test] = ((total + PRIOR_ROWS * labels[train].mean()) / (count + PRIOR_ROWS))[of]
    return scores
