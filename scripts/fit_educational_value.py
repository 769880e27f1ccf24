"""Fit the educational-value scorer to the labelled texts, and write the artefact that the package ships.

    python scripts/resolve_annotations.py labelled.jsonl
    python scripts/fit_educational_value.py labelled.jsonl textbook/assets

A ridge regression over byte n-grams comes first. Its scores of texts from packages it was not fitted on, beside the
code features, are what gradient-boosted trees (Friedman 2001) then learn from: stacked generalisation (Wolpert 1992),
with packages, not texts, held out. The metrics on the artefact's card come from whole packages held out of all of it.

The same labels give the same scores on one machine; elsewhere the solver may round differently in the last digits.
"""

import argparse
import hashlib
import json
import os
import platform
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import numpy.typing as npt
import scipy.sparse
import sklearn
from scipy.stats import spearmanr
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score
from sklearn.model_selection import GroupKFold

from textbook.curation.byte_ngrams import ByteNgramHash
from textbook.curation.educational_value import (
    PRETRAINED,
    Model,
    NgramRidge,
    TreeEnsemble,
    save_model,
    scored_head,
    term_frequencies,
)
from textbook.curation.features import code_features

ALPHA = 0.3
STACK_FOLDS = 10
TEST_FOLDS = 5
BAGS = 3
TREES = {
    "n_estimators": 300,
    "learning_rate": 0.03,
    "max_depth": 4,
    "subsample": 0.5,
    "max_features": 0.2,
    "min_samples_leaf": 8,
}
GOOD = 3
"""The least score of a text that is worth a student's time, for the metrics that need two classes."""

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Labelled:
    """The labelled texts, and what is read off them."""

    digest: str
    texts: list[str]
    scores: Floats
    packages: npt.NDArray[np.str_]
    stratified: npt.NDArray[np.bool_]
    """Which rows were drawn at random: those that stand for their packages, and that metrics are taken on."""

    columns: npt.NDArray[np.float32]
    """The code features, (rows, features)."""

    vectors: scipy.sparse.csr_matrix
    """The n-gram blocks side by side, each of length one, (rows, blocks * buckets)."""

    gram: Floats
    """Their inner products, divided by the number of blocks."""

    @classmethod
    def read(cls, path: Path, hasher: ByteNgramHash) -> Self:
        """Read what `resolve_annotations.py` wrote."""
        labels = [json.loads(line) for line in path.read_text().splitlines()]
        heads = [scored_head(label["text"]) for label in labels]
        vectors = ngram_vectors(heads, hasher)
        return cls(
            digest=labels_digest(labels),
            texts=[label["text"] for label in labels],
            scores=np.array([label["score"] for label in labels], float),
            packages=np.array([label["package"] for label in labels]),
            stratified=np.array([label["selection"] == "stratified" for label in labels]),
            columns=np.array([list(code_features(head).values()) for head in heads], np.float32),
            vectors=vectors,
            gram=(vectors @ vectors.T).toarray() / hasher.num_blocks,
        )


def labels_digest(labels: list[dict[str, Any]]) -> str:
    """A digest of what was labelled and how: the same for labels with and without their text."""
    lines = sorted(f"{label['id']} {label['sha256']} {label['score']}\n" for label in labels)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def ngram_vectors(heads: list[str], hasher: ByteNgramHash) -> scipy.sparse.csr_matrix:
    """What `NgramRidge.score` multiplies with its weights, as one matrix."""
    data, columns, ends = [], [], [0]
    for head in heads:
        for block, (buckets, counts) in enumerate(hasher.counts(head)):
            frequencies = term_frequencies(counts).astype(float)
            data.append(frequencies / (np.sqrt(frequencies @ frequencies) or 1.0))
            columns.append(buckets.astype(np.int64) + (block << hasher.bits))
        ends.append(ends[-1] + sum(map(len, data[-hasher.num_blocks :])))
    shape = len(heads), hasher.num_blocks << hasher.bits
    return scipy.sparse.csr_matrix((np.concatenate(data), np.concatenate(columns), np.array(ends)), shape=shape)


def dual_ridge(gram: Floats, scores: Floats, rows: Rows) -> tuple[Floats, float]:
    """The coefficient of each of `rows`, and the intercept."""
    mean = scores[rows].mean()
    inner = gram[np.ix_(rows, rows)] + ALPHA * np.eye(len(rows))
    return np.linalg.solve(inner, scores[rows] - mean), float(mean)


def held_out_ridge(data: Labelled, rows: Rows) -> Floats:
    """The ridge score of each of `rows` by a fit on the rows of other packages."""
    held_out = np.empty(len(rows))
    for train, test in GroupKFold(STACK_FOLDS, shuffle=True, random_state=0).split(rows, groups=data.packages[rows]):
        coefficients, intercept = dual_ridge(data.gram, data.scores, rows[train])
        held_out[test] = data.gram[np.ix_(rows[test], rows[train])] @ coefficients + intercept
    return held_out


