"""Fit a scorer to labels: what it says of groups that it was not fitted on calibrates it, and is kept to judge it by.

Does not choose features and a head: see `presets`.
"""

import platform
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from textbook.curation import metrics
from textbook.curation.educational_value.composed import above_others, fit_on, said_of
from textbook.curation.educational_value.examples import Examples
from textbook.curation.educational_value.familiarity import Familiarity
from textbook.curation.educational_value.featurisers import Embedded, Features, scored_head
from textbook.curation.educational_value.heads import Head, described, logistic
from textbook.curation.educational_value.made import VERSION as MADE_VERSION
from textbook.curation.educational_value.made import documented_glue
from textbook.curation.educational_value.matrix import Columns, Floats, Rows
from textbook.curation.educational_value.model import Calibration, FittedScorer, HeldOut, Scale
from textbook.curation.educational_value.parts import walk
from textbook.curation.educational_value.presets import PRESETS, choose
from textbook.curation.encoders import Encoder
from textbook.lineage import content_hash, fingerprint

if TYPE_CHECKING:
    from textbook.curation.annotate.labels import Label, Labels

FOLDS = 5
MIN_LABELS = 30
MIN_OF_EACH = 5
"""Labels on either side of `good` below which nothing can be calibrated."""
MIN_AT_RANDOM = 100
"""Labels drawn at random below which the calibration takes the others too."""
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """What is said of labelled texts by scorers that were fitted on other groups. Arrays of shape (rows,)."""

    rows: "tuple[Label, ...]"
    scores: Columns
    probability: Columns
    """That the label is good; its calibration was learnt on other folds."""

    labels: Floats
    groups: npt.NDArray[np.str_]
    folds: Rows
    """The fold in which each row was held out."""

    at_random: Mask
    """Which rows were drawn at random: take metrics on these."""


def fit_scorer(
    labels: "Labels", preset: str, features: Features | None, head: Head | None, encoder: Encoder | None, seed: int
) -> FittedScorer:
    """A scorer fitted on `labels.train`; the arguments are those of `EducationalValue.fit`.

    Raises:
        ValueError: the labels are too few or too alike, lie in one group, or lack their texts.
    """
    if not hasattr(labels, "train"):
        raise ValueError(f"got {type(labels).__name__}, expected Labels; read a file of them with Labels.load(path)")
    own_parts = [name for name, given in (("features", features), ("head", head)) if given is not None]
    features, head = choose(preset, features, head, encoder)
    examples, at_random = examples_of(labels.train, labels, features, seed), random_rows(labels.train)
    scale = Scale.of(labels.rubric)
    said, _, _ = _held_out(examples, features, head, FOLDS)
    fitted, found = fit_on(features, head, examples)
    calibration = _calibration(said, examples.targets, at_random, found.gives_probability, scale)
    held_out = _kept(labels.train, examples, calibration.scores(said, scale), at_random)
    about = {
        "fitted": {"preset": preset, "own": own_parts, "seed": seed, "made_of": made_of(features, head)},
        **_about(held_out, scale),
    }
    familiarity = Familiarity.of(examples.heads[: examples.num_real])
    return FittedScorer(fitted, found, calibration, scale, familiarity, held_out, about, (features, head, seed))


def _kept(rows: "Sequence[Label]", examples: Examples, scores: Columns, at_random: Mask) -> HeldOut:
    """What is kept of the labels."""
    names, groups = np.unique(examples.groups, return_inverse=True)
    hashes = "".join(content_hash(row.text or "") for row in rows)
    return HeldOut(
        scores,
        examples.targets.astype(np.float32),
        groups.astype(np.int32),
        at_random,
        np.frombuffer(bytes.fromhex(hashes), np.uint8),
        tuple(names.tolist()),
    )


def made_of(features: Features, head: Head) -> str:
    """A digest of what is fitted."""
    return fingerprint(features.identity, described(head), MADE_VERSION)[:16]


