"""Fitted scikit-learn estimators as arrays: linear models, trees, forests and boosting, alone or averaged.

What this can't turn into arrays gives None: it is not wrong, it only can't be saved.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from textbook.curation.educational_value.heads import FittedHead, LinearModel, Output, TreeEnsemble
from textbook.curation.educational_value.matrix import Floats, Matrix

LINEAR = ("ARDRegression", "BayesianRidge", "ElasticNet", "ElasticNetCV", "HuberRegressor", "Lasso", "LassoCV",
          "LassoLars", "LinearRegression", "LinearSVR", "LogisticRegression", "LogisticRegressionCV", "Ridge",
          "RidgeCV", "SGDClassifier", "SGDRegressor", "TheilSenRegressor")  # fmt: skip
FORESTS = ("DecisionTree", "ExtraTree", "ExtraTrees", "RandomForest")


def arrays_of(estimator: Any, matrix: Matrix, given: Any) -> FittedHead | None:
    """A fitted estimator as arrays, if it is of a kind that this knows.

    Args:
        estimator: it.
        matrix: what it was fitted on.
        given: the same, as it was given to it.
    """
    name = type(estimator).__name__
    if not type(estimator).__module__.startswith("sklearn."):
        return None
    kind = name.removesuffix("Regressor").removesuffix("Classifier")
    if name == "Pipeline":
        return _scaled(estimator, matrix, given)
    if name == "VotingRegressor":
        return _averaged(estimator, matrix, given)
    if name in LINEAR:
        return _linear(estimator, matrix)
    if kind in FORESTS:
        return _forest(estimator, matrix)
    if kind == "GradientBoosting":
        return _boosted(estimator, [tree.tree_ for tree in estimator.estimators_.ravel()], matrix, given)
    if kind == "HistGradientBoosting":
        return _histogram_boosted(estimator, matrix, given)
    return None


def _linear(estimator: Any, matrix: Matrix) -> FittedHead | None:
    weights = np.asarray(estimator.coef_, np.float64)
    if weights.size != matrix.width:
        return None
    intercept = float(np.ravel(estimator.intercept_)[0])
    output: Output = "log-odds" if hasattr(estimator, "predict_proba") else "score"
    return FittedHead(LinearModel.of(weights.ravel(), intercept, matrix), output)


def _scaled(pipeline: Any, matrix: Matrix, given: Any) -> FittedHead | None:
    """A linear model of standardised columns is one of the columns as they are."""
    *scalers, (_, last) = pipeline.steps
    if type(last).__name__ not in LINEAR or any(type(step).__name__ != "StandardScaler" for _, step in scalers):
        return None
    weights = np.asarray(last.coef_, np.float64).ravel()
    intercept = float(np.ravel(last.intercept_)[0])
    if weights.size != matrix.width:
        return None
    for _, scaler in reversed(scalers):
        weights = weights / (1 if scaler.scale_ is None else scaler.scale_)
        intercept -= 0 if scaler.mean_ is None or not scaler.with_mean else float(weights @ scaler.mean_)
    output: Output = "log-odds" if hasattr(last, "predict_proba") else "score"
    return FittedHead(LinearModel.of(weights, intercept, matrix), output)


def _averaged(estimator: Any, matrix: Matrix, given: Any) -> FittedHead | None:
    """Regressors of trees whose predictions are averaged."""
    found = [arrays_of(member, matrix, given) for member in estimator.estimators_]
    weights = np.ones(len(found)) if estimator.weights is None else np.asarray(estimator.weights, np.float64)
    trees = [head.model for head in found if head is not None and isinstance(head.model, TreeEnsemble)]
    if len(trees) != len(found):
        return None
    shares = weights / weights.sum()
    return FittedHead(_joined(trees, shares), "score")


def _joined(ensembles: Sequence[TreeEnsemble], shares: Floats) -> TreeEnsemble:
    """The weighted sum of ensembles, as one."""
    starts = np.cumsum([0, *(len(each.feature) for each in ensembles)])
    leaves = [each.value * (each.unit * share) for each, share in zip(ensembles, shares, strict=True)]
    values, unit = _rounded(np.concatenate(leaves))
    return TreeEnsemble(
        roots=np.concatenate([each.roots + start for each, start in zip(ensembles, starts, strict=False)]),
        value=values,
        unit=unit,
        intercept=float(sum(each.intercept * share for each, share in zip(ensembles, shares, strict=True))),
        width=ensembles[0].width,
        **{
            name: np.concatenate([getattr(each, name) for each in ensembles])
            for name in ("feature", "threshold", "left", "right")
        },
    )


def _forest(estimator: Any, matrix: Matrix) -> FittedHead | None:
    members = getattr(estimator, "estimators_", [estimator])
    trees = [member.tree_ for member in members]
    classifies = hasattr(estimator, "predict_proba")
    if any(tree.n_outputs != 1 for tree in trees) or (classifies and trees[0].max_n_classes != 2):
        return None

    def leaf(tree: Any) -> Floats:
        values = tree.value[:, 0]
        found: Floats = values[:, 1] / values.sum(axis=1) if classifies else values[:, 0]
        return found / len(trees)

    return FittedHead(_trees(trees, leaf, matrix.width, 0.0), "probability" if classifies else "score")


def _boosted(estimator: Any, trees: Sequence[Any], matrix: Matrix, given: Any) -> FittedHead | None:
    if len(trees) != len(estimator.estimators_):  # one tree for each of many classes
        return None
    ensemble = _trees(trees, lambda tree: tree.value[:, 0, 0] * estimator.learning_rate, matrix.width, 0.0)
    return _with_intercept(ensemble, estimator, matrix, given)


def _histogram_boosted(estimator: Any, matrix: Matrix, given: Any) -> FittedHead | None:
    predictors = [predictor for iteration in estimator._predictors for predictor in iteration]
    nodes = [predictor.nodes for predictor in predictors]
    if len(nodes) != len(estimator._predictors) or any(each["is_categorical"].any() for each in nodes):
        return None
    return _with_intercept(_histogram_trees(nodes, matrix.width), estimator, matrix, given)


def _with_intercept(ensemble: TreeEnsemble, estimator: Any, matrix: Matrix, given: Any) -> FittedHead:
    """What boosting starts from is what its sum has beyond the trees, the same for every row."""
    classifies = hasattr(estimator, "decision_function")
    first = (estimator.decision_function if classifies else estimator.predict)(given[:1])
    start = float(np.ravel(first)[0] - ensemble.predict(matrix.take(np.array([0])))[0])
    return FittedHead(replace(ensemble, intercept=start), "log-odds" if classifies else "score")


def _trees(trees: Sequence[Any], leaf: Callable[[Any], Floats], width: int, intercept: float) -> TreeEnsemble:
    """scikit-learn's own trees, one after another."""
    return _ensemble(
        [tree.children_left < 0 for tree in trees],
        [tree.feature for tree in trees],
        [tree.threshold for tree in trees],
        [(tree.children_left, tree.children_right) for tree in trees],
        [leaf(tree) for tree in trees],
        width,
        intercept,
    )