def fit_ridge(data: Labelled, rows: Rows, hasher: ByteNgramHash) -> NgramRidge:
    """The n-gram model of `rows`, with weights rounded to 16 bits."""
    coefficients, intercept = dual_ridge(data.gram, data.scores, rows)
    weights = data.vectors[rows].T @ coefficients / hasher.num_blocks
    unit = float(np.abs(weights).max() / 32_767)
    rounded = np.round(weights / unit).astype(np.int16).reshape(hasher.num_blocks, -1)
    return NgramRidge(hasher, rounded, unit, intercept)


def fit_trees(columns: npt.NDArray[np.float32], scores: Floats) -> TreeEnsemble:
    """The mean of `BAGS` boosted ensembles, as arrays."""
    bags = [GradientBoostingRegressor(**TREES, random_state=bag).fit(columns, scores) for bag in range(BAGS)]
    trees = [estimator.tree_ for bag in bags for estimator in bag.estimators_[:, 0]]
    sizes = [tree.node_count for tree in trees]
    roots = np.cumsum([0, *sizes[:-1]])
    leaf = np.concatenate([tree.children_left < 0 for tree in trees])
    own = np.arange(sum(sizes))
    values = np.concatenate([tree.value[:, 0, 0] for tree in trees]) * TREES["learning_rate"] / BAGS
    thresholds = np.concatenate([tree.threshold for tree in trees])
    unit = 2.0**-24
    return TreeEnsemble(
        roots=roots.astype(np.int32),
        feature=np.where(leaf, 0, np.concatenate([tree.feature for tree in trees])).astype(np.uint8),
        threshold=np.where(leaf, 0, _rounded_down(thresholds)).astype(np.float32),
        left=np.where(leaf, own, _children(trees, roots, "children_left")).astype(np.int32),
        right=np.where(leaf, own, _children(trees, roots, "children_right")).astype(np.int32),
        value=np.where(leaf, np.round(values / unit), 0).astype(np.int32),
        depth=TREES["max_depth"],
        unit=unit,
        intercept=float(np.mean([bag.init_.constant_.item() for bag in bags])),
    )


def _children(trees: Sequence[Any], roots: Rows, side: str) -> Rows:
    return np.concatenate([getattr(tree, side) + root for tree, root in zip(trees, roots, strict=True)])


def _rounded_down(thresholds: Floats) -> npt.NDArray[np.float32]:
    """The largest float32 not above each: it parts float32 values as the float64 does."""
    single = thresholds.astype(np.float32)
    return np.where(single > thresholds, np.nextafter(single, np.float32(-np.inf)), single)


def fit(data: Labelled, rows: Rows, hasher: ByteNgramHash) -> Model:
    """The whole model, fitted on `rows`."""
    columns = np.column_stack([held_out_ridge(data, rows), data.columns[rows]]).astype(np.float32)
    return Model(fit_ridge(data, rows, hasher), fit_trees(columns, data.scores[rows]))


def split(data: Labelled, seed: int) -> list[tuple[Rows, Rows]]:
    """Rows to fit on and rows to test on; no package is in both."""
    folds = GroupKFold(TEST_FOLDS, shuffle=True, random_state=seed).split(data.scores, groups=data.packages)
    return list(folds)


def metrics(scores: Floats, predictions: Floats) -> dict[str, float]:
    """How well predictions tell what was labelled: rank, the two classes parted at `GOOD`, and size of the error."""
    good = scores >= GOOD
    precision, recall, _ = precision_recall_curve(good, predictions)
    return {
        "spearman": float(spearmanr(scores, predictions)[0]),
        "auc": float(roc_auc_score(good, predictions)),
        "average_precision": float(average_precision_score(good, predictions)),
        "best_f1": float((2 * precision * recall / np.maximum(precision + recall, 1e-12)).max()),
        "rmse": float(np.sqrt(np.mean((scores - predictions) ** 2))),
        "bias": float(np.mean(predictions - scores)),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labelled", type=Path, help="jsonl of labels with their text, from resolve_annotations.py")
    parser.add_argument("folder", type=Path, help="where the artefact goes")
    arguments = parser.parse_args()
    hasher = ByteNgramHash()
    data = Labelled.read(arguments.labelled, hasher)
    predictions = np.empty(len(data.scores))
    for train, test in split(data, 0):
        predictions[test] = fit(data, train, hasher).score([data.texts[row] for row in test])
    measured = metrics(data.scores[data.stratified], predictions[data.stratified])
    about = {
        "labels": {
            "sha256": data.digest,
            "rows": len(data.scores),
            "stratified": int(data.stratified.sum()),
            "packages": len(set(data.packages)),
            "per_score": {str(int(score)): count for score, count in sorted(Counter(data.scores).items())},
        },
        "metrics": {
            "of": f"stratified rows, {TEST_FOLDS} folds of whole packages",
            **{name: round(value, 4) for name, value in measured.items()},
        },
        "fitted": {"alpha": ALPHA, "stack_folds": STACK_FOLDS, "bags": BAGS, **TREES},
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scikit-learn": sklearn.__version__,
        },
    }
    digest = save_model(fit(data, np.arange(len(data.scores)), hasher), PRETRAINED["python"], about, arguments.folder)
    print(json.dumps(about["metrics"], indent=1))
    print(f"{PRETRAINED['python']}: {digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