def refitted(scorer: FittedScorer) -> "tuple[Features, Head, int] | None":
    """The recipe of a scorer that was loaded: its preset, if that is still what it was fitted by."""
    fitted = scorer.about.get("fitted")
    if not isinstance(fitted, dict) or fitted.get("own") or fitted.get("preset") not in PRESETS:
        return None
    encoder = next((part.encoder for part in walk(scorer.features) if isinstance(part, Embedded)), None)
    try:
        features, head = choose(fitted["preset"], encoder=encoder)
    except (ValueError, ModuleNotFoundError):
        return None
    same = isinstance(fitted.get("seed"), int) and made_of(features, head) == fitted.get("made_of")
    return (features, head, fitted["seed"]) if same else None


def _about(held_out: HeldOut, scale: Scale) -> dict[str, Any]:
    """What a card says of the labels and of how well they are foretold."""
    rows = held_out.at_random
    labels, scores = held_out.labels[rows].astype(np.float64), held_out.scores[rows].astype(np.float64)
    weights, good = np.ones(len(labels)), labels >= scale.good
    found = {
        "spearman": metrics.spearman(labels, scores, weights),
        "auc": metrics.auc(good, scores, weights),
        "average_precision": metrics.average_precision(good, scores, weights),
        "rmse": np.sqrt(np.mean((labels - scores) ** 2)),
    }
    versions = {name: version(name) for name in ("numpy", "scikit-learn")}
    return {
        "labels": {
            "rows": len(held_out.labels),
            "at_random": int(rows.sum()),
            "groups": len(held_out.group_names),
            "per_label": {f"{label:g}": count for label, count in sorted(Counter(held_out.labels.tolist()).items())},
        },
        "held_out": {
            "of": f"rows drawn at random, {FOLDS} folds of whole groups",
            **{name: round(float(value), 4) for name, value in found.items() if np.isfinite(value)},
        },
        "versions": {"python": platform.python_version(), **versions},
    }


def out_of_fold(
    labels: "Labels",
    preset: str = "best",
    *,
    features: Features | None = None,
    head: Head | None = None,
    encoder: Encoder | None = None,
    folds: int = FOLDS,
    seed: int = 0,
) -> OutOfFold:
    """Score every labelled text by a fit on the other folds; a group is in one fold only.

    Args:
        labels: all that have one are used, whatever their split.
        preset: what is not given otherwise; see `presets`.
        features: in place of the preset's.
        head: in place of the preset's.
        encoder: for presets that have one.
        folds: how often it is fitted.
        seed: for the division into folds, and for the head.

    Raises:
        ValueError: as for `fit_scorer`.
    """
    features, head = choose(preset, features, head, encoder)
    rows, scale = (*labels.train, *labels.evaluation), Scale.of(labels.rubric)
    examples, at_random = examples_of(rows, labels, features, seed), random_rows(rows)
    said, fold, probabilistic = _held_out(examples, features, head, folds)
    scores, probability = np.empty(len(rows), np.float32), np.empty(len(rows), np.float32)
    for held in range(fold.max() + 1):
        others, own = fold != held, fold == held
        calibration = _calibration(said[others], examples.targets[others], at_random[others], probabilistic, scale)
        scores[own] = calibration.scores(said[own], scale)
        probability[own] = calibration.probability(scores[own])
    return OutOfFold(rows, scores, probability, examples.targets, examples.groups, fold, at_random)


def examples_of(rows: "Sequence[Label]", labels: "Labels", features: Features, seed: int) -> Examples:
    """Labelled rows as examples for these features.

    Raises:
        ValueError: as for `fit_scorer`.
    """
    from textbook.curation.annotate.labels import texts_and_labels

    texts, targets = texts_and_labels(rows)
    good = float(labels.rubric.threshold)
    _check(targets, good, labels)
    groups = [row.group or row.id for row in rows]
    if len(set(groups)) < 2:
        raise ValueError(
            f"all {len(rows)} labels are of one group, {groups[0]!r}: nothing could be held out; label texts of several"
            " repositories or packages, or name them with the column `group`"
        )
    return read(texts, np.array(targets, np.float64), groups, features, good, seed)


