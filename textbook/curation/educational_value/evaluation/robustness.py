"""Whether a scorer reads code or the words around it: the same rows made bare, and pairs that differ in one thing."""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from textbook.curation import metrics
from textbook.curation.educational_value.evaluation.bootstrap import Metric, estimates
from textbook.curation.educational_value.evaluation.judging import Judged
from textbook.curation.educational_value.evaluation.pairs import KINDS, PAIRS_A_KIND, Function, Pair, pairs
from textbook.curation.educational_value.evaluation.result import BareCode, PairsRanked
from textbook.curation.educational_value.matrix import Rows
from textbook.curation.educational_value.model import Scale
from textbook.curation.metrics import Floats

Say = Callable[[Sequence[str], Rows], tuple[Floats, Floats]]
"""Texts and the fold of each: what is said of the rows as they are, and of the texts, by one who has not seen them."""


def robustness(
    main: Judged, bare_texts: Sequence[str], say: Say, scale: Scale, seed: int
) -> tuple[BareCode, tuple[PairsRanked, ...]]:
    """How much AUC is lost with comments and docstrings, and the share of each kind of pair that is ranked right.

    Args:
        main: the rows.
        bare_texts: these without comments and docstrings.
        say: scores texts.
        scale: that of the labels.
        seed: for the choice of pairs, and for the draws of groups.
    """
    made = list(_pairs_by_fold(main, scale, seed))
    texts = [text for _, pair in made for text in (pair.better, pair.worse)]
    folds = np.concatenate([main.folds, np.repeat([fold for fold, _ in made], 2)]).astype(np.int64)
    plain, said = say([*bare_texts, *texts], folds)
    stripped, paired = said[: len(main.rows)], said[len(main.rows) :].reshape(-1, 2)
    of: dict[str, Metric] = {
        "auc": partial(metrics.auc, main.good, plain),
        "bare_auc": partial(metrics.auc, main.good, stripped),
        "lost": lambda weights: metrics.auc(main.good, plain, weights) - metrics.auc(main.good, stripped, weights),
    }
    ranked = tuple(_ranked([pair for _, pair in made], paired))
    return BareCode(len(main.rows), **estimates(of, main.groups, seed)), ranked


def _ranked(made: Sequence[Pair], said: Floats) -> Iterator[PairsRanked]:
    for kind, why in KINDS.items():
        own = [i for i, pair in enumerate(made) if pair.kind == kind]
        if own:
            gaps = said[own, 0] - said[own, 1]
            yield PairsRanked(kind, why, len(own), float((gaps > 0).mean() + (gaps == 0).mean() / 2))


def _pairs_by_fold(main: Judged, scale: Scale, seed: int) -> Iterator[tuple[int, Pair]]:
    """Pairs of rows of one fold, so that one twin has seen neither."""
    high, low = (scale.good + scale.high) / 2, scale.low + (scale.good - scale.low) / 3
    folds = np.unique(main.folds)
    for fold in folds:
        chosen = [
            Function(row.id, row.text or "", label >= high)
            for row, label, own in zip(main.rows, main.labels, main.folds, strict=True)
            if own == fold and (label >= high or label <= low)
        ]
        for pair in pairs(chosen, seed, math.ceil(PAIRS_A_KIND / len(folds))):
            yield int(fold), pair
