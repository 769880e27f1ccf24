"""Which labelled rows a scorer may be measured on, and what is said of them by it or by twins that have not seen them.

Two ways, never mixed: "held out" is the scorer itself on rows whose text and group it was not fitted on;
"cross-validated" are twins, fitted with the same features and head on the other folds of whole groups.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from textbook.curation.annotate.groups import key
from textbook.curation.annotate.labels import Label, Labels
from textbook.curation.educational_value.evaluation.bootstrap import numbered
from textbook.curation.educational_value.featurisers import Features
from textbook.curation.educational_value.fitting import FOLDS, out_of_fold, platt, random_rows
from textbook.curation.educational_value.heads import Head
from textbook.curation.educational_value.model import FittedScorer, Seen
from textbook.curation.metrics import Floats, best_threshold
from textbook.lineage import content_hash

HELD_OUT, CROSS_VALIDATED = "held out", "cross-validated"
FEW_ROWS, FEW_GROUPS, FEW_GOOD = 200, 10, 20
"""Below this, numbers say little: reports warn."""


class Recipe(NamedTuple):
    """What a scorer is fitted with, so that twins can be."""

    features: Features
    head: Head
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Judged:
    """Labelled rows, and what was said of them without having seen them. Arrays have one entry a row."""

    how: str
    rows: tuple[Label, ...]
    labels: Floats
    good: npt.NDArray[np.bool_]
    scores: Floats
    probability: Floats
    """That the label is good."""
    groups: npt.NDArray[np.int64]
    thresholds: Floats
    """The score from which on a row counts as good, fixed on other groups."""
    threshold_from: str
    folds: npt.NDArray[np.int64]
    others: tuple[tuple[Label, int], ...] = ()
    """Rows that were not drawn at random, with their folds: twins are fitted on them, nothing is measured on them."""

    @property
    def texts(self) -> list[str]:
        """The texts."""
        return [row.text or "" for row in self.rows]

    @property
    def names(self) -> list[str]:
        """The groups by name."""
        return [row.group or row.id for row in self.rows]

    @property
    def is_held_out(self) -> bool:
        """Whether the scorer itself was measured."""
        return self.how == HELD_OUT

    @property
    def kept(self) -> npt.NDArray[np.bool_]:
        """The rows at or above their threshold."""
        return np.asarray(self.scores >= self.thresholds)


class Unseen(NamedTuple):
    """The rows that a scorer may be measured on, and what has to be said about the choice."""

    rows: tuple[Label, ...]
    notes: tuple[str, ...]


def unseen(labels: Labels, fitted_on: Seen | None) -> Unseen:
    """The rows drawn at random that a scorer was not fitted on: of the evaluation set, or of the others if it has none.

    Where it is not known what that was, it is the evaluation set. A row of a group that the scorer was fitted on is
    left out while there are others.
    """
    if fitted_on is None:
        rows = _at_random(labels.evaluation)
        return Unseen(
            rows, ("it is not known what the scorer was fitted on; the evaluation set is taken to be unseen",)
        )
    texts, groups = fitted_on
    kept_apart, rest = (
        [row for row in rows if content_hash(row.text or "") not in texts] for rows in (labels.evaluation, labels.train)
    )
    fresh = kept_apart or rest
    apart = [row for row in fresh if row.group not in groups]
    num_seen, notes = len(labels.evaluation) - len(kept_apart), []
    if num_seen:
        notes.append(f"{num_seen:,} rows of the evaluation set are left out: the scorer was fitted on them")
    if apart and len(apart) < len(fresh):
        notes.append(f"{len(fresh) - len(apart):,} rows are left out: the scorer was fitted on others of their groups")
    elif fresh and not apart:
        notes.append(
            f"all {len(fresh):,} rows are of groups that the scorer was fitted on, so what is measured on them "
            "flatters it; label rows of other repositories or packages"
        )
    return Unseen(_at_random(apart or fresh), tuple(notes))


def _at_random(rows: Sequence[Label]) -> tuple[Label, ...]:
    return tuple(row for row, drawn in zip(rows, random_rows(rows), strict=True) if drawn)


def held_out(scorer: FittedScorer, rows: Sequence[Label], good: float) -> Judged:
    """What the scorer says of rows that it was not fitted on.

    The threshold is the best on what fits on other groups said of its own labels; without these, it is `good` itself.
    """
    found = scorer.score([row.text or "" for row in rows])
    threshold, source = good, "that of the rubric"
    own = scorer.held_out
    if own is not None:
        random = own.at_random
        best = best_threshold(own.labels[random] >= scorer.scale.good, own.scores[random].astype(np.float64))
        if best is not None:
            threshold, source = best, "fixed on what twins said of the labels that the scorer was fitted on"
    thresholds, one_fold = np.full(len(rows), threshold), np.zeros(len(rows), np.int64)
    return _judged(HELD_OUT, rows, good, found.scores, found.probability, thresholds, source, one_fold)


def judged_by_twins(
    scorer: FittedScorer, recipe: Recipe | None, rows: Sequence[Label], labels: Labels, seed: int
) -> Judged | None:
    """What twins say of labelled rows, each fitted on other groups; None where nothing is known and none can be fitted.

    A scorer holds what they said of its own labels when it was fitted; for others, they are fitted now.

    Args:
        scorer: whose twins.
        recipe: how they are fitted.
        rows: those of `labels` that are meant.
        labels: for their rubric.
        seed: for the division into folds.

    Raises:
        ValueError: the labels are too few to be divided.
    """
    good, known = float(labels.rubric.threshold), _said_when_fitted(scorer, rows)
    if known is not None:
        return _by_other_folds(rows, known, folds_of([row.group or row.id for row in rows], seed), good)
    return None if recipe is None else cross_validated(recipe, replace(labels, rows=tuple(rows)), good)


def cross_validated(recipe: Recipe, labels: Labels, good: float) -> Judged:
    """What twins say of labelled rows, whatever their split, each fitted on the groups of the other folds.

    Raises:
        ValueError: the labels are too few to be divided.
    """
    found = out_of_fold(labels, features=recipe.features, head=recipe.head, seed=recipe.seed)
    return _by_other_folds(found.rows, found.scores.astype(np.float64), found.folds, good)


def _said_when_fitted(scorer: FittedScorer, rows: Sequence[Label]) -> Floats | None:
    """What twins said of rows when the scorer was fitted; None if it was not fitted on all of them."""
    own = scorer.held_out
    if own is None or not rows:
        return None
    data = own.digests.tobytes()
    size = len(data) // max(1, len(own.scores))
    score_of = {data[size * i : size * (i + 1)].hex(): score for i, score in enumerate(own.scores.tolist())}
    found = [score_of.get(content_hash(row.text or "")) for row in rows]
    return None if None in found else np.array(found, np.float64)


def _by_other_folds(rows: Sequence[Label], scores: Floats, folds: npt.NDArray[np.int64], good: float) -> Judged:
    """The threshold of a fold, and what a score means as a probability, are taken from the rows of the other folds."""
    random, is_good = random_rows(rows), np.array([row.label or 0.0 for row in rows]) >= good
    thresholds, probability = np.full(len(rows), good), np.empty(len(rows))
    for fold in np.unique(folds):
        own, others = folds == fold, (folds != fold) & random
        best = best_threshold(is_good[others], scores[others])
        slope, offset = platt(scores[others], is_good[others]) if others.any() else (0.0, 0.0)
        thresholds[own] = good if best is None else best
        probability[own] = 1 / (1 + np.exp(-np.clip(offset + slope * scores[own], -500, 500)))
    measured, rest = np.flatnonzero(random).tolist(), np.flatnonzero(~random).tolist()
    return _judged(
        CROSS_VALIDATED,
        [rows[i] for i in measured],
        good,
        scores[measured],
        probability[measured],
        thresholds[measured],
        "fixed for each fold on the others, here their mean",
        folds[measured],
        tuple((rows[i], int(folds[i])) for i in rest),
    )


def folds_of(groups: Sequence[str], seed: int, num: int = FOLDS) -> npt.NDArray[np.int64]:
    """The fold of each row; groups stay whole, and the folds are of about equal size."""
    rows: dict[str, list[int]] = {}
    for row, group in enumerate(groups):
        rows.setdefault(group, []).append(row)
    fold = np.zeros(len(groups), np.int64)
    sizes = [0] * max(1, min(num, len(rows)))
    for group in sorted(rows, key=lambda group: (-len(rows[group]), key(seed, "fold", group))):
        smallest = sizes.index(min(sizes))
        fold[rows[group]] = smallest
        sizes[smallest] += len(rows[group])
    return fold


def _judged(
    how: str,
    rows: Sequence[Label],
    good: float,
    scores: npt.NDArray[Any],
    probability: npt.NDArray[Any],
    thresholds: Floats,
    threshold_from: str,
    folds: npt.NDArray[np.int64],
    others: tuple[tuple[Label, int], ...] = (),
) -> Judged:
    labels = np.array([row.label for row in rows], np.float64)
    return Judged(
        how,
        tuple(rows),
        labels,
        labels >= good,
        scores.astype(np.float64),
        probability.astype(np.float64),
        numbered([row.group or row.id for row in rows]),
        thresholds,
        threshold_from,
        folds,
        others,
    )