def read(
    texts: Sequence[str], targets: Floats, groups: Sequence[str], features: Features, good: float, seed: int
) -> Examples:
    """Labelled texts as examples, with those that can be made of them if a head will learn from these."""
    made = documented_glue(texts, targets, groups, good, seed) if above_others(features) else []
    heads = [scored_head(text) for text in texts]
    return Examples.of(heads, targets, groups, good, seed, [(at, scored_head(text)) for at, text in made])


def random_rows(rows: "Sequence[Label]") -> Mask:
    """Which rows were not chosen for what they are; all, where these are too few to go by."""
    chosen = np.array([row.chosen_by not in ("uncertain", "top") for row in rows], np.bool_)
    return chosen if chosen.sum() >= MIN_AT_RANDOM else np.ones(len(rows), np.bool_)


def _check(targets: Sequence[float], good: float, labels: "Labels") -> None:
    if len(targets) < MIN_LABELS:
        missing = f" ({len(labels.missing)} rows have none)" if labels.missing else ""
        raise ValueError(
            f"there are {len(targets)} labels to fit on{missing}, expected at least {MIN_LABELS}; some hundred make a"
            " useful scorer"
        )
    num_good = sum(target >= good for target in targets)
    if min(num_good, len(targets) - num_good) < MIN_OF_EACH:
        raise ValueError(
            f"{num_good} of {len(targets)} labels are {good:g} or more, expected at least {MIN_OF_EACH} on either side;"
            " label samples of the other kind (strategy='top' finds good ones), or set `good` of the Rubric"
        )


def _held_out(examples: Examples, features: Features, head: Head, folds: int) -> tuple[Floats, Rows, bool]:
    """What is said of each example by a fit on other folds, its fold, and whether that is a probability."""
    said, fold = np.empty(len(examples)), np.empty(len(examples), np.int64)
    probabilistic = False
    for number, (train, test) in enumerate(examples.folds(folds)):
        fitted, found = fit_on(features, head, examples.take(train))
        said[test] = found.predict(said_of(fitted, examples.take(test).matrix))
        fold[test], probabilistic = number, found.gives_probability
    return said, fold, probabilistic


def _calibration(said: Floats, targets: Floats, at_random: Mask, probabilistic: bool, scale: Scale) -> Calibration:
    """What a number that the head says means, by what it said of held-out texts."""
    rows = at_random if _both_sides(targets[at_random], scale.good) else np.ones(len(said), np.bool_)
    slope, offset = _line(said[rows], targets[rows]) if probabilistic else (1.0, 0.0)
    scores = Calibration(slope, offset, 0.0, 0.0).scores(said, scale)
    return Calibration(slope, offset, *platt(scores[rows].astype(np.float64), targets[rows] >= scale.good))


def _both_sides(targets: Floats, good: float) -> bool:
    num_good = int((targets >= good).sum())
    return min(num_good, len(targets) - num_good) >= MIN_OF_EACH


def _line(said: Floats, targets: Floats) -> tuple[float, float]:
    """The slope and the offset of the least-squares line; the slope is never below 0."""
    spread = float(said.var())
    slope = max(0.0, float(np.mean((said - said.mean()) * (targets - targets.mean())))) / spread if spread else 0.0
    return slope, float(targets.mean()) - slope * float(said.mean())


def platt(scores: Floats, good: Mask) -> tuple[float, float]:
    """The slope and the offset of the logistic function that fits best (Platt 1999, with his smoothed targets).

    By Newton's method; the slope is never below 0.
    """
    num_good = int(good.sum())
    smooth = np.where(good, (num_good + 1) / (num_good + 2), 1 / (len(good) - num_good + 2))
    design = np.column_stack([scores - scores.mean(), np.ones(len(scores))])
    weights = np.array([0.0, np.log(smooth.mean() / (1 - smooth.mean()))])
    for _ in range(50):
        chance = logistic(design @ weights)
        curve = design.T @ (design * (chance * (1 - chance))[:, None]) + 1e-9 * np.eye(2)
        step = np.linalg.solve(curve, design.T @ (smooth - chance))
        weights = weights + step / max(1.0, float(np.abs(step).max()) / 5)
        if np.abs(step).max() < 1e-10:
            break
    slope = max(0.0, float(weights[0]))
    return slope, float(weights[1]) - slope * float(scores.mean())
