"""Every number about rows that a scorer has judged without having seen them."""

from functools import partial

import numpy as np

from textbook.curation import metrics
from textbook.curation.educational_value.evaluation.bootstrap import Metric, estimates
from textbook.curation.educational_value.evaluation.calibration import (
    brier,
    expected_calibration_error,
    reliability,
)
from textbook.curation.educational_value.evaluation.judging import Judged
from textbook.curation.educational_value.evaluation.keeping import kept_shares
from textbook.curation.educational_value.evaluation.result import Measured, ScoreBin
from textbook.curation.educational_value.model import Scale
from textbook.curation.metrics import Floats

SCORE_BINS = 10


def measured(judged: Judged, tokens: Floats, scale: Scale, seed: int) -> Measured:
    """The metrics of rows, each with its interval.

    Args:
        judged: the rows and what was said of them.
        tokens: the number of tokens of each.
        scale: that of the labels.
        seed: for the draws of groups.
    """
    labels, good, scores = judged.labels, judged.good, judged.scores
    on_scale = np.clip(np.rint(scores), scale.low, scale.high) if scale.whole else scores
    probability, kept = judged.probability, judged.kept
    of: dict[str, Metric] = {
        "spearman": partial(metrics.spearman, labels, scores),
        "auc": partial(metrics.auc, good, scores),
        "average_precision": partial(metrics.average_precision, good, scores),
        "kappa": partial(metrics.kappa, labels, on_scale),
        "f1": partial(metrics.f1, good, kept),
        "precision": partial(metrics.share, good, kept),
        "token_precision": partial(metrics.share, good, kept * tokens),
        "recall": partial(metrics.share, kept, good),
        "rmse": lambda weights: np.sqrt(metrics.mean((scores - labels) ** 2, np.ones(len(labels), bool), weights)),
        "bias": partial(metrics.mean, scores - labels, np.ones(len(labels), bool)),
        "ece": partial(expected_calibration_error, probability, good),
        "brier": partial(brier, probability, good),
    }
    return Measured(
        how=judged.how,
        num_rows=len(labels),
        num_groups=len(np.unique(judged.groups)),
        num_good=int(good.sum()),
        threshold=float(judged.thresholds.mean()),
        threshold_from=judged.threshold_from,
        reliability=reliability(probability, good),
        by_score=_by_score(labels, scores),
        kept=kept_shares(labels, scores, good, tokens, judged.groups, seed),
        **estimates(of, judged.groups, seed),
    )


def _by_score(labels: Floats, scores: Floats) -> tuple[ScoreBin, ...]:
    """Rows in bins of equal size by score."""
    parts = np.array_split(np.argsort(scores, kind="stable"), min(SCORE_BINS, len(scores)))
    return tuple(ScoreBin(len(rows), float(scores[rows].mean()), float(labels[rows].mean())) for rows in parts)
