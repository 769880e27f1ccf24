"""Twins of a scorer: fits with its features and head on parts of the labels, for what can't be asked of itself.

What bare code and pairs are worth to a scorer that has not seen their texts, what more labels bring, and what comes of
labels that mean nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from textbook.curation import metrics
from textbook.curation.annotate.groups import key
from textbook.curation.annotate.labels import Label
from textbook.curation.annotate.outlook import Point
from textbook.curation.educational_value.composed import fit_on, said_of
from textbook.curation.educational_value.evaluation.judging import Judged, Recipe
from textbook.curation.educational_value.examples import Examples
from textbook.curation.educational_value.fitting import read
from textbook.curation.educational_value.matrix import Rows
from textbook.curation.metrics import Floats

LEAST_TO_FIT = 20
CURVE_PARTS, CURVE_DRAWS = (8, 4, 2, 1), 3
SHUFFLES = 5
"""One alone may rank the rows well, or the wrong way round, by chance: texts of one package go together."""

Advance = Callable[[int], object]


class Twins:
    """Twins are fitted on parts of the labels, and asked about rows that they have not seen.

    These are the rows held out; without any, each fold in turn, and the twins are fitted on the others. Features that
    need no labels read each text once for all of them.

    Args:
        recipe: what they are fitted with.
        main: the rows that are measured on.
        train: the rows to fit on where `main` was held out; else these are those of `main`.
        good: the label from which on a row is good.
        seed: for the draws of parts.
        advance: is told of rows fitted on.
    """

    def __init__(
        self, recipe: Recipe, main: Judged, train: Sequence[Label], good: float, seed: int, advance: Advance
    ) -> None:
        self._recipe, self._main, self._seed, self._advance = recipe, main, seed, advance
        num, names = len(main.rows), set(main.names)
        if main.is_held_out:
            rest = [row for row in train if (row.group or row.id) not in names]
            self._turns = [(num + np.arange(len(rest)), np.arange(num))]
        else:
            rest = [row for row, _ in main.others]
            folds = np.concatenate([main.folds, np.array([fold for _, fold in main.others], np.int64)])
            every = np.unique(main.folds)
            self._turns = [(np.flatnonzero(folds != fold), np.flatnonzero(main.folds == fold)) for fold in every]
        self._examples = self._read([row.text or "" for row in (*main.rows, *rest)], (*main.rows, *rest), good)
        self._num = min(len(fit) for fit, _ in self._turns)
        self._suffices = min(self._num, num) >= LEAST_TO_FIT

    def by_fold(self, texts: Sequence[str], folds: Rows) -> tuple[Floats, Floats]:
        """What is said of the rows, and of other texts that belong to a fold each, by the twin that has not seen it."""
        main, plain, said = self._main, np.empty(len(self._main.rows)), np.empty(len(texts))
        others = self._read(texts, (), self._examples.good)
        for fold, (fit, test) in zip(np.unique(main.folds), self._turns, strict=True):
            theirs = np.flatnonzero(folds == fold)
            found = self._said(fit, test, others.take(theirs))
            plain[test], said[theirs] = found[: len(test)], found[len(test) :]
        return plain, said

    def on_shuffled_labels(self) -> list[tuple[Rows, Floats]]:
        """Rows of `main`, and what a twin says of them that was fitted on labels dealt at random; several times.

        A quarter of the labels does: what counts is that they mean nothing. Empty where there are too few.
        """
        found = []
        for draw in range(-(-SHUFFLES // len(self._turns)) if self._suffices else 0):
            for turn, (fit, test) in enumerate(self._turns):
                some = self._drawn(fit, max(LEAST_TO_FIT, len(fit) // 4), "shuffle", draw)
                rng = np.random.default_rng([self._seed, turn, draw])
                dealt = rng.permutation(self._examples.targets[some])
                found.append((test, self._said(some, test, targets=dealt)))
        return found

    def learning_curve(self) -> tuple[Point, ...]:
        """Spearman of twins fitted on an eighth, a quarter, a half and all of the labels; empty where they are few."""
        points = []
        for part in CURVE_PARTS if self._suffices else ():
            if self._num // part >= LEAST_TO_FIT:
                found = self._spearmans(part)
                points.append(Point(self._num // part, sum(found) / len(found), min(found), max(found)))
        return tuple(points)

    def _spearmans(self, part: int) -> list[float]:
        """What several draws of a part of the labels come to; one, where each fold draws for itself."""
        main, held = self._main, self._main.is_held_out
        if part == 1 and not held:  # that is what was judged
            return [_spearman(main, main.scores)]
        found = []
        for draw in range(CURVE_DRAWS if part > 1 and held else 1):
            said = np.empty(len(main.rows))
            for fit, test in self._turns:
                said[test] = self._said(self._drawn(fit, len(fit) // part, "learning", draw), test)
            found.append(_spearman(main, said))
        return found

    def _said(self, fit: Rows, test: Rows, extra: Examples | None = None, targets: Floats | None = None) -> Floats:
        """What a fit on some rows says of others, then of `extra`: it orders them, and is not on the labels' scale."""
        some = self._examples.take(fit)
        some = some if targets is None else replace(some, targets=targets)
        features, head = fit_on(self._recipe.features, self._recipe.head, some)
        self._advance(len(fit))
        asked = [self._examples.take(test), *([] if extra is None else [extra])]
        return np.concatenate([head.predict(said_of(features, each.matrix)) for each in asked if len(each)])

    def _read(self, texts: Sequence[str], rows: Sequence[Label], good: float) -> Examples:
        """Texts as examples; those without rows are never fitted on."""
        targets = [row.label for row in rows] if rows else [0.0] * len(texts)
        groups = [row.group or row.id for row in rows] if rows else [""] * len(texts)
        return read(texts, np.array(targets, np.float64), groups, self._recipe.features, good, self._recipe.seed)

    def _drawn(self, rows: Rows, num: int, why: str, draw: int) -> Rows:
        """So many of the rows, at random."""
        order = sorted(rows.tolist(), key=lambda row: (key(self._seed, why, draw, row), row))
        return np.sort(np.array(order[:num], np.int64))


def _spearman(main: Judged, said: Floats) -> float:
    return float(np.nan_to_num(metrics.spearman(main.labels, said, np.ones(len(said)))))
