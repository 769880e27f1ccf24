"""What is kept when the best rows are, up to a budget of tokens: how much of it is good, and of its last part.

A budget that exceeds what is good fills up in silence: the precision of the last part shows it, that of the whole
hardly. Tokens are counted beside rows, for the good are often short.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from textbook.curation import metrics
from textbook.curation.educational_value.evaluation.bootstrap import Estimate, Metric, estimates
from textbook.curation.metrics import Bools, Floats

SHARES = (0.05, 0.1, 0.2, 0.3, 0.5)
"""Of all tokens."""
MARGIN = 0.2
"""The last part, of the tokens kept."""


@dataclass(frozen=True)
class Kept:
    """The rows with the highest scores, as many as a share of all tokens takes."""

    share: float
    """Of all tokens."""
    threshold: float
    """The lowest score among them."""
    num_rows: int
    precision: Estimate
    """The share of the rows that is good."""
    token_precision: Estimate
    """The share of the tokens that is in good rows."""
    marginal_precision: Estimate
    """The share of the rows that is good, of the last fifth of the tokens kept."""
    mean_label: Estimate


def kept_shares(
    labels: Floats,
    scores: Floats,
    good: Bools,
    tokens: Floats,
    groups: npt.NDArray[np.int64],
    seed: int,
    shares: tuple[float, ...] = SHARES,
) -> tuple[Kept, ...]:
    """What is kept at each share of the tokens. Where rows score equal, those first in order come first."""
    order = np.argsort(-scores, kind="stable")
    labels, scores, good, tokens, groups = labels[order], scores[order], good[order], tokens[order], groups[order]
    found = []
    for share in shares:
        measured = estimates(_metrics(labels, good, tokens, share), groups, seed)
        kept = _within(tokens, np.ones(len(tokens)), share)
        threshold = float(scores[kept][-1]) if kept.any() else float("nan")
        found.append(Kept(share, threshold, int(kept.sum()), **measured))
    return tuple(found)


def _metrics(labels: Floats, good: Bools, tokens: Floats, share: float) -> dict[str, Metric]:
    def among(measure: Callable[[Bools, Floats], Floats], start: float = 0.0) -> Metric:
        return lambda weights: measure(_within(tokens, weights, share, start), weights)

    return {
        "precision": among(lambda kept, weights: metrics.share(good, kept, weights)),
        "token_precision": among(lambda kept, weights: metrics.share(good, kept * tokens, weights)),
        "marginal_precision": among(lambda kept, weights: metrics.share(good, kept, weights), 1 - MARGIN),
        "mean_label": among(lambda kept, weights: metrics.mean(labels, kept, weights)),
    }


def _within(tokens: Floats, weights: Floats, share: float, start: float = 0.0) -> Bools:
    """The rows, in order, that begin within the budget; with `start`, in the last part of it."""
    after = np.cumsum(weights * tokens, axis=-1)
    budget = share * after[..., -1:]
    begins = after - weights * tokens
    within: Bools = (begins < budget) & (after > start * budget)
    return within