def _histogram_trees(nodes: Sequence[Any], width: int) -> TreeEnsemble:
    return _ensemble(
        [each["is_leaf"].astype(bool) for each in nodes],
        [each["feature_idx"] for each in nodes],
        [each["num_threshold"] for each in nodes],
        [(each["left"].astype(np.int64), each["right"].astype(np.int64)) for each in nodes],
        [each["value"] for each in nodes],
        width,
        0.0,
    )


def _ensemble(
    leaves: Sequence[npt.NDArray[np.bool_]],
    features: Sequence[npt.NDArray[Any]],
    thresholds: Sequence[Floats],
    children: Sequence[tuple[npt.NDArray[Any], npt.NDArray[Any]]],
    values: Sequence[Floats],
    width: int,
    intercept: float,
) -> TreeEnsemble:
    sizes = [len(each) for each in leaves]
    leaf, own = np.concatenate(leaves), np.concatenate([np.arange(size) for size in sizes])
    rounded, unit = _rounded(np.where(leaf, np.concatenate(values), 0))
    return TreeEnsemble(
        roots=np.cumsum([0, *sizes[:-1]]),
        feature=np.where(leaf, 0, np.concatenate(features)).astype(np.int32),
        threshold=np.where(leaf, 0, _rounded_down(np.concatenate(thresholds))).astype(np.float32),
        left=np.where(leaf, 0, np.concatenate([left for left, _ in children]) - own).astype(np.int32),
        right=np.where(leaf, 0, np.concatenate([right for _, right in children]) - own).astype(np.int32),
        value=rounded,
        unit=unit,
        intercept=intercept,
        width=width,
    )


def _rounded(values: Floats) -> tuple[npt.NDArray[np.int16], float]:
    """Values in 16 bits: a hundred trees together are off by less than a thousandth of the largest leaf."""
    unit = float(np.abs(values).max(initial=0)) / 32_767 or 1.0
    return np.rint(values / unit).astype(np.int16), unit


def _rounded_down(thresholds: Floats) -> npt.NDArray[np.float32]:
    """The largest float32 not above each: it parts float32 values as the float64 does."""
    most = float(np.finfo(np.float32).max)
    single = np.clip(thresholds, -most, most).astype(np.float32)
    below: npt.NDArray[np.float32] = np.where(single > thresholds, np.nextafter(single, np.float32(-np.inf)), single)
    return below
